import type { OrderStatus } from '#contracts/orders'
import { type Executor, sql } from '#kernel/database'

/** What an order's own rows say, summed up for comparison. Amounts in minor units. */
export type Judged = {
  readonly id: string
  readonly number: string
  readonly state: OrderStatus
  readonly version: number
  readonly settled: boolean
  /** Past the time limit, the provider's minutes and a minute for us. */
  readonly long_overdue: boolean
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
      (o.state = 'awaiting_payment' and o.expires_at < now() - interval '6 minutes') as long_overdue,
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

/** Lets the statements of a transaction take longer than those that somebody waits for. */
export async function allowTime(tx: Executor, timeoutMs: number): Promise<void> {
  await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(tx)
}

type Found = { readonly checked: number; readonly violations: string[] | null }

const found = (rows: readonly Found[]) => ({ checked: rows[0]?.checked ?? 0, violations: rows[0]?.violations ?? [] })

/** Orders that a checkout was answered with, and that are not there. */
export async function acknowledgedAndMissing(db: Executor, named: number) {
  const { rows } = await sql<Found>`
    with told as (
      select key, outcome->'value'->'order'->>'id' as order_id from idempotency_keys
      where scope like 'checkout %' and (outcome->>'ok')::boolean),
    bad as (select key, order_id from told where not exists (select 1 from orders o where o.id = order_id) limit ${named})
    select (select count(*) from told) as checked,
           (select array_agg('key ' || key || ' was answered with ' || coalesce(order_id, 'nothing')) from bad) as violations`.execute(
    db,
  )
  return found(rows)
}

export async function cartsWithTwoOrders(db: Executor, named: number) {
  const { rows } = await sql<Found>`
    with live as (
      select array_agg(number) as numbers from orders
      where state in ('placing', 'awaiting_payment', 'placed', 'fulfilled') group by cart_id),
    bad as (select numbers from live where cardinality(numbers) > 1 limit ${named})
    select (select count(*) from live) as checked,
           (select array_agg(array_to_string(numbers, ', ') || ' are live orders of one cart') from bad) as violations`.execute(
    db,
  )
  return found(rows)
}

/** Keys live a day: two orders of one key within it would be two results for one request. */
export async function keysWithTwoOrders(db: Executor, named: number) {
  const { rows } = await sql<Found>`
    with used as (
      select array_agg(number) as numbers, max(created_at) - min(created_at) as apart from orders
      where key is not null group by key_scope, key),
    bad as (select numbers from used where cardinality(numbers) > 1 and apart < interval '1 day' limit ${named})
    select (select count(*) from used) as checked,
           (select array_agg(array_to_string(numbers, ', ') || ' were made under one key') from bad) as violations`.execute(
    db,
  )
  return found(rows)
}
