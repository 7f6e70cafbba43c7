import type { OrderStatus } from '#contracts/orders'
import { type Database, type Executor, sql, type Transaction } from '#kernel/database'
import { keptHours } from '#kernel/idempotency'
import type { Draft } from './draft.ts'
import type { OrderRow, StoredOrder } from './order.ts'
import { canMove } from './order-state.ts'

/** A driver that is not done by then is taken for dead: longer than all its calls may take together. */
export const leaseSeconds = 25
/** How long a provider may leave us without an answer before an overdue order's stock goes back all the same. */
const graceMinutes = 5

const graceEnd = sql`(expires_at + make_interval(mins => ${graceMinutes}))`

/** An order that this process drives, until the lease ends or another takes it over. */
export type Leased = StoredOrder & {
  /** By this process' own clock (`performance.now`): no call on the order's behalf may last beyond it. */
  readonly leaseEndsAt: number
  /** By the database's clock: past its time limit, and past the time a provider has to answer after it. */
  readonly overdue: boolean
  readonly grace_over: boolean
}

// ---- Placing ----------------------------------------------------------------------------------------------------

/** The key of a request and where it belongs. */
export type Request = { readonly scope: string; readonly key: string; readonly print: string }

/** What is known of a checkout before it begins: under its key, and of its cart. */
export type Known = {
  readonly key: { readonly print: string; readonly outcome: unknown; readonly order_id: string | null } | null
  readonly live: { readonly id: string; readonly state: OrderStatus; readonly cart_version: number } | null
}

/** The same for many checkouts in one statement, in their order. */
export async function findCheckouts(
  db: Executor,
  asked: readonly { readonly request: Request; readonly cartId: string }[],
): Promise<Known[]> {
  const { rows } = await sql<{
    print: string | null
    outcome: unknown
    waiting_id: string | null
    live_id: string | null
    live_state: OrderStatus
    live_cart_version: number
  }>`
    select k.fingerprint as print, k.outcome, waiting.id as waiting_id,
           live.id as live_id, live.state as live_state, live.cart_version as live_cart_version
    from unnest(${asked.map(({ request }) => request.scope)}::text[], ${asked.map(({ request }) => request.key)}::text[],
                ${asked.map(({ cartId }) => cartId)}::text[]) with ordinality as asked (scope, key, cart_id, n)
    left join idempotency_keys k on k.scope = asked.scope and k.key = asked.key
      and k.created_at >= now() - make_interval(hours => ${keptHours})
    left join lateral (
      select id from orders where key_scope = asked.scope and key = asked.key and state = 'placing' limit 1) as waiting on true
    left join lateral (
      select id, state, cart_version from orders
      where cart_id = asked.cart_id and state in ('placing', 'awaiting_payment', 'placed', 'fulfilled') limit 1) as live on true
    order by n`.execute(db)
  return rows.map((row) => ({
    key: row.print ? { print: row.print, outcome: row.outcome, order_id: row.waiting_id } : null,
    live: row.live_id ? { id: row.live_id, state: row.live_state, cart_version: row.live_cart_version } : null,
  }))
}

/** An order to begin, and the request that waits for what becomes of it. */
export type Beginning = { readonly draft: Draft; readonly request: Request }

/**
 * Begins orders in one statement, each unless its cart has a live one; their drivers have the first lease. Carts are written in
 * their order, so that two copies that begin orders of the same carts meet in one order. @returns those that began, by id
 */
export async function insertOrders(
  tx: Transaction,
  beginnings: readonly Beginning[],
  { numberPrefix, timeLimitMinutes }: { readonly numberPrefix: string; readonly timeLimitMinutes: number },
): Promise<ReadonlyMap<string, Leased>> {
  const leaseEndsAt = performance.now() + leaseSeconds * 1_000
  const given = beginnings.map(({ draft, request }) => ({ ...draft, scope: request.scope, key: request.key }))
  const { rows } = await sql<OrderRow>`
    with draft as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as d (
        id text, "cartId" text, "cartVersion" integer, scope text, key text, "customerId" text, market text, currency text,
        "taxIncluded" boolean, email text, "shippingAddress" jsonb, "billingAddress" jsonb, "shippingMethod" jsonb,
        discounts jsonb, taxes jsonb, items bigint, discount bigint, shipping bigint, tax bigint, total bigint,
        "giftCards" jsonb, "giftCardAmount" bigint, units integer, lines jsonb, words text)),
    begun as (
      insert into orders (
        id, number, lease_until, look_at, expires_at, cart_id, cart_version, key_scope, key, customer_id, market, currency,
        tax_included, email, shipping_address, billing_address, shipping_method, discounts, taxes,
        items, discount, shipping, tax, total, gift_cards, gift_card_amount, units)
      select
        id, ${numberPrefix} || nextval('order_numbers'),
        now() + make_interval(secs => ${leaseSeconds}), now() + make_interval(secs => ${leaseSeconds}),
        now() + make_interval(mins => ${timeLimitMinutes}), "cartId", "cartVersion", scope, key, "customerId", market, currency,
        "taxIncluded", email, "shippingAddress", "billingAddress", "shippingMethod", discounts, taxes,
        items, discount, shipping, tax, total, "giftCards", "giftCardAmount", units
      from draft order by "cartId"
      on conflict (cart_id) where state in ('placing', 'awaiting_payment', 'placed', 'fulfilled') do nothing
      returning *),
    lines as (
      insert into order_lines (
        order_id, id, position, variant_id, product_id, handle, title, variant_title, sku, image_url, quantity,
        unit_price, subtotal, discount, tax, total, requires_shipping, tracked, backorder)
      select begun.id, l.id, l.position, l.variant_id, l.product_id, l.handle, l.title, l.variant_title, l.sku, l.image_url,
             l.quantity, l.unit_price, l.subtotal, l.discount, l.tax, l.total, l.requires_shipping, l.tracked, l.backorder
      from begun join draft using (id) cross join lateral rows from (jsonb_to_recordset(draft.lines) as (
        id text, variant_id text, product_id text, handle text, title text, variant_title text, sku text, image_url text,
        quantity integer, unit_price bigint, subtotal bigint, discount bigint, tax bigint, total bigint,
        requires_shipping boolean, tracked boolean, backorder boolean))
        with ordinality as l (
          id, variant_id, product_id, handle, title, variant_title, sku, image_url, quantity, unit_price, subtotal, discount,
          tax, total, requires_shipping, tracked, backorder, position)),
    searched as (
      insert into order_search (order_id, words)
      select id, lower(number) || ' ' || draft.words from begun join draft using (id))
    select * from begun`.execute(tx)
  const linesOf = new Map(beginnings.map(({ draft: { id, lines } }) => [id, lines]))
  return new Map(
    rows.map((row) => {
      const lines = (linesOf.get(row.id) ?? []).map((line) => ({ ...line, fulfilled: 0 }))
      return [row.id, { ...row, lines, fulfillments: [], leaseEndsAt, overdue: false, grace_over: false }]
    }),
  )
}

// ---- Driving ----------------------------------------------------------------------------------------------------

const whole = sql`o.*,
  expires_at <= now() as overdue, ${graceEnd} <= now() as grace_over,
  (select coalesce(jsonb_agg(to_jsonb(l) order by l.position), '[]') from order_lines l where l.order_id = o.id) as lines,
  (select coalesce(jsonb_agg(to_jsonb(f) order by f.created_at), '[]') from fulfillments f where f.order_id = o.id) as fulfillments`

export async function readOrder(db: Executor, id: string): Promise<StoredOrder | null> {
  const [order] = await readOrders(db, [id])
  return order ?? null
}

export async function readOrders(db: Executor, ids: readonly string[]): Promise<StoredOrder[]> {
  const { rows } = await sql<StoredOrder>`select ${whole} from orders o where id = any(${ids}::text[])`.execute(db)
  return rows
}

/** Takes an order over, if nobody drives it. The higher lease is what every write of this driver asks for. */
export async function takeOver(db: Database, id: string): Promise<Leased | null> {
  const leaseEndsAt = performance.now() + leaseSeconds * 1_000
  const { rows } = await sql`
    update orders set lease = lease + 1, lease_until = now() + make_interval(secs => ${leaseSeconds}),
      look_at = now() + make_interval(secs => ${leaseSeconds})
    where id = ${id} and lease_until <= now() returning id`.execute(db)
  if (rows.length === 0) return null
  return readLeased(db, id, leaseEndsAt)
}

/** Takes over orders that nobody drives and that have to be looked after. Copies that do so at once get different ones. */
export async function takeOverDue(db: Database, limit: number): Promise<Leased[]> {
  const leaseEndsAt = performance.now() + leaseSeconds * 1_000
  const { rows } = await sql<{ id: string }>`
    with due as (
      select id from orders where look_at <= now() and lease_until <= now()
      order by look_at limit ${limit} for update skip locked)
    update orders o set lease = lease + 1, lease_until = now() + make_interval(secs => ${leaseSeconds}),
      look_at = now() + make_interval(secs => ${leaseSeconds})
    from due where o.id = due.id returning o.id`.execute(db)
  if (rows.length === 0) return []
  const orders = (await readOrders(
    db,
    rows.map(({ id }) => id),
  )) as Leased[]
  return orders.map((order) => ({ ...order, leaseEndsAt }))
}

async function readLeased(db: Executor, id: string, leaseEndsAt: number): Promise<Leased> {
  const order = (await readOrder(db, id)) as Leased | null
  if (!order) throw new Error(`orders: ${id} was taken over and is gone`)
  return { ...order, leaseEndsAt }
}

export type Move = {
  readonly to: OrderStatus
  readonly history: { readonly kind: string; readonly detail: string; readonly by: string }
  readonly reason?: string
  readonly paymentStatus?: OrderRow['payment_status']
  /** Until when its payment may take, if that is longer than the shop's limit. */
  readonly payableUntil?: string | null
  /** Whether the driver goes on: something follows from the new state. Else the lease ends with the move. */
  readonly goesOn: boolean
}

/** Moves an order that this process drives. @returns the order as it is now, or null when another took it over: see `moveAll` */
export async function move(tx: Transaction, order: Leased, change: Move): Promise<Leased | null> {
  return (await moveAll(tx, [{ order, change }])).get(order.id) ?? null
}

/**
 * Moves orders that this process drives, each at most once, in one statement. Rows are locked by id, as news of payments lock them.
 * @returns by id the orders as they are now, without those that another took over: then nothing of what their driver thinks may
 *   be true any more
 */
export async function moveAll(
  tx: Transaction,
  moves: readonly { readonly order: Leased; readonly change: Move }[],
): Promise<ReadonlyMap<string, Leased>> {
  const given = moves.map(({ order, change: { to, history, ...change } }) => {
    if (!canMove(order.state, to)) throw new Error(`orders: ${order.id} cannot go from ${order.state} to ${to}`)
    return {
      id: order.id,
      was: order.state,
      its_lease: order.lease,
      seen: order.payment_version,
      to,
      ...history,
      ...change,
    }
  })
  const { rows } = await sql<OrderRow>`
    with given as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as g (
        id text, was text, its_lease bigint, seen integer, "to" text, kind text, detail text, by text, reason text,
        "paymentStatus" text, "payableUntil" timestamptz, "goesOn" boolean)),
    driven as (
      select g.id from (select * from given order by id) g
      cross join lateral (select state, lease from orders o where o.id = g.id limit 1 for update) as o
      where o.state = g.was and o.lease = g.its_lease),
    moved as (
      update orders o set state = g."to", version = o.version + 1, updated_at = now(),
        reason = coalesce(g.reason, o.reason),
        payment_status = coalesce(g."paymentStatus", o.payment_status),
        expires_at = greatest(o.expires_at, g."payableUntil"),
        placed_at = case when g."to" = 'placed' then now() else o.placed_at end,
        settled_at = case when g."to" = 'placed' then now() end,
        lease_until = case when g."goesOn" then o.lease_until else now() end,
        look_at = case when g."goesOn" then o.lease_until
                       when g."to" = 'awaiting_payment' and o.payment_version > g.seen then now()
                       when g."to" = 'awaiting_payment' then greatest(o.expires_at, g."payableUntil") end,
        looks = 0
      from given g join driven using (id)
      where o.id = any (array[g.id])
      returning o.*),
    told as (
      insert into order_history (order_id, kind, detail, by)
      select id, g.kind, g.detail, g.by from moved join given g using (id) order by id)
    select * from moved`.execute(tx)
  const orders = new Map(moves.map(({ order }) => [order.id, order]))
  return new Map(rows.map((row) => [row.id, { ...(orders.get(row.id) as Leased), ...row }]))
}

/** Lets go of the order's key, so that the same request may be made again. */
export async function freeKey(tx: Transaction, order: Leased): Promise<void> {
  await sql`update orders set key = null, key_scope = null where id = ${order.id}`.execute(tx)
}

/**
 * Ends a driver's work for now. News of the payment that came since it took the order over may be newer than what it knows:
 * then somebody has to look at once. So they have when the time is over in which an unpaid order keeps its stock.
 * @param lookInSeconds when somebody has to look again; null: when the time limit ends
 */
export async function rest(db: Executor, order: Leased, lookInSeconds: number | null): Promise<void> {
  await sql`
    update orders set lease_until = now(), looks = ${lookInSeconds === null ? 0 : order.looks + 1},
      look_at = case when state = 'awaiting_payment' and payment_version > ${order.payment_version} then now()
                     when ${lookInSeconds}::float8 is not null then
                       least(now() + make_interval(secs => ${lookInSeconds}::float8),
                             case when state = 'awaiting_payment' and not ${order.grace_over} then ${graceEnd} end)
                     when state = 'awaiting_payment' then expires_at end
    where id = ${order.id} and lease = ${order.lease}`.execute(db)
}

/** All that follows from the order's state is done: stock, coupons and money went back. */
export async function markSettled(db: Executor, order: Leased): Promise<void> {
  await sql`
    update orders set settled_at = now(), lease_until = now(), look_at = null, looks = 0
    where id = ${order.id} and state = ${order.state} and lease = ${order.lease}`.execute(db)
}

// ---- What payments tell -----------------------------------------------------------------------------------------

export type PaymentNews = {
  readonly orderId: string
  readonly status: string
  readonly sequence: number
  /** Minor units; below zero when they came back. */
  readonly refunded: number
  /** Whether it says that money is there. */
  readonly isMoney: boolean
  readonly history: { readonly kind: string; readonly detail: string; readonly by: string }
}

/**
 * Notes what became of orders' money, at most one news an order, in one statement. News may come in any order: the newest says how
 * the payment stands. An order that waits for them, or that should hold no money any more, is due at once.
 */
export async function notePayments(
  tx: Transaction,
  news: readonly PaymentNews[],
): Promise<ReadonlyMap<string, OrderRow & { due: boolean }>> {
  const given = news.map(({ orderId, history, ...one }) => ({ order_id: orderId, ...one, ...history }))
  const due = sql`(o.state = 'awaiting_payment' or (o.state in ('expired', 'canceled') and o.settled_at is null)
                   or (n."isMoney" and o.state in ('declined', 'expired')))`
  const { rows } = await sql<OrderRow & { due: boolean }>`
    with news as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as n (
        order_id text, status text, sequence integer, refunded bigint, "isMoney" boolean, kind text, detail text, by text)),
    told_of as (
      select o.id from (select order_id from news order by order_id) n
      cross join lateral (select id from orders o where o.id = n.order_id limit 1 for update) as o),
    noted as (
      update orders o set
        payment_status = case when o.payment_version < n.sequence then n.status else o.payment_status end,
        payment_version = greatest(o.payment_version, n.sequence),
        refunded = o.refunded + n.refunded,
        version = o.version + 1, updated_at = now(),
        look_at = case when ${due} then least(o.look_at, now()) else o.look_at end
      from news n join told_of on told_of.id = n.order_id
      where o.id = any (array[n.order_id])
      returning o.*, ${due} as due),
    told as (
      insert into order_history (order_id, kind, detail, by)
      select id, n.kind, n.detail, n.by from noted join news n on n.order_id = noted.id order by id)
    select * from noted`.execute(tx)
  return new Map(rows.map((row) => [row.id, row]))
}

// ---- What staff do ----------------------------------------------------------------------------------------------

export type NewFulfillment = {
  readonly id: string
  readonly lines: readonly { readonly lineId: string; readonly quantity: number }[]
  readonly carrier: string | null
  readonly trackingNumber: string | null
  readonly by: string
  readonly detail: string
}

/**
 * Counts units as sent, if the order is placed and each line still has as many. The order's row is locked first, so that of
 * two who send the same unit, or one who sends and one who cancels, the second finds it done.
 */
export async function insertFulfillment(
  tx: Transaction,
  orderId: string,
  { lines, ...fulfillment }: NewFulfillment,
): Promise<OrderRow | null> {
  const units = lines.reduce((sum, { quantity }) => sum + quantity, 0)
  const { rows } = await sql<OrderRow>`
    update orders set units_fulfilled = units_fulfilled + ${units}, version = version + 1, updated_at = now(),
      state = case when units_fulfilled + ${units} = units then 'fulfilled' else state end
    where id = ${orderId} and state = 'placed' and units_fulfilled + ${units} <= units
    returning *`.execute(tx)
  const order = rows[0]
  if (!order) return null
  const { rows: sent } = await sql`
    with sending as (
      select * from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) as l ("lineId" text, quantity integer))
    update order_lines l set fulfilled = l.fulfilled + sending.quantity from sending
    where l.order_id = ${orderId} and l.id = sending."lineId" and l.fulfilled + sending.quantity <= l.quantity
    returning l.id`.execute(tx)
  if (sent.length !== lines.length) return null
  const { rows: told } = await sql`
    with sent as (
      insert into fulfillments (id, order_id, lines, carrier, tracking_number, by)
      values (${fulfillment.id}, ${orderId}, ${JSON.stringify(lines)}::jsonb, ${fulfillment.carrier},
              ${fulfillment.trackingNumber}, ${fulfillment.by})
      on conflict (id) do nothing returning order_id)
    insert into order_history (order_id, kind, detail, by)
    select order_id, 'fulfilled', ${fulfillment.detail}, ${fulfillment.by} from sent returning id`.execute(tx)
  return told.length === 1 ? order : null
}

/** Notes what staff did beside the order's own changes. */
export async function insertNote(
  db: Executor,
  orderId: string,
  { kind, detail, by }: { readonly kind: string; readonly detail: string; readonly by: string },
): Promise<void> {
  await sql`insert into order_history (order_id, kind, detail, by) values (${orderId}, ${kind}, ${detail}, ${by})`.execute(
    db,
  )
}

/** Cancels a placed order of which nothing has left. What follows is done by whoever drives it next. */
export async function insertCancellation(
  tx: Transaction,
  orderId: string,
  { reason, by }: { readonly reason: string; readonly by: string },
): Promise<OrderRow | null> {
  const { rows } = await sql<OrderRow>`
    with canceled as (
      update orders set state = 'canceled', version = version + 1, updated_at = now(), reason = ${reason},
        settled_at = null, look_at = now(), looks = 0
      where id = ${orderId} and state = 'placed' and units_fulfilled = 0
      returning *),
    told as (
      insert into order_history (order_id, kind, detail, by) select id, 'canceled', ${reason}, ${by} from canceled)
    select * from canceled`.execute(tx)
  return rows[0] ?? null
}
