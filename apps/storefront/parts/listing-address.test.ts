import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListingQuery } from '../views.ts'
import { listingAddress, without } from './listing-address.ts'

const plain: ListingQuery = { q: '', filter: {}, min: '', max: '', inStock: false, sort: 'newest' }

test('a listing without filters has the plain address', () => {
  assert.equal(listingAddress('/products', plain), '/products')
  assert.equal(listingAddress('/search', { ...plain, q: 'mug', sort: 'relevance' }), '/search?q=mug')
  assert.equal(listingAddress('/search', { ...plain, q: 'mug', sort: 'newest' }), '/search?q=mug&sort=newest')
})

test('the same filters have the same address, in whatever order they were chosen', () => {
  const one = { ...plain, filter: { size: ['M'], color: ['Ink & Chalk', 'Moss'] }, min: '20', inStock: true }
  const other = { ...one, filter: { color: ['Ink & Chalk', 'Moss'], size: ['M'] } }
  const address =
    '/products?filter%5Bcolor%5D=Ink+%26+Chalk&filter%5Bcolor%5D=Moss&filter%5Bsize%5D=M&min=20&inStock=true'
  assert.equal(listingAddress('/products', one), address)
  assert.equal(listingAddress('/products', other), address)
  assert.equal(listingAddress('/products', plain, 'abc='), '/products?cursor=abc%3D')
})

test('one filter can be taken away', () => {
  const query = { ...plain, filter: { color: ['Ink', 'Moss'], size: ['M'] }, min: '20', max: '40', inStock: true }
  assert.deepEqual(without(query, { key: 'color', value: 'Ink' }).filter, { color: ['Moss'], size: ['M'] })
  assert.deepEqual(without(query, { key: 'size', value: 'M' }).filter, { color: ['Ink', 'Moss'] })
  assert.deepEqual(
    [without(query, 'min').min, without(query, 'max').max, without(query, 'inStock').inStock],
    ['', '', false],
  )
})
