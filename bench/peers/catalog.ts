import { stringify } from 'csv-stringify/sync'
import { columns, productRows, searchedWords } from '../../cli/bench/catalog.ts'

// The goods of `stoa bench` in the shape that each peer's own importer takes: same handles, texts, variants, prices and stock.

export type Variant = {
  readonly sku: string
  /** By the option's name; a product without a choice has none. */
  readonly options: Readonly<Record<string, string>>
  readonly grams: number
  readonly stock: number
  /** Minor units of EUR, tax included. */
  readonly amount: number
}

export type Product = {
  readonly handle: string
  readonly title: string
  readonly descriptionHtml: string
  readonly vendor: string
  readonly type: string
  readonly tags: readonly string[]
  readonly attributes: readonly { readonly name: string; readonly values: readonly string[] }[]
  readonly optionNames: readonly string[]
  readonly variants: readonly Variant[]
}

/** What more people want than there is, in every shop from the beginning. */
export const rush = { handle: 'bench-rush', sku: 'B-RUSH', units: 100, amount: 4_900 } as const

type Cells = Readonly<Record<(typeof columns)[number], string>>

/** Products 0 to `products` - 1 of the catalog of `seed`, and the one that there is a rush for: the rows of each. */
export function cellsOf(products: number, seed: number): Cells[][] {
  const rowsOf = (n: number): Cells[] => productRows(seed, n).map(named)
  const [first] = rowsOf(products) as [Cells, ...Cells[]]
  const rushed: Cells = {
    ...first,
    Handle: rush.handle,
    'Option1 Name': '',
    'Option1 Value': '',
    'Option2 Name': '',
    'Option2 Value': '',
    'Variant SKU': rush.sku,
    'Variant Grams': '500',
    'Variant Inventory Qty': String(rush.units),
    'Variant Price': (rush.amount / 100).toFixed(2),
  }
  return [...Array.from({ length: products }, (_, n) => rowsOf(n)), [rushed]]
}

const named = (row: readonly string[]): Cells =>
  Object.fromEntries(columns.map((name, n) => [name, row[n] ?? ''])) as Cells

/** The product CSV that `stoa import` takes. */
export const stoaProducts = (cells: readonly Cells[][]): string =>
  stringify([[...columns], ...cells.flat().map((row) => columns.map((name) => row[name]))])

export const productsOf = (cells: readonly Cells[][]): Product[] => cells.map(productOf)

function productOf(rows: readonly Cells[]): Product {
  const first = rows[0] as Cells
  const optionNames = [first['Option1 Name'], first['Option2 Name']].filter((name) => name !== '')
  return {
    handle: first.Handle,
    title: first.Title,
    descriptionHtml: first['Body (HTML)'],
    vendor: first.Vendor,
    type: first.Type,
    tags: [...new Set(first.Tags.split(', ').filter((tag) => tag !== ''))],
    attributes: JSON.parse(first['Stoa Attributes']) as Product['attributes'],
    optionNames,
    variants: rows.map((row) => ({
      sku: row['Variant SKU'],
      options: Object.fromEntries(
        optionNames.map((name, n) => [name, row[n === 0 ? 'Option1 Value' : 'Option2 Value']]),
      ),
      grams: Number(row['Variant Grams']),
      stock: Number(row['Variant Inventory Qty']),
      amount: Math.round(Number(row['Variant Price']) * 100),
    })),
  }
}

/** What the load asks every shop for. */
export type Asked = {
  readonly handles: readonly string[]
  /** Variants of those products that no load sells out. */
  readonly bought: readonly { readonly sku: string; readonly total: number }[]
  /** Titles, the largest categories first. */
  readonly categories: readonly string[]
  readonly words: readonly string[]
}

/** More than a cache of the newest few hundred answers would hold. */
const productsLookedAt = 400
const categoriesLookedAt = 20
/** What a load cannot buy up. */
const plenty = 1_000_000
/** Beyond them Stoa's own settings ask another price for shipping than the one rate that all three have. */
const amountAtMost = 7_000
const gramsAtMost = 4_500

export function askedOf(products: readonly Product[]): Asked {
  const looked = products.slice(0, productsLookedAt)
  const sizes = Map.groupBy(products, ({ type }) => type)
  return {
    handles: looked.map(({ handle }) => handle),
    bought: looked.flatMap(({ variants }) =>
      variants
        .filter(({ stock, amount, grams }) => stock === plenty && amount < amountAtMost && grams < gramsAtMost)
        .map(({ sku, amount }) => ({ sku, total: amount + shippingAmount })),
    ),
    categories: typesOf(products)
      .toSorted((a, b) => (sizes.get(b)?.length ?? 0) - (sizes.get(a)?.length ?? 0))
      .slice(0, categoriesLookedAt),
    words: searchedWords,
  }
}

/** Each is a category of Stoa and of Medusa, and a collection of Vendure. */
export const typesOf = (products: readonly Product[]): string[] => [...new Set(products.map(({ type }) => type))]

/** As Stoa's own settings have it for light parcels to Germany below 75 EUR. */
export const shippingAmount = 490
export const taxPercent = 19

const vendureColumns = [
  'name',
  'slug',
  'description',
  'assets',
  'facets',
  'optionGroups',
  'optionValues',
  'sku',
  'price',
  'taxCategory',
  'stockOnHand',
  'trackInventory',
  'variantAssets',
  'variantFacets',
] as const

/**
 * Vendure's product CSV. What a listing narrows by are facets there, options among them. It has no tags, and as facets they would make
 * its listings count what those of Stoa do not.
 */
export function vendureProducts(products: readonly Product[]): string {
  const facets = ({ vendor, type, attributes }: Product): string =>
    [
      `Brand:${vendor}`,
      `Type:${type}`,
      ...attributes.flatMap(({ name, values }) => values.map((value) => `${name}:${value}`)),
    ].join('|')
  const rows = products.flatMap((product) =>
    product.variants.map(({ sku, options, stock, amount }, position) => {
      const ofProduct =
        position === 0
          ? [product.title, product.handle, product.descriptionHtml, '', facets(product), product.optionNames.join('|')]
          : ['', '', '', '', '', '']
      return [
        ...ofProduct,
        Object.values(options).join('|'),
        sku,
        (amount / 100).toFixed(2),
        'standard',
        String(stock),
        'true',
        '',
        Object.entries(options)
          .map(([name, value]) => `${name}:${value}`)
          .join('|'),
      ]
    }),
  )
  return stringify([[...vendureColumns], ...rows])
}

/** Vendure's `InitialData`: what its importer makes before and after the products. */
export const vendureInitialData = (products: readonly Product[]) => ({
  defaultLanguage: 'en',
  defaultZone: 'Europe',
  countries: [{ name: 'Germany', code: 'DE', zone: 'Europe' }],
  taxRates: [{ name: 'Standard Tax', percentage: taxPercent }],
  shippingMethods: [{ name: 'Standard', price: shippingAmount, taxRate: taxPercent }],
  paymentMethods: [
    {
      name: 'Standard Payment',
      handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'false' }] },
    },
  ],
  collections: typesOf(products).map((type) => ({
    name: type,
    slug: slugOf(type),
    filters: [{ code: 'facet-value-filter', args: { facetValueNames: [`Type:${type}`], containsAny: false } }],
  })),
})

export const slugOf = (title: string): string => title.toLowerCase().replaceAll(' ', '-')

/** What Medusa's seeding script takes: products as its `createProductsWorkflow` does, by names where it wants ids. */
export const medusaShop = (products: readonly Product[]) => ({
  shippingAmount,
  taxPercent,
  categories: typesOf(products),
  products: products.map(medusaProduct),
})

const medusaProduct = (product: Product) => {
  const { handle, title, descriptionHtml, vendor, type, tags, attributes, optionNames, variants } = product
  return {
    handle,
    title,
    description: descriptionHtml,
    status: 'published',
    category: type,
    tags,
    metadata: { vendor, ...Object.fromEntries(attributes.map(({ name, values }) => [name, values])) },
    // Every product of Medusa has an option, one without a choice too.
    options:
      optionNames.length > 0
        ? optionNames.map((name) => ({
            title: name,
            values: [...new Set(variants.map(({ options }) => options[name] ?? ''))],
          }))
        : [{ title: 'Default', values: ['Default'] }],
    variants: variants.map(({ sku, options, grams, stock, amount }) => ({
      title: optionNames.length > 0 ? Object.values(options).join(' / ') : 'Default',
      sku,
      weight: grams,
      manage_inventory: true,
      options: optionNames.length > 0 ? options : { Default: 'Default' },
      prices: [{ currency_code: 'eur', amount: amount / 100 }],
      stock,
    })),
  }
}
