import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { on, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { verified } from '#kernel/invariants'
import { type TestDatabase, testDatabase } from '../../../test/database.ts'
import { accepted, allProducts, csvOf, ended, openShop, type Place, type Report, rejectedRows } from '../test-shop.ts'
import type { ImportOrder } from './test-import-process.ts'

let database: TestDatabase
let place: Place
let file: string
const products = 600
before(async () => {
  database = await testDatabase()
  const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-resume-'))
  place = { databaseUrl: database.url, dataFolder }
  file = join(dataFolder, 'goods.csv')
  const sizes = ['S', 'M', 'L']
  // Rows of one product are apart: all small ones first. Every hundredth large one has no price that can be read.
  const rows = sizes.flatMap((size, at) =>
    Array.from({ length: products }, (_, index) => ({
      Handle: `cup-${index}`,
      Title: at === 0 ? `Cup ${index}` : '',
      'Option1 Name': at === 0 ? 'Size' : '',
      'Option1 Value': size,
      'Variant SKU': `cup-${index}-${size}`,
      'Variant Inventory Tracker': 'shopify',
      'Variant Inventory Qty': String(index % 50),
      'Variant Price': at === 2 && index % 100 === 0 ? 'x' : `${index + 1}.50`,
    })),
  )
  await writeFile(file, csvOf(rows))
})
after(async () => {
  await database.drop()
  await rm(place.dataFolder, { recursive: true, force: true })
})

const start = (order: Omit<ImportOrder, keyof Place>): ChildProcess =>
  fork(join(import.meta.dirname, 'test-import-process.ts'), [JSON.stringify({ ...place, ...order })])

/** Lets a process import until `enough`, then kills it without a word. */
async function killedWhen(child: ChildProcess, enough: (report: Report) => boolean): Promise<Report> {
  for await (const [report] of on(child, 'message') as AsyncIterable<[Report]>) {
    if (!enough(report) && report.state === 'running') continue
    child.kill('SIGKILL')
    await once(child, 'exit')
    return report
  }
  assert.fail('the process ended')
}

test('an import whose process is killed again and again goes on to the same end', { timeout: 300_000 }, async () => {
  const first = await killedWhen(start({ file }), ({ rows }) => rows > 0)
  const importId = first.id
  for (const share of [0.1, 0.4, 0.7]) {
    const report = await killedWhen(start({ importId }), ({ productsCreated }) => productsCreated > products * share)
    assert.equal(report.state, 'running', 'it was killed on the way')
  }

  const shop = await openShop(place)
  try {
    const report = await ended(shop, importId, 200_000)
    assert.deepEqual(
      [
        report.state,
        report.rows,
        report.productsCreated,
        report.productsChanged,
        report.productsUnchanged,
        report.rowsRejected,
      ],
      ['done', products * 3, products, 0, 0, 6],
    )
    assert.deepEqual(
      (await rejectedRows(shop, importId)).map(({ row }) => row - 2 - products * 2),
      [0, 100, 200, 300, 400, 500],
    )

    const found = await allProducts(shop)
    assert.deepEqual(
      found.map(({ handle }) => handle).sort(),
      Array.from({ length: products }, (_, index) => `cup-${index}`).sort(),
    )
    assert.ok(
      found.every(({ version }) => version === 1),
      'no product was written twice',
    )
    for (const product of found.filter((_, index) => index % 20 === 0)) {
      const number = Number(product.handle.slice(4))
      const { variants, prices, stock } = accepted(await shop.catalog.adminProduct({ productId: product.id }))
      const count = number % 100 === 0 ? 2 : 3
      assert.equal(variants.length, count)
      assert.deepEqual(
        prices.map(({ price }) => price.amount),
        Array(count).fill((number + 1) * 100 + 50),
      )
      assert.deepEqual(
        stock.map(({ available }) => available),
        Array(count).fill(number % 50),
      )
    }
    const checks = await verified(shop.catalog.verify)
    assert.deepEqual(
      checks.flatMap(({ violations }) => violations),
      [],
    )
    const left = await shop.catalog.startImport({ importId })
    assert.equal(accepted(left).state, 'done', 'it is not begun anew')
  } finally {
    await shop.stop()
  }
})
