import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel/id'
import { newReport } from '../../import/imports.ts'
import type { CatalogStore } from '../port.ts'

const testReport = (state: 'uploading' | 'running' = 'uploading') => ({ ...newReport('goods.csv', 'eu'), state })

export function importTests(newStore: () => Promise<CatalogStore>): void {
  test('parts arrive in any order, replace each other and count their bytes until the import starts', async () => {
    const store = await newStore()
    const report = testReport()
    await store.createImport(report)
    await store.putPart(report.id, 1, Buffer.from('world'))
    await store.putPart(report.id, 0, Buffer.from('hello'))
    const third = await store.putPart(report.id, 1, Buffer.from('you'))
    assert.ok(third)
    assert.equal(third.report.bytes, 8)
    assert.deepEqual(await store.partSizes(report.id), [
      { part: 0, bytes: 5 },
      { part: 1, bytes: 3 },
    ])
    assert.equal(Buffer.from((await store.part(report.id, 1)) ?? []).toString(), 'you')
    assert.equal(await store.part(report.id, 2), null)
    const running = await store.saveImport(
      { ...third, report: { ...third.report, state: 'running' } },
      third.revision,
      0,
    )
    assert.ok(running)
    assert.equal(await store.putPart(report.id, 2, Buffer.from('!')), null)
    assert.equal(await store.putPart(newId('import'), 0, Buffer.from('!')), null)
    await store.dropUpload(report.id)
    assert.deepEqual(await store.partSizes(report.id), [])
    assert.equal(await store.part(report.id, 0), null)
    assert.equal((await store.getImport(report.id))?.report.bytes, 8)
  })

  test('one driver at a time, and one whose lease was taken over cannot write', async () => {
    const store = await newStore()
    await store.createImport(testReport('uploading'))
    const report = testReport('running')
    await store.createImport(report)
    const claims = await Promise.all([store.claimImport(30), store.claimImport(30)])
    const [first, second] = claims.filter((one) => one !== null)
    assert.ok(first)
    assert.equal(first.report.id, report.id)
    assert.equal(second, undefined)
    const saved = await store.saveImport({ ...first, brokenLines: 3 }, first.revision, 0)
    assert.equal(saved?.brokenLines, 3)
    const other = await store.claimImport(30)
    assert.ok(other)
    assert.equal(other.brokenLines, 3)
    assert.equal(await store.saveImport({ ...first, brokenLines: 9 }, saved?.revision ?? 0, 30), null)
    assert.equal((await store.getImport(report.id))?.brokenLines, 3)
    const done = { ...other, report: { ...other.report, state: 'done' as const } }
    assert.ok(await store.saveImport(done, other.revision, 0))
    assert.equal(await store.claimImport(30), null)
  })

  test('a lease that is held on is nobody else’s, and one that ran out cannot be held by a driver that was replaced', async () => {
    const store = await newStore()
    await store.createImport(testReport('running'))
    const first = await store.claimImport(0)
    assert.ok(first)
    assert.equal(await store.holdImport(first.report.id, first.revision, 30), true)
    assert.equal(await store.claimImport(30), null)
    assert.equal(await store.holdImport(first.report.id, first.revision, 0), true)
    assert.ok(await store.claimImport(30))
    assert.equal(await store.holdImport(first.report.id, first.revision, 30), false)
  })

  test('imports are listed newest first', async () => {
    const store = await newStore()
    const reports = Array.from({ length: 4 }, () => testReport())
    for (const report of reports) await store.createImport(report)
    const ids = reports.map(({ id }) => id).reverse()
    const page = await store.listImports(null, 3)
    assert.deepEqual(
      page.map(({ report }) => report.id),
      ids.slice(0, 3),
    )
    const rest = await store.listImports(ids[2] ?? '', 3)
    assert.deepEqual(
      rest.map(({ report }) => report.id),
      ids.slice(3),
    )
  })

  test('rows of one handle come together, wherever they stand; noted twice they are noted once', async () => {
    const store = await newStore()
    const { id } = testReport()
    const run = (handle: string, row: number, rows = 1) => ({ handle, offset: row * 10, bytes: rows * 10, row, rows })
    const all = [run('cup', 2, 2), run('mug', 4), run('cup', 5)]
    assert.deepEqual(await store.addRows(id, all, 3), [])
    assert.deepEqual(await store.addRows(id, all, 3), [])
    assert.deepEqual(await store.addRows(id, [run('cup', 6), run('mug', 7)], 3), [run('cup', 6)])
    const groups = await store.rowGroups(id, 0, 10)
    assert.deepEqual(
      groups.map(({ handle, firstRow, runs }) => [handle, firstRow, runs.map(({ row }) => row)]),
      [
        ['cup', 2, [2, 5]],
        ['mug', 4, [4, 7]],
      ],
    )
    assert.deepEqual(
      (await store.rowGroups(id, 2, 10)).map(({ handle }) => handle),
      ['mug'],
    )
    await store.dropUpload(id)
    assert.deepEqual(await store.rowGroups(id, 0, 10), [])
  })

  test('rejections are one a row, in order', async () => {
    const store = await newStore()
    const { id } = testReport()
    const rejection = (row: number, reason = 'no') => ({ row, handle: 'cup', column: 'Title', reason })
    assert.equal(await store.reject(id, [rejection(10), rejection(9)]), 2)
    assert.equal(await store.reject(id, [rejection(10, 'still no'), rejection(2)]), 1)
    assert.equal(await store.countRejections(id), 3)
    assert.deepEqual(
      (await store.rejections(id, 0, 2)).map(({ row }) => row),
      [2, 9],
    )
    assert.deepEqual(await store.rejections(id, 9, 2), [rejection(10, 'still no')])
  })

  test('an upload that nobody finished is dropped after a while, and says so', async () => {
    const store = await newStore()
    const report = testReport()
    await store.createImport(report)
    await store.putPart(report.id, 0, Buffer.from('Handle'))
    await store.purge('2000-01-01T00:00:00Z')
    assert.equal((await store.getImport(report.id))?.report.state, 'uploading')
    await store.purge(new Date(Date.now() + 1_000).toISOString())
    assert.equal((await store.getImport(report.id))?.report.state, 'failed')
    assert.equal(await store.part(report.id, 0), null)
  })
}
