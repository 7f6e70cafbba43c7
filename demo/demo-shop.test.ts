import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoCategories, demoCollections } from './categories.ts'
import { currencies, type DemoVariant, locations } from './demo-shop.ts'
import { isShade } from './palette.ts'
import { demoProducts } from './products.ts'
import { demoPromotions } from './promotions.ts'

const variants = demoProducts.flatMap((product) => product.variants)
const inStock = ({ stock }: DemoVariant) => locations.reduce((sum, { handle }) => sum + stock[handle], 0)

function assertUnique(values: readonly string[]): void {
  const seen = new Set<string>()
  for (const value of values) {
    assert.ok(!seen.has(value), `${value} is there twice`)
    seen.add(value)
  }
}

test('six categories of about ten products', () => {
  assert.equal(demoProducts.length, 63)
  const sizes = demoCategories.map(({ handle }) => demoProducts.filter(({ category }) => category === handle).length)
  assert.deepEqual(sizes, [11, 11, 10, 10, 10, 11])
})

test('handles, SKUs and barcodes are unique and well formed', () => {
  assertUnique(demoProducts.map(({ handle }) => handle))
  assertUnique(variants.map(({ sku }) => sku))
  assertUnique(variants.map(({ barcode }) => barcode))
  for (const { handle } of demoProducts) assert.match(handle, /^[a-z]+(-[a-z]+)*$/)
  for (const { sku } of variants) assert.match(sku, /^[A-Z]+(-[A-Z0-9]+)*$/)
})

test('barcodes are EAN-13 with a right check digit, from the range for use within a company', () => {
  for (const { barcode } of variants) {
    assert.match(barcode, /^29\d{11}$/)
    const digits = [...barcode].map(Number)
    const sum = digits.reduce((total, digit, index) => total + (index % 2 === 1 ? 3 * digit : digit), 0)
    assert.equal(sum % 10, 0, barcode)
  }
  assert.equal(variants[0]?.barcode, '2900101000016') // by hand: 2 + 9·3 + 1 + 1 + 1·3 = 34, and 6 makes it 40
})

test('each product has one variant for each combination of its options', () => {
  for (const { handle, options, variants: own } of demoProducts) {
    assert.ok(options.length <= 3, handle)
    const expected = options.reduce((count, { values }) => count * values.length, 1)
    assert.equal(own.length, expected, handle)
    assertUnique(own.map((variant) => `${handle} ${JSON.stringify(variant.options)}`))
    for (const { name, values } of options) assertUnique(values.map((value) => `${handle} ${name} ${value}`))
    for (const variant of own) {
      assert.deepEqual(
        Object.keys(variant.options),
        options.map(({ name }) => name),
      )
      for (const { name, values } of options) assert.ok(values.includes(variant.options[name] ?? ''), variant.sku)
    }
  }
})

test('every variant has a price in both markets, and what is on sale was dearer before', () => {
  for (const { sku, price, compareAtPrice, weightGrams } of variants) {
    for (const currency of currencies) {
      assert.ok(Number.isSafeInteger(price[currency]) && price[currency] > 0, sku)
      if (compareAtPrice) assert.ok(compareAtPrice[currency] > price[currency], `${sku} ${currency}`)
    }
    assert.ok(Number.isSafeInteger(weightGrams) && weightGrams > 0, sku)
  }
  const onSale = demoProducts.filter((product) => product.variants.some(({ compareAtPrice }) => compareAtPrice))
  assert.deepEqual(
    onSale.map(({ handle }) => handle),
    [
      'harvest-jug',
      'meander-throw',
      'tripod-stool',
      'correspondence-set',
      'wren-house',
      'orchard-blanket',
      'harbor-beanie',
      'lookout-sweater',
      'noon-straw-hat',
    ],
  )
})

test('an option value changes what it says, and nothing else', () => {
  const bySku = (sku: string) => variants.find((variant) => variant.sku === sku)
  assert.deepEqual(bySku('TUMB-CLEAR-SETOF2')?.price, { EUR: 1800, USD: 1800 })
  assert.deepEqual(bySku('TUMB-CLEAR-SETOF6')?.price, { EUR: 4800, USD: 4800 })
  assert.equal(bySku('TUMB-CLEAR-SETOF6')?.weightGrams, 1680)
  assert.deepEqual(bySku('THROW-RUST')?.compareAtPrice, { EUR: 11900, USD: 11200 })
  assert.equal(bySku('THROW-OAT')?.compareAtPrice, undefined)
  assert.equal(bySku('BEANIE-WINE')?.price.EUR, 2900)
})

test('stock is varied: plenty, little, none, and what can be ordered all the same', () => {
  for (const variant of variants) {
    for (const { handle } of locations)
      assert.ok(Number.isSafeInteger(variant.stock[handle]) && variant.stock[handle] >= 0)
  }
  const soldOut = demoProducts.filter(({ variants: own }) => own.every((v) => inStock(v) === 0 && v.policy === 'deny'))
  assert.deepEqual(
    soldOut.map(({ handle }) => handle),
    ['wayfinder-compass'],
  )
  const backOrder = demoProducts.filter(({ variants: own }) => own.some((v) => v.policy === 'continue'))
  assert.deepEqual(
    backOrder.map(({ handle }) => handle),
    ['klismos-chair', 'colonnade-bench'],
  )
  const low = variants.filter((variant) => inStock(variant) > 0 && inStock(variant) <= 3)
  assert.ok(low.length >= 8 && low.length <= 25, `${low.length} variants are low`)
  assert.ok(variants.some((variant) => inStock(variant) > 50))
})

test('facets are filled, and colors are given as families', () => {
  const colors = new Set<string>()
  for (const { handle, attributes } of demoProducts) {
    for (const values of Object.values(attributes)) {
      assert.ok(values.length > 0, handle)
      assertUnique(values.map((value) => `${handle} ${value}`))
    }
    for (const color of attributes.color) colors.add(color)
  }
  assert.deepEqual([...colors].sort(), [
    'Beige',
    'Black',
    'Blue',
    'Brown',
    'Clear',
    'Gray',
    'Green',
    'Orange',
    'Pink',
    'Red',
    'White',
    'Yellow',
  ])
})

test('every picture of an option value belongs to that option, and every variant points at a picture of its product', () => {
  for (const { handle, options, variants: own, pictures } of demoProducts) {
    assert.ok(pictures.length >= 2, handle)
    const names = pictures.map(({ fileName }) => fileName)
    for (const { shows } of pictures) {
      if (shows) assert.ok(options.find(({ name }) => name === shows.option)?.values.includes(shows.value), handle)
    }
    for (const variant of own) {
      assert.ok(names.includes(variant.picture), variant.sku)
      const shown = pictures.find(({ fileName }) => fileName === variant.picture)?.shows
      if (shown) assert.equal(variant.options[shown.option], shown.value, variant.sku)
    }
    const color = options.find(({ values }) => values.every(isShade))
    if (color)
      assert.equal(pictures.filter(({ shows }) => shows?.option === color.name).length, color.values.length, handle)
  }
})

test('the words read like words', () => {
  for (const { handle, title, descriptionHtml, seo, tags, vendor, pictures } of demoProducts) {
    const plain = descriptionHtml
      .replace(/<[^>]+>/g, ' ')
      .replace(/ +/g, ' ')
      .trim()
    assert.ok(title.length > 0 && title.length <= 70, handle)
    assert.ok(seo.title.length > 0 && seo.title.length <= 70, handle)
    assert.ok(seo.description.length >= 50 && seo.description.length <= 160, `${handle}: ${seo.description.length}`)
    assert.ok(plain.length >= 150 && plain.length <= 900, `${handle}: ${plain.length}`)
    assert.match(descriptionHtml, /^(<p>[^<]+<\/p>)+<ul>(<li>[^<]+<\/li>)+<\/ul>$/, handle)
    assert.ok(tags.length > 0 && vendor.length > 0, handle)
    assertUnique(tags.map((tag) => `${handle} ${tag}`))
    for (const text of [
      title,
      descriptionHtml,
      seo.title,
      seo.description,
      ...tags,
      ...pictures.map(({ alt }) => alt),
    ]) {
      assert.doesNotMatch(text, /lorem|ipsum|todo|undefined|\bnull\b/i, handle)
      assert.doesNotMatch(text, / {2}|^\s|\s$|'|"/, `${handle}: ${text}`)
      assert.ok(text.length > 0, handle)
    }
  }
  assertUnique(demoProducts.map(({ title }) => title))
  assertUnique(demoProducts.map(({ seo }) => seo.description))
})

test('collections and promotions speak of what there is', () => {
  const handles = new Set(demoProducts.map(({ handle }) => handle))
  for (const { products } of demoCollections) {
    assertUnique(products)
    for (const handle of products) assert.ok(handles.has(handle), handle)
  }
  const small = demoCollections.find(({ handle }) => handle === 'small-gifts')?.products ?? []
  const cheapest = small.map(
    (handle) => demoProducts.find((p) => p.handle === handle)?.variants.map((v) => v.price.EUR) ?? [],
  )
  for (const prices of cheapest) assert.ok(Math.min(...prices) < 4000)

  assertUnique(demoPromotions.map(({ handle }) => handle))
  for (const { handle, gives, category, minimum } of demoPromotions) {
    if (gives.kind === 'percentage') assert.ok(gives.percent > 0 && gives.percent < 100, handle)
    else for (const currency of currencies) assert.ok(gives.amount[currency] < (minimum?.[currency] ?? 0), handle)
    if (category)
      assert.ok(
        demoCategories.some((one) => one.handle === category),
        handle,
      )
  }
})
