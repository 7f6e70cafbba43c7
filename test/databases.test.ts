import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { type Databases, databaseOf, oneDatabase } from '#kernel/database-address'
import { checkInvariants } from '../cli/verify.ts'
import { type TestDatabase, testDatabase } from './database.ts'
import { buy, eventually, levels, sell } from './goods.ts'
import { startTestHost } from './host.ts'
import { notes, notesServices } from './notes.ts'
import { startTestPostgres } from './postgres.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

/** Runs one statement in a database, as its owner. */
async function rows(url: string, text: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client.query(text, values).then(
    (result) => client.end().then(() => result.rows),
    (error) => client.end().then(() => Promise.reject(error)),
  )
}

const ours = [
  'cart',
  'identity',
  'inventory',
  'notifications',
  'orders',
  'payments',
  'pricing',
  'sandbox_provider',
  'search',
]
const schemasIn = async (url: string): Promise<string[]> =>
  (await rows(url, 'select nspname from pg_namespace where nspname = any($1) order by 1', [ours])).map(
    (row) => row.nspname,
  )

const broken = async (shop: TestShop, databases: Databases = shop.databases) =>
  (await checkInvariants(shop.client, databases)).flatMap(({ violations }) => violations)

/** Everything that one order moves: sold, shipped, paid back in part, and another one canceled. */
async function tradeOn(shop: TestShop): Promise<{ orderId: string }> {
  const goods = await sell(shop, { handle: 'apart-mug', onHand: 5 })
  const { checkout } = await buy(shop, goods.variantId, { quantity: 2 })
  assert.equal(checkout.status, 201, JSON.stringify(checkout.body))
  assert.equal(checkout.body.order.status, 'placed')
  const staff = { token: shop.staffToken }
  await eventually({ onHand: 5, reserved: 0, allocated: 2 }, () => levels(shop, goods.variantId))
  const { id } = checkout.body.order
  const sent = await shop.api('POST', `/api/admin/orders/${id}/fulfillments`, {}, staff)
  assert.equal(sent.body.status, 'fulfilled', JSON.stringify(sent.body))
  const refund = { amount: { amount: 500, currency: 'EUR' }, reason: 'A scratch' }
  const refunded = await shop.api('POST', `/api/admin/orders/${id}/refunds`, refund, staff)
  assert.equal(refunded.status, 201, JSON.stringify(refunded.body))
  const other = await buy(shop, goods.variantId)
  await eventually({ onHand: 3, reserved: 0, allocated: 1 }, () => levels(shop, goods.variantId))
  const canceled = await shop.api(
    'POST',
    `/api/admin/orders/${other.checkout.body.order.id}/cancel`,
    { reason: 'Wrong address' },
    staff,
  )
  assert.equal(canceled.body.status, 'canceled', JSON.stringify(canceled.body))
  await eventually({ onHand: 3, reserved: 0, allocated: 0 }, () => levels(shop, goods.variantId))
  return { orderId: id }
}

for (const shape of shapes) {
  describe(`orders and payments have databases of their own in the shape "${shape}"`, () => {
    let shop: TestShop
    let orders: TestDatabase
    let payments: TestDatabase
    before(async () => {
      ;[orders, payments] = await Promise.all([testDatabase(), testDatabase()])
      shop = await startShop(shape, {
        environment: { STOA_ORDERS_DATABASE_URL: orders.url, STOA_PAYMENTS_DATABASE_URL: payments.url },
      })
    })
    after(async () => {
      await shop?.stop()
      await orders?.drop()
      await payments?.drop()
    })

    test('it sells, ships, gives back and cancels, each with its rows in its own database', async () => {
      const { orderId } = await tradeOn(shop)
      assert.deepEqual(await schemasIn(orders.url), ['orders'])
      assert.deepEqual(await schemasIn(payments.url), ['payments'])
      assert.deepEqual(
        await schemasIn(shop.databaseUrl),
        ours.filter((name) => name !== 'orders' && name !== 'payments'),
      )
      const [order] = await rows(orders.url, 'select state from orders.orders where id = $1', [orderId])
      assert.deepEqual(order, { state: 'fulfilled' })
    })

    test('every event is followed from one database to the other', async () => {
      await eventually([], () => broken(shop))
      const taken = await rows(
        shop.databaseUrl,
        `with taken as (delete from inventory.inbox where type = 'order.placed' returning event_id)
         select event_id as id from taken order by 1`,
      )
      assert.equal(taken.length, 2)
      assert.deepEqual(
        await broken(shop),
        taken.map(({ id }) => `orders event ${id} had no effect in inventory`),
      )
    })
  })
}

test('two servers of PostgreSQL are one shop', async (t) => {
  const other = await startTestPostgres()
  t.after(() => other.stop())
  const shop = await startShop('one', { environment: { STOA_ORDERS_DATABASE_URL: other.url } })
  t.after(() => shop.stop())
  await tradeOn(shop)
  assert.deepEqual(await schemasIn(other.url), ['orders'])
  assert.ok(!(await schemasIn(shop.databaseUrl)).includes('orders'))
  await eventually([], () => broken(shop))
})

test('a service whose rows are still in the database of all is not begun anew in its own', async (t) => {
  const { services } = await notesServices()
  const host = await startTestHost(services)
  t.after(() => host.stop())
  const own = await testDatabase()
  t.after(() => own.drop())
  const apart: Databases = {
    ...oneDatabase(host.databaseUrl),
    own: { notes: databaseOf(oneDatabase(own.url), 'notes') },
  }
  await assert.rejects(startTestHost(services, { databases: apart }), { code: 'database-left-behind' })
  assert.deepEqual(await rows(own.url, "select nspname from pg_namespace where nspname = 'notes'"), [])
  // As if they had been moved: nothing is left behind.
  await rows(host.databaseUrl, 'drop schema notes cascade')
  await rows(host.databaseUrl, "delete from stoa.migrations where service = 'notes'")
  const moved = await startTestHost(services, { databases: apart })
  await moved.stop()
  // A backup brings roles without passwords and settings.
  const role = `${new URL(own.url).pathname.slice(1)}_notes`
  await rows(own.url, `alter role ${role} nologin password null`)
  await rows(own.url, `alter role ${role} in database ${role.replace('_notes', '')} reset all`)
  const restored = await startTestHost(services, { databases: apart })
  t.after(() => restored.stop())
  assert.ok((await restored.client(notes).write({ text: 'Moved' })).ok)
  assert.deepEqual(await rows(own.url, 'select text from notes.notes'), [{ text: 'Moved' }])
})
