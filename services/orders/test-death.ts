import { currentCall } from '#kernel/call'
import type { Point as PaymentPoint } from '../payments/deps.ts'
import type { Point } from './deps.ts'

export type Place = Point | PaymentPoint

/** Who reaches the place never comes back from it, as from kill -9; the database's clock then ends what it held. */
const never = new Promise<void>(() => undefined)
const withinMs = 20_000

/** How a process dies on the way of an order: it is started with `reached`, and dies at the place that `dieAt` names. */
export function mortality() {
  let dying: Place | null = null
  let died = Promise.withResolvers<string>()
  return {
    async reached(place: Place, orderId: string): Promise<void> {
      // Jobs and events of this process live on: the test waits for the death of what it asked for, and jobs for their end.
      const actor = currentCall()?.actor
      if (dying !== place || (actor?.kind === 'service' && actor.name !== 'edge')) return
      dying = null
      died.resolve(orderId)
      await never
    },
    /** @returns the order that was on its way, once somebody has died there */
    dieAt(place: Place): Promise<string> {
      died = Promise.withResolvers()
      dying = place
      const late = setTimeout(() => died.reject(new Error(`nobody came to ${place}`)), withinMs)
      return died.promise.finally(() => clearTimeout(late))
    },
  }
}
