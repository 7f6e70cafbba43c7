import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
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
