import { type Database, type Executor, sql, type Transaction } from '#kernel/database'
import type { Question } from '#kernel/verify'
import type { Candidate } from './discounts.ts'

// ---- Prices ---------------------------------------------------------------------------------------------------------

export type PriceRow = {
  readonly variantId: string
  readonly market: string
  readonly currency: string
  readonly amount: number
  readonly compareAtAmount: number | null
}

/** The prices of variants in every market. */
export async function selectPrices(db: Database, variantIds: readonly string[]): Promise<PriceRow[]> {
  const { rows } = await sql<PriceRow>`
    select variant_id as "variantId", market, currency, amount, compare_at_amount as "compareAtAmount"
    from prices where variant_id = any(${[...variantIds]}::text[]) order by variant_id, market`.execute(db)
  return rows
}

/** The prices of variants in one market, in its currency. */
export async function selectPricesIn(
  db: Database,
  market: { readonly code: string; readonly currency: string },
  variantIds: readonly string[],
): Promise<PriceRow[]> {
  const { rows } = await sql<PriceRow>`
    select variant_id as "variantId", market, currency, amount, compare_at_amount as "compareAtAmount"
    from prices
    where variant_id = any(${[...variantIds]}::text[]) and market = ${market.code} and currency = ${market.currency}
    order by variant_id`.execute(db)
  return rows
}

/** A price as it shall be; a null amount means none. No two of a list are for the same variant and market. */
export type WantedPrice = Omit<PriceRow, 'amount'> & { readonly productId: string; readonly amount: number | null }

const wanted = (prices: readonly WantedPrice[]) => sql`
  unnest(${prices.map((one) => one.productId)}::text[], ${prices.map((one) => one.variantId)}::text[],
         ${prices.map((one) => one.market)}::text[], ${prices.map((one) => one.currency)}::text[],
         ${prices.map((one) => one.amount)}::bigint[], ${prices.map((one) => one.compareAtAmount)}::bigint[])`

/** Which of the wanted prices differ from those there are. */
export async function differingPrices(db: Executor, prices: readonly WantedPrice[]): Promise<WantedPrice[]> {
  const { rows } = await sql<WantedPrice>`
    select w.product_id as "productId", variant_id as "variantId", market, w.currency, w.amount,
           w.compare_at_amount as "compareAtAmount"
    from ${wanted(prices)} as w (product_id, variant_id, market, currency, amount, compare_at_amount)
    left join prices p using (variant_id, market)
    where case when w.amount is null then p.amount is not null
          else (p.product_id, p.currency, p.amount, p.compare_at_amount)
               is distinct from (w.product_id, w.currency, w.amount, w.compare_at_amount) end`.execute(db)
  return rows
}

/** The number of each product's next price change. Whoever has them is alone with these products' prices until the commit. */
export async function nextPriceSequences(
  tx: Transaction,
  productIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ productId: string; sequence: number }>`
    insert into price_sequences as s (product_id, sequence)
    select product_id, 1 from unnest(${[...productIds]}::text[]) as product_id order by product_id
    on conflict (product_id) do update set sequence = s.sequence + 1
    returning product_id as "productId", sequence`.execute(tx)
  return new Map(rows.map(({ productId, sequence }) => [productId, sequence]))
}

/** Sets and removes prices, and notes each in the history under the number of its product's change. */
export async function writePrices(
  tx: Transaction,
  prices: readonly (WantedPrice & { readonly sequence: number })[],
): Promise<void> {
  await sql`
    with wanted as (
      select * from rows from (${wanted(prices)}, unnest(${prices.map((one) => one.sequence)}::bigint[]))
        as w (product_id, variant_id, market, currency, amount, compare_at_amount, sequence)),
    removed as (
      delete from prices p using wanted w
      where w.amount is null and p.variant_id = w.variant_id and p.market = w.market),
    put as (
      insert into prices (variant_id, market, product_id, currency, amount, compare_at_amount)
      select variant_id, market, product_id, currency, amount, compare_at_amount from wanted
      where amount is not null order by variant_id, market
      on conflict (variant_id, market) do update set product_id = excluded.product_id, currency = excluded.currency,
        amount = excluded.amount, compare_at_amount = excluded.compare_at_amount)
    insert into price_history (variant_id, market, sequence, product_id, currency, amount, compare_at_amount)
    select variant_id, market, sequence, product_id, currency, amount, compare_at_amount from wanted`.execute(tx)
}

/**
 * Sets prices that are not there yet, as a rule, in one statement: an import puts some thousand a second there. The numbers come first,
 * so that nobody else sets prices of these products meanwhile.
 * @returns those that were not as wanted
 */
export async function addPrices(db: Executor, prices: readonly WantedPrice[]): Promise<WantedPrice[]> {
  const { rows } = await sql<{ variantId: string; market: string }>`
    with wanted as materialized (
      select * from ${wanted(prices)} as w (product_id, variant_id, market, currency, amount, compare_at_amount)),
    numbered as (
      insert into price_sequences as s (product_id, sequence)
      select distinct product_id, 1 from wanted order by product_id
      on conflict (product_id) do update set sequence = s.sequence + 1
      returning product_id, sequence),
    put as (
      insert into prices as p (variant_id, market, product_id, currency, amount, compare_at_amount)
      select variant_id, market, product_id, currency, amount, compare_at_amount
      from wanted join numbered using (product_id) order by variant_id, market
      on conflict (variant_id, market) do update set product_id = excluded.product_id, currency = excluded.currency,
        amount = excluded.amount, compare_at_amount = excluded.compare_at_amount
      where (p.product_id, p.currency, p.amount, p.compare_at_amount)
            is distinct from (excluded.product_id, excluded.currency, excluded.amount, excluded.compare_at_amount)
      returning *)
    insert into price_history (variant_id, market, sequence, product_id, currency, amount, compare_at_amount)
    select variant_id, market, sequence, product_id, currency, amount, compare_at_amount
    from put join numbered using (product_id)
    returning variant_id as "variantId", market`.execute(db)
  const written = new Set(rows.map(({ variantId, market }) => `${variantId} ${market}`))
  return prices.filter(({ variantId, market }) => written.has(`${variantId} ${market}`))
}

// ---- Promotions -----------------------------------------------------------------------------------------------------

export type PromotionFields = {
  readonly label: string
  readonly code: string | null
  readonly kind: 'percentage' | 'fixed'
  readonly rate: number | null
  readonly amounts: Readonly<Record<string, number>>
  readonly minimums: Readonly<Record<string, number>>
  readonly categories: readonly string[]
  readonly startsAt: string | null
  readonly endsAt: string | null
  readonly usageLimit: number | null
  readonly usageLimitPerCustomer: number | null
  readonly active: boolean
}
export type PromotionRow = PromotionFields & { readonly id: string; readonly timesUsed: number }

const promotionColumns = sql`
  id, label, code, kind, rate, amounts, minimums, categories, starts_at as "startsAt", ends_at as "endsAt",
  usage_limit as "usageLimit", usage_limit_per_customer as "usageLimitPerCustomer", active, times_used as "timesUsed"`

/** Who asks which promotions apply: the codes they typed, and the digest of their key or null while nobody knows who it is. */
export type Asker = { readonly codes: readonly string[]; readonly customer: string | null }

/** For each of `askers`, by its number from 1: promotions that apply by themselves or by a code, with what speaks against them now. */
const candidatesOf = (askers: readonly Asker[]) => sql`
  select asker, id, label, code, kind, rate, amounts, minimums, categories,
    case
      when not active or starts_at > now() or ends_at <= now() then 'stopped'
      when times_used >= usage_limit then 'spent'
      when usage_limit_per_customer <= (
        select u.times_used from customer_uses u where u.promotion_id = p.id and u.customer = asked.customer)
        then 'spent-by-customer'
      else 'running'
    end as standing
  from rows from (jsonb_to_recordset(${JSON.stringify(
    askers.map(({ codes, customer }) => ({ codes: codes.map((code) => code.toLowerCase()), customer })),
  )}::jsonb) as (codes text[], customer text)) with ordinality as asked (codes, customer, asker)
  join promotions p on (p.code is null and p.active) or (p.code is not null and lower(p.code) = any(asked.codes))`

/** The promotions that may apply for one who asks. */
export async function selectCandidates(db: Database, asker: Asker): Promise<Candidate[]> {
  const { rows } = await sql<Candidate & { asker: number }>`${candidatesOf([asker])}`.execute(db)
  return rows.map(({ asker: _, ...candidate }) => candidate)
}

/** What a cart has to know to be priced. */
export type Wanted = Asker & {
  readonly market: { readonly code: string; readonly currency: string }
  readonly variantIds: readonly string[]
}
export type Offer = { readonly prices: readonly PriceRow[]; readonly promotions: readonly Candidate[] }

/** Finds prices and promotions for many carts in one round trip: each price once, however many want it. */
export async function selectOffers(db: Database, wanted: readonly Wanted[]): Promise<Offer[]> {
  const goods = new Map(
    wanted.flatMap(({ market: { code, currency }, variantIds }) =>
      variantIds.map((variantId) => [`${variantId} ${code}`, { variantId, code, currency }]),
    ),
  )
  const keys = [...goods.values()]
  const { rows } = await sql<{ price: PriceRow; candidate: null } | { price: null; candidate: Found }>`
    select to_jsonb(price) as price, null::jsonb as candidate from (
      select p.variant_id as "variantId", p.market, p.currency, p.amount, p.compare_at_amount as "compareAtAmount"
      from unnest(${keys.map(({ variantId }) => variantId)}::text[], ${keys.map(({ code }) => code)}::text[],
                  ${keys.map(({ currency }) => currency)}::text[]) as good (variant_id, market, currency)
      join prices p using (variant_id, market, currency)) as price
    union all
    select null, to_jsonb(candidate) from (${candidatesOf(wanted)}) as candidate`.execute(db)
  const prices = new Map<string, PriceRow>()
  const promotions = new Map<number, Candidate[]>()
  for (const { price, candidate } of rows) {
    if (price) prices.set(`${price.variantId} ${price.market}`, price)
    else promotions.set(candidate.asker, [...(promotions.get(candidate.asker) ?? []), candidate])
  }
  return wanted.map(({ market, variantIds }, index) => ({
    prices: variantIds.flatMap((variantId) => prices.get(`${variantId} ${market.code}`) ?? []),
    promotions: promotions.get(index + 1) ?? [],
  }))
}

type Found = Candidate & { readonly asker: number }

/** A page of promotions, newest first, those older than `before`. */
export async function selectPromotions(db: Database, before: string | null, limit: number): Promise<PromotionRow[]> {
  const { rows } = await sql<PromotionRow>`
    select ${promotionColumns} from promotions
    where ${before}::text is null or id < ${before} order by id desc limit ${limit}`.execute(db)
  return rows
}

export async function selectPromotionForUpdate(tx: Transaction, id: string): Promise<PromotionRow | null> {
  const { rows } = await sql<PromotionRow>`
    select ${promotionColumns} from promotions where id = ${id} for update`.execute(tx)
  return rows[0] ?? null
}

/** Creates a promotion, or changes all but its count of uses. Throws where another has its code: see `isCodeTaken`. */
export async function savePromotion(db: Executor, id: string, one: PromotionFields): Promise<PromotionRow> {
  const { rows } = await sql<PromotionRow>`
    insert into promotions (id, label, code, kind, rate, amounts, minimums, categories, starts_at, ends_at,
                            usage_limit, usage_limit_per_customer, active)
    values (${id}, ${one.label}, ${one.code}, ${one.kind}, ${one.rate}, ${JSON.stringify(one.amounts)}::jsonb,
            ${JSON.stringify(one.minimums)}::jsonb, ${[...one.categories]}::text[], ${one.startsAt}, ${one.endsAt},
            ${one.usageLimit}, ${one.usageLimitPerCustomer}, ${one.active})
    on conflict (id) do update set label = excluded.label, code = excluded.code, kind = excluded.kind,
      rate = excluded.rate, amounts = excluded.amounts, minimums = excluded.minimums, categories = excluded.categories,
      starts_at = excluded.starts_at, ends_at = excluded.ends_at, usage_limit = excluded.usage_limit,
      usage_limit_per_customer = excluded.usage_limit_per_customer, active = excluded.active
    returning ${promotionColumns}`.execute(db)
  const [saved] = rows
  if (!saved) throw new Error('pricing: a promotion was saved and not returned')
  return saved
}

/** Whether saving failed because another promotion has the code, in any case. */
export const isCodeTaken = (error: unknown): boolean =>
  (error as { constraint?: string }).constraint === 'promotions_by_code'

// ---- Redemptions ----------------------------------------------------------------------------------------------------

export type RedeemRequest = {
  readonly orderId: string
  readonly promotionIds: readonly string[]
  /** Digest of the customer's key. */
  readonly customer: string | null
}
export type RedeemVerdict = {
  readonly verdict: 'redeemed' | 'spent' | 'undone'
  /** What was spent, and its code as the merchant writes it. */
  readonly promotionId: string | null
  readonly code: string | null
}

/**
 * Uses promotions up for orders in one statement, each order whole or not at all, and answers with a verdict for each, in
 * their order. It may be repeated: an order that has redeemed is `redeemed` again, with nothing more used up. Order ids
 * are unique in a call.
 */
export async function redeemAll(db: Database, requests: readonly RedeemRequest[]): Promise<RedeemVerdict[]> {
  const { rows } = await sql<RedeemVerdict & { orderId: string }>`
    select r.order_id as "orderId", r.verdict, r.promotion_id as "promotionId", p.code
    from redeem(${JSON.stringify(requests)}::jsonb) r left join promotions p on p.id = r.promotion_id`.execute(db)
  const verdicts = new Map(rows.map(({ orderId, ...verdict }) => [orderId, verdict]))
  return requests.flatMap(({ orderId }) => verdicts.get(orderId) ?? [])
}

/** Gives an order's uses back, and leaves a tombstone that a later redeem finds. Again changes nothing. */
export async function unredeem(db: Database, orderId: string): Promise<void> {
  await sql`select unredeem(${orderId})`.execute(db)
}

// ---- What `stoa verify` asks ----------------------------------------------------------------------------------------

/** Promotions used beyond their limit, or counted otherwise than their redemptions say. */
export const miscountedPromotions: Question = {
  all: sql`select count(*) from promotions`,
  wrong: sql`
    select format('%s: used %s times, %s redemptions, limit %s', p.id, p.times_used, coalesce(c.uses, 0), p.usage_limit) as said
    from promotions p
    left join (select id, count(*) as uses from redemptions, unnest(promotion_ids) as id
               where state = 'redeemed' group by id) c on c.id = p.id
    where p.times_used > p.usage_limit or p.times_used <> coalesce(c.uses, 0)`,
}

/** Customers who used a promotion beyond their limit, or are counted otherwise than their redemptions say. */
export const miscountedCustomers: Question = {
  all: sql`select count(*) from customer_uses`,
  wrong: sql`
    select format('%s: one customer used it %s times, %s redemptions, limit %s', u.promotion_id, u.times_used,
                  coalesce(c.uses, 0), u.usage_limit) as said
    from customer_uses u
    left join (select id, customer, count(*) as uses from redemptions, unnest(promotion_ids) as id
               where state = 'redeemed' and customer is not null group by id, customer) c
      on c.id = u.promotion_id and c.customer = u.customer
    where u.times_used > u.usage_limit or u.times_used <> coalesce(c.uses, 0)`,
}
