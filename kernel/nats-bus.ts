import { createHmac, timingSafeEqual } from 'node:crypto'
import type { JsMsg } from '@nats-io/jetstream'
import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { createBreaker, type DependencyState } from './dependency.ts'
import { type NatsOptions, openLine } from './nats-connection.ts'
import { type Listener, startListener } from './nats-listener.ts'
import { answerWithinMs, ensureStream, eventsFor, streamTools, verdictsFor } from './nats-stream.ts'
import { oneAtATime } from './one-at-a-time.ts'
import type { Delivery, DeliveryMark, EventSource } from './outbox.ts'
import type { Carrier, Deliver, Failures, Verdict } from './relay.ts'

/**
 * Events by NATS JetStream. A publisher's relay puts batches into the stream; the subscriber takes them, and when its inbox has
 * committed it says so to the publisher, which marks them as delivered in its outbox. Whatever is lost on either way, a batch,
 * a verdict or the whole broker, is sent again from there.
 */
export type NatsBus = Carrier & {
  /** Takes the verdicts on what a service of this process has sent. All copies of it share them. */
  hear(publisher: string, source: EventSource): void
  /** Begins to take what is sent to a service of this process, which must be ready to handle it. */
  listen(subscriber: string): void
  /** Ends what it has begun, and takes nothing more. */
  stopListening(): Promise<void>
  state(): DependencyState
  close(): Promise<void>
}

/** How soon a stream that was deleted is made again. */
const lookEveryMs = 2_000
/** A batch is cut at this, and at what the broker takes if that is less; the rest is for headers. */
const batchBytesAtMost = 512 * 1024
const headerBytes = 1_024
/** Messages with verdicts that are noted in one statement. */
const notedTogether = 20

const signatureHeader = 'Stoa-Signature'
const fallback =
  'Events wait in the outboxes of their services, and are sent when it is back. Orders are taken as usual; what follows from them comes later.'

type Sent = { readonly publisher: string; readonly deliveries: readonly Pick<Delivery, 'event' | 'attempts'>[] }
type Judged = { readonly verdict: Verdict; readonly mark: DeliveryMark }
type Told = { readonly judged: readonly Judged[] }

/**
 * @param options.token the shop's service token: whoever may write to the broker and does not know it tells nobody anything
 * @param options.leadsTo the services that are reached by the broker, since they are not in this process
 */
export function openNatsBus(options: {
  nats: NatsOptions
  name: string
  token: string
  leadsTo: (subscriber: string) => boolean
  deliver: Deliver
  log: Logger
  onChange: (state: DependencyState) => void
}): NatsBus {
  const { nats, log, deliver } = options
  const hearers: ((connection: NatsConnection) => void)[] = []
  const listeners: Listener[] = []
  const breaker = createBreaker(
    { name: 'NATS broker', kind: 'broker', fallback, failuresToOpen: 3, openMs: 1_000, isFailure: () => true },
    options.onChange,
  )
  const line = openLine(nats, options.name, (connection) => {
    for (const hear of hearers) hear(connection)
    look()
  })

  let looking: Promise<void> | null = null
  /** Whether all is there that is needed. A stream that is not is made. */
  const look = (): void => {
    looking ??= breaker
      .run(async () => ensureStream((await streamTools(line.get())).manager, nats))
      .catch(() => undefined)
      .finally(() => {
        looking = null
      })
  }
  const timer = setInterval(look, lookEveryMs)
  timer.unref()

  const signatureOf = (subject: string, payload: string | Uint8Array): string =>
    createHmac('sha256', options.token).update(`${subject}\n`).update(payload).digest('hex')
  const sign = async (subject: string, payload: string): Promise<MsgHdrs> => {
    const { headers } = await import('@nats-io/transport-node')
    const signed = headers()
    signed.set(signatureHeader, signatureOf(subject, payload))
    return signed
  }
  /** Null for what did not come from this shop. */
  const read = <V>(message: Msg | JsMsg): V | null => {
    const given = Buffer.from(message.headers?.get(signatureHeader) ?? '')
    const expected = Buffer.from(signatureOf(message.subject, message.data))
    if (given.length === expected.length && timingSafeEqual(given, expected))
      return JSON.parse(Buffer.from(message.data).toString()) as V
    log.error(
      { subject: message.subject },
      'a message of a stranger was ignored: is a broker shared, without a prefix?',
    )
    return null
  }

  return {
    leadsTo: options.leadsTo,
    state: breaker.state,
    async send(publisher, subscriber, deliveries) {
      const subject = eventsFor(nats, subscriber)
      try {
        return await breaker.run(async () => {
          const connection = line.get()
          const bytesAtMost = Math.min(
            batchBytesAtMost,
            (connection.info?.max_payload ?? batchBytesAtMost) - headerBytes,
          )
          const { batches, tooLarge } = inBatches(publisher, deliveries, bytesAtMost)
          const { stream } = await streamTools(connection)
          for (const payload of batches)
            await stream.publish(subject, payload, { headers: await sign(subject, payload), timeout: answerWithinMs })
          return tooLarge
        })
      } catch (error) {
        look()
        throw error
      }
    },
    hear(publisher, source) {
      const subject = verdictsFor(nats, publisher)
      const turns = oneAtATime<Told>((told) => note(source, told, log), notedTogether)
      hearers.push((connection) => {
        connection.subscribe(subject, {
          queue: publisher,
          callback: (error, message) => {
            const told = error ? null : read<Told>(message)
            if (told) turns.add(told)
          },
        })
      })
    },
    listen(subscriber) {
      const handle = async (messages: readonly JsMsg[]): Promise<void> => {
        const sent = messages.map((message) => read<Sent>(message)).filter((one) => one !== null)
        for (const [publisher, judged] of await judge(subscriber, sent, deliver)) {
          const subject = verdictsFor(nats, publisher)
          const payload = JSON.stringify({ judged } satisfies Told)
          line.get().publish(subject, payload, { headers: await sign(subject, payload) })
        }
      }
      listeners.push(startListener({ nats, subscriber, connection: line.get, handle }))
    },
    async stopListening() {
      await Promise.all(listeners.splice(0).map((one) => one.stop()))
    },
    async close() {
      clearInterval(timer)
      await looking
      await line.close().catch(() => undefined)
    },
  }
}

/** Puts deliveries into messages that a broker takes. One that is larger by itself can never be sent. */
function inBatches(
  publisher: string,
  deliveries: readonly Delivery[],
  bytesAtMost: number,
): { batches: string[]; tooLarge: Failures } {
  const batches: string[] = []
  const tooLarge: Failures[number][] = []
  let batch: string[] = []
  let bytes = 0
  const close = (): void => {
    if (batch.length > 0) batches.push(`{"publisher":${JSON.stringify(publisher)},"deliveries":[${batch.join()}]}`)
    batch = []
    bytes = 0
  }
  for (const delivery of deliveries) {
    const { event, attempts } = delivery
    const text = JSON.stringify({ event, attempts } satisfies Sent['deliveries'][number])
    const size = Buffer.byteLength(text) + 1
    if (size > bytesAtMost) {
      tooLarge.push({ delivery, kind: 'unfit', error: `It has ${size} bytes, and the broker takes ${bytesAtMost}.` })
      continue
    }
    if (bytes + size > bytesAtMost) close()
    batch.push(text)
    bytes += size
  }
  close()
  return { batches, tooLarge }
}

/** Hands over what was sent, and tells each publisher's events from the others'. */
async function judge(
  subscriber: string,
  sent: readonly Sent[],
  deliver: Deliver,
): Promise<ReadonlyMap<string, readonly Judged[]>> {
  const all = sent.flatMap(({ publisher, deliveries }) => deliveries.map((one) => ({ publisher, ...one })))
  const verdicts = await deliver(
    subscriber,
    all.map(({ event }) => event),
  )
  const judged = all.map(({ publisher, event: { id, type, subject }, attempts }, index) => ({
    publisher,
    verdict: verdicts[index] ?? null,
    mark: { subscriber, attempts, event: { id, type, subject } },
  }))
  return Map.groupBy(judged, ({ publisher }) => publisher)
}

/** Marks what took effect, and postpones or gives up what did not. What cannot be noted now is sent and judged again. */
async function note(source: EventSource, told: readonly Told[], log: Logger): Promise<void> {
  const judged = told.flatMap((one) => one.judged)
  const done = judged.flatMap(({ verdict, mark }) => (verdict === null ? [mark] : []))
  const failures = judged.flatMap(({ verdict, mark }) => (verdict === null ? [] : [{ ...verdict, delivery: mark }]))
  try {
    if (done.length > 0) await source.confirm(done)
    if (failures.length > 0) await source.postpone(failures)
  } catch (error) {
    log.warn({ error: (error as Error).message, events: judged.length }, 'verdicts on events could not be noted')
  }
}
