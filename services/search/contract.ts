import T from 'typebox'
import { MarketCode } from '#contracts/pricing'
import { productChanged, productRetired } from '#events/catalog'
import { availabilityChanged } from '#events/inventory'
import { priceChanged } from '#events/pricing'
import { anyone, command, contract, internal, query } from '#kernel/contract'
import { Cursor, Limit, Nullable } from '#kernel/fields'
import { Money } from '#kernel/money'
import { everything } from '#kernel/news'
import { Written } from '#kernel/validation-words'

export const Sort = T.Union([
  T.Literal('relevance'),
  T.Literal('newest'),
  T.Literal('price-asc'),
  T.Literal('price-desc'),
  T.Literal('title'),
])

/** A product in a listing: what a card shows. */
export const Listed = T.Object(
  {
    id: T.String(),
    handle: T.String(),
    title: T.String(),
    vendor: Nullable(T.String()),
    imageUrl: Nullable(T.String()),
    imageAlt: T.String(),
    /** The second picture, for hovering. */
    secondImageUrl: Nullable(T.String()),
    /** The lowest price of its variants, and whether others cost more. */
    priceFrom: Money,
    priceVaries: T.Boolean(),
    compareAtPrice: Nullable(Money),
    available: T.Boolean(),
    /** For a product with one variant: what to put into the cart. */
    variantId: Nullable(T.String()),
    variantCount: T.Integer(),
  },
  { title: 'ListedProduct' },
)

export const Facet = T.Object(
  {
    /** What stands in `filter[…]`: color. */
    key: T.String(),
    title: T.String(),
    values: T.Array(T.Object({ value: T.String(), count: T.Integer(), selected: T.Boolean() })),
  },
  { title: 'Facet' },
)

const OneOrMany = T.Union([T.String({ maxLength: 120 }), T.Array(T.String({ maxLength: 120 }), { maxItems: 20 })])

/** Facets that can be filtered by at once: more than a page shows anybody to choose from. */
export const filtersAtMost = 12

export const search = contract(
  { name: 'search', fallback: 'Listings and search are refused with 503. Product pages, carts and checkout go on.' },
  {
    products: query('GET /products', {
      summary: 'Products of a market: by category, by words, by what they are; with facets. Pages by cursor',
      access: anyone,
      shared: () => everything,
      input: T.Object({
        market: T.Optional(MarketCode),
        category: T.Optional(T.String({ maxLength: 255 })),
        q: T.Optional(T.String({ maxLength: 200 })),
        /** filter[color]=red, several times for any of several values. Each key is a count of its own over all products. */
        filter: T.Optional(
          T.Record(Written('^[\\p{L}0-9 _-]{1,60}$', 'letters, digits, spaces and dashes'), OneOrMany, {
            maxProperties: filtersAtMost,
          }),
        ),
        priceMin: T.Optional(T.Integer({ minimum: 0, description: 'Minor units of the market’s currency.' })),
        priceMax: T.Optional(T.Integer({ minimum: 0 })),
        inStock: T.Optional(T.Boolean()),
        sort: T.Optional(Sort),
        cursor: Cursor,
        limit: Limit(24),
      }),
      output: T.Object({
        items: T.Array(Listed),
        facets: T.Array(Facet),
        /** Lowest and highest price among what matches without the price filter, for a slider. */
        priceRange: Nullable(T.Object({ min: Money, max: Money })),
        nextCursor: Nullable(T.String()),
        /** What was searched instead when nothing was spelled like `q`. */
        correctedQuery: Nullable(T.String()),
      }),
      refusals: { 'pricing/unknown-market': 404, 'search/malformed-cursor': 422 },
    }),
    suggest: query('GET /search/suggest', {
      summary: 'What somebody who typed this far may mean',
      access: anyone,
      shared: true,
      input: T.Object({
        q: T.String({ maxLength: 200 }),
        market: T.Optional(MarketCode),
        limit: T.Optional(T.Integer({ minimum: 1, maximum: 10 })),
      }),
      output: T.Object({
        products: T.Array(
          T.Object({ handle: T.String(), title: T.String(), imageUrl: Nullable(T.String()), priceFrom: Money }),
        ),
        categories: T.Array(T.Object({ handle: T.String(), title: T.String() })),
      }),
      refusals: { 'pricing/unknown-market': 404 },
    }),
    news: query(null, {
      summary: 'Which products may be shown differently since `place`; for whoever keeps what was shown',
      access: internal,
      timeoutMs: 1_000,
      input: T.Object({ place: Nullable(T.Integer()) }),
      output: T.Object({
        place: T.Integer(),
        productIds: T.Array(T.String()),
        /** False when more has changed than is told, or nobody knows what. */
        complete: T.Boolean(),
        /** Events come late at this moment, so that there may be changes of which nothing is told yet. */
        late: T.Boolean(),
      }),
    }),
    reindex: command(null, {
      summary: 'Build every listing row anew from catalog, prices and stock',
      access: internal,
      idempotency: 'natural',
      timeoutMs: 600_000,
      input: T.Object({}),
      output: T.Object({ products: T.Integer() }),
    }),
  },
  { subscribes: [productChanged, productRetired, priceChanged, availabilityChanged] },
)
