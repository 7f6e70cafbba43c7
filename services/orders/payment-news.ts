import type T from 'typebox'
import { orderRefunded } from '#events/orders'
import {
  paymentAuthorized,
  paymentCaptured,
  paymentFailed,
  paymentRefunded,
  paymentRefundFailed,
} from '#events/payments'
import type { DeepReadonly } from '#kernel/contract'
import type { Transaction } from '#kernel/database'
import { type EventDeclaration, type EventEnvelope, placeOf } from '#kernel/event'
import { onAll, type Subscription } from '#kernel/inbox'
import { formatDecimal, money } from '#kernel/money'
import { publishAll } from '#kernel/outbox'
import type { Deps } from './deps.ts'
import { takeUp } from './recover-order.ts'
import * as store from './store.ts'

type Fact = T.Static<typeof paymentAuthorized.data>
type Refunded = T.Static<typeof paymentRefunded.data>
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
      tellRefunds,
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

type HeardOf<D extends T.TObject> = EventEnvelope<DeepReadonly<Fact & T.Static<D>>>

function hear<D extends T.TObject>(
  deps: Deps,
  event: EventDeclaration<D>,
  read: (data: HeardOf<D>['data']) => News,
  also: (tx: Transaction, heard: readonly HeardOf<D>[], orders: Noted) => Promise<void> = async () => undefined,
): Subscription {
  return {
    event,
    async handle(db, events) {
      const due = new Set<string>()
      const noted = onAll(event, async (tx, heard) => {
        for (const round of eachOrderOnce(heard as readonly HeardOf<D>[])) {
          const news = round.map(({ data, sequence }) => {
            const { kind, detail, isMoney, refunded = 0 } = read(data)
            const { orderId, status, by } = data
            return { orderId, status, sequence, refunded, isMoney, history: { kind, detail, by } }
          })
          const orders = await store.notePayments(tx, news)
          await also(tx, round, orders)
          for (const order of orders.values()) if (order.due) due.add(order.id)
        }
      })
      const verdicts = await noted.handle(db, events)
      await Promise.all([...due].map((orderId) => driveOn(deps, orderId)))
      return verdicts
    },
  }
}

type Noted = Awaited<ReturnType<typeof store.notePayments>>

/** Events in rounds in which each order occurs once: what a statement writes about a row, it can write once. */
function* eachOrderOnce<E extends { readonly data: { readonly orderId: string } }>(
  events: readonly E[],
): Iterable<E[]> {
  for (let left = [...events]; left.length > 0; ) {
    const round = new Map<string, E>()
    const later: E[] = []
    for (const event of left) {
      if (round.has(event.data.orderId)) later.push(event)
      else round.set(event.data.orderId, event)
    }
    yield [...round.values()]
    left = later
  }
}

const tellRefunds = (tx: Transaction, heard: readonly EventEnvelope<Refunded>[], orders: Noted): Promise<void> =>
  publishAll(
    tx,
    orderRefunded,
    heard.flatMap((event) => {
      const { orderId, refundId, amount, currency } = event.data
      const order = orders.get(orderId)
      if (!order) return []
      const { version: sequence, number } = order
      return [
        { subject: orderId, sequence, place: placeOf(event), data: { orderId, number, refundId, amount, currency } },
      ]
    }),
  )

/** At once rather than with the next round of the recovery, which does it if this fails. */
async function driveOn(deps: Deps, orderId: string): Promise<void> {
  try {
    await takeUp(deps, orderId)
  } catch (error) {
    deps.log.warn({ err: error, orderId }, 'an order could not be driven on yet')
  }
}
