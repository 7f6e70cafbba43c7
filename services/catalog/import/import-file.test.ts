import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  accepted,
  allProducts,
  counts,
  csvOf,
  ended,
  handleFor,
  importFile,
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

describe('a file', () => {
  test('may begin with a byte order mark, end lines as Windows does and part cells by semicolons', async () => {
    const [a, b] = [handleFor(), handleFor()]
    await importFile(shop, `\ufeff${csvOf([{ Handle: a, Title: 'Ä', 'Variant Price': '1' }]).replaceAll('\n', '\r\n')}`)
    assert.equal((await productOf(shop, a)).title, 'Ä')
    await importFile(shop, `Handle;Title;Variant Price\n${b};"Cup; blue";2.50\n`)
    assert.deepEqual(pick(await productOf(shop, b), 'title'), { title: 'Cup; blue' })
  })

  test('may have a product’s rows apart', async () => {
    const [a, b] = [handleFor(), handleFor()]
    const row = (id: string, value: string, title = '') => ({
      Handle: id,
      Title: title,
      'Option1 Name': title && 'Size',
      'Option1 Value': value,
      'Variant Price': '1',
    })
    const { report } = await importFile(
      shop,
      csvOf([row(a, 'S', 'A'), row(b, 'S', 'B'), row(a, 'M'), row(b, 'M'), row(a, 'L')]),
    )
    assert.deepEqual(counts(report), [2, 0, 0, 0])
    assert.deepEqual((await productOf(shop, a)).options, [{ name: 'Size', values: ['S', 'M', 'L'] }])
    assert.deepEqual((await productOf(shop, b)).options, [{ name: 'Size', values: ['S', 'M'] }])
  })

  test('may be cut into parts anywhere, and come in any order', async () => {
    const id = handleFor()
    const text = csvOf([{ Handle: id, Title: 'Tasse à café ☕', 'Body (HTML)': 'one\n"two"', 'Variant Price': '1' }])
    const created = accepted(await shop.catalog.createImport({ fileName: 'goods.csv' }))
    const pieces = [...text].map((_, index, all) => all.slice(index * 3, index * 3 + 3).join('')).filter(Boolean)
    for (const part of pieces.keys().toArray().reverse()) {
      const rawBody = pieces[part] ?? ''
      accepted(await shop.catalog.putImportPart({ importId: created.id, part, rawBody, headers: {} }))
    }
    accepted(await shop.catalog.startImport({ importId: created.id }))
    assert.deepEqual(counts(await ended(shop, created.id)), [1, 0, 0, 0])
    assert.equal((await productOf(shop, id)).title, 'Tasse à café ☕')
  })

  test('is not started with a part missing, takes none after the start, and has parts cut between characters', async () => {
    const { id } = accepted(await shop.catalog.createImport({ fileName: 'goods.csv' }))
    const put = (part: number, rawBody: string) =>
      shop.catalog.putImportPart({ importId: id, part, rawBody, headers: {} })
    const nothing = await shop.catalog.startImport({ importId: id })
    assert.deepEqual(nothing.ok ? null : nothing.refusal.data, { missingPart: 0 })
    await put(0, 'Handle,Title\n')
    await put(2, 'x,y\n')
    const gap = await shop.catalog.startImport({ importId: id })
    assert.deepEqual(gap.ok ? null : [gap.refusal.type, gap.refusal.data], [
      'catalog/import-incomplete',
      { missingPart: 1 },
    ])
    await assert.rejects(put(1, '\ufffdx'), /in the middle of a character/)
    await put(1, `${handleFor()},Cup\n`)
    assert.equal(accepted(await shop.catalog.startImport({ importId: id })).state, 'running')
    const late = await put(3, 'late')
    assert.equal(late.ok ? null : late.refusal.type, 'catalog/import-started')
    assert.notEqual(accepted(await shop.catalog.startImport({ importId: id })).state, 'uploading', 'twice is once')
    assert.deepEqual(counts(await ended(shop, id)), [2, 0, 0, 0])
    const unknown = 'import_01m82te6t3ecyrkzex70z1y8ta'
    for (const outcome of [
      await shop.catalog.startImport({ importId: unknown }),
      await shop.catalog.import({ importId: unknown }),
      await shop.catalog.importRejections({ importId: unknown }),
      await shop.catalog.putImportPart({ importId: unknown, part: 0, rawBody: 'x', headers: {} }),
    ]) {
      assert.equal(outcome.ok ? null : outcome.refusal.type, 'catalog/unknown-import')
    }
  })

  test('that is no product file fails with a sentence and changes nothing', async () => {
    const before = (await allProducts(shop)).length
    const failure = async (text: string) => {
      const { report } = await importFile(shop, text)
      return [report.state, report.error]
    }
    assert.deepEqual(await failure('Name,Price\nCup,1\n'), [
      'failed',
      'The file has no column "Handle" (or "URL handle"): it is no Shopify product CSV.',
    ])
    assert.deepEqual(await failure('Handle,Title,Title\na,b,c\n'), ['failed', 'The column "Title" is there twice.'])
    assert.deepEqual(await failure('\n'), ['failed', 'The file is empty.'])
    assert.equal((await failure('PK\u0003\u0004 a spreadsheet, not saved as CSV\n'))[0], 'failed')
    assert.deepEqual(await failure(`Handle,Title\n${'x,"a"b\n'.repeat(1_001)}`), [
      'failed',
      'More than 1000 lines of the file are no CSV; see the rows that were refused.',
    ])
    assert.equal((await allProducts(shop)).length, before)
  })

  test('of a header alone is an import of nothing', async () => {
    const { report } = await importFile(shop, 'Handle,Title')
    assert.deepEqual([report.state, report.rows, report.error], ['done', 0, null])
  })

  test('is listed with the others, newest first', async () => {
    const first = accepted(await shop.catalog.createImport({ fileName: 'first.csv' }))
    const second = accepted(await shop.catalog.createImport({ fileName: 'second.csv' }))
    const page = accepted(await shop.catalog.imports({ limit: 1 }))
    assert.deepEqual(
      page.items.map(({ id }) => id),
      [second.id],
    )
    const next = accepted(await shop.catalog.imports({ limit: 1, cursor: page.nextCursor ?? '' }))
    assert.deepEqual(
      next.items.map(({ id }) => id),
      [first.id],
    )
    await assert.rejects(shop.catalog.imports({ cursor: 'nonsense' }), /cursor/)
  })
})
