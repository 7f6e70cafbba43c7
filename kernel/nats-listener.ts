import { setTimeout as pause } from 'node:timers/promises'
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { NatsOptions } from './nats-connection.ts'
import { ensureConsumer, streamName, streamTools } from './nats-stream.ts'
import { oneAtATime } from './one-at-a-time.ts'

export type Listener = {
  /** Ends what it has begun; what it has not goes to another copy at once. */
  stop(): Promise<void>
}

/** Batches that a copy takes ahead of its work: few, so that others have their share. */
const takenAhead = 16
/** Batches whose effects share a transaction. */
const handledTogether = 5
/** A pull that is renewed this often finds out soon that its consumer is gone. */
const pullMs = 5_000
const askAgainMs = 500

/**
 * Takes what the stream has for a subscriber. All copies share one durable consumer; where it or the stream is gone, it is made
 * again.
 * @param options.handle has confirmed what took effect when it returns; what it throws at is taken again
 */
export function startListener(options: {
  nats: NatsOptions
  subscriber: string
  connection: () => NatsConnection
  handle: (messages: readonly JsMsg[]) => Promise<void>
}): Listener {
  const { nats, subscriber, connection, handle } = options
  const stopping = new AbortController()
  let taking: ConsumerMessages | null = null

  const turns = oneAtATime<JsMsg>(async (messages) => {
    try {
      await handle(messages)
      for (const message of messages) message.ack()
    } catch {
      // It is ours no more, or nobody was there to judge it.
      for (const message of messages) message.nak(askAgainMs)
    }
  }, handledTogether)

  const take = async (): Promise<void> => {
    const { manager, stream } = await streamTools(connection())
    await ensureConsumer(manager, nats, subscriber)
    const consumer = await stream.consumers.get(streamName(nats), subscriber)
    taking = await consumer.consume({
      max_messages: takenAhead,
      expires: pullMs,
      abort_on_missing_resource: true,
      callback: turns.add,
    })
    if (stopping.signal.aborted) taking.stop()
    await taking.closed()
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // The broker is away, or the stream is being made: the bus says so to whoever has to know.
      await take().catch(() => undefined)
      await pause(askAgainMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      taking?.stop()
      await running
      for (const message of await turns.end()) message.nak()
    },
  }
}
