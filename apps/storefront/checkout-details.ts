import { isDeepStrictEqual } from 'node:util'
import { cart as contract } from '#contracts/cart'
import type { Input } from '#kernel/contract'
import type { Deps } from './deps.ts'
import { readAddress, readInput, regionProblem, typedAddress } from './form.ts'
import type { Cart, Problems, SavedAddress, Typed } from './views.ts'

const { update } = contract.operations
type Patch = Omit<Input<typeof update>, 'cartId'>

/** What of a checkout form can be kept, and what is wrong with the rest. */
export type Details = { readonly patch: Patch; readonly problems: Problems }

/** Reads contact, addresses and method, each by itself, so that one wrong field does not lose the others. */
export function readDetails(form: Typed, cart: Cart): Details {
  let patch: Patch = {}
  let problems: Problems = {}
  const take = (part: Record<string, unknown>, found: Problems = {}): void => {
    const read = readInput(update, { cartId: cart.id, ...part }, found)
    if (read.ok) {
      const { cartId: _, ...kept } = read.value
      patch = { ...patch, ...kept }
    } else problems = { ...problems, ...read.problems }
  }
  const takeAddress = (name: 'shippingAddress' | 'billingAddress'): void => {
    const address = readAddress(form, `${name}/`)
    take({ [name]: address }, regionProblem(address, `${name}/`))
  }
  take({ email: form.email ?? '' })
  if (cart.requiresShipping) {
    takeAddress('shippingAddress')
    if (form.shippingMethod) take({ shippingMethod: form.shippingMethod })
  }
  if (form.billingDiffers === 'true') takeAddress('billingAddress')
  else if (cart.billingAddress) take({ billingAddress: null })
  return { patch, problems }
}

const news = (patch: Patch, cart: Cart): Patch =>
  Object.fromEntries(
    Object.entries(patch).filter(([name, value]) => !isDeepStrictEqual(value, cart[name as keyof Cart])),
  )

/** Keeps details with the cart, and says what the services think of them. What the cart knows already is not sent again:
 *  a form that comes twice must not look like a cart that was changed. */
export async function saveDetails(
  deps: Deps,
  cart: Cart,
  details: Details,
): Promise<{ readonly cart: Cart; readonly problems: Problems }> {
  const patch = news(details.patch, cart)
  if (Object.keys(patch).length === 0) return { cart, problems: {} }
  const outcome = await deps.cart.update({ cartId: cart.id, ...patch })
  if (outcome.ok) return { cart: outcome.value, problems: {} }
  const { type } = outcome.refusal
  if (type === 'cart/unknown-shipping-method' && patch.shippingAddress) {
    // Another country has other methods: the one chosen before is forgotten, and its default stands.
    const { shippingMethod: _, ...rest } = patch
    return saveDetails(deps, cart, { patch: rest, problems: {} })
  }
  const problems: Record<string, Problems> = {
    'shipping/destination-not-served': { 'shippingAddress/country': 'We do not send to this address.' },
    'cart/unknown-shipping-method': { shippingMethod: 'Choose how it should be sent.' },
  }
  return { cart, problems: problems[type] ?? { '': 'Your cart has changed. Please look at it once more.' } }
}

/** A checkout form as it begins: what the cart knows, and what the customer's account knows where the cart does not. */
export function typedDetails(
  cart: Cart,
  fallback: { readonly email: string | null; readonly address: SavedAddress | null },
): Typed {
  return {
    email: cart.email ?? fallback.email ?? '',
    ...typedAddress(cart.shippingAddress ?? fallback.address, 'shippingAddress/'),
    ...typedAddress(cart.billingAddress, 'billingAddress/'),
    ...(cart.billingAddress ? { billingDiffers: 'true' } : {}),
    ...(cart.shippingMethod ? { shippingMethod: cart.shippingMethod } : {}),
  }
}
