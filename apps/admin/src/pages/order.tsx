import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { orders } from '../../../../services/orders/contract.ts'
import { type Answer, get } from '../api.ts'
import { show } from '../money.ts'
import { useMay } from '../session.ts'
import { Badge, Button, Loading, linkClass, Notice, PageHead, Sheet, when } from '../ui/kit.tsx'
import { useActorName } from './actor-name.ts'
import { type OrderAction, OrderActions } from './order-actions.tsx'

export type Order = Answer<typeof orders, 'adminOrder'>

const needs: Readonly<Record<string, string>> = {
  capture: 'payments:capture',
  fulfill: 'orders:fulfill',
  cancel: 'orders:cancel',
  refund: 'payments:refund',
}
/** In the order of an order's way. */
const actionsInOrder: readonly OrderAction[] = ['fulfill', 'capture', 'refund', 'cancel']
const titles: Readonly<Record<string, string>> = {
  fulfill: 'Fulfill',
  capture: 'Capture payment',
  cancel: 'Cancel order',
  refund: 'Refund',
}

export function OrderPage() {
  const { orderId } = useParams({ from: '/orders/$orderId' })
  const found = useQuery({ queryKey: ['order', orderId], queryFn: () => get<Order>(`/api/admin/orders/${orderId}`) })
  const may = useMay()
  const [action, setAction] = useState<OrderAction | null>(null)
  if (found.isPending) return <Loading />
  if (found.isError && !found.data) return <Notice>{found.error.message}</Notice>
  const order = found.data
  const actions = actionsInOrder.filter((one) => order.actions.includes(one) && may(needs[one] ?? ''))
  return (
    <>
      <PageHead
        title={`Order ${order.number}`}
        note={`${order.placedAt ? `Placed ${when(order.placedAt)}` : `Begun ${when(order.createdAt)}`}, market ${order.market}`}
      >
        <Badge state={order.status} />
        {actions.map((one) => (
          <Button
            key={one}
            kind={one === 'cancel' ? 'danger' : one === 'fulfill' ? 'primary' : 'plain'}
            onClick={() => setAction(one)}
          >
            {titles[one]}
          </Button>
        ))}
      </PageHead>
      {action ? <OrderActions order={order} action={action} onClose={() => setAction(null)} /> : null}
      {order.cancelReason ? (
        <div className="mb-5">
          <Notice tone="warn">Canceled: {order.cancelReason}</Notice>
        </div>
      ) : null}
      <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex min-w-0 flex-col gap-5">
          <Goods order={order} />
          <Shipments order={order} />
          <Timeline order={order} />
        </div>
        <div className="flex min-w-0 flex-col gap-5">
          <PaymentSheet order={order} />
          <Sheet title="Customer">
            <p className="break-words">
              <a className={linkClass} href={`mailto:${order.email}`}>
                {order.email}
              </a>
            </p>
            {order.customerId ? (
              <p className="mt-1 text-sm text-soft">Has an account</p>
            ) : (
              <p className="mt-1 text-sm text-soft">Guest</p>
            )}
            <AddressBlock title="Goods go to" address={order.shippingAddress} />
            {order.billingAddress ? <AddressBlock title="Invoice goes to" address={order.billingAddress} /> : null}
            {order.shippingMethod ? <p className="mt-3 text-sm text-soft">By {order.shippingMethod.name}</p> : null}
          </Sheet>
        </div>
      </div>
    </>
  )
}

function Goods({ order }: { order: Order }) {
  const { totals } = order
  const rows: [string, string, boolean][] = [
    ['Goods', show(totals.items), false],
    ...(totals.discount.amount > 0
      ? [['Discount', `−${show(totals.discount)}`, false] as [string, string, boolean]]
      : []),
    ['Shipping', show(totals.shipping), false],
    ...(order.taxIncluded ? [] : [['Tax', show(totals.tax), false] as [string, string, boolean]]),
    ['Total', show(totals.total), true],
    ...(order.taxIncluded ? [['of which tax', show(totals.tax), false] as [string, string, boolean]] : []),
    ...(order.refunded.amount > 0 ? [['Refunded', show(order.refunded), false] as [string, string, boolean]] : []),
  ]
  return (
    <Sheet title="Goods">
      <ul>
        {order.lines.map((line) => (
          <li key={line.id} className="flex gap-3 border-b border-line py-3 first:pt-0">
            {line.imageUrl ? (
              <img
                src={`${line.imageUrl}?w=320`}
                alt=""
                width="52"
                height="52"
                loading="lazy"
                className="size-13 rounded-lg border border-line object-cover"
              />
            ) : null}
            <div className="min-w-0 flex-1">
              <p className="font-medium">{line.title}</p>
              <p className="text-sm text-soft">{[line.variantTitle, line.sku].filter(Boolean).join(' · ')}</p>
              <p className="text-sm text-soft">
                {line.fulfilled} of {line.quantity} sent
              </p>
            </div>
            <p className="whitespace-nowrap text-right tabular-nums">
              {line.quantity} × {show(line.unitPrice)}
              <br />
              <span className="font-medium">{show(line.subtotal)}</span>
            </p>
          </li>
        ))}
      </ul>
      <dl className="ml-auto mt-3 grid w-full max-w-72 grid-cols-2 gap-y-1">
        {rows.map(([label, amount, strong]) => (
          <div key={label} className={`contents ${strong ? 'font-semibold' : ''}`}>
            <dt>{label}</dt>
            <dd className="text-right tabular-nums">{amount}</dd>
          </div>
        ))}
      </dl>
      {order.discounts.map(({ promotionId, label, code, amount }) => (
        <p key={promotionId} className="mt-2 text-sm text-soft">
          {label}
          {code ? ` (${code})` : ''}: −{show(amount)}
        </p>
      ))}
    </Sheet>
  )
}

function PaymentSheet({ order: { payment } }: { order: Order }) {
  return (
    <Sheet title="Payment">
      {payment?.giftCards.length ? (
        <ul className="mb-3 flex flex-col gap-1.5 border-b border-line pb-3 last:mb-0 last:border-0 last:pb-0">
          {payment.giftCards.map(({ giftCardId, last4, amount, refunded }) => (
            <li key={giftCardId} className="flex justify-between gap-3">
              <GiftCardName id={giftCardId} last4={last4} />
              <span className="text-right tabular-nums">
                {show(amount)}
                {refunded.amount > 0 ? (
                  <span className="block text-sm text-soft">{show(refunded)} given back</span>
                ) : null}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {payment?.provider ? (
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
          <dt className="text-soft">State</dt>
          <dd>
            <Badge state={payment.status} />
          </dd>
          <dt className="text-soft">With</dt>
          <dd>
            {payment.provider}
            {payment.card ? `, ${payment.card.brand} •••• ${payment.card.last4}` : ''}
          </dd>
          <dt className="text-soft">Authorized</dt>
          <dd className="tabular-nums">{show(payment.authorized)}</dd>
          <dt className="text-soft">Captured</dt>
          <dd className="tabular-nums">{show(payment.captured)}</dd>
          <dt className="text-soft">Refunded</dt>
          <dd className="tabular-nums">{show(payment.refunded)}</dd>
          {payment.providerPaymentId ? (
            <>
              <dt className="text-soft">Reference</dt>
              <dd className="break-all font-mono text-[0.8125rem]">{payment.providerPaymentId}</dd>
            </>
          ) : null}
          {payment.authorizedUntil && payment.status === 'authorized' ? (
            <>
              <dt className="text-soft">Held until</dt>
              <dd>{when(payment.authorizedUntil)}</dd>
            </>
          ) : null}
          {payment.failure && payment.status === 'failed' ? (
            <>
              <dt className="text-soft">Failure</dt>
              <dd className="text-danger">{payment.failure}</dd>
            </>
          ) : null}
        </dl>
      ) : null}
      {payment ? null : <p className="text-soft">Nothing was asked for yet.</p>}
    </Sheet>
  )
}

function GiftCardName({ id, last4 }: { id: string; last4: string }) {
  const name = (
    <>
      Gift card <span className="font-mono">···· {last4}</span>
    </>
  )
  if (!useMay()('gift-cards:read')) return <span>{name}</span>
  return (
    <Link to="/gift-cards/$giftCardId" params={{ giftCardId: id }} className={linkClass}>
      {name}
    </Link>
  )
}

/** What left, with which carrier. */
function Shipments({ order }: { order: Order }) {
  if (order.fulfillments.length === 0) return null
  const titleOf = (lineId: string): string => order.lines.find(({ id }) => id === lineId)?.title ?? lineId
  return (
    <Sheet title="Shipments">
      <ul className="flex flex-col gap-3">
        {order.fulfillments.map(({ id, lines, carrier, trackingNumber, createdAt }) => (
          <li key={id}>
            <p className="font-medium">
              {[carrier, trackingNumber].filter(Boolean).join(' · ') || 'Sent without tracking'}
            </p>
            <p className="text-sm text-soft">
              {when(createdAt)}: {lines.map(({ lineId, quantity }) => `${quantity} × ${titleOf(lineId)}`).join(', ')}
            </p>
          </li>
        ))}
      </ul>
    </Sheet>
  )
}

function Timeline({ order }: { order: Order }) {
  const nameOf = useActorName()
  return (
    <Sheet title="Time line">
      <ol className="flex flex-col">
        {order.timeline.toReversed().map((entry) => (
          <li
            key={`${entry.at} ${entry.kind} ${entry.detail}`}
            className="relative border-l border-line pb-4 pl-4 last:pb-0 before:absolute before:-left-[0.28rem] before:top-[0.45rem] before:size-2 before:rounded-full before:bg-edge first:before:bg-accent"
          >
            <p>{entry.detail}</p>
            <p className="text-sm text-soft">
              <time dateTime={entry.at}>{when(entry.at)}</time>, {nameOf(entry.by)}
            </p>
          </li>
        ))}
      </ol>
    </Sheet>
  )
}

const countries = new Intl.DisplayNames('en', { type: 'region' })

function AddressBlock({ title, address }: { title: string; address: Order['shippingAddress'] }) {
  if (!address) return null
  const lines = [
    address.name,
    address.company,
    address.line1,
    address.line2,
    `${address.postalCode} ${address.city}`,
    address.region,
    countries.of(address.country) ?? address.country,
    address.phone,
  ]
  return (
    <div className="mt-4">
      <h3 className="text-sm font-medium text-soft">{title}</h3>
      <address className="not-italic">
        {lines.filter(Boolean).map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of an address never change places
          <span key={index} className="block">
            {line}
          </span>
        ))}
      </address>
    </div>
  )
}
