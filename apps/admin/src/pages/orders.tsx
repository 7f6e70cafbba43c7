import { Link } from '@tanstack/react-router'
import { useDeferredValue } from 'react'
import type { orders } from '../../../../services/orders/contract.ts'
import type { Answer } from '../api.ts'
import { show } from '../money.ts'
import { Filters } from '../ui/filters.tsx'
import { Badge, PageHead, Sheet, when } from '../ui/kit.tsx'
import { type Column, PagedTable, rowLink, usePages } from '../ui/list.tsx'
import { useNarrowed } from '../ui/narrowed.ts'

type Summary = Answer<typeof orders, 'adminOrders'>['items'][number]

const states = ['placed', 'awaiting_payment', 'fulfilled', 'canceled', 'declined', 'expired', 'placing']

/** Orders that somebody should look at, by what for. */
export const attentions: Readonly<Record<string, string>> = {
  'authorization-lapses': 'authorization lapses',
  'could-not-be-fulfilled': 'paid, not fulfilled',
}

export const orderColumns: readonly Column<Summary>[] = [
  {
    title: 'Order',
    phone: 'title',
    cell: ({ id, number }) => (
      <Link to="/orders/$orderId" params={{ orderId: id }} className={`whitespace-nowrap ${rowLink}`}>
        {number}
      </Link>
    ),
  },
  {
    title: 'Customer',
    phone: 'note',
    cell: ({ name, email }) => <span className="block max-w-72 truncate">{name ?? email}</span>,
  },
  { title: 'State', phone: 'state', cell: ({ status }) => <Badge state={status} /> },
  { title: 'Units', phone: 'none', cell: ({ units }) => units, end: true },
  { title: 'Total', phone: 'end', cell: ({ total }) => show(total), end: true },
  {
    title: 'Placed',
    phone: 'none',
    cell: ({ placedAt, createdAt }) => <span className="text-soft">{when(placedAt ?? createdAt)}</span>,
    end: true,
  },
]

export function OrdersPage() {
  const [q, setQ] = useNarrowed('q')
  const [status, setStatus] = useNarrowed('status')
  const words = useDeferredValue(q.trim())
  const attention = status in attentions
  const pages = usePages<Summary>('/api/admin/orders', {
    ...(attention ? { attention: status } : { status }),
    // Payments know which these are, and nothing of the words.
    q: status === 'authorization-lapses' ? '' : words,
  })
  return (
    <>
      <PageHead title="Orders" />
      <Sheet flush>
        <Filters
          what="orders"
          placeholder="Number, e-mail or name"
          {...{ q, status, states }}
          others={attentions}
          onQ={setQ}
          onStatus={setStatus}
        />
        <PagedTable
          pages={pages}
          keyOf={({ id }) => id}
          empty={q || status ? 'No order matches.' : 'No orders yet. They appear here as soon as somebody buys.'}
          columns={orderColumns}
        />
      </Sheet>
    </>
  )
}
