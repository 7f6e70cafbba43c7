import { ok, refuse } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { type Money, money } from '#kernel/money'
import { keyReused, validationFailed } from '#kernel/problem'
import { abandonedAfterSeconds, type Deps, providerOf, unknownLookSeconds, whoAsked, withinDeadline } from './deps.ts'
import type { GuardedProvider } from './guarded-provider.ts'
import * as operationsStore from './operations-store.ts'
import type { OperationRow, PaymentRow } from './payment.ts'
import { recordCardRefund, recordSuccess } from './record.ts'
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

/** What there is to move, in minor units, and how much of it this operation takes from where. */
export type Measured = { readonly available: number; readonly provider: number; readonly giftCards: number }

type Measure = (money: store.OrderMoney) => Measured

/** Others may be quicker between our look at the money and our claim on it, but hardly time after time. */
const looksAtMost = 3

/**
 * Moves an order's money, once for each key: repeated after a crash, it finds what it began and goes on with that. An outcome
 * that nobody knows is refused as such and found out by itself.
 * @param measure of an order's money, how much there is to move and how much of it this operation takes
 * @returns null when there is nothing to move
 */
export async function moveMoney(deps: Deps, wanted: Wanted, measure: Measure) {
  for (let look = 1; look <= looksAtMost; look++) {
    const moved = await lookAndMove(deps, wanted, measure)
    if (moved !== 'missed') return moved
  }
  // Of a capture it is not only others: its authorization may be over, or its order canceled.
  return wanted.kind === 'capture' ? null : inFlight()
}

const inFlight = () =>
  refuse('payments/operation-in-flight', 'Another money operation of this payment is under way. Try again.')

/** @returns 'missed' when the claim was in vain though nothing is in flight: what is left may still be enough */
async function lookAndMove(deps: Deps, wanted: Wanted, measure: Measure) {
  const { orderId, kind, key, reason } = wanted
  const asked = JSON.stringify(wanted.amount)
  const known = await store.readOrderMoney(deps.db, orderId, abandonedAfterSeconds)
  const currency = known?.payment?.currency ?? known?.uses[0]?.currency
  if (!known || currency === undefined) return null
  const begun = await operationsStore.readOperation(deps.db, orderId, kind, key)
  if (begun) return goOn(deps, known.payment, begun, asked)

  if (wanted.amount) checkAmount(wanted.amount, currency)
  const { available, provider, giftCards } = measure(known)
  if (available === 0) return null
  if (provider + giftCards > available) {
    return refuse('payments/amount-too-large', `No more than ${available} is left to ${kind}.`, {
      largest: money(available, currency),
    })
  }
  const operation = { kind, amount: provider, giftCards, key, asked, reason, by: whoAsked() }
  const claimed = await claimOperation(deps, known, operation)
  if (claimed) return goOn(deps, known.payment, claimed, asked)

  const again = await operationsStore.readOperation(deps.db, orderId, kind, key)
  if (again) return goOn(deps, known.payment, again, asked)
  const now = await store.readOrderMoney(deps.db, orderId, abandonedAfterSeconds)
  return now?.pending ? inFlight() : 'missed'
}

/**
 * Claims the one place for a money operation of an order. One that goes to gift cards alone is done with that.
 * @returns null when the place is taken, or the money is gone
 */
export async function claimOperation(
  deps: Deps,
  { order, payment }: store.OrderMoney,
  operation: Omit<operationsStore.NewOperation, 'paymentId'>,
): Promise<OperationRow | null> {
  if (operation.amount === 0) return recordCardRefund(deps, order.order_id, payment, operation)
  if (!payment) throw new Error(`payments: order ${order.order_id} has no payment that a provider could move`)
  const claim = { ...operation, paymentId: payment.id }
  const claimed =
    operation.giftCards === 0
      ? await operationsStore.insertOperation(deps.db, claim, abandonedAfterSeconds)
      : await inTransaction(deps.db, async (tx) => {
          // What is left on the cards is read after whoever holds the payment is done.
          await store.lockPayment(tx, payment.id)
          return operationsStore.insertOperation(tx, claim, abandonedAfterSeconds)
        })
  if (claimed) await deps.reached('operation-committed', order.order_id)
  return claimed
}

async function goOn(deps: Deps, payment: PaymentRow | null, operation: OperationRow, asked: string) {
  if (operation.asked !== asked) throw keyReused()
  const tried = payment && operation.status === 'pending' ? await tryOperation(deps, payment, operation) : null
  if (tried === 'unknown') {
    return refuse(
      'payments/outcome-unknown',
      'The payment provider has not answered. It will be asked until the outcome is known.',
    )
  }
  const settled = await operationsStore.readOperation(deps.db, operation.order_id, operation.kind, operation.key ?? '')
  if (settled?.status === 'failed') {
    const failure = settled.error ?? 'refused'
    return refuse('payments/provider-refused', `The payment provider refused: ${failure}.`, { reason: failure })
  }
  return ok(operation)
}

/** An amount of zero or less, or of another currency, is no request that could be fulfilled later. */
function checkAmount(amount: Money, currency: string): void {
  if (amount.amount <= 0) throw validationFailed([{ field: 'amount/amount', message: 'must be more than zero' }])
  if (amount.currency !== currency)
    throw validationFailed([{ field: 'amount/currency', message: `must be ${currency}, as the order's` }])
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
    await operationsStore.finishOperation(deps.db, operation.id, { status: 'failed', error: result.reason })
    // It knows something that we do not: the next look finds out.
    await store.scheduleLook(deps.db, payment.order_id, 0)
    return 'failed'
  }
  const refundId = result.outcome === 'refunded' ? result.refundId : null
  await recordSuccess(deps, payment, operation, provider, result.payment, refundId)
  return 'succeeded'
}

function call(provider: GuardedProvider, payment: PaymentRow, operation: OperationRow) {
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
