import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import pg from 'pg'
import { cart as contract } from '#contracts/cart'
import { ok } from '#kernel/contract'
import { type Database, openDatabase } from '#kernel/database'
import { type Api, apiAt } from '../../test/api.ts'
import { forgetLeft, tellAbandoned } from './left-carts.ts'
import { gatheredCarts } from './store.ts'
import { berlin, type CartShop, startCartShop } from './test-shop.ts'

suite('cart and its neighbors', () => {
  let shop: CartShop
  let api: Api
  let database: pg.Client
  before(async () => {
    shop = await startCartShop('plain')
    api = apiAt(shop.host.url ?? '')
    database = new pg.Client({ connectionString: shop.host.databaseUrl })
    await database.connect()
  })
  after(async () => {
    await database.end()
    await shop.host.stop()
  })

  test('each neighbor is asked once, however many lines there are', async () => {
    const variants = await Promise.all(Array.from({ length: 40 }, () => shop.sell({ grams: 10 })))
    const [last, ...others] = variants
    const goods = { 'catalog.sellable': 1, 'inventory.availability': 1, 'pricing.quote': 1 }
    const once = { ...goods, 'shipping.methods': 1 }
    shop.calls()
    const { status, body: cart } = await api('POST', '/api/carts', {
      lines: others.map((variantId) => ({ variantId, quantity: 1 })),
      email: 'ada@example.com',
    })
    assert.equal(status, 201)
    assert.deepEqual(shop.calls(), { ...goods, 'pricing.markets': 1 })
    const path = `/api/carts/${cart.id}`
    await api('PATCH', path, { shippingAddress: berlin })
    assert.deepEqual(shop.calls(), { ...once, 'pricing.markets': 1 })
    await api('POST', '/api/carts', { lines: [{ variantId: last, quantity: 1 }], shippingAddress: berlin })
    assert.deepEqual(shop.calls(), { ...once, 'pricing.markets': 1 })
    const requests: [string, () => Promise<unknown>][] = [
      ['read', () => api('GET', path)],
      ['add', () => api('POST', `${path}/lines`, { variantId: last, quantity: 1 })],
      ['set', () => api('PATCH', `${path}/lines/${cart.lines[0].id}`, { quantity: 2 })],
      ['take out', () => api('DELETE', `${path}/lines/${cart.lines[0].id}`)],
      ['methods', () => api('GET', `${path}/shipping-methods`)],
      ['snapshot', () => shop.host.client(contract).snapshot({ cartId: cart.id })],
    ]
    for (const [what, request] of requests) {
      await request()
      assert.deepEqual(shop.calls(), once, what)
    }
  })

  const left = async (body: Record<string, unknown>, days: number): Promise<string> => {
    const { body: cart } = await api('POST', '/api/carts', body)
    const ago = `${days} days 1 minute`
    await database.query(
      'update cart.carts set created_at = now() - $2::interval, updated_at = now() - $2::interval where id = $1',
      [cart.id, ago],
    )
    return cart.id
  }
  const asService = async <V>(work: (db: Database) => Promise<V>): Promise<V> => {
    const db = openDatabase({
      service: 'cart',
      url: shop.host.databaseUrl,
      connections: 4,
      subscribersOf: () => ['listener'],
    })
    try {
      return await work(db)
    } finally {
      await db.destroy()
    }
  }

  test('a cart that is ordered while it is being changed is not changed', async () => {
    const { body: cart } = await api('POST', '/api/carts', { email: 'ada@example.com' })
    await asService(async (db) => {
      const carts = gatheredCarts(db)
      const seen = await carts.read(cart.id)
      assert.ok(seen)
      await shop.placeOrder(cart.id, 'order_3')
      assert.equal(await carts.update({ ...seen, email: null, couponCodes: ['LATE'] }, ok), null)
      assert.partialDeepStrictEqual(await carts.read(cart.id), { couponCodes: [], orderId: 'order_3', version: 1 })
    })
  })

  test('a cart that was left for a day is told of once, by a name that opens nothing', async () => {
    const variantId = await shop.sell()
    const goods = { lines: [{ variantId, quantity: 3 }], email: 'ada@example.com' }
    const abandoned = await left(goods, 1)
    await left({ lines: goods.lines }, 1)
    await left({ email: goods.email }, 1)
    await left(goods, 0)
    const ordered = await left(goods, 1)
    await shop.placeOrder(ordered, 'order_1')
    const { rows } = await database.query('select row_id from cart.carts where id = $1', [abandoned])
    // Two copies at once, and again.
    const told = await asService((db) => Promise.all([tellAbandoned(db), tellAbandoned(db)]))
    assert.equal(told[0] + told[1], 1)
    assert.equal(await asService(tellAbandoned), 0)
    await shop.host.settle()
    assert.deepEqual(shop.abandoned, [{ subject: rows[0].row_id, lines: 1 }])
    await api('PATCH', `/api/carts/${abandoned}`, { email: 'eve@example.com' })
    await database.query(`update cart.carts set updated_at = now() - interval '2 days' where id = $1`, [abandoned])
    assert.equal(await asService(tellAbandoned), 0)
  })

  test('a cart that was left for 30 days is forgotten, but for one that was ordered', async () => {
    const email = 'canary-left@example.com'
    const [forgotten, ordered, young, touched] = [
      await left({ email }, 30),
      await left({ email }, 30),
      await left({ email }, 29),
      await left({ email }, 30),
    ]
    await shop.placeOrder(ordered, 'order_2')
    await api('PATCH', `/api/carts/${touched}`, { email: 'back@example.com' })
    await database.query(`update cart.carts set updated_at = now() - interval '60 days' where id = $1`, [ordered])
    assert.equal(await asService(forgetLeft), 1)
    const statuses = await Promise.all(
      [forgotten, ordered, young, touched].map(async (id) => (await api('GET', `/api/carts/${id}`)).status),
    )
    assert.deepEqual(statuses, [404, 200, 200, 200])
  })

  test('the statements of a shopper and of the jobs use indexes', async () => {
    await database.query(`
      insert into cart.carts (id, market, lines, email)
      select 'cart_' || n, 'eu', '[]', n || '@example.com' from generate_series(1, 5000) n`)
    await database.query('analyze cart.carts')
    const plan = async (query: string): Promise<string> =>
      (await database.query(`explain ${query}`)).rows.map((row) => row['QUERY PLAN']).join('\n')
    assert.match(await plan(`select * from cart.carts where id = 'cart_1'`), /Index Scan using carts_pkey/)
    const due = `order_id is null and created_at < now() - interval '30 days'`
    assert.match(await plan(`select id from cart.carts where ${due} order by created_at limit 500`), /carts_left/)
    assert.match(
      await plan(`select id from cart.carts where ${due} and abandoned_at is null and email is not null`),
      /carts_to_remind/,
    )
  })
})
