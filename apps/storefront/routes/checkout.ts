import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { orders as ordersContract } from '#contracts/orders'
import { formatMoney } from '#kernel/money'
import { orUnavailable, ProblemError } from '#kernel/problem'
import { clearCartCookie, writeCartCookie } from '../cart-cookie.ts'
import { type Details, readDetails, saveDetails, typedDetails } from '../checkout-details.ts'
import type { Deps } from '../deps.ts'
import { problemsOf, readInput, regionProblem, typedAddress } from '../form.ts'
import type { ProviderOrigins } from '../headers.ts'
import { seeOther, sendPage } from '../send.ts'
import type { Cart, Problems, Provider, Typed } from '../views.ts'
import { isSecure, type ShopRoutes, type Visit } from '../visit.ts'
import { currentCart } from './cart.ts'

const { operations } = ordersContract

export function checkoutRoutes(routes: ShopRoutes, deps: Deps): void {
  routes.get('/checkout', 'personal', (visit) => showCheckout(deps, visit))
  routes.post('/checkout', (visit) => submit(deps, visit))
  routes.get('/checkout/return', 'personal', (visit) => comeBack(deps, visit))
}

async function showCheckout(deps: Deps, visit: Visit) {
  const cart = await currentCart(deps, visit)
  if (!cart || cart.lines.length === 0) return seeOther(visit, '/cart')
  const problems: Problems =
    'declined' in visit.query
      ? { payment: 'The payment did not go through and nothing was charged. Try again, or use another card.' }
      : {}
  return drawCheckout(deps, visit, cart, { problems })
}

type Draft = {
  readonly typed?: Typed
  readonly problems?: Problems
  readonly notice?: string | null
  readonly status?: number
}

async function drawCheckout(deps: Deps, visit: Visit, cart: Cart, draft: Draft) {
  const isCustomer = visit.actor.kind === 'customer'
  const [methods, destinations, providers, profile, addresses] = await Promise.all([
    cart.requiresShipping && cart.shippingAddress ? deps.cart.shippingMethods({ cartId: cart.id }) : null,
    orUnavailable(deps.shipping.destinations({ market: visit.market.code })),
    deps.payments.providers({}),
    isCustomer ? deps.identity.profile({}) : null,
    isCustomer ? deps.identity.addresses({}) : null,
  ])
  const offered = providers.ok ? providers.value.items : []
  const saved = addresses?.ok ? addresses.value.items : []
  const fallback = { email: profile?.ok ? profile.value.email : null, address: saved[0] ?? null }
  return sendPage(
    deps,
    visit,
    'checkout',
    { title: 'Checkout', canonical: null, kind: 'checkout' },
    {
      cart,
      methods: methods?.ok ? methods.value.items : [],
      shippingUnavailable: methods?.ok === false && methods.refusal.type === 'shipping/unavailable',
      countries:
        destinations !== 'unavailable' && destinations.ok ? destinations.value.countries : visit.market.countries,
      billingCountries: [...new Set(visit.frame.markets.flatMap((market) => market.countries))],
      providers: offered,
      addresses: saved,
      signedIn: isCustomer,
      typed: { ...typedDetails(cart, fallback), ...draft.typed },
      problems: draft.problems ?? {},
      notice: draft.notice ?? null,
      key: newKey(),
    },
    { status: draft.status ?? 200, providers: originsOf(offered), units: visit.cart?.units ?? 0 },
  )
}

/** Made by the server for each form it draws: the same form sent twice buys once. */
const newKey = (): string => `form-${randomBytes(16).toString('base64url')}`
const keyPattern = /^form-[\w-]{22}$/

/** What pages need on which the shopper gives a card to one of these providers, or answers its bank. */
export function originsOf(providers: readonly Provider[]): ProviderOrigins {
  const pages = providers.flatMap(({ fieldsUrl }) => (fieldsUrl ? [new URL(fieldsUrl).origin] : []))
  const scripts = providers.flatMap(({ script }) => (script ? [script] : []))
  return {
    frames: [...new Set([...pages, ...scripts.flatMap(({ frameOrigins }) => frameOrigins)])],
    connects: [...new Set(scripts.flatMap(({ connectOrigins }) => connectOrigins))],
    forms: [...new Set(pages)],
    scripts: scripts.length > 0,
  }
}

/**
 * What the form's buttons ask for:
 * - `pay`: all must be right, then the order is placed;
 * - `check`: the same without paying, for the script that wants to know before it asks for a card token;
 * - `refresh`: keep what is complete and say nothing of the rest, for the script while somebody types;
 * - `update`: keep it and show the page again.
 */
async function submit(deps: Deps, visit: Visit) {
  const { form } = visit
  if (!visit.cart) return seeOther(visit, '/cart')
  const found = await deps.cart.get({ cartId: visit.cart.cartId })
  if (!found.ok || found.value.lines.length === 0) return seeOther(visit, '/cart')
  // Sent twice: the order is there already, and its answer is given again.
  if (found.value.orderId !== null) return place(deps, visit, found.value)
  if (form.useAddress) return applySavedAddress(deps, visit, found.value)

  const intent = form.intent ?? 'pay'
  const details = readDetails(form, found.value)
  const saved = await saveDetails(deps, found.value, details)
  const problems: Problems = { ...details.problems, ...saved.problems }
  const draft: Draft = { typed: form, problems }
  if (intent === 'refresh') return drawCheckout(deps, visit, saved.cart, { typed: form, problems: saved.problems })
  if (Object.keys(problems).length > 0) return drawCheckout(deps, visit, saved.cart, { ...draft, status: 422 })
  if (intent === 'update') return seeOther(visit, '/checkout')
  if (intent === 'check') return drawCheckout(deps, visit, saved.cart, { typed: form })
  return place(deps, visit, saved.cart)
}

async function applySavedAddress(deps: Deps, visit: Visit, cart: Cart) {
  const book = visit.actor.kind === 'customer' ? await deps.identity.addresses({}) : null
  const chosen = book?.ok ? book.value.items.find(({ id }) => id === visit.form.useAddress) : undefined
  if (!chosen) return seeOther(visit, '/checkout')
  const { id: _, ...shippingAddress } = chosen
  const isSoldThere = visit.market.countries.includes(shippingAddress.country)
  const problems = isSoldThere ? regionProblem(shippingAddress, 'shippingAddress/') : {}
  if (Object.keys(problems).length > 0) {
    const typed = { ...visit.form, ...typedAddress(shippingAddress, 'shippingAddress/') }
    return drawCheckout(deps, visit, cart, { typed, problems, status: 422 })
  }
  const { patch } = readDetails({ email: visit.form.email ?? '' }, cart)
  const details: Details = { patch: { ...patch, shippingAddress }, problems: {} }
  const saved = await saveDetails(deps, cart, details)
  if (Object.keys(saved.problems).length > 0) {
    return drawCheckout(deps, visit, saved.cart, { problems: saved.problems, status: 422 })
  }
  return seeOther(visit, '/checkout')
}

async function place(deps: Deps, visit: Visit, cart: Cart) {
  const { form, market } = visit
  const { currency } = cart
  const again = (draft: Draft, now = cart) => drawCheckout(deps, visit, now, { typed: form, status: 422, ...draft })
  const noticeOf = ({ totals: { total }, due }: Cart): string => {
    const left = due.amount === total.amount ? '' : `, and ${formatMoney(due, market.locale)} of it is left to pay`
    return `The total is now ${formatMoney(total, market.locale)}${left}. Please look at it once more before you pay.`
  }
  if (!keyPattern.test(form.key ?? '')) return again({ notice: 'Please look at your order once more before you pay.' })

  const read = readInput(operations.checkout, {
    cartId: cart.id,
    payment: { provider: form.provider ?? '', ...(form.token ? { token: form.token } : {}) },
    // As the form says it, so that the same form sent again asks for the same.
    expectedTotal: { amount: Number(form.expectedTotal), currency },
    expectedDue: { amount: Number(form.expectedDue), currency },
    returnUrl: `${deps.shop.publicUrl}${visit.frame.prefix}/checkout/return`,
  })
  if (!read.ok) return again({ problems: { payment: 'Please choose how to pay.' } })
  try {
    const outcome = await patiently(() => deps.orders.checkout(read.value, { key: form.key as string }))
    if (outcome.ok) return onward(deps, visit, outcome.value)
    const { type, data, detail } = outcome.refusal
    if (type === 'orders/price-changed' || type === 'payments/gift-card-short') {
      const now = (await currentCart(deps, visit)) ?? cart
      return again({ notice: noticeOf(now), status: 409 }, now)
    }
    if (type === 'cart/ordered' || type === 'cart/unknown-cart' || type === 'orders/cart-empty')
      return seeOther(visit, '/cart')
    return again({ problems: refusalWords(type, cart, data, detail), status: type === 'payments/declined' ? 402 : 422 })
  } catch (error) {
    // Too many came, or the first of two equal ones takes very long: the form stays, and can be sent again.
    if (!(error instanceof ProblemError) || error.problem.status >= 500) throw error
    return again({ problems: problemsOf(error), status: error.problem.status })
  }
}

/** How often and how long the second of two equal requests waits for the answer of the first, in milliseconds. */
const looksAtMost = 40
const lookEveryMs = 250

/** Somebody pressed the button twice: the browser shows the second answer, so it has to be the order, too. */
async function patiently<R>(ask: () => Promise<R>): Promise<R> {
  for (let look = 1; ; look++) {
    try {
      return await ask()
    } catch (error) {
      const waits = error instanceof ProblemError && error.problem.type === '/problems/idempotency-key-in-progress'
      if (!waits || look === looksAtMost) throw error
      await pause(lookEveryMs)
    }
  }
}

type Placed = {
  readonly order: { readonly id: string; readonly token: string; readonly status: string }
  readonly payment: { readonly status: string; readonly redirectUrl?: string; readonly instructions?: string }
}

/** Where the shopper goes once there is an order: to the bank, or to the order. */
function onward(deps: Deps, visit: Visit, { order, payment }: Placed) {
  if (payment.status === 'requires_action' && payment.redirectUrl) {
    return visit.reply.header('cache-control', 'no-store').redirect(payment.redirectUrl, 303)
  }
  if (order.status === 'declined') return seeOther(visit, '/checkout?declined')
  if (visit.cart && (order.status === 'placed' || order.status === 'fulfilled')) {
    // The id stays, so that the same form sent again finds its order; the cart itself counts as empty.
    writeCartCookie(visit.reply, isSecure(deps), visit.market, { cartId: visit.cart.cartId, units: 0 })
  }
  // It is kept for days, until the transfer arrives; what is bought meanwhile is another order.
  if (payment.instructions !== undefined) clearCartCookie(visit.reply, isSecure(deps), visit.market)
  return seeOther(visit, `/orders/${order.id}?${new URLSearchParams({ token: order.token, placed: '' })}`)
}

/** The shopper comes back from the provider's pages. What the address says of the payment is a hint; the order knows. */
async function comeBack(deps: Deps, visit: Visit) {
  const read = readInput(operations.resume, { orderId: visit.query.order, token: visit.query.token })
  if (!read.ok) return seeOther(visit, '/cart')
  const outcome = await deps.orders.resume(read.value)
  if (!outcome.ok) return seeOther(visit, '/cart')
  const { order, payment } = outcome.value
  // Who left without deciding sees the order, which leads back to the bank, and is not sent there again at once.
  return onward(deps, visit, { order, payment: { status: payment.status } })
}

/** What the order was refused for, beside the part of the form that it concerns. */
function refusalWords(type: string, cart: Cart, data: unknown, detail: string): Problems {
  if (type === 'inventory/insufficient-stock') {
    const { lines } = data as { readonly lines: readonly { readonly variantId: string; readonly available: number }[] }
    const short = lines.map(({ variantId, available }) => {
      const line = cart.lines.find((one) => one.variantId === variantId)
      return `${line?.title ?? 'One thing'} (${available <= 0 ? 'sold out' : `${available} left`})`
    })
    return { '': `Somebody was faster: ${short.join(', ')}. Please change your cart. Nothing was charged.` }
  }
  const words: Record<string, Problems> = {
    'payments/declined': { payment: `${detail} Nothing was charged.` },
    'payments/unknown-provider': { payment: 'Please choose how to pay.' },
    'payments/provider-unavailable': { payment: detail },
    'payments/token-required': { payment: 'Please enter your card details.' },
    'orders/cart-incomplete': { '': 'Please fill in your e-mail and address.' },
    'orders/checkout-in-progress': { '': 'Your order is being placed already. Wait a moment before you try again.' },
    'pricing/coupon-spent': { '': 'A coupon in your cart has been used up. Take it out to go on.' },
    'pricing/not-sold-here': {
      '': 'Something in your cart is not sold in your region any more. Take it out to go on.',
    },
    'shipping/unavailable': { shippingMethod: detail },
    'shipping/destination-not-served': { 'shippingAddress/country': 'We do not send to this address.' },
    'cart/unknown-shipping-method': { shippingMethod: 'Choose how it should be sent.' },
    'cart/unknown-variant': { '': 'Something in your cart is no longer sold. Take it out to go on.' },
  }
  return words[type] ?? { '': detail }
}
