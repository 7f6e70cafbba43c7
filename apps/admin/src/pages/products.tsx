import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useDeferredValue, useState } from 'react'
import type { catalog } from '../../../../services/catalog/contract.ts'
import { type Answer, post } from '../api.ts'
import { useMay } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Filters } from '../ui/filters.tsx'
import { Badge, Button, linkClass, Notice, PageHead, Sheet, TextField, when } from '../ui/kit.tsx'
import { PagedTable, rowLink, usePages } from '../ui/list.tsx'
import { useNarrowed } from '../ui/narrowed.ts'

type Product = Answer<typeof catalog, 'adminProducts'>['items'][number]

export function ProductsPage() {
  const [q, setQ] = useNarrowed('q')
  const [status, setStatus] = useNarrowed('status')
  const [creating, setCreating] = useState(false)
  const mayWrite = useMay()('catalog:write')
  const pages = usePages<Product>('/api/admin/products', { q: useDeferredValue(q.trim()), status })
  const none = (
    <>
      No products yet.{' '}
      <Link to="/imports" className={linkClass}>
        Import a file
      </Link>{' '}
      to begin.
    </>
  )
  return (
    <>
      <PageHead title="Products">
        {mayWrite ? (
          <Button kind="primary" onClick={() => setCreating(true)}>
            New product
          </Button>
        ) : null}
      </PageHead>
      {creating ? <NewProduct onClose={() => setCreating(false)} /> : null}
      <Sheet flush>
        <Filters
          what="products"
          placeholder="Title, address or SKU"
          {...{ q, status }}
          states={['active', 'draft', 'archived']}
          onQ={setQ}
          onStatus={setStatus}
        />
        <PagedTable
          pages={pages}
          keyOf={({ id }) => id}
          empty={q || status ? 'No product matches.' : none}
          columns={[
            {
              title: 'Product',
              phone: 'title',
              cell: ({ id, title, media }) => (
                <span className="flex items-center gap-3">
                  <Picture url={media[0]?.url ?? null} />
                  <Link to="/products/$productId" params={{ productId: id }} className={`min-w-0 ${rowLink}`}>
                    {title}
                  </Link>
                </span>
              ),
            },
            { title: 'State', phone: 'state', cell: ({ status: state }) => <Badge state={state} /> },
            { title: 'Variants', phone: 'none', cell: ({ variants }) => variants.length, end: true },
            { title: 'Categories', phone: 'none', cell: ({ categories }) => categories.join(', ') || '–' },
            {
              title: 'Changed',
              phone: 'none',
              cell: ({ updatedAt }) => <span className="text-soft">{when(updatedAt)}</span>,
              end: true,
            },
          ]}
        />
      </Sheet>
    </>
  )
}

function Picture({ url }: { url: string | null }) {
  const look = 'size-9 shrink-0 rounded-md border border-line bg-ground object-cover'
  // The smallest of the widths that the shop makes.
  if (url) return <img src={`${url}?w=320`} alt="" width="36" height="36" loading="lazy" className={look} />
  return <span aria-hidden="true" className={look} />
}

/** Letters and digits of the title, with dashes between: what the address of a product may hold. */
const handleOf = (title: string): string =>
  title
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')

function NewProduct({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate()
  const [title, setTitle] = useState('')
  const [handle, setHandle] = useState<string | null>(null)
  const create = useCommand(
    (given: { title: string; handle: string }, key) =>
      post<Product>('/api/admin/products', { ...given, status: 'draft', variants: [{}] }, key),
    {
      fields: ['title', 'handle'],
      onDone: ({ id }) => void navigate({ to: '/products/$productId', params: { productId: id } }),
    },
  )
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    create.run({ title, handle: handle ?? handleOf(title) })
  }
  return (
    <Dialog title="New product" onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        {create.message ? <Notice>{create.message}</Notice> : null}
        <TextField
          label="Title"
          required
          maxLength={255}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          error={create.errorOf('title')}
        />
        <TextField
          label="Address in the shop"
          required
          maxLength={255}
          value={handle ?? handleOf(title)}
          onChange={(event) => setHandle(event.target.value)}
          hint="It begins as a draft, which only staff see."
          error={create.errorOf('handle')}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" type="submit" disabled={create.running}>
            {create.running ? 'One moment …' : 'Create'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
