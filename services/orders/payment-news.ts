import type T from 'typebox'
import { orderRefunded } from '#events/orders'
import {
  paymentAuthorized,
  paymentCaptured,
  paymentFailed,
  paymentRefunded,
  paymentRefundFailed,
} from '#events/payments'
import type { Transaction } from '#kernel/database'
import type { EventDeclaration } from '#kernel/event'
import { on, type Subscription } from '#kernel/inbox'
import { formatDecimal, money } from '#kernel/money'
import { publish } from '#kernel/outbox'
import type { Deps } from './deps.ts'
import { takeUp } from './recover-order.ts'
import * as store from './store.ts'

type Fact = T.Static<typeof paymentAuthorized.data>
type Noted = NonNullable<Awaited<ReturnType<typeof store.notePayment>>>
type News = Pick<store.PaymentNews, 'isMoney'> & {
  readonly kind: string
  readonly detail: string
  /** Minor units; below zero when they came back. */
  readonly refunded?: number
}

/**
 * What payments tell: it is noted once, and an order that waited for it is driven on. Driving asks payments how the money
 * stands, so that the order in which news come does not matter.
 */
export function paymentSubscriptions(deps: Deps): Subscription[] {
  return [
    hear(deps, paymentAuthorized, (data) => ({
      kind: 'payment-authorized',
      detail: `${amountOf(data)} authorized.`,
      isMoney: true,
    })),
    hear(deps, paymentCaptured, (data) => ({
      kind: 'payment-captured',
      detail: `${amountOf(data)} taken.`,
      isMoney: true,
    })),
    hear(deps, paymentFailed, ({ status, reason }) => ({
      kind: status === 'voided' ? 'payment-voided' : 'payment-failed',
      detail: reason,
      isMoney: false,
    })),
    hear(
      deps,
      paymentRefunded,
      (data) => ({
        kind: 'refunded',
        detail: `${amountOf(data)} given back.`,
        refunded: data.amount,
        isMoney: false,
      }),
      (tx, { orderId, refundId, amount, currency }, order) =>
        publish(tx, orderRefunded, {
          subject: orderId,
          sequence: order.version,
          data: { orderId, number: order.number, refundId, amount, currency },
        }),
    ),
    hear(deps, paymentRefundFailed, (data) => ({
      kind: 'refund-failed',
      detail: `${amountOf(data)} came back: the shopper's bank did not take them.`,
      refunded: -data.amount,
      isMoney: false,
    })),
  ]
}

const amountOf = ({ amount, currency }: Fact): string => `${formatDecimal(money(amount, currency))} ${currency}`

function hear<D extends T.TObject>(
  deps: Deps,
  event: EventDeclaration<D>,
  read: (data: Fact & T.Static<D>) => News,
  also: (tx: Transaction, data: Fact & T.Static<D>, order: Noted) => Promise<void> = async () => undefined,
): Subscription {
  return {
    event,
    async handle(db, events) {
      const due = new Set<string>()
      const noted = on(event, async (tx, heard) => {
        const data = heard.data as Fact & T.Static<D>
        const { kind, detail, isMoney, refunded = 0 } = read(data)
        const { orderId, status, by } = data
        const news = { orderId, status, sequence: heard.sequence, refunded, isMoney, history: { kind, detail, by } }
        const order = await store.notePayment(tx, news)
        if (order) await also(tx, data, order)
        if (order?.due) due.add(orderId)
      })
      const verdicts = await noted.handle(db, events)
      for (const orderId of due) await driveOn(deps, orderId)
      return verdicts
    },
  }
}

/** At once rather than with the next round of the recovery, which does it if this fails. */
async function driveOn(deps: Deps, orderId: string): Promise<void> {
  try {
    await takeUp(deps, orderId)
  } catch (error) {
    deps.log.warn({ err: error, orderId }, 'an order could not be driven on yet')
  }
}
