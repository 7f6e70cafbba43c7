import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import {
  askedOf,
  cellsOf,
  medusaShop,
  productsOf,
  rush,
  stoaProducts,
  vendureInitialData,
  vendureProducts,
} from './catalog.ts'

const cells = cellsOf(300, 1)
const products = productsOf(cells)

type Told = { sku: string; handle: string; price: string; stock: string; options: string }
type Record_ = Readonly<Record<string, string>>

const rowsOf = (csv: string): Record_[] => parse(csv, { columns: true }) as Record_[]

/** The rows of a product come after the one that names it. */
function named(rows: readonly Record_[], column: string): (Record_ & { handle: string })[] {
  let handle = ''
  return rows.map((row) => {
    handle = row[column] || handle
    return { ...row, handle }
  })
}

const toldToStoa = (): Told[] =>
  named(rowsOf(stoaProducts(cells)), 'Handle').map((row) => ({
    sku: row['Variant SKU'] ?? '',
    handle: row.handle,
    price: row['Variant Price'] ?? '',
    stock: row['Variant Inventory Qty'] ?? '',
    options: [row['Option1 Value'], row['Option2 Value']].filter(Boolean).join('|'),
  }))

const toldToVendure = (): Told[] =>
  named(rowsOf(vendureProducts(products)), 'slug').map((row) => ({
    sku: row.sku ?? '',
    handle: row.handle,
    price: row.price ?? '',
    stock: row.stockOnHand ?? '',
    options: row.optionValues ?? '',
  }))

const toldToMedusa = (): Told[] =>
  medusaShop(products).products.flatMap(({ handle, variants }) =>
    variants.map(({ sku, prices, stock, options }) => ({
      sku,
      handle,
      price: prices[0]?.amount.toFixed(2) ?? '',
      stock: String(stock),
      options: Object.values<string>(options)
        .filter((value) => value !== 'Default')
        .join('|'),
    })),
  )

test('all three shops are told of the same variants, prices, stock and choices', () => {
  const stoa = toldToStoa()
  assert.equal(new Set(stoa.map(({ sku }) => sku)).size, stoa.length)
  assert.ok(stoa.length > 900 && stoa.some(({ options }) => options.includes('|')))
  assert.deepEqual(toldToVendure(), stoa)
  assert.deepEqual(toldToMedusa(), stoa)
})

test('what there is a rush for is in every catalog, once, and no load buys it up before', () => {
  const told = { sku: 'B-RUSH', handle: 'bench-rush', price: '49.00', stock: '100', options: '' }
  for (const shop of [toldToStoa(), toldToVendure(), toldToMedusa()])
    assert.deepEqual(
      shop.filter(({ sku }) => sku === rush.sku),
      [told],
    )
  assert.ok(!askedOf(products).bought.some(({ sku }) => sku === rush.sku))
})

test('what is bought costs its price and one rate of shipping, and nothing of it sells out', () => {
  const variants = new Map(products.flatMap((product) => product.variants).map((variant) => [variant.sku, variant]))
  const { bought, handles, categories } = askedOf(products)
  assert.ok(bought.length > 50)
  for (const { sku, total } of bought) {
    const variant = variants.get(sku)
    assert.ok(variant && variant.stock === 1_000_000 && variant.amount < 7_000 && variant.grams < 4_500, sku)
    assert.equal(total, variant.amount + 490)
  }
  assert.equal(handles.length, 301)
  assert.equal(categories.length, 20)
})

test('each type is a category, whose products are found by a facet', () => {
  const { collections } = vendureInitialData(products)
  const types = new Set(products.map(({ type }) => type))
  assert.deepEqual(new Set(medusaShop(products).categories), types)
  assert.deepEqual(new Set(collections.map(({ name }) => name)), types)
  const [first] = collections
  assert.deepEqual(first?.filters[0]?.args.facetValueNames, [`Type:${first?.name}`])
  const facets = rowsOf(vendureProducts(products)).filter(({ facets: of }) => of?.includes(`Type:${first?.name}|`))
  assert.equal(facets.length, products.filter(({ type }) => type === first?.name).length)
})
