import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { migrate } from '#kernel/migrate'
import { testDatabase } from '../test/database.ts'
import { oneDatabase } from './database-address.ts'

test('copies that start at once migrate one after the other, also where an index is made concurrently', async (t) => {
  const database = await testDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'stoa-migrations-'))
  t.after(async () => {
    await database.drop()
    await rm(folder, { recursive: true })
  })
  await writeFile(join(folder, '0001-things.sql'), 'create table things (name text)')
  await writeFile(
    join(folder, '0002-index.sql'),
    '-- no transaction\ncreate index concurrently things_by_name on things (name)',
  )
  const services = [{ service: 'things', folder }]
  const applied = await Promise.all(
    Array.from({ length: 4 }, () =>
      migrate({ databases: oneDatabase(database.url), secret: 'a secret for tests', services }),
    ),
  )
  const names = applied.flat().filter((name) => name.startsWith('things/0'))
  assert.deepEqual(names, ['things/0001-things.sql', 'things/0002-index.sql'])
})
