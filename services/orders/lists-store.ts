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

/** Which orders staff ask for, whatever words they have. */
export type Choice = {
  readonly state: OrderStatus | null
  /** Only those that were paid lately and never placed. */
  readonly paidInVain: boolean
}

function chosen({ state, paidInVain }: Choice) {
  const conditions = [sql`true`]
  if (state !== null) conditions.push(sql`o.state = ${state}`)
  if (paidInVain)
    conditions.push(
      sql`o.state = 'canceled' and o.placed_at is null and o.updated_at > now() - make_interval(days => ${toldForDays})`,
    )
  return sql.join(conditions, sql` and `)
}

/**
 * All orders for staff.
 * @param words each is matched anywhere in number, e-mail address and name; lower case, three characters or more, since the index
 *   knows groups of three
 */
export async function ordersForStaff(
  db: Reader,
  words: readonly string[],
  choice: Choice,
  place: Place | null,
  limit: number,
): Promise<SummaryRow[]> {
  const conditions = [after(place), chosen(choice)]
  if (words.length > 0) {
    const matches = words.map((word) => sql`s.words like ${`%${word.replace(/[\\%_]/g, '\\$&')}%`}`)
    conditions.push(sql`o.id in (select s.order_id from order_search s where ${sql.join(matches, sql` and `)})`)
  }
  const { rows } = await sql<SummaryRow>`
    select ${summary} from orders o where ${sql.join(conditions, sql` and `)}
    order by o.created_at desc, o.id desc limit ${limit}`.execute(db)
  return rows
}

/** The newest orders of a word that are looked at, to see which of several words is rare: enough to tell one in ten from one in two. */
const comparedAtMost = 50

/** Orders of a choice that are few enough to ask each for its words: most open orders of a shop, and some milliseconds. */
const fewAtMost = 2_000

type Part = ReturnType<typeof sql>

/**
 * Where `word` may stand, each place with an index: the number with and without what stands before it, the address, the first six words
 * of names. One that stands farther back is found as a part.
 */
function placesOf(word: Part, numberPrefix: string): readonly Part[] {
  const ofNames = [3, 4, 5, 6, 7, 8].map((n) => {
    const at = sql.raw(`split_part(words, ' ', ${n})`)
    // Most names are shorter, and their empty places are in no index.
    return sql`${at} = ${word} and ${at} <> ''`
  })
  return [
    sql`split_part(words, ' ', 1) = ${word}`,
    sql`split_part(words, ' ', 1) = ${numberPrefix}::text || ${word}`,
    sql`split_part(words, ' ', 2) = ${word}`,
    ...ofNames,
  ]
}

/**
 * Orders that have each of `words` whole, newest first by the time that their ids begin with. Every place where a word may stand tells
 * its newest, so that a word which many have costs what one costs that few have, also where only old orders have it. Of several words
 * it is the one whose newest orders go back the farthest that leads; the others are looked for in its orders.
 * @param words one or more, lower case, of any length
 */
export async function ordersWithWords(
  db: Reader,
  words: readonly string[],
  numberPrefix: string,
  choice: Choice,
  place: Place | null,
  limit: number,
): Promise<SummaryRow[]> {
  const before = place ? sql`order_id < ${place.id}` : sql`true`
  /** The newest that fulfill `condition`, which may ask for `order_id` and `words`. */
  const newestOf = (word: Part, condition: Part, atMost: number): Part => {
    const found = placesOf(word, numberPrefix).map(
      (stands) => sql`(
        select order_id from order_search where ${stands} and ${before} and ${condition}
        order by order_id desc limit ${atMost})`,
    )
    return sql`(select order_id from (${sql.join(found, sql` union `)}) as found order by order_id desc limit ${atMost})`
  }
  const everyWord = sql.join(
    words.map(
      (word) => sql`string_to_array(words, ' ') && array[${word}::text, ${numberPrefix}::text || ${word}::text]`,
    ),
    sql` and `,
  )
  const isNarrow = choice.state !== null || choice.paidInVain
  const few = isNarrow
    ? sql`
      select case when count(*) <= ${fewAtMost} then coalesce(array_agg(id), '{}') end as ids
      from (select o.id from orders o where ${chosen(choice)} limit ${fewAtMost + 1}) as some_orders`
    : sql`select null::text[] as ids`
  // A word that only old orders have is not looked for in all of them where those that staff chose are few and new.
  const fits = sql`(select ids from few) is null and ${everyWord}
    and (select ${chosen(choice)} from orders o where o.id = order_id)`
  const { rows } = await sql<SummaryRow>`
    with few as materialized (${few}),
    rarest as materialized (
      select given.word from unnest(${words}::text[]) as given (word)
      cross join lateral (
        select case when count(*) = ${comparedAtMost} then min(order_id) else '' end as back_to
        from ${newestOf(sql`given.word`, sql`true`, comparedAtMost)} as newest) as compared
      order by back_to limit 1)
    select ${summary} from orders o
    where o.id = any(array(
      select order_id from order_search where order_id = any((select ids from few)::text[]) and ${before} and ${everyWord}
      union ${newestOf(sql`(select word from rarest)`, fits, limit)}
      order by order_id desc limit ${limit}))
    order by o.id desc`.execute(db)
  return rows
}

export type HistoryRow = { readonly at: string; readonly kind: string; readonly detail: string; readonly by: string }

/** An order's time line, oldest first. */
export async function historyOf(db: Executor, orderId: string, limit: number): Promise<HistoryRow[]> {
  const { rows } = await sql<HistoryRow>`
    select at, kind, detail, by from order_history where order_id = ${orderId} order by id limit ${limit}`.execute(db)
  return rows
}
