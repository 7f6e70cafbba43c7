import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Market } from './views.ts'

/** The cart a browser carries: its id and how many units are in it, so that the head of a page asks no service. */
export type CartCookie = { readonly cartId: string; readonly units: number }

/** As long as carts are kept after their last change. */
const keptSeconds = 30 * 24 * 3_600

const cartCookieName = 'stoa-cart'

/** A cart belongs to one market, so each market has a cookie; the default one has the plain name. */
const cookieName = (isSecure: boolean, market: Pick<Market, 'code' | 'default'>): string =>
  `${isSecure ? '__Host-' : ''}${cartCookieName}${market.default ? '' : `-${market.code}`}`

export function readCartCookie(
  request: Pick<FastifyRequest, 'cookies'>,
  isSecure: boolean,
  market: Pick<Market, 'code' | 'default'>,
): CartCookie | null {
  const match = /^(cart_[0-7][0-9a-hjkmnp-tv-z]{25})(?:\.(\d{1,7}))?$/.exec(
    request.cookies[cookieName(isSecure, market)] ?? '',
  )
  return match?.[1] ? { cartId: match[1], units: Number(match[2] ?? 0) } : null
}

/** `stoa-cart-us`, with what comes before it behind TLS; the code is missing for the default market. */
const cartCookie = /^(?:__Host-)?stoa-cart(?:-([a-z][a-z0-9-]{0,19}))?$/

/**
 * The carts with something in them, each as its cookie's name and its units: all that a page which is shared can show of them. It
 * is asked for before the markets are known, so a code may be one of no market.
 */
export function unitsByCartCookie(request: Pick<FastifyRequest, 'cookies'>, isSecure: boolean): [string, number][] {
  const carts: [string, number][] = []
  for (const name in request.cookies) {
    const match = cartCookie.exec(name)
    if (!match) continue
    const market = { code: match[1] ?? '', default: match[1] === undefined }
    if (name !== cookieName(isSecure, market)) continue
    const units = readCartCookie(request, isSecure, market)?.units ?? 0
    if (units > 0) carts.push([name, units])
  }
  return carts
}

export function writeCartCookie(reply: FastifyReply, isSecure: boolean, market: Market, cart: CartCookie): void {
  reply.setCookie(cookieName(isSecure, market), `${cart.cartId}.${cart.units}`, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: isSecure,
    maxAge: keptSeconds,
  })
}

export function clearCartCookie(reply: FastifyReply, isSecure: boolean, market: Market): void {
  reply.clearCookie(cookieName(isSecure, market), { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure })
}
