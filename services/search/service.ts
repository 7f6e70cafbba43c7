import { join } from 'node:path'
import T from 'typebox'
import { catalog } from '#contracts/catalog'
import { inventory } from '#contracts/inventory'
import { pricing } from '#contracts/pricing'
import { search } from '#contracts/search'
import { productChanged, productRetired } from '#events/catalog'
import { availabilityChanged } from '#events/inventory'
import { priceChanged } from '#events/pricing'
import type { Transaction } from '#kernel/database'
import { onPrepared } from '#kernel/inbox'
import { service } from '#kernel/service'
import { listProducts } from './list-products.ts'
import { marketFinder } from './markets.ts'
import { productOf, type Reading, readProducts } from './read-products.ts'
import { reindex } from './reindex.ts'
import { productOfVariant, putProducts } from './store.ts'
import { suggest } from './suggest.ts'

/** The listing read model: listing, facets, full text, suggestions. */
export const searchService = service({
  contract: search,
  settings: T.Object({}),
  calls: [catalog, inventory, pricing],
  // A listing takes two at once.
  connections: 8,
  migrations: join(import.meta.dirname, 'migrations'),
  start: async ({ db, stale, client }) => {
    const neighbors = { db, catalog: client(catalog), pricing: client(pricing), inventory: client(inventory) }
    const deps = { ...neighbors, stale, findMarket: marketFinder(neighbors.pricing) }

    // Whatever changed, everything that a listing shows of the product is read again: events say that, not what.
    const write = (tx: Transaction, _: unknown, reading: Reading) => putProducts(tx, reading)
    return {
      operations: {
        products: (input) => listProducts(deps, input),
        suggest: (input) => suggest(deps, input),
        reindex: () => reindex(neighbors),
      },
      subscriptions: [
        onPrepared(productChanged, ({ data }) => readProducts(neighbors, [data.productId]), write),
        onPrepared(productRetired, ({ data }) => readProducts(neighbors, [data.productId]), write),
        onPrepared(priceChanged, ({ data }) => readProducts(neighbors, [data.productId]), write),
        onPrepared(
          availabilityChanged,
          async ({ data: { variantId } }) => {
            const productId = await productOf(neighbors, variantId, (id) => productOfVariant(db, id))
            return readProducts(neighbors, productId === null ? [] : [productId])
          },
          write,
        ),
      ],
    }
  },
})
