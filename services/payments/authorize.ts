import type { payments } from '#contracts/payments'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import type { AuthorizeResult, PaymentProvider } from '../../providers/payments/port.ts'
import { abandonedAfterSeconds, type Deps, providerOf, unknownLookSeconds, whoAsked, withinDeadline } from './deps.ts'
import type { GuardedProvider } from './guarded-provider.ts'
import { failureSentence, isOver, leftOnCards, type PaymentRow, toPayment } from './payment.ts'
import { type Change, ended, learn } from './payment-state.ts'
import { believed, record } from './record.ts'
import * as store from './store.ts'
import { takeFromCards } from './tender.ts'

type Op = (typeof payments.operations)['authorize']

/**
 * Asks for an order's money. What gift cards pay is taken, and the attempt for the rest committed, in one transaction before the
 * provider hears of it; from then on the same question may be repeated under the same key, by whoever finds it unanswered, and
 * never under a new one. Where gift cards pay it all there is no attempt, and the money is there.
 */
export async function authorize(deps: Deps, input: Input<Op>): Promise<Outcome<Op>> {
  const provider = input.amount.amount === 0 ? null : deps.providers.get(input.provider)
  if (provider === undefined) {
    return refuse('payments/unknown-provider', `There is no payment provider "${input.provider}" here.`, {
      field: 'payment/provider',
    })
  }
  if (provider && input.token === null && needsToken(provider)) {
    return refuse('payments/token-required', 'Give a card first: this way to pay needs its token.', {
      field: 'payment/token',
    })
  }
  if (provider?.isInTrouble && !(await store.readLatest(deps.db, input.orderId))) return inTrouble(provider)
  const begun = await begin(deps, input, provider)
  if (!begun.ok) return begun
  if (begun.value) await deps.reached('attempt-committed', input.orderId)
  const answered = begun.value?.payment ? await askForMoney(deps, begun.value.payment) : null
  const known =
    answered && !input.giftCards?.length ? { payment: answered, uses: [] } : await deps.readMoney(input.orderId)
  const payment = known && toPayment(known.payment, known.uses)
  if (!payment || (holdsNothing(known) && (await store.readCanceled(deps.db, input.orderId)))) {
    return refuse('payments/canceled', 'This order was given up: nothing is charged for it any more.')
  }
  checkSame(input, known)
  if (!known.payment || !isOver(known.payment)) return ok(payment)
  const failure = known.payment.failure ?? 'card-declined'
  return refuse('payments/declined', failureSentence(failure), { reason: failure })
}

/** Begins an attempt, if the order may have one. @returns the provider's part of it, if there is one; null when none may begin */
async function begin(deps: Deps, input: Input<Op>, provider: GuardedProvider | null) {
  const { orderId, giftCards = [] } = input
  const wanted = provider && attemptOf(deps, input, provider)
  if (giftCards.length === 0) {
    const payment = wanted && (await deps.beginAttempt(wanted))
    return ok(payment && { payment })
  }
  return inTransaction(deps.db, async (tx) => {
    const [payment = null] = wanted ? await store.insertAttempts(tx, [wanted], abandonedAfterSeconds) : []
    const attempt = provider ? (payment?.attempt ?? null) : await store.openWithoutProvider(tx, orderId)
    if (attempt === null) return ok(null)
    const use = { orderId, attempt, currency: input.amount.currency, by: whoAsked() }
    const taken = await takeFromCards(tx, use, giftCards)
    return taken.ok ? ok({ payment }) : taken
  })
}

const attemptOf = (deps: Deps, input: Input<Op>, provider: GuardedProvider): store.NewAttempt => ({
  orderId: input.orderId,
  provider: provider.name,
  amount: input.amount.amount,
  currency: input.amount.currency,
  captureNow: deps.captureAtOnce,
  token: input.token,
  returnUrl: input.returnUrl,
})

type Tenders = Pick<store.OrderMoney, 'payment' | 'uses'>

const holdsNothing = ({ payment, uses }: Tenders): boolean => (payment ? isOver(payment) : leftOnCards(uses) === 0)

/** Repeated with other amounts, it would be another order's money. */
function checkSame({ orderId, amount, giftCards = [] }: Input<Op>, { payment, uses }: Tenders): void {
  const total = (amounts: readonly { readonly amount: number }[]) => amounts.reduce((all, one) => all + one.amount, 0)
  const isSame =
    (payment?.amount ?? 0) === amount.amount &&
    (payment?.currency ?? amount.currency) === amount.currency &&
    // Those of an attempt that failed were given back.
    (uses.length === 0 || total(uses) === total(giftCards))
  if (!isSame) throw new Error(`payments: order ${orderId} was asked for otherwise before`)
}

/** Nothing was committed, so another way to pay may be taken at once. */
const inTrouble = ({ retryAfterSeconds }: GuardedProvider) =>
  refuse(
    'payments/provider-unavailable',
    'This way to pay does not answer just now and nothing was charged. Choose another, or try again in a moment.',
    { field: 'payment/provider', retryAfterSeconds },
  )

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
  const recorded = change && (await record(deps, payment, change))
  if (!change || recorded) return recorded
  // A callback was faster. It does not tell what the shopper has to do; the answer does.
  const now = await store.readLatest(deps.db, payment.order_id)
  const news = now?.id === payment.id ? await read(deps, now, result) : null
  return now && news && record(deps, now, news)
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
