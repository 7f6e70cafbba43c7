import type { cart } from '#contracts/cart'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { newCapability } from '#kernel/id'
import { type Deps, ownedBy, settle } from './change-cart.ts'
import { refuseDelivery, setDetails } from './details.ts'
import { addUnits, refuseUnsold } from './lines.ts'
import { priceCart } from './price-cart.ts'
import type { StoredCart } from './store.ts'
import { viewCart } from './view.ts'

type Create = (typeof cart.operations)['create']

/** Starts a cart, with all that checkout needs if the caller has it. Nothing is kept of one that is refused. */
export async function createCart(deps: Deps, input: Input<Create>, call: Call): Promise<Outcome<Create>> {
  const { market: wantedMarket, lines = [], ...details } = input
  const markets = await deps.neighbors.pricing.markets({})
  const market = markets.ok
    ? markets.value.items.find((one) => (wantedMarket === undefined ? one.default : one.code === wantedMarket))
    : undefined
  if (!market) return refuse('pricing/unknown-market', `There is no market "${wantedMarket}".`)

  const wanted = lines.map((line, index) => ({ ...line, field: `lines/${index}/` }))
  const filled = addUnits(ownedBy(call.actor, emptyCart(market.code)), wanted)
  if (!filled.ok) return filled
  const detailed = await setDetails(deps.neighbors, filled.value, details, async () => market)
  if (!detailed.ok) return detailed
  const worth = await priceCart(deps.neighbors, detailed.value)
  if (!worth.ok) return worth
  const settled = settle(
    detailed.value,
    worth.value,
    (priced) => refuseUnsold(wanted, priced) ?? refuseDelivery(details, priced),
  )
  if (!settled.ok) return settled
  const { cart: made, priced } = settled.value
  const created = await deps.carts.insert(made, (saved) => ok(viewCart({ ...made, ...saved }, priced)))
  if (!created) throw new Error('cart: a new cart was not written')
  return created
}

const emptyCart = (market: string): StoredCart => ({
  id: newCapability('cart'),
  market,
  lines: [],
  removedLines: [],
  email: null,
  shippingAddress: null,
  billingAddress: null,
  shippingMethod: null,
  couponCodes: [],
  giftCards: [],
  customerId: null,
  orderId: null,
  version: 1,
  updatedAt: '',
})
