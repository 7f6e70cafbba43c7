import type { CatalogProduct, catalog } from '#contracts/catalog'
import type { inventory } from '#contracts/inventory'
import type { pricing } from '#contracts/pricing'
import type { Client } from '#kernel/client'
import type { DeepReadonly } from '#kernel/contract'
import type { Database } from '#kernel/database'
import { buildEntry, type Entry, goneEntry } from './build-listing.ts'
import { nextRead, productsOfVariants } from './store.ts'

export type Neighbors = {
  readonly db: Database
  readonly catalog: Pick<Client<typeof catalog>, 'products' | 'scan' | 'sellable' | 'categories'>
  readonly pricing: Pick<Client<typeof pricing>, 'pricesOfProducts' | 'markets'>
  readonly inventory: Pick<Client<typeof inventory>, 'availability'>
}

/** What was read of some products, under a number that says how new it is. */
export type Reading = { readonly read: number; readonly entries: readonly Entry[] }

/** As many variants as pricing and inventory answer for at once. */
const variantsAtMost = 2_000

/** Reads everything that listings show of `productIds`; those that catalog does not know come out as gone. */
export async function readProducts(deps: Neighbors, productIds: readonly string[]): Promise<Reading> {
  if (productIds.length === 0) return { read: 0, entries: [] }
  // The number comes first: whatever has committed before it was taken is in what is read now.
  const read = await nextRead(deps.db)
  const answer = await deps.catalog.products({ productIds })
  if (!answer.ok) throw new Error('search: catalog refused to tell its products')
  const entries = await entriesOf(deps, answer.value.items)
  const known = new Set(answer.value.items.map(({ id }) => id))
  return { read, entries: [...entries, ...productIds.filter((id) => !known.has(id)).map(goneEntry)] }
}

/** Adds prices and stock to products of catalog. */
export async function entriesOf(
  deps: Neighbors,
  products: readonly DeepReadonly<CatalogProduct>[],
): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for (const group of groupsOf(products)) {
    const variantIds = group.flatMap(({ variants }) => variants.map(({ id }) => id))
    const [prices, stock] = await Promise.all([
      deps.pricing.pricesOfProducts({ variantIds }),
      deps.inventory.availability({ variantIds }),
    ])
    if (!prices.ok || !stock.ok) throw new Error('search: pricing or inventory refused to answer')
    const pricesOf = Map.groupBy(prices.value.items, ({ variantId }) => variantId)
    const available = new Map(stock.value.items.map((one) => [one.variantId, one.available]))
    for (const product of group) {
      const own = product.variants.flatMap(({ id }) => pricesOf.get(id) ?? [])
      entries.push(buildEntry(product, own, available))
    }
  }
  return entries
}

/** Splits products into groups whose variants fit one question. */
function groupsOf(products: readonly DeepReadonly<CatalogProduct>[]): DeepReadonly<CatalogProduct>[][] {
  const groups: DeepReadonly<CatalogProduct>[][] = []
  let room = 0
  for (const product of products) {
    if (product.variants.length > room) {
      groups.push([])
      room = variantsAtMost
    }
    groups.at(-1)?.push(product)
    room -= product.variants.length
  }
  return groups
}

/** The products of variants, from what is listed or, where a product was not heard of yet, from catalog. */
export async function productsOf(
  deps: Pick<Neighbors, 'db' | 'catalog'>,
  variantIds: readonly string[],
): Promise<readonly string[]> {
  const listed = await productsOfVariants(deps.db, variantIds)
  const unheard = variantIds.filter((id) => !listed.has(id))
  const answer = unheard.length > 0 ? await deps.catalog.sellable({ variantIds: unheard }) : null
  const told = answer?.ok ? answer.value.items.map(({ productId }) => productId) : []
  return [...listed.values(), ...told]
}
