import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { inventory } from '../../../../services/inventory/contract.ts'
import { type Answer, get } from '../api.ts'
import { PageHead, Select, Sheet } from '../ui/kit.tsx'
import { PagedTable, rowLink, usePages } from '../ui/list.tsx'
import { useNarrowed } from '../ui/narrowed.ts'

type Level = Answer<typeof inventory, 'levels'>['items'][number]
type Locations = Answer<typeof inventory, 'locations'>

/** What is on the shelves of the whole shop, and what of it runs out. */
export function StockPage() {
  const [state, setState] = useNarrowed('status')
  const pages = usePages<Level>('/api/admin/inventory/levels', { state })
  const locations = useQuery({ queryKey: ['locations'], queryFn: () => get<Locations>('/api/admin/locations') })
  const nameOf = (locationId: string): string =>
    locations.data?.items.find(({ id }) => id === locationId)?.name ?? locationId
  return (
    <>
      <PageHead title="Stock" />
      <Sheet flush>
        <div className="border-b border-line p-3 sm:max-w-64">
          <Select label="How much is left" hideLabel value={state} onChange={(event) => setState(event.target.value)}>
            <option value="">All stock</option>
            <option value="low">Low</option>
            <option value="out-of-stock">None left</option>
            <option value="in-stock">Enough</option>
          </Select>
        </div>
        <PagedTable
          pages={pages}
          keyOf={({ variantId, locationId }) => `${variantId} ${locationId}`}
          empty={state ? 'Nothing is in this state.' : 'Nothing was counted yet.'}
          columns={[
            {
              title: 'Product',
              phone: 'title',
              cell: ({ product, variantId }) =>
                product ? (
                  <Link to="/products/$productId" params={{ productId: product.id }} className={rowLink}>
                    {[product.title, product.variantTitle].filter(Boolean).join(', ')}
                  </Link>
                ) : (
                  <span className="text-soft">No longer in the catalog ({variantId})</span>
                ),
            },
            { title: 'SKU', phone: 'note', cell: ({ product }) => product?.sku ?? '–' },
            { title: 'Location', phone: 'state', cell: ({ locationId }) => nameOf(locationId) },
            { title: 'On hand', phone: 'none', cell: ({ onHand }) => onHand, end: true },
            { title: 'Held', phone: 'none', cell: ({ reserved }) => reserved, end: true },
            { title: 'Promised', phone: 'none', cell: ({ allocated }) => allocated, end: true },
            {
              title: 'Available',
              phone: 'end',
              cell: ({ available }) => <span className="tabular-nums">{available}</span>,
              end: true,
            },
          ]}
        />
      </Sheet>
    </>
  )
}
