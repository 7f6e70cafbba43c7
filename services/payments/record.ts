import {
  paymentAuthorized,
  paymentCaptured,
  paymentFailed,
  paymentRefunded,
  paymentRefundFailed,
} from '#events/payments'
import { currentCall, newTraceId } from '#kernel/call'
import { type Database, inTransaction, type Transaction } from '#kernel/database'
import { publish, publishAll } from '#kernel/outbox'
import type { PaymentProvider, ProviderPayment } from '../../providers/payments/port.ts'
import type { Deps } from './deps.ts'
import { bookCapture, bookFailedRefund, bookFee, bookRefund } from './ledger.ts'
import * as operationsStore from './operations-store.ts'
import { isOver, isUnsettled, type OperationRow, type PaymentRow } from './payment.ts'
import type { Change, Mismatch } from './payment-state.ts'
import * as store from './store.ts'
import { giveUsesBack, refundToCards } from './tender.ts'

/** What was learned, unless the provider speaks of other money than was asked for: then nothing, and people are told. */
export function believed(deps: Deps, payment: PaymentRow, learned: Change | Mismatch | null): Change | null {
  if (learned === null || !('mismatch' in learned)) return learned
  deps.log.error(
    { security: 'payment-mismatch', orderId: payment.order_id, paymentId: payment.id, detail: learned.mismatch },
    'a provider tells of another payment than was asked for; it is not believed',
  )
  return null
}

/**
 * Records what was learned of an attempt with all that follows: bookings and events, in one transaction.
 * @returns the attempt as it is now, or null when somebody else recorded something first: look again
 */
export function record(deps: Deps, payment: PaymentRow, change: Change): Promise<PaymentRow | null> {
  if (movesNothing(change)) return deps.record({ payment, change, traceId: currentCall()?.traceId ?? newTraceId() })
  const { by } = change
  return inTransaction(deps.db, async (tx) => {
    const now = await store.updatePayment(tx, payment, change)
    if (!now) return null
    if (now.status !== payment.status && now.status === 'authorized')
      await publish(tx, paymentAuthorized, told(now, now.authorized, by))
    let captureId = change.fee?.captureId ?? null
    if (change.captured > 0) {
      const capture = { kind: 'capture', amount: change.captured, providerRefundId: null, by } as const
      captureId = await operationsStore.insertSettled(tx, now, capture)
      await tellCapture(tx, now, { id: captureId, amount: change.captured, currency: now.currency, by })
    }
    if (change.fee && captureId !== null) await bookFee(tx, now.provider, { ...change.fee, id: captureId })
    for (const { providerRefundId, amount } of change.refunds) {
      const id = await operationsStore.insertSettled(tx, now, { kind: 'refund', amount, providerRefundId, by })
      await tellRefund(tx, now, { id, order_id: now.order_id, amount, gift_cards: 0, currency: now.currency, by })
    }
    for (const refund of change.failedRefunds) {
      await operationsStore.unsettleRefund(tx, refund.id)
      await bookFailedRefund(tx, now.provider, refund)
      const { data, ...about } = told(now, refund.amount, by)
      await publish(tx, paymentRefundFailed, { ...about, data: { ...data, refundId: refund.id } })
    }
    if (isOver(now) && !isOver(payment)) await tellEnd(tx, now, by)
    // An authorization that lapses later leaves them: the order stands, and whoever cancels it gives them back.
    if (isOver(now) && isUnsettled(payment)) await giveUsesBack(tx, now, by)
    return now
  })
}

/** Whether nothing is booked for a change and nothing given back: an authorization as a rule, which every order waits for. */
const movesNothing = ({ set, captured, fee, refunds, failedRefunds }: Change): boolean =>
  captured === 0 &&
  fee === null &&
  refunds.length === 0 &&
  failedRefunds.length === 0 &&
  set.status !== 'failed' &&
  set.status !== 'voided'

/** What was learned of attempts at the same moment, and moves nothing: `record` of all of them in one transaction. */
export function recordAll(
  db: Database,
  news: readonly (store.News & { readonly traceId: string })[],
): Promise<(PaymentRow | null)[]> {
  return inTransaction(db, async (tx) => {
    const recorded = await store.updatePayments(tx, news)
    const authorized = news.flatMap(({ payment, change, traceId }, index) => {
      const now = recorded[index]
      return now && now.status !== payment.status && now.status === 'authorized'
        ? [{ ...told(now, now.authorized, change.by), traceId }]
        : []
    })
    await publishAll(tx, paymentAuthorized, authorized)
    return recorded
  })
}

/**
 * Records that a capture, refund or void succeeded, with what of a refund goes to gift cards.
 * @param said the payment as the provider told it with its answer
 * @param providerRefundId the provider's id of a refund
 * @returns the payment as it is now, or null when that was recorded before
 */
export function recordSuccess(
  deps: Deps,
  payment: PaymentRow,
  operation: OperationRow,
  provider: PaymentProvider,
  said: ProviderPayment,
  providerRefundId: string | null,
): Promise<PaymentRow | null> {
  return inTransaction(deps.db, async (tx) => {
    await store.lockPayment(tx, payment.id)
    if (!(await operationsStore.finishOperation(tx, operation.id, { status: 'succeeded', providerRefundId })))
      return null
    const now = await operationsStore.countOperation(
      tx,
      payment.id,
      operation,
      provider.capabilities.capture === 'single',
    )
    if (operation.kind === 'capture') {
      await tellCapture(tx, now, operation)
      if (said.fee) await bookFee(tx, now.provider, { ...said.fee, id: operation.id })
    } else if (operation.kind === 'refund') await tellRefund(tx, now, operation)
    else await tellEnd(tx, now, operation.by)
    return now
  })
}

/**
 * Records a refund that goes to gift cards alone, with its bookings and its event, in one transaction.
 * @returns the operation, or null when another is in flight, or the cards were given back more than that
 */
export function recordCardRefund(
  deps: Deps,
  orderId: string,
  payment: PaymentRow | null,
  operation: Omit<operationsStore.NewOperation, 'paymentId' | 'kind' | 'amount'>,
): Promise<OperationRow | null> {
  return inTransaction(deps.db, async (tx) => {
    const refund = await operationsStore.insertCardRefund(tx, orderId, { ...operation, paymentId: payment?.id ?? null })
    if (!refund) return null
    if (payment) {
      await tellRefund(tx, await operationsStore.countOperation(tx, payment.id, refund, false), refund)
      return refund
    }
    await refundToCards(tx, refund)
    const { gift_cards: amount, currency, by } = refund
    const data = { orderId, paymentId: orderId, amount, currency, status: 'captured', by, refundId: refund.id }
    await publish(tx, paymentRefunded, {
      subject: orderId,
      sequence: await operationsStore.countRefunds(tx, orderId),
      data,
    })
    return refund
  })
}

type Moved = Pick<OperationRow, 'id' | 'amount' | 'currency' | 'by'>

async function tellCapture(tx: Transaction, payment: PaymentRow, capture: Moved): Promise<void> {
  await bookCapture(tx, payment.provider, capture)
  await publish(tx, paymentCaptured, told(payment, capture.amount, capture.by))
}

async function tellRefund(
  tx: Transaction,
  payment: PaymentRow,
  refund: Moved & Pick<OperationRow, 'order_id' | 'gift_cards'>,
): Promise<void> {
  if (refund.amount > 0) await bookRefund(tx, payment.provider, refund)
  if (refund.gift_cards > 0) await refundToCards(tx, refund)
  const { data, ...about } = told(payment, refund.amount + refund.gift_cards, refund.by)
  await publish(tx, paymentRefunded, { ...about, data: { ...data, refundId: refund.id } })
}

async function tellEnd(tx: Transaction, payment: PaymentRow, by: string): Promise<void> {
  const { data, ...about } = told(payment, payment.amount, by)
  await publish(tx, paymentFailed, { ...about, data: { ...data, reason: payment.failure ?? 'card-declined' } })
}

const told = (payment: PaymentRow, amount: number, by: string) => ({
  subject: payment.id,
  sequence: payment.version,
  data: {
    orderId: payment.order_id,
    paymentId: payment.id,
    amount,
    currency: payment.currency,
    status: payment.status,
    by,
  },
})
