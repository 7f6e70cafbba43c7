import type { PaymentProvider } from '../port.ts'
import { abandon, authorize } from './authorize.ts'
import { openClient } from './client.ts'
import { cancel, capture, refund } from './move.ts'
import { events, find, list, retrieve } from './read.ts'
import { verify } from './webhook.ts'

export type StripeAdapterOptions = {
  readonly secretKey: string
  readonly publishableKey: string
  /** Those that are live: two while one replaces the other. */
  readonly webhookSecrets: readonly string[]
  /** Milliseconds after which a call is `unknown`, unless its caller gives up before. */
  readonly timeoutMs?: number
  /** Other addresses than Stripe's own, for stand-ins. */
  readonly apiUrl?: string
  readonly scriptUrl?: string
}

/** Longer than any payment takes, shorter than a shopper's patience. */
const defaultTimeoutMs = 10_000
/** Stripe removes keys when they are at least a day old. https://docs.stripe.com/api/idempotent_requests */
const keysRememberedMs = 24 * 3600_000
/** `find` is a search, and that is "up to a minute" behind, longer when Stripe has trouble. https://docs.stripe.com/search */
const findLagMs = 60_000

/** Stripe.js of the release that belongs to the API's version. Stripe wants it from its own address, and changes it there. */
const scriptUrl = 'https://js.stripe.com/endive/stripe.js'
/** As Stripe documents them for card fields and 3-D Secure: https://docs.stripe.com/security/guide#content-security-policy */
const frameOrigins = ['https://js.stripe.com', 'https://*.js.stripe.com', 'https://hooks.stripe.com']
const connectOrigins = ['https://api.stripe.com']

/** The `stripe` provider: a PaymentIntent for each attempt, made and confirmed by one request. */
export function stripeProvider(options: StripeAdapterOptions): PaymentProvider {
  const client = openClient({
    secretKey: options.secretKey,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    ...(options.apiUrl === undefined ? {} : { url: options.apiUrl }),
  })
  const endpoint = { secrets: options.webhookSecrets, livemode: /^(sk|rk)_live_/.test(options.secretKey) }
  const standIns = [options.scriptUrl, options.apiUrl].flatMap((url) => (url ? [new URL(url).origin] : []))
  return {
    name: 'stripe',
    capabilities: { capture: 'single', hostedPage: false, keysRememberedMs, findLagMs },
    checkout: () => ({
      kind: 'script',
      scriptUrl: options.scriptUrl ?? scriptUrl,
      frameOrigins: [...frameOrigins, ...standIns],
      connectOrigins: [...connectOrigins, ...standIns],
      publicKey: options.publishableKey,
    }),
    authorize: (request, call) => authorize(client, request, call),
    abandon: (request, call) => abandon(client, request, call),
    find: (request, call) => find(client, request, call),
    retrieve: (request, call) => retrieve(client, request, call),
    capture: (request, call) => capture(client, request, call),
    void: (request, call) => cancel(client, request, call),
    refund: (request, call) => refund(client, request, call),
    webhook: async (request) => verify(client.stripe, endpoint, request),
    list: (request, call) => list(client, request, call),
    events: (request, call) => events(client, endpoint.livemode, request, call),
  }
}
