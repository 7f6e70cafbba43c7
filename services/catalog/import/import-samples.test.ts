import assert from 'node:assert/strict'
import { access, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { allProducts, counts, exportFile, importFile, startShop } from '../test-shop.ts'

describe('the files a shop really has', () => {
  const folder = process.env.STOA_SAMPLE_DATA ?? resolve(import.meta.dirname, '../../../../shared/data')
  for (const [name, products, rows] of [
    ['shopify-apparel.csv', 20, 22],
    ['shopify-home-and-garden.csv', 20, 21],
  ] as const) {
    test(name, async (context) => {
      const file = resolve(folder, name)
      if (
        await access(file).then(
          () => false,
          () => true,
        )
      ) {
        assert.notEqual(process.env.STOA_REQUIRE_PEERS, '1', `${file} is missing`)
        return context.skip(`${file} is not there`)
      }
      const own = await startShop()
      try {
        const text = await readFile(file, 'utf8')
        const first = await importFile(own, text)
        assert.deepEqual(first.rejected, [])
        assert.deepEqual([first.report.rows, ...counts(first.report)], [rows, products, 0, 0, 0])
        const before = await allProducts(own)
        assert.deepEqual(counts((await importFile(own, text)).report), [0, 0, products, 0])
        const exported = await exportFile(own)
        assert.deepEqual(counts((await importFile(own, exported)).report), [0, 0, products, 0])
        assert.deepEqual(await allProducts(own), before)
        assert.equal(await exportFile(own), exported)
      } finally {
        await own.stop()
      }
    })
  }
})
