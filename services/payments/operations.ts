import { ok, refuse } from '#kernel/contract'
import { type Money, money } from '#kernel/money'
import { keyReused, validationFailed } from '#kernel/problem'
import type { PaymentProvider } from '../../providers/payments/port.ts'
import { abandonedAfterSeconds, type Deps, providerOf, unknownLookSeconds, whoAsked, withinDeadline } from './deps.ts'
import type { OperationRow, PaymentRow } from './payment.ts'
import { recordSuccess } from './record.ts'
import * as store from './store.ts'

/** A capture or refund as it was asked for. */
export type Wanted = {
  readonly orderId: string
  readonly kind: 'capture' | 'refund'
  /** Names the operation for ever. */
  readonly key: string
  /** Null for all there is. */
  readonly amount: Money | null
  readonly reason: string | null
}

/**
 * Moves an order's money, once for each key: repeated after a crash, it finds what it began and goes on with that. An outcome
 * that nobody knows is refused as such and found out by itself.
 * @param measure of a payment, how much there is to move and how much of it this operation takes, in minor units
 * @returns null when there is nothing to move
 */
export async function moveMoney(
  deps: Deps,
  wanted: Wanted,
  measure: (payment: PaymentRow) => { available: number; amount: number },
) {
  const { orderId, kind, key, reason } = wanted
  const asked = JSON.stringify(wanted.amount)
  const payment = await store.readLatest(deps.db, orderId)
  if (!payment) return null
  const begun = await store.readOperation(deps.db, orderId, kind, key)
  if (begun) return goOn(deps, payment, begun, asked)

  if (wanted.amount) checkAmount(wanted.amount, payment)
  const { available, amount } = measure(payment)
  if (available === 0) return null
  if (amount > available) {
    return refuse('payments/amount-too-large', `No more than ${available} is left to ${kind}.`, {
      largest: money(available, payment.currency),
    })
  }
  const operation = { paymentId: payment.id, kind, amount, key, asked, reason, by: whoAsked() }
  const claimed = await claimOperation(deps, operation, orderId)
  if (claimed) return goOn(deps, payment, claimed, asked)

  const again = await store.readOperation(deps.db, orderId, kind, key)
  if (again) return goOn(deps, payment, again, asked)
  const now = await store.readOrderMoney(deps.db, orderId, abandonedAfterSeconds)
  // Neither in flight nor there any more: the money moved between our look and our claim.
  return now?.pending
    ? refuse('payments/operation-in-flight', 'Another money operation of this payment is under way. Try again.')
    : null
}

/** Claims the one place for a money operation of a payment. @returns null when it is taken, or the money is gone */
export async function claimOperation(
  deps: Deps,
  operation: store.NewOperation,
  orderId: string,
): Promise<OperationRow | null> {
  const claimed = await store.insertOperation(deps.db, operation, abandonedAfterSeconds)
  if (claimed) await deps.reached('operation-committed', orderId)
  return claimed
}

async function goOn(deps: Deps, payment: PaymentRow, operation: OperationRow, asked: string) {
  if (operation.asked !== asked) throw keyReused()
  const tried = operation.status === 'pending' ? await tryOperation(deps, payment, operation) : operation.status
  if (tried === 'unknown') {
    return refuse(
      'payments/outcome-unknown',
      'The payment provider has not answered. It will be asked until the outcome is known.',
    )
  }
  const [settled, now] = await Promise.all([
    store.readOperation(deps.db, operation.order_id, operation.kind, operation.key ?? ''),
    store.readLatest(deps.db, operation.order_id),
  ])
  if (settled?.status === 'failed') {
    const failure = settled.error ?? 'refused'
    return refuse('payments/provider-refused', `The payment provider refused: ${failure}.`, { reason: failure })
  }
  return ok({ operation, payment: now ?? payment })
}

/** An amount of zero or less, or of another currency, is no request that could be fulfilled later. */
function checkAmount(amount: Money, payment: PaymentRow): void {
  if (amount.amount <= 0) throw validationFailed([{ field: 'amount/amount', message: 'must be more than zero' }])
  if (amount.currency !== payment.currency)
    throw validationFailed([{ field: 'amount/currency', message: `must be ${payment.currency}, as the order's` }])
}

/**
 * Calls the provider for an operation, under its own id as the key, so that it is done once however often it is tried, and
 * records the outcome.
 */
export async function tryOperation(
  deps: Deps,
  payment: PaymentRow,
  operation: OperationRow,
): Promise<'succeeded' | 'failed' | 'unknown'> {
  const provider = providerOf(deps, payment.provider)
  const result = await call(provider, payment, operation)
  await deps.reached('operation-answered', payment.order_id)
  const log = deps.log.child({ orderId: payment.order_id, operation: operation.id, kind: operation.kind })
  if (result.outcome === 'unknown') {
    log.warn({ cause: result.cause, detail: result.detail }, 'the outcome of a money operation is not known')
    await store.scheduleLook(deps.db, payment.order_id, unknownLookSeconds)
    return 'unknown'
  }
  if (result.outcome === 'refused') {
    log.warn({ reason: result.reason, detail: result.detail }, 'the provider refused a money operation')
    await store.finishOperation(deps.db, operation.id, { status: 'failed', error: result.reason })
    // It knows something that we do not: the next look finds out.
    await store.scheduleLook(deps.db, payment.order_id, 0)
    return 'failed'
  }
  await recordSuccess(deps, operation, provider, result.outcome === 'refunded' ? result.refundId : null)
  return 'succeeded'
}

function call(provider: PaymentProvider, payment: PaymentRow, operation: OperationRow) {
  const { provider_payment_id: providerPaymentId } = payment
  if (providerPaymentId === null) throw new Error(`payments: ${payment.id} holds money that no provider has named`)
  const amount = money(operation.amount, operation.currency)
  const request = { providerPaymentId, key: operation.id }
  const deadline = withinDeadline(provider)
  switch (operation.kind) {
    case 'capture':
      return provider.capture({ ...request, amount, final: operation.amount === payment.capturable }, deadline)
    case 'refund':
      return provider.refund({ ...request, amount }, deadline)
    default:
      return provider.void(request, deadline)
  }
}
