import { type Database, type Executor, later, sql, type Transaction } from '#kernel/database'
import type { Address } from '#kernel/fields'
import { gather } from '#kernel/gather'
import { gatheredEffect } from '#kernel/idempotency'

/** A line as it is kept: what the shopper chose, and what to call it should the catalog forget it. */
export type StoredLine = {
  readonly id: string
  readonly variantId: string
  readonly quantity: number
  readonly productId: string
  readonly handle: string
  readonly title: string
}

/** A cart as it is kept: no price and no stock, which are asked for anew each time. */
export type StoredCart = {
  readonly id: string
  readonly market: string
  readonly lines: readonly StoredLine[]
  readonly removedLines: readonly string[]
  readonly email: string | null
  readonly shippingAddress: Address | null
  readonly billingAddress: Address | null
  readonly shippingMethod: string | null
  readonly couponCodes: readonly string[]
  readonly giftCards: readonly StoredGiftCard[]
  readonly customerId: string | null
  readonly orderId: string | null
  readonly version: number
  readonly updatedAt: string
}

/** A gift card that shall pay. */
export type StoredGiftCard = { readonly id: string; readonly last4: string }

type Saved = Pick<StoredCart, 'version' | 'updatedAt'>

/** Any other text is the id of no cart, and some of it none that PostgreSQL can look up. */
const cartId = /^cart_[0-7][0-9a-hjkmnp-tv-z]{25}$/

/** Carts by id, in one statement; those that are not there are left out. */
async function selectCarts(db: Executor, ids: readonly string[]): Promise<StoredCart[]> {
  const { rows } = await sql<StoredCart>`
    select id, market, lines, removed_lines as "removedLines", email, shipping_address as "shippingAddress",
           billing_address as "billingAddress", shipping_method as "shippingMethod", coupon_codes as "couponCodes",
           gift_cards as "giftCards", customer_id as "customerId", order_id as "orderId", version, updated_at as "updatedAt"
    from carts where id = any(${ids}::text[])`.execute(db)
  return rows
}

/** Carts as a statement reads them. */
const given = (carts: readonly StoredCart[]) => sql`
  jsonb_to_recordset(${JSON.stringify(carts)}::jsonb) as given (
    id text, version integer, market text, lines jsonb, "removedLines" text[], email text, "shippingAddress" jsonb,
    "billingAddress" jsonb, "shippingMethod" text, "couponCodes" text[], "giftCards" jsonb, "customerId" text)`

/** Writes new carts in one statement. @returns what the database gave each, in their order */
async function insertCarts(db: Executor, carts: readonly StoredCart[]): Promise<(Saved | null)[]> {
  const { rows } = await sql<Saved & { id: string }>`
    insert into carts (id, market, lines, email, shipping_address, billing_address, shipping_method, coupon_codes,
                       gift_cards, customer_id)
    select id, market, lines, email, "shippingAddress", "billingAddress", "shippingMethod", "couponCodes", "giftCards",
           "customerId"
    from ${given(carts)}
    returning id, version, updated_at as "updatedAt"`.execute(db)
  const saved = new Map(rows.map(({ id, ...one }) => [id, one]))
  return carts.map(({ id }) => saved.get(id) ?? null)
}

/** A statement of so many takes a few milliseconds; more that wait would wait for longer than a shopper does. */
const limits = { batchAtMost: 100, queueAtMost: 5_000 }

/** A cart's statements that many shoppers need at the same moment: those of all of them are one. */
export const gatheredCarts = (db: Database) => {
  const read = gather<string, StoredCart | null>({
    ...limits,
    service: 'cart',
    what: 'read a cart',
    run: async (ids) => {
      const carts = new Map((await selectCarts(db, ids)).map((cart) => [cart.id, cart]))
      return ids.map((id) => carts.get(id) ?? null)
    },
  })
  return {
    read: async (id: string) => (cartId.test(id) ? read(id) : null),
    insert: gatheredEffect<StoredCart, Saved>(db, { ...limits, what: 'start a cart', write: insertCarts }),
    update: gatheredEffect<StoredCart, Saved>(db, {
      ...limits,
      what: 'change a cart',
      idOf: ({ id }) => id,
      write: updateCarts,
    }),
  }
}
export type Carts = ReturnType<typeof gatheredCarts>

/** Writes carts, each over the version it was made from, locked by id. @returns for each null when it has another now, or became an order */
async function updateCarts(db: Executor, carts: readonly StoredCart[]): Promise<(Saved | null)[]> {
  const { rows } = await sql<Saved & { id: string }>`
    with given as materialized (select * from ${given(carts)}),
    locked as (
      select g.id from (select * from given order by id) g
      cross join lateral (select version, order_id from carts c where c.id = g.id limit 1 for update) as c
      where c.version = g.version and c.order_id is null)
    update carts c set lines = g.lines, removed_lines = g."removedLines", email = g.email, shipping_address = g."shippingAddress",
      billing_address = g."billingAddress", shipping_method = g."shippingMethod", coupon_codes = g."couponCodes",
      gift_cards = g."giftCards", customer_id = g."customerId", version = c.version + 1, updated_at = now()
    from locked join given g using (id)
    where c.id = any (array[locked.id])
    returning c.id, c.version, c.updated_at as "updatedAt"`.execute(db)
  const saved = new Map(rows.map(({ id, ...one }) => [id, one]))
  return carts.map(({ id }) => saved.get(id) ?? null)
}

/** Notes which orders carts became, the first one of each, and forgets what is personal. Carts are locked by id. */
export async function markOrdered(
  tx: Transaction,
  orders: readonly { readonly cartId: string; readonly orderId: string }[],
): Promise<void> {
  const marked = sql`
    with placed as (
      select distinct on (cart_id) cart_id as id, order_id
      from unnest(${orders.map((one) => one.cartId)}::text[], ${orders.map(({ orderId }) => orderId)}::text[])
           with ordinality as p (cart_id, order_id, n) order by cart_id, n),
    locked as (
      select placed.id from placed
      cross join lateral (select order_id from carts c where c.id = placed.id limit 1 for update) as c where c.order_id is null)
    update carts c set order_id = placed.order_id, email = null, shipping_address = null, billing_address = null,
      shipping_method = null, gift_cards = '[]', customer_id = null, updated_at = now()
    from placed join locked using (id) where c.id = any (array[placed.id])`
  await later(tx, marked)
}

export type AbandonedCart = {
  readonly rowId: string
  readonly market: string
  readonly lines: number
  readonly version: number
}

/** Marks carts that nobody touched for a day though they have goods and an e-mail address; each once in its life. */
export async function markAbandoned(tx: Transaction, limit: number): Promise<AbandonedCart[]> {
  const { rows } = await sql<AbandonedCart>`
    with left_alone as (
      select id from carts
      where order_id is null and abandoned_at is null and email is not null
        and created_at < now() - interval '1 day' and updated_at < now() - interval '1 day'
        and jsonb_array_length(lines) > 0
      order by created_at limit ${limit}
      for update skip locked)
    update carts c set abandoned_at = now() from left_alone where c.id = left_alone.id
    returning c.row_id as "rowId", c.market, jsonb_array_length(c.lines) as lines, c.version`.execute(tx)
  return rows
}

/** Deletes carts that nobody touched for 30 days and that never became orders. @returns how many */
export async function deleteLeft(db: Executor, limit: number): Promise<number> {
  const { rows } = await sql`
    delete from carts where id in (
      select id from carts
      where order_id is null and created_at < now() - interval '30 days' and updated_at < now() - interval '30 days'
      order by created_at limit ${limit}
      for update skip locked)
    returning id`.execute(db)
  return rows.length
}
