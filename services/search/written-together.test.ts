import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { pricing } from '#contracts/pricing'
import { search } from '#contracts/search'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { inventoryService } from '../inventory/service.ts'
import { pricingService } from '../pricing/service.ts'
import { searchService } from './service.ts'
import { catalogInMemory, europe, product, testCatalog } from './test-catalog.ts'

// What hundreds of products that are written together cost, counted where it leaves this process.

type Sent = { readonly products: readonly { listings: { terms: number[] }[] }[]; readonly terms: readonly Term[] }
type Term = { readonly key: string; readonly folded: string }

const sent: Sent[] = []
const { query } = pg.Client.prototype
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  const [asked, apart] = given as [string | pg.QueryConfig, unknown[] | undefined]
  const [text, values] = typeof asked === 'string' ? [asked, apart] : [asked.text, asked.values ?? apart]
  if (text.includes('put_products(') && values) {
    sent.push({ products: JSON.parse(String(values[2])), terms: JSON.parse(String(values[3])) })
  }
  return Reflect.apply(query, this, given)
} as typeof query

let host: TestHost
const { catalogService } = catalogInMemory()
before(async () => {
  host = await startTestHost([catalogService, pricingService, inventoryService, searchService], {
    shape: 'plain',
    settings: { inventory: { lowStock: 2 }, pricing: { markets: [europe] } },
  })
})
after(() => host.stop())

/** As many as are written together, and fewer than a rebuild reads at once. */
const products = 200

test('products that are written together are one statement, which tells each term once', async () => {
  const goods = Array.from({ length: products }, (_, index) =>
    product({ title: `Cup ${index}`, vendor: index % 2 === 0 ? 'Pott' : 'Kann', attributes: { Material: ['Clay'] } }),
  )
  await host.client(testCatalog).put({ products: goods, silently: true })
  const set = await host.client(pricing).setPricesOfProducts({
    products: goods.map(({ id, variants }) => ({
      productId: id,
      prices: variants.map((one) => ({ variantId: one.id, market: 'eu', amount: 900, compareAtAmount: null })),
    })),
    isNew: true,
  })
  assert.ok(set.ok)
  await host.client(search).reindex({})

  const [only, ...others] = sent.filter((one) => one.products.length > 0)
  assert.deepEqual(others, [])
  assert.equal(only?.products.length, products)
  const names = only?.terms.map(({ key, folded }) => `${key} ${folded}`)
  assert.deepEqual(names?.toSorted(), ['* all', 'material clay', 'vendor kann', 'vendor pott'])
  assert.deepEqual(new Set(only?.products.map(({ listings }) => listings[0]?.terms.length)), new Set([3]))

  const found = await host.client(search).products({ market: 'eu', filter: { vendor: ['Kann'] } })
  assert.ok(found.ok)
  const vendors = found.value.facets.find(({ key }) => key === 'vendor')
  assert.deepEqual(
    vendors?.values.map(({ value, count }) => [value, count]),
    [
      ['Kann', products / 2],
      ['Pott', products / 2],
    ],
  )
})
