import type { cart } from '#contracts/cart'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { type Deps, ownedBy, unknownCart } from './change-cart.ts'
import { notServed, shippingUnavailable } from './details.ts'
import { type PricedCart, priceCart } from './price-cart.ts'
import type { StoredCart } from './store.ts'
import { viewCart } from './view.ts'

type Get = (typeof cart.operations)['get']
type ShippingMethods = (typeof cart.operations)['shippingMethods']
type Snapshot = (typeof cart.operations)['snapshot']

async function readCart({ carts, neighbors }: Deps, cartId: string) {
  const cart = await carts.read(cartId)
  if (!cart) return unknownCart()
  const priced = await priceCart(neighbors, cart)
  return priced.ok ? ok({ cart, priced: priced.value }) : unknownCart()
}

/** The cart, priced now. */
export async function getCart(deps: Deps, { cartId }: Input<Get>): Promise<Outcome<Get>> {
  const read = await readCart(deps, cartId)
  return read.ok ? ok(viewCart(read.value.cart, read.value.priced)) : read
}

/** How the cart's goods can go to its address; none when nothing has to be sent. */
export async function shippingMethods(
  deps: Deps,
  { cartId }: Input<ShippingMethods>,
): Promise<Outcome<ShippingMethods>> {
  const read = await readCart(deps, cartId)
  if (!read.ok) return read
  const { priced } = read.value
  if (priced.delivery.kind === 'not-served') return notServed(priced.delivery.refusal)
  if (!priced.requiresShipping) return ok({ items: [] })
  if (priced.delivery.kind === 'unavailable') return shippingUnavailable()
  if (priced.delivery.kind === 'offered') return ok({ items: priced.delivery.methods })
  return refuse('cart/address-missing', 'Give the shipping address first: the methods depend on it.')
}

/** All that an order needs of a cart, or why it cannot be ordered as it is. Nobody is sent what they did not choose. */
export async function snapshot(deps: Deps, { cartId }: Input<Snapshot>, call: Call): Promise<Outcome<Snapshot>> {
  const read = await readCart(deps, cartId)
  if (!read.ok) return read
  const { cart, priced } = read.value
  const { quote, delivery, requiresShipping } = priced
  const unsold = refuseUnsoldLines(cart, priced)
  if (unsold) return unsold
  if (requiresShipping && delivery.kind === 'not-served') return notServed(delivery.refusal)
  if (requiresShipping && delivery.kind === 'unavailable') return shippingUnavailable()
  if (requiresShipping && delivery.kind === 'offered' && !delivery.chosen) {
    return refuse('cart/unknown-shipping-method', `"${cart.shippingMethod}" is not offered any more. Choose another.`, {
      field: 'shippingMethod',
    })
  }
  const chosen = requiresShipping && delivery.kind === 'offered' ? delivery.chosen : null
  return ok({
    cart: viewCart(cart, priced),
    quote,
    variants: [...priced.variants.values()],
    shipping: chosen && { id: chosen.id, name: chosen.name, price: chosen.price },
    customerId: ownedBy(call.actor, cart).customerId,
  })
}

function refuseUnsoldLines(cart: StoredCart, { variants, notSoldHere }: PricedCart) {
  for (const [index, { variantId, title }] of cart.lines.entries()) {
    const field = `lines/${index}/variantId`
    if (!variants.get(variantId)?.active)
      return refuse('cart/unknown-variant', `${title} is not sold any more.`, { field })
    if (notSoldHere.includes(variantId)) {
      return refuse('pricing/not-sold-here', `${title} is not sold in this market any more.`, {
        variantIds: [...notSoldHere],
        field,
      })
    }
  }
  return null
}
