import T from 'typebox'
import { anyone, command, contract, type DeepReadonly, internal, query, staff } from '#kernel/contract'
import { CountryCode, Cursor, Limit, Nothing, Nullable, Page, Timestamp } from '#kernel/fields'
import { Id } from '#kernel/id'
import { verifyOperation } from '#kernel/invariants'
import { add, CurrencyCode, Money, money, taxOnTop, taxWithin } from '#kernel/money'
import { Written } from '#kernel/validation-words'

export const MarketCode = Written('^[a-z][a-z0-9-]{0,19}$', 'the code of a market, such as eu', {
  description: 'A market, such as eu.',
})

/** A tax rate in parts per million: 190000 is 19 %. */
export const RatePpm = T.Integer({ minimum: 0, maximum: 1_000_000 })

/** Where a tax applies. The most specific zone wins: region before country. */
export const TaxZone = T.Object({
  country: CountryCode,
  region: T.Optional(T.String({ minLength: 1, maxLength: 60 })),
  name: T.String({ minLength: 1, maxLength: 60, description: 'As it stands on the invoice: VAT 19 %.' }),
  rate: RatePpm,
  /** Rates for goods with a tax code of their own, such as books. */
  rates: T.Optional(T.Record(T.String(), RatePpm)),
  shippingTaxed: T.Boolean(),
})

/** The part of `stoa.config.ts` that pricing reads. */
export const PricingSettings = T.Object({
  markets: T.Array(
    T.Object({
      code: MarketCode,
      name: T.String({ minLength: 1, maxLength: 60 }),
      currency: CurrencyCode,
      locale: T.String({ minLength: 2, maxLength: 20 }),
      countries: T.Array(CountryCode, { minItems: 1 }),
      /** Whether prices contain tax (EU) or tax comes on top (US). */
      taxIncluded: T.Boolean(),
      taxZones: T.Array(TaxZone),
    }),
    { minItems: 1 },
  ),
})
export type PricingSettings = T.Static<typeof PricingSettings>

export const Market = T.Object(
  {
    code: MarketCode,
    name: T.String(),
    currency: T.String(),
    locale: T.String(),
    countries: T.Array(CountryCode),
    taxIncluded: T.Boolean(),
    default: T.Boolean(),
  },
  { title: 'Market' },
)

/** Minor units a unit may cost: with it, the fullest cart (200 lines of 10,000 units) stays within exact integers. */
export const priceAtMost = 1_000_000_000
const Amount = T.Integer({ minimum: 0, maximum: priceAtMost })

/** One product's prices as they shall be. */
const PriceToSet = T.Object({
  variantId: T.String(),
  market: MarketCode,
  /** Minor units of the market's currency; null removes the price. */
  amount: Nullable(Amount),
  compareAtAmount: Nullable(Amount),
})

export const VariantPrice = T.Object({ variantId: T.String(), price: Money, compareAtPrice: Nullable(Money) })

export const CouponCode = Written('^[A-Za-z0-9_-]{3,40}$', '3 to 40 letters, digits and dashes')

export const QuoteLine = T.Object({
  id: T.String(),
  variantId: T.String(),
  productId: T.String(),
  categories: T.Array(T.String()),
  quantity: T.Integer({ minimum: 1 }),
  taxable: T.Boolean(),
  taxCode: Nullable(T.String()),
})

export const PricedLine = T.Object({
  id: T.String(),
  unitPrice: Money,
  compareAtPrice: Nullable(Money),
  /** Unit price × quantity. */
  subtotal: Money,
  /** Its share of all discounts; zero or more. */
  discount: Money,
  /** The tax of the discounted line, contained in it or on top of it as the market says. */
  tax: Money,
  /** What the line costs: subtotal − discount, plus tax where tax comes on top. */
  total: Money,
})

export const Totals = T.Object(
  {
    items: Money,
    discount: Money,
    shipping: Money,
    tax: Money,
    total: Money,
  },
  {
    title: 'Totals',
    description:
      'total = items − discount + shipping (+ tax where it comes on top). Where prices contain tax, tax says how much of the total it is.',
  },
)

export const AppliedDiscount = T.Object({
  promotionId: T.String(),
  label: T.String(),
  code: Nullable(T.String()),
  amount: Money,
})

export const CouponVerdict = T.Object({
  code: T.String(),
  applied: T.Boolean(),
  /** Why it takes nothing off now; null when it does. */
  reason: Nullable(T.String()),
})

const TaxName = T.Object({ name: T.String(), rate: RatePpm })

export const Quote = T.Object({
  currency: T.String(),
  taxIncluded: T.Boolean(),
  lines: T.Array(PricedLine),
  totals: Totals,
  discounts: T.Array(AppliedDiscount),
  coupons: T.Array(CouponVerdict),
  taxes: T.Array(T.Object({ ...TaxName.properties, amount: Money })),
  /** What shipping to this destination is taxed with; null where it is not taxed. */
  shippingTax: Nullable(TaxName),
})
export type Quote = DeepReadonly<T.Static<typeof Quote>>

/**
 * A quote of goods with the price of their shipping. It is told apart from `quote`, because what shipping costs may
 * depend on what the goods cost after discounts: ask for the goods, then for the methods, then add the one chosen.
 */
export function withShipping(quote: Quote, price: Money): Quote {
  const { currency, shippingTax, taxIncluded, totals } = quote
  if (totals.shipping.amount !== 0) throw new Error('pricing: this quote has its shipping already')
  const rate = shippingTax?.rate ?? 0
  const tax = money(taxIncluded ? taxWithin(price.amount, rate) : taxOnTop(price.amount, rate), currency)
  const cost = taxIncluded ? price : add(price, tax)
  return {
    ...quote,
    totals: { ...totals, shipping: price, tax: add(totals.tax, tax), total: add(totals.total, cost) },
    taxes: shippingTax && tax.amount > 0 ? addTax(quote.taxes, { ...shippingTax, amount: tax }) : quote.taxes,
  }
}

/** Adds an amount to the entry of its name and rate; the entries are sorted by rate, highest first, then by name. */
export function addTax(taxes: Quote['taxes'], one: Quote['taxes'][number]): Quote['taxes'] {
  const isSame = (other: Quote['taxes'][number]): boolean => other.name === one.name && other.rate === one.rate
  const known = taxes.find(isSame)
  if (known) return taxes.map((other) => (isSame(other) ? { ...other, amount: add(other.amount, one.amount) } : other))
  return [...taxes, one].sort((a, b) => b.rate - a.rate || (a.name < b.name ? -1 : 1))
}

/**
 * By what a customer is known to promotions with a limit a customer: the e-mail address, which guests and signed-in
 * customers alike have given by checkout, in lower case. Who asks for a quote and who redeems must agree on it.
 */
export const customerKey = (email: string | null): string | null => email?.toLowerCase() ?? null

export const PromotionId = Id('promo')

const PromotionFields = {
  label: T.String({ minLength: 1, maxLength: 120, description: 'As shoppers read it.' }),
  /** Null applies by itself. */
  code: Nullable(CouponCode),
  /** Percentage in parts per million of each matching line, or a fixed amount a market over all matching lines. */
  kind: T.Union([T.Literal('percentage'), T.Literal('fixed')]),
  rate: Nullable(RatePpm),
  amounts: T.Record(MarketCode, T.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
    description: 'Minor units a market, for fixed promotions.',
  }),
  /** Least sum of all items a market, before discounts and in minor units, from which it applies. */
  minimums: T.Record(MarketCode, T.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  /** Categories it applies to; empty means all goods. */
  categories: T.Array(T.String(), { maxItems: 50 }),
  startsAt: Nullable(Timestamp),
  endsAt: Nullable(Timestamp),
  usageLimit: Nullable(T.Integer({ minimum: 1 })),
  usageLimitPerCustomer: Nullable(T.Integer({ minimum: 1 })),
  active: T.Boolean(),
}
export const Promotion = T.Object(
  { id: PromotionId, ...PromotionFields, timesUsed: T.Integer() },
  { title: 'Promotion' },
)

/** `field` is the place in the request, where it is the caller's own. */
export const CouponRefusal = T.Object({ code: T.String(), field: T.Optional(T.String()) })
export const NotSoldHere = T.Object({ variantIds: T.Array(T.String()), field: T.Optional(T.String()) })

const self = {
  name: 'pricing',
  fallback:
    'Nothing is priced: product pages, carts and checkout are refused with 503. No price and no tax is guessed.',
} as const

export const pricing = contract(self, {
  markets: query('GET /markets', {
    summary: 'The markets of the shop',
    access: anyone,
    shared: true,
    input: T.Object({}),
    output: T.Object({ items: T.Array(Market) }),
  }),
  prices: query(null, {
    summary:
      'The prices of variants in a market; a variant without a price is not sold there and missing from the answer',
    access: internal,
    input: T.Object({ market: MarketCode, variantIds: T.Array(T.String(), { maxItems: 2_000 }) }),
    output: T.Object({ items: T.Array(VariantPrice) }),
    refusals: { 'pricing/unknown-market': 404 },
  }),
  pricesOfProducts: query(null, {
    summary: 'All prices of variants in every market, for the listing and the export',
    access: internal,
    input: T.Object({ variantIds: T.Array(T.String(), { maxItems: 2_000 }) }),
    output: T.Object({ items: T.Array(T.Object({ ...VariantPrice.properties, market: MarketCode })) }),
  }),
  quote: query(null, {
    summary: 'What lines cost: prices, promotions, shipping and tax, exact to the minor unit',
    access: internal,
    input: T.Object({
      market: MarketCode,
      lines: T.Array(QuoteLine, { maxItems: 200 }),
      couponCodes: T.Array(T.String(), { maxItems: 10 }),
      shipping: Nullable(Money),
      destination: Nullable(T.Object({ country: CountryCode, region: Nullable(T.String()) })),
      /** As `customerKey` makes it; null while nobody knows who asks. */
      customerKey: Nullable(T.String()),
    }),
    output: Quote,
    refusals: {
      'pricing/unknown-market': 404,
      'pricing/not-sold-here': [409, NotSoldHere],
    },
  }),
  checkCoupon: query(null, {
    summary: 'Whether a coupon code exists, runs now and is not spent',
    access: internal,
    input: T.Object({ code: T.String(), market: MarketCode, customerKey: Nullable(T.String()) }),
    output: T.Object({ code: T.String({ description: 'As the merchant writes it.' }) }),
    refusals: { 'pricing/unknown-coupon': [422, CouponRefusal], 'pricing/coupon-spent': [409, CouponRefusal] },
  }),
  redeem: command(null, {
    summary: 'Use coupons up for an order, all or none; the same order again changes nothing',
    access: internal,
    idempotency: 'natural',
    input: T.Object({
      orderId: T.String(),
      /** All that apply to a cart: a sale may have one for each category, and a cart a line of each. */
      promotionIds: T.Array(T.String(), { maxItems: 1_000 }),
      customerKey: Nullable(T.String()),
    }),
    output: Nothing,
    refusals: { 'pricing/coupon-spent': [409, CouponRefusal], 'pricing/redemption-undone': 409 },
  }),
  unredeem: command(null, {
    summary: 'Give an order’s coupons back; a redeem that arrives later is refused',
    access: internal,
    idempotency: 'natural',
    input: T.Object({ orderId: T.String() }),
    output: Nothing,
  }),
  setPrices: command(null, {
    summary: 'Set or remove prices of one product’s variants; publishes price.changed when one differs',
    access: internal,
    idempotency: 'natural',
    input: T.Object({ productId: T.String(), prices: T.Array(PriceToSet, { maxItems: 2_000 }) }),
    output: T.Object({ changed: T.Integer() }),
    refusals: { 'pricing/unknown-market': 404 },
  }),
  setPricesOfProducts: command(null, {
    summary: 'The same for many products at once; says of each how many prices changed',
    access: internal,
    idempotency: 'natural',
    input: T.Object({
      products: T.Array(T.Object({ productId: T.String(), prices: T.Array(PriceToSet, { maxItems: 2_000 }) }), {
        maxItems: 500,
      }),
      /** The products are not in the catalog yet: who puts them there tells of them, and nothing is told here. */
      isNew: T.Optional(T.Boolean()),
    }),
    output: T.Object({ changed: T.Array(T.Integer()) }),
    refusals: { 'pricing/unknown-market': 404 },
  }),
  adminSetPrices: command('PUT /admin/prices', {
    summary: 'Set or remove prices of a product’s variants',
    access: staff('pricing:write'),
    input: T.Object({
      productId: T.String({ minLength: 1, maxLength: 60 }),
      prices: T.Array(PriceToSet, { minItems: 1, maxItems: 500 }),
    }),
    output: T.Object({ changed: T.Integer() }),
    refusals: { 'pricing/unknown-market': 404 },
  }),
  promotions: query('GET /admin/promotions', {
    summary: 'Promotions and how often each was used',
    access: staff('pricing:read'),
    input: T.Object({ cursor: Cursor, limit: Limit(50) }),
    output: Page(Promotion),
  }),
  createPromotion: command('POST /admin/promotions', {
    summary: 'Create a promotion',
    access: staff('pricing:write'),
    status: 201,
    input: T.Object(PromotionFields),
    output: Promotion,
    refusals: { 'pricing/code-taken': 409, 'pricing/promotion-incomplete': 422 },
  }),
  updatePromotion: command('PATCH /admin/promotions/{promotionId}', {
    summary: 'Change a promotion',
    access: staff('pricing:write'),
    input: T.Object({ promotionId: PromotionId, ...T.Partial(T.Object(PromotionFields)).properties }),
    output: Promotion,
    refusals: { 'pricing/unknown-promotion': 404, 'pricing/code-taken': 409, 'pricing/promotion-incomplete': 422 },
  }),
  verify: verifyOperation('I7: no coupon beyond its limits'),
})
