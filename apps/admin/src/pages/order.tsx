import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { orders } from '../../../../services/orders/contract.ts'
import { type Answer, get } from '../api.ts'
import { show } from '../money.ts'
import { useMay } from '../session.ts'
import { Badge, Button, Loading, linkClass, Notice, PageHead, Sheet, when } from '../ui/kit.tsx'
import { useActorName } from './actor-name.ts'
import { type OrderAction, OrderActions } from './order-actions.tsx'
import { PaymentSheet } from './order-payment.tsx'

export type Order = Answer<typeof orders, 'adminOrder'>

const needs: Readonly<Record<string, string>> = {
  'mark-paid': 'payments:capture',
  capture: 'payments:capture',
  fulfill: 'orders:fulfill',
  cancel: 'orders:cancel',
  refund: 'payments:refund',
}
/** In the order of an order's way. */
const actionsInOrder: readonly OrderAction[] = ['mark-paid', 'fulfill', 'capture', 'refund', 'cancel']
const titles: Readonly<Record<string, string>> = {
  'mark-paid': 'Mark as paid',
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
            kind={one === 'cancel' ? 'danger' : one === 'fulfill' || one === 'mark-paid' ? 'primary' : 'plain'}
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
      {order.attention.map(({ kind, at, detail }) => (
        <div key={kind} className="mb-5">
          <Notice tone={kind === 'authorization-lapsed' ? 'danger' : 'warn'}>
            {kind === 'authorization-lapses' ? `The authorization lapses ${when(at)}. ` : ''}
            {detail}
          </Notice>
        </div>
      ))}
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

/** What of an entry is a bare reason, begun with what it is the reason for. */
const beginnings: Readonly<Record<string, string>> = {
  canceled: 'Canceled',
  'payment-failed': 'Payment failed',
  'payment-voided': 'Authorization given back',
}
const told = ({ kind, detail }: Order['timeline'][number]): string => {
  const beginning = beginnings[kind]
  return beginning ? `${beginning}: ${detail.replaceAll('-', ' ')}` : detail
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
            <p>{told(entry)}</p>
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
