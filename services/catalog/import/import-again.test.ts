import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  accepted,
  counts,
  csvOf,
  handleFor,
  importFile,
  onHand,
  pick,
  productOf,
  startShop,
  type TestShop,
} from '../test-shop.ts'

let shop: TestShop
before(async () => {
  shop = await startShop()
})
after(() => shop.stop())

describe('importing again', () => {
  const row = (id: string, value: string, change: Record<string, string> = {}) => ({
    Handle: id,
    Title: value === 'S' ? 'Cup' : '',
    'Option1 Name': value === 'S' ? 'Size' : '',
    'Option1 Value': value,
    'Variant SKU': `${id}-${value}`,
    'Variant Inventory Tracker': 'shopify',
    'Variant Inventory Qty': '10',
    'Variant Price': '5',
    Type: '',
    ...change,
  })

  test('the same file changes nothing, also not stock that was sold since', async () => {
    const [a, b] = [handleFor(), handleFor()]
    const text = csvOf([row(a, 'S'), row(a, 'M'), row(b, 'S')])
    await importFile(shop, text)
    await shop.settle()
    const before = [await productOf(shop, a), await productOf(shop, b)]
    const [sold] = before[0]?.variants ?? []
    accepted(
      await shop.inventory.setLevels({
        levels: [{ variantId: sold?.id ?? '', locationId: null, onHand: 4 }],
        reason: 'sold',
      }),
    )
    const heard = shop.heard.length

    const { report } = await importFile(shop, text)
    assert.deepEqual(counts(report), [0, 0, 2, 0])
    await shop.settle()
    assert.equal(shop.heard.length, heard, 'nobody is told of anything')
    const { stock: _, ...now } = await productOf(shop, a)
    const { stock: __, ...then } = before[0] ?? assert.fail()
    assert.deepEqual(now, then)
    assert.deepEqual(await onHand(shop, [sold?.id ?? '']), [4])
  })

  test('a changed row changes that product only, and no stock that the file did not change', async () => {
    const [a, b] = [handleFor(), handleFor()]
    await importFile(shop, csvOf([row(a, 'S'), row(a, 'M'), row(b, 'S')]))
    const [beforeA, beforeB] = [await productOf(shop, a), await productOf(shop, b)]
    const ids = beforeA.variants.map(({ id }) => id)
    accepted(
      await shop.inventory.setLevels({
        levels: ids.map((variantId) => ({ variantId, locationId: null, onHand: 4 })),
        reason: 'sold',
      }),
    )

    const { report } = await importFile(
      shop,
      csvOf([
        row(a, 'S', { Title: 'Mug' }),
        row(a, 'M', { 'Variant Inventory Qty': '9', 'Variant Price': '6' }),
        row(b, 'S'),
      ]),
    )
    assert.deepEqual(counts(report), [0, 1, 1, 0])
    const nowA = await productOf(shop, a)
    assert.deepEqual([nowA.title, nowA.version], ['Mug', beforeA.version + 1])
    assert.deepEqual(nowA.variants, beforeA.variants)
    assert.deepEqual(
      nowA.prices.map(({ price }) => price.amount),
      [500, 600],
    )
    assert.deepEqual(
      await onHand(shop, ids),
      [4, 9],
      'the file said 10 before and after: four are left. It says 9 now: nine are counted',
    )
    assert.deepEqual(await productOf(shop, b), beforeB)
  })

  test('a variant keeps its id through new option values when its SKU stays, and through a new SKU when its options stay', async () => {
    const id = handleFor()
    await importFile(shop, csvOf([row(id, 'S'), row(id, 'M')]))
    const before = await productOf(shop, id)
    await importFile(
      shop,
      csvOf([row(id, 'S', { 'Variant SKU': `${id}-new` }), row(id, 'M', { 'Option1 Value': 'Medium' })]),
    )
    const now = await productOf(shop, id)
    assert.deepEqual(
      now.variants.map((one) => one.id),
      before.variants.map((one) => one.id),
    )
    assert.deepEqual(
      now.variants.map(({ sku, options }) => [sku, options.Size]),
      [
        [`${id}-new`, 'S'],
        [`${id}-M`, 'Medium'],
      ],
    )
  })

  test('a row that is gone takes its variant with it; a variant that staff added stays', async () => {
    const id = handleFor()
    await importFile(shop, csvOf([row(id, 'S'), row(id, 'M')]))
    const before = await productOf(shop, id)
    accepted(
      await shop.catalog.updateProduct({
        productId: before.id,
        version: before.version,
        options: [{ name: 'Size', values: ['S', 'M', 'XL'] }],
        variants: [...before.variants.map((one) => ({ id: one.id })), { options: { Size: 'XL' } }],
      }),
    )
    await importFile(shop, csvOf([row(id, 'S')]))
    assert.deepEqual(
      (await productOf(shop, id)).variants.map(({ options }) => options.Size),
      ['S', 'XL'],
    )
  })

  test('a file with some columns changes what these say', async () => {
    const id = handleFor()
    await importFile(
      shop,
      csvOf([
        row(id, 'S', { 'Body (HTML)': 'Text', Vendor: 'V', 'Variant Compare At Price': '9', 'Cost per item': '1' }),
        row(id, 'M'),
      ]),
    )
    const before = await productOf(shop, id)
    const { report, rejected } = await importFile(
      shop,
      csvOf([
        { Handle: id, 'Variant SKU': `${id}-S`, 'Variant Price': '4' },
        { Handle: id, 'Variant SKU': 'nobody', 'Variant Price': '4' },
      ]),
    )
    assert.deepEqual(
      rejected.map(({ row: at, column, reason }) => [at, column, reason]),
      [[3, 'Variant SKU', 'is no variant of this product, and the file has no column for options']],
    )
    assert.deepEqual(counts(report), [0, 1, 0, 1])
    const { prices, ...now } = await productOf(shop, id)
    const { prices: _, ...then } = before
    assert.deepEqual(now, then)
    assert.deepEqual(
      prices.map(({ price, compareAtPrice }) => [price.amount, compareAtPrice?.amount]),
      [
        [400, 900],
        [500, undefined],
      ],
    )
    await importFile(shop, csvOf([{ Handle: id, Tags: 'sale' }]))
    assert.deepEqual(pick(await productOf(shop, id), 'tags', 'vendor', 'variants'), {
      tags: ['sale'],
      vendor: 'V',
      variants: before.variants,
    })
  })

  test('a new type moves the product to the new type’s category, and leaves others be', async () => {
    const id = handleFor()
    await importFile(shop, csvOf([row(id, 'S', { Type: 'Old Things' })]))
    const before = await productOf(shop, id)
    await shop.catalog.putCategories({
      categories: [
        ...accepted(await shop.catalog.categories({})).items,
        { handle: 'featured', title: 'Featured', description: '', position: 99, mediaUrl: null },
      ],
    })
    accepted(
      await shop.catalog.updateProduct({
        productId: before.id,
        version: before.version,
        categories: ['old-things', 'featured'],
      }),
    )
    await importFile(shop, csvOf([row(id, 'S', { Type: 'New Things' })]))
    assert.deepEqual((await productOf(shop, id)).categories, ['new-things', 'featured'])
  })

  test('bad rows are told again', async () => {
    const id = handleFor()
    const text = csvOf([row(id, 'S'), row(id, 'M', { 'Variant Price': 'x' })])
    const first = await importFile(shop, text)
    const second = await importFile(shop, text)
    assert.deepEqual(second.rejected, first.rejected)
    assert.deepEqual(counts(second.report), [0, 0, 1, 1])
  })
})
