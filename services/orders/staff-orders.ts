import type { orders } from '#contracts/orders'
import { orderCanceled, orderFulfilled } from '#events/orders'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { derivedId, newId } from '#kernel/id'
import { formatDecimal, fraction, money } from '#kernel/money'
import { publish } from '#kernel/outbox'
import { attentionOf } from './attention.ts'
import { type Deps, whoActs } from './deps.ts'
import * as lists from './lists-store.ts'
import { dueOf, type StoredOrder, takenOf, toOrder } from './order.ts'
import { staffActions } from './order-state.ts'
import { paymentOf, unknownOrder } from './read-orders.ts'
import { giveUpUnpaid, takeUp, takeUpOrWait } from './recover-order.ts'
import * as store from './store.ts'

type Ops = typeof orders.operations

/** Entries of a time line shown at most: more than any order gathers unless something is wrong. */
const timelineAtMost = 500

/** An order as staff see it, with what they may do now. */
export async function adminOrder(
  deps: Deps,
  { orderId }: Input<Ops['adminOrder']>,
): Promise<Outcome<Ops['adminOrder']>> {
  const [order, payment, history] = await Promise.all([
    store.readOrder(deps.db, orderId),
    paymentOf(deps, orderId),
    lists.historyOf(deps.db, orderId, timelineAtMost),
  ])
  if (!order) return unknownOrder
  const figures = payment && { status: payment.status, ...takenOf(payment), byHand: payment.payableUntil !== null }
  return ok({
    ...toOrder(order),
    // Payments know it first; the order hears of it by event.
    refunded: money(figures?.refunded ?? order.refunded, order.currency),
    customerId: order.customer_id,
    cancelReason: order.state === 'canceled' ? order.reason : null,
    payment,
    timeline: [{ at: order.created_at, kind: 'created', detail: 'Checkout began.', by: 'shopper' }, ...history],
    actions: staffActions(order, figures),
    attention: attentionOf(order, payment, history),
  })
}

const notNow = (order: StoredOrder, what: string) =>
  refuse('orders/not-allowed-now', `An order that is ${order.state} cannot be ${what}.`, { orderStatus: order.state })

/** Names what a member of staff asked for here, for ever: the same request again is the same operation. Another's key is another. */
const keyFor = (orderId: string, call: Call): string => `${orderId} ${whoActs()} ${call.idempotencyKey ?? newId('key')}`

/** Takes the authorized money, all or a part. */
export async function captureOrder(
  deps: Deps,
  { orderId, amount }: Input<Ops['capture']>,
  call: Call,
): Promise<Outcome<Ops['capture']>> {
  const order = await store.readOrder(deps.db, orderId)
  if (!order) return unknownOrder
  if (order.state !== 'placed' && order.state !== 'fulfilled') return notNow(order, 'captured')
  const captured = await deps.payments.capture({ orderId, amount: amount ?? null }, { key: keyFor(orderId, call) })
  return captured.ok ? adminOrder(deps, { orderId }) : captured
}

/** How long staff wait for another driver of the order: the news of the payment drives it, too. */
const waitAtMostMs = 3_000

/** Notes that a transfer arrived; the order is placed by that as by any provider's word. */
export async function markPaid(
  deps: Deps,
  { orderId, amount }: Input<Ops['markPaid']>,
): Promise<Outcome<Ops['markPaid']>> {
  const order = await store.readOrder(deps.db, orderId)
  if (!order) return unknownOrder
  if (order.state !== 'awaiting_payment') return notNow(order, 'marked as paid')
  const received = await deps.payments.receive({ orderId, amount: amount ?? null })
  if (!received.ok) return received
  await store.insertNote(deps.db, orderId, { kind: 'marked-paid', detail: 'The transfer has arrived.', by: whoActs() })
  await takeUpOrWait(deps, orderId, waitAtMostMs)
  return adminOrder(deps, { orderId })
}

/** Gives money back, all or a part. What was given is told by an event of payments, from which the order knows it. */
export async function refundOrder(
  deps: Deps,
  { orderId, amount, reason }: Input<Ops['refund']>,
  call: Call,
): Promise<Outcome<Ops['refund']>> {
  const order = await store.readOrder(deps.db, orderId)
  if (!order) return unknownOrder
  const request = { orderId, amount: amount ?? null, reason }
  const refunded = await deps.payments.refund(request, { key: keyFor(orderId, call) })
  return refunded.ok ? adminOrder(deps, { orderId }) : refunded
}

/**
 * Sends units of lines. The money for them is taken before anything is counted as sent; that it is taken and nothing is sent, as
 * after a crash, harms nobody: the next try finds it there.
 */
export async function fulfillOrder(
  deps: Deps,
  input: Input<Ops['fulfill']>,
  call: Call,
): Promise<Outcome<Ops['fulfill']>> {
  const { orderId } = input
  const order = await store.readOrder(deps.db, orderId)
  if (!order) return unknownOrder
  // Of the request's key, so that the same units are not sent twice by a request that is repeated after a crash.
  const id = derivedId('ful', keyFor(orderId, call))
  if (order.fulfillments.some((one) => one.id === id)) return adminOrder(deps, { orderId })
  if (order.state !== 'placed') return notNow(order, 'sent')
  const lines = linesToSend(order, input.lines)
  if (!lines.ok) return lines

  // A bank's promise lapses, gift cards have paid: the provider's part is taken first.
  const due = Math.min(dueAfter(order, lines.value), dueOf(order))
  const found = await deps.payments.find({ orderIds: [orderId] })
  const taken = found.ok ? (found.value.items[0]?.captured.amount ?? 0) : 0
  const missing = due - taken
  const captured =
    missing > 0
      ? await deps.payments.capture(
          { orderId, amount: money(missing, order.currency), forDispatch: true },
          { key: `dispatch ${keyFor(orderId, call)}` },
        )
      : ok({})
  // Whoever took a part by hand, where the provider captures once, let the rest go: the goods leave for what was taken.
  const isLetGo = !captured.ok && captured.refusal.type === 'payments/nothing-to-capture' && taken > 0
  if (!captured.ok && !isLetGo) return captured
  const less = isLetGo
    ? ` For ${formatDecimal(money(missing, order.currency))} ${order.currency} less than they cost.`
    : ''

  const sent = await inTransaction(deps.db, async (tx) => {
    const detail = describe(order, lines.value, input) + less
    const fulfillment = {
      id,
      lines: lines.value,
      carrier: input.carrier ?? null,
      trackingNumber: input.trackingNumber ?? null,
      by: whoActs(),
      detail,
    }
    const now = await store.insertFulfillment(tx, orderId, fulfillment)
    // Somebody sent or canceled it meanwhile.
    if (!now)
      return refuse('orders/not-allowed-now', 'The order changed just now. Look at it again.', {
        orderStatus: order.state,
      })
    await publish(tx, orderFulfilled, {
      subject: orderId,
      sequence: now.version,
      data: { orderId, number: order.number, fulfillmentId: id, lines: variantsOf(order, lines.value) },
    })
    return ok({})
  })
  return sent.ok ? adminOrder(deps, { orderId }) : sent
}

type Sent = readonly { readonly lineId: string; readonly quantity: number }[]

function linesToSend(order: StoredOrder, asked: Sent | undefined) {
  const wanted = new Map<string, number>()
  for (const { lineId, quantity } of asked ??
    order.lines.map((one) => ({ lineId: one.id, quantity: one.quantity - one.fulfilled })))
    wanted.set(lineId, quantity + (wanted.get(lineId) ?? 0))
  for (const [index, { lineId }] of (asked ?? []).entries()) {
    const line = order.lines.find(({ id }) => id === lineId)
    const left = line ? line.quantity - line.fulfilled : 0
    if ((wanted.get(lineId) ?? 0) > left) {
      const what = line ? `Of ${line.title} ${left} are left to send.` : 'The order has no such line.'
      return refuse('orders/nothing-to-fulfill', what, { field: `lines/${index}` })
    }
  }
  const lines = [...wanted].filter(([, quantity]) => quantity > 0).map(([lineId, quantity]) => ({ lineId, quantity }))
  if (lines.length === 0) return refuse('orders/nothing-to-fulfill', 'Everything has been sent.', { field: 'lines' })
  return ok(lines)
}

/**
 * What has to be captured when `sent` leaves: the units that left by then, and shipping with the first of them. The last unit
 * brings it to the total, whatever was rounded before.
 */
function dueAfter(order: StoredOrder, sent: Sent): number {
  const goods = order.lines.reduce((due, line) => {
    const leaving = sent.find(({ lineId }) => lineId === line.id)?.quantity ?? 0
    return due + fraction(line.total, line.fulfilled + leaving, line.quantity)
  }, 0)
  const shipping = order.total - order.lines.reduce((sum, { total }) => sum + total, 0)
  return goods + shipping
}

function variantsOf(order: StoredOrder, sent: Sent) {
  return sent.flatMap(({ lineId, quantity }) => {
    const line = order.lines.find(({ id }) => id === lineId)
    return line ? [{ variantId: line.variant_id, quantity }] : []
  })
}

function describe(order: StoredOrder, sent: Sent, { carrier, trackingNumber }: Input<Ops['fulfill']>): string {
  const units = sent.reduce((sum, { quantity }) => sum + quantity, 0)
  const all = units === order.units - order.units_fulfilled
  const how = [carrier, trackingNumber].filter(Boolean).join(' ')
  return `${all ? 'Everything left' : `${units} of ${order.units}`} sent${how ? ` with ${how}` : ''}.`
}

/**
 * Cancels an order that has not left. The decision is one write; stock, coupons and money follow from it, now or later. One that
 * is canceled for this very reason is what was asked for: a request that is repeated after a crash finds it so. One that still
 * waits for a transfer is given up as if its time were over.
 */
export async function cancelOrder(
  deps: Deps,
  { orderId, reason }: Input<Ops['cancel']>,
): Promise<Outcome<Ops['cancel']>> {
  const order = await store.readOrder(deps.db, orderId)
  if (!order) return unknownOrder
  if (order.state === 'awaiting_payment' && (await paymentOf(deps, orderId))?.payableUntil) {
    const given = await giveUpUnpaid(deps, orderId, reason)
    return given ? adminOrder(deps, { orderId }) : notNow(order, 'canceled')
  }
  const canceled = await inTransaction(deps.db, async (tx) => {
    const now = await store.insertCancellation(tx, orderId, { reason, by: whoActs() })
    if (!now) {
      const found = (await store.readOrder(tx, orderId)) ?? order
      return found.state === 'canceled' && found.reason === reason ? ok({}) : notNow(found, 'canceled')
    }
    const data = { orderId, number: now.number, reason }
    await publish(tx, orderCanceled, { subject: orderId, sequence: now.version, data })
    return ok({})
  })
  if (!canceled.ok) return canceled
  await takeUp(deps, orderId).catch((error: unknown) => {
    deps.log.warn({ err: error, orderId }, 'a canceled order could not give everything back yet')
  })
  return adminOrder(deps, { orderId })
}
