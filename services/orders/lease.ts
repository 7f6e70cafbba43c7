import type { orders } from '#contracts/orders'
import type { payments } from '#contracts/payments'
import type { Outcome, Output } from '#kernel/contract'
import { unavailable } from '#kernel/problem'
import type { Deps } from './deps.ts'
import type { Leased } from './store.ts'
import * as store from './store.ts'

export type Checkout = (typeof orders.operations)['checkout']
export type KnownPayment = Output<(typeof payments.operations)['find']>['items'][number]

/**
 * What came of driving an order.
 * - `decided`: it is placed, waits for its payment, or is over, and this is what its checkout is answered with;
 * - `undone`: nothing came of it and nothing is left of it; its key may be used again;
 * - `waits`: nothing can be done about it now;
 * - `lost`: another driver took it over.
 */
export type Driven =
  | { readonly kind: 'decided'; readonly outcome: Outcome<Checkout> }
  | { readonly kind: 'undone' | 'waits' | 'lost' }

/** How long a call on an order's behalf may take, in milliseconds: a step, one with a provider behind it, and its authorization. */
export const stepMs = 5_000
export const askMs = 10_000
export const authorizeMs = 12_000

/** A call on behalf of an order never lasts longer than its lease: whoever takes it over would not know of the call. */
export function within(order: Leased, atMostMs: number): { timeoutMs: number } {
  const leftMs = order.leaseEndsAt - performance.now()
  if (leftMs <= 0) throw unavailable(`Order ${order.number} took too long and is taken up again.`)
  return { timeoutMs: Math.min(atMostMs, leftMs) }
}

/**
 * Runs `work` on an order that this process drives. When it throws, nobody can tell what was done: the order is left to the
 * next driver, which finds out. The first pause is a head start of the shopper's own retry, which can go on with the payment,
 * before the recovery, which can only go back.
 */
export async function driving<R>(deps: Deps, order: Leased, work: () => Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (error) {
    await store.rest(deps.db, order, pauseSecondsOf(order)).catch(() => undefined)
    throw error
  }
}

/** Leaves an order for now. One that waits for its payment is looked at when its time limit ends, or when payments tell. */
export async function rest(deps: Deps, order: Leased): Promise<Driven> {
  const waits = order.state === 'awaiting_payment' && !order.overdue
  await store.rest(deps.db, order, waits ? null : pauseSecondsOf(order))
  return { kind: 'waits' }
}

/** Doubled with every look that finds nothing new. */
const firstPauseSeconds = 2
const pauseAtMostSeconds = 60
/** Stock that is held past its time limit is not held longer than it has to be, and many orders may be. */
const overduePauseAtMostSeconds = 15

function pauseSecondsOf({ state, overdue, looks }: Leased): number {
  const atMost = state === 'awaiting_payment' && overdue ? overduePauseAtMostSeconds : pauseAtMostSeconds
  return Math.min(firstPauseSeconds * 2 ** Math.min(looks, 10), atMost)
}
