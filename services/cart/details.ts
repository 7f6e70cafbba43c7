import type { cart } from '#contracts/cart'
import { customerKey } from '#contracts/pricing'
import { type Accepted, type Input, ok, type RefusalsOf, type Refused, refuse } from '#kernel/contract'
import type { Neighbors, PricedCart } from './price-cart.ts'
import type { StoredCart } from './store.ts'

type Update = (typeof cart.operations)['update']
export type Details = Omit<Input<Update>, 'cartId'>
type CouponRefusal = Refused<RefusalsOf<Pick<Update['refusals'], 'pricing/unknown-coupon' | 'pricing/coupon-spent'>>>
type DeliveryRefusal = Refused<
  RefusalsOf<Pick<Update['refusals'], 'shipping/destination-not-served' | 'cart/unknown-shipping-method'>>
>

/**
 * Sets what a request names of e-mail, addresses, method and coupons. Coupons that are new to the cart must exist and not
 * be spent; whether the goods fulfill their conditions is for the quote to say, each time. The market must sell to the
 * country of the shipping address.
 * @param countries those that the cart's market sells to; asked for only when an address is set
 */
export async function setDetails(
  neighbors: Neighbors,
  cart: StoredCart,
  details: Details,
  countries: () => Promise<readonly string[]>,
): Promise<Accepted<StoredCart> | CouponRefusal | DeliveryRefusal> {
  const { email, shippingAddress, billingAddress, shippingMethod } = details
  if (shippingAddress && !(await countries()).includes(shippingAddress.country)) {
    const { country } = shippingAddress
    return refuse('shipping/destination-not-served', `Nothing is sold to ${country} from this market.`, {
      country,
      field: 'shippingAddress/country',
    })
  }
  const changed = {
    ...cart,
    ...(email === undefined ? {} : { email }),
    ...(shippingAddress === undefined ? {} : { shippingAddress }),
    ...(billingAddress === undefined ? {} : { billingAddress }),
    ...(shippingMethod === undefined ? {} : { shippingMethod }),
  }
  if (details.couponCodes === undefined) return ok(changed)
  const couponCodes = await readCoupons(neighbors, changed, details.couponCodes)
  return couponCodes.ok ? ok({ ...changed, couponCodes: couponCodes.value }) : couponCodes
}

/** The countries that a market sells to. */
export async function countriesOf({ pricing }: Neighbors, code: string): Promise<readonly string[]> {
  const markets = await pricing.markets({})
  const market = markets.ok ? markets.value.items.find((one) => one.code === code) : undefined
  return market?.countries ?? []
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

/** Refuses an address to which the goods cannot go, and a method that is not offered, where a request names them. */
export function refuseDelivery(details: Details, { delivery }: PricedCart): DeliveryRefusal | null {
  const { shippingAddress, shippingMethod } = details
  const isNamed = shippingMethod !== undefined
  if (delivery.kind === 'not-served') return shippingAddress || isNamed ? notServed(delivery.refusal) : null
  if (!isNamed || (delivery.kind === 'offered' && delivery.chosen)) return null
  const detail =
    delivery.kind === 'offered'
      ? `"${shippingMethod}" is not offered. Choose one of: ${delivery.methods.map(({ id }) => id).join(', ')}.`
      : 'Give the shipping address first, or in the same request: the methods depend on it.'
  return refuse('cart/unknown-shipping-method', detail, { field: 'shippingMethod' })
}

type NotServed = RefusalsOf<Pick<Update['refusals'], 'shipping/destination-not-served'>>

/** Shipping's refusal with the field as the cart calls it: the country, or the lines where they weigh too much. */
export function notServed({ type, detail, data }: NotServed): Refused<NotServed> {
  const field = data.field === 'grams' ? 'lines' : 'shippingAddress/country'
  return refuse(type, detail, { country: data.country, field })
}
