import { randomBytes } from 'node:crypto'
import type { FastifyReply } from 'fastify'

export type PagePrivacy =
  /** The same for everyone but for the corner that names the visitor. */
  | 'shared'
  /** Of one person: never stored anywhere, never found by search engines. */
  | 'personal'

/** 128 bits, as CSP level 3 asks of a nonce. */
export const newNonce = (): string => randomBytes(16).toString('base64')

/** The origins of payment providers that a page needs: those that may be framed, asked by a script, and that a form may end at. */
export type ProviderOrigins = {
  readonly frames: readonly string[]
  readonly connects: readonly string[]
  readonly forms: readonly string[]
  /** Whether a provider's own script runs on the page. */
  readonly scripts: boolean
}

export const noProvider: ProviderOrigins = { frames: [], connects: [], forms: [], scripts: false }

/**
 * The headers of a page. Scripts run by nonce only and whatever they load runs with them; no page can be framed; markup
 * from strings is refused by the browser but for the policy of our own scripts (Trusted Types).
 *
 * A provider's script is loaded by ours, which `strict-dynamic` lets it be; the default policy for its address (Trusted Types) is
 * ours, too, and exists on such a page alone.
 *
 * @param providers named where the shopper pays and nowhere else
 */
export function pageHeaders(
  reply: FastifyReply,
  options: { nonce: string; isSecure: boolean; privacy: PagePrivacy; providers: ProviderOrigins },
): void {
  const { nonce, isSecure, privacy, providers } = options
  const policy = [
    "default-src 'self'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src ${["'self'", ...providers.connects].join(' ')}`,
    `frame-src ${providers.frames.length > 0 ? providers.frames.join(' ') : "'none'"}`,
    // Browsers hold a form to this through redirects too, and paying ends at the provider.
    `form-action ${["'self'", ...providers.forms].join(' ')}`,
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    `trusted-types stoa${providers.scripts ? ' default' : ''}`,
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
