import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { readEnvironment } from '../cli/environment.ts'
import { loadSettings } from '../cli/settings.ts'
import { openShop } from '../cli/shop.ts'
import type { InvariantCheck } from '../kernel/invariants.ts'
import { startTestPostgres } from '../test/postgres.ts'

// How long `stoa verify` takes on a large shop, and how much memory: a shop of its own is filled by SQL with orders as they
// are after a year or two, with lines, stock, payments, bookings, events and the provider's own charges, and then judged.
//
//   node bench/verify-large-shop.ts --orders 300000

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const root = join(import.meta.dirname, '..')
const { values } = parseArgs({ options: { orders: { type: 'string', default: '100000' } } })
const orders = Number(values.orders)

/** Of ten orders seven are sent, one waits to be sent, one was declined, and of one a part of the money went back. */
const fate = "case n % 10 when 7 then 'placed' when 8 then 'declined' else 'fulfilled' end"
const at = (n: string): string => `now() - interval '1 hour' - (${orders} - ${n}) * interval '1 minute'`
const idOf = (prefix: string): string => `'${prefix}_' || lpad(n::text, 26, '0')`
const variantOf = (n: string): string => `'variant_' || lpad(((${n}) % 1000)::text, 26, '0')`
const from = `from generate_series(1, ${orders}) n`

/** Two mugs at 20.00 and 4.90 of shipping, 7.18 of it tax, as the shop itself would have written it. */
const filling: readonly string[] = [
  `insert into orders.orders (id, number, state, version, lease_until, settled_at, expires_at, cart_id, cart_version, market, currency,
     tax_included, email, shipping_method, discounts, taxes, items, discount, shipping, tax, total, units, units_fulfilled,
     payment_status, payment_version, refunded, created_at, updated_at, placed_at)
   select ${idOf('order')}, 'L-' || n, ${fate}, 3, ${at('n')}, ${at('n')}, ${at('n')}, 'cart_' || n, 1, 'eu', 'EUR', true,
     'shopper' || n || '@example.com', null, '[]', '[{"name": "VAT", "rate": 190000, "amount": {"amount": 717, "currency": "EUR"}}]',
     4000, 0, 490, 717, 4490, 2, case when ${fate} = 'fulfilled' then 2 else 0 end, null, 1,
     case when n % 10 = 9 then 500 else 0 end, ${at('n')}, ${at('n')}, case when ${fate} <> 'declined' then ${at('n')} end ${from}`,
  `insert into orders.order_lines (order_id, id, position, variant_id, product_id, handle, title, variant_title, quantity, fulfilled,
     unit_price, subtotal, discount, tax, total, requires_shipping, tracked, backorder)
   select ${idOf('order')}, 'line_' || l, l, ${variantOf('n + l')}, 'prod', 'mug', 'Mug', '', 1,
     case when ${fate} = 'fulfilled' then 1 else 0 end, 2000, 2000, 0, 319, 2000, true, true, false ${from}, generate_series(1, 2) l`,
  `insert into orders.order_history (order_id, at, kind, detail, by)
   select ${idOf('order')}, ${at('n')}, ${fate}, '', 'system' ${from}`,
  `insert into inventory.stock (variant_id, state) select ${variantOf('n')}, 'in-stock' from generate_series(0, 999) n`,
  `insert into inventory.holds (order_id, state)
   select ${idOf('order')}, case ${fate} when 'placed' then 'allocated' when 'declined' then 'released' else 'fulfilled' end ${from}`,
  `insert into inventory.hold_lines (order_id, variant_id, location_id, quantity, fulfilled)
   select ${idOf('order')}, ${variantOf('n + l')}, (select id from inventory.locations limit 1), 1,
     case when ${fate} = 'fulfilled' then 1 else 0 end ${from}, generate_series(1, 2) l`,
  `insert into inventory.movements (variant_id, location_id, kind, quantity)
   select ${variantOf('n')}, (select id from inventory.locations limit 1), 'counted', 10000000 from generate_series(0, 999) n`,
  `insert into inventory.movements (variant_id, location_id, kind, quantity, order_id, at)
   select ${variantOf('n + l')}, (select id from inventory.locations limit 1), 'shipped', -1, ${idOf('order')}, ${at('n')}
   ${from}, generate_series(1, 2) l where ${fate} = 'fulfilled'`,
  `insert into inventory.levels (variant_id, location_id, on_hand, allocated)
   select m.variant_id, m.location_id, sum(m.quantity), coalesce((
     select sum(l.quantity) from inventory.hold_lines l join inventory.holds h using (order_id)
     where h.state = 'allocated' and l.variant_id = m.variant_id), 0)
   from inventory.movements m group by 1, 2`,
  `insert into payments.order_payments (order_id, attempts) select ${idOf('order')}, 1 ${from}`,
  `insert into payments.payments (id, order_id, attempt, attempt_key, provider, provider_payment_id, status, currency, amount, authorized,
     captured, capturable, refunded, capture_now, return_url, failure, version, created_at, updated_at)
   select ${idOf('payment')}, ${idOf('order')}, 1, ${idOf('order')} || '-1', 'sandbox', ${idOf('pay')},
     case ${fate} when 'placed' then 'authorized' when 'declined' then 'failed' else 'captured' end, 'EUR', 4490,
     case when ${fate} = 'declined' then 0 else 4490 end, case when ${fate} = 'fulfilled' then 4490 else 0 end,
     case when ${fate} = 'placed' then 4490 else 0 end, case when n % 10 = 9 then 500 else 0 end, false, '',
     case when ${fate} = 'declined' then 'card-declined' end, 2, ${at('n')}, ${at('n')} ${from}`,
  `insert into payments.payment_operations (id, payment_id, order_id, kind, status, amount, currency, key, asked, by, created_at, updated_at)
   select ${idOf('capture')}, ${idOf('payment')}, ${idOf('order')}, 'capture', 'succeeded', 4490, 'EUR', 'k', 'null', 'system',
     ${at('n')}, ${at('n')} ${from} where ${fate} = 'fulfilled'`,
  `insert into payments.payment_operations (id, payment_id, order_id, kind, status, amount, currency, key, asked, by, created_at, updated_at)
   select ${idOf('refund')}, ${idOf('payment')}, ${idOf('order')}, 'refund', 'succeeded', 500, 'EUR', 'k', 'null', 'system',
     ${at('n')}, ${at('n')} ${from} where n % 10 = 9`,
  `insert into payments.ledger_accounts values ('provider:sandbox', 'EUR'), ('customers', 'EUR'), ('refunds', 'EUR')`,
  `insert into payments.ledger_transactions (kind, operation_id, occurred_at) select kind, id, created_at from payments.payment_operations`,
  `insert into payments.ledger_entries (transaction_id, account, currency, amount)
   select t.id, e.account, 'EUR', e.amount from payments.ledger_transactions t, lateral (
     values ('provider:sandbox', case t.kind when 'capture' then 4490 else -500 end),
            (case t.kind when 'capture' then 'customers' else 'refunds' end, case t.kind when 'capture' then -4490 else 500 end)
   ) as e (account, amount)`,
  `insert into sandbox_provider.payments (id, order_id, attempt_key, status, currency, amount, authorized, captured, refunded, capture_now,
     page_secret, hosted, created_at, updated_at)
   select provider_payment_id, order_id, attempt_key, case status when 'failed' then 'declined' else status end, currency, amount,
     authorized, captured, refunded, false, '', false, created_at, updated_at from payments.payments`,
  `insert into sandbox_provider.refunds (id, payment_id, key, amount, created_at)
   select 're_' || o.id, p.provider_payment_id, o.id, o.amount, o.created_at
   from payments.payment_operations o join payments.payments p on p.id = o.payment_id where o.kind = 'refund'`,
  // Events are kept for a week; of a shop with this many orders in two years that is a hundredth.
  `insert into orders.outbox (type, version, subject, sequence, data, trace_id)
   select 'order.placed', 1, ${idOf('order')}, 1, '{}', '' from generate_series(1, ${orders} / 100) n`,
  `insert into orders.outbox_deliveries (event_id, subscriber, attempts, delivered_at)
   select id, subscriber, 1, now() from orders.outbox, unnest(array['inventory', 'cart', 'notifications']) as subscriber`,
  ...['inventory', 'cart', 'notifications'].map(
    (service) => `insert into ${service}.inbox (event_id, type, source) select id, type, 'orders' from orders.outbox`,
  ),
]

const postgres = await startTestPostgres()
const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-large-'))
const client = new pg.Client({ connectionString: postgres.url })
try {
  const variables = {
    DATABASE_URL: postgres.url,
    STOA_DATA: dataFolder,
    STOA_DEMO: 'off',
    STOA_LOG: 'silent',
    PORT: '0',
  }
  const shop = await openShop(readEnvironment(variables), () => loadSettings(root), {
    edge: false,
    onProgress: () => undefined,
  })
  await shop.stop()
  await client.connect()
  // Foreign keys and triggers are not asked: what is written here is as the shop itself writes it.
  await client.query('set session_replication_role = replica')
  const fillingSince = performance.now()
  for (const statement of filling) await client.query(statement)
  await client.query('analyze')
  const [size] = (await client.query('select pg_size_pretty(pg_database_size(current_database())) as size')).rows
  const seconds = (since: number): string => ((performance.now() - since) / 1_000).toFixed(1)
  say(`${orders} orders written in ${seconds(fillingSince)} s, ${size.size} in the database`)

  const postmaster = await postmasterOf(client)
  const since = performance.now()
  const busySince = await cpuSeconds(postmaster)
  const { checks, status, peakMegabytes, cpu } = await verify(variables)
  const postgresCpu = (await cpuSeconds(postmaster)) - busySince
  const judged = checks.reduce((sum, { checked }) => sum + checked, 0)
  for (const { invariant, what, checked, violated, notCompared } of checks)
    say(`${invariant.padEnd(8)} ${String(checked).padStart(9)} judged, ${violated} broken: ${what}${notCompared ?? ''}`)
  say(
    `verified in ${seconds(since)} s with status ${status}: ${judged} rows judged, ${peakMegabytes} MB at most in the whole process`,
  )
  say(`CPU: ${cpu.toFixed(1)} s in Node, ${postgresCpu.toFixed(1)} s in PostgreSQL`)
  say(`on ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, PostgreSQL on the same machine`)
} finally {
  await client.end()
  await postgres.stop()
  await rm(dataFolder, { recursive: true, force: true })
}

/** Runs the command as an operator would. Its peak of memory is what the kernel counts, shop and all (Linux). */
async function verify(
  variables: Record<string, string>,
): Promise<{ checks: InvariantCheck[]; status: number | null; peakMegabytes: number; cpu: number }> {
  const child = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), 'verify', '--json'], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  let peakKilobytes = 0
  let cpu = 0
  while (child.exitCode === null) {
    cpu = Math.max(cpu, await cpuSeconds(child.pid ?? 0))
    const facts = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
    peakKilobytes = Math.max(peakKilobytes, Number(/VmHWM:\s+(\d+) kB/.exec(facts)?.[1] ?? 0))
    await pause(100)
  }
  if (!output) throw new Error(`stoa verify ended with status ${child.exitCode} and said nothing`)
  return {
    checks: (JSON.parse(output) as { checks: InvariantCheck[] }).checks,
    status: child.exitCode,
    cpu,
    peakMegabytes: Math.round(peakKilobytes / 1_024),
  }
}

/** What a process and its children that have ended used, in seconds; 100 ticks make one on Linux. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number)
  return ticks.reduce((sum, one) => sum + one, 0) / 100
}

/** The parent of all backends, in which those that have ended are counted. */
async function postmasterOf(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ pid: number }>(
    "select pid from pg_stat_activity where backend_type = 'checkpointer'",
  )
  const stat = await readFile(`/proc/${rows[0]?.pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}
