import { randomBytes } from 'node:crypto'
import type { FastifyReply } from 'fastify'

export type PagePrivacy =
  /** The same for everyone but for the corner that names the visitor. */
  | 'shared'
  /** Of one person: never stored anywhere, never found by search engines. */
  | 'personal'

/** 128 bits, as CSP level 3 asks of a nonce. */
export const newNonce = (): string => randomBytes(16).toString('base64')

/**
 * The headers of a page. Scripts run by nonce only and whatever they load runs with them; no page can be framed; markup
 * from strings is refused by the browser but for the policy of our own scripts (Trusted Types).
 *
 * @param providers origins of payment providers: named on the checkout and nowhere else
 */
export function pageHeaders(
  reply: FastifyReply,
  options: { nonce: string; isSecure: boolean; privacy: PagePrivacy; providers: readonly string[] },
): void {
  const { nonce, isSecure, privacy, providers } = options
  const policy = [
    "default-src 'self'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    `frame-src ${providers.length > 0 ? providers.join(' ') : "'none'"}`,
    // Browsers hold a form to this through redirects too, and paying ends at the provider.
    `form-action ${["'self'", ...providers].join(' ')}`,
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types stoa',
    ...(isSecure ? ['upgrade-insecure-requests'] : []),
  ]
  reply.headers({
    'content-security-policy': policy.join('; '),
    // Order tokens stand in addresses: no other site is told where a shopper came from.
    'referrer-policy': privacy === 'personal' ? 'same-origin' : 'strict-origin-when-cross-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), browsing-topics=()',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': privacy === 'personal' ? 'no-store' : 'private, no-cache',
    ...(privacy === 'personal' ? { 'x-robots-tag': 'noindex' } : {}),
    ...secureHeaders(isSecure),
  })
}

/** Two years, as browsers' preload lists ask; only where TLS is. */
export const secureHeaders = (isSecure: boolean): Record<string, string> =>
  isSecure ? { 'strict-transport-security': 'max-age=63072000; includeSubDomains' } : {}
