import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { cart } from '#contracts/cart'
import type { Actor, Call } from '#kernel/call'
import { type Accepted, type Output, ok, type RefusalsOf, type Refused, refuse } from '#kernel/contract'
import type { Database } from '#kernel/database'
import { unavailable } from '#kernel/problem'
import { type Neighbors, type PricedCart, priceCart, withDefaultMethod } from './price-cart.ts'
import type { Carts, StoredCart, StoredLine } from './store.ts'
import { viewCart } from './view.ts'

export type Deps = { readonly db: Database; readonly carts: Carts; readonly neighbors: Neighbors }
type Cart = Output<(typeof cart.operations)['get']>
type CartRefused = Refused<
  RefusalsOf<Pick<(typeof cart.operations)['update']['refusals'], 'cart/unknown-cart' | 'cart/ordered'>>
>

export type Change<A extends Refused, J extends Refused> = {
  /** Makes the cart that shall be of the one that is. Runs again when another change came between. */
  readonly apply: (cart: StoredCart) => Accepted<StoredCart> | A | Promise<Accepted<StoredCart> | A>
  /** Refuses the changed cart for what the neighbors say of it. */
  readonly judge: (priced: PricedCart) => J | null
}

/** Two tabs meet once or twice; so many others at once are no shopper's. */
const attemptsAtMost = 20
const pauseMs = 5

/**
 * Changes a cart and answers with it, priced. The change is applied to the cart as it is, priced and judged, and written
 * only over the version it was made from: when somebody was faster, it is made again from what they left, so nobody's
 * change is lost and none is written that was not judged. A change that changes nothing writes nothing.
 */
export async function changeCart<A extends Refused, J extends Refused>(
  deps: Deps,
  cartId: string,
  call: Pick<Call, 'actor'>,
  change: Change<A, J>,
): Promise<Accepted<Cart> | A | J | CartRefused> {
  for (let attempt = 1; attempt <= attemptsAtMost; attempt++) {
    const known = await deps.carts.read(cartId)
    if (!known) return unknownCart()
    if (known.orderId !== null)
      return refuse('cart/ordered', 'This cart was ordered and cannot change. Start a new one.')

    const applied = await change.apply(known)
    if (!applied.ok) return applied
    const owned = ownedBy(call.actor, applied.value)
    const worth = await priceCart(deps.neighbors, owned)
    if (!worth.ok) return unknownCart()
    const next = settle(owned, worth.value, change.judge)
    if (!next.ok) return next
    const { cart, priced } = next.value
    if (isDeepStrictEqual(cart, known)) return ok(viewCart(known, priced))
    const changed = await deps.carts.update(cart, (saved) => ok(viewCart({ ...cart, ...saved }, priced)))
    if (changed) return changed
    await pause(Math.random() * pauseMs * attempt)
  }
  throw unavailable('Others change this cart at the same time. Try again.')
}

/** A changed cart as it shall be written, or its refusal; a method that is not offered any more gives way to the default. */
export function settle<J extends Refused>(
  cart: StoredCart,
  priced: PricedCart,
  judge: Change<never, J>['judge'],
): Accepted<{ cart: StoredCart; priced: PricedCart }> | J {
  const refused = judge(priced)
  if (refused) return refused
  const fitting = withDefaultMethod(cart, priced)
  return ok({ ...fitting, cart: { ...fitting.cart, lines: withFacts(fitting.cart.lines, priced) } })
}

/** Lines with what the catalog calls them, for the day on which it does not know them any more. */
const withFacts = (lines: readonly StoredLine[], { variants }: PricedCart): StoredLine[] =>
  lines.map((line) => {
    const { productId, handle, title } = variants.get(line.variantId) ?? line
    return { ...line, productId, handle, title }
  })

/** A customer who changes a cart makes it theirs; whoever is signed out leaves it whose it is. */
export const ownedBy = (actor: Actor, cart: StoredCart): StoredCart =>
  actor.kind === 'customer' ? { ...cart, customerId: actor.customerId } : cart

/** Also the answer where the cart's market is gone: it cannot be priced any more. */
export const unknownCart = () => refuse('cart/unknown-cart', 'There is no such cart. Start a new one.')
