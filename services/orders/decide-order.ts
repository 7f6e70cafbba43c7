import { orders } from '#contracts/orders'
import { orderCanceled, orderPlaced, paymentRequested } from '#events/orders'
import { type Accepted, type Outcome, ok, type Refused } from '#kernel/contract'
import { inTransaction, type Transaction } from '#kernel/database'
import { isTemporary } from '#kernel/execute'
import { answerLater, idempotencyStore } from '#kernel/idempotency'
import { formatDecimal, money } from '#kernel/money'
import { publish, publishAll } from '#kernel/outbox'
import { placeNow, type TraceContext } from '#kernel/tracing'
import { type Deps, whoActs } from './deps.ts'
import { type Checkout, type Driven, type KnownPayment, rest } from './lease.ts'
import { toPlacedOrder } from './order.ts'
import type { Leased } from './store.ts'
import * as store from './store.ts'
import { closePayment, isPaid, releaseStock, returnMoney, unwind } from './unwind-order.ts'

// Decisions about an order: a conditional write each, with the answer of its key in the same transaction.

export type Refusal = Extract<Outcome<Checkout>, { ok: false }>

/** A decision for which a checkout waits: what becomes of the order, how its payment stands, and the trace it belongs to. */
export type Decision = {
  readonly order: Leased
  readonly change: store.Move & { readonly to: 'placed' | 'awaiting_payment' }
  readonly payment: KnownPayment | null
  readonly place: TraceContext
}

/** The order can no longer be undone by checkout: it is told to everybody. */
export function place(deps: Deps, order: Leased, payment: KnownPayment | null): Promise<Driven> {
  const paid = order.gift_cards.map(
    ({ last4, amount }) =>
      ` ${formatDecimal(money(amount, order.currency))} ${order.currency} by gift card ···· ${last4}.`,
  )
  const history = { kind: 'placed', detail: `Placed as ${order.number}.${paid.join('')}`, by: whoActs() }
  return decide(deps, order, payment, { to: 'placed', history, paymentStatus: payment?.status ?? null, goesOn: false })
}

/**
 * The payment is not decided yet: the shopper, a bank or the provider has to answer. Money that has to be transferred has a time
 * limit of its own, and its shopper is told what to do.
 * @param payment null where nobody can tell whether money was asked for
 */
export function wait(deps: Deps, order: Leased, payment: KnownPayment | null): Promise<Driven> {
  const detail = payment ? 'The payment is under way.' : 'It is not known whether it is paid.'
  const history = { kind: 'awaiting-payment', detail, by: whoActs() }
  const { status: paymentStatus = null, payableUntil = null } = payment ?? {}
  return decide(deps, order, payment, { to: 'awaiting_payment', history, paymentStatus, payableUntil, goesOn: false })
}

async function decide(
  deps: Deps,
  order: Leased,
  payment: KnownPayment | null,
  change: Decision['change'],
): Promise<Driven> {
  const driven = await deps.decide({ order, change, payment, place: placeNow() })
  await deps.reached('order-decided', order.id)
  return driven
}

/**
 * Writes decisions about orders that drivers made at the same moment, in one transaction: each with the answer of its key and its
 * event. An order that another took over meanwhile is `lost`, and nothing is written of it.
 */
export async function decideAll(
  { db, tokenOf }: Pick<Deps, 'db' | 'tokenOf'>,
  decisions: readonly Decision[],
): Promise<Driven[]> {
  return inTransaction(db, async (tx) => {
    const moved = await store.moveAll(tx, decisions)
    const decided = decisions.map((decision) => {
      const now = moved.get(decision.order.id)
      return now ? { ...decision, now, outcome: ok(toPlacedOrder(now, tokenOf(now.id), decision.payment)) } : null
    })
    const written = decided.filter((one) => one !== null)
    const answers = written.flatMap(({ order: { state, key_scope: scope, key }, outcome }) =>
      state === 'placing' && scope !== null && key !== null ? [{ scope, key, outcome }] : [],
    )
    if (answers.length > 0) await answerLater(tx, answers)
    await tell(tx, written)
    return decided.map((one): Driven => (one ? { kind: 'decided', outcome: one.outcome } : { kind: 'lost' }))
  })
}

async function tell(tx: Transaction, decided: readonly (Decision & { readonly now: Leased })[]): Promise<void> {
  const about = ({ now, place }: (typeof decided)[number]) => ({ subject: now.id, sequence: now.version, place })
  const placed = decided.filter(({ change }) => change.to === 'placed')
  await publishAll(
    tx,
    orderPlaced,
    placed.map((one) => {
      const { id: orderId, number, cart_id: cartId, market, customer_id: customerId } = one.now
      return { ...about(one), data: { orderId, number, cartId, market, customerId } }
    }),
  )
  const asked = decided.filter(({ change, payment }) => change.to !== 'placed' && payment?.instructions != null)
  await publishAll(
    tx,
    paymentRequested,
    asked.map((one) => ({ ...about(one), data: { orderId: one.now.id, number: one.now.number } })),
  )
}

async function answer(tx: Transaction, order: Leased, outcome: Accepted<unknown> | Refused): Promise<void> {
  if (order.key_scope === null || order.key === null) return
  await idempotencyStore(tx).answer(order.key_scope, order.key, outcome)
}

/**
 * Ends an order that was not placed. First the decision, then what follows from it, so that whoever finds it half done
 * goes on in the same direction.
 * @param refused what its checkout is answered with; after "not now" the key is free again, and so it is with null
 */
export async function decline(deps: Deps, order: Leased, refused: Refusal | null): Promise<Driven> {
  const reason = refused?.refusal.detail ?? 'The checkout was interrupted.'
  if (order.lease > 1) {
    // An earlier driver may wake up and ask for the money: it has to find that nothing can be paid any more.
    const closed = await closePayment(deps, order)
    const money = closed.payment
    if (closed.state === 'pending') return unanswered(deps, order, reason)
    if (money && isPaid(money)) return place(deps, order, money)
  }
  const history = { kind: 'declined', detail: reason, by: whoActs() }
  const declined = await inTransaction(deps.db, async (tx) => {
    const failed = refused?.refusal.type === 'payments/declined'
    const paymentStatus = failed ? 'failed' : null
    const now = await store.move(tx, order, { to: 'declined', history, reason, paymentStatus, goesOn: true })
    if (!now || order.state !== 'placing') return now
    if (refused && !isTemporary(orders.operations.checkout, refused)) {
      await answer(tx, order, refused)
    } else if (order.key_scope !== null && order.key !== null) {
      await idempotencyStore(tx).release(order.key_scope, order.key)
      await store.freeKey(tx, order)
    }
    return now
  })
  await deps.reached('order-decided', order.id)
  if (!declined) return { kind: 'lost' }
  await unwind(deps, declined)
  return refused ? { kind: 'decided', outcome: refused } : { kind: 'undone' }
}

/**
 * Nobody says whether an order's money can still come: its provider or payments themselves do not answer. Past the time limit they
 * have some minutes; then the stock goes back all the same, and only the stock. One that was being placed waits for its money first,
 * as after any unknown outcome.
 */
export async function unanswered(deps: Deps, order: Leased, reason: string): Promise<Driven> {
  if (order.state === 'placing' && order.overdue) return wait(deps, order, null)
  if (!order.grace_over) return rest(deps, order)
  const expired = await moveToExpired(deps, order, reason)
  if (!expired) return { kind: 'lost' }
  await releaseStock(deps, expired)
  return rest(deps, expired)
}

/** @returns the order as it is now, or null when another took it over */
export async function moveToExpired(deps: Deps, order: Leased, reason: string): Promise<Leased | null> {
  const history = { kind: 'expired', detail: reason, by: whoActs() }
  const expired = await inTransaction(deps.db, (tx) =>
    store.move(tx, order, { to: 'expired', history, reason, goesOn: true }),
  )
  await deps.reached('order-decided', order.id)
  return expired
}

/** Gives an order up whose money came too late: there is nothing left to sell it. The money goes back, both sides are told. */
export async function giveUp(deps: Deps, order: Leased, reason: string): Promise<Driven> {
  const history = { kind: 'canceled', detail: reason, by: 'system' }
  const canceled = await inTransaction(deps.db, async (tx) => {
    const now = await store.move(tx, order, { to: 'canceled', history, reason, goesOn: true })
    if (now) {
      const data = { orderId: now.id, number: now.number, reason }
      await publish(tx, orderCanceled, { subject: now.id, sequence: now.version, data })
    }
    return now
  })
  await deps.reached('order-decided', order.id)
  if (!canceled) return { kind: 'lost' }
  return returnMoney(deps, canceled)
}
