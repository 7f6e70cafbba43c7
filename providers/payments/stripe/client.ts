import { AsyncLocalStorage } from 'node:async_hooks'
import Stripe from 'stripe'
import type { Call, Refused, Unknown } from '../port.ts'

/** What a call came to: an answer, a no that Stripe stated, or nobody knows. */
export type Reply<V> =
  | { readonly outcome: 'answer'; readonly value: V }
  | { readonly outcome: 'stated'; readonly error: Stripe.errors.StripeError }
  | Unknown

export type Client = {
  readonly stripe: Stripe
  /** One try with one deadline, and no exception for whatever the network or Stripe does. */
  send<V>(ask: (stripe: Stripe) => Promise<V>, call?: Call): Promise<Reply<V>>
}

/**
 * The version that this adapter was written and tested for. It goes with each request, so that what the account is set to in
 * Stripe's dashboard changes nothing here. A test compares it with the SDK's.
 */
export const apiVersion = '2026-10-28.endive'

/**
 * @param url another address than Stripe's, for stand-ins such as stripe-mock
 * @param timeoutMs milliseconds after which a call is `unknown`, unless its caller gives up before
 */
export function openClient(options: { secretKey: string; url?: string; timeoutMs: number }): Client {
  const { secretKey, timeoutMs } = options
  const url = options.url === undefined ? undefined : new URL(options.url)
  // The SDK takes no signal, but asks this for its connection.
  const deadlines = new AsyncLocalStorage<AbortSignal>()
  const fetchByDeadline: typeof fetch = (input, init) => {
    const signal = deadlines.getStore()
    return fetch(input, { ...init, ...(signal ? { signal } : {}), redirect: 'error' })
  }
  const stripe = new Stripe(secretKey, {
    apiVersion,
    // The caller owns repeats: the port's third rule.
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: Stripe.createFetchHttpClient(fetchByDeadline),
    ...(url
      ? {
          host: url.hostname,
          port: url.port || (url.protocol === 'http:' ? '80' : '443'),
          protocol: url.protocol === 'http:' ? ('http' as const) : ('https' as const),
        }
      : {}),
  })
  return {
    stripe,
    async send(ask, { signal } = {}) {
      const deadline = AbortSignal.timeout(timeoutMs)
      const ends = signal ? AbortSignal.any([signal, deadline]) : deadline
      try {
        if (ends.aborted) return unknown('timeout', 'The time was over before Stripe was asked.')
        return { outcome: 'answer', value: await deadlines.run(ends, () => ask(stripe)) }
      } catch (error) {
        if (ends.aborted) return unknown('timeout', 'Stripe did not answer in time.')
        return read(error)
      }
    },
  }
}

function read(error: unknown): { outcome: 'stated'; error: Stripe.errors.StripeError } | Unknown {
  const { errors } = Stripe
  if (!(error instanceof errors.StripeError)) throw error
  const status = error.statusCode
  if (error instanceof errors.StripeConnectionError) return unknown('connection', 'Stripe was not reached.')
  if (status === 429) return unknown('rate-limited', `Stripe answered 429${error.code ? ` ${error.code}` : ''}.`)
  if (status === 401 || status === 403) return unknown('unauthorized', `Stripe answered ${status}.`)
  // The same key is at work at this moment.
  if (status === 409) return unknown('in-progress', 'Stripe answered 409: a request under this key is under way.')
  if (status === undefined) return unreadable('Stripe answered with something else than JSON.')
  if (status >= 500) return unknown('server-error', `Stripe answered ${status}.`)
  if (status !== 400 && status !== 402 && status !== 404) return unreadable(`Stripe answered ${status}.`)
  return { outcome: 'stated', error }
}

const unknown = (cause: Unknown['cause'], detail: string): Unknown => ({ outcome: 'unknown', cause, detail })

/** Stripe is well, and the answer has to be asked for later. */
export const notYet = (detail: string): Unknown => unknown('in-progress', detail)

export const unreadable = (detail: string): Unknown => unknown('unreadable-answer', detail)

export const isUnknown = (result: unknown): result is Unknown =>
  typeof result === 'object' && result !== null && 'outcome' in result && result.outcome === 'unknown'

/** What an engineer reads: never Stripe's own sentence to the shopper, which may name what the issuer suspects. */
export const detailOf = ({ type, code, param, message, requestId }: Stripe.errors.StripeError): string =>
  [type, code, param, message, requestId && `(${requestId})`].filter(Boolean).join(' ')

export const refused = <Reason extends string>(reason: Reason, detail: string): Refused<Reason> => ({
  outcome: 'refused',
  reason,
  detail,
})
