import type { payments } from '#contracts/payments'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { money } from '#kernel/money'
import { type Deps, providerOf, withinDeadline } from './deps.ts'
import { isUnsettled } from './payment.ts'
import { knownPayment } from './read-payments.ts'
import { settle } from './settle.ts'
import * as store from './store.ts'

type Op = (typeof payments.operations)['receive']

/**
 * Notes with the provider that an order's money is there, and learns it from there as anything else. A part of it is refused: what
 * is short has to be asked for, what is too much sent back, before the order can be said to be paid.
 */
export async function receive(deps: Deps, { orderId, amount }: Input<Op>): Promise<Outcome<Op>> {
  const payment = await store.readLatest(deps.db, orderId)
  if (payment?.status === 'captured' && providerOf(deps, payment.provider).receive)
    return ok(await knownPayment(deps, orderId))
  if (!payment || !isUnsettled(payment) || payment.provider_payment_id === null) return nothingAwaited
  const provider = providerOf(deps, payment.provider)
  if (!provider.receive) {
    return refuse('payments/not-by-hand', `Money by way of "${provider.name}" is told by the provider itself.`)
  }
  const due = money(payment.amount, payment.currency)
  const request = { providerPaymentId: payment.provider_payment_id, amount: amount ?? due }
  const result = await provider.receive(request, withinDeadline(provider))
  if (result.outcome === 'unknown') throw new Error(`payments: ${provider.name} did not answer: ${result.detail}`)
  if (result.outcome === 'refused') {
    const differs = result.reason === 'amount-mismatch' || result.reason === 'currency-mismatch'
    return differs
      ? refuse('payments/amount-differs', 'The order is paid by its whole amount only.', { due })
      : nothingAwaited
  }
  await settle(deps, orderId)
  // Read anew: somebody beside us may have recorded it.
  return ok(await knownPayment(deps, orderId))
}

const nothingAwaited = refuse('payments/nothing-awaited', 'No money is awaited for this order.')
