import { search } from '#contracts/search'
import { parseDecimal } from '#kernel/money'
import { notFound } from '#kernel/problem'
import type { Deps } from '../deps.ts'
import { readInput } from '../form.ts'
import { defaultSort } from '../parts/listing-address.ts'
import { sendPage, sendText } from '../send.ts'
import { breadcrumbs } from '../structured-data.ts'
import type { Crumb, ListingQuery, Problems, Sort, Views } from '../views.ts'
import type { ShopRoutes, Visit } from '../visit.ts'

/** Divides by two, three and four columns. */
const perPage = 24
const home: Crumb = { title: 'Home', href: '/' }
const sorts: readonly string[] = ['relevance', 'newest', 'price-asc', 'price-desc', 'title'] satisfies Sort[]

export function listingRoutes(routes: ShopRoutes, deps: Deps): void {
  routes.get('/products', 'shared', (visit) =>
    listing(deps, visit, { kind: 'all', title: 'Everything', description: '', action: '/products' }),
  )
  routes.get('/categories/:handle', 'shared', async (visit) => {
    const category = visit.frame.categories.find(({ handle }) => handle === visit.params.handle)
    if (!category) throw notFound('category of this name')
    const { title, description, handle } = category
    return listing(deps, visit, {
      kind: 'category',
      title,
      description,
      action: `/categories/${encodeURIComponent(handle)}`,
      category: handle,
    })
  })
  routes.get('/search', 'shared', (visit) => {
    const q = text(visit.query.q)
    return listing(deps, visit, {
      kind: 'search',
      title: q ? `Results for “${q}”` : 'Search',
      description: '',
      action: '/search',
    })
  })
  routes.get('/search/suggestions', 'shared', (visit) => suggestions(deps, visit))
}

type Place = Pick<Views['listing'], 'kind' | 'title' | 'description' | 'action'> & { readonly category?: string }

async function listing(deps: Deps, visit: Visit, { category, ...place }: Place) {
  const { query, problems: priceProblems, priceMin, priceMax } = readQuery(visit)
  const cursor = text(visit.query.cursor)
  const input = readInput(search.operations.products, {
    market: visit.market.code,
    ...(category === undefined ? {} : { category }),
    ...(query.q ? { q: query.q } : {}),
    ...(Object.keys(query.filter).length > 0 ? { filter: query.filter } : {}),
    ...(priceMin === null ? {} : { priceMin }),
    ...(priceMax === null ? {} : { priceMax }),
    ...(query.inStock ? { inStock: true } : {}),
    sort: query.sort,
    ...(cursor ? { cursor } : {}),
    limit: perPage,
  })
  if (!input.ok) throw notFound('listing at this address')
  const outcome = await deps.search.products(input.value)
  if (!outcome.ok) throw notFound('listing at this address')
  const crumbs = [home, { title: place.title, href: null }]
  return sendPage(
    deps,
    visit,
    'listing',
    {
      title: place.title,
      description: place.description || deps.settings.description,
      // A filtered or sorted list is the same goods again, and what people search for is no content of ours.
      canonical: place.kind === 'search' || cursor ? null : place.action,
      image: outcome.value.items[0]?.imageUrl ?? null,
      jsonLd: [breadcrumbs(visit.frame, crumbs)],
    },
    { ...place, crumbs, query, listing: outcome.value, isFirstPage: !cursor, problems: priceProblems },
    { lasts: true },
  )
}

/** The filters of an address. What makes no sense in it is left out; people do edit addresses. */
function readQuery({ query, market }: Visit): {
  query: ListingQuery
  problems: Problems
  priceMin: number | null
  priceMax: number | null
} {
  const q = text(query.q).slice(0, 200)
  const filter: Record<string, readonly string[]> = {}
  const given = typeof query.filter === 'object' && query.filter !== null ? query.filter : {}
  for (const [key, value] of Object.entries(given)) {
    const values = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string' && one !== '')
    if (values.length > 0) filter[key] = values
  }
  const [min, max] = [text(query.min), text(query.max)]
  const sort = text(query.sort)
  const priceMin = min ? readPrice(min, market.currency) : null
  const priceMax = max ? readPrice(max, market.currency) : null
  const problem = 'Enter an amount such as 25 or 25.50.'
  return {
    query: {
      q,
      filter,
      min,
      max,
      inStock: query.inStock === 'true',
      sort: sorts.includes(sort) ? (sort as Sort) : defaultSort({ q }),
    },
    problems: {
      ...(min && priceMin === null ? { min: problem } : {}),
      ...(max && priceMax === null ? { max: problem } : {}),
    },
    priceMin,
    priceMax,
  }
}

/** `25`, `25.5` and `25,50` in minor units. */
const readPrice = (typed: string, currency: string): number | null => parseDecimal(typed.replace(',', '.'), currency)

const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

async function suggestions(deps: Deps, visit: Visit) {
  const q = text(visit.query.q).slice(0, 200)
  const outcome = await deps.search.suggest({ q, market: visit.market.code, limit: 6 })
  const found = outcome.ok ? outcome.value : { products: [], categories: [] }
  const html = deps.built.pages.fragment('suggestions', visit.frame, { q, suggestions: found })
  visit.reply.headers({ 'cache-control': 'private, max-age=60', 'x-robots-tag': 'noindex' })
  return sendText(visit.request, visit.reply.type('text/html; charset=utf-8'), html)
}
