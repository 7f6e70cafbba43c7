import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { categoryOf, handleOf } from './category-of.ts'
import { columnName, fields, isKnownColumn, readHeader } from './columns.ts'
import { escapeCell, escapeCode, unescapeCell, unescapeCode } from './formula.ts'

const classic =
  'Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,Included / United States,Price / International,Status'
const newer =
  'Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,Option2 Linked To,Option3 name,Option3 value,Option3 Linked To,Price,Compare-at price,Cost per item,Charge tax,Tax code,Unit price total measure,Unit price total measure unit,Unit price base measure,Unit price base measure unit,Inventory tracker,Inventory quantity,Continue selling when out of stock,Weight value (grams),Weight unit for display,Requires shipping,Fulfillment service,Product image URL,Image position,Image alt text,Variant image URL,Gift card,SEO title,SEO description,Color (product.metafields.shopify.color-pattern)'

const read = (header: string) => {
  const found = readHeader(header.split(','))
  if (!found.ok) assert.fail(found.error)
  return found.columns
}

test('both generations of Shopify’s file name every field', () => {
  const own = ['categories', 'attributes']
  for (const header of [classic, newer]) {
    const { indexOf } = read(header)
    const missing = fields.filter((field) => indexOf[field] === undefined && !own.includes(field))
    assert.deepEqual(missing.sort(), [], header)
  }
})

test('columns without a field are kept, of the product or of the variant', () => {
  const scopes = (header: string) => Object.fromEntries(read(header).extras.map(({ name, scope }) => [name, scope]))
  assert.deepEqual(scopes(classic), {
    'Variant Fulfillment Service': 'variant',
    'Variant Weight Unit': 'variant',
    'Cost per item': 'variant',
    'Included / United States': 'product',
    'Price / International': 'variant',
  })
  const found = scopes(newer)
  assert.equal(found['Option1 Linked To'], 'variant')
  assert.equal(found['Unit price base measure unit'], 'variant')
  assert.equal(found['Product category'], 'product')
  assert.equal(found['Color (product.metafields.shopify.color-pattern)'], 'product')
})

test('case and spaces of a known column do not count; two names for one field keep the second', () => {
  const { indexOf, extras } = read(' HANDLE ,option1  VALUE,Type,Custom Product Type')
  assert.deepEqual(indexOf, { handle: 0, option1Value: 1, type: 2 })
  assert.deepEqual(
    extras.map(({ name }) => name),
    ['Custom Product Type'],
  )
})

test('what is no product file is said to be none', () => {
  const error = (header: string) => {
    const found = readHeader(header.split(','))
    return found.ok ? assert.fail('was read') : found.error
  }
  assert.match(error('Name,Price'), /no column "Handle"/)
  assert.match(error('Handle,Title,title'), /"title" is there twice/)
  assert.match(error('Handle,Mine,Mine'), /"Mine" is there twice/)
  assert.match(error(`Handle,${'x,'.repeat(1_000)}`), /more than 1000 columns/)
})

test('a cell that a spreadsheet would run is made text, and comes back as it was', () => {
  for (const formula of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', "'=1", "''@x"]) {
    assert.match(escapeCell(formula), /^'/, formula)
    assert.match(escapeCode(formula), /^'/, formula)
  }
  for (const harmless of ['', 'a=1', "it's", "'quoted'", ' =1', '1-1']) assert.equal(escapeCell(harmless), harmless)
  assert.equal(unescapeCode("'00123"), '00123')
  const text = fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', 'a', '0'), maxLength: 5 })
  fc.assert(
    fc.property(text, (value) => {
      assert.equal(unescapeCell(escapeCell(value)), value)
      assert.equal(unescapeCode(escapeCode(value)), value)
      assert.doesNotMatch(escapeCell(value), /^[=+\-@\t\r]/)
      assert.doesNotMatch(escapeCode(value), /^[=+\-@\t\r]/)
    }),
  )
})

test('a category’s handle is its title as part of an address', () => {
  assert.equal(handleOf('Caf\u00e9 & Bar Tables'), 'cafe-bar-tables')
  assert.equal(handleOf('Стулья'), 'стулья')
  assert.equal(handleOf(' –– '), null)
  assert.deepEqual(categoryOf('Outdoor', {}), { handle: 'outdoor', title: 'Outdoor' })
  assert.deepEqual(categoryOf(null, { 'Product Category': 'Apparel > Clothing > Shirts & Tops' }), {
    handle: 'shirts-tops',
    title: 'Shirts & Tops',
  })
  assert.equal(categoryOf(null, {}), null)
})

test('every field has one column in an export, and knows it again', () => {
  const names = fields.map(columnName)
  assert.equal(new Set(names).size, names.length)
  assert.ok(names.every(isKnownColumn))
})
