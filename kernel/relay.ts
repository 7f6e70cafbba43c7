import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { newTraceId, serviceCall, withCall } from './call.ts'
import { passing } from './crash-point.ts'
import type { EventEnvelope } from './event.ts'
import type { Delivery, EventSource } from './outbox.ts'

/** Hands events to a subscriber. The answer has a null for each event whose effect has committed there, else the error. */
export type Deliver = (subscriber: string, events: readonly EventEnvelope[]) => Promise<readonly (string | null)[]>

export type Relay = {
  /** Something was published here just now. */
  wake(): void
  /** Sends what is due until nothing is left, then stops for good. */
  drain(): Promise<void>
}

/** A batch that fits a request body and a lease. */
const batchSize = 100
/** After this another copy may send what this one claimed: longer than the slowest handler's deadline. */
const leaseSeconds = 30
/**
 * Between two rounds: what is published meanwhile shares its statements, here and at its subscribers. The first event after a quiet
 * moment does not wait.
 */
const restMs = 20
/** How soon what another copy left behind is found. */
const pollMs = 1_000

/** Sends a service's events to their subscribers until each has confirmed. Any number of copies may run beside it. */
export function startRelay(options: { service: string; source: EventSource; deliver: Deliver; log: Logger }): Relay {
  const { service, source, deliver, log } = options
  let running: Promise<void> | null = null
  let again = false
  let stopped = false

  /** Whoever published has a deadline that ends with their answer; what is owed is sent all the same. */
  const ownCall = () => serviceCall(service, { timeoutMs: leaseSeconds * 1_000, importance: 'checkout' })

  const round = async (): Promise<number> => {
    const deliveries = await source.claim(batchSize, leaseSeconds)
    const bySubscriber = Map.groupBy(deliveries, (delivery) => delivery.subscriber)
    await Promise.all([...bySubscriber].map(([subscriber, group]) => send(subscriber, group)))
    return deliveries.length
  }

  const send = async (subscriber: string, group: readonly Delivery[]): Promise<void> => {
    const call = serviceCall(service, {
      timeoutMs: leaseSeconds * 1_000,
      importance: 'checkout',
      traceId: group[0]?.event.traceId ?? newTraceId(),
    })
    const verdicts = await withCall(call, () =>
      deliver(
        subscriber,
        group.map(({ event }) => event),
      ),
    ).catch((error: unknown) => group.map(() => (error instanceof Error ? error.message : String(error))))
    await passing(service)('events-delivered', subscriber)
    const done = group.filter((_, index) => verdicts[index] === null)
    const failed = group.flatMap((delivery, index) => {
      const error = verdicts[index]
      return error === null ? [] : [{ delivery, error: error ?? 'no verdict' }]
    })
    if (done.length > 0) await source.confirm(done)
    if (failed.length > 0) {
      log.warn(
        { subscriber, events: failed.length, error: failed[0]?.error },
        'events not delivered, will be sent again',
      )
      await source.postpone(failed)
    }
  }

  const run = async (): Promise<void> => {
    for (;;) {
      again = false
      try {
        while ((await withCall(ownCall(), round)) === batchSize);
      } catch (error) {
        log.warn({ error: (error as Error).message }, 'relay could not read its events, will try again')
      }
      if (!again || stopped) return
      await pause(restMs)
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
