import type { ListingQuery } from '../views.ts'

/** The address of a listing with these filters: one spelling for the same thing, defaults left out. */
export function listingAddress(path: string, query: ListingQuery, cursor?: string): string {
  const parameters = new URLSearchParams()
  if (query.q) parameters.set('q', query.q)
  for (const key of Object.keys(query.filter).sort()) {
    for (const value of query.filter[key] ?? []) parameters.append(`filter[${key}]`, value)
  }
  if (query.min) parameters.set('min', query.min)
  if (query.max) parameters.set('max', query.max)
  if (query.inStock) parameters.set('inStock', 'true')
  if (query.sort !== defaultSort(query)) parameters.set('sort', query.sort)
  if (cursor) parameters.set('cursor', cursor)
  const text = parameters.toString()
  return text ? `${path}?${text}` : path
}

/** Who searches wants what fits best; who browses wants what is new. */
export const defaultSort = ({ q }: { readonly q: string }): 'relevance' | 'newest' => (q ? 'relevance' : 'newest')

/** The query without one value of a filter, or without one of its parts. */
export function without(
  query: ListingQuery,
  part: 'min' | 'max' | 'inStock' | { key: string; value: string },
): ListingQuery {
  if (part === 'inStock') return { ...query, inStock: false }
  if (part === 'min' || part === 'max') return { ...query, [part]: '' }
  const left = (query.filter[part.key] ?? []).filter((value) => value !== part.value)
  const { [part.key]: _, ...others } = query.filter
  return { ...query, filter: left.length > 0 ? { ...others, [part.key]: left } : others }
}
