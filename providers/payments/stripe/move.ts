import type { Money } from '#kernel/money'
import type {
  Call,
  CaptureRequest,
  CaptureResult,
  MoneyRequest,
  ProviderPayment,
  ProviderRefund,
  RefundResult,
  Unknown,
  VoidRequest,
  VoidResult,
} from '../port.ts'
import { toStripe } from './amount.ts'
import { type Client, detailOf, isUnknown, refused, unreadable } from './client.ts'
import { expansions, intentIn, metadataKeys, refundable, toPayment, toRefund } from './intent.ts'
import { cancelIntent, read } from './read.ts'

export async function capture(client: Client, request: CaptureRequest, call?: Call): Promise<CaptureResult> {
  const { providerPaymentId, amount, key } = request
  const before = await known(client, request, call)
  if (isUnknown(before) || before.outcome === 'refused') return before
  const reply = await client.send(
    (stripe) =>
      stripe.paymentIntents.capture(
        providerPaymentId,
        { amount_to_capture: before.counted, expand: [...expansions] },
        { idempotencyKey: key },
      ),
    call,
  )
  if (isUnknown(reply)) return reply.cause === 'server-error' ? lookAfterCapture(client, request, reply, call) : reply
  if (reply.outcome === 'answer') {
    const intent = intentIn(reply.value)
    if (isUnknown(intent)) return intent
    const payment = toPayment(intent)
    return isUnknown(payment) ? payment : { outcome: 'captured', payment }
  }
  const { error } = reply
  if (error.type === 'StripeIdempotencyError') return refused('key-reused', detailOf(error))
  const { payment } = before
  if (error.code === 'charge_expired_for_capture' || payment.status === 'expired')
    return refused('authorization-lapsed', detailOf(error))
  if (payment.status !== 'authorized') return refused('wrong-state', detailOf(error))
  return refused(amount.amount > payment.authorized.amount ? 'exceeds-authorized' : 'invalid-request', detailOf(error))
}

/** Stripe repeats a 500 for a day under the same key. What became of the capture stands on the payment, which allows one. */
async function lookAfterCapture(
  client: Client,
  { providerPaymentId, amount }: CaptureRequest,
  reply: Unknown,
  call?: Call,
): Promise<CaptureResult> {
  const intent = await read(client, providerPaymentId, call)
  const payment = intent === null || isUnknown(intent) ? reply : toPayment(intent)
  if (isUnknown(payment)) return reply
  return payment.status === 'captured' && payment.captured.amount === amount.amount
    ? { outcome: 'captured', payment }
    : reply
}

export async function cancel(client: Client, { providerPaymentId }: VoidRequest, call?: Call): Promise<VoidResult> {
  const payment = await cancelIntent(client, providerPaymentId, 'voided', call)
  if (payment === null) return refused('not-found', `Stripe does not know ${providerPaymentId}.`)
  if (isUnknown(payment)) return payment
  switch (payment.status) {
    case 'voided':
    case 'expired':
    case 'declined':
      return { outcome: 'voided', payment }
    case 'captured':
      return refused('captured', `${providerPaymentId} was captured.`)
    default:
      return refused('wrong-state', `${providerPaymentId} is ${payment.status} and cannot be canceled.`)
  }
}

export async function refund(client: Client, request: MoneyRequest, call?: Call): Promise<RefundResult> {
  const { providerPaymentId, amount, key } = request
  const before = await known(client, request, call)
  if (isUnknown(before) || before.outcome === 'refused') return before
  const { orderId, refunds } = before.payment
  // The key is on the refund itself, also when Stripe has forgotten it, or goes on to answer it with an error of the first time.
  const made = refunds.find((one) => one.key === key)
  if (made) return asTold(made, before.payment, amount)
  const reply = await client.send(
    (stripe) =>
      stripe.refunds.create(
        {
          payment_intent: providerPaymentId,
          amount: before.counted,
          metadata: { [metadataKeys.order]: orderId, [metadataKeys.key]: key },
        },
        { idempotencyKey: key },
      ),
    call,
  )
  if (isUnknown(reply)) return reply
  // As it is now: another refund may have come between.
  const intent = await read(client, providerPaymentId, call)
  const payment = intent === null || isUnknown(intent) ? intent : toPayment(intent)
  if (payment === null || isUnknown(payment)) return payment ?? unreadable(`Stripe has lost ${providerPaymentId}.`)
  if (reply.outcome === 'stated') {
    const { error } = reply
    if (error.type === 'StripeIdempotencyError') return refused('key-reused', detailOf(error))
    if (payment.status !== 'captured') return refused('wrong-state', detailOf(error))
    const isTooMuch = error.code === 'charge_already_refunded' || amount.amount > refundable(payment)
    return refused(isTooMuch ? 'exceeds-captured' : 'invalid-request', detailOf(error))
  }
  return asTold(toRefund(reply.value, reply.value.currency), payment, amount)
}

function asTold(
  { refundId, status, amount, key }: ProviderRefund,
  payment: ProviderPayment,
  asked: Money,
): RefundResult {
  if (amount.amount !== asked.amount) return refused('key-reused', `${key} stands for a refund of ${amount.amount}.`)
  if (status === 'failed') return refused('wrong-state', `Stripe made ${refundId}, and it failed.`)
  return { outcome: 'refunded', refundId, status, payment }
}

/** The payment whose money is to move. Stripe asks for no currency here, so it is compared before. */
async function known(client: Client, { providerPaymentId, amount }: MoneyRequest, call?: Call) {
  const intent = await read(client, providerPaymentId, call)
  if (intent === null) return refused('not-found', `Stripe does not know ${providerPaymentId}.`)
  if (isUnknown(intent)) return intent
  const payment = toPayment(intent)
  if (isUnknown(payment)) return payment
  if (payment.amount.currency !== amount.currency)
    return refused('currency-mismatch', `${providerPaymentId} is in ${payment.amount.currency}.`)
  const counted = toStripe(amount)
  if (typeof counted !== 'number') return refused('invalid-request', counted.refused)
  return { outcome: 'known', payment, counted } as const
}
