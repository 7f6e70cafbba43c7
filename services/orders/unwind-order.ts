import type { Accepted, Refused } from '#kernel/contract'
import { unavailable } from '#kernel/problem'
import type { Deps } from './deps.ts'
import { authorizeMs, type Driven, type KnownPayment, rest, stepMs, within } from './lease.ts'
import type { Leased } from './store.ts'
import * as store from './store.ts'

// What follows from the end of an order. Each part may be repeated, by whoever takes the order up.

/**
 * Gives stock, coupons and gift cards back. Each leaves a tombstone: a step of an earlier driver that comes later is refused. An
 * attempt that failed has given its gift cards back already; whatever else ended the order, nothing is left on it after this.
 */
export async function unwind(deps: Deps, order: Leased): Promise<void> {
  await releaseStock(deps, order)
  await returnCoupons(deps, order)
  if (order.gift_cards.length > 0) {
    const { state } = await cancelPayment(deps, order, false)
    if (state === 'pending') return void (await rest(deps, order))
    await deps.reached('money-returned', order.id)
  }
  await store.markSettled(deps.db, order)
}

export async function releaseStock(deps: Deps, order: Leased): Promise<void> {
  // Only an expired order may hold anew, after which this may be too late. Else left out, as older copies of inventory do not know it.
  const request = { orderId: order.id, ...(order.state === 'expired' ? { lease: order.lease } : {}) }
  if (order.lines.some(({ tracked }) => tracked)) accepted(await deps.inventory.release(request, within(order, stepMs)))
  await deps.reached('stock-released', order.id)
}

async function returnCoupons(deps: Deps, order: Leased): Promise<void> {
  if (order.discounts.length > 0) accepted(await deps.pricing.unredeem({ orderId: order.id }, within(order, stepMs)))
  await deps.reached('coupons-returned', order.id)
}

/** Voids or refunds what an order that is over holds, then gives the rest back. Without an answer it is asked again later. */
export async function returnMoney(deps: Deps, order: Leased): Promise<Driven> {
  await releaseStock(deps, order)
  const returned = await cancelPayment(deps, order, false)
  if (returned.state === 'pending') return rest(deps, order)
  await deps.reached('money-returned', order.id)
  await returnCoupons(deps, order)
  await store.markSettled(deps.db, order)
  return { kind: 'waits' }
}

/** Makes sure that no money can be taken for the order any more, unless it was taken already. */
export async function closePayment(deps: Deps, order: Leased): ReturnType<typeof cancelPayment> {
  const closed = await cancelPayment(deps, order, true)
  await deps.reached('attempt-closed', order.id)
  return closed
}

async function cancelPayment(
  deps: Deps,
  order: Leased,
  onlyUnpaid: boolean,
): Promise<{ readonly state: 'done' | 'pending'; readonly payment: KnownPayment | null }> {
  const reason = order.reason ?? 'The order was not paid.'
  try {
    const request = { orderId: order.id, reason, onlyUnpaid }
    return accepted(await fromPayments(deps, () => deps.payments.cancel(request, within(order, authorizeMs))))
  } catch (error) {
    if (!deps.asking.isOpen)
      deps.log.warn({ err: error, orderId: order.id }, 'payments did not say whether a payment is canceled')
    return { state: 'pending', payment: null }
  }
}

/** What payments say about an order. Throws at once while they are known not to answer: many orders may be due then. */
export async function fromPayments<R>({ asking }: Deps, call: () => Promise<R>): Promise<R> {
  if (asking.isOpen) throw unavailable('Payments do not answer.')
  return asking.run(call)
}

/** The value of an operation that declares no refusal. */
function accepted<V>(outcome: Accepted<V> | Refused): V {
  if (outcome.ok) return outcome.value
  throw new Error(`orders: ${outcome.refusal.type} was not expected: ${outcome.refusal.detail}`)
}

export const isPaid = ({ status }: { readonly status: string }): boolean =>
  status === 'authorized' || status === 'captured'
