import type { Money } from '#kernel/money'
import type { ProviderPayment, ShopperAction } from '../../providers/payments/port.ts'
import { cardFree, type Failure, isUnsettled, type OperationRow, type PaymentRow, type Status } from './payment.ts'

/** Every legal move of an attempt. News may come twice, late and in any order; what is not a move here changes nothing. */
export const moves = {
  processing: ['requires_action', 'authorized', 'captured', 'failed', 'voided'],
  requires_action: ['processing', 'authorized', 'captured', 'failed', 'voided'],
  authorized: ['captured', 'voided'],
  captured: [],
  failed: [],
  voided: [],
} as const satisfies Record<Status, readonly Status[]>

export const canMove = (from: Status, to: Status): boolean => (moves[from] as readonly Status[]).includes(to)

/** What news change about an attempt: new values of its columns, and the money that moved. Amounts in minor units. */
export type Change = {
  readonly set: {
    readonly status: Status
    readonly provider_payment_id: string | null
    readonly authorized: number
    readonly capturable: number
    readonly redirect_url: string | null
    readonly client_secret: string | null
    readonly failure: string | null
    readonly authorized_until: string | null
    readonly payable_until: string | null
    readonly instructions: string | null
    readonly card: { readonly brand: string; readonly last4: string } | null
  }
  readonly raw: unknown
  /** Who is said to have brought it about. */
  readonly by: 'shopper' | 'provider' | 'system'
  /** What the provider captured that is not booked here. */
  readonly captured: number
  /** What the provider keeps, where that is not booked here; of an earlier capture, or of that in `captured`. */
  readonly fee: (Money & { readonly captureId: string | null }) | null
  /** Refunds the provider made that are not booked here. */
  readonly refunds: readonly { readonly providerRefundId: string; readonly amount: number }[]
  /** Refunds that are booked here and did not succeed in the end. */
  readonly failedRefunds: readonly OperationRow[]
}

/** The provider tells of other money than was asked for. Nothing it says is believed, and people have to look. */
export type Mismatch = { readonly mismatch: string }

/**
 * What the provider's word on an attempt changes here, or null when it is no news.
 *
 * @param operations the attempt's captures and refunds so far; none of them may be in flight, since nobody could tell
 *   whether money that moved is theirs
 * @param action what the shopper has to do, where the provider just said it
 */
export function learn(
  payment: PaymentRow,
  said: ProviderPayment,
  operations: readonly OperationRow[],
  action: ShopperAction = {},
): Change | Mismatch | null {
  const mismatch = mismatchOf(payment, said)
  if (mismatch) return { mismatch }

  const heard = statusOf(payment, said)
  const moved = canMove(payment.status, heard)
  const status = moved ? heard : payment.status
  const holds = status === 'authorized' || status === 'captured'
  const authorized = moved && holds ? Math.max(payment.authorized, said.authorized.amount) : payment.authorized
  const captured = status === 'captured' ? Math.max(0, said.captured.amount - payment.captured) : 0
  const refunds = status === 'captured' ? unknownRefunds(said, operations) : []
  const failedRefunds = lostRefunds(said, operations)
  const fee = status === 'captured' ? unbookedFee(said, operations) : null
  const waits = status === 'requires_action'
  const set: Change['set'] = {
    status,
    provider_payment_id: payment.provider_payment_id ?? said.providerPaymentId,
    authorized,
    capturable: capturableAfter(payment, status, authorized, captured),
    redirect_url: waits ? (action.redirectUrl ?? payment.redirect_url) : null,
    client_secret: waits ? (action.clientSecret ?? payment.client_secret) : null,
    failure: status === 'failed' || status === 'voided' ? (payment.failure ?? failureOf(payment, said)) : null,
    authorized_until: holds ? (said.authorizedUntil ?? payment.authorized_until) : payment.authorized_until,
    payable_until: said.payableUntil ?? payment.payable_until,
    instructions: said.instructions ?? payment.instructions,
    card: said.card ?? payment.card,
  }
  const isMoney = captured > 0 || fee !== null || refunds.length > 0 || failedRefunds.length > 0
  const isNews = moved || isMoney || differs(payment, set)
  const by = isUnsettled(payment) ? 'shopper' : 'provider'
  return isNews ? { set, raw: cardFree(said.raw), by, captured, fee, refunds, failedRefunds } : null
}

/** What the provider captured beside us ends what we may capture: the rest may be gone, and only a refusal would tell. */
function capturableAfter(payment: PaymentRow, status: Status, authorized: number, captured: number): number {
  if (status === 'authorized') return authorized
  return status === 'captured' && captured === 0 ? payment.capturable : 0
}

/** An attempt that ended without the provider's word on it: abandoned, refused, or never arrived. */
export const ended = (payment: PaymentRow, status: 'failed' | 'voided', failure: Failure): Change => ({
  set: {
    status,
    provider_payment_id: payment.provider_payment_id,
    authorized: payment.authorized,
    capturable: 0,
    redirect_url: null,
    client_secret: null,
    failure,
    authorized_until: payment.authorized_until,
    payable_until: payment.payable_until,
    instructions: payment.instructions,
    card: payment.card,
  },
  raw: null,
  by: 'system',
  captured: 0,
  fee: null,
  refunds: [],
  failedRefunds: [],
})

/** OWASP, Third Party Payment Gateway Integration: match order, amount and currency before anything is believed. */
function mismatchOf(payment: PaymentRow, said: ProviderPayment): string | null {
  if (said.orderId !== payment.order_id || said.attemptKey !== payment.attempt_key)
    return `it is attempt ${said.attemptKey} of order ${said.orderId}`
  if (payment.provider_payment_id !== null && said.providerPaymentId !== payment.provider_payment_id)
    return `its id is ${said.providerPaymentId}, not ${payment.provider_payment_id}`
  const amounts = [said.amount, said.authorized, said.captured, said.refunded]
  if (amounts.some(({ currency }) => currency !== payment.currency)) return 'it is in another currency'
  if (said.amount.amount !== payment.amount) return `it is about ${said.amount.amount}, not ${payment.amount}`
  if (said.captured.amount > payment.amount) return `it captured ${said.captured.amount} of ${payment.amount}`
  // A bank that grants a part only: the order is worth more than what is held for it.
  const granted = said.status === 'authorized' || said.status === 'captured'
  if (granted && isUnsettled(payment) && said.authorized.amount !== payment.amount)
    return `${said.authorized.amount} of ${payment.amount} was authorized`
  return null
}

function statusOf(payment: PaymentRow, said: ProviderPayment): Status {
  switch (said.status) {
    case 'declined':
      return 'failed'
    case 'expired':
      return payment.status === 'authorized' ? 'voided' : 'failed'
    default:
      return said.status
  }
}

function failureOf(payment: PaymentRow, said: ProviderPayment): Failure {
  if (said.status === 'declined') return said.declineReason ?? 'card-declined'
  if (said.status === 'expired') return payment.status === 'authorized' ? 'authorization-lapsed' : 'expired'
  return 'canceled'
}

function unknownRefunds(said: ProviderPayment, operations: readonly OperationRow[]): Change['refunds'] {
  const known = new Set(operations.flatMap(({ id, provider_refund_id }) => [id, provider_refund_id]))
  return said.refunds
    .filter(({ status, key, refundId }) => status !== 'failed' && !known.has(key) && !known.has(refundId))
    .map(({ refundId, amount }) => ({ providerRefundId: refundId, amount: amount.amount }))
}

/** Told with the capture or some time after it. */
function unbookedFee({ fee }: ProviderPayment, operations: readonly OperationRow[]): Change['fee'] {
  if (!fee || operations.some(({ fee_booked }) => fee_booked)) return null
  const capture = operations.findLast(({ kind, status }) => kind === 'capture' && status === 'succeeded')
  return { ...fee, captureId: capture?.id ?? null }
}

function lostRefunds(said: ProviderPayment, operations: readonly OperationRow[]): OperationRow[] {
  const failed = new Set(said.refunds.filter(({ status }) => status === 'failed').map(({ refundId }) => refundId))
  return operations.filter(
    ({ kind, status, provider_refund_id }) =>
      kind === 'refund' && status === 'succeeded' && provider_refund_id !== null && failed.has(provider_refund_id),
  )
}

const differs = (payment: PaymentRow, set: Change['set']): boolean =>
  payment.provider_payment_id !== set.provider_payment_id ||
  payment.redirect_url !== set.redirect_url ||
  payment.client_secret !== set.client_secret ||
  payment.instructions !== set.instructions ||
  timeOf(payment.authorized_until) !== timeOf(set.authorized_until) ||
  timeOf(payment.payable_until) !== timeOf(set.payable_until) ||
  payment.card?.last4 !== set.card?.last4

const timeOf = (timestamp: string | null): number | null => (timestamp === null ? null : Date.parse(timestamp))
