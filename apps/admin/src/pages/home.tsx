import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { catalog } from '../../../../services/catalog/contract.ts'
import type { orders } from '../../../../services/orders/contract.ts'
import type { Answer } from '../api.ts'
import { useMay, useSession } from '../session.ts'
import { Badge, Button, linkClass, Notice, PageHead, Sheet } from '../ui/kit.tsx'
import { PagedTable, usePages } from '../ui/list.tsx'
import { HealthStrip } from './health-strip.tsx'
import { orderColumns } from './orders.tsx'

type Summary = Answer<typeof orders, 'adminOrders'>['items'][number]
type Report = Answer<typeof catalog, 'imports'>['items'][number]

/** One page of a list is enough to say what is to be done; beyond it, that there is more. */
const atMost = 20
/** New orders come while the page is open. */
const refetchMs = 30_000

/** What waits for somebody, from the first pages of lists that staff have anyway. */
export function HomePage() {
  const may = useMay()
  const session = useSession().data?.session
  const [seesOrders, seesImports] = [may('orders:read'), may('catalog:read')]
  const placed = usePages<Summary>(
    '/api/admin/orders',
    { status: 'placed', limit: atMost },
    { enabled: seesOrders, refetchMs },
  )
  const unpaid = usePages<Summary>(
    '/api/admin/orders',
    { status: 'awaiting_payment', limit: atMost },
    { enabled: seesOrders, refetchMs },
  )
  const lapsing = usePages<Summary>(
    '/api/admin/orders',
    { attention: 'authorization-lapses', limit: atMost },
    { enabled: seesOrders, refetchMs },
  )
  const inVain = usePages<Summary>(
    '/api/admin/orders',
    { attention: 'could-not-be-fulfilled', limit: atMost },
    { enabled: seesOrders, refetchMs },
  )
  const imports = usePages<Report>('/api/admin/imports', { limit: 5 }, { enabled: seesImports })
  const running = imports.items.filter(({ state }) => state === 'running' || state === 'uploading')
  return (
    <>
      <PageHead title="Home" note={session ? `Signed in as ${session.name}` : ''} />
      <div className="flex flex-col gap-5">
        {may('health:read') ? <HealthStrip /> : null}
        <ul className="grid grid-cols-2 gap-3 lg:grid-cols-3">
          {seesOrders ? (
            <>
              <Figure label="Orders to fulfill" pages={placed} />
              <Figure label="Orders awaiting payment" pages={unpaid} />
            </>
          ) : null}
          {seesImports ? <Tile label="Imports running" value={imports.isPending ? '…' : running.length} /> : null}
        </ul>
        <Warning
          title="The authorization lapses within two days"
          note="Capture the money before, or the goods cannot leave."
          pages={lapsing}
        />
        <Warning
          title="Paid, and could not be fulfilled"
          note="There was nothing left to sell them. The money goes back by itself, and the shoppers were told."
          pages={inVain}
        />
        {seesOrders ? (
          <Sheet
            flush
            title="To fulfill"
            actions={
              <Link to="/orders" className={`text-sm ${linkClass}`}>
                All orders
              </Link>
            }
          >
            <PagedTable
              pages={placed}
              keyOf={({ id }) => id}
              empty="Nothing waits. Every paid order has left."
              columns={orderColumns}
            />
          </Sheet>
        ) : null}
        {running.length > 0 ? (
          <Sheet title="Imports">
            <ul className="flex flex-col gap-2">
              {running.map(({ id, fileName, state }) => (
                <li key={id} className="flex items-center gap-3">
                  <Link to="/imports/$importId" params={{ importId: id }} className={linkClass}>
                    {fileName}
                  </Link>
                  <Badge state={state} />
                </li>
              ))}
            </ul>
          </Sheet>
        ) : null}
        {seesOrders ? null : (
          <Sheet>
            <p className="mb-3 text-soft">Your role has no orders to care for.</p>
            {seesImports ? (
              <Link to="/products">
                <Button tabIndex={-1}>To the products</Button>
              </Link>
            ) : null}
          </Sheet>
        )}
      </div>
    </>
  )
}

/** Orders that somebody should look at; nothing where there are none. */
function Warning({ title, note, pages }: { title: string; note: string; pages: ReturnType<typeof usePages<Summary>> }) {
  if (pages.items.length === 0) return null
  return (
    <Sheet flush title={title}>
      <div className="p-3">
        <Notice tone="warn">{note}</Notice>
      </div>
      <PagedTable pages={pages} keyOf={({ id }) => id} empty="" columns={orderColumns} />
    </Sheet>
  )
}

function Figure({ label, pages }: { label: string; pages: ReturnType<typeof usePages<Summary>> }) {
  if (pages.isError) return <Tile label={label} value="–" />
  return (
    <Tile label={label} value={pages.isPending ? '…' : `${pages.items.length}${pages.hasNextPage ? ' or more' : ''}`} />
  )
}

function Tile({ label, value }: { label: string; value: ReactNode }) {
  return (
    <li className="rounded-xl border border-line bg-sheet px-4 py-3">
      <p className="text-sm text-soft">{label}</p>
      <p className="mt-0.5 text-2xl font-semibold tabular-nums tracking-tight">{value}</p>
    </li>
  )
}
