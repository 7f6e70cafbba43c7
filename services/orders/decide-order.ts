import { orders } from '#contracts/orders'
import { orderCanceled, orderPlaced, paymentRequested } from '#events/orders'
import { type Accepted, type Outcome, ok, type Refused } from '#kernel/contract'
import { inTransaction, type Transaction } from '#kernel/database'
import { isTemporary } from '#kernel/execute'
import { idempotencyStore } from '#kernel/idempotency'
import { formatDecimal, money } from '#kernel/money'
import { publish } from '#kernel/outbox'
import { type Deps, whoActs } from './deps.ts'
import { type Checkout, type Driven, type KnownPayment, rest } from './lease.ts'
import { toPlacedOrder } from './order.ts'
import type { Leased } from './store.ts'
import * as store from './store.ts'
import { closePayment, isPaid, returnMoney, unwind } from './unwind-order.ts'

// Decisions about an order: a conditional write each, with the answer of its key in the same transaction.

export type Refusal = Extract<Outcome<Checkout>, { ok: false }>

/** The order can no longer be undone by checkout: it is told to everybody. */
export async function place(deps: Deps, order: Leased, payment: KnownPayment | null): Promise<Driven> {
  const paid = order.gift_cards.map(
    ({ last4, amount }) =>
      ` ${formatDecimal(money(amount, order.currency))} ${order.currency} by gift card ···· ${last4}.`,
  )
  const history = { kind: 'placed', detail: `Placed as ${order.number}.${paid.join('')}`, by: whoActs() }
  const paymentStatus = payment?.status ?? null
  return decide(deps, order, { to: 'placed', history, paymentStatus, goesOn: false }, payment, async (tx, placed) => {
    await publish(tx, orderPlaced, {
      subject: placed.id,
      sequence: placed.version,
      data: {
        orderId: placed.id,
        number: placed.number,
        cartId: placed.cart_id,
        market: placed.market,
        customerId: placed.customer_id,
      },
    })
  })
}

/**
 * The payment is not decided yet: the shopper, a bank or the provider has to answer. Money that has to be transferred has a time
 * limit of its own, and its shopper is told what to do.
 */
export function wait(deps: Deps, order: Leased, payment: KnownPayment): Promise<Driven> {
  const history = { kind: 'awaiting-payment', detail: 'The payment is under way.', by: whoActs() }
  const { status: paymentStatus, payableUntil } = payment
  const change = { to: 'awaiting_payment', history, paymentStatus, payableUntil, goesOn: false } as const
  return decide(deps, order, change, payment, async (tx, waiting) => {
    if (payment.instructions === null) return
    await publish(tx, paymentRequested, {
      subject: waiting.id,
      sequence: waiting.version,
      data: { orderId: waiting.id, number: waiting.number },
    })
  })
}

type Decided = (tx: Transaction, order: Leased) => Promise<void>

async function decide(
  deps: Deps,
  order: Leased,
  change: store.Move & { paymentStatus: Leased['payment_status'] },
  payment: KnownPayment | null,
  also: Decided = async () => undefined,
): Promise<Driven> {
  const decided = await inTransaction(deps.db, async (tx) => {
    const now = await store.move(tx, order, change)
    if (!now) return null
    const outcome = ok(toPlacedOrder(now, deps.tokenOf(now.id), payment))
    if (order.state === 'placing') await answer(tx, order, outcome)
    await also(tx, now)
    return { kind: 'decided', outcome } as const
  })
  await deps.reached('order-decided', order.id)
  return decided ?? { kind: 'lost' }
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
  if (order.lease > 1) {
    // An earlier driver may wake up and ask for the money: it has to find that nothing can be paid any more.
    const closed = await closePayment(deps, order)
    const money = closed.payment
    if (closed.state === 'pending') return rest(deps, order)
    if (money && isPaid(money)) return place(deps, order, money)
  }
  const reason = refused?.refusal.detail ?? 'The checkout was interrupted.'
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
