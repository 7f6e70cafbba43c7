import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { open } from 'lmdb'
import { type Environment, openEnvironment } from './lmdb-environment.ts'

let folder: string
let environment: Environment
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stoa-lmdb-'))
  environment = openEnvironment(folder)
})
after(async () => {
  await environment.close()
  await rm(folder, { recursive: true })
})

test('a work that fails leaves nothing behind, and takes nobody along that shares its transaction', async () => {
  const table = environment.table<number>('others', 'ordered-binary')
  const outcomes = await Promise.allSettled([
    environment.write(() => table.putSync('a', 1)),
    environment.write(() => {
      table.putSync('b', 1)
      throw new Error('faulty')
    }),
    environment.write(() => table.putSync('c', 1)),
  ])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.deepEqual([...table.getKeys()], ['a', 'c'])
})

test('closing waits for what was asked for', async () => {
  const other = openEnvironment(join(folder, 'other'))
  const table = other.table<number>('numbers', 'ordered-binary')
  const write = other.write(() => table.putSync(1, 1))
  await other.close()
  await write
  const again = openEnvironment(join(folder, 'other'))
  assert.equal(again.table<number>('numbers', 'ordered-binary').get(1), 1)
  await again.close()
})

test('documents take less room than their text, and those that were written as they are are read', async () => {
  const place = join(folder, 'documents')
  const document = (n: number) => ({
    id: n,
    text: Array.from({ length: 300 }, (_, word) => `wörd ${word * n}`).join(' '),
  })
  const plain = open({ path: place, noSubdir: false, maxDbs: 40 })
  plain.openDB('products', { encoding: 'json' }).putSync('before', document(1))
  await plain.close()
  const other = openEnvironment(place)
  try {
    const table = other.table<unknown>('products', 'json')
    assert.deepEqual(table.get('before'), document(1))
    const ids = Array.from({ length: 500 }, (_, n) => n)
    await other.write(() => {
      for (const n of ids) table.putSync(n, document(n))
    })
    assert.deepEqual(
      [...table.getRange({ start: 0, end: 500 })].map(({ value }) => value),
      ids.map(document),
    )
    const text = ids.reduce((sum, n) => sum + Buffer.byteLength(JSON.stringify(document(n))), 0)
    const { size } = await stat(join(place, 'data.mdb'))
    assert.ok(size < 0.8 * text, `${size} bytes for ${text}`)
  } finally {
    await other.close()
  }
})
