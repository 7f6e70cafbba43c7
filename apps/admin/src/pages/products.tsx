import { Link } from '@tanstack/react-router'
import { useDeferredValue, useState } from 'react'
import type { catalog } from '../../../../services/catalog/contract.ts'
import type { Answer } from '../api.ts'
import { Badge, PageHead, Select, Sheet, TextField, when } from '../ui/kit.tsx'
import { PagedTable, usePages } from '../ui/list.tsx'

type Product = Answer<typeof catalog, 'adminProducts'>['items'][number]

export function ProductsPage() {
  const [q, setQ] = useState('')
  const [status, setStatus] = useState('')
  const pages = usePages<Product>('/api/admin/products', { q: useDeferredValue(q.trim()), status })
  return (
    <>
      <PageHead title="Products" />
      <Sheet>
        <div className="mb-4 grid gap-3 sm:grid-cols-[1fr_13rem]">
          <TextField
            label="Search products"
            hideLabel
            type="search"
            placeholder="Title, address or SKU"
            value={q}
            onChange={(event) => setQ(event.target.value)}
          />
          <Select label="State" hideLabel value={status} onChange={(event) => setStatus(event.target.value)}>
            <option value="">All states</option>
            {['active', 'draft', 'archived'].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        </div>
        <PagedTable
          pages={pages}
          keyOf={({ id }) => id}
          empty={q || status ? 'No product matches.' : 'No products yet. Import a file to begin.'}
          columns={[
            {
              title: 'Product',
              cell: ({ id, title, media }) => (
                <Link
                  to="/products/$productId"
                  params={{ productId: id }}
                  className="flex items-center gap-3 font-medium underline-offset-2 hover:underline"
                >
                  {media[0]?.url ? (
                    <img
                      src={media[0].url}
                      alt=""
                      width="40"
                      height="40"
                      loading="lazy"
                      className="size-10 rounded-md border border-line object-cover"
                    />
                  ) : (
                    <span aria-hidden="true" className="size-10 rounded-md border border-line bg-ground" />
                  )}
                  {title}
                </Link>
              ),
            },
            { title: 'State', cell: ({ status: state }) => <Badge state={state} /> },
            { title: 'Variants', cell: ({ variants }) => variants.length, end: true, wide: true },
            { title: 'Category', cell: ({ categories }) => categories.join(', '), wide: true },
            { title: 'Changed', cell: ({ updatedAt }) => when(updatedAt), wide: true },
          ]}
        />
      </Sheet>
    </>
  )
}
