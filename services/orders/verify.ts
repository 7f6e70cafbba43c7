import type { inventory } from '#contracts/inventory'
import type { payments } from '#contracts/payments'
import type { Output } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { type InvariantCheck, violationsNamedAtMost } from '#kernel/invariants'
import type { Deps } from './deps.ts'
import { dueOf, takenOf } from './order.ts'
import type { Judged } from './verify-store.ts'
import * as store from './verify-store.ts'

type Payment = Output<(typeof payments.operations)['find']>['items'][number]
type Held = Output<(typeof inventory.operations)['holdsOf']>['items'][number]

/** Orders a page: a million of them take no more memory than this many. */
const pageSize = 500

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

/** Pages through all orders and asks payments and inventory about each page. Whatever seems wrong is looked at twice. */
export async function verify({ db, payments, inventory }: Deps): Promise<InvariantCheck[]> {
  const checks = judgements.map(({ invariant, what }) => ({ invariant, what, checked: 0, violations: [] as string[] }))
  for (let after = ''; ; ) {
    const page = await store.pageOfOrders(db, after, pageSize)
    const orderIds = page.map(({ id }) => id)
    const [found, held] = await Promise.all([payments.find({ orderIds }), inventory.holdsOf({ orderIds })])
    if (!found.ok || !held.ok) throw new Error('orders: payments or inventory refused to be compared with')
    const paymentOf = new Map(found.value.items.map((one) => [one.orderId, one]))
    const heldOf = new Map(held.value.items.map((one) => [one.orderId, one]))
    const suspects: { check: number; order: Judged; wrong: string }[] = []
    for (const order of page) {
      for (const [check, { judge }] of judgements.entries()) {
        const wrong = judge(order, paymentOf.get(order.id), heldOf.get(order.id))
        if (wrong === null) continue
        const counted = checks[check]
        if (counted) counted.checked += 1
        if (wrong !== undefined) suspects.push({ check, order, wrong })
      }
    }
    if (suspects.length > 0) {
      const still = await store.unchanged(
        db,
        suspects.map(({ order }) => order),
      )
      for (const { check, order, wrong } of suspects) {
        const { violations } = checks[check] ?? {}
        if (still.has(order.id) && violations && violations.length < violationsNamedAtMost)
          violations.push(`${order.number} (${order.id}): ${wrong}`)
      }
    }
    after = page.at(-1)?.id ?? ''
    if (page.length < pageSize) break
  }
  return [...checks, ...(await overAll(db))]
}

/** What can only be seen over all orders, in the database; on a large shop that takes its time, in milliseconds. */
const overAllTimeoutMs = 300_000

function overAll(db: Deps['db']): Promise<InvariantCheck[]> {
  return inTransaction(db, async (tx) => {
    await store.allowTime(tx, overAllTimeoutMs)
    const acknowledged = await store.acknowledgedAndMissing(tx, violationsNamedAtMost)
    const carts = await store.cartsWithTwoOrders(tx, violationsNamedAtMost)
    const keys = await store.keysWithTwoOrders(tx, violationsNamedAtMost)
    return [
      { invariant: 'I1', what: 'orders that a checkout was answered with exist', ...acknowledged },
      { invariant: 'I9', what: 'a cart has at most one live order', ...carts },
      { invariant: 'I9', what: 'a key has one order', ...keys },
    ]
  })
}

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
  const units = held && held.state !== 'released' ? held.units : 0
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
  if (due === 0) return payment.provider === null ? undefined : `is paid by gift cards, and asked for at a provider`
  // An authorization may lapse before the goods are sent; then they are not.
  if (payment.status === 'voided' && order.units_fulfilled === 0) return undefined
  if (payment.status !== 'authorized' && payment.status !== 'captured') return `has a payment that ${payment.status}`
  if (payment.amount.amount !== due || payment.authorized.amount !== due)
    return `total ${order.total}, by gift cards ${onCards}, asked ${payment.amount.amount}, authorized ${payment.authorized.amount}`
  return order.state === 'fulfilled' && payment.captured.amount === 0 ? 'was sent and its money not taken' : undefined
}

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
  if (!over && !order.long_overdue) return null
  return held && held.state !== 'released' ? `is ${order.state} and ${held.units} units are ${held.state}` : undefined
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
