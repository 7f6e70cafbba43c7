import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { orders } from '../../../../services/orders/contract.ts'
import { type Answer, get } from '../api.ts'
import { show } from '../money.ts'
import { useMay } from '../session.ts'
import { Badge, Button, Notice, PageHead, Sheet, when } from '../ui/kit.tsx'
import { type OrderAction, OrderActions } from './order-actions.tsx'

export type Order = Answer<typeof orders, 'adminOrder'>

const needs: Readonly<Record<string, string>> = {
  capture: 'payments:capture',
  fulfill: 'orders:fulfill',
  cancel: 'orders:cancel',
  refund: 'payments:refund',
}
const titles: Readonly<Record<string, string>> = {
  capture: 'Capture payment',
  fulfill: 'Fulfill',
  cancel: 'Cancel order',
  refund: 'Refund',
}

export function OrderPage() {
  const { orderId } = useParams({ from: '/orders/$orderId' })
  const found = useQuery({ queryKey: ['order', orderId], queryFn: () => get<Order>(`/api/admin/orders/${orderId}`) })
  const may = useMay()
  const [action, setAction] = useState<OrderAction | null>(null)
  if (found.isPending) return <p className="text-soft">Loading …</p>
  if (found.isError) return <Notice>{found.error.message}</Notice>
  const order = found.data
  const actions = order.actions.filter((one) => may(needs[one] ?? '')) as OrderAction[]
  return (
    <>
      <PageHead title={`Order ${order.number}`}>
        <Badge state={order.status} />
        {actions.map((one, index) => (
          <Button
            key={one}
            kind={one === 'cancel' ? 'danger' : index === 0 ? 'primary' : 'plain'}
            onClick={() => setAction(one)}
          >
            {titles[one]}
          </Button>
        ))}
      </PageHead>
      {action ? <OrderActions order={order} action={action} onClose={() => setAction(null)} /> : null}
      <div className="grid gap-5 lg:grid-cols-[1fr_20rem]">
        <div className="flex min-w-0 flex-col gap-5">
          <Goods order={order} />
          <Timeline order={order} />
        </div>
        <div className="flex flex-col gap-5">
          <PaymentSheet order={order} />
          <Sheet title="Shopper">
            <p className="break-words">
              <a className="underline underline-offset-2" href={`mailto:${order.email}`}>
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
                src={line.imageUrl}
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
      {payment ? (
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
          <dt className="text-soft">State</dt>
          <dd>
            <Badge state={payment.status} />
          </dd>
          <dt className="text-soft">By</dt>
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
              <dt className="text-soft">There</dt>
              <dd className="break-all text-sm">{payment.providerPaymentId}</dd>
            </>
          ) : null}
          {payment.authorizedUntil ? (
            <>
              <dt className="text-soft">Holds until</dt>
              <dd>{when(payment.authorizedUntil)}</dd>
            </>
          ) : null}
          {payment.failure ? (
            <>
              <dt className="text-soft">Failure</dt>
              <dd className="text-danger">{payment.failure}</dd>
            </>
          ) : null}
        </dl>
      ) : (
        <p className="text-soft">Nothing was asked for yet.</p>
      )}
    </Sheet>
  )
}

function Timeline({ order }: { order: Order }) {
  return (
    <Sheet title="What happened">
      <ol className="flex flex-col gap-3">
        {order.timeline.map((entry) => (
          <li key={`${entry.at} ${entry.kind} ${entry.detail}`} className="grid gap-x-4 sm:grid-cols-[11rem_1fr]">
            <time dateTime={entry.at} className="text-sm text-soft">
              {when(entry.at)}
            </time>
            <p>
              {entry.detail} <span className="text-sm text-soft">({entry.by})</span>
            </p>
          </li>
        ))}
      </ol>
    </Sheet>
  )
}

function AddressBlock({ title, address }: { title: string; address: Order['shippingAddress'] }) {
  if (!address) return null
  const lines = [
    address.name,
    address.company,
    address.line1,
    address.line2,
    `${address.postalCode} ${address.city}`,
    address.region,
    address.country,
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
