import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { connectionOptions, type NatsOptions } from './nats-connection.ts'

// One stream for a shop, and in it a subject and a durable consumer for each subscriber. It carries and does not keep: the
// outbox is what events are kept in. So nothing of it has to be backed up, and it may be deleted at any time.

const second = 1_000_000_000

/** What nobody took for longer is dropped: the outbox puts it there again every minute. */
const keptSeconds = 150
/** Batches that wait for one subscriber; of more the oldest are dropped, and come again. So a silent one harms no other. */
const batchesASubscriber = 5_000
/** What the stream may take of a broker's disk. */
const bytesAtMost = 256 * 1024 * 1024
/** Then a batch goes to another copy: longer than the slowest handler. */
const handledWithinSeconds = 60
/** Batches that may be under way in all copies of a subscriber. */
const underWayAtMost = 1_000

/** How long a broker may take for an answer, in milliseconds. */
export const answerWithinMs = 3_000

export const streamName = ({ prefix }: Pick<NatsOptions, 'prefix'>): string => `${prefix}-events`
export const eventsFor = ({ prefix }: NatsOptions, subscriber: string): string => `${prefix}.events.${subscriber}`
export const verdictsFor = ({ prefix }: NatsOptions, publisher: string): string => `${prefix}.verdicts.${publisher}`

/** The parts of NATS' client that make and use a stream, loaded where there is a broker. */
export const streamTools = async (connection: NatsConnection) => {
  const { jetstream, jetstreamManager } = await import('@nats-io/jetstream')
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: answerWithinMs })
  return { manager, stream: jetstream(connection, { timeout: answerWithinMs }) }
}

/** Makes the stream, or makes it what it should be. Any number of processes may do so at once. */
export async function ensureStream(manager: JetStreamManager, options: NatsOptions): Promise<void> {
  const changeable = {
    subjects: [eventsFor(options, '*')],
    max_age: keptSeconds * second,
    max_bytes: bytesAtMost,
    max_msgs_per_subject: batchesASubscriber,
    num_replicas: options.replicas,
  } satisfies Partial<StreamConfig>
  const name = streamName(options)
  const found = await manager.streams.info(name).catch(isMissingElseThrow)
  if (found === null) {
    // Its messages are gone once they are taken. A batch that is sent again is meant to be: the inbox knows what it has handled.
    await manager.streams.add({ name, ...changeable, retention: 'workqueue', storage: 'file', discard: 'old' })
    return
  }
  const { config } = found
  const isRight = Object.entries(changeable).every(
    ([key, wanted]) => JSON.stringify(config[key as keyof StreamConfig]) === JSON.stringify(wanted),
  )
  if (!isRight) await manager.streams.update(name, changeable)
}

/** Makes the durable consumer that all copies of a subscriber share. */
export async function ensureConsumer(
  manager: JetStreamManager,
  options: NatsOptions,
  subscriber: string,
): Promise<void> {
  await manager.consumers.add(streamName(options), {
    durable_name: subscriber,
    filter_subject: eventsFor(options, subscriber),
    ack_policy: 'explicit',
    ack_wait: handledWithinSeconds * second,
    max_ack_pending: underWayAtMost,
  })
}

/** Says what a broker is and what it keeps for this shop. Throws when it does not answer, or has no JetStream. */
export async function examineNats(options: NatsOptions): Promise<string> {
  const { connect } = await import('@nats-io/transport-node')
  const usual = await connectionOptions(options, 'stoa-doctor')
  const connection = await connect({ ...usual, maxReconnectAttempts: 0, ignoreAuthErrorAbort: false })
  try {
    const { manager } = await streamTools(connection)
    await manager.getAccountInfo()
    const server = `${connection.getServer()}, version ${connection.info?.version}`
    const stream = await manager.streams.info(streamName(options)).catch(isMissingElseThrow)
    if (stream === null) return `${server}; the first start makes the stream`
    const { config, state } = stream
    return `${server}; ${state.messages} messages under way, in ${config.num_replicas === 1 ? 'one copy' : `${config.num_replicas} copies`}`
  } finally {
    await connection.close()
  }
}

/** JetStream's codes for a stream and a consumer that are not there. */
const missing = [10_059, 10_014]

function isMissingElseThrow(error: unknown): null {
  if (missing.includes((error as { code?: number }).code ?? 0)) return null
  throw error
}
