import type { catalog } from '#contracts/catalog'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { Deps } from './deps.ts'

type Detail = (typeof catalog.operations)['product']

/** How long the first market is remembered: it comes from the shop's configuration, and changes with a restart. */
const rememberedMs = 60_000

export type DefaultMarket = () => Promise<string>

/** The market of visitors who name none. Pricing still judges it at every use. */
export function defaultMarket(pricing: Deps['pricing']): DefaultMarket {
  let known: { code: string; until: number } | null = null
  return async () => {
    if (known && known.until > Date.now()) return known.code
    const markets = await pricing.markets({})
    if (!markets.ok) throw new Error('catalog: pricing does not tell its markets')
    const first = markets.value.items.find((market) => market.default) ?? markets.value.items[0]
    if (!first) throw new Error('catalog: there is no market')
    known = { code: first.code, until: Date.now() + rememberedMs }
    return first.code
  }
}

/**
 * A product as shoppers of a market see it; variants without a price there are left out, and so is a product without any.
 * By a handle that it had before it is found too: the answer names the one that it has now.
 */
export async function productDetail(
  { store, pricing, inventory, lowStock, firstMarket }: Deps & { readonly firstMarket: DefaultMarket },
  { handle, market: asked }: Input<Detail>,
): Promise<Outcome<Detail>> {
  const product = ((await store.byHandle(handle)) ?? (await store.byFormerHandle(handle)))?.product
  if (product?.status === 'archived') {
    return refuse('catalog/retired-product', `"${product.title}" is no longer sold.`, { title: product.title })
  }
  if (product?.status !== 'active') return unknownProduct(handle)
  const market = asked ?? (await firstMarket())
  const variantIds = product.variants.map(({ id }) => id)
  const [prices, availability, categories] = await Promise.all([
    pricing.prices({ market, variantIds }),
    inventory.availability({ variantIds }),
    store.categories(),
  ])
  if (!prices.ok) return prices
  if (!availability.ok) throw new Error('catalog: inventory does not tell what is available')
  const priceOf = new Map(prices.value.items.map((one) => [one.variantId, one]))
  const unitsOf = new Map(availability.value.items.map((one) => [one.variantId, one.available]))
  const variants = product.variants.flatMap((variant) => {
    const price = priceOf.get(variant.id)
    if (!price) return []
    return {
      id: variant.id,
      sku: variant.sku,
      barcode: variant.barcode,
      options: variant.options,
      price: price.price,
      compareAtPrice: price.compareAtPrice,
      ...sold(variant, unitsOf.get(variant.id) ?? 0, lowStock),
      mediaId: variant.mediaId,
    }
  })
  if (variants.length === 0) return unknownProduct(handle)
  const titles = new Map(categories.map((category) => [category.handle, category.title]))
  return ok({
    id: product.id,
    handle: product.handle,
    title: product.title,
    descriptionHtml: product.descriptionHtml,
    vendor: product.vendor,
    productType: product.productType,
    tags: product.tags,
    categories: product.categories.flatMap((one) => {
      const title = titles.get(one)
      return title === undefined ? [] : { handle: one, title }
    }),
    attributes: product.attributes,
    // A value that only unsold variants have would lead nowhere.
    options: product.options.flatMap(({ name, values }) => {
      const offered = values.filter((value) => variants.some((one) => one.options[name] === value))
      return offered.length > 0 ? { name, values: offered } : []
    }),
    variants,
    media: product.media,
    seo: product.seo,
    market,
    updatedAt: product.updatedAt,
  })
}

/** Whether one can be ordered, and how many are left where that is worth telling. */
function sold(
  variant: { readonly inventoryTracked: boolean; readonly inventoryPolicy: 'deny' | 'continue' },
  units: number,
  lowStock: number,
): { available: boolean; lowStock: number | null; backorder: boolean } {
  if (!variant.inventoryTracked) return { available: true, lowStock: null, backorder: false }
  if (units > 0) return { available: true, lowStock: units <= lowStock ? units : null, backorder: false }
  const backorder = variant.inventoryPolicy === 'continue'
  return { available: backorder, lowStock: null, backorder }
}

const unknownProduct = (handle: string) => refuse('catalog/unknown-product', `There is no product "${handle}" here.`)
