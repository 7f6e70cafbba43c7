import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { eventually } from '../../../test/goods.ts'
import { openLmdbStore } from '../store/lmdb.ts'
import { counts, csvOf, importFile, startShop, type TestShop } from '../test-shop.ts'

let shop: TestShop
before(async () => {
  shop = await startShop()
})
after(() => shop.stop())

/** One more than the five hundred that are written together, and some. */
const products = 600

test('new goods are written for hundreds of products at once, and each is told of once', async () => {
  const rows = Array.from({ length: products }, (_, index) => ({
    Handle: `cup-${index}`,
    Title: `Cup ${index}`,
    'Variant SKU': `C-${index}`,
    'Variant Price': '4.50',
    'Variant Inventory Tracker': 'shopify',
    'Variant Inventory Qty': '7',
  }))
  const { report } = await importFile(shop, csvOf(rows))
  assert.deepEqual(counts(report), [products, 0, 0, 0])

  // What a transaction writes has one time.
  const client = new pg.Client({ connectionString: shop.databaseUrl })
  await client.connect()
  const { rows: written } = await client.query(`
    select (select count(*) from pricing.price_history)::int as prices,
           (select count(distinct changed_at) from pricing.price_history)::int as "pricesAtOnce",
           (select count(*) from inventory.movements)::int as counts,
           (select count(distinct at) from inventory.movements)::int as "countsAtOnce"`)
  await client.end()
  assert.deepEqual(written, [{ prices: products, pricesAtOnce: 2, counts: products, countsAtOnce: 2 }])

  // Made, a part put, started, claimed; the refused counted, the header read, the rows, the next phase; twice goods, the next phase;
  // done, since a file without a column for pictures has none to fetch.
  const store = openLmdbStore(shop.dataFolder)
  assert.equal((await store.getImport(report.id))?.revision, 12)

  await eventually(products, async () => shop.heard.length)
  assert.equal(new Set(shop.heard.map(({ subject }) => subject)).size, products)
})
