import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { inventoryService } from '../inventory/service.ts'
import { pricingService } from '../pricing/service.ts'
import { searchService } from './service.ts'
import { catalogInMemory } from './test-catalog.ts'

let host: TestHost

before(async () => {
  const market = { name: 'M', locale: 'en', taxIncluded: true, taxZones: [], countries: ['IE'] }
  const markets = [{ ...market, code: 'eu', currency: 'EUR' }]
  host = await startTestHost([catalogInMemory().catalogService, pricingService, inventoryService, searchService], {
    edge: true,
    settings: { inventory: { lowStock: 2 }, pricing: { markets } },
  })
})
after(() => host.stop())

const ask = async (query: string) => {
  const answer = await fetch(`${host.url}/api/products?${query}`)
  const body = (await answer.json()) as Record<string, unknown>
  return [answer.status, body.type ?? body.items]
}

test('an empty shop lists nothing', async () => {
  const answer = await fetch(`${host.url}/api/products`)
  assert.equal(answer.status, 200)
  assert.deepEqual(await answer.json(), {
    items: [],
    facets: [],
    priceRange: null,
    nextCursor: null,
    correctedQuery: null,
  })
  const suggested = await fetch(`${host.url}/api/search/suggest?q=mug`)
  assert.deepEqual(await suggested.json(), { products: [], categories: [] })
})

test('what a browser may send is understood, and all else is refused by name', async () => {
  const list: [query: string, status: number, type: unknown][] = [
    ['filter[color]=red&filter[color]=blue&filter[Größe]=L&inStock=true&priceMin=5&limit=3', 200, []],
    ['q=%27%22%3B--%5C&sort=relevance', 200, []],
    [`q=${'a%20'.repeat(60)}`, 200, []],
    ['sort=stock', 422, '/problems/validation-failed'],
    ['limit=101', 422, '/problems/validation-failed'],
    ['priceMin=-1', 422, '/problems/validation-failed'],
    ['priceMax=99999999999999999999999999', 200, []],
    ['filter=red', 422, '/problems/validation-failed'],
    ['filter[a.b]=red', 422, '/problems/validation-failed'],
    [`q=${'x'.repeat(201)}`, 422, '/problems/validation-failed'],
    ['page=2', 422, '/problems/validation-failed'],
    [Array.from({ length: 13 }, (_, n) => `filter[k${n}]=v`).join('&'), 422, '/problems/validation-failed'],
    ['market=moon', 404, '/problems/pricing/unknown-market'],
    ['cursor=nonsense', 422, '/problems/search/malformed-cursor'],
  ]
  for (const [query, status, type] of list) assert.deepEqual(await ask(query), [status, type], query)
})
