import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { startEmbeddedPostgres } from '#kernel/embedded-postgres'
import { berlin, sell } from './goods.ts'
import { noSignals, signalPostgres } from './postgres-signals.ts'
import { startShop, type TestShop } from './shop.ts'

/** A PostgreSQL that can be stopped in the middle of everything: its processes sleep, its connections stay open. */
async function startPausable() {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-silence-'))
  const postgres = await startEmbeddedPostgres({ dataFolder: folder, settings: { fsync: 'off' } })
  const url = new URL(postgres.url)
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query('create database silent')
  await client.end()
  url.pathname = '/silent'
  const { pid: postmaster } = JSON.parse(await readFile(join(folder, 'postgres.json'), 'utf8')) as { pid: number }
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): Promise<void> => signalPostgres(postmaster, name)
  return {
    url: url.href,
    silence: () => signal('SIGSTOP'),
    wake: () => signal('SIGCONT'),
    async stop() {
      await signal('SIGCONT')
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type Answer = { readonly status: number; readonly tookMs: number }

async function ask(shop: TestShop, path: string): Promise<Answer> {
  const since = performance.now()
  const answer = await fetch(shop.url + path)
  await answer.arrayBuffer()
  return { status: answer.status, tookMs: performance.now() - since }
}

/** Three requests sell. @returns the order's state, or the status that it was refused with */
async function buyOne(shop: TestShop, variantId: string): Promise<string | number> {
  const lines = [{ variantId, quantity: 1 }]
  const cart = await shop.api('POST', '/api/carts', { lines, email: 'ada@example.com', shippingAddress: berlin })
  if (cart.status !== 201) return cart.status
  const payment = { provider: 'sandbox', token: 'tok_ok' }
  const placed = await shop.api('POST', `/api/carts/${cart.body.id}/checkout`, { payment })
  return placed.status === 201 ? placed.body.order.status : placed.status
}

test('a database that falls silent: everybody is told so at once, nobody is stuck, and it sells again when it wakes', {
  skip: noSignals,
}, async (t) => {
  const postgres = await startPausable()
  t.after(() => postgres.stop())
  const shop = await startShop('one', { environment: { DATABASE_URL: postgres.url } })
  t.after(() => shop.stop())
  const { variantId } = await sell(shop, { handle: 'mug', onHand: 100 })
  assert.equal(await buyOne(shop, variantId), 'placed')

  await postgres.silence()
  // More than all connections of the pool, and all of them wait for an answer.
  const caught = Array.from({ length: 20 }, () => ask(shop, '/api/products?limit=24'))
  await pause(9_000)
  const told = await Promise.all(Array.from({ length: 20 }, () => ask(shop, '/api/products?limit=24')))
  assert.deepEqual(new Set(told.map(({ status }) => status)), new Set([503]))
  const slowest = Math.max(...told.map(({ tookMs }) => tookMs))
  assert.ok(slowest < 2_000, `${slowest} ms`)
  assert.equal((await ask(shop, '/health/live')).status, 200)
  assert.equal((await ask(shop, '/health/ready')).status, 503)
  assert.ok((await Promise.all(caught)).every(({ status, tookMs }) => status === 503 && tookMs < 20_000))

  await postgres.wake()
  const deadline = Date.now() + 30_000
  while ((await ask(shop, '/health/ready')).status !== 200 && Date.now() < deadline) await pause(100)
  const bought = await Promise.all(Array.from({ length: 12 }, () => buyOne(shop, variantId)))
  assert.deepEqual(new Set(bought), new Set(['placed']))
})
