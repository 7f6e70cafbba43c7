import type { OrderStatus } from '#contracts/orders'
import { type Executor, type Reader, sql } from '#kernel/database'

/** A row of a list of orders. */
export type SummaryRow = {
  readonly id: string
  readonly number: string
  readonly state: OrderStatus
  readonly email: string
  readonly name: string | null
  readonly total: number
  readonly currency: string
  readonly units: number
  readonly created_at: string
  readonly placed_at: string | null
  /** The sort key as text, to the microsecond. */
  readonly at: string
}

/** A place in a list, newest first: after the order with this time and id. */
export type Place = { readonly at: string; readonly id: string }

const summary = sql`o.id, o.number, o.state, o.email, coalesce(o.shipping_address->>'name', o.billing_address->>'name') as name,
  o.total, o.currency, o.units, o.created_at, o.placed_at, o.created_at::text as at`

const after = (place: Place | null) =>
  place ? sql`(o.created_at, o.id) < (${place.at}::timestamptz, ${place.id})` : sql`true`

/** A customer's own orders: what was placed or may be, and what became of it. */
export async function ordersOfCustomer(
  db: Executor,
  customerId: string,
  place: Place | null,
  limit: number,
): Promise<SummaryRow[]> {
  const { rows } = await sql<SummaryRow>`
    select ${summary} from orders o
    where o.customer_id = ${customerId} and o.state in ('awaiting_payment', 'placed', 'fulfilled', 'canceled')
      and ${after(place)}
    order by o.created_at desc, o.id desc limit ${limit}`.execute(db)
  return rows
}

/** How long staff are told of an order that was paid and could not be fulfilled; its time line says so for ever. */
const toldForDays = 14

/** Placed orders in the order of their ids here; others are missing. */
export async function placedOrders(db: Executor, ids: readonly string[]): Promise<SummaryRow[]> {
  const { rows } = await sql<SummaryRow>`
    select ${summary} from unnest(${ids}::text[]) with ordinality as given (id, n) join orders o on o.id = given.id
    where o.state = 'placed' order by given.n`.execute(db)
  return rows
}

/**
 * All orders for staff.
 * @param filter.words each is matched anywhere in number, e-mail address and name; lower case, three characters or more,
 *   since the index knows groups of three
 * @param filter.numbers order numbers to be matched whole, for words that are shorter; null for any
 */
export async function ordersForStaff(
  db: Reader,
  filter: {
    readonly words: readonly string[]
    readonly numbers: readonly string[] | null
    readonly state: OrderStatus | null
    /** Only those that were paid lately and never placed. */
    readonly paidInVain: boolean
  },
  place: Place | null,
  limit: number,
): Promise<SummaryRow[]> {
  const conditions = [after(place)]
  if (filter.state !== null) conditions.push(sql`o.state = ${filter.state}`)
  if (filter.paidInVain)
    conditions.push(
      sql`o.state = 'canceled' and o.placed_at is null and o.updated_at > now() - make_interval(days => ${toldForDays})`,
    )
  if (filter.numbers !== null) conditions.push(sql`o.number = any(${filter.numbers}::text[])`)
  if (filter.words.length > 0) {
    const matches = filter.words.map((word) => sql`s.words like ${`%${word.replace(/[\\%_]/g, '\\$&')}%`}`)
    conditions.push(sql`o.id in (select s.order_id from order_search s where ${sql.join(matches, sql` and `)})`)
  }
  const { rows } = await sql<SummaryRow>`
    select ${summary} from orders o where ${sql.join(conditions, sql` and `)}
    order by o.created_at desc, o.id desc limit ${limit}`.execute(db)
  return rows
}

export type HistoryRow = { readonly at: string; readonly kind: string; readonly detail: string; readonly by: string }

/** An order's time line, oldest first. */
export async function historyOf(db: Executor, orderId: string, limit: number): Promise<HistoryRow[]> {
  const { rows } = await sql<HistoryRow>`
    select at, kind, detail, by from order_history where order_id = ${orderId} order by id limit ${limit}`.execute(db)
  return rows
}
