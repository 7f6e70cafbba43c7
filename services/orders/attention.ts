import type T from 'typebox'
import type { AdminOrder } from '#contracts/orders'
import { lapseWarningHours } from '#contracts/payments'
import type { KnownPayment } from './lease.ts'
import type { OrderRow } from './order.ts'

type Attention = T.Static<typeof AdminOrder>['attention'][number]

/** What staff should look at in an order: money that is not held for long, that came too late, or that did not go back. */
export function attentionOf(
  order: Pick<OrderRow, 'state' | 'placed_at' | 'reason'>,
  payment: KnownPayment | null,
  timeline: readonly { readonly kind: string; readonly at: string; readonly detail: string }[],
): Attention[] {
  return [...ofTheOrder(order, payment), ...ofItsRefunds(timeline)]
}

function ofItsRefunds(timeline: Parameters<typeof attentionOf>[2]): Attention[] {
  const last = timeline.findLast(({ kind }) => kind === 'refunded' || kind === 'refund-failed')
  if (last?.kind !== 'refund-failed') return []
  return [{ kind: 'refund-failed', at: last.at, detail: `${last.detail} Give them back again, or by another way.` }]
}

function ofTheOrder(
  order: Pick<OrderRow, 'state' | 'placed_at' | 'reason'>,
  payment: KnownPayment | null,
): Attention[] {
  if (order.state === 'canceled' && order.placed_at === null) {
    const detail = `It was paid and could not be fulfilled; its money goes back. ${order.reason ?? ''}`.trim()
    return [{ kind: 'could-not-be-fulfilled', at: null, detail }]
  }
  if (order.state === 'canceled' && payment && payment.captured.amount > payment.refunded.amount) {
    const detail = 'It was canceled and its money has not gone back yet. The provider is asked again by itself.'
    return [{ kind: 'refund-failed', at: null, detail }]
  }
  if (order.state !== 'placed' || !payment) return []
  const at = payment.authorizedUntil
  const leftMs = at === null ? Number.POSITIVE_INFINITY : Temporal.Instant.from(at).epochMilliseconds - Date.now()
  const isHeld = payment.status === 'authorized'
  if (payment.status === 'voided' || (isHeld && leftMs <= 0))
    return [{ kind: 'authorization-lapsed', at, detail: 'The bank no longer holds the money: nothing may leave.' }]
  if (isHeld && leftMs < lapseWarningHours * 3_600_000)
    return [{ kind: 'authorization-lapses', at, detail: 'The bank holds the money until then. Capture it before.' }]
  return []
}
