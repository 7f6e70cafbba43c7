import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import sharp from 'sharp'
import type { catalog } from '#contracts/catalog'
import type { Input } from '#kernel/contract'
import { newId } from '#kernel/id'
import {
  accepted,
  allProducts,
  csvOf,
  exportFile,
  importFile,
  productOf,
  startShop,
  type TestShop,
} from '../test-shop.ts'

let shop: TestShop
let other: TestShop
let pictures: string[]
before(async () => {
  shop = await startShop()
  other = await startShop()
  pictures = await Promise.all(
    ['red', 'green', 'blue'].map(async (background) => {
      const png = await sharp({ create: { width: 4, height: 4, channels: 3, background } })
        .png()
        .toBuffer()
      return accepted(await shop.catalog.putMedia({ base64: png.toString('base64') })).mediaId
    }),
  )
  const categories = ['table', 'desk', 'oak-things'].map((handle, position) => ({
    handle,
    title: handle,
    description: '',
    position,
    mediaUrl: null,
  }))
  accepted(await shop.catalog.putCategories({ categories }))
})
after(() => Promise.all([shop.stop(), other.stop()]))

type Wish = Input<(typeof catalog.operations)['putProduct']>
type Product = Wish['product']

// What files and spreadsheets make trouble with.
const unit = fc.constantFrom(
  'a',
  'B',
  '0',
  'é',
  '漢',
  '😀',
  '"',
  "'",
  ',',
  ';',
  '=',
  '+',
  '-',
  '@',
  '<',
  '&',
  '\t',
  '\n',
  '\r\n',
  ' ',
  '|',
)
const text = (most: number) => fc.string({ unit, minLength: 1, maxLength: most }).filter((value) => value.trim() !== '')
const maybe = <V>(arbitrary: fc.Arbitrary<V>) => fc.option(arbitrary, { nil: null })
// Names that an object would move.
const name = (most: number) => fc.oneof(text(most), fc.constantFrom('10', '9'))
const withoutComma = text(8).map((tag) => tag.replaceAll(',', 'x'))

const product = fc
  .record({
    title: text(12),
    descriptionHtml: fc.oneof(fc.constant('<p>Oak &amp; <b>"ash"</b>,<br>\r\n=sum</p>'), text(30), fc.constant('')),
    vendor: maybe(text(8)),
    productType: maybe(fc.oneof(text(8), fc.constant('Oak things'))),
    tags: fc.array(withoutComma, { maxLength: 3 }),
    status: fc.constantFrom('active', 'draft', 'archived'),
    isGiftCard: fc.boolean(),
    categories: fc.subarray(['table', 'desk', 'oak-things']),
    attributes: fc.uniqueArray(
      fc.record({
        name: name(6),
        values: fc.array(text(6), { minLength: 1, maxLength: 3 }),
      }),
      {
        maxLength: 2,
        selector: ({ name }) => name.trim().toLowerCase(),
      },
    ),
    seo: fc.record({ title: maybe(text(8)), description: maybe(text(8)) }),
    extra: fc.dictionary(fc.constantFrom('Google Shopping / Gender', 'Wood (product.metafields.custom.wood)'), text(6)),
    names: fc.uniqueArray(name(5), { maxLength: 3, selector: (name) => name.trim().toLowerCase() }),
    count: fc.integer({ min: 1, max: 4 }),
    alts: fc.array(fc.oneof(text(6), fc.constant('')), { maxLength: 3 }),
  })
  .chain((own) =>
    fc
      .array(
        fc.record({
          sku: fc.boolean(),
          barcode: maybe(fc.oneof(text(6), fc.constantFrom('0012', "'0012", '=1'))),
          grams: fc.integer({ min: 0, max: 5_000 }),
          requiresShipping: fc.boolean(),
          taxable: fc.boolean(),
          taxCode: maybe(text(6)),
          inventoryPolicy: fc.constantFrom('deny', 'continue'),
          inventoryTracked: fc.boolean(),
          shows: fc.integer({ min: -1, max: own.alts.length - 1 }),
          extra: fc.dictionary(fc.constantFrom('Cost per item', '=Formula', 'Naïve, "column"'), text(6)),
          value: text(4),
          amount: maybe(fc.integer({ min: 0, max: 1_000_000 })),
          compareAtAmount: maybe(fc.integer({ min: 0, max: 1_000_000 })),
          onHand: fc.integer({ min: 0, max: 99 }),
        }),
        { minLength: own.names.length === 0 ? 1 : own.count, maxLength: own.names.length === 0 ? 1 : own.count },
      )
      .map((variants) => ({ ...own, variants })),
  )
type Drawn = typeof product extends fc.Arbitrary<infer V> ? V : never

function wishOf(drawn: Drawn, handle: string): Wish {
  const { names, count: _, alts, variants, ...fields } = drawn
  const options = names.map((name, index) => ({
    name,
    // The first option tells the variants apart, the others may repeat.
    values: [...new Set(variants.map((one, at) => (index === 0 ? `${at} ${one.value}` : one.value)))],
  }))
  return {
    product: {
      ...fields,
      handle,
      options,
      variants: variants.map(({ sku, shows, value, amount: _a, compareAtAmount: _c, onHand: _o, ...variant }, at) => ({
        ...variant,
        sku: sku ? `${at % 2 ? '=' : "'0"}${handle}-${at}` : null,
        mediaId: pictures[shows] ?? null,
        options: Object.fromEntries(names.map((name, index) => [name, index === 0 ? `${at} ${value}` : value])),
      })),
    } as Product,
    media: alts.map((alt, index) => ({ mediaId: pictures[index] ?? '', alt })),
  }
}

/** A product without what differs from shop to shop: ids, versions, times, and pictures that only one of them has. */
async function comparable(of: TestShop, handle: string) {
  const {
    id: _,
    version: __,
    createdAt: ___,
    updatedAt: ____,
    variants,
    media,
    prices,
    stock,
    ...rest
  } = await productOf(of, handle)
  const place = (mediaId: string | null) => media.findIndex(({ id }) => id === mediaId)
  return {
    ...rest,
    media: media.map(({ alt }) => alt),
    variants: variants.map(({ id, mediaId, ...variant }) => ({
      ...variant,
      shows: place(mediaId),
      prices: prices.filter(({ variantId }) => variantId === id).map(({ variantId: _v, ...price }) => price),
      stock: variant.inventoryTracked ? stock.find(({ variantId }) => variantId === id)?.available : null,
    })),
  }
}

test('an export imports to the same catalog: there nothing changes, and elsewhere it becomes the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(product, { minLength: 8, maxLength: 8 }), async (drawn) => {
      const handles = drawn.map(() => newId('cup').replace('_', '-'))
      for (const [index, one] of drawn.entries()) {
        const saved = accepted(await shop.catalog.putProduct(wishOf(one, handles[index] ?? '')))
        const prices = saved.variants.map(({ id }, at) => ({
          variantId: id,
          market: 'eu',
          amount: one.variants[at]?.amount ?? null,
          compareAtAmount: one.variants[at]?.compareAtAmount ?? null,
        }))
        accepted(await shop.pricing.setPrices({ productId: saved.id, prices }))
        const levels = saved.variants.map(({ id }, at) => ({
          variantId: id,
          locationId: null,
          onHand: one.variants[at]?.onHand ?? 0,
        }))
        accepted(await shop.inventory.setLevels({ levels, reason: 'test' }))
      }
      const csv = await exportFile(shop)
      const before = await Promise.all(handles.map((handle) => productOf(shop, handle)))

      const here = await importFile(shop, csv)
      assert.deepEqual(here.rejected, [])
      assert.deepEqual(await Promise.all(handles.map((handle) => productOf(shop, handle))), before)
      assert.deepEqual([here.report.productsCreated, here.report.productsChanged], [0, 0])
      assert.equal(await exportFile(shop), csv)

      const there = await importFile(other, csv)
      assert.deepEqual(there.rejected, [])
      for (const handle of handles) assert.deepEqual(await comparable(other, handle), await comparable(shop, handle))
    }),
    { numRuns: 3, endOnFailure: true },
  )
})

test('no cell of an export is run by a spreadsheet', async () => {
  const rows = parse(await exportFile(shop)) as string[][]
  assert.ok(rows.length > 40)
  for (const cell of rows.flat()) assert.doesNotMatch(cell, /^[=+\-@\t\r]/)
})

test('a large export comes in pages that have one header and the same columns', async () => {
  const many = await startShop()
  try {
    const names = Array.from({ length: 450 }, (_, index) => `many-${index}`)
    await importFile(
      many,
      csvOf(
        names.map((Handle, index) => ({
          Handle,
          Title: 'Cup',
          'Variant Price': '1',
          ...(index === 440 ? { 'Last column': 'kept' } : {}),
        })),
      ),
    )
    const first = accepted(await many.catalog.exportProducts({}))
    assert.ok(first.nextCursor)
    assert.match(first.csv, /^Handle,Title,.*Last column\n/)
    const second = accepted(await many.catalog.exportProducts({ cursor: first.nextCursor }))
    assert.doesNotMatch(second.csv, /^Handle,/)
    const rows = parse(await exportFile(many)) as string[][]
    assert.deepEqual(
      rows
        .slice(1)
        .map(([handle]) => handle)
        .sort(),
      [...names].sort(),
    )
    await assert.rejects(many.catalog.exportProducts({ cursor: 'nonsense' }), /cursor/)
    const unknown = await many.catalog.exportProducts({ market: 'mars' })
    assert.equal(unknown.ok ? null : unknown.refusal.type, 'pricing/unknown-market')
  } finally {
    await many.stop()
  }
})

test('an empty catalog exports a header', async () => {
  const empty = await startShop()
  try {
    assert.match(await exportFile(empty), /^Handle,Title,Body \(HTML\),[^\n]*\n$/)
    assert.equal((await importFile(empty, await exportFile(empty))).report.state, 'done')
    assert.deepEqual(await allProducts(empty), [])
  } finally {
    await empty.stop()
  }
})
