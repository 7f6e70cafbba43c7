import { type Database, type Executor, later, sql, type Transaction } from '#kernel/database'
import type { Address } from '#kernel/fields'
import { gather } from '#kernel/gather'

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
export async function selectCarts(db: Executor, ids: readonly string[]): Promise<StoredCart[]> {
  const { rows } = await sql<StoredCart>`
    select id, market, lines, removed_lines as "removedLines", email, shipping_address as "shippingAddress",
           billing_address as "billingAddress", shipping_method as "shippingMethod", coupon_codes as "couponCodes",
           gift_cards as "giftCards", customer_id as "customerId", order_id as "orderId", version, updated_at as "updatedAt"
    from carts where id = any(${ids}::text[])`.execute(db)
  return rows
}

export async function selectCart(db: Executor, id: string): Promise<StoredCart | null> {
  const [cart] = await selectCarts(db, [id])
  return cart ?? null
}

const json = (value: unknown) => (value === null ? null : JSON.stringify(value))

/** Writes new carts in one statement. @returns what the database gave each, in their order */
export async function insertCarts(db: Executor, carts: readonly StoredCart[]): Promise<Saved[]> {
  const { rows } = await sql<Saved & { id: string }>`
    insert into carts (id, market, lines, email, shipping_address, billing_address, shipping_method, coupon_codes,
                       gift_cards, customer_id)
    select id, market, lines, email, "shippingAddress", "billingAddress", "shippingMethod", "couponCodes", "giftCards",
           "customerId"
    from jsonb_to_recordset(${JSON.stringify(carts)}::jsonb) as given (
      id text, market text, lines jsonb, email text, "shippingAddress" jsonb, "billingAddress" jsonb,
      "shippingMethod" text, "couponCodes" text[], "giftCards" jsonb, "customerId" text)
    returning id, version, updated_at as "updatedAt"`.execute(db)
  const saved = new Map(rows.map(({ id, ...one }) => [id, one]))
  return carts.flatMap(({ id }) => saved.get(id) ?? [])
}

/** A cart's statements that many shoppers need at the same moment: those of all of them are one. */
export type Carts = {
  readonly read: (id: string) => Promise<StoredCart | null>
  readonly insert: (cart: StoredCart) => Promise<Saved>
}

/** A statement of so many takes a few milliseconds; more that wait would wait for longer than a shopper does. */
const limits = { service: 'cart', batchAtMost: 100, queueAtMost: 5_000 }

export function gatheredCarts(db: Database): Carts {
  const read = gather<string, StoredCart | null>({
    ...limits,
    what: 'read a cart',
    run: async (ids) => {
      const carts = new Map((await selectCarts(db, ids)).map((cart) => [cart.id, cart]))
      return ids.map((id) => carts.get(id) ?? null)
    },
  })
  return {
    read: async (id) => (cartId.test(id) ? read(id) : null),
    insert: gather<StoredCart, Saved>({ ...limits, what: 'start a cart', run: (carts) => insertCarts(db, carts) }),
  }
}

/** Writes a cart over the version it was made from. @returns null when it has another version now, or became an order */
export async function updateCart(db: Executor, cart: StoredCart): Promise<Saved | null> {
  const { rows } = await sql<Saved>`
    update carts set lines = ${json(cart.lines)}::jsonb, removed_lines = ${[...cart.removedLines]}::text[],
      email = ${cart.email}, shipping_address = ${json(cart.shippingAddress)}::jsonb,
      billing_address = ${json(cart.billingAddress)}::jsonb, shipping_method = ${cart.shippingMethod},
      coupon_codes = ${[...cart.couponCodes]}::text[], gift_cards = ${json(cart.giftCards)}::jsonb, customer_id = ${cart.customerId},
      version = version + 1, updated_at = now()
    where id = ${cart.id} and version = ${cart.version} and order_id is null
    returning version, updated_at as "updatedAt"`.execute(db)
  return rows[0] ?? null
}

/** Notes which orders carts became, the first one of each, and forgets what is personal. Carts are locked by id. */
export async function markOrdered(
  tx: Transaction,
  orders: readonly { readonly cartId: string; readonly orderId: string }[],
): Promise<void> {
  const marked = sql`
    with placed as (
      select distinct on (c.id) c.id, p.order_id
      from unnest(${orders.map((one) => one.cartId)}::text[], ${orders.map(({ orderId }) => orderId)}::text[])
           as p (cart_id, order_id)
      join carts c on c.id = p.cart_id where c.order_id is null),
    locked as (select id from carts where id in (select id from placed) order by id for update)
    update carts c set order_id = placed.order_id, email = null, shipping_address = null, billing_address = null,
      shipping_method = null, gift_cards = '[]', customer_id = null, updated_at = now()
    from placed join locked using (id) where c.id = placed.id and c.order_id is null`
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
