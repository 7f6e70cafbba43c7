import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeOf, differing, valuesOf } from './src/pages/product-values.ts'
import type { Product } from './src/product.ts'

const product = {
  title: 'Mug',
  handle: 'mug',
  status: 'active',
  descriptionHtml: '<p>A mug.</p>',
  vendor: null,
  productType: null,
  tags: ['clay', 'kitchen'],
  categories: ['table'],
  seo: { title: null, description: 'A mug of clay' },
  variants: [
    { id: 'variant_1', sku: 'MUG', barcode: null, grams: 300, inventoryPolicy: 'deny' },
    { id: 'variant_2', sku: null, barcode: null, grams: 500, inventoryPolicy: 'continue' },
  ],
} as unknown as Product

test('a form that nobody touched changes nothing', () => {
  assert.deepEqual(changeOf(valuesOf(product), valuesOf(product)), {})
})

test('only what was touched is sent, and emptied texts become null', () => {
  const base = valuesOf({ ...product, vendor: 'Meander Mill' })
  const values = { ...base, title: 'Large mug', vendor: ' ', tags: ' clay,, new ', seoTitle: 'Mug' }
  assert.deepEqual(differing(base, values), ['title', 'vendor', 'tags', 'seoTitle'])
  assert.deepEqual(changeOf(base, values), {
    title: 'Large mug',
    vendor: null,
    tags: ['clay', 'new'],
    seo: { title: 'Mug', description: 'A mug of clay' },
  })
})

test('variants are sent whole, each with its id', () => {
  const base = valuesOf(product)
  const values = { ...base, variants: base.variants.map((one, at) => (at === 1 ? { ...one, grams: '510' } : one)) }
  assert.deepEqual(changeOf(base, values), {
    variants: [
      { id: 'variant_1', sku: 'MUG', barcode: null, grams: 300, inventoryPolicy: 'deny' },
      { id: 'variant_2', sku: null, barcode: null, grams: 510, inventoryPolicy: 'continue' },
    ],
  })
})
