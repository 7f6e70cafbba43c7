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
import type { EventEnvelope } from '#kernel/event'
import { onAllPrepared } from '#kernel/inbox'
import { service } from '#kernel/service'
import { keptIndex } from './kept-index.ts'
import { keptWords } from './kept-words.ts'
import { listProducts } from './list-products.ts'
import { marketFinder } from './markets.ts'
import { news } from './news.ts'
import { productsOf, type Reading, readProducts } from './read-products.ts'
import { reindex } from './reindex.ts'
import { putProducts } from './store.ts'
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
    const findMarket = marketFinder(neighbors.pricing)
    const deps = { ...neighbors, stale, findMarket, index: keptIndex(), words: keptWords() }

    // Whatever changed, everything that a listing shows of the product is read again: events say that, not what. A batch of them
    // is one reading and one statement, and a product that several tell of is read once.
    const readFor = async (events: readonly unknown[], productIds: readonly string[]): Promise<readonly Reading[]> => {
      const reading = await readProducts(neighbors, [...new Set(productIds)])
      return events.map(() => reading)
    }
    const readOf = (events: readonly { readonly data: { readonly productId: string } }[]) =>
      readFor(
        events,
        events.map(({ data }) => data.productId),
      )
    const write = async (
      tx: Transaction,
      heard: readonly { readonly event: EventEnvelope; readonly prepared: Reading }[],
    ): Promise<void> => {
      const happenedAt = heard.map(({ event }) => event.time)
      if (heard[0]) await putProducts(tx, heard[0].prepared, { happenedAt })
    }
    return {
      operations: {
        products: (input) => listProducts(deps, input),
        suggest: (input) => suggest(deps, input),
        reindex: () => reindex(neighbors),
        news: (input) => news(deps, input),
      },
      subscriptions: [
        onAllPrepared(productChanged, readOf, write),
        onAllPrepared(productRetired, readOf, write),
        onAllPrepared(priceChanged, readOf, write),
        onAllPrepared(
          availabilityChanged,
          async (events) => {
            const variantIds = events.map(({ data }) => data.variantId)
            return readFor(events, await productsOf(neighbors, variantIds))
          },
          write,
        ),
      ],
    }
  },
})
