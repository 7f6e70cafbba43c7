import type { VisitName } from './visits.ts'

/** What a figure is compared with, measured beside it in the same run. */
export type LimitOf =
  | { readonly kind: 'bare'; readonly path: string }
  /** pgbench's script: `-N` writes and commits, `-S` reads a row. */
  | { readonly kind: 'postgres'; readonly script: '-N' | '-S' }
  /** Other visits to the same shop: what is compared changes less from one to the next than the machine does. */
  | { readonly kind: 'visit'; readonly visit: VisitName }
  | { readonly kind: 'none' }

export type Scenario = {
  readonly name: VisitName
  readonly what: string
  /** Visitors beside each other when the most is looked for: as many as keep both cores busy. */
  readonly atOnce: number
  readonly limit: LimitOf
  /** How many have to be served a second; how long they wait is looked at with so many, and else with half of the most. */
  readonly wantedASecond?: number
}

const lookersAtOnce = 16
/** Who come together share statements: fewer buyers keep both cores as busy and sell less. */
const buyersAtOnce = 64
const staffAtOnce = 4
export const ordersWantedASecond = 250

const look = (name: VisitName, what: string, path: string | null): Scenario => ({
  name,
  what,
  atOnce: lookersAtOnce,
  limit: path === null ? { kind: 'none' } : { kind: 'bare', path },
})
const buy = (name: VisitName, what: string): Scenario => ({
  name,
  what,
  atOnce: buyersAtOnce,
  limit: { kind: 'postgres', script: '-N' },
})
const work = (name: VisitName, what: string): Scenario => ({
  name,
  what,
  atOnce: staffAtOnce,
  limit: { kind: 'postgres', script: '-S' },
})

/** `{handle}`, `{category}` and `{word}` are put in from the shop's own goods. */
export const scenarios: readonly Scenario[] = [
  look('browse', 'home, categories, product pages, listings and searches as a day mixes them', '/'),
  look('detail-one', 'product detail API, one product', '/api/products/{handle}'),
  look('detail', 'product detail API, over 400 products', '/api/products/{handle}'),
  look('listing', 'listing of 24 with facets, the same again and again', '/api/products?limit=24'),
  look('category', 'listings of 24 of the largest categories', '/api/products?limit=24&category={category}'),
  look(
    'facets',
    'filtered listings that nobody asked for before',
    '/api/products?limit=24&filter[color]=Black&category={category}',
  ),
  look('search', 'searches of two words', '/api/products?limit=24&q={word}'),
  look(
    'search-common',
    'searches of a word that many products have, by price, age and rank',
    '/api/products?limit=24&q={word}',
  ),
  look('page-warm', 'storefront listing page', '/products'),
  look('page-cold', 'storefront listing pages that nobody asked for before', '/products?min=1.00'),
  { ...buy('three-requests', 'guest checkout: cart, checkout, order'), wantedASecond: ordersWantedASecond },
  buy('eight-requests', 'guest checkout, one thing a request'),
  {
    ...buy('hot-item', 'guest checkout in three requests, all of one variant'),
    limit: { kind: 'visit', visit: 'three-requests' },
  },
  look('mixed-day', 'of thirty visitors one buys, the others look', null),
  work('admin-products', 'staff: first page of products'),
  work('admin-products-deep', 'staff: products, forty pages deep'),
  work('admin-orders', 'staff: first page of orders'),
  work('admin-orders-deep', 'staff: orders, forty pages deep'),
  work('admin-orders-search', 'staff: orders by an e-mail address'),
  work('admin-levels-deep', 'staff: what runs low, forty pages deep'),
]
