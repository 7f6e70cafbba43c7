import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { testDatabase } from './database.ts'

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
}

test('each asker gets a database of its own, at the same time too', async () => {
  const databases = await Promise.all(Array.from({ length: 4 }, () => testDatabase()))
  const names = await Promise.all(
    databases.map(async ({ url }) => {
      const client = await connect(url)
      await client.query('create table mine ()')
      const { rows } = await client.query('select current_database() as name')
      await client.end()
      return rows[0].name
    }),
  )
  assert.equal(new Set(names).size, 4)
  await Promise.all(databases.map(({ drop }) => drop()))
})

test('a dropped database is gone, with whoever was connected', async () => {
  const { url, drop } = await testDatabase()
  const client = await connect(url)
  const codes: unknown[] = []
  client.on('error', (error) => codes.push((error as { code?: string }).code))
  const ended = new Promise((resolve) => client.once('end', resolve))
  await drop()
  await ended
  assert.equal(codes[0], '57P01') // admin_shutdown
  await assert.rejects(connect(url), { code: '3D000' }) // invalid_catalog_name
  await drop()
})
