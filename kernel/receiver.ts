import type { Logger } from 'pino'
import { serviceCall, withCall } from './call.ts'
import type { Contract } from './contract.ts'
import { placeOf } from './event.ts'
import { handleFitting, type Subscription, Unfit } from './inbox.ts'
import { notFound } from './problem.ts'
import type { Deliver, Verdict } from './relay.ts'
import type { SharedAnswers } from './shared-answers.ts'
import type { Started } from './start-service.ts'

/** Hands events to the subscriptions of services in this process, and says of each whether its effect has committed. */
export function createReceiver(started: readonly Started[], answers: SharedAnswers, log: Logger): Deliver {
  return async (service, heard) => {
    const one = started.find(({ definition }) => definition.contract.name === service)
    if (!one?.db) throw notFound(`service ${service} in this process`)
    const { db } = one
    const verdicts = new Map<string, Verdict>()
    // The same event may be in a batch twice, when several were put together on the way.
    const events = [...new Map(heard.map((event) => [event.id, event])).values()]
    for (const [type, group] of Map.groupBy(events, (event) => event.type)) {
      // What has committed has to take effect, and its money and stock wait for it.
      const place = group[0] ? placeOf(group[0]) : {}
      const call = serviceCall(service, { timeoutMs: 20_000, ...place, importance: 'checkout' })
      const since = performance.now()
      const subscription = one.wiring.subscriptions?.find((each: Subscription) => each.event.type === type)
      const handled = subscription
        ? await withCall(call, () => handleFitting(db, subscription, group))
        : group.map(() => new Error(`${service} does not handle ${type}`))
      for (const [index, { id, traceId }] of group.entries()) {
        const error = handled[index] ?? null
        verdicts.set(id, error && { error: error.message, kind: error instanceof Unfit ? 'unfit' : 'failed' })
        const outcome = error === null ? 'ok' : 'error'
        one.running.metrics.events.observe({ service, type, outcome }, (performance.now() - since) / 1_000)
        if (error) log.error({ err: error, service, event: type, id, trace_id: traceId }, 'event handler failed')
      }
    }
    // What it shows to everybody may have changed.
    if (Object.values(one.definition.contract.operations as Contract['operations']).some(({ shared }) => shared))
      answers.hear()
    return heard.map(({ id }) => verdicts.get(id) ?? null)
  }
}
