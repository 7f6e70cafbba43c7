import type T from 'typebox'
import type { orders } from '#contracts/orders'
import type { Payment } from '#contracts/payments'
import { customerKey } from '#contracts/pricing'
import { orderCanceled, orderPlaced } from '#events/orders'
import { type Accepted, type Outcome, ok, type Refused, refuse } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { idempotencyStore } from '#kernel/idempotency'
import { publish } from '#kernel/outbox'
import { unavailable } from '#kernel/problem'
import { type Deps, whoActs } from './deps.ts'
import { demandOf, toPlacedOrder } from './order.ts'
import type { Leased } from './store.ts'
import * as store from './store.ts'

export type Checkout = (typeof orders.operations)['checkout']
type Refusal = Extract<Outcome<Checkout>, { ok: false }>
type KnownPayment = T.Static<typeof Payment>

/** What the shopper pays with; only the request that brought it can ask for money with it. */
export type PaymentChoice = { readonly provider: string; readonly token?: string; readonly returnUrl: string }

/**
 * What came of driving an order.
 * - `decided`: it is placed, waits for its payment, or is over, and this is what its checkout is answered with;
 * - `undone`: nothing came of it and nothing is left of it; its key may be used again;
 * - `waits`: nothing can be done about it now;
 * - `lost`: another driver took it over.
 */
export type Driven =
  | { readonly kind: 'decided'; readonly outcome: Outcome<Checkout>; readonly order: Leased }
  | { readonly kind: 'undone' | 'waits' | 'lost' }

/** A call may take so long, in milliseconds, and never longer than the lease: whoever comes after us would not know of it. */
const stepMs = 5_000
const authorizeMs = 12_000

function within(order: Leased, atMostMs: number): { timeoutMs: number } {
  const leftMs = order.leaseEndsAt - performance.now()
  if (leftMs <= 0) throw unavailable(`Order ${order.number} took too long and is taken up again.`)
  return { timeoutMs: Math.min(atMostMs, leftMs) }
}

/**
 * Runs `work` on an order that this process drives. When it throws, nobody can tell what was done: the order is left to the
 * next driver, which finds out.
 */
export async function driving<R>(deps: Deps, order: Leased, work: () => Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (error) {
    // First to the shopper's own retry, which can go on with the payment, then to the recovery, which can only go back.
    await store.rest(deps.db, order, retryHeadStartSeconds).catch(() => undefined)
    throw error
  }
}
const retryHeadStartSeconds = 2

/** The steps before money is asked for, in order. Each may be repeated, each leaves nothing when it refuses. */
const steps = [
  { run: reserve, done: 'stock-reserved' },
  { run: redeem, done: 'coupons-redeemed' },
] as const

/** From `placing` on: stock, coupons, money. A refusal on the way undoes what was done. */
export async function goForward(deps: Deps, order: Leased, choice: PaymentChoice): Promise<Driven> {
  for (const { run, done } of steps) {
    const outcome = await run(deps, order)
    if (!outcome.ok) return undo(deps, order, outcome)
    await deps.reached(done, order.id)
  }
  if (order.total === 0) return place(deps, order, null)
  const asked = await deps.payments.authorize(
    {
      orderId: order.id,
      amount: { amount: order.total, currency: order.currency },
      provider: choice.provider,
      token: choice.token ?? null,
      returnUrl: choice.returnUrl,
    },
    within(order, authorizeMs),
  )
  await deps.reached('money-asked', order.id)
  return asked.ok ? follow(deps, order, asked.value) : undo(deps, order, asked)
}

/** Where an order goes from how its payment stands. */
export async function follow(deps: Deps, order: Leased, payment: KnownPayment): Promise<Driven> {
  switch (payment.status) {
    case 'authorized':
    case 'captured':
      return place(deps, order, payment)
    case 'requires_action':
    case 'processing':
      return order.state === 'placing' ? wait(deps, order, payment) : rest(deps, order)
    default: {
      const reason = payment.failureReason ?? 'card-declined'
      return decline(deps, order, refuse('payments/declined', payment.failure ?? 'The payment failed.', { reason }))
    }
  }
}

export async function reserve(deps: Deps, order: Leased) {
  const lines = demandOf(order.lines)
  return lines.length === 0 ? ok({}) : deps.inventory.reserve({ orderId: order.id, lines }, within(order, stepMs))
}

export async function redeem(deps: Deps, order: Leased) {
  if (order.discounts.length === 0) return ok({})
  const promotionIds = [...new Set(order.discounts.map(({ promotionId }) => promotionId))]
  const request = { orderId: order.id, promotionIds, customerKey: customerKey(order.email) }
  return deps.pricing.redeem(request, within(order, stepMs))
}

// ---- Decisions: a conditional write each, with the key's answer in the same transaction -------------------------

async function place(deps: Deps, order: Leased, payment: KnownPayment | null): Promise<Driven> {
  const history = { kind: 'placed', detail: `Placed as ${order.number}.`, by: whoActs() }
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

function wait(deps: Deps, order: Leased, payment: KnownPayment): Promise<Driven> {
  const history = { kind: 'awaiting-payment', detail: 'The payment is under way.', by: whoActs() }
  const paymentStatus = payment.status
  return decide(deps, order, { to: 'awaiting_payment', history, paymentStatus, goesOn: false }, payment)
}

type Decided = (tx: Parameters<typeof publish>[0], order: Leased) => Promise<void>

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
    return { kind: 'decided', outcome, order: now } as const
  })
  await deps.reached('order-decided', order.id)
  return decided ?? { kind: 'lost' }
}

async function answer(
  tx: Parameters<typeof publish>[0],
  order: Leased,
  outcome: Accepted<unknown> | Refused,
): Promise<void> {
  if (order.key_scope === null || order.key === null) return
  await idempotencyStore(tx).answer(order.key_scope, order.key, outcome)
}

/** Somebody gave this order up before us; nothing that they gave back may be taken again. */
const givenUp = new Set(['inventory/hold-released', 'pricing/redemption-undone', 'payments/canceled'])

type StepRefusal = Exclude<
  Awaited<ReturnType<typeof reserve | typeof redeem | Deps['payments']['authorize']>>,
  { ok: true }
>

async function undo(deps: Deps, order: Leased, refused: StepRefusal): Promise<Driven> {
  const { type } = refused.refusal
  return decline(deps, order, givenUp.has(type) ? null : (refused as Refusal))
}

/**
 * Ends an order that was not placed. First the decision, then what follows from it, so that whoever finds it half done
 * goes on in the same direction.
 * @param refused what its checkout is answered with; null: nothing, and the key is free again
 */
export async function decline(deps: Deps, order: Leased, refused: Refusal | null): Promise<Driven> {
  if (order.lease > 1) {
    // An earlier driver may wake up and ask for the money: it has to find that nothing can be paid any more.
    const closed = await closePayment(deps, order)
    const money = closed.payment
    if (closed.state === 'pending') return rest(deps, order)
    if (money && (money.status === 'authorized' || money.status === 'captured')) return place(deps, order, money)
  }
  const reason = refused?.refusal.detail ?? 'The checkout was interrupted.'
  const history = { kind: 'declined', detail: reason, by: whoActs() }
  const declined = await inTransaction(deps.db, async (tx) => {
    const failed = refused?.refusal.type === 'payments/declined'
    const paymentStatus = failed ? 'failed' : null
    const now = await store.move(tx, order, { to: 'declined', history, reason, paymentStatus, goesOn: true })
    if (!now || order.state !== 'placing') return now
    if (refused) {
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
  return refused ? { kind: 'decided', outcome: refused, order: declined } : { kind: 'undone' }
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

// ---- What follows from a decision -------------------------------------------------------------------------------

/** Gives stock and coupons back. Each leaves a tombstone: a step of an earlier driver that comes later is refused. */
export async function unwind(deps: Deps, order: Leased): Promise<void> {
  await releaseStock(deps, order)
  await returnCoupons(deps, order)
  await store.markSettled(deps.db, order)
}

export async function releaseStock(deps: Deps, order: Leased): Promise<void> {
  if (order.lines.some(({ tracked }) => tracked))
    accepted(await deps.inventory.release({ orderId: order.id }, within(order, stepMs)))
  await deps.reached('stock-released', order.id)
}

async function returnCoupons(deps: Deps, order: Leased): Promise<void> {
  if (order.discounts.length > 0) accepted(await deps.pricing.unredeem({ orderId: order.id }, within(order, stepMs)))
  await deps.reached('coupons-returned', order.id)
}

/** Voids or refunds what a canceled order holds, then gives the rest back. Without an answer it is asked again later. */
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
    const canceled = await deps.payments.cancel({ orderId: order.id, reason, onlyUnpaid }, within(order, authorizeMs))
    return accepted(canceled)
  } catch (error) {
    deps.log.warn({ err: error, orderId: order.id }, 'payments did not say whether a payment is canceled')
    return { state: 'pending', payment: null }
  }
}

/** The value of an operation that declares no refusal. */
function accepted<V>(outcome: Accepted<V> | Refused): V {
  if (outcome.ok) return outcome.value
  throw new Error(`orders: ${outcome.refusal.type} was not expected: ${outcome.refusal.detail}`)
}

/** Doubled with every look that finds nothing new. */
const firstPauseSeconds = 2
const pauseAtMostSeconds = 60

/** Leaves an order for now. One that waits for its payment is looked at when its time limit ends, or when payments tell. */
export async function rest(deps: Deps, order: Leased): Promise<Driven> {
  const pauseSeconds = Math.min(firstPauseSeconds * 2 ** Math.min(order.looks, 10), pauseAtMostSeconds)
  const waits = order.state === 'awaiting_payment' && !order.overdue
  await store.rest(deps.db, order, waits ? null : pauseSeconds)
  return { kind: 'waits' }
}
