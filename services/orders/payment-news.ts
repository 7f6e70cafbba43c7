import { orderRefunded } from '#events/orders'
import { paymentAuthorized, paymentCaptured, paymentFailed, paymentRefunded } from '#events/payments'
import { onPrepared, type Subscription } from '#kernel/inbox'
import { formatDecimal, money } from '#kernel/money'
import { publish } from '#kernel/outbox'
import type { Deps } from './deps.ts'
import { takeUp } from './recover-order.ts'
import * as store from './store.ts'

type News = {
  readonly orderId: string
  readonly amount: number
  readonly currency: string
  readonly status: string
  readonly by: string
}

/**
 * What payments tell drives orders on: first the order is taken up, which asks payments how the money stands, so that the order
 * of the news does not matter; then the news is noted, once.
 */
export function paymentSubscriptions(deps: Deps): Subscription[] {
  const drive = ({ data }: { data: News }): Promise<boolean> => driveOn(deps, data.orderId)
  const amountOf = ({ amount, currency }: News): string => `${formatDecimal(money(amount, currency))} ${currency}`
  const note = (sequence: number, data: News, kind: string, detail: string, driven: boolean, refunded = 0) => ({
    orderId: data.orderId,
    status: data.status,
    sequence,
    refunded,
    history: { kind, detail, by: data.by },
    look: !driven,
  })
  return [
    onPrepared(paymentAuthorized, drive, async (tx, { data, sequence }, driven) => {
      const detail = `${amountOf(data)} authorized.`
      await store.notePayment(tx, note(sequence, data, 'payment-authorized', detail, driven))
    }),
    onPrepared(paymentCaptured, drive, async (tx, { data, sequence }, driven) => {
      await store.notePayment(tx, note(sequence, data, 'payment-captured', `${amountOf(data)} taken.`, driven))
    }),
    onPrepared(paymentFailed, drive, async (tx, { data, sequence }, driven) => {
      const kind = data.status === 'voided' ? 'payment-voided' : 'payment-failed'
      await store.notePayment(tx, note(sequence, data, kind, data.reason, driven))
    }),
    onPrepared(paymentRefunded, drive, async (tx, { data, sequence }, driven) => {
      const detail = `${amountOf(data)} given back.`
      const news = note(sequence, data, 'refunded', detail, driven, data.amount)
      const order = await store.notePayment(tx, news)
      if (!order) return
      const { orderId, refundId, amount, currency } = data
      await publish(tx, orderRefunded, {
        subject: orderId,
        sequence: order.version,
        data: { orderId, number: order.number, refundId, amount, currency },
      })
    }),
  ]
}

/** @returns whether nothing is left to do about the order because of the news */
async function driveOn(deps: Deps, orderId: string): Promise<boolean> {
  const order = await store.readProgress(deps.db, orderId)
  // A driver of an order that is being placed asks for the money itself, and hears the answer.
  if (!order || order.state === 'placing' || order.state === 'placed' || order.state === 'fulfilled') return true
  return takeUp(deps, orderId)
}
