import type { payments } from '#contracts/payments'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { Told } from '../../providers/payments/port.ts'
import * as callbacksStore from './callbacks-store.ts'
import type { Deps } from './deps.ts'
import { learn } from './payment-state.ts'
import { isSettled, settle } from './settle.ts'
import type { OrderMoney } from './store.ts'

type Op = (typeof payments.operations)['webhook']

/** Whether a callback that tells an amount tells the one that was asked for. Of an order that is not known here it may tell any. */
async function isAsAsked(
  deps: Deps,
  provider: string,
  known: OrderMoney | null,
  { providerPaymentId, amount }: Told,
): Promise<boolean> {
  if (!known || !amount) return true
  const { payment } = known
  const isOfLast = payment?.provider === provider && payment.provider_payment_id === providerPaymentId
  const asked = isOfLast
    ? payment
    : await deps.readAsked({ provider, orderId: known.order.order_id, providerPaymentId })
  return !asked || (asked.amount === amount.amount && asked.currency === amount.currency)
}

/** Whether a callback may tell something that is not known: all but that money which is as it should be stands as it is known to. */
const mayBeNews = (known: OrderMoney | null, { said }: Told): boolean =>
  !said || !known?.payment || !isSettled(known) || learn(known.payment, said, known.operations) !== null

/**
 * A provider's callback. It proves who sent it and is kept once; from then on it is a hint, and how the payment stands is what
 * the provider answers when it is asked, which it is not where the hint is to what is known. The provider hears 200 once the hint
 * cannot be lost any more.
 */
export async function webhook(deps: Deps, input: Input<Op>): Promise<Outcome<Op>> {
  const provider = deps.providers.get(input.provider)
  if (!provider) {
    return refuse('payments/unknown-provider', `There is no payment provider "${input.provider}" here.`, {
      field: 'provider',
    })
  }
  const verdict = await provider.webhook({ rawBody: Buffer.from(input.rawBody), headers: input.headers })
  if (verdict.outcome === 'refused') {
    deps.log.warn(
      { security: 'webhook-refused', provider: provider.name, reason: verdict.reason },
      'a callback was refused',
    )
    return refuse('payments/webhook-refused', `The callback is not believed: ${verdict.reason}.`)
  }
  if (verdict.outcome === 'ignored') {
    await deps.keepCallback({ provider: provider.name, eventId: verdict.eventId, orderId: null, isNews: false })
    return ok({})
  }
  return (await hear(deps, provider.name, verdict))
    ? ok({})
    : refuse('payments/webhook-refused', 'The callback is not believed: wrong-amount.')
}

/** Keeps what a provider told, once, and follows it up. @returns false when it tells of other money than was asked for */
export async function hear(deps: Deps, provider: string, told: Told): Promise<boolean> {
  const orderId = await orderOf(deps, provider, told)
  const known = orderId === null ? null : await deps.readMoney(orderId)
  if (!(await isAsAsked(deps, provider, known, told))) {
    deps.log.warn(
      { security: 'webhook-mismatch', provider, orderId },
      'a callback tells of another amount than was asked for; it is not believed',
    )
    return false
  }
  const { eventId, providerPaymentId: hint } = told
  const kept = await deps.keepCallback({ provider, eventId, orderId, isNews: mayBeNews(known, told) })
  if (kept !== 'new' || orderId === null) {
    if (kept === 'foreign' && orderId !== null)
      deps.log.warn({ security: 'webhook-foreign', provider, orderId }, 'a callback is about no order of ours')
    return true
  }
  await deps.reached('callback-kept', orderId)
  // Whatever goes wrong here, the order is due, and the reconciler asks again.
  await settle(deps, orderId, { hint }).catch((error: unknown) => {
    deps.log.error({ err: error, orderId }, 'a callback could not be followed up yet')
  })
  return true
}

/** What the callback names, or whose payment it is: what was done in the provider's own dashboard knows no order of ours. */
const orderOf = async (deps: Deps, provider: string, { orderId, providerPaymentId }: Told): Promise<string | null> =>
  orderId ?? callbacksStore.readOrderOf(deps.db, provider, providerPaymentId)
