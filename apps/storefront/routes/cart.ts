import { cart as contract, quantityAtMost } from '#contracts/cart'
import { giftCardCodeLength, giftCardsAtMost } from '#contracts/payments'
import { clearCartCookie, readCartCookie, writeCartCookie } from '../cart-cookie.ts'
import type { Deps } from '../deps.ts'
import { readInput, readQuantity } from '../form.ts'
import { seeOther, sendPage } from '../send.ts'
import type { Cart, Problems, Typed } from '../views.ts'
import { isSecure, type ShopRoutes, type Visit } from '../visit.ts'
import { productPage } from './product.ts'

const { operations } = contract

export function cartRoutes(routes: ShopRoutes, deps: Deps): void {
  routes.get('/cart', 'personal', (visit) => cartPage(deps, visit, {}, {}, 200))
  routes.post('/cart/lines', (visit) => addLine(deps, visit))
  routes.post('/cart/lines/:lineId', (visit) => changeLine(deps, visit))
  routes.post('/cart/lines/:lineId/remove', (visit) => removeLine(deps, visit))
  routes.post('/cart/codes', (visit) => addCode(deps, visit))
  routes.post('/cart/codes/remove', (visit) => removeCode(deps, visit))
}

/** The visitor's cart, or null when there is none, it is gone, or it became an order. */
export async function currentCart(deps: Deps, visit: Visit): Promise<Cart | null> {
  if (!visit.cart) return null
  const outcome = await deps.cart.get({ cartId: visit.cart.cartId })
  if (outcome.ok && outcome.value.orderId === null) return outcome.value
  // The id of an ordered cart stays, so that a checkout form sent again finds its order.
  if (outcome.ok) writeCartCookie(visit.reply, isSecure(deps), visit.market, { ...visit.cart, units: 0 })
  else clearCartCookie(visit.reply, isSecure(deps), visit.market)
  return null
}

const units = (cart: Cart | null): number => cart?.lines.reduce((all, { quantity }) => all + quantity, 0) ?? 0

/** Tells the browser how many units there are now. */
function remember(deps: Deps, visit: Visit, cart: Cart): void {
  writeCartCookie(visit.reply, isSecure(deps), visit.market, { cartId: cart.id, units: units(cart) })
}

async function cartPage(deps: Deps, visit: Visit, typed: Typed, problems: Problems, status: number, known?: Cart) {
  const cart = known ?? (await currentCart(deps, visit))
  const now = units(cart)
  if (cart && visit.cart?.units !== now) remember(deps, visit, cart)
  const other = visit.frame.markets.find(
    (market) =>
      market.code !== visit.market.code && (readCartCookie(visit.request, isSecure(deps), market)?.units ?? 0) > 0,
  )
  const otherCart = other ? { market: other, href: other.default ? '/cart' : `/${other.code}/cart` } : null
  return sendPage(
    deps,
    visit,
    'cart',
    { title: 'Your cart', canonical: null },
    { cart, otherCart, typed, problems },
    { status, units: now },
  )
}

/** Puts units of a variant into the cart, and makes the cart if this is the first thing in it. */
async function addLine(deps: Deps, visit: Visit) {
  const { variantId = '', quantity = '1', from = '' } = visit.form
  const again = (problems: Problems) =>
    productPage(deps, visit, from, { wanted: variantId, quantity, problems, status: 422 })
  const line = { variantId, quantity: readQuantity(quantity) }
  const read = readInput(operations.addLine, { cartId: visit.cart?.cartId ?? exampleCartId, ...line })
  if (!read.ok) return again(read.problems)

  const added = visit.cart ? await deps.cart.addLine(read.value) : null
  if (added?.ok) {
    remember(deps, visit, added.value)
    return seeOther(visit, '/cart')
  }
  if (added && added.refusal.type !== 'cart/unknown-cart' && added.refusal.type !== 'cart/ordered') {
    return again({ '': wordsFor(added.refusal.type) })
  }
  // None yet, or the last one has become an order.
  const created = await deps.cart.create({ market: visit.market.code, lines: [line] })
  if (!created.ok) return again({ '': wordsFor(created.refusal.type) })
  remember(deps, visit, created.value)
  return seeOther(visit, '/cart')
}

/** Stands where a cart's id will be, so that the rest of the form can be checked before there is one. */
const exampleCartId = `cart_${'0'.repeat(26)}`

async function changeLine(deps: Deps, visit: Visit) {
  const { lineId = '' } = visit.params
  const { quantity = '' } = visit.form
  if (/^0+$/.test(quantity)) return removeLine(deps, visit)
  const field = `quantity/${lineId}`
  const again = (words: string) => cartPage(deps, visit, { [field]: quantity }, { [field]: words }, 422)
  if (!visit.cart) return seeOther(visit, '/cart')
  const read = readInput(operations.updateLine, { cartId: visit.cart.cartId, lineId, quantity: readQuantity(quantity) })
  if (!read.ok) return again(read.problems.quantity ?? 'Please check this.')
  const outcome = await deps.cart.updateLine(read.value)
  if (!outcome.ok && outcome.refusal.type === 'cart/quantity-too-large') return again(wordsFor(outcome.refusal.type))
  if (outcome.ok) remember(deps, visit, outcome.value)
  return seeOther(visit, '/cart')
}

async function removeLine(deps: Deps, visit: Visit) {
  const read = readInput(operations.removeLine, { cartId: visit.cart?.cartId, lineId: visit.params.lineId })
  const outcome = read.ok ? await deps.cart.removeLine(read.value) : null
  if (outcome?.ok) remember(deps, visit, outcome.value)
  return seeOther(visit, '/cart')
}

/** A gift card's code is told by its length; a coupon may be as long, so that is tried next. */
async function addCode(deps: Deps, visit: Visit) {
  const cart = await currentCart(deps, visit)
  if (!cart) return seeOther(visit, '/cart')
  const { code = '' } = visit.form
  const again = (words: string) => cartPage(deps, visit, { code }, { code: words }, 422, cart)
  const coupons = cart.coupons.map((coupon) => coupon.code)
  if (coupons.some((one) => one.toLowerCase() === code.toLowerCase())) return seeOther(visit, '/cart')
  const isCardLike = code.replace(/[^0-9a-z]/gi, '').length === giftCardCodeLength
  if (isCardLike && cart.giftCards.length >= giftCardsAtMost)
    return again(`At most ${giftCardsAtMost} gift cards can pay for an order.`)
  const giftCards = { giftCards: [...cart.giftCards.map(({ id }) => id), code] }
  const couponCodes = { couponCodes: [...coupons, code] }
  const problems: string[] = []
  for (const change of isCardLike ? [giftCards, couponCodes] : [couponCodes]) {
    const read = readInput(operations.update, { cartId: cart.id, ...change })
    const outcome = read.ok ? await deps.cart.update(read.value) : null
    if (outcome?.ok) return seeOther(visit, '/cart')
    if (outcome) problems.push(wordsFor(outcome.refusal.type))
    else if (!read.ok)
      problems.push(read.problems.couponCodes ? 'Five coupons at most.' : wordsFor('pricing/unknown-coupon'))
  }
  return again(problems[0] ?? wordsFor('pricing/unknown-coupon'))
}

async function removeCode(deps: Deps, visit: Visit) {
  const cart = await currentCart(deps, visit)
  if (!cart) return seeOther(visit, '/cart')
  const { code, giftCard } = visit.form
  const couponCodes = cart.coupons.map((coupon) => coupon.code).filter((one) => one !== code)
  const giftCards = cart.giftCards.map(({ id }) => id).filter((id) => id !== giftCard)
  await deps.cart.update({ cartId: cart.id, ...(giftCard === undefined ? { couponCodes } : { giftCards }) })
  return seeOther(visit, '/cart')
}

/** What the cart refuses, for the shopper. */
function wordsFor(refusal: string): string {
  const words: Record<string, string> = {
    'cart/unknown-variant': 'This is no longer sold.',
    'pricing/not-sold-here': 'This is not sold in your region.',
    'pricing/unknown-market': 'This is not sold in your region.',
    'cart/too-many-lines': 'Your cart is full. Take something out, or order what is in it first.',
    'cart/quantity-too-large': `At most ${quantityAtMost.toLocaleString('en')} of one thing fit into the cart.`,
    'pricing/unknown-coupon': 'We do not know this code. Check how it is written.',
    'pricing/coupon-spent': 'This code has been used up.',
    'payments/gift-card-not-usable':
      'This code cannot be used here. Check how it is written, and whether anything is left on the card.',
  }
  return words[refusal] ?? 'That did not work. Please look at your cart and try again.'
}
