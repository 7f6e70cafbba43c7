import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Market } from './views.ts'

/** The cart a browser carries: its id and how many units are in it, so that the head of a page asks no service. */
export type CartCookie = { readonly cartId: string; readonly units: number }

/** As long as carts are kept after their last change. */
const keptSeconds = 30 * 24 * 3_600

export const cartCookieName = 'stoa-cart'

/** A cart belongs to one market, so each market has a cookie; the default one has the plain name. */
const cookieName = (isSecure: boolean, market: Pick<Market, 'code' | 'default'>): string =>
  `${isSecure ? '__Host-' : ''}${cartCookieName}${market.default ? '' : `-${market.code}`}`

export function readCartCookie(request: FastifyRequest, isSecure: boolean, market: Market): CartCookie | null {
  const match = /^(cart_[0-7][0-9a-hjkmnp-tv-z]{25})(?:\.(\d{1,7}))?$/.exec(
    request.cookies[cookieName(isSecure, market)] ?? '',
  )
  return match?.[1] ? { cartId: match[1], units: Number(match[2] ?? 0) } : null
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
