import type { cart } from '#contracts/cart'
import { customerKey, type pricing } from '#contracts/pricing'
import { type Accepted, type Input, type Output, ok, type RefusalsOf, type Refused, refuse } from '#kernel/contract'
import { withRegionCode } from '#kernel/regions'
import type { Neighbors, PricedCart } from './price-cart.ts'
import type { StoredCart, StoredGiftCard } from './store.ts'

type Update = (typeof cart.operations)['update']
export type Details = Omit<Input<Update>, 'cartId'>
type Market = Pick<Output<(typeof pricing.operations)['markets']>['items'][number], 'countries' | 'currency'>
type CouponRefusal = Refused<RefusalsOf<Pick<Update['refusals'], 'pricing/unknown-coupon' | 'pricing/coupon-spent'>>>
type GiftCardRefusal = Refused<RefusalsOf<Pick<Update['refusals'], 'payments/gift-card-not-usable'>>>
type DeliveryRefusal = Refused<
  RefusalsOf<
    Pick<
      Update['refusals'],
      'shipping/destination-not-served' | 'cart/unknown-shipping-method' | 'shipping/unavailable'
    >
  >
>

/**
 * Sets what a request names of e-mail, addresses, method, coupons and gift cards. Coupons that are new to the cart must exist
 * and not be spent; whether the goods fulfill their conditions is for the quote to say, each time. Gift cards that are new to it
 * must be able to pay; how much is looked up each time. The market must sell to the country of the shipping address; states and provinces are kept as their codes.
 * @param market the cart's; asked for only when an address or a gift card is set
 */
export async function setDetails(
  neighbors: Neighbors,
  cart: StoredCart,
  details: Details,
  market: () => Promise<Market | undefined>,
): Promise<Accepted<StoredCart> | CouponRefusal | GiftCardRefusal | DeliveryRefusal> {
  const { email, shippingMethod } = details
  const country = details.shippingAddress?.country
  if (country !== undefined && !(await market())?.countries.includes(country)) {
    return refuse('shipping/destination-not-served', `Nothing is sold to ${country} from this market.`, {
      country,
      field: 'shippingAddress/country',
    })
  }
  const shippingAddress = details.shippingAddress && withRegionCode(details.shippingAddress, 'shippingAddress/')
  const billingAddress = details.billingAddress && withRegionCode(details.billingAddress, 'billingAddress/')
  const changed = {
    ...cart,
    ...(email === undefined ? {} : { email }),
    ...(shippingAddress === undefined ? {} : { shippingAddress }),
    ...(billingAddress === undefined ? {} : { billingAddress }),
    ...(shippingMethod === undefined ? {} : { shippingMethod }),
  }
  const coupons = details.couponCodes
    ? await readCoupons(neighbors, changed, details.couponCodes)
    : ok(cart.couponCodes)
  if (!coupons.ok) return coupons
  const cards = details.giftCards ? await readGiftCards(neighbors, cart, details.giftCards, market) : ok(cart.giftCards)
  return cards.ok ? ok({ ...changed, couponCodes: coupons.value, giftCards: cards.value }) : cards
}

/** What a market sells to and in; nothing when it is gone. */
export async function marketOf({ pricing }: Neighbors, code: string): Promise<Market | undefined> {
  const markets = await pricing.markets({})
  return markets.ok ? markets.value.items.find((one) => one.code === code) : undefined
}

/** The codes as the merchant writes them, each once. Those that the cart has already are not asked for again. */
async function readCoupons(
  { pricing }: Neighbors,
  cart: StoredCart,
  codes: readonly string[],
): Promise<Accepted<readonly string[]> | CouponRefusal> {
  const inCart = new Map(cart.couponCodes.map((code) => [code.toLowerCase(), code]))
  const read = await Promise.all(
    codes.map(async (code, index): Promise<Accepted<string> | CouponRefusal> => {
      const known = inCart.get(code.toLowerCase())
      if (known !== undefined) return ok(known)
      const found = await pricing.checkCoupon({ code, market: cart.market, customerKey: customerKey(cart.email) })
      if (found.ok) return ok(found.value.code)
      const data = { ...found.refusal.data, field: `couponCodes/${index}` }
      return { ok: false, refusal: { ...found.refusal, data } }
    }),
  )
  const accepted: string[] = []
  for (const one of read) {
    if (!one.ok) return one
    if (!accepted.includes(one.value)) accepted.push(one.value)
  }
  return ok(accepted)
}

/**
 * The gift cards of codes, each once. One that the cart has already is named by its id, since nobody is told a code again. Codes
 * are asked for one after the other, so that a guesser learns of one at a time; each is counted for whoever typed it.
 */
async function readGiftCards(
  { payments }: Neighbors,
  cart: StoredCart,
  given: readonly string[],
  market: () => Promise<Market | undefined>,
): Promise<Accepted<readonly StoredGiftCard[]> | GiftCardRefusal> {
  const cards = new Map<string, StoredGiftCard>()
  for (const [index, code] of given.entries()) {
    const known = cart.giftCards.find(({ id }) => id === code)
    if (known) {
      cards.set(known.id, known)
      continue
    }
    const currency = (await market())?.currency ?? ''
    const found = await payments.checkGiftCard({ code, currency }, { forwardsAddress: true })
    if (!found.ok) return refuse(found.refusal.type, found.refusal.detail, { field: `giftCards/${index}` })
    const { giftCardId, last4 } = found.value
    cards.set(giftCardId, { id: giftCardId, last4 })
  }
  return ok([...cards.values()])
}

/** Refuses an address to which the goods cannot go, and a method that is not offered, where a request names them. */
export function refuseDelivery(details: Details, { delivery }: PricedCart): DeliveryRefusal | null {
  const { shippingAddress, shippingMethod } = details
  const isNamed = shippingMethod !== undefined
  if (delivery.kind === 'not-served') return shippingAddress || isNamed ? notServed(delivery.refusal) : null
  if (!isNamed || (delivery.kind === 'offered' && delivery.chosen)) return null
  if (delivery.kind === 'unavailable') return shippingUnavailable()
  const detail =
    delivery.kind === 'offered'
      ? `"${shippingMethod}" is not offered. Choose one of: ${delivery.methods.map(({ id }) => id).join(', ')}.`
      : 'Give the shipping address first, or in the same request: the methods depend on it.'
  return refuse('cart/unknown-shipping-method', detail, { field: 'shippingMethod' })
}

/** No price is guessed, and what is not priced is not sold. */
export const shippingUnavailable = () =>
  refuse('shipping/unavailable', 'Shipping cannot be calculated just now. Try again in a moment.', {
    retryAfterSeconds: 2,
  })

type NotServed = RefusalsOf<Pick<Update['refusals'], 'shipping/destination-not-served'>>

/** Shipping's refusal with the field as the cart calls it: the country, or the lines where they weigh too much. */
export function notServed({ type, detail, data }: NotServed): Refused<NotServed> {
  const field = data.field === 'grams' ? 'lines' : 'shippingAddress/country'
  return refuse(type, detail, { country: data.country, field })
}
