import { newId } from '#kernel/id'
import type { Money } from '#kernel/money'
import type {
  AbandonResult,
  AuthorizeRequest,
  AuthorizeResult,
  CaptureResult,
  DeclineReason,
  ProviderPayment,
  ProviderPaymentStatus,
  RefundResult,
  Refused,
  VoidResult,
} from '../../providers/payments/port.ts'

// The payment provider's own side of the simulation: what it knows and what it does, at the moment a request reaches it. How
// requests and answers travel is `provider.ts`.

type Payment = {
  readonly id: string
  readonly request: AuthorizeRequest
  status: ProviderPaymentStatus
  authorized: number
  captured: number
  refunded: number
  /** Nothing more can be captured. */
  captureIsOver: boolean
  declineReason: DeclineReason | null
  readonly refunds: { refundId: string; key: string; amount: Money; status: 'succeeded' }[]
  readonly createdAt: number
}

/** What a later moment brings: the shopper's answer to a challenge, the bank's to a slow payment. */
export type Later = { readonly waits: 'shopper' | 'bank'; readonly paymentId: string }

export type Bank = {
  authorize(request: AuthorizeRequest): AuthorizeResult
  abandon(orderId: string, attemptKey: string): AbandonResult
  capture(id: string, amount: Money, key: string, final: boolean): CaptureResult
  void(id: string, key: string): VoidResult
  refund(id: string, amount: Money, key: string): RefundResult
  retrieve(id: string): ProviderPayment | null
  /** What `find` tells, which does not know the newest payments yet. */
  paymentsOf(orderId: string): ProviderPayment[]
  /** The shopper or the bank decides on a payment that waits. */
  decide(paymentId: string, approved: boolean): void
  /** Its books. */
  all(): ProviderPayment[]
}

/** How long a new payment is missing from `paymentsOf`. */
export const findLagMs = 1_500
/** A card's authorization holds for a week, as with most issuers. */
const authorizationMs = 7 * 24 * 3_600_000

/**
 * @param captures whether one capture ends an authorization
 * @param onChange told of each payment that became something else
 * @param onWaiting told of each payment that waits for somebody
 */
export function openBank(options: {
  readonly now: () => number
  readonly captures: 'single' | 'multiple'
  readonly onChange: (payment: ProviderPayment) => void
  readonly onWaiting: (later: Later) => void
}): Bank {
  const payments = new Map<string, Payment>()
  const byAttempt = new Map<string, { payment: Payment; print: string; first: AuthorizeResult }>()
  const abandoned = new Set<string>()
  const byKey = new Map<string, { print: string; first: unknown }>()

  const tell = (payment: Payment): ProviderPayment => {
    const { currency } = payment.request.amount
    const money = (amount: number): Money => ({ amount, currency })
    return {
      providerPaymentId: payment.id,
      orderId: payment.request.orderId,
      attemptKey: payment.request.attemptKey,
      status: payment.status,
      amount: payment.request.amount,
      authorized: money(payment.authorized),
      captured: money(payment.captured),
      refunded: money(payment.refunded),
      refunds: payment.refunds.map((refund) => ({ ...refund })),
      ...(payment.declineReason ? { declineReason: payment.declineReason } : {}),
      ...(payment.authorized > 0
        ? { authorizedUntil: new Date(payment.createdAt + authorizationMs).toISOString() }
        : {}),
      createdAt: new Date(payment.createdAt).toISOString(),
      raw: { id: payment.id },
    }
  }
  const grant = (payment: Payment): void => {
    payment.authorized = payment.request.amount.amount
    payment.status = payment.request.captureNow ? 'captured' : 'authorized'
    if (payment.request.captureNow) payment.captured = payment.authorized
  }
  const decline = (payment: Payment, reason: DeclineReason): void => {
    payment.status = 'declined'
    payment.declineReason = reason
  }
  /** The same key gives the first answer again; with another request it is refused. */
  const once = <R extends { outcome: string }>(
    key: string,
    print: string,
    work: () => R,
  ): R | Refused<'key-reused'> => {
    const known = byKey.get(key)
    if (known) return known.print === print ? (known.first as R) : refused('key-reused')
    const first = work()
    byKey.set(key, { print, first })
    return first
  }

  return {
    authorize(request) {
      const print = JSON.stringify(request)
      const known = byAttempt.get(request.attemptKey)
      if (known) return known.print === print ? known.first : refused('key-reused')
      if (abandoned.has(request.attemptKey)) return refused('attempt-abandoned')
      const payment: Payment = {
        id: newId('pay'),
        request,
        status: 'processing',
        authorized: 0,
        captured: 0,
        refunded: 0,
        captureIsOver: false,
        declineReason: null,
        refunds: [],
        createdAt: options.now(),
      }
      payments.set(payment.id, payment)
      if (request.token === 'tok_ok') grant(payment)
      if (request.token === 'tok_declined') decline(payment, 'card-declined')
      if (request.token === 'tok_3ds') payment.status = 'requires_action'
      const first = answerTo(tell(payment))
      byAttempt.set(request.attemptKey, { payment, print, first })
      options.onChange(tell(payment))
      if (payment.status === 'requires_action') options.onWaiting({ waits: 'shopper', paymentId: payment.id })
      if (payment.status === 'processing') options.onWaiting({ waits: 'bank', paymentId: payment.id })
      return first
    },
    abandon(_, attemptKey) {
      const payment = byAttempt.get(attemptKey)?.payment
      if (payment?.status === 'captured') return refused('captured')
      abandoned.add(attemptKey)
      if (payment && isOpen(payment)) {
        payment.status = 'voided'
        options.onChange(tell(payment))
      }
      return { outcome: 'abandoned' }
    },
    capture(id, amount, key, final) {
      const payment = payments.get(id)
      if (!payment) return refused('not-found')
      return once(key, `capture ${id} ${amount.amount}`, (): CaptureResult => {
        const left = payment.captureIsOver ? 0 : payment.authorized - payment.captured
        const mayCapture = payment.status === 'authorized' || (payment.status === 'captured' && left > 0)
        if (!mayCapture) return refused('wrong-state')
        if (amount.amount > left) return refused('exceeds-authorized')
        payment.captured += amount.amount
        payment.status = 'captured'
        payment.captureIsOver = final || options.captures === 'single'
        options.onChange(tell(payment))
        return { outcome: 'captured', payment: tell(payment) }
      })
    },
    void(id, key) {
      const payment = payments.get(id)
      if (!payment) return refused('not-found')
      return once(key, `void ${id}`, (): VoidResult => {
        if (payment.status === 'voided') return { outcome: 'voided', payment: tell(payment) }
        if (payment.status === 'captured') return refused('captured')
        if (!isOpen(payment)) return refused('wrong-state')
        payment.status = 'voided'
        options.onChange(tell(payment))
        return { outcome: 'voided', payment: tell(payment) }
      })
    },
    refund(id, amount, key) {
      const payment = payments.get(id)
      if (!payment) return refused('not-found')
      return once(key, `refund ${id} ${amount.amount}`, (): RefundResult => {
        if (payment.status !== 'captured') return refused('wrong-state')
        if (amount.amount > payment.captured - payment.refunded) return refused('exceeds-captured')
        const refundId = newId('refund')
        payment.refunded += amount.amount
        payment.refunds.push({ refundId, key, amount, status: 'succeeded' })
        options.onChange(tell(payment))
        return { outcome: 'refunded', refundId, status: 'succeeded', payment: tell(payment) }
      })
    },
    retrieve(id) {
      const payment = payments.get(id)
      return payment ? tell(payment) : null
    },
    paymentsOf: (orderId) =>
      [...payments.values()]
        .filter(({ request, createdAt }) => request.orderId === orderId && createdAt + findLagMs <= options.now())
        .map(tell),
    decide(paymentId, approved) {
      const payment = payments.get(paymentId)
      if (payment?.status !== 'requires_action' && payment?.status !== 'processing') return
      if (approved) grant(payment)
      else decline(payment, payment.status === 'requires_action' ? 'authentication-failed' : 'card-declined')
      options.onChange(tell(payment))
    },
    all: () => [...payments.values()].map(tell),
  }
}

const isOpen = ({ status }: Payment): boolean =>
  status === 'authorized' || status === 'requires_action' || status === 'processing'

const refused = <Reason extends string>(reason: Reason): Refused<Reason> => ({
  outcome: 'refused',
  reason,
  detail: `simulated: ${reason}`,
})

function answerTo(payment: ProviderPayment): AuthorizeResult {
  switch (payment.status) {
    case 'authorized':
    case 'captured':
    case 'processing':
      return { outcome: payment.status, payment }
    case 'requires_action':
      return { outcome: 'requires_action', payment, action: { redirectUrl: 'https://provider.example/challenge' } }
    default:
      return { outcome: 'declined', reason: payment.declineReason ?? 'card-declined', payment }
  }
}
