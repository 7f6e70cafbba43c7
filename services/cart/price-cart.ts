import type { catalog } from '#contracts/catalog'
import type { inventory } from '#contracts/inventory'
import type { payments } from '#contracts/payments'
import { customerKey, type pricing, type Quote, withShipping } from '#contracts/pricing'
import type { shipping } from '#contracts/shipping'
import type { Client } from '#kernel/client'
import { type Accepted, type Outcome, type Output, ok, type RefusalsOf, type Refused } from '#kernel/contract'
import { subtract } from '#kernel/money'
import { orUnavailable } from '#kernel/problem'
import type { StoredCart, StoredLine } from './store.ts'

export type Neighbors = {
  readonly catalog: Pick<Client<typeof catalog>, 'sellable'>
  readonly inventory: Pick<Client<typeof inventory>, 'availability'>
  readonly payments: Pick<Client<typeof payments>, 'checkGiftCard' | 'giftCardBalances'>
  readonly pricing: Pick<Client<typeof pricing>, 'quote' | 'markets' | 'checkCoupon'>
  readonly shipping: Pick<Client<typeof shipping>, 'methods'>
}

type Methods = (typeof shipping.operations)['methods']
export type Variant = Output<(typeof catalog.operations)['sellable']>['items'][number]
export type Method = Output<Methods>['items'][number]
type UnknownMarket = Refused<RefusalsOf<{ 'pricing/unknown-market': 404 }>>

/** How the goods get to the shopper. */
export type Delivery =
  /** Nothing has to be sent, or nobody knows where to. */
  | { readonly kind: 'none' }
  /** `chosen` is the method asked for, or the default when none was; null when the one asked for is not offered. */
  | { readonly kind: 'offered'; readonly methods: readonly Method[]; readonly chosen: Method | null }
  | { readonly kind: 'not-served'; readonly refusal: RefusalsOf<Methods['refusals']> }
  /** Shipping does not answer: the cart is shown without it, and nothing that has to be sent is sold. No price is guessed. */
  | { readonly kind: 'unavailable' }

/** A cart with all that its neighbors say of it now. */
export type PricedCart = {
  /** Of the lines that are sold, with shipping where a method is chosen. */
  readonly quote: Quote
  readonly variants: ReadonlyMap<string, Variant>
  /** Units of each variant that can be promised. */
  readonly available: ReadonlyMap<string, number>
  /** Variants that the catalog sells, but not in this market. */
  readonly notSoldHere: readonly string[]
  readonly requiresShipping: boolean
  readonly delivery: Delivery
  /** What is left on each gift card of the cart that can pay, in minor units. */
  readonly balances: ReadonlyMap<string, number>
}

/**
 * Asks the neighbors what a cart is worth now: each at most once, whatever is in it, but for a second quote when a line's
 * price is gone from the market.
 */
export async function priceCart(neighbors: Neighbors, cart: StoredCart): Promise<Accepted<PricedCart> | UnknownMarket> {
  const variantIds = cart.lines.map((line) => line.variantId)
  const [sellable, availability] =
    variantIds.length === 0
      ? [ok({ items: [] }), ok({ items: [] })]
      : await Promise.all([
          neighbors.catalog.sellable({ variantIds }),
          neighbors.inventory.availability({ variantIds }),
        ])
  const variants = new Map(answered(sellable).items.map((variant) => [variant.variantId, variant]))
  const available = new Map(answered(availability).items.map((one) => [one.variantId, one.available]))

  const listed = cart.lines.filter((line) => variants.get(line.variantId)?.active)
  const quoted = await quoteLines(neighbors, cart, listed, variants)
  if (!quoted.ok) return quoted
  const { quote, notSoldHere } = quoted.value
  const sent = listed.filter(
    ({ variantId }) => !notSoldHere.includes(variantId) && variants.get(variantId)?.requiresShipping,
  )
  const requiresShipping = sent.length > 0
  const grams = sent.reduce((all, line) => all + line.quantity * (variants.get(line.variantId)?.grams ?? 0), 0)
  const delivery = await findDelivery(neighbors, cart, { quote, requiresShipping, grams })
  const chosen = delivery.kind === 'offered' && requiresShipping ? delivery.chosen : null
  const balances = await readBalances(neighbors, cart, quote.currency)
  return ok({
    quote: chosen ? withShipping(quote, chosen.price) : quote,
    variants,
    available,
    notSoldHere,
    requiresShipping,
    delivery,
    balances,
  })
}

async function readBalances(
  { payments }: Neighbors,
  { giftCards }: StoredCart,
  currency: string,
): Promise<ReadonlyMap<string, number>> {
  if (giftCards.length === 0) return new Map()
  const found = answered(await payments.giftCardBalances({ giftCardIds: giftCards.map(({ id }) => id), currency }))
  return new Map(found.items.map(({ giftCardId, balance }) => [giftCardId, balance.amount]))
}

/** The value of an operation that declares no refusals. */
function answered<V>(outcome: Accepted<V> | Refused): V {
  if (!outcome.ok) throw new Error('cart: a neighbor refused what it declares no refusal for')
  return outcome.value
}

type QuoteOp = (typeof pricing.operations)['quote']

async function quoteLines(
  neighbors: Neighbors,
  cart: StoredCart,
  lines: readonly StoredLine[],
  variants: ReadonlyMap<string, Variant>,
): Promise<Accepted<{ quote: Quote; notSoldHere: readonly string[] }> | UnknownMarket> {
  const address = cart.shippingAddress ?? cart.billingAddress
  const ask = (some: readonly StoredLine[]): Promise<Outcome<QuoteOp>> =>
    neighbors.pricing.quote({
      market: cart.market,
      lines: some.flatMap(({ id, variantId, quantity }) => {
        const variant = variants.get(variantId)
        if (!variant) return []
        const { productId, categories, taxable, taxCode } = variant
        return [{ id, variantId, productId, categories, quantity, taxable, taxCode }]
      }),
      couponCodes: cart.couponCodes,
      shipping: null,
      destination: address && { country: address.country, region: address.region ?? null },
      customerKey: customerKey(cart.email),
    })
  const quoted = await ask(lines)
  if (quoted.ok) return ok({ quote: quoted.value, notSoldHere: [] })
  if (quoted.refusal.type === 'pricing/unknown-market') return { ok: false, refusal: quoted.refusal }
  const notSoldHere = quoted.refusal.data.variantIds
  const rest = await ask(lines.filter(({ variantId }) => !notSoldHere.includes(variantId)))
  if (rest.ok) return ok({ quote: rest.value, notSoldHere })
  throw new Error(`cart: pricing refused a second time: ${rest.refusal.detail}`)
}

/** Rates are computed in no time. A cart is shown without them sooner than it makes its shopper wait, in milliseconds. */
const shippingMs = 2_000

async function findDelivery(
  neighbors: Neighbors,
  cart: StoredCart,
  goods: { readonly quote: Quote; readonly requiresShipping: boolean; readonly grams: number },
): Promise<Delivery> {
  const { market, shippingAddress: address, shippingMethod: wanted } = cart
  // A method that is named is checked, also while there is nothing to send yet.
  if (!address || (!goods.requiresShipping && wanted === null)) return { kind: 'none' }
  const { currency, totals } = goods.quote
  const found = await orUnavailable(
    neighbors.shipping.methods(
      {
        market,
        currency,
        destination: { country: address.country, region: address.region ?? null },
        grams: goods.grams,
        itemsTotal: subtract(totals.items, totals.discount),
      },
      { timeoutMs: shippingMs },
    ),
  )
  if (found === 'unavailable') return { kind: 'unavailable' }
  if (!found.ok) return { kind: 'not-served', refusal: found.refusal }
  const methods = found.value.items
  const chosen = methods.find(({ id, default: isDefault }) => (wanted === null ? isDefault : id === wanted))
  return { kind: 'offered', methods, chosen: chosen ?? null }
}

/** A priced cart with the default in place of a method that is not offered any more. Others are given back as they are. */
export function withDefaultMethod(cart: StoredCart, priced: PricedCart): { cart: StoredCart; priced: PricedCart } {
  const { delivery, quote, requiresShipping } = priced
  if (delivery.kind !== 'offered' || delivery.chosen) return { cart, priced }
  const chosen = delivery.methods.find((method) => method.default) ?? null
  return {
    cart: { ...cart, shippingMethod: null },
    priced: {
      ...priced,
      delivery: { ...delivery, chosen },
      quote: chosen && requiresShipping ? withShipping(quote, chosen.price) : quote,
    },
  }
}
