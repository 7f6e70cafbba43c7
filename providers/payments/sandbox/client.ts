import T from 'typebox'
import { Compile } from 'typebox/compile'
import { Money } from '#kernel/money'
import type { Call, DeclineReason, ProviderPayment, ProviderPaymentStatus, Refused, Unknown } from '../port.ts'

/** What a call came to: an answer, a problem the provider stated, or nobody knows. */
export type Reply =
  | { readonly outcome: 'answer'; readonly value: unknown }
  | { readonly outcome: 'problem'; readonly name: string; readonly detail: string }
  | Unknown

export type Client = {
  get(path: string, call?: Call): Promise<Reply>
  post(path: string, body: unknown, call?: Call & { readonly key?: string }): Promise<Reply>
}

/** Speaks to the provider: one try, one deadline, and no exception for whatever the network does. */
export function openClient({
  url,
  secretKey,
  timeoutMs,
}: {
  url: string
  secretKey: string
  timeoutMs: number
}): Client {
  const base = url.replace(/\/+$/, '')
  const send = async (
    path: string,
    what: { method: 'GET' | 'POST'; headers?: Record<string, string>; body?: string },
    { signal }: Call = {},
  ): Promise<Reply> => {
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      // Loaded by the first call, which is long after a start. A redirect is not followed: the secret key goes to no other address.
      const { request } = await import('undici')
      const { statusCode, body } = await request(base + path, {
        ...what,
        headers: { ...what.headers, authorization: `Bearer ${secretKey}` },
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      })
      return read(statusCode, await body.text())
    } catch (error) {
      return notReached(error)
    }
  }
  return {
    get: (path, call) => send(path, { method: 'GET' }, call),
    post: (path, body, { key, ...call } = {}) => {
      const headers = {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      }
      return send(
        path,
        { method: 'POST', headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) },
        call,
      )
    },
  }
}

const ProblemBody = Compile(T.Object({ type: T.String(), detail: T.Optional(T.String()) }))

function read(status: number, text: string): Reply {
  if (status === 429) return unknown('rate-limited', 'The provider answered 429.')
  if (status === 401 || status === 403) return unknown('unauthorized', `The provider answered ${status}.`)
  if (status >= 500 || status === 408) return unknown('server-error', `The provider answered ${status}.`)
  const value = parsed(text)
  if (status >= 200 && status < 300 && value !== undefined) return { outcome: 'answer', value }
  return status >= 400 && ProblemBody.Check(value)
    ? { outcome: 'problem', name: value.type.split('/').at(-1) ?? '', detail: value.detail ?? value.type }
    : unreadable(`The provider answered ${status} with something else than was agreed.`)
}

function notReached(error: unknown): Unknown {
  if (!(error instanceof Error)) throw error
  if (error.name === 'TimeoutError' || error.name === 'AbortError') {
    return unknown('timeout', 'The provider did not answer in time.')
  }
  // What a connection does has a code; whatever has none is a fault of ours.
  if (!('code' in error)) throw error
  return unknown('connection', `The provider was not reached: ${error.message || String(error.code)}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const unknown = (cause: Unknown['cause'], detail: string): Unknown => ({ outcome: 'unknown', cause, detail })

const unreadable = (detail: string): Unknown => unknown('unreadable-answer', detail)

export const isUnknown = (result: object): result is Unknown => 'outcome' in result && result.outcome === 'unknown'

/** A stated problem as a refusal; a name outside of `known` means that the request itself was wrong. */
export function refused<Reason extends string>(
  { name, detail }: { name: string; detail: string },
  known: readonly Reason[],
): Refused<Reason | 'invalid-request'> {
  return { outcome: 'refused', reason: known.find((one) => one === name) ?? 'invalid-request', detail }
}

// --- payments as they come ------------------------------------------------------------------------------------------

const statuses = {
  requires_card: 'requires_action',
  requires_challenge: 'requires_action',
  processing: 'processing',
  authorized: 'authorized',
  captured: 'captured',
  declined: 'declined',
  voided: 'voided',
  expired: 'expired',
} as const satisfies Record<string, ProviderPaymentStatus>

const declineReasons = [
  'card-declined',
  'insufficient-funds',
  'expired-card',
  'incorrect-cvc',
  'authentication-failed',
  'token-invalid',
  'issuer-unavailable',
] as const satisfies readonly DeclineReason[]

const Payment = T.Object({
  id: T.String(),
  orderId: T.String(),
  attemptKey: T.String(),
  status: T.Enum(Object.keys(statuses) as (keyof typeof statuses)[]),
  amount: Money,
  authorized: Money,
  captured: Money,
  refunded: Money,
  refunds: T.Array(T.Object({ id: T.String(), key: T.String(), amount: Money })),
  declineReason: T.Optional(T.Enum([...declineReasons])),
  authorizedUntil: T.Optional(T.String()),
  card: T.Optional(T.Object({ brand: T.String(), last4: T.String({ pattern: '^[0-9]{4}$' }) })),
  redirectUrl: T.Optional(T.String()),
  createdAt: T.String(),
})
const isPayment = Compile(Payment)
const isPage = Compile(T.Object({ items: T.Array(Payment), nextCursor: T.Union([T.String(), T.Null()]) }))

const isEventPage = Compile(
  T.Object({
    items: T.Array(T.Object({ id: T.String(), createdAt: T.String(), event: T.Unknown() })),
    nextCursor: T.Union([T.String(), T.Null()]),
  }),
)

type Told = { readonly payment: ProviderPayment; readonly redirectUrl: string | undefined }

export function paymentIn(reply: Reply): Told | Unknown {
  if (reply.outcome === 'unknown') return reply
  if (reply.outcome === 'problem') return unreadable(reply.detail)
  return isPayment.Check(reply.value)
    ? { payment: toPort(reply.value), redirectUrl: reply.value.redirectUrl }
    : unreadable('The answer is no payment.')
}

/** A payment as an event tells it; undefined when it is told otherwise than was agreed. */
export const paymentTold = (value: unknown): ProviderPayment | undefined =>
  isPayment.Check(value) ? toPort(value) : undefined

export function paymentsIn(reply: Reply): { items: ProviderPayment[]; nextCursor: string | null } | Unknown {
  if (reply.outcome === 'unknown') return reply
  if (reply.outcome === 'problem') return unreadable(reply.detail)
  return isPage.Check(reply.value)
    ? { items: reply.value.items.map(toPort), nextCursor: reply.value.nextCursor }
    : unreadable('The answer is no list of payments.')
}

export function eventsIn(reply: Reply) {
  if (reply.outcome === 'unknown') return reply
  if (reply.outcome === 'problem') return unreadable(reply.detail)
  return isEventPage.Check(reply.value) ? reply.value : unreadable('The answer is no list of events.')
}

function toPort({ redirectUrl: _, ...told }: T.Static<typeof Payment>): ProviderPayment {
  const { id, status, refunds, ...same } = told
  return {
    providerPaymentId: id,
    orderId: same.orderId,
    attemptKey: same.attemptKey,
    status: statuses[status],
    amount: same.amount,
    authorized: same.authorized,
    captured: same.captured,
    refunded: same.refunded,
    refunds: refunds.map(({ id: refundId, key, amount }) => ({ refundId, key, amount, status: 'succeeded' })),
    ...(same.declineReason ? { declineReason: same.declineReason } : {}),
    ...(same.authorizedUntil ? { authorizedUntil: same.authorizedUntil } : {}),
    ...(same.card ? { card: same.card } : {}),
    createdAt: same.createdAt,
    // Without the address of the shopper's page, which would open it.
    raw: told,
  }
}
