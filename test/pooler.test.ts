import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { serviceCall, withCall } from '#kernel/call'
import { inTransaction, openDatabase, sql } from '#kernel/database'
import { oneDatabase } from '#kernel/database-address'
import { migrate, serviceUrl } from '#kernel/migrate'
import { checkInvariants } from '../cli/verify.ts'
import { testDatabase } from './database.ts'
import { buy, eventually, levels, sell } from './goods.ts'
import { noPgBouncer, startPgBouncer, type TestPgBouncer } from './pgbouncer.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

const skip = noPgBouncer

for (const shape of shapes) {
  describe(`behind PgBouncer in transaction mode, in the shape "${shape}"`, { skip }, () => {
    let shop: TestShop
    let pooler: TestPgBouncer
    let direct: Awaited<ReturnType<typeof testDatabase>>
    before(async () => {
      direct = await testDatabase()
      pooler = await startPgBouncer(direct.url)
      shop = await startShop(shape, { environment: { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: direct.url } })
    })
    after(async () => {
      await shop?.stop()
      await pooler?.stop()
      await direct?.drop()
    })

    test('it sells, and two connections a role carry what ten would', async () => {
      const goods = await sell(shop, { handle: 'pooled-mug', onHand: 7 })
      const outcomes = await Promise.all(Array.from({ length: 60 }, () => buy(shop, goods.variantId)))
      const told = Map.groupBy(outcomes, ({ checkout }) =>
        checkout.status === 201 ? checkout.body.order.status : checkout.body.type,
      )
      assert.deepEqual(Object.fromEntries([...told].map(([verdict, group]) => [verdict, group.length])), {
        placed: 7,
        '/problems/inventory/insufficient-stock': 53,
      })
      await eventually({ onHand: 7, reserved: 0, allocated: 7 }, () => levels(shop, goods.variantId))
      const pools = await pooler.show('pools')
      const orders = pools.find(({ user }) => String(user).endsWith('_orders'))
      assert.ok(Number(orders?.cl_active) + Number(orders?.cl_waiting) > 2, JSON.stringify(orders))
      assert.ok(
        Number(orders?.sv_active) + Number(orders?.sv_idle) + Number(orders?.sv_used) <= 2,
        JSON.stringify(orders),
      )
    })

    test('the same key gives the same order, at the same moment and later', async () => {
      const goods = await sell(shop, { handle: 'pooled-twice', onHand: 5 })
      const cart = await shop.api('POST', '/api/carts', { lines: [{ variantId: goods.variantId, quantity: 1 }] })
      const key = randomUUID()
      const { checkout } = await buy(shop, goods.variantId, { key })
      assert.equal(checkout.status, 201, JSON.stringify(checkout.body))
      const again = await shop.api('GET', `/api/orders/${checkout.body.order.id}?token=${checkout.body.order.token}`)
      assert.equal(again.body.status, 'placed')
      const lines = `/api/carts/${cart.body.id}/lines`
      const line = { variantId: goods.variantId, quantity: 1 }
      const added = await Promise.all(
        Array.from({ length: 8 }, () => shop.api('POST', lines, line, { key: `add-${key}` })),
      )
      const kept = await shop.api('POST', lines, line, { key: `add-${key}` })
      for (const one of added)
        if (one.status !== 409) assert.deepEqual([one.status, one.body], [kept.status, kept.body])
      assert.equal(kept.body.lines[0].quantity, 2)
    })

    test('goods are found, and every invariant holds', async () => {
      await eventually(['pooled-mug'], async () => {
        const answer = await shop.api('GET', '/api/products?q=pooled-mug')
        return answer.body.items.map((item: { handle: string }) => item.handle)
      })
      const violations = async () =>
        (await checkInvariants(shop.client, shop.databases)).flatMap((check) => check.violations)
      await eventually([], violations)
    })
  })
}

describe('a session behind PgBouncer', { skip }, () => {
  let database: Awaited<ReturnType<typeof testDatabase>>
  let pooler: TestPgBouncer
  const secret = 'secret-of-this-test-file-alone'
  const services = [{ service: 'cart', folder: new URL('../services/cart/migrations', import.meta.url).pathname }]
  const databases = () => ({
    shared: { url: pooler.url, directUrl: database.url, replicaUrl: null },
    own: {},
  })
  before(async () => {
    database = await testDatabase()
    pooler = await startPgBouncer(database.url)
  })
  after(async () => {
    await pooler?.stop()
    await database?.drop()
  })

  test('migrations are refused through it, and nothing is made', async () => {
    await assert.rejects(migrate({ databases: oneDatabase(pooler.url), secret, services }), {
      code: 'database-pooled',
      message: /is reached through a pooler, .* DATABASE_DIRECT_URL\.$/,
    })
    const owner = new pg.Client({ connectionString: database.url })
    await owner.connect()
    const { rows } = await owner.query("select nspname from pg_namespace where nspname in ('stoa', 'cart')")
    await owner.end()
    assert.deepEqual(rows, [])
  })

  test('has the schema, the zone and the limits of its role, and plans a statement once', async (t) => {
    await migrate({ databases: databases(), secret, services })
    const db = openDatabase({
      service: 'cart',
      url: serviceUrl(pooler.url, secret, 'cart'),
      isPooled: true,
      connections: 4,
    })
    t.after(() => db.destroy())
    const settings = sql<Record<string, string>>`
      select current_schema() as schema, current_setting('TimeZone') as zone,
        current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        current_setting('idle_in_transaction_session_timeout') as idle`
    const usual = { schema: 'cart', zone: 'UTC', statement: '10s', lock: '4s', idle: '10s' }
    const asked = await Promise.all(Array.from({ length: 12 }, () => settings.execute(db)))
    for (const { rows } of asked) assert.deepEqual(rows, [usual])
    // A shorter time of one transaction is over with it.
    const call = serviceCall('cart', { timeoutMs: 3_000, importance: 'checkout' })
    const within = await withCall(call, () => inTransaction(db, (tx) => settings.execute(tx)))
    assert.notEqual(within.rows[0]?.statement, '10s')
    for (let turn = 0; turn < 4; turn++) assert.deepEqual((await settings.execute(db)).rows, [usual])
    // Connections of the pooler change hands between statements: what one prepared, another runs.
    const counted = await Promise.all(
      Array.from({ length: 40 }, (_, n) => sql<{ n: number }>`select ${n}::int as n`.execute(db)),
    )
    assert.deepEqual(
      counted.map(({ rows }) => rows[0]?.n),
      Array.from({ length: 40 }, (_, n) => n),
    )
    await pooler.reconnect()
    assert.deepEqual((await sql<{ n: number }>`select ${41}::int as n`.execute(db)).rows, [{ n: 41 }])
  })
})
