import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import pg from 'pg'
import { checkInvariants } from '../cli/verify.ts'
import { type TestDatabase, testDatabase } from './database.ts'
import { buy, eventually, levels, sell } from './goods.ts'
import { startTestPostgres } from './postgres.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

// A shop on one PostgreSQL, of which payments and then orders go to another server, by the steps of docs/databases.md.

const program = join(import.meta.dirname, '..', 'cli', 'stoa.ts')
type Variables = Readonly<Record<string, string>>

/** Runs a command as the shop's operator. */
const stoa = (variables: Variables, ...parameters: string[]): Promise<{ status: number; said: string }> =>
  promisify(execFile)(process.execPath, [program, ...parameters], {
    env: { PATH: process.env.PATH ?? '', STOA_DEMO: 'off', STOA_LOG: 'silent', ...variables },
  }).then(
    ({ stdout }) => ({ status: 0, said: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      status: error.code,
      said: error.stdout + error.stderr,
    }),
  )

async function rows(url: string, text: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client.query(text, values).then(
    (result) => client.end().then(() => result.rows),
    (error) => client.end().then(() => Promise.reject(error)),
  )
}

const schemasOf = async (url: string, service: string): Promise<string[]> =>
  (await rows(url, 'select nspname from pg_namespace where starts_with(nspname, $1) order by 1', [service])).map(
    ({ nspname }) => nspname,
  )
const broken = async (shop: TestShop) =>
  (await checkInvariants(shop.client, shop.databases)).flatMap(({ violations }) => violations)

for (const shape of shapes) {
  describe(`payments and orders move to another server in the shape "${shape}"`, () => {
    let there: TestDatabase
    let other: Awaited<ReturnType<typeof startTestPostgres>>
    let folder: string
    let variables: Variables
    const apart = (service: string): Variables => ({ [`STOA_${service.toUpperCase()}_DATABASE_URL`]: other.url })
    /** A shop that keeps its data when it stops. */
    const open = async (t: TestContext, more: Variables = {}): Promise<TestShop> => {
      const shop = await startShop(shape, { environment: { ...variables, ...more } })
      t.after(() => shop.stop())
      return shop
    }
    before(async () => {
      ;[there, other, folder] = await Promise.all([
        testDatabase(),
        startTestPostgres(),
        mkdtemp(join(tmpdir(), 'stoa-move-')),
      ])
      variables = { DATABASE_URL: there.url, STOA_DATA: folder }
    })
    after(async () => {
      await there?.drop()
      await other?.stop()
      await rm(folder, { recursive: true, force: true })
    })

    test('every row comes over and is the same, what was sold is sold, and the shop goes on', async (t) => {
      const first = await open(t)
      const goods = await sell(first, { handle: 'moving-mug', onHand: 9 })
      const { checkout } = await buy(first, goods.variantId, { quantity: 2 })
      assert.equal(checkout.body.order.status, 'placed', JSON.stringify(checkout.body))
      const { id, number, token } = checkout.body.order
      const sent = await buy(first, goods.variantId)
      await eventually({ onHand: 9, reserved: 0, allocated: 3 }, () => levels(first, goods.variantId))
      const fulfillments = `/api/admin/orders/${sent.checkout.body.order.id}/fulfillments`
      const shipped = await first.api('POST', fulfillments, {}, { token: first.staffToken })
      assert.equal(shipped.body.status, 'fulfilled', JSON.stringify(shipped.body))
      await eventually({ onHand: 8, reserved: 0, allocated: 2 }, () => levels(first, goods.variantId))
      await eventually([], () => broken(first))
      const running = await stoa({ ...variables, ...apart('payments') }, 'move', 'payments')
      assert.equal(running.status, 1)
      assert.match(running.said, /^stoa: payments has \d+ connections to .*: stop its copies first\.\n$/)
      await first.stop()

      const paid = await stoa({ ...variables, ...apart('payments') }, 'move', 'payments')
      assert.equal(paid.status, 0, paid.said)
      assert.match(paid.said, /copied and compared ledger_entries: 2 rows\n/)
      const between = await open(t, apart('payments'))
      const second = await buy(between, goods.variantId)
      assert.equal(second.checkout.body.order.status, 'placed', JSON.stringify(second.checkout.body))
      await eventually([], () => broken(between))
      await between.stop()

      const both = { ...apart('payments'), ...apart('orders') }
      const before = await rows(there.url, 'select to_jsonb(o) as one from orders.orders o order by id')
      const history = await rows(there.url, 'select max(id)::int as last from orders.order_history')
      const ordered = await stoa({ ...variables, ...both }, 'move', 'orders')
      assert.equal(ordered.status, 0, ordered.said)
      assert.match(ordered.said, /copied and compared orders: 3 rows\n/)
      assert.deepEqual(await schemasOf(there.url, 'orders'), ['orders_moved'])
      assert.deepEqual(await schemasOf(other.url, 'orders'), ['orders'])
      assert.deepEqual(await rows(other.url, 'select to_jsonb(o) as one from orders.orders o order by id'), before)

      const shop = await open(t, both)
      const read = await shop.api('GET', `/api/orders/${id}?token=${token}`)
      assert.deepEqual([read.status, read.body.number, read.body.status], [200, number, 'placed'])
      const third = await buy(shop, goods.variantId)
      assert.equal(third.checkout.body.order.status, 'placed', JSON.stringify(third.checkout.body))
      // Numbers go on from where they were, in the order and in its history.
      const numberOf = ({ checkout }: typeof second): number => Number(checkout.body.order.number.replace(/\D/g, ''))
      assert.equal(numberOf(third), numberOf(second) + 1)
      const [{ first: next }] = await rows(
        other.url,
        'select min(id)::int as first from orders.order_history where order_id = $1',
        [third.checkout.body.order.id],
      )
      assert.ok(next > history[0].last)
      const refunded = await shop.api(
        'POST',
        `/api/admin/orders/${id}/cancel`,
        { reason: 'Changed their mind' },
        { token: shop.staffToken },
      )
      assert.equal(refunded.body.status, 'canceled', JSON.stringify(refunded.body))
      await eventually({ onHand: 8, reserved: 0, allocated: 2 }, () => levels(shop, goods.variantId))
      await eventually([], () => broken(shop))
      await shop.stop()
      const verified = await stoa({ ...variables, ...both }, 'verify')
      assert.equal(verified.status, 0, verified.said)
    })

    test('who starts it without the new address is told so, and nothing begins anew', async () => {
      const migrated = await stoa({ ...variables, ...apart('payments') }, 'migrate')
      assert.equal(migrated.status, 1)
      assert.equal(
        migrated.said,
        'stoa: The rows of orders were here and are in a database of their own now: name it with STOA_ORDERS_DATABASE_URL.\n',
      )
      assert.deepEqual(await schemasOf(there.url, 'orders'), ['orders_moved'])
      const again = await stoa({ ...variables, ...apart('orders') }, 'move', 'orders')
      assert.equal(again.status, 1)
      assert.match(again.said, /has no rows of orders: nothing is to be moved/)
    })
  })
}

describe('a move that cannot be', () => {
  let there: TestDatabase
  let own: TestDatabase
  let folder: string
  let variables: Variables
  before(async () => {
    ;[there, own, folder] = await Promise.all([testDatabase(), testDatabase(), mkdtemp(join(tmpdir(), 'stoa-move-'))])
    variables = { DATABASE_URL: there.url, STOA_DATA: folder }
    assert.equal((await stoa(variables, 'migrate')).status, 0)
  })
  after(async () => {
    await there?.drop()
    await own?.drop()
    await rm(folder, { recursive: true, force: true })
  })
  const move = (service: string, url: string) =>
    stoa({ ...variables, STOA_ORDERS_DATABASE_URL: url, STOA_CART_DATABASE_URL: url }, 'move', service)

  test('is told why, and leaves the rows where they are', async () => {
    assert.match(
      (await move('shipping', own.url)).said,
      /stoa move takes one of identity, search, .*, and not "shipping"/,
    )
    assert.match((await move('pricing', own.url)).said, /with STOA_PRICING_DATABASE_URL/)
    const same = new URL(there.url)
    same.searchParams.set('application_name', 'another-way')
    assert.match((await move('orders', same.href)).said, /Both addresses lead to the same database/)
    await rows(own.url, 'create schema orders')
    assert.match((await move('orders', own.url)).said, /has a schema orders already/)
    await rows(own.url, 'drop schema orders')
    assert.deepEqual(await schemasOf(there.url, 'orders'), ['orders'])
  })

  test('waits for no one who writes, and leaves what it was', async () => {
    const writer = new pg.Client({ connectionString: there.url })
    await writer.connect()
    await writer.query('begin; lock table orders.order_history in row exclusive mode')
    const failed = await move('orders', own.url)
    await writer.end()
    assert.equal(failed.said, 'stoa: Somebody is writing rows of orders: nothing was moved.\n')
    assert.deepEqual(await schemasOf(there.url, 'orders'), ['orders'])
  })

  test('may fail on its way and be done again, and until then the service does not start with half of its rows', async () => {
    // What a row of the new database refuses: as if the disk had been full.
    await rows(
      there.url,
      `insert into orders.idempotency_keys (scope, key, fingerprint, lease_until) values ('s', 'k', 'f', now())`,
    )
    // More months than a new shop has.
    await rows(there.url, 'select orders.make_months(8)')
    await rows(there.url, `alter table orders.idempotency_keys add column foreign_to_it int default 1`)
    const failed = await move('orders', own.url)
    assert.equal(failed.status, 1)
    assert.deepEqual(await schemasOf(there.url, 'orders'), ['orders'])
    assert.deepEqual(await rows(own.url, 'select 1 from orders.idempotency_keys'), [])
    const started = await stoa({ ...variables, STOA_ORDERS_DATABASE_URL: own.url }, 'migrate')
    assert.match(started.said, /move them to its own with "stoa move orders"/)
    await rows(there.url, `alter table orders.idempotency_keys drop column foreign_to_it`)
    const done = await move('orders', own.url)
    assert.equal(done.status, 0, done.said)
    const moved = async () => {
      assert.deepEqual(await rows(own.url, 'select key from orders.idempotency_keys'), [{ key: 'k' }])
      assert.equal((await stoa({ ...variables, STOA_ORDERS_DATABASE_URL: own.url }, 'migrate')).status, 0)
    }
    await moved()
    // As if it had been killed before its last step.
    await rows(own.url, `comment on schema orders is 'stoa move: not all of it is here'`)
    assert.equal((await stoa({ ...variables, STOA_ORDERS_DATABASE_URL: own.url }, 'migrate')).status, 1)
    assert.equal((await move('orders', own.url)).status, 0)
    await moved()
    assert.deepEqual(await schemasOf(there.url, 'orders'), ['orders_moved'])
  })

  test('the months that rows lie in come with them', async () => {
    const parts = (schema: string) => `
      select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where c.relnamespace = '${schema}'::regnamespace and c.relkind = 'r' order by 1`
    const moved = await rows(own.url, parts('orders'))
    // Of two tables: six months from the one on that comes in three, what was before, and what is beyond.
    assert.equal(moved.length, 16, JSON.stringify(moved))
    assert.deepEqual(moved, await rows(there.url, parts('orders_moved')))
    // Closed for the service, as they were: what it writes goes through the table.
    assert.deepEqual(
      await rows(
        own.url,
        `select grantee from information_schema.role_table_grants where table_schema = 'orders' and table_name = 'order_lines_before' and grantee <> current_user`,
      ),
      [],
    )
  })
})
