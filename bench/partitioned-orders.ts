// What it would cost to part the table of orders by month: the statements of a checkout and of recovery on one table, and on one
// that is parted into as many months as the argument says. Rows are spread evenly, and all months but the last are settled.
// Usage: node bench/partitioned-orders.ts [months=120] [orders a month=2000]
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { oneDatabase } from '#kernel/database-address'
import { startEmbeddedPostgres } from '#kernel/embedded-postgres'
import { migrate } from '#kernel/migrate'
import { say } from '../cli/terminal.ts'

const [months = 120, aMonth = 2_000] = process.argv.slice(2).map(Number)
const rounds = 2_000

const folder = await mkdtemp(join(tmpdir(), 'stoa-bench-'))
const postgres = await startEmbeddedPostgres({ dataFolder: folder, settings: { fsync: 'off', max_wal_size: '4GB' } })
const ordersFolder = new URL('../services/orders/migrations', import.meta.url).pathname
await migrate({
  databases: oneDatabase(postgres.url),
  secret: 'a secret of a benchmark',
  services: [{ service: 'orders', folder: ordersFolder }],
})
const client = new pg.Client({ connectionString: postgres.url, options: '-c search_path=orders' })
await client.connect()

/** Ids in the order of time as TypeIDs are, of which only the order matters here: month, then number. */
const idOf = (month: string, n: string) => `'order_' || lpad((${month})::text, 4, '0') || lpad((${n})::text, 22, '0')`
const columns = `id, number, state, lease_until, look_at, expires_at, settled_at, placed_at, cart_id, cart_version, customer_id, market,
  currency, tax_included, email, discounts, taxes, items, discount, shipping, tax, total, units, created_at`
const row = (
  month: string,
  n: string,
) => `${idOf(month, n)}, ${month} || '-' || ${n}, 'placed', now(), null, now(), now(), now(),
  'cart_' || md5(${month} || '-' || ${n}), 1, 'cus_' || (${n} % 500), 'eu', 'EUR', true, 'ada@example.com', '[]', '[]',
  1000, 0, 0, 0, 1000, 1, timestamptz '2016-01-01' + ${month} * interval '30 days' + ${n} * interval '1 minute'`

await client.query(`
  create table parted (like orders including defaults) partition by range (id);
  alter table parted add primary key (id);
  create index on parted (cart_id) where state in ('placing', 'awaiting_payment', 'placed', 'fulfilled');
  create index on parted (key_scope, key) where key is not null and state = 'placing';
  create index on parted (look_at) where look_at is not null;
  create index on parted (created_at desc, id desc);
  create index on parted (state, created_at desc, id desc);
  create index on parted (customer_id, created_at desc, id desc) where customer_id is not null;
  create index on parted (number)`)
for (let month = 0; month < months; month++) {
  const bound = (of: number) => `'order_${String(of).padStart(4, '0')}'`
  await client.query(
    `create table parted_${month} partition of parted for values from (${bound(month)}) to (${bound(month + 1)})`,
  )
}
for (const table of ['orders', 'parted'])
  await client.query(
    `insert into ${table} (${columns}) select ${row('m', 'n')} from generate_series(0, $1::int - 1) m, generate_series(1, $2::int) n`,
    [months, aMonth],
  )
await client.query('vacuum analyze orders; ')
await client.query('vacuum analyze parted')

const live = `state in ('placing', 'awaiting_payment', 'placed', 'fulfilled')`
const statements: [string, (table: string) => string][] = [
  [
    'what is known of a checkout, by key and cart',
    (table) => `
    select k.id, l.id from (values ($1, $2)) as asked (cart, key)
    left join ${table} k on k.key_scope = 'checkout' and k.key = asked.key and k.state = 'placing'
    left join ${table} l on l.cart_id = asked.cart and l.${live}`,
  ],
  [
    'orders that have to be looked after',
    (table) => `
    select id from ${table} where look_at <= now() and lease_until <= now() and $1::text <> $2 order by look_at limit 20
    for update skip locked`,
  ],
  [
    'newest orders of a customer',
    (table) => `
    select id, total from ${table} where customer_id = $1 and $2::text is not null order by created_at desc, id desc limit 20`,
  ],
  [
    'newest orders',
    (table) => `
    select id, total from ${table} where $1::text <> $2 order by created_at desc, id desc limit 50`,
  ],
  ['one order by its id', (table) => `select * from ${table} where id = $1 and $2::text is not null`],
]

/** Medians of microseconds that one statement takes, prepared and over one connection. */
async function measure(text: string): Promise<number> {
  const took: number[] = []
  for (let round = 0; round < rounds; round++) {
    const values = [`cus_${round % 500}`, `key-${round}`]
    const since = performance.now()
    await client.query({ name: `s${text.length}${text.includes('parted')}`, text, values })
    took.push((performance.now() - since) * 1_000)
  }
  return took.sort((a, b) => a - b)[rounds / 2] ?? 0
}

say(
  `${cpus()[0]?.model}, ${availableParallelism()} cores; Node ${process.version}; ${months} months of ${aMonth} orders`,
)
for (const [what, text] of statements) {
  const whole = await measure(text('orders'))
  const parted = await measure(text('parted'))
  say(`${what}: ${whole.toFixed(0)} µs whole, ${parted.toFixed(0)} µs parted, ${(parted / whole).toFixed(1)} times`)
}
await client.end()
await postgres.stop()
await rm(folder, { recursive: true })
