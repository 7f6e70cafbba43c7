import { setTimeout as pause } from 'node:timers/promises'
import type { OrderStatus } from '#contracts/orders'
import { serviceCall, withCall } from '#kernel/call'
import { decline, giveUp, moveToExpired, unanswered } from './decide-order.ts'
import type { Deps } from './deps.ts'
import { follow, redeem, reserve } from './drive-order.ts'
import { askMs, type Driven, driving, type KnownPayment, rest, within } from './lease.ts'
import type { Leased } from './store.ts'
import * as store from './store.ts'
import { closePayment, fromPayments, isPaid, releaseStock, returnMoney, unwind } from './unwind-order.ts'

/** What to do about an order that nobody drives, by its state: the same whoever takes it up, and wherever it was left. */
const drivers = {
  placing: afterCrash,
  awaiting_payment: awaitPayment,
  expired: afterExpiry,
  // Should payments know of money, it goes back as well.
  declined: returnMoney,
  canceled: returnMoney,
  placed: leave,
  fulfilled: leave,
} as const satisfies Record<OrderStatus, (deps: Deps, order: Leased) => Promise<Driven>>

/** Drives an order that this process has taken over, as far as it goes now. */
export const driveOrder = (deps: Deps, order: Leased): Promise<Driven> =>
  driving(deps, order, () => drivers[order.state](deps, order))

/** Takes an order up, if nobody drives it, and drives it as far as it goes. @returns false when somebody does */
export async function takeUp(deps: Deps, orderId: string): Promise<boolean> {
  const order = await store.takeOver(deps.db, orderId)
  if (!order) return false
  await driveOrder(deps, order)
  return true
}

const lookEveryMs = 100

/** The same for a request that has to tell how the order stands: waits for a driver who is at it now. */
export async function takeUpOrWait(deps: Deps, orderId: string, atMostMs: number): Promise<void> {
  const until = performance.now() + atMostMs
  while (!(await takeUp(deps, orderId)) && performance.now() < until) await pause(lookEveryMs)
}

/** Orders side by side. Each is some calls to other services, of which one that is not answered takes as long as twenty others. */
const sideBySide = 32
/** How soon what is due is looked for beside orders that take long. */
const lookBesideMs = 1_000

/**
 * Takes up orders whose driver died, whose time is over, or of which something is open, until none is due. One that takes long
 * keeps no other waiting.
 */
export async function recoverDue(deps: Deps, stopping: AbortSignal): Promise<void> {
  const driven = new Set<Promise<void>>()
  do {
    for (const order of await alone(() => store.takeOverDue(deps.db, sideBySide - driven.size))) {
      const driving = alone(() => driveOrder(deps, order))
        .then(() => undefined)
        .catch((error: unknown) =>
          deps.log.warn({ err: error, orderId: order.id }, 'an order could not be driven on yet'),
        )
        .finally(() => driven.delete(driving))
      driven.add(driving)
    }
    if (driven.size > 0) await Promise.race([...driven, pause(lookBesideMs, undefined, { ref: false })])
  } while (driven.size > 0 && !stopping.aborted)
  await Promise.all(driven)
}

/** A deadline of its own: that of the whole job would be over in the middle of many orders. */
const alone = <R>(work: () => Promise<R>): Promise<R> =>
  withCall(serviceCall('orders', { timeoutMs: store.leaseSeconds * 1_000 }), work)

/**
 * The driver died between the order's row and the decision. An attempt that was committed may have taken money, so the order
 * goes where the payment leads; without one it goes back, and the same key may place it anew.
 */
async function afterCrash(deps: Deps, order: Leased): Promise<Driven> {
  const payment = await paymentInTime(deps, order, { ask: true })
  if (payment === 'unanswered') return unanswered(deps, order, notInTime)
  if (payment) return follow(deps, order, payment)
  return decline(deps, order, null)
}

const notInTime = 'It was not paid in time.'

/** A payment that was let go is an order's that was given up, by its time limit or by staff, and whose driver stopped there. */
async function awaitPayment(deps: Deps, order: Leased): Promise<Driven> {
  const payment = await paymentInTime(deps, order, { ask: order.overdue })
  if (payment === 'unanswered') return expire(deps, order, notInTime)
  const undecided = !payment || payment.status === 'requires_action' || payment.status === 'processing'
  const letGo = payment?.status === 'voided'
  if (order.overdue && (undecided || letGo)) return expire(deps, order, notInTime)
  if (letGo) return expire(deps, order, payment.failure ?? 'It was given up.')
  return payment ? follow(deps, order, payment) : rest(deps, order)
}

/** Gives up an order that is not paid: first at the provider, for money that is there after all places it. */
export async function expire(deps: Deps, order: Leased, reason: string): Promise<Driven> {
  const closed = await closePayment(deps, order)
  if (closed.state === 'pending') return unanswered(deps, order, reason)
  if (closed.payment && isPaid(closed.payment)) return follow(deps, order, closed.payment)
  const expired = await moveToExpired(deps, order, reason)
  if (!expired) return { kind: 'lost' }
  await unwind(deps, expired)
  return { kind: 'undone' }
}

/** Staff give up an order that is not paid yet. Money that is there after all places it. @returns false when somebody drives it */
export async function giveUpUnpaid(deps: Deps, orderId: string, reason: string): Promise<boolean> {
  const order = await store.takeOver(deps.db, orderId)
  if (!order) return false
  await driving(deps, order, () =>
    order.state === 'awaiting_payment' ? expire(deps, order, reason) : drivers[order.state](deps, order),
  )
  return true
}

/** An order whose time was over before the provider said how it ended. */
async function afterExpiry(deps: Deps, order: Leased): Promise<Driven> {
  const closed = await closePayment(deps, order)
  if (closed.state === 'pending') {
    await releaseStock(deps, order)
    return rest(deps, order)
  }
  if (closed.payment && isPaid(closed.payment)) return placeLate(deps, order, closed.payment)
  await unwind(deps, order)
  return { kind: 'undone' }
}

/** Money that came after all. The order is placed if its goods can be held once more, else the money goes back. */
async function placeLate(deps: Deps, order: Leased, payment: KnownPayment): Promise<Driven> {
  await deps.inventory.reopen({ orderId: order.id, lease: order.lease }, within(order, askMs))
  for (const step of [reserve, redeem]) {
    const outcome = await step(deps, order)
    if (!outcome.ok) return giveUp(deps, order, `The payment came too late: ${outcome.refusal.detail}`)
  }
  try {
    return await follow(deps, order, payment)
  } catch (error) {
    // Meanwhile another order was made of the same cart: at most one of them may live.
    if (!isLiveCartTaken(error)) throw error
    return giveUp(deps, order, 'The payment came too late: the cart was ordered again.')
  }
}

/** Nothing is open: what staff do with a placed order needs no driver. */
async function leave(deps: Deps, order: Leased): Promise<Driven> {
  await store.rest(deps.db, order, null)
  return { kind: 'waits' }
}

const isLiveCartTaken = (error: unknown): boolean =>
  (error as { code?: string }).code === '23505' && (error as { constraint?: string }).constraint === 'orders_live_cart'

/** How an order's payment stands: as payments know it, or as the provider says when it is asked. */
async function currentPayment(deps: Deps, order: Leased, { ask }: { ask: boolean }) {
  if (ask) {
    const asked = await fromPayments(deps, () => deps.payments.reconcile({ orderId: order.id }, within(order, askMs)))
    if (asked.ok) return asked.value.payment
  }
  const found = await fromPayments(deps, () => deps.payments.find({ orderIds: [order.id] }, within(order, askMs)))
  return found.ok ? (found.value.items[0] ?? null) : null
}

/** The same, or that payments do not answer, once the order's time is over: its stock does not wait for them. */
async function paymentInTime(deps: Deps, order: Leased, how: { ask: boolean }) {
  try {
    return await currentPayment(deps, order, how)
  } catch (error) {
    if (!order.overdue) throw error
    if (!deps.asking.isOpen)
      deps.log.warn({ err: error, orderId: order.id }, 'payments did not say how a payment stands')
    return 'unanswered'
  }
}
