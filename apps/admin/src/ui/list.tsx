import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ApiError, get } from '../api.ts'
import { Button, Notice } from './kit.tsx'

export type Page<I> = { readonly items: readonly I[]; readonly nextCursor: string | null }

/** A list of the API, page after page by its cursor. */
export function usePages<I>(path: string, query: Readonly<Record<string, string | undefined>> = {}) {
  const pages = useInfiniteQuery({
    queryKey: [path, query],
    queryFn: ({ pageParam }) => get<Page<I>>(path, { ...query, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  })
  return { ...pages, items: pages.data?.pages.flatMap((page) => page.items) ?? [] }
}

export type Column<I> = {
  readonly title: string
  readonly cell: (item: I) => ReactNode
  readonly end?: boolean
  readonly wide?: boolean
}

/** A table that fits a phone: columns marked `wide` wait for a larger screen. */
export function Table<I>({
  columns,
  items,
  keyOf,
  empty,
}: {
  columns: readonly Column<I>[]
  items: readonly I[]
  keyOf: (item: I) => string
  empty: string
}) {
  if (items.length === 0) return <p className="px-1 py-6 text-center text-soft">{empty}</p>
  return (
    <div className="overflow-x-auto">
      <table className="w-full border-collapse text-left">
        <thead>
          <tr className="border-b border-line text-sm text-soft">
            {columns.map(({ title, end, wide }) => (
              <th
                key={title}
                scope="col"
                className={`px-2 py-2 font-medium ${end ? 'text-right' : ''} ${wide ? 'max-md:hidden' : ''}`}
              >
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={keyOf(item)} className="border-b border-line last:border-0 hover:bg-ground">
              {columns.map(({ title, cell, end, wide }) => (
                <td
                  key={title}
                  className={`px-2 py-2.5 ${end ? 'text-right tabular-nums' : ''} ${wide ? 'max-md:hidden' : ''}`}
                >
                  {cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Table, loading, error and "show more" of a list. */
export function PagedTable<I>({
  pages,
  ...table
}: {
  pages: ReturnType<typeof usePages<I>>
  columns: readonly Column<I>[]
  keyOf: (item: I) => string
  empty: string
}) {
  if (pages.isPending) return <p className="py-6 text-center text-soft">Loading …</p>
  if (pages.isError)
    return <Notice>{pages.error instanceof ApiError ? pages.error.message : String(pages.error)}</Notice>
  return (
    <>
      <Table {...table} items={pages.items} />
      {pages.hasNextPage ? (
        <div className="mt-4 text-center">
          <Button onClick={() => void pages.fetchNextPage()} disabled={pages.isFetchingNextPage}>
            Show more
          </Button>
        </div>
      ) : null}
    </>
  )
}
