import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { serviceCall, withCall } from './call.ts'
import { passing } from './crash-point.ts'
import { type EventEnvelope, placeOf } from './event.ts'
import { alone, type GiveWay } from './give-way.ts'
import type { Delivery, EventSource, Failure } from './outbox.ts'

/** What became of an event at its subscriber: null when the effect has committed, else why not. */
export type Verdict = null | (Failure & { readonly kind: 'failed' | 'unfit' | 'unreached' })

/** Hands events to a subscriber, and waits for a verdict on each. Throws when nobody was there to judge them. */
export type Deliver = (subscriber: string, events: readonly EventEnvelope[]) => Promise<readonly Verdict[]>

export type Failures = readonly (Failure & { readonly delivery: Delivery })[]

type Sent = { readonly done: readonly Delivery[]; readonly failures: Failures }

/** Hands events to something that keeps them until their subscriber takes them: verdicts come back later, to the source. */
export type Carrier = {
  /** Whether it is the way to this subscriber. */
  leadsTo(subscriber: string): boolean
  /** Throws when they were not taken. @returns those that never can be */
  send(publisher: string, subscriber: string, deliveries: readonly Delivery[]): Promise<Failures>
}

export type Relay = {
  /** Something was published here just now. */
  wake(): void
  /** Sends what is due until nothing is left, then stops for good. */
  drain(): Promise<void>
}

/** A batch that fits a request body and a lease. */
const batchSize = 100
/** Of a source of larger batches, while shoppers are served: its subscribers read and write them in pieces of milliseconds. */
const pieceSize = 25
/** Less than who changes much rests: what they have done is told as fast as they do it. */
const restTimes = 2
/** After this another copy may send what this one claimed: longer than the slowest handler's deadline. */
const leaseSeconds = 30
/** What a broker took and lost is sent again after this. A handler that is slower than that ignores the second time. */
const carriedLeaseSeconds = 10
/**
 * Between two rounds it rests for as long as the last one took, within these: what is published meanwhile shares its statements, here
 * and at its subscribers, the more of them the busier they are. The first event after a quiet moment does not wait.
 */
const restAtLeastMs = 20
const restAtMostMs = 100
/** After this a subscriber is slow, and what the others have done is confirmed without it. */
const slowMs = 500
/** How soon what another copy left behind is found. */
const pollMs = 1_000

/** Sends a service's events to their subscribers until each has confirmed. Any number of copies may run beside it. */
export function startRelay(options: {
  service: string
  source: EventSource
  deliver: Deliver
  carrier?: Carrier | null
  log: Logger
  giveWay?: GiveWay
}): Relay {
  const { service, source, deliver, log, carrier = null, giveWay = alone } = options
  const { batchAtMost = batchSize, batchesAtOnce = 1 } = source
  let running: Promise<void> | null = null
  let again = false
  let stopped = false

  /**
   * A call of the relay's own: whoever published has a deadline that ends with their answer, and what is owed is sent all the same. What
   * is done for several deliveries belongs to the trace of the first.
   */
  const callFor = ([first]: readonly Delivery[]) =>
    serviceCall(service, {
      timeoutMs: leaseSeconds * 1_000,
      importance: 'checkout',
      ...(first ? placeOf(first.event) : {}),
    })

  /** Batches larger than others' are of what is changed in bulk. What an order causes gives way to nobody. */
  const givesWay = (): boolean => batchAtMost > batchSize && !stopped && giveWay.isDue()

  /** @returns whether there may be more */
  const round = (): Promise<boolean> =>
    withCall(callFor([]), async () => {
      const since = performance.now()
      const limit = givesWay() ? pieceSize : batchAtMost
      const deliveries = await source.claim(limit, carrier ? carriedLeaseSeconds : leaseSeconds)
      const bySubscriber = Map.groupBy(deliveries, (delivery) => delivery.subscriber)
      await confirmAll([...bySubscriber].map(([subscriber, group]) => send(subscriber, group)))
      if (deliveries.length < limit) return false
      if (givesWay()) await giveWay.rest(performance.now() - since, restTimes)
      return true
    })

  /**
   * Sends what is due. Of what fills a batch several go side by side, where the source says so: while one takes effect, the next is read.
   * One alone goes on where they give way.
   */
  const sendDue = async (): Promise<void> => {
    if (!(await round())) return
    const untilLess = async (_: unknown, way: number): Promise<void> => {
      while ((way === 0 || !givesWay()) && (await round()));
    }
    const ends = await Promise.allSettled(Array.from({ length: batchesAtOnce }, untilLess))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  /** One statement confirms what a round brought. Who takes their time keeps the others waiting for no longer than a moment. */
  const confirmAll = async (groups: readonly Promise<readonly Delivery[]>[]): Promise<void> => {
    const done: Delivery[] = []
    const all = Promise.all(groups.map(async (group) => void done.push(...(await group)))).then(() => true)
    for (let isOver = false; !isOver; ) {
      isOver = await Promise.race([all, pause(slowMs, false, { ref: false })])
      const confirmed = done.splice(0)
      if (confirmed.length > 0) await withCall(callFor(confirmed), () => source.confirm(confirmed))
    }
  }

  /** @returns what has taken effect, which has to be confirmed */
  const send = async (subscriber: string, group: readonly Delivery[]): Promise<readonly Delivery[]> => {
    const carried = carrier?.leadsTo(subscriber) ? carrier : null
    const { done, failures } = await withCall(callFor(group), () =>
      carried ? carry(carried, subscriber, group) : handOver(subscriber, group),
    )
    const [first] = failures.filter(({ kind }) => kind !== 'unconfirmed')
    if (first) {
      const { error, kind } = first
      const text = kind === 'unfit' ? 'events given up' : 'events not delivered, will be sent again'
      log.warn({ subscriber, events: failures.length, kind, error }, text)
    }
    if (failures.length > 0) await source.postpone(failures)
    return done
  }

  const unreached = (delivery: Delivery, error: unknown): Failures[number] => ({
    delivery,
    error: error instanceof Error ? error.message : String(error),
    kind: 'unreached',
  })

  const handOver = async (subscriber: string, group: readonly Delivery[]): Promise<Sent> => {
    const events = group.map(({ event }) => event)
    const verdicts = await deliver(subscriber, events).catch((error: unknown) =>
      group.map((delivery): Verdict => ({ ...unreached(delivery, error), kind: 'unreached' })),
    )
    await passing(service)('events-delivered', subscriber)
    const done = group.filter((_, index) => verdicts[index] === null)
    const failures = group.flatMap((delivery, index): Failures => {
      const verdict = verdicts[index]
      if (verdict === null) return []
      return [{ ...(verdict ?? { error: 'no verdict', kind: 'failed' }), delivery }]
    })
    return { done, failures }
  }

  /** What was sent for the first time is looked at again when its lease ends; what was sent before, ever more rarely. */
  const carry = async (by: Carrier, subscriber: string, group: readonly Delivery[]): Promise<Sent> => {
    try {
      const refused = await by.send(service, subscriber, group)
      await passing(service)('events-delivered', subscriber)
      const again = group.filter((one) => one.attempts > 1 && refused.every(({ delivery }) => delivery !== one))
      const waiting = again.map((delivery) => ({
        delivery,
        error: `${subscriber} has not confirmed it yet`,
        kind: 'unconfirmed' as const,
      }))
      return { done: [], failures: [...refused, ...waiting] }
    } catch (error) {
      return { done: [], failures: group.map((delivery) => unreached(delivery, error)) }
    }
  }

  const run = async (): Promise<void> => {
    for (;;) {
      again = false
      const since = performance.now()
      try {
        await sendDue()
      } catch (error) {
        log.warn({ error: (error as Error).message }, 'relay could not read its events, will try again')
      }
      if (!again || stopped) return
      await pause(Math.min(restAtMostMs, Math.max(restAtLeastMs, performance.now() - since)))
    }
  }

  const wake = (): void => {
    if (stopped) return
    again = true
    running ??= run().finally(() => {
      running = null
      if (again && !stopped) wake()
    })
  }

  const timer = setInterval(wake, pollMs)
  timer.unref()
  return {
    wake,
    async drain() {
      clearInterval(timer)
      stopped = true
      await running
      again = false
      await run()
    },
  }
}
