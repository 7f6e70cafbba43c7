import type T from 'typebox'
import type { orders, PaymentView } from '#contracts/orders'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { fromCursor, toCursor } from '#kernel/fields'
import { money } from '#kernel/money'
import { validationFailed } from '#kernel/problem'
import type { Deps } from './deps.ts'
import * as lists from './lists-store.ts'
import { type StoredOrder, toOrder, toPaymentView, toPlacedOrder } from './order.ts'
import { opens } from './order-token.ts'
import { takeUpOrWait } from './recover-order.ts'
import { orderUrl } from './return-url.ts'
import * as store from './store.ts'

type Ops = typeof orders.operations

/** The same for an order that does not exist and for one of somebody else: nothing is to be learned by trying. */
export const unknownOrder = refuse('orders/unknown-order', 'There is no such order, or the link to it is not complete.')

/** An order for whoever has its token, or for the customer whose it is. */
export async function getOrder(deps: Deps, input: Input<Ops['get']>, call: Call): Promise<Outcome<Ops['get']>> {
  const hasToken = opens(deps.tokenOf, input.orderId, input.token)
  const customerId = call.actor.kind === 'customer' ? call.actor.customerId : null
  if (!hasToken && customerId === null) return unknownOrder
  const order = await deps.readOrder(input.orderId)
  const isOwn = order !== null && customerId !== null && order.customer_id === customerId
  if (!order || !(hasToken || isOwn)) return unknownOrder
  return ok({ ...toOrder(order), payment: await paymentViewOf(deps, order) })
}

/** Asked while there is something for the shopper to do or to wait for; remembered afterwards, so that a page is one query. */
async function paymentViewOf(deps: Deps, order: StoredOrder): Promise<T.Static<typeof PaymentView> | null> {
  const remembered = order.payment_status === null ? null : { status: order.payment_status }
  if (order.state !== 'awaiting_payment') return remembered
  const payment = await paymentOf(deps, order.id)
  return payment ? toPaymentView(payment) : remembered
}

/** An order's payment as payments know it; null when there is none, or when they do not answer now. */
export async function paymentOf(deps: Deps, orderId: string) {
  try {
    const found = await deps.payments.find({ orderIds: [orderId] })
    return found.ok ? (found.value.items[0] ?? null) : null
  } catch (error) {
    deps.log.warn({ err: error, orderId }, 'payments did not say how a payment stands')
    return null
  }
}

/** How long a shopper waits for another driver of the order: the callback of the provider comes at the same moment. */
const waitAtMostMs = 3_000

/** The shopper came back from the provider: asks how the payment stands and drives the order on. */
export async function resume(deps: Deps, { orderId, token }: Input<Ops['resume']>): Promise<Outcome<Ops['resume']>> {
  if (!opens(deps.tokenOf, orderId, token)) return unknownOrder
  const before = await store.readOrder(deps.db, orderId)
  if (!before) return unknownOrder
  if (before.state === 'awaiting_payment' || (before.state === 'expired' && before.settled_at === null)) {
    try {
      await deps.payments.reconcile({ orderId })
      await takeUpOrWait(deps, orderId, waitAtMostMs)
    } catch (error) {
      deps.log.warn({ err: error, orderId }, 'an order could not be driven on for its shopper')
    }
  }
  const [order, payment] = await Promise.all([store.readOrder(deps.db, orderId), paymentOf(deps, orderId)])
  return order ? ok(toPlacedOrder(order, deps.tokenOf(orderId), payment)) : unknownOrder
}

/** An order with the link that opens it, for the mails of other services. */
export async function details(deps: Deps, { orderId }: Input<Ops['details']>): Promise<Outcome<Ops['details']>> {
  const order = await deps.readOrder(orderId)
  if (!order) return unknownOrder
  // What a shopper is to do is not left out of a mail because payments did not answer: then this throws, and is asked again.
  const found = order.state === 'awaiting_payment' ? await deps.payments.find({ orderIds: [orderId] }) : null
  const payment = found?.ok ? found.value.items[0] : undefined
  return ok({ order: toOrder(order), url: orderUrl(deps, orderId), payment: payment ? toPaymentView(payment) : null })
}

export async function accountOrders(
  deps: Deps,
  { cursor, limit = 20 }: Input<Ops['accountOrders']>,
  call: Call,
): Promise<Outcome<Ops['accountOrders']>> {
  if (call.actor.kind !== 'customer') return ok({ items: [], nextCursor: null })
  const rows = await lists.ordersOfCustomer(deps.db, call.actor.customerId, readPlace(cursor), limit + 1)
  return ok(toPage(rows, limit))
}

/** Words a search: each is another condition on every order that is looked at. */
const wordsAtMost = 6
/** The index of parts of words knows groups of three characters. */
const partLengthLeast = 3

/**
 * Orders for staff. Words are looked for as staff give them: the orders that have all of them whole, and only where there is none, those
 * that have them anywhere. What staff search, and what they page back to, may be some seconds old; the first page is not, since that is
 * where they look at what they just did.
 */
export async function adminOrders(deps: Deps, input: Input<Ops['adminOrders']>): Promise<Outcome<Ops['adminOrders']>> {
  const { q, status, attention, cursor, limit = 50 } = input
  if (attention === 'authorization-lapses') return lapsing(deps, input)
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean).slice(0, wordsAtMost)
  const choice = { state: status ?? null, paidInVain: attention === 'could-not-be-fulfilled' }
  const place = readPlace(cursor)
  if (words.length === 0) {
    const db = cursor === undefined ? deps.db : deps.stale
    return ok(toPage(await lists.ordersForStaff(db, [], choice, place, limit + 1), limit))
  }
  const numberPrefix = deps.settings.numberPrefix.toLowerCase()
  const whole = await lists.ordersWithWords(deps.stale, words, numberPrefix, choice, place, limit + 1)
  const parts = words.filter((word) => word.length >= partLengthLeast)
  // A page that goes on has at least one order, so that pages of one search are all of one kind.
  if (whole.length > 0 || parts.length === 0) return ok(toPage(whole, limit))
  return ok(toPage(await lists.ordersForStaff(deps.stale, parts, choice, place, limit + 1), limit))
}

/** Payments know which and in which order; those that were sent or canceled meanwhile are left out. */
async function lapsing(
  deps: Deps,
  { q, status, cursor, limit = 50 }: Input<Ops['adminOrders']>,
): Promise<Outcome<Ops['adminOrders']>> {
  for (const [field, given] of Object.entries({ q, status })) {
    if (given !== undefined)
      throw validationFailed([{ field, message: 'cannot be combined with attention=authorization-lapses' }])
  }
  const found = await deps.payments.lapsing({ ...(cursor === undefined ? {} : { cursor }), limit })
  if (!found.ok) throw new Error('orders: payments refused to tell which authorizations lapse')
  const { items, nextCursor } = found.value
  const rows = await lists.placedOrders(
    deps.db,
    items.map(({ orderId }) => orderId),
  )
  return ok({ items: rows.map(toSummary), nextCursor })
}

function readPlace(cursor: string | undefined): lists.Place | null {
  if (cursor === undefined) return null
  const [at, id] = fromCursor(cursor, 2) ?? []
  if (typeof at === 'string' && typeof id === 'string' && !Number.isNaN(Date.parse(at))) return { at, id }
  throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this list' }])
}

/** Cuts `rows`, one more than asked for when there is a next page, into a page. */
function toPage(rows: readonly lists.SummaryRow[], limit: number) {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(toSummary),
    nextCursor: rows.length > limit && last ? toCursor([last.at, last.id]) : null,
  }
}

const toSummary = (row: lists.SummaryRow) => ({
  id: row.id,
  number: row.number,
  status: row.state,
  email: row.email,
  name: row.name,
  total: money(row.total, row.currency),
  units: row.units,
  createdAt: row.created_at,
  placedAt: row.placed_at,
})
