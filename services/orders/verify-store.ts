import type { OrderStatus } from '#contracts/orders'
import { type Executor, sql } from '#kernel/database'
import type { Question } from '#kernel/verify'

/** What an order's own rows say, summed up for comparison. Amounts in minor units. */
export type Judged = {
  readonly id: string
  readonly number: string
  readonly state: OrderStatus
  readonly version: number
  readonly settled: boolean
  /** Not paid, and past the time limit by so many seconds; null for all others. */
  readonly overdue_seconds: number | null
  /** How long after its time limit an order that came to nothing was given up; null for all others. */
  readonly given_up_after_seconds: number | null
  readonly email: string
  readonly placed_at: string | null
  readonly tax_included: boolean
  readonly items: number
  readonly discount: number
  readonly shipping: number
  readonly tax: number
  readonly total: number
  readonly gift_card_amount: number
  readonly units: number
  readonly units_fulfilled: number
  readonly lines: number
  readonly line_units: number
  readonly line_fulfilled: number
  readonly line_items: number
  readonly line_discount: number
  readonly line_tax: number
  readonly line_total: number
  /** Of that, what the units that were sent cost, each line rounded as it was when they left. */
  readonly line_sent: number
  readonly tracked_units: number
  readonly discounts_sum: number
  readonly taxes_sum: number
  readonly gift_cards_sum: number
  readonly decided: boolean
}

/**
 * A page of orders by id. An order is settled when nobody drives it, nothing is open, and all its events have arrived.
 * @param after the last id of the page before, or an empty string
 */
export async function pageOfOrders(db: Executor, after: string, limit: number): Promise<Judged[]> {
  const { rows } = await sql<Judged>`
    with under_way as materialized (
      select e.subject from outbox_deliveries d join outbox e on e.id = d.event_id where d.delivered_at is null)
    select o.id, o.number, o.state, o.version, o.email, o.placed_at, o.tax_included,
      o.items, o.discount, o.shipping, o.tax, o.total, o.gift_card_amount, o.units, o.units_fulfilled,
      (o.lease_until <= now() and (o.settled_at is not null or o.state = 'fulfilled')
        and not exists (select 1 from under_way u where u.subject = o.id)) as settled,
      case when o.state in ('placing', 'awaiting_payment', 'expired') and o.expires_at < now()
        then extract(epoch from now() - o.expires_at)::float8 end as overdue_seconds,
      case when o.state in ('expired', 'declined') then (
        select extract(epoch from min(h.at) - o.expires_at)::float8 from order_history h
        where h.order_id = o.id and h.kind in ('expired', 'declined') having min(h.at) > o.expires_at)
      end as given_up_after_seconds,
      l.*,
      (select coalesce(sum((d->'amount'->>'amount')::bigint), 0)::bigint from jsonb_array_elements(o.discounts) d) as discounts_sum,
      (select coalesce(sum((t->'amount'->>'amount')::bigint), 0)::bigint from jsonb_array_elements(o.taxes) t) as taxes_sum,
      (select coalesce(sum((g->>'amount')::bigint), 0)::bigint from jsonb_array_elements(o.gift_cards) g) as gift_cards_sum,
      exists (select 1 from order_history h where h.order_id = o.id) as decided
    from orders o
    cross join lateral (
      select count(*) as lines, coalesce(sum(quantity), 0) as line_units, coalesce(sum(fulfilled), 0) as line_fulfilled,
        coalesce(sum(subtotal), 0)::bigint as line_items, coalesce(sum(discount), 0)::bigint as line_discount,
        coalesce(sum(tax), 0)::bigint as line_tax, coalesce(sum(total), 0)::bigint as line_total,
        coalesce(sum(round(total::numeric * fulfilled / quantity)), 0)::bigint as line_sent,
        coalesce(sum(quantity) filter (where tracked), 0) as tracked_units
      from order_lines where order_id = o.id) l
    where o.id > ${after} order by o.id limit ${limit}`.execute(db)
  return rows
}

/** Of orders that seemed wrong, those that are as they were when they seemed so. */
export async function unchanged(
  db: Executor,
  suspects: readonly { readonly id: string; readonly version: number }[],
): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select o.id from orders o
    join unnest(${suspects.map(({ id }) => id)}::text[], ${suspects.map(({ version }) => version)}::integer[]) as s (id, version)
      on s.id = o.id and s.version = o.version
    where o.lease_until <= now()`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

/** Of these ids, those that are no order's. */
export async function unknownOrders(db: Executor, orderIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select given.id from unnest(${orderIds}::text[]) as given (id)
    where not exists (select 1 from orders o where o.id = given.id)`.execute(db)
  return rows.map(({ id }) => id)
}

/** Orders that a checkout was answered with, and that are not there. */
export const acknowledgedAndMissing: Question = {
  all: sql`select count(*) from idempotency_keys where scope like 'checkout %' and outcome is not null`,
  wrong: sql`
    select 'key ' || key || ' was answered with ' || coalesce(answer->'value'->'order'->>'id', 'nothing') as said
    from (select key, (outcome #>> '{}')::jsonb as answer from idempotency_keys where scope like 'checkout %') as kept
    where (answer->>'ok')::boolean
      and not exists (select 1 from orders o where o.id = answer->'value'->'order'->>'id')`,
}

export const cartsWithTwoOrders: Question = {
  all: sql`select count(distinct cart_id) from orders where state in ('placing', 'awaiting_payment', 'placed', 'fulfilled')`,
  wrong: sql`
    select string_agg(number, ', ' order by number) || ' are live orders of one cart' as said from orders
    where state in ('placing', 'awaiting_payment', 'placed', 'fulfilled') group by cart_id having count(*) > 1`,
}

/** Keys live a day: two orders of one key within it would be two results for one request. */
export const keysWithTwoOrders: Question = {
  all: sql`select count(*) from orders where key is not null`,
  wrong: sql`
    select string_agg(number, ', ' order by number) || ' were made under one key' as said from orders
    where key is not null group by key_scope, key
    having count(*) > 1 and max(created_at) - min(created_at) < interval '1 day'`,
}
