import { stringify } from 'csv-stringify/sync'
import type { catalog } from '#contracts/catalog'
import { type Input, type Outcome, ok } from '#kernel/contract'
import { fromCursor, toCursor } from '#kernel/fields'
import { newId } from '#kernel/id'
import { minorUnitDigits } from '#kernel/money'
import { validationFailed } from '#kernel/problem'
import type { CatalogProduct } from '../contract.ts'
import type { Deps } from '../deps.ts'
import type { DefaultMarket } from '../product-detail.ts'
import { categoryOf } from './category-of.ts'
import { columnName, type Field, fields, isKnownColumn } from './columns.ts'
import { escapeCell, escapeCode } from './formula.ts'
import { noCategories } from './read-product.ts'
import { chunks, defaultLocation, type Price, pricesIn } from './set-goods.ts'

type Export = (typeof catalog.operations)['exportProducts']

/** Products and variants of a page: their prices and levels are asked for in one call each. */
const productsAPage = 200
const variantsAPage = 1_500
const productsAScan = 500

/** What only a product whose shop has more than Shopify's columns needs. */
const ownFields: readonly Field[] = ['categories', 'attributes']

/**
 * A page of all products as Shopify product CSV, with prices of one market and stock of the default location. The first
 * page looks through the catalog for all columns, has the header, and fixes the columns for the pages that follow.
 */
export async function exportProducts(
  deps: Deps & { readonly firstMarket: DefaultMarket },
  { market: asked, cursor }: Input<Export>,
): Promise<Outcome<Export>> {
  const market = asked ?? (await deps.firstMarket())
  const known = await deps.pricing.prices({ market, variantIds: [] })
  if (!known.ok) return known
  const place = cursor === undefined ? await begin(deps) : await goOn(deps, cursor)
  const { products, isLast } = await nextProducts(deps, place.after)
  const variantIds = products.flatMap(({ variants }) => variants.map(({ id }) => id))
  const facts: Facts = {
    prices: await pricesIn(deps, market, variantIds),
    stock: await stockOf(deps, variantIds),
    publicUrl: deps.publicUrl,
  }
  const records = products.flatMap((product) => productRecords(product, place.columns, facts))
  const header = cursor === undefined ? [place.columns.map(escapeCell)] : []
  const last = products.at(-1)
  return ok({
    csv: stringify([...header, ...records], { quoted_match: /[\r\n]|^\s|\s$/ }),
    nextCursor: isLast || !last ? null : toCursor([place.exportId, last.id]),
  })
}

type Place = { readonly exportId: string; readonly after: string; readonly columns: readonly string[] }

async function begin({ store }: Deps): Promise<Place> {
  const extras = new Set<string>()
  const own = new Set<Field>()
  for (let after = ''; ; ) {
    const page = await store.scan(after, productsAScan)
    for (const { product } of page) {
      for (const { extra } of [product, ...product.variants]) for (const name of Object.keys(extra)) extras.add(name)
      if (ownCategories(product) !== '') own.add('categories')
      if (product.attributes.length > 0) own.add('attributes')
    }
    const last = page.at(-1)
    if (!last) break
    after = last.product.id
    await new Promise((resolve) => setImmediate(resolve))
  }
  const known = fields.filter((field) => !ownFields.includes(field) || own.has(field))
  const columns = [...known.map(columnName), ...[...extras].filter((name) => !isKnownColumn(name)).sort()]
  const exportId = newId('export')
  await store.putExport(exportId, columns)
  return { exportId, after: '', columns }
}

async function goOn({ store }: Deps, cursor: string): Promise<Place> {
  const [exportId, after] = fromCursor(cursor, 2) ?? []
  const columns = typeof exportId === 'string' ? await store.exportColumns(exportId) : null
  if (typeof exportId !== 'string' || typeof after !== 'string' || !columns) {
    throw validationFailed([{ field: 'cursor', message: 'is not a cursor of an export of the last day' }])
  }
  return { exportId, after, columns }
}

async function nextProducts({ store }: Deps, after: string): Promise<{ products: CatalogProduct[]; isLast: boolean }> {
  const found = (await store.scan(after, productsAPage)).map(({ product }) => product)
  let variants = 0
  const products = found.filter((product, index) => {
    variants += product.variants.length
    return index === 0 || variants <= variantsAPage
  })
  return { products, isLast: products.length === found.length && found.length < productsAPage }
}

type Facts = {
  readonly prices: ReadonlyMap<string, Price>
  readonly stock: ReadonlyMap<string, number>
  readonly publicUrl: string
}

async function stockOf({ inventory }: Deps, variantIds: readonly string[]): Promise<Map<string, number>> {
  const stock = new Map<string, number>()
  const location = await defaultLocation({ inventory })
  for (const chunk of chunks(variantIds)) {
    const answer = await inventory.levelsOf({ variantIds: chunk })
    if (!answer.ok) throw new Error('catalog: inventory does not tell its levels')
    for (const level of answer.value.items) {
      if (level.locationId === location) stock.set(level.variantId, level.onHand)
    }
  }
  return stock
}

type Cells = Partial<Record<Field, string>>

/** A product's rows: a variant and a picture in each, the product's own fields in the first. */
function productRecords(product: CatalogProduct, columns: readonly string[], facts: Facts): string[][] {
  const count = Math.max(product.variants.length, product.media.length)
  return Array.from({ length: count }, (_, index) => {
    const variant = product.variants[index]
    const cells: Cells = {
      handle: product.handle,
      ...(index === 0 ? productCells(product) : {}),
      ...(variant ? variantCells(product, variant, facts) : {}),
      ...pictureCells(product, index, facts),
    }
    const known = new Map(fields.map((field) => [columnName(field), cells[field] ?? '']))
    const extra: Record<string, string> = { ...(index === 0 ? product.extra : {}), ...variant?.extra }
    return columns.map((name) => known.get(name) ?? escapeCell(Object.hasOwn(extra, name) ? (extra[name] ?? '') : ''))
  })
}

const flag = (value: boolean): string => (value ? 'true' : 'false')

function productCells(product: CatalogProduct): Cells {
  const { options } = product
  return {
    title: escapeCell(product.title),
    description: escapeCell(product.descriptionHtml),
    vendor: escapeCell(product.vendor ?? ''),
    type: escapeCell(product.productType ?? ''),
    tags: escapeCell(product.tags.join(', ')),
    published: flag(product.status === 'active'),
    status: product.status,
    option1Name: options.length === 0 ? 'Title' : escapeCell(options[0]?.name ?? ''),
    option2Name: escapeCell(options[1]?.name ?? ''),
    option3Name: escapeCell(options[2]?.name ?? ''),
    giftCard: flag(product.isGiftCard),
    seoTitle: escapeCell(product.seo.title ?? ''),
    seoDescription: escapeCell(product.seo.description ?? ''),
    categories: ownCategories(product),
    attributes: product.attributes.length > 0 ? JSON.stringify(product.attributes) : '',
  }
}

/** The categories where they are not what the import makes of the product's type; '' where they are. */
function ownCategories(product: CatalogProduct): string {
  const given = categoryOf(product.productType, product.extra)
  const names = product.categories.join(' ')
  if (names === (given?.handle ?? '')) return ''
  return names === '' ? noCategories : names
}

function variantCells(
  { options }: CatalogProduct,
  variant: CatalogProduct['variants'][number],
  { prices, stock }: Facts,
): Cells {
  const price = prices.get(variant.id)
  const value = (index: number): string => escapeCell(variant.options[options[index]?.name ?? ''] ?? '')
  return {
    option1Value: options.length === 0 ? 'Default Title' : value(0),
    option2Value: value(1),
    option3Value: value(2),
    sku: escapeCode(variant.sku ?? ''),
    barcode: escapeCode(variant.barcode ?? ''),
    grams: String(variant.grams),
    tracker: variant.inventoryTracked ? 'shopify' : '',
    quantity: variant.inventoryTracked ? String(stock.get(variant.id) ?? 0) : '',
    policy: variant.inventoryPolicy,
    price: price ? decimal(price.amount, price.currency) : '',
    compareAtPrice: price?.compareAtAmount == null ? '' : decimal(price.compareAtAmount, price.currency),
    requiresShipping: flag(variant.requiresShipping),
    taxable: flag(variant.taxable),
    taxCode: escapeCell(variant.taxCode ?? ''),
  }
}

function pictureCells({ media, variants }: CatalogProduct, index: number, { publicUrl }: Facts): Cells {
  const addressOf = (one: CatalogProduct['media'][number] | undefined): string =>
    one?.sourceUrl ?? (one?.url ? `${publicUrl}${one.url}` : '')
  const shown = variants[index]?.mediaId ?? null
  const picture = media[index]
  return {
    imageSrc: addressOf(picture),
    imagePosition: picture ? String(index + 1) : '',
    imageAlt: escapeCell(picture?.alt ?? ''),
    variantImage: shown === null ? '' : addressOf(media.find(({ id }) => id === shown)),
  }
}

/** Minor units as a plain decimal: 4900 EUR is 49.00. */
function decimal(amount: number, currency: string): string {
  const digits = minorUnitDigits(currency)
  const text = String(amount).padStart(digits + 1, '0')
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
}
