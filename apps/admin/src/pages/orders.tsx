import { Link } from '@tanstack/react-router'
import { useDeferredValue, useState } from 'react'
import type { orders } from '../../../../services/orders/contract.ts'
import type { Answer } from '../api.ts'
import { show } from '../money.ts'
import { Badge, PageHead, Select, Sheet, TextField, when } from '../ui/kit.tsx'
import { PagedTable, usePages } from '../ui/list.tsx'

type Summary = Answer<typeof orders, 'adminOrders'>['items'][number]

const states = ['placed', 'awaiting_payment', 'fulfilled', 'canceled', 'declined', 'expired', 'placing']

export function OrdersPage() {
  const [q, setQ] = useState('')
  const [status, setStatus] = useState('')
  const pages = usePages<Summary>('/api/admin/orders', { q: useDeferredValue(q.trim()), status })
  return (
    <>
      <PageHead title="Orders" />
      <Sheet>
        <div className="mb-4 grid gap-3 sm:grid-cols-[1fr_13rem]">
          <TextField
            label="Search orders"
            hideLabel
            type="search"
            placeholder="Number, e-mail or name"
            value={q}
            onChange={(event) => setQ(event.target.value)}
          />
          <Select label="State" hideLabel value={status} onChange={(event) => setStatus(event.target.value)}>
            <option value="">All states</option>
            {states.map((one) => (
              <option key={one} value={one}>
                {one.replaceAll('_', ' ')}
              </option>
            ))}
          </Select>
        </div>
        <PagedTable
          pages={pages}
          keyOf={({ id }) => id}
          empty={q || status ? 'No order matches.' : 'No orders yet. They appear here as soon as somebody buys.'}
          columns={[
            {
              title: 'Order',
              cell: ({ id, number }) => (
                <Link
                  to="/orders/$orderId"
                  params={{ orderId: id }}
                  className="font-medium underline-offset-2 hover:underline"
                >
                  {number}
                </Link>
              ),
            },
            {
              title: 'Shopper',
              cell: ({ name, email }) => <span className="block max-w-60 truncate">{name ?? email}</span>,
            },
            { title: 'State', cell: ({ status: state }) => <Badge state={state} /> },
            { title: 'Units', cell: ({ units }) => units, end: true, wide: true },
            { title: 'Total', cell: ({ total }) => show(total), end: true },
            { title: 'Placed', cell: ({ placedAt, createdAt }) => when(placedAt ?? createdAt), wide: true },
          ]}
        />
      </Sheet>
    </>
  )
}
