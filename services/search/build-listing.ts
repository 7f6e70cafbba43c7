import type T from 'typebox'
import type { CatalogProduct } from '#contracts/catalog'
import type { pricing } from '#contracts/pricing'
import type { Listed as ListedSchema } from '#contracts/search'
import type { DeepReadonly, Output } from '#kernel/contract'
import { facetKey, fold, shortHash, textOf, titleKey, vocabularyOf, wordsOf } from './fold.ts'

export type Listed = T.Static<typeof ListedSchema>
type Price = Output<typeof pricing.operations.pricesOfProducts>['items'][number]
type Variant = DeepReadonly<CatalogProduct>['variants'][number]

/** Something a product can be filtered by. */
export type Term = { readonly key: string; readonly title: string; readonly folded: string; readonly value: string }

/** A product as the read model keeps it; without listings it is not sold. */
export type Entry = {
  readonly productId: string
  readonly hash: string | null
  readonly titleKey: string | null
  readonly title: string
  readonly names: string
  readonly text: string
  readonly vocabulary: readonly string[]
  readonly variantIds: readonly string[]
  readonly listings: readonly {
    readonly market: string
    readonly card: Listed
    readonly priceFrom: number
    readonly createdAt: string
    readonly terms: readonly Term[]
  }[]
}

/** Keys of ours, which no shopper can type: what is true of a product or not, and its categories. */
export const flagKey = '*'
export const categoryKey = '/'

const flag = (name: string): Term => ({ key: flagKey, title: '', folded: name, value: name })

/** Characters of a description that are searched: more is a book, and the index has a ceiling of a megabyte a product. */
const textLengthAtMost = 20_000

/** What is left of a product that is no longer sold. */
export const goneEntry = (productId: string): Entry => ({
  productId,
  hash: null,
  titleKey: null,
  title: '',
  names: '',
  text: '',
  vocabulary: [],
  variantIds: [],
  listings: [],
})

/**
 * Makes a product's row of the read model: a listing for each market in which one of its variants has a price.
 * @param prices of its variants, in every market
 * @param available units that can be promised, by variant
 */
export function buildEntry(
  product: DeepReadonly<CatalogProduct>,
  prices: readonly Price[],
  available: ReadonlyMap<string, number>,
): Entry {
  if (product.status !== 'active') return goneEntry(product.id)
  const names = [
    ...[product.vendor, product.productType].filter((name) => name !== null),
    ...product.tags,
    ...product.options.flatMap(({ values }) => values),
    ...product.attributes.flatMap(({ values }) => values),
    ...product.variants.flatMap(({ sku }) => sku ?? []),
  ]
  const texts = {
    title: fold(product.title),
    names: fold(names.join(' ')).slice(0, textLengthAtMost),
    text: fold(textOf(product.descriptionHtml)).slice(0, textLengthAtMost),
  }
  const variants = new Map(product.variants.map((variant) => [variant.id, variant]))
  const byMarket = Map.groupBy(
    prices.filter(({ variantId }) => variants.has(variantId)),
    ({ market }) => market,
  )
  return {
    productId: product.id,
    hash: shortHash(JSON.stringify(texts)),
    titleKey: titleKey(product.title),
    ...texts,
    vocabulary: vocabularyOf([product.title, ...names]),
    variantIds: product.variants.map(({ id }) => id),
    listings: [...byMarket].map(([market, sold]) => buildListing(product, market, sold, available)),
  }
}

function buildListing(
  product: DeepReadonly<CatalogProduct>,
  market: string,
  prices: readonly Price[],
  available: ReadonlyMap<string, number>,
): Entry['listings'][number] {
  const priceOf = new Map(prices.map((price) => [price.variantId, price]))
  const sold = product.variants.filter(({ id }) => priceOf.has(id))
  const isAvailable = sold.some(
    (one) => !one.inventoryTracked || one.inventoryPolicy === 'continue' || (available.get(one.id) ?? 0) > 0,
  )
  const lowest = prices.reduce((low, one) => (one.price.amount < low.price.amount ? one : low))
  const [first, second] = product.media
  const card: Listed = {
    id: product.id,
    handle: product.handle,
    title: product.title,
    vendor: product.vendor,
    imageUrl: first?.url ?? null,
    imageAlt: first?.alt || product.title,
    secondImageUrl: second?.url ?? null,
    priceFrom: lowest.price,
    priceVaries: prices.some(({ price }) => price.amount !== lowest.price.amount),
    compareAtPrice: lowest.compareAtPrice,
    available: isAvailable,
    variantId: sold.length === 1 && sold[0] ? sold[0].id : null,
    variantCount: sold.length,
  }
  return {
    market,
    card,
    priceFrom: lowest.price.amount,
    createdAt: product.createdAt,
    terms: [
      flag('all'),
      ...(isAvailable ? [flag('available')] : []),
      ...product.categories.map((handle) => ({ key: categoryKey, title: '', folded: handle, value: handle })),
      ...facetTerms(product, sold),
    ],
  }
}

/**
 * What a product can be filtered by: who made it, what it is, its attributes, and the options of what is sold of it. An
 * attribute stands before an option of the same name: merchants give the color Blue so that Ink and Sky are found by it.
 */
function facetTerms(product: DeepReadonly<CatalogProduct>, sold: readonly Variant[]): Term[] {
  const attributeKeys = new Set(product.attributes.map(({ name }) => facetKey(name)))
  const isOwn = ([name]: [string, string]): boolean => !attributeKeys.has(facetKey(name))
  const named: [name: string, value: string][] = [
    ...product.attributes.flatMap(({ name, values }) => values.map((value): [string, string] => [name, value])),
    ...sold.flatMap(({ options }) => Object.entries(options).filter(isChoice).filter(isOwn)),
  ]
  if (product.vendor !== null) named.push(['Vendor', product.vendor])
  if (product.productType !== null) named.push(['Type', product.productType])
  const terms = named.map(([title, value]) => ({
    key: facetKey(title),
    title: title.trim(),
    folded: fold(value),
    value: value.trim(),
  }))
  const distinct = new Map(terms.map((term) => [`${term.key} ${term.folded}`, term]))
  return [...distinct.values()].filter(({ key, folded }) => key !== '' && folded !== '')
}

/** Shopify writes an option "Title: Default Title" for products that have no options. */
const isChoice = ([name, value]: [string, string]): boolean =>
  !(wordsOf(name).join(' ') === 'title' && wordsOf(value).join(' ') === 'default title')
