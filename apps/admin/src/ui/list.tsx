import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { get } from '../api.ts'
import { Button, Loading, Notice } from './kit.tsx'

export type Page<I> = { readonly items: readonly I[]; readonly nextCursor: string | null }

/** A list of the API, page after page by its cursor; what was there stays while another search is under way. */
export function usePages<I>(
  path: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
  options: { readonly enabled?: boolean; readonly refetchMs?: number | false } = {},
) {
  const pages = useInfiniteQuery({
    queryKey: [path, query],
    queryFn: ({ pageParam }) => get<Page<I>>(path, { ...query, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: (before) => before,
    enabled: options.enabled ?? true,
    refetchInterval: options.refetchMs ?? false,
  })
  return { ...pages, items: pages.data?.pages.flatMap((page) => page.items) ?? [] }
}

/** Where a cell stands on a phone, whose rows are two lines: what it is and its state, then the particulars. */
export type Place = 'title' | 'state' | 'note' | 'end' | 'none'
const places: Readonly<Record<Place, string>> = {
  title: 'max-md:col-start-1 max-md:row-start-1',
  state: 'max-md:col-start-2 max-md:row-start-1 max-md:justify-self-end',
  note: 'max-md:col-start-1 max-md:row-start-2 max-md:text-sm max-md:text-soft',
  end: 'max-md:col-start-2 max-md:row-start-2 max-md:justify-self-end',
  none: 'max-md:hidden',
}

export type Column<I> = {
  readonly title: string
  readonly cell: (item: I) => ReactNode
  readonly phone: Place
  /** Figures stand at the end. */
  readonly end?: boolean
}

export function Table<I>({
  columns,
  items,
  keyOf,
  empty,
}: {
  columns: readonly Column<I>[]
  items: readonly I[]
  keyOf: (item: I) => string
  empty: ReactNode
}) {
  if (items.length === 0) return <div className="px-4 py-10 text-center text-soft">{empty}</div>
  return (
    <table className="w-full border-collapse text-left">
      <thead className="max-md:sr-only">
        <tr className="border-b border-line text-[0.8125rem] text-soft">
          {columns.map(({ title, end }) => (
            <th
              key={title}
              scope="col"
              className={`px-2 py-2 font-medium first:pl-4 last:pr-4 ${end ? 'text-right' : ''}`}
            >
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr
            key={keyOf(item)}
            className="relative border-b border-line last:border-0 hover:bg-ground max-md:grid max-md:grid-cols-[minmax(0,1fr)_auto] max-md:items-center max-md:gap-x-3 max-md:gap-y-0.5 max-md:px-4 max-md:py-2.5"
          >
            {columns.map(({ title, cell, end, phone }) => (
              <td
                key={title}
                className={`min-w-0 md:px-2 md:py-2 md:first:pl-4 md:last:pr-4 ${end ? 'tabular-nums md:text-right' : ''} ${places[phone]}`}
              >
                {cell(item)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The link of a row; the whole row can be clicked. */
export const rowLink =
  'font-medium underline-offset-3 hover:underline after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent'

/** Table, loading, error and "show more" of a list. */
export function PagedTable<I>({
  pages,
  ...table
}: {
  pages: ReturnType<typeof usePages<I>>
  columns: readonly Column<I>[]
  keyOf: (item: I) => string
  empty: ReactNode
}) {
  if (pages.isPending) return <Loading />
  return (
    <>
      {pages.isError ? (
        <div className="flex flex-wrap items-center gap-3 p-4">
          <Notice>{pages.error.message}</Notice>
          <Button onClick={() => void pages.refetch()}>Try again</Button>
        </div>
      ) : null}
      {pages.isError && pages.items.length === 0 ? null : (
        <div aria-busy={pages.isPlaceholderData} className={pages.isPlaceholderData ? 'opacity-60' : ''}>
          <Table {...table} items={pages.items} />
        </div>
      )}
      {pages.hasNextPage ? (
        <div className="border-t border-line p-3 text-center">
          <Button onClick={() => void pages.fetchNextPage()} disabled={pages.isFetchingNextPage}>
            {pages.isFetchingNextPage ? 'Loading …' : 'Show more'}
          </Button>
        </div>
      ) : null}
    </>
  )
}
