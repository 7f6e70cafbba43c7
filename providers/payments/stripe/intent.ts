import type Stripe from 'stripe'
import T from 'typebox'
import { Compile } from 'typebox/compile'
import { Nullable } from '#kernel/fields'
import { type Money, subtract, sum } from '#kernel/money'
import type { DeclineReason, ProviderPayment, ProviderPaymentStatus, ProviderRefund, Unknown } from '../port.ts'
import { fromStripe } from './amount.ts'
import { unreadable } from './client.ts'

// A PaymentIntent as it comes, and as the port tells it. https://docs.stripe.com/payments/paymentintents/lifecycle

/** What the shop writes beside a payment or a refund, to find it again and to know its own. */
export const metadataKeys = {
  order: 'stoa_order',
  attempt: 'stoa_attempt',
  /** On refunds: the key of that one movement of money. */
  key: 'stoa_key',
  /** On what only occupies the key of an attempt that was given up. */
  abandoned: 'stoa_abandoned',
} as const

/** What has to come with each PaymentIntent, so that one answer tells all of it. */
export const expansions = ['latest_charge.balance_transaction', 'latest_charge.refunds'] as const
export const within = (path: string): string[] => expansions.map((one) => `${path}.${one}`)

/** What Stripe gives on one page at most. */
export const pageSize = 100

const Metadata = T.Record(T.String(), T.String())
const Failure = T.Object({ code: T.Optional(Nullable(T.String())), decline_code: T.Optional(Nullable(T.String())) })

const Refund = T.Object({
  id: T.String(),
  amount: T.Integer(),
  status: Nullable(T.String()),
  metadata: T.Optional(Nullable(Metadata)),
})

const Charge = T.Object({
  id: T.String(),
  amount: T.Integer(),
  amount_captured: T.Integer(),
  captured: T.Boolean(),
  failure_code: Nullable(T.String()),
  outcome: T.Optional(Nullable(T.Object({ type: T.Optional(T.String()), reason: T.Optional(Nullable(T.String())) }))),
  /** Null until Stripe has counted the fee, which may be a moment later. */
  balance_transaction: Nullable(T.Object({ id: T.String(), fee: T.Integer(), currency: T.String() })),
  refunds: T.Optional(Nullable(T.Object({ data: T.Array(Refund), has_more: T.Boolean() }))),
  payment_method_details: Nullable(
    T.Object({
      card: T.Optional(
        Nullable(
          T.Object({
            brand: Nullable(T.String()),
            last4: Nullable(T.String()),
            capture_before: T.Optional(Nullable(T.Integer())),
          }),
        ),
      ),
    }),
  ),
})

const IntentFields = T.Object({
  id: T.String(),
  status: T.String(),
  amount: T.Integer(),
  amount_received: T.Integer(),
  currency: T.String(),
  created: T.Integer(),
  livemode: T.Boolean(),
  metadata: Metadata,
  client_secret: Nullable(T.String()),
  cancellation_reason: Nullable(T.String()),
  last_payment_error: Nullable(Failure),
  latest_charge: Nullable(Charge),
})
/** The part of a PaymentIntent, expanded, that this adapter reads. */
export type Intent = T.Static<typeof IntentFields>

const isIntent = Compile(IntentFields)

/** Checked before it is believed: a proxy that answers 200 with a page of its own is nobody's word on money. */
export const intentIn = (value: unknown): Intent | Unknown =>
  isIntent.Check(value) ? value : unreadable('The answer is no PaymentIntent.')

/** Every status that a PaymentIntent can have, as the port says it: an SDK that knows one more does not compile. */
const statuses = {
  requires_payment_method: (intent) => (intent.last_payment_error ? 'declined' : 'requires_action'),
  // Only for manual confirmation, which this adapter does not ask for.
  requires_confirmation: () => 'requires_action',
  requires_action: () => 'requires_action',
  processing: () => 'processing',
  requires_capture: () => 'authorized',
  succeeded: () => 'captured',
  canceled: (intent) => cancellations[intent.cancellation_reason ?? ''] ?? 'voided',
} as const satisfies Record<Stripe.PaymentIntent.Status, (intent: Intent) => ProviderPaymentStatus>

const isKnown = (status: string): status is keyof typeof statuses => Object.hasOwn(statuses, status)

/** Why this adapter cancels, in the words that Stripe has for it, and what Stripe itself cancels. */
export const canceledBecause = { declined: 'abandoned', voided: 'requested_by_customer' } as const
const cancellations: Readonly<Record<string, ProviderPaymentStatus>> = {
  [canceledBecause.declined]: 'declined',
  // An authorization that nobody captured in time; `automatic` is the word of older payments.
  expired: 'expired',
  automatic: 'expired',
}

/** Declined, but its client secret could still confirm it with another card: see `close`. */
export const isOpenDecline = ({ status, last_payment_error }: Intent): boolean =>
  status === 'requires_payment_method' && last_payment_error !== null

/**
 * What a shopper may hear of a decline: what helps to mend it. Whatever is not here, above all what the issuer or Stripe suspects
 * (`fraudulent`, `lost_card`, `stolen_card`, `pickup_card`, `merchant_blacklist` …), is told as a plain decline, as Stripe asks:
 * https://docs.stripe.com/declines/codes
 */
const declines: Readonly<Record<string, DeclineReason>> = {
  insufficient_funds: 'insufficient-funds',
  withdrawal_count_limit_exceeded: 'insufficient-funds',
  card_velocity_exceeded: 'insufficient-funds',
  expired_card: 'expired-card',
  invalid_expiry_month: 'expired-card',
  invalid_expiry_year: 'expired-card',
  incorrect_cvc: 'incorrect-cvc',
  invalid_cvc: 'incorrect-cvc',
  authentication_required: 'authentication-failed',
  authentication_not_handled: 'authentication-failed',
  mobile_device_authentication_required: 'authentication-failed',
  payment_intent_authentication_failure: 'authentication-failed',
  issuer_not_available: 'issuer-unavailable',
  processing_error: 'issuer-unavailable',
  reenter_transaction: 'issuer-unavailable',
  try_again_later: 'issuer-unavailable',
}

/** The decline code is the issuer's word and finer than Stripe's own code beside it. */
export const declineReasonOf = (failure: {
  readonly code?: string | null | undefined
  readonly decline_code?: string | null | undefined
}): DeclineReason =>
  declines[failure.decline_code ?? ''] ??
  (failure.decline_code ? undefined : declines[failure.code ?? '']) ??
  'card-declined'

/** A payment as the port tells it, or `unknown` for a status that this version does not know. */
export function toPayment(intent: Intent): ProviderPayment | Unknown {
  const { latest_charge: charge, metadata, currency } = intent
  if (!isKnown(intent.status)) return unreadable(`Stripe tells of a status ${intent.status}.`)
  const status: ProviderPaymentStatus = statuses[intent.status](intent)
  const amount = (counted: number): Money => fromStripe(counted, currency)
  const granted = status === 'authorized' || status === 'captured'
  const refunds = (charge?.refunds?.data ?? []).map((refund) => toRefund(refund, currency)).reverse()
  const back = refunds.filter((refund) => refund.status !== 'failed').map((refund) => refund.amount)
  const card = charge?.payment_method_details?.card
  const fee = charge?.captured ? charge.balance_transaction : null
  return {
    providerPaymentId: intent.id,
    orderId: metadata[metadataKeys.order] ?? '',
    attemptKey: metadata[metadataKeys.attempt] ?? '',
    status,
    amount: amount(intent.amount),
    authorized: amount(granted ? (charge?.amount ?? intent.amount) : 0),
    captured: amount(status === 'captured' ? intent.amount_received : 0),
    refunded: sum(amount(0).currency, back),
    refunds,
    ...(status === 'declined' ? { declineReason: declineReasonOf(failureOf(intent)) } : {}),
    ...(card?.capture_before && status === 'authorized'
      ? { authorizedUntil: new Date(card.capture_before * 1_000).toISOString() }
      : {}),
    ...(card?.brand && card.last4 ? { card: { brand: card.brand, last4: card.last4 } } : {}),
    ...(fee && fee.fee > 0 ? { fee: fromStripe(fee.fee, fee.currency) } : {}),
    createdAt: new Date(intent.created * 1_000).toISOString(),
    raw: rawOf(intent),
  }
}

/** What is left to give back: captured less all that went or is on its way. */
export const refundable = ({ captured, refunded }: ProviderPayment): number => subtract(captured, refunded).amount

/** The last word on why it failed; the charge still tells when the intent was changed since. */
function failureOf({ last_payment_error, latest_charge }: Intent): {
  code?: string | null
  decline_code?: string | null
} {
  if (last_payment_error) return last_payment_error
  if (latest_charge?.failure_code) return { code: latest_charge.failure_code }
  // No charge was even tried: the shopper did not pass the bank's question.
  return { code: latest_charge ? 'card_declined' : 'payment_intent_authentication_failure' }
}

export function toRefund({ id, amount, status, metadata }: T.Static<typeof Refund>, currency: string): ProviderRefund {
  return {
    refundId: id,
    // One that was made in Stripe's dashboard has no key of ours.
    key: metadata?.[metadataKeys.key] ?? id,
    amount: fromStripe(amount, currency),
    status: refundStatuses[status ?? ''] ?? 'pending',
  }
}

const refundStatuses: Readonly<Record<string, ProviderRefund['status']>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'failed',
}

/** For staff who have to talk to Stripe: its ids and words, without the client secret, and without name or address of the shopper. */
function rawOf({ id, status, livemode, cancellation_reason, last_payment_error, latest_charge }: Intent): unknown {
  return {
    id,
    status,
    livemode,
    cancellation_reason,
    last_payment_error: last_payment_error && {
      code: last_payment_error.code ?? null,
      decline_code: last_payment_error.decline_code ?? null,
    },
    latest_charge: latest_charge && {
      id: latest_charge.id,
      failure_code: latest_charge.failure_code,
      outcome: latest_charge.outcome ?? null,
      balance_transaction: latest_charge.balance_transaction?.id ?? null,
    },
  }
}
