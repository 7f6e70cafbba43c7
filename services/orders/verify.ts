import type { inventory } from '#contracts/inventory'
import type { orders } from '#contracts/orders'
import type { payments } from '#contracts/payments'
import type { Input, Outcome, Output } from '#kernel/contract'
import { newCheck, type Part, question, verifyPart } from '#kernel/verify'
import type { Deps } from './deps.ts'
import { dueOf, takenOf } from './order.ts'
import type { Judged } from './verify-store.ts'
import * as store from './verify-store.ts'

type Verify = (typeof orders.operations)['verify']
type Payment = Output<(typeof payments.operations)['find']>['items'][number]
type Held = Output<(typeof inventory.operations)['holdsOf']>['items'][number]

/** Orders a page: as many as payments and inventory tell of in one answer. */
const pageSize = 1_000
/** What an unpaid order may keep its stock beyond its time limit: the provider's five minutes, and one for us. */
const heldBeyondAtMostSeconds = 360
const longestHeld = 'longest time stock was held beyond the time limit, in seconds'

/**
 * What must hold of every order. Each says what is wrong with it, or nothing. Those that compare with other services judge
 * settled orders only: under way, they are allowed to differ.
 */
const judgements = [
  { invariant: 'I1', what: 'orders are complete', judge: complete },
  { invariant: 'I1', what: 'placed orders are promised all the stock they sell', judge: promised },
  { invariant: 'I2', what: 'placed orders are paid, and their tenders sum to exactly their total', judge: paidExactly },
  { invariant: 'I2', what: 'orders that came to nothing hold no money', judge: holdsNoMoney },
  { invariant: 'I5', what: 'orders that are not paid in time hold no stock', judge: holdsNoStock },
  { invariant: 'I8', what: 'totals are the sums of their parts', judge: exact },
] as const satisfies readonly {
  invariant: string
  what: string
  judge: (order: Judged, payment: Payment | undefined, held: Held | undefined) => string | null | undefined
}[]

/** I1, I2, I5, I8 and I9: orders by themselves, page by page against payments and inventory, and these against orders. */
export const verify = (deps: Deps, { cursor }: Input<Verify>): Promise<Outcome<Verify>> =>
  verifyPart(
    [
      everyOrder(deps),
      known(deps, 'I2', 'money was asked for orders that exist', (page) => deps.payments.askedFor(page)),
      known(deps, 'I5', 'stock is held for orders that exist', (page) => deps.inventory.heldFor(page)),
      question(deps.db, 'I1', 'orders that a checkout was answered with exist', store.acknowledgedAndMissing),
      question(deps.db, 'I9', 'a cart has at most one live order', store.cartsWithTwoOrders),
      question(deps.db, 'I9', 'a key has one order', store.keysWithTwoOrders),
    ],
    cursor,
  )

/** Judges a page of orders with what payments and inventory say of them. Whatever seems wrong is looked at twice. */
const everyOrder =
  ({ db, payments, inventory }: Deps): Part =>
  async (from) => {
    const page = await store.pageOfOrders(db, from ?? '', pageSize)
    const orderIds = page.map(({ id }) => id)
    const [found, held] = await Promise.all([payments.find({ orderIds }), inventory.holdsOf({ orderIds })])
    if (!found.ok || !held.ok) throw new Error('orders: payments or inventory refused to be compared with')
    const paymentOf = new Map(found.value.items.map((one) => [one.orderId, one]))
    const heldOf = new Map(held.value.items.map((one) => [one.orderId, one]))
    const judged = judgements.map(({ invariant, what, judge }) => ({ check: newCheck(invariant, what), judge }))
    const suspects: { check: ReturnType<typeof newCheck>; order: Judged; wrong: string }[] = []
    let heldBeyondSeconds = 0
    for (const order of page) {
      for (const { check, judge } of judged) {
        const wrong = judge(order, paymentOf.get(order.id), heldOf.get(order.id))
        if (wrong !== null) check.judged()
        if (wrong) suspects.push({ check, order, wrong })
      }
      heldBeyondSeconds = Math.max(heldBeyondSeconds, heldBeyond(order, heldOf.get(order.id)))
    }
    const still =
      suspects.length > 0
        ? await store.unchanged(
            db,
            suspects.map((one) => one.order),
          )
        : new Set()
    for (const { check, order, wrong } of suspects)
      if (still.has(order.id)) check.violated(`${order.number} (${order.id}): ${wrong}`)
    const checks = judged.map(({ check }) => check.result())
    const figures = { [longestHeld]: Math.round(heldBeyondSeconds) }
    return {
      checks: checks.map((check) => (check.invariant === 'I5' ? { ...check, figures } : check)),
      next: page.length < pageSize ? null : (page.at(-1)?.id ?? null),
    }
  }

type OrderIds = Promise<{ readonly ok: true; readonly value: { readonly orderIds: readonly string[] } } | { ok: false }>

/** The other way round: what others keep for an order is kept for one that there is. The order's row is always first. */
const known =
  ({ db }: Deps, invariant: string, what: string, pageOf: (page: { after: string; limit: number }) => OrderIds): Part =>
  async (from) => {
    const page = await pageOf({ after: from ?? '', limit: pageSize })
    if (!page.ok) throw new Error('orders: payments or inventory refused to be compared with')
    const { orderIds } = page.value
    const check = newCheck(invariant, what)
    check.judged(orderIds.length)
    for (const id of await store.unknownOrders(db, orderIds)) check.violated(`there is no order ${id}`)
    return { checks: [check.result()], next: orderIds.length < pageSize ? null : (orderIds.at(-1) ?? null) }
  }

const isHeld = (held: Held | undefined): held is Held => held !== undefined && held.state !== 'released'

/** How long an unpaid order kept stock past its time limit, up to now or until it was given up; in seconds. */
const heldBeyond = (order: Judged, held: Held | undefined): number =>
  Math.max((isHeld(held) ? order.overdue_seconds : null) ?? 0, order.given_up_after_seconds ?? 0)

// Each answers null when the order is not to be judged by it, undefined when it holds.

const isPlaced = ({ state }: Judged): boolean => state === 'placed' || state === 'fulfilled'

function complete(order: Judged): string | undefined {
  if (order.lines === 0 || order.line_units !== order.units)
    return `${order.units} units in lines of ${order.line_units}`
  if (order.line_fulfilled !== order.units_fulfilled)
    return `${order.units_fulfilled} units sent, ${order.line_fulfilled} by its lines`
  if (order.state !== 'placing' && !order.decided) return 'has no history'
  return isPlaced(order) && order.placed_at === null ? 'is placed and has no time of it' : undefined
}

function promised(order: Judged, _: Payment | undefined, held: Held | undefined): string | null | undefined {
  if (!order.settled || !isPlaced(order)) return null
  const units = isHeld(held) ? held.units : 0
  return units === order.tracked_units ? undefined : `sells ${order.tracked_units} units and is promised ${units}`
}

function paidExactly(order: Judged, payment: Payment | undefined): string | null | undefined {
  if (!order.settled || !isPlaced(order)) return null
  if (order.total === 0) return payment ? 'costs nothing and has a payment' : undefined
  if (!payment) return 'has no payment'
  const onCards = takenOf(payment).taken - payment.captured.amount
  if (onCards !== order.gift_card_amount)
    return `has ${order.gift_card_amount} to be paid by gift cards, which paid ${onCards}`
  const due = dueOf(order)
  if (due === 0) return payment.provider === null ? undefined : 'is paid by gift cards, and was asked for at a provider'
  // An authorization may lapse before the goods are sent; then they are not.
  if (payment.failureReason === 'authorization-lapsed' && order.units_fulfilled === 0) return undefined
  if (payment.status !== 'authorized' && payment.status !== 'captured') return `has a payment that is ${payment.status}`
  if (payment.amount.amount !== due || payment.authorized.amount !== due)
    return `total ${order.total}, by gift cards ${onCards}, asked ${payment.amount.amount}, authorized ${payment.authorized.amount}`
  const owed = owedForSent(order)
  const { captured, capturable } = payment
  // A part that was taken by hand lets the rest go, where the provider captures once.
  const isLetGo = captured.amount > 0 && (capturable?.amount ?? 0) === 0
  return captured.amount < owed && !isLetGo ? `was sent for ${owed}, of which ${captured.amount} was taken` : undefined
}

/** What had to be taken before the units left that did: as for a dispatch, shipping goes with the first of them. */
const owedForSent = (order: Judged): number =>
  order.units_fulfilled === 0 ? 0 : Math.min(order.line_sent + order.total - order.line_total, dueOf(order))

function holdsNoMoney(order: Judged, payment: Payment | undefined): string | null | undefined {
  if (!order.settled || isPlaced(order)) return null
  if (!payment) return undefined
  const { taken, refunded } = takenOf(payment)
  const kept = taken - refunded
  const isOver = payment.status === 'failed' || payment.status === 'voided' || payment.status === 'captured'
  if (isOver && kept === 0) return undefined
  return `is ${order.state} and its payment ${payment.status}, ${kept} of it kept`
}

function holdsNoStock(order: Judged, _: Payment | undefined, held: Held | undefined): string | null | undefined {
  const over = order.settled && !isPlaced(order)
  const overdueSeconds = order.overdue_seconds ?? 0
  if (!over && overdueSeconds <= heldBeyondAtMostSeconds) return null
  if (!isHeld(held)) return undefined
  const since = overdueSeconds > 0 ? `, ${Math.round(overdueSeconds)} s beyond its time limit` : ''
  return `is ${order.state} and ${held.units} units are ${held.state}${since}`
}

function exact(order: Judged): string | undefined {
  const onTop = order.tax_included ? 0 : 1
  const sums = [
    ['items', order.items, order.line_items],
    ['discount', order.discount, order.line_discount],
    ['discounts', order.discount, order.discounts_sum],
    ['taxes', order.tax, order.taxes_sum],
    ['gift cards', order.gift_card_amount, order.gift_cards_sum],
    ['lines', order.line_total, order.line_items - order.line_discount + onTop * order.line_tax],
    ['total', order.total, order.items - order.discount + order.shipping + onTop * order.tax],
  ] as const
  const off = sums.find(([, said, summed]) => said !== summed)
  if (off) return `${off[0]}: ${off[1]}, and its parts sum to ${off[2]}`
  return order.line_tax > order.tax ? `tax of ${order.tax}, of which lines have ${order.line_tax}` : undefined
}
