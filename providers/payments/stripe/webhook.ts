import Stripe from 'stripe'
import T from 'typebox'
import { Compile } from 'typebox/compile'
import type { WebhookRequest, WebhookResult } from '../port.ts'
import { fromStripe } from './amount.ts'
import { metadataKeys } from './intent.ts'

/** As Stripe's libraries have it: older may be a replay, newer comes from a clock that nobody should trust. */
const toleranceSeconds = 300

/** What names a payment in the objects that events are about: a PaymentIntent itself, or a charge, refund or dispute of one. */
const Subject = Compile(
  T.Object({
    id: T.String(),
    object: T.String(),
    payment_intent: T.Optional(T.Union([T.String(), T.Null()])),
    metadata: T.Optional(T.Union([T.Record(T.String(), T.String()), T.Null()])),
    amount: T.Optional(T.Integer()),
    currency: T.Optional(T.String({ pattern: '^[a-z]{3}$' })),
  }),
)

/**
 * Proves that Stripe sent it.
 * @param secrets those of the endpoint that are live: two while one replaces the other
 * @param livemode whether the shop's key is a live one; the other mode's events are about money of another world
 */
export function verify(
  { webhooks }: Stripe,
  { secrets, livemode }: { readonly secrets: readonly string[]; readonly livemode: boolean },
  { rawBody, headers }: WebhookRequest,
): WebhookResult {
  const header = headers['stripe-signature']
  const signedAt = typeof header === 'string' ? /(?:^|,)t=(\d{1,12})(?:,|$)/.exec(header)?.[1] : undefined
  if (typeof header !== 'string' || signedAt === undefined) return { outcome: 'refused', reason: 'malformed' }
  // The SDK looks at the past only.
  if (Math.abs(Date.now() / 1_000 - Number(signedAt)) > toleranceSeconds) return { outcome: 'refused', reason: 'stale' }
  for (const secret of secrets) {
    try {
      return read(webhooks.constructEvent(Buffer.from(rawBody), header, secret, toleranceSeconds), livemode)
    } catch (error) {
      if (error instanceof SyntaxError) return { outcome: 'refused', reason: 'malformed' }
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw error
    }
  }
  return { outcome: 'refused', reason: 'bad-signature' }
}

/** What an event tells of a payment; `ignored` when it is about none, or of the other mode. */
export function read(event: Stripe.Event, livemode: boolean): WebhookResult {
  const eventId = event.id
  if (typeof eventId !== 'string') return { outcome: 'refused', reason: 'malformed' }
  const subject: unknown = event.data?.object
  if (event.livemode !== livemode || !Subject.Check(subject)) return { outcome: 'ignored', eventId }
  const isIntent = subject.object === 'payment_intent'
  const providerPaymentId = isIntent ? subject.id : subject.payment_intent
  if (!providerPaymentId) return { outcome: 'ignored', eventId }
  // A charge carries the payment's metadata; a refund from the dashboard has none.
  const orderId = subject.metadata?.[metadataKeys.order] ?? null
  const { amount, currency } = subject
  // That of a refund or dispute is another.
  const said =
    isIntent && amount !== undefined && currency !== undefined ? { amount: fromStripe(amount, currency) } : {}
  return { outcome: 'verified', eventId, providerPaymentId, orderId, ...said }
}
