import type { catalog } from '#contracts/catalog'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { fromCursor, toCursor } from '#kernel/fields'
import { validationFailed } from '#kernel/problem'
import type { CatalogProduct } from './contract.ts'
import type { Deps } from './deps.ts'
import type { ProductDocument } from './store/port.ts'

type Operations = typeof catalog.operations

/** Products as catalog keeps them, by id. */
export async function products(
  { store }: Deps,
  { productIds }: Input<Operations['products']>,
): Promise<Outcome<Operations['products']>> {
  return ok({ items: (await store.getMany(productIds)).map(({ product }) => product) })
}

/** What cart and orders need to know of variants, in the order they were asked for. */
export async function sellable(
  { store }: Deps,
  { variantIds }: Input<Operations['sellable']>,
): Promise<Outcome<Operations['sellable']>> {
  const found = await store.byVariants(variantIds)
  const ofVariant = new Map(
    found.flatMap(({ product }) => product.variants.map((variant) => [variant.id, { product, variant }] as const)),
  )
  return ok({
    items: [...new Set(variantIds)].flatMap((id) => {
      const one = ofVariant.get(id)
      return one ? sellableVariant(one.product, one.variant) : []
    }),
  })
}

function sellableVariant(product: CatalogProduct, variant: CatalogProduct['variants'][number]) {
  const shown = product.media.find(({ id, url }) => id === variant.mediaId && url !== null)
  return {
    variantId: variant.id,
    productId: product.id,
    handle: product.handle,
    title: product.title,
    variantTitle: product.options.map(({ name }) => variant.options[name]).join(' / '),
    sku: variant.sku,
    options: variant.options,
    categories: product.categories,
    grams: variant.grams,
    requiresShipping: variant.requiresShipping,
    taxable: variant.taxable,
    taxCode: variant.taxCode,
    inventoryPolicy: variant.inventoryPolicy,
    inventoryTracked: variant.inventoryTracked,
    imageUrl: (shown ?? product.media.find(({ url }) => url !== null))?.url ?? null,
    active: product.status === 'active',
  }
}

/** All products by id, page by page. */
export async function scan(
  { store }: Deps,
  { cursor, limit = 100 }: Input<Operations['scan']>,
): Promise<Outcome<Operations['scan']>> {
  const found = await store.scan(readCursor(cursor) ?? '', limit + 1)
  return ok(pageOf(found, limit))
}

/** Products of any status for staff, newest first. */
export async function adminProducts(
  { store }: Deps,
  { q, status, cursor, limit = 50 }: Input<Operations['adminProducts']>,
): Promise<Outcome<Operations['adminProducts']>> {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const found = await store.list({ words, status: status ?? null, before: readCursor(cursor), limit: limit + 1 })
  return ok(pageOf(found, limit))
}

/** A product with its prices in every market and what of it is available. */
export async function adminProduct(
  { store, pricing, inventory }: Deps,
  { productId }: Input<Operations['adminProduct']>,
): Promise<Outcome<Operations['adminProduct']>> {
  const found = await store.get(productId)
  if (!found) return refuse('catalog/unknown-product', `There is no product ${productId}.`)
  const variantIds = found.product.variants.map(({ id }) => id)
  const [prices, stock] = await Promise.all([
    pricing.pricesOfProducts({ variantIds }),
    inventory.availability({ variantIds }),
  ])
  if (!prices.ok || !stock.ok) throw new Error('catalog: pricing or inventory refused to tell of variants')
  return ok({ ...found.product, prices: prices.value.items, stock: stock.value.items })
}

/** Reads a cursor that holds an id; null for the first page. */
export function readCursor(cursor: string | undefined): string | null {
  if (cursor === undefined) return null
  const [id] = fromCursor(cursor, 1) ?? []
  if (typeof id === 'string' && /^[a-z]+_[0-9a-z]{26}$/.test(id)) return id
  throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this list' }])
}

function pageOf(found: readonly ProductDocument[], limit: number) {
  const items = found.slice(0, limit).map(({ product }) => product)
  const last = items.at(-1)
  return { items, nextCursor: found.length > limit && last ? toCursor([last.id]) : null }
}
