import { Webhook } from 'standardwebhooks'
import T from 'typebox'
import { Compile } from 'typebox/compile'
import type {
  AbandonRequest,
  AbandonResult,
  AuthorizeRequest,
  AuthorizeResult,
  Call,
  CaptureRequest,
  CaptureResult,
  EventsResult,
  FindRequest,
  FindResult,
  ListRequest,
  ListResult,
  MoneyRequest,
  PaymentProvider,
  RefundResult,
  RetrieveRequest,
  RetrieveResult,
  Told,
  VoidRequest,
  VoidResult,
  WebhookRequest,
  WebhookResult,
} from '../port.ts'
import { type Client, eventsIn, isUnknown, openClient, paymentIn, paymentsIn, paymentTold, refused } from './client.ts'
import { publicKeyOf } from './public-key.ts'

export type SandboxAdapterOptions = {
  /** Where this process reaches the provider. */
  readonly url: string
  /** Where browsers reach it, if elsewhere. */
  readonly publicUrl?: string
  readonly secretKey: string
  readonly webhookSecret: string
  /** Milliseconds after which a call is `unknown`, unless its caller gives up before. */
  readonly timeoutMs?: number
}

/** Longer than any payment takes, shorter than a shopper's patience. */
const defaultTimeoutMs = 10_000
/** As in the Standard Webhooks reference: older or newer may be a replay. */
const webhookToleranceMs = 300_000
const keysRememberedMs = 24 * 3600_000

/** The `sandbox` provider: our own PSP in `server.ts`, spoken to over HTTP as a foreign one would be. */
export function sandboxProvider(options: SandboxAdapterOptions): PaymentProvider {
  const client = openClient({ ...options, timeoutMs: options.timeoutMs ?? defaultTimeoutMs })
  const publicUrl = (options.publicUrl ?? options.url).replace(/\/+$/, '')
  const publicKey = publicKeyOf(options.secretKey)
  const signature = new Webhook(options.webhookSecret)

  return {
    name: 'sandbox',
    capabilities: { capture: 'single', hostedPage: true, keysRememberedMs, findLagMs: 0 },
    checkout: ({ origin }) => ({
      kind: 'frame',
      frameUrl: `${publicUrl}/fields?${new URLSearchParams({ key: publicKey, origin })}`,
      frameOrigin: new URL(publicUrl).origin,
      publicKey,
    }),
    authorize: (request, call) => authorize(client, request, call),
    abandon: (request, call) => abandon(client, request, call),
    find: (request, call) => find(client, request, call),
    retrieve: (request, call) => retrieve(client, request, call),
    capture: (request, call) => capture(client, request, call),
    void: (request, call) => cancel(client, request, call),
    refund: (request, call) => refund(client, request, call),
    webhook: async (request) => verify(signature, request),
    list: (request, call) => list(client, request, call),
    events: (request, call) => events(client, request, call),
  }
}

async function authorize(client: Client, request: AuthorizeRequest, call?: Call): Promise<AuthorizeResult> {
  // Named one by one, as the provider refuses fields that it does not know.
  const { attemptKey, orderId, amount, token, captureNow, returnUrl } = request
  const order = { orderId, amount, token, captureNow, returnUrl }
  const reply = await client.post('/v1/payments', order, { ...call, key: attemptKey })
  if (isUnknown(reply)) return reply
  if (reply.outcome === 'problem') return refused(reply, ['key-reused', 'attempt-abandoned'])
  const made = paymentIn(reply)
  if (isUnknown(made)) return made
  const { payment, redirectUrl } = made
  switch (payment.status) {
    case 'authorized':
    case 'captured':
    case 'processing':
      return { outcome: payment.status, payment }
    case 'requires_action':
      return { outcome: 'requires_action', payment, action: redirectUrl === undefined ? {} : { redirectUrl } }
    default:
      return { outcome: 'declined', reason: payment.declineReason ?? 'card-declined', payment }
  }
}

async function abandon(client: Client, { orderId, attemptKey }: AbandonRequest, call?: Call): Promise<AbandonResult> {
  const reply = await client.post('/v1/payments/abandon', { orderId, attemptKey }, call)
  if (isUnknown(reply)) return reply
  return reply.outcome === 'problem' ? refused(reply, ['captured']) : { outcome: 'abandoned' }
}

async function find(client: Client, { orderId }: FindRequest, call?: Call): Promise<FindResult> {
  const reply = await client.get(`/v1/payments?${new URLSearchParams({ orderId })}`, call)
  const page = paymentsIn(reply)
  return isUnknown(page) ? page : { outcome: 'found', payments: page.items }
}

async function retrieve(client: Client, { providerPaymentId }: RetrieveRequest, call?: Call): Promise<RetrieveResult> {
  const reply = await client.get(pathOf(providerPaymentId), call)
  if (reply.outcome === 'problem' && reply.name === 'not-found') return { outcome: 'missing' }
  const found = paymentIn(reply)
  return isUnknown(found) ? found : { outcome: 'found', payment: found.payment }
}

async function capture(
  client: Client,
  { providerPaymentId, amount, key }: CaptureRequest,
  call?: Call,
): Promise<CaptureResult> {
  const reply = await client.post(`${pathOf(providerPaymentId)}/capture`, { amount }, { ...call, key })
  if (isUnknown(reply)) return reply
  if (reply.outcome === 'problem') {
    return refused(reply, [...moneyRefusals, 'exceeds-authorized', 'authorization-lapsed'])
  }
  const taken = paymentIn(reply)
  return isUnknown(taken) ? taken : { outcome: 'captured', payment: taken.payment }
}

async function cancel(client: Client, { providerPaymentId, key }: VoidRequest, call?: Call): Promise<VoidResult> {
  const reply = await client.post(`${pathOf(providerPaymentId)}/void`, undefined, { ...call, key })
  if (isUnknown(reply)) return reply
  if (reply.outcome === 'problem') return refused(reply, [...moneyRefusals, 'captured'])
  const released = paymentIn(reply)
  return isUnknown(released) ? released : { outcome: 'voided', payment: released.payment }
}

async function refund(
  client: Client,
  { providerPaymentId, amount, key }: MoneyRequest,
  call?: Call,
): Promise<RefundResult> {
  const reply = await client.post(`${pathOf(providerPaymentId)}/refunds`, { amount }, { ...call, key })
  if (isUnknown(reply)) return reply
  if (reply.outcome === 'problem') return refused(reply, [...moneyRefusals, 'exceeds-captured'])
  const given = paymentIn(reply)
  if (isUnknown(given)) return given
  const refundId = given.payment.refunds.findLast((one) => one.key === key)?.refundId
  return refundId === undefined
    ? { outcome: 'unknown', cause: 'unreadable-answer', detail: 'The refund is not in the answer.' }
    : { outcome: 'refunded', refundId, status: 'succeeded', payment: given.payment }
}

async function list(client: Client, { since, cursor }: ListRequest, call?: Call): Promise<ListResult> {
  const query = new URLSearchParams({ since, ...(cursor === undefined ? {} : { cursor }) })
  const page = paymentsIn(await client.get(`/v1/payments?${query}`, call))
  return isUnknown(page) ? page : { outcome: 'listed', ...page }
}

async function events(client: Client, { since, cursor }: ListRequest, call?: Call): Promise<EventsResult> {
  const query = new URLSearchParams({ since, ...(cursor === undefined ? {} : { cursor }) })
  const page = eventsIn(await client.get(`/v1/events?${query}`, call))
  if (isUnknown(page)) return page
  const items = page.items.flatMap(({ id, createdAt, event }) => {
    const told = toldBy(id, event)
    return told ? [{ ...told, at: createdAt }] : []
  })
  return { outcome: 'listed', items, nextCursor: page.nextCursor }
}

const moneyRefusals = ['not-found', 'wrong-state', 'currency-mismatch', 'key-reused'] as const

const pathOf = (providerPaymentId: string): string => `/v1/payments/${encodeURIComponent(providerPaymentId)}`

// --- webhooks -------------------------------------------------------------------------------------------------------

const WebhookEvent = Compile(
  T.Object({
    type: T.String(),
    data: T.Object({
      paymentId: T.String(),
      orderId: T.String(),
      amount: T.Optional(T.Integer()),
      currency: T.Optional(T.String()),
      payment: T.Optional(T.Unknown()),
    }),
  }),
)

function verify(signature: Webhook, { rawBody, headers }: WebhookRequest): WebhookResult {
  const text = (name: string): string => (typeof headers[name] === 'string' ? headers[name] : '')
  const signed = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, text(name)] as const)
  const eventId = text('webhook-id')
  const timestamp = text('webhook-timestamp')
  if (!eventId || !/^\d{1,12}$/.test(timestamp) || !text('webhook-signature')) {
    return { outcome: 'refused', reason: 'malformed' }
  }
  if (Math.abs(Date.now() - Number(timestamp) * 1000) > webhookToleranceMs) {
    return { outcome: 'refused', reason: 'stale' }
  }
  const body = Buffer.from(rawBody)
  try {
    signature.verify(body, Object.fromEntries(signed), { jsonParse: false })
  } catch {
    return { outcome: 'refused', reason: 'bad-signature' }
  }
  const event = parsed(body)
  if (event === undefined) return { outcome: 'refused', reason: 'malformed' }
  const told = toldBy(eventId, event)
  return told ? { outcome: 'verified', ...told } : { outcome: 'ignored', eventId }
}

function toldBy(eventId: string, event: unknown): Told | null {
  if (!WebhookEvent.Check(event)) return null
  const { paymentId: providerPaymentId, orderId, amount, currency } = event.data
  const asked = amount === undefined || currency === undefined ? {} : { amount: { amount, currency } }
  const said = paymentTold(event.data.payment)
  return { eventId, providerPaymentId, orderId, ...asked, ...(said ? { said } : {}) }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
