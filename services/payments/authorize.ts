import type { payments } from '#contracts/payments'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { AuthorizeResult, PaymentProvider } from '../../providers/payments/port.ts'
import { abandonedAfterSeconds, type Deps, providerOf, unknownLookSeconds, withinDeadline } from './deps.ts'
import { failureSentence, isOver, type PaymentRow, toPayment } from './payment.ts'
import { type Change, ended, learn } from './payment-state.ts'
import { believed, record } from './record.ts'
import * as store from './store.ts'

type Op = (typeof payments.operations)['authorize']

/**
 * Asks for an order's money. The attempt is committed before the provider hears of it; from then on the same question may
 * be repeated under the same key, by whoever finds it unanswered, and never under a new one.
 */
export async function authorize(deps: Deps, input: Input<Op>): Promise<Outcome<Op>> {
  const provider = deps.providers.get(input.provider)
  if (!provider) {
    return refuse('payments/unknown-provider', `There is no payment provider "${input.provider}" here.`, {
      field: 'payment/provider',
    })
  }
  if (input.token === null && needsToken(provider)) {
    return refuse('payments/token-required', 'Give a card first: this way to pay needs its token.', {
      field: 'payment/token',
    })
  }
  const attempt = await store.insertAttempt(
    deps.db,
    {
      orderId: input.orderId,
      provider: provider.name,
      amount: input.amount.amount,
      currency: input.amount.currency,
      captureNow: deps.captureAtOnce,
      token: input.token,
      returnUrl: input.returnUrl,
    },
    abandonedAfterSeconds,
  )
  if (attempt) await deps.reached('attempt-committed', input.orderId)
  const answered = attempt && (await askForMoney(deps, attempt))
  const payment = answered ?? (await store.readLatest(deps.db, input.orderId))
  if (!payment || (isOver(payment) && (await store.readCanceled(deps.db, input.orderId)))) {
    return refuse('payments/canceled', 'This order was given up: nothing is charged for it any more.')
  }
  if (payment.amount !== input.amount.amount || payment.currency !== input.amount.currency)
    throw new Error(`payments: order ${input.orderId} was asked for ${payment.amount}, now for ${input.amount.amount}`)
  if (!isOver(payment)) return ok(toPayment(payment))
  const failure = payment.failure ?? 'card-declined'
  return refuse('payments/declined', failureSentence(failure), { reason: failure })
}

const needsToken = (provider: PaymentProvider): boolean =>
  !provider.capabilities.hostedPage && provider.checkout({ origin: 'https://shop.example' }).kind !== 'none'

/**
 * Asks the provider, for the first time or again under the same key, and records its answer.
 * @returns the attempt as it is now, or null when nothing is known that was not
 */
export async function askForMoney(deps: Deps, payment: PaymentRow): Promise<PaymentRow | null> {
  const provider = providerOf(deps, payment.provider)
  const result = await provider.authorize(
    {
      orderId: payment.order_id,
      attemptKey: payment.attempt_key,
      amount: { amount: payment.amount, currency: payment.currency },
      captureNow: payment.capture_now,
      returnUrl: payment.return_url,
      ...(payment.token === null ? {} : { token: payment.token }),
    },
    withinDeadline(provider),
  )
  await deps.reached('attempt-answered', payment.order_id)
  const change = await read(deps, payment, result)
  return change && record(deps, payment, change)
}

async function read(deps: Deps, payment: PaymentRow, result: AuthorizeResult): Promise<Change | null> {
  const log = deps.log.child({ orderId: payment.order_id, paymentId: payment.id, provider: payment.provider })
  switch (result.outcome) {
    case 'unknown':
      log.warn({ cause: result.cause, detail: result.detail }, 'the provider’s answer to an attempt is not known')
      await store.scheduleLook(deps.db, payment.order_id, unknownLookSeconds)
      return null
    case 'refused':
      log.error({ reason: result.reason, detail: result.detail }, 'the provider refused an attempt')
      // The key stands for another request, which may have taken money: only `find` can tell.
      if (result.reason === 'key-reused') return null
      return result.reason === 'attempt-abandoned'
        ? ended(payment, 'voided', 'canceled')
        : ended(payment, 'failed', 'invalid-request')
    case 'declined':
      return result.payment
        ? believed(deps, payment, learn(payment, result.payment, []))
        : ended(payment, 'failed', result.reason)
    case 'requires_action':
      return believed(deps, payment, learn(payment, result.payment, [], result.action))
    default:
      return believed(deps, payment, learn(payment, result.payment, []))
  }
}
