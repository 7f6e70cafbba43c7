import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { oneDatabase } from '#kernel/database-address'
import { newId } from '#kernel/id'
import { migrate, serviceUrl } from '#kernel/migrate'
import { type TestDatabase, testDatabase } from './database.ts'

const root = join(import.meta.dirname, '..')
const secret = 'secret-of-this-test-file-alone'

/** A TypeID of a moment, as `newId` makes it then. */
function idAt(at: string): string {
  const letters = '0123456789abcdefghjkmnpqrstvwxyz'
  let ms = BigInt(Date.parse(at))
  let time = ''
  for (let n = 0; n < 10; n++, ms >>= 5n) time = letters[Number(ms & 31n)] + time
  return `order_${time}${newId('order').slice(-16)}`
}

/** A folder with the migrations of `folder` up to the one that begins with `last`. */
async function upTo(folder: string, last: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'stoa-months-'))
  for (const name of await readdir(join(root, folder)))
    if (name.slice(0, 4) <= last) await cp(join(root, folder, name), join(copy, name))
  return copy
}

const insertOrder = `
  with made as (
    insert into orders (id, number, lease_until, expires_at, cart_id, cart_version, market, currency, tax_included, email, discounts,
      taxes, items, discount, shipping, tax, total, units)
    values ($1, $1, now(), now(), $1, 1, 'eu', 'EUR', true, 'ada@example.com', '[]', '[]', 1000, 0, 0, 0, 1000, 1) returning id),
  line as (
    insert into order_lines (order_id, id, position, variant_id, product_id, handle, title, variant_title, quantity, unit_price,
      subtotal, discount, tax, total, requires_shipping, tracked, backorder)
    select id, 'line_1', 1, 'v', 'p', 'h', 't', 'v', 1, 1000, 1000, 0, 0, 1000, true, true, false from made)
  insert into order_history (order_id, kind, detail, by) select id, 'placed', '', 'system' from made`

const insertBooking = `
  with moved as (
    insert into gift_card_movements (id, gift_card_id, kind, amount, reason, by) values (uuidv7($1::interval), 'gift', 'adjust', 5, 'r', 'b')
    returning id),
  booked as (
    insert into ledger_transactions (id, kind, movement_id) select uuidv7($1::interval), 'gift-card-adjust', id from moved returning id)
  insert into ledger_entries (transaction_id, account, currency, amount)
  select id, account, 'EUR', amount from booked, (values ('gift-cards-issued', 5), ('gift-cards', -5 + $2::int)) side (account, amount)
  returning transaction_id as id`

describe('a shop that was there before its tables were parted by month', () => {
  let database: TestDatabase
  const folders: string[] = []
  const clients: pg.Client[] = []
  const sources = (orders: string, payments: string) => [
    { service: 'orders', folder: orders },
    { service: 'payments', folder: payments },
  ]
  /** Signs in as the owner, or as a service. */
  async function connect(service: string, as: 'owner' | 'service'): Promise<pg.Client> {
    const url = as === 'owner' ? database.url : serviceUrl(database.url, secret, service)
    const client = new pg.Client({ connectionString: url, options: `-c search_path=${service},extensions` })
    await client.connect()
    clients.push(client)
    return client
  }
  const inPart = async (client: pg.Client, table: string, column: string, id: string): Promise<string[]> =>
    (await client.query(`select tableoid::regclass::text as part from ${table} where ${column} = $1`, [id])).rows.map(
      (row) => row.part,
    )
  before(async () => {
    database = await testDatabase()
    folders.push(
      await upTo('kernel/migrations', '0004'),
      await upTo('services/orders/migrations', '0003'),
      await upTo('services/payments/migrations', '0005'),
    )
    const [kernelFolder = '', orders = '', payments = ''] = folders
    await migrate({ databases: oneDatabase(database.url), secret, services: sources(orders, payments), kernelFolder })
  })
  after(async () => {
    await Promise.all(clients.map((client) => client.end()))
    for (const folder of folders) await rm(folder, { recursive: true })
    await database?.drop()
  })

  test('is brought over while it sells, with every row in its place', async () => {
    const [orders, payments] = [await connect('orders', 'service'), await connect('payments', 'service')]
    await payments.query("insert into ledger_accounts values ('gift-cards', 'EUR'), ('gift-cards-issued', 'EUR')")
    await payments.query(
      "insert into gift_cards (id, code_hash, last4, currency, amount, balance) values ('gift', 'x', 'AB12', 'EUR', 9, 9)",
    )
    const old = [newId('order'), newId('order')]
    for (const id of old) await orders.query(insertOrder, [id])
    const booked = (await payments.query(insertBooking, ['0', 0])).rows[0].id

    let done = false
    const sold: string[] = []
    const sell = async (at: pg.Client, till: pg.Client): Promise<void> => {
      do {
        const id = newId('order')
        await at.query({ name: 'sell', text: insertOrder, values: [id] })
        await till.query({ name: 'book', text: insertBooking, values: ['0', 0] })
        sold.push(id)
      } while (!done)
    }
    const desks = await Promise.all(
      Array.from(
        { length: 4 },
        async () => [await connect('orders', 'service'), await connect('payments', 'service')] as const,
      ),
    )
    const selling = Promise.all(desks.map(([at, till]) => sell(at, till)))
    const applied = await migrate({
      databases: oneDatabase(database.url),
      secret,
      services: sources(join(root, 'services/orders/migrations'), join(root, 'services/payments/migrations')),
    }).finally(() => {
      done = true
    })
    await selling
    assert.ok(applied.includes('orders/0006-months.sql') && applied.includes('payments/0008-months.sql'))
    for (const id of [...old, ...sold]) {
      assert.deepEqual(await inPart(orders, 'order_lines', 'order_id', id), ['order_lines_before'])
      assert.deepEqual(await inPart(orders, 'order_history', 'order_id', id), ['order_history_before'])
    }
    assert.deepEqual(await inPart(payments, 'ledger_entries', 'transaction_id', booked), [
      'ledger_entries_before',
      'ledger_entries_before',
    ])
    const { rows } = await orders.query(
      'select count(*)::int as rows, count(distinct id)::int as ids from order_history',
    )
    assert.deepEqual(rows, [{ rows: old.length + sold.length, ids: old.length + sold.length }])
  })

  test('puts each row into the month that its id begins with, to the millisecond', async () => {
    const orders = await connect('orders', 'service')
    const { rows } = await orders.query(
      `select name, first_month at time zone 'UTC' as first from monthly_tables where name = 'order_lines'`,
    )
    assert.equal(rows[0].name, 'order_lines')
    const first = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + 3))
    const next = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1))
    const month = (at: Date) => at.toISOString().slice(0, 7).replace('-', '_')
    const expected: [number, string][] = [
      [first.getTime() - 1, 'before'],
      [first.getTime(), month(first)],
      [next.getTime() - 1, month(first)],
      // Nobody has made it yet: no sale is lost for that.
      [next.getTime(), 'beyond'],
    ]
    for (const [at, part] of expected) {
      const id = idAt(new Date(at).toISOString())
      await orders.query(insertOrder, [id])
      assert.deepEqual(await inPart(orders, 'order_lines', 'order_id', id), [`order_lines_${part}`])
      assert.deepEqual(await inPart(orders, 'order_history', 'order_id', id), [`order_history_${part}`])
    }
    const payments = await connect('payments', 'service')
    const later = (await payments.query(insertBooking, [`${first.getTime() - Date.now() + 60_000} ms`, 0])).rows[0].id
    assert.deepEqual(
      await inPart(payments, 'ledger_entries', 'transaction_id', later),
      Array(2).fill(`ledger_entries_${month(first)}`),
    )
  })

  test('tells how far ahead there are months, and what lies beyond; many copies that make some at once make them once', async () => {
    const payments = await connect('payments', 'service')
    const ahead = async () => (await payments.query('select * from months_ahead()')).rows
    assert.deepEqual(await ahead(), [{ name: 'ledger_entries', months: 4, beyond: '0' }])
    const copies = await Promise.all(Array.from({ length: 6 }, () => connect('payments', 'service')))
    const made = await Promise.all(copies.map((copy) => copy.query('select make_months(8) as made')))
    assert.equal(
      made.reduce((sum, { rows }) => sum + rows[0].made, 0),
      5,
    )
    assert.deepEqual(await ahead(), [{ name: 'ledger_entries', months: 9, beyond: '0' }])
    const orders = await connect('orders', 'service')
    const { rows } = await orders.query('select name, months, beyond::int from months_ahead() order by name')
    assert.deepEqual(rows, [
      { name: 'order_history', months: 4, beyond: 1 },
      { name: 'order_lines', months: 4, beyond: 1 },
    ])
  })

  test('holds its rules in every month', async () => {
    const payments = await connect('payments', 'service')
    for (const shift of ['0', '120 days']) {
      await assert.rejects(payments.query(insertBooking, [shift, 1]), { code: '23514', message: /is off by 1 EUR/ })
      await payments.query(insertBooking, [shift, 0])
    }
    const nowhere = `insert into ledger_entries (transaction_id, account, currency, amount) values (uuidv7(interval '120 days'), 'gift-cards', 'EUR', 1)`
    await assert.rejects(payments.query(nowhere), { code: '23503' })
    const orders = await connect('orders', 'service')
    for (const [client, table] of [
      [payments, 'ledger_entries'],
      [orders, 'order_history'],
    ] as const) {
      for (const change of [`delete from ${table}`, `update ${table} set id = default`, `truncate ${table}`])
        await assert.rejects(client.query(change), { code: '23001' }, change)
      const { rows } = await client.query(
        'select inhrelid::regclass::text as part from pg_inherits where inhparent = $1::regclass',
        [table],
      )
      assert.ok(rows.length >= 3)
      for (const { part } of rows)
        for (const use of [`delete from ${part}`, `select from ${part}`])
          await assert.rejects(client.query(use), { code: '42501' }, use)
    }
    await assert.rejects(orders.query('create table mine (n int)'), { code: '42501' })
  })

  test('takes what came before its month was made into it', async () => {
    const orders = await connect('orders', 'service')
    const [early] = (
      await orders.query("select order_id as id from order_lines where tableoid = 'order_lines_beyond'::regclass")
    ).rows
    await orders.query('select make_months(6)')
    for (const table of ['order_lines', 'order_history']) {
      const [part = ''] = await inPart(orders, table, 'order_id', early.id)
      assert.match(part, new RegExp(`^${table}_\\d{4}_\\d\\d$`))
    }
    const { rows } = await orders.query('select sum(beyond)::int as beyond from months_ahead()')
    assert.deepEqual(rows, [{ beyond: 0 }])
  })

  test('looks for an order’s rows in its own month only', async () => {
    const orders = await connect('orders', 'owner')
    await orders.query('select make_months(11)')
    const id = idAt(new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + 3, 15)).toISOString())
    await orders.query(insertOrder, [id])
    await orders.query('set plan_cache_mode = force_generic_plan')
    const reads = [
      'select (select jsonb_agg(l) from order_lines l where l.order_id = o.id) from orders o where o.id = any($1::text[])',
      'select * from order_history where order_id = $1[1] order by id limit 9',
      `with sending as (select * from jsonb_to_recordset('[{"id": "line_1", "quantity": 0}]') as s (id text, quantity integer))
       update order_lines l set fulfilled = l.fulfilled + sending.quantity from sending where l.order_id = $1[1] and l.id = sending.id`,
    ]
    for (const [n, text] of reads.entries()) {
      await orders.query(`prepare pruned_${n}(text[]) as ${text}`)
      const { rows } = await orders.query(`explain (analyze, costs off, timing off) execute pruned_${n}('{${id}}')`)
      const touched = rows
        .map((row) => row['QUERY PLAN'] as string)
        .filter(
          (line) => /(Scan|Only Scan).* on (order_lines|order_history)_/.test(line) && !line.includes('never executed'),
        )
      assert.ok(touched.length === 1, `${text}\n${rows.map((row) => row['QUERY PLAN']).join('\n')}`)
    }
  })
})
