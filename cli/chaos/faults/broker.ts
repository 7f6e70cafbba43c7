import { setTimeout as pause } from 'node:timers/promises'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { streamName } from '#kernel/nats-stream'
import { type NatsServer, natsServerProgram } from '../../nats-server.ts'
import { check, type Fault, type Heal, repeatedly, type Stage } from '../fault.ts'

// A shop without its broker goes on selling: events wait in the outbox, and all that the broker loses is sent again.

/** Why there is no broker here; null when there is one. */
const whyNoBroker = async (): Promise<string | null> =>
  natsServerProgram() === null ? 'nats-server is not installed' : null

const stream = streamName({ prefix: 'stoa' })
const carried = 'events pass through the broker again'

const brokerFault = (name: string, what: string, inject: Fault['inject'], more: Partial<Fault> = {}): Fault => ({
  name,
  rows: ['F14'],
  what,
  backWithinSeconds: 10,
  sellsMeanwhile: true,
  byBroker: true,
  unable: whyNoBroker,
  inject,
  ...more,
})

export const brokerFaults: readonly Fault[] = [
  brokerFault('broker-killed', 'kill -9 of NATS, which comes back with what it had stored', async (stage) => {
    const broker = brokerOf(stage)
    await broker.kill()
    return async () => {
      await broker.start()
      return carries(stage)
    }
  }),
  brokerFault('broker-wiped', 'kill -9 of NATS, which comes back with nothing of what it had stored', async (stage) => {
    const broker = brokerOf(stage)
    await broker.kill()
    await broker.wipe()
    return async () => {
      await broker.start()
      return carries(stage)
    }
  }),
  brokerFault('broker-paused', 'SIGSTOP of NATS: connections stay open and nothing answers', async (stage) => {
    const broker = brokerOf(stage)
    broker.signal('SIGSTOP')
    return async () => {
      broker.signal('SIGCONT')
      return carries(stage)
    }
  }),
  brokerFault('stream-deleted', 'the stream of events is deleted in use, again and again', async (stage) => {
    let deleted = 0
    const deleting = repeatedly(stage, 2_000, async () => {
      // It may not have been made again yet.
      if (await managed(brokerOf(stage), (manager) => manager.streams.delete(stream).catch(() => false))) deleted += 1
    })
    return async () => {
      await deleting.end()
      stage.note(`the stream was deleted ${deleted} times`)
      return [...(await carries(stage)), check('the stream was there to be deleted', 1, deleted > 0 ? [] : ['never'])]
    }
  }),
]

function brokerOf({ ground }: Stage): NatsServer {
  if (!ground.broker) throw new Error('chaos: the shop has no broker')
  return ground.broker
}

/** Asks the broker what it keeps, or tells it what to do with that. */
async function managed<R>({ url }: NatsServer, work: (manager: JetStreamManager) => Promise<R>): Promise<R> {
  const connection = await connect({ servers: new URL(url).host })
  try {
    return await work(await jetstreamManager(connection))
  } finally {
    await connection.close()
  }
}

const carriesWithinMs = 60_000

/** Events pass through the broker again; that none was lost is judged with the invariants. */
const carries = (stage: Stage): ReturnType<Heal> =>
  managed(brokerOf(stage), async (manager) => {
    const passed = async (): Promise<number | null> =>
      manager.streams.info(stream).then(
        ({ state }) => state.last_seq,
        // It is made by whoever needs it first.
        () => null,
      )
    let before: number | null = null
    for (const until = Date.now() + carriesWithinMs; Date.now() < until; await pause(100)) {
      const now = await passed()
      before ??= now
      if (now !== null && before !== null && now > before) return [check(carried, 1, [])]
    }
    return [check(carried, 1, [`nothing passed within ${carriesWithinMs} ms`])]
  })
