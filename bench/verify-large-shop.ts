import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { writeOrders } from '../cli/bench/many-orders.ts'
import { peakMegabytes, postgresMs, processorMs } from '../cli/bench/meter.ts'
import { readEnvironment } from '../cli/environment.ts'
import { loadSettings } from '../cli/settings.ts'
import { openShop } from '../cli/shop.ts'
import type { InvariantCheck } from '../kernel/invariants.ts'
import { startTestPostgres } from '../test/postgres.ts'

// How long `stoa verify` takes on a large shop, and how much memory: a shop of its own is filled by SQL with orders as they
// are after a year or two, with lines, stock, payments, bookings, events and the provider's own charges, and then judged.
// Ends with 1 when it does not hold, or takes a gigabyte.
//
//   node bench/verify-large-shop.ts --orders 1000000
//   node bench/verify-large-shop.ts --orders 40000 --heap 80    dies if what is judged is kept

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const root = join(import.meta.dirname, '..')
const { values } = parseArgs({ options: { orders: { type: 'string', default: '100000' }, heap: { type: 'string' } } })
const orders = Number(values.orders)
/** What V8 may keep, in megabytes. */
const heap = values.heap === undefined ? [] : [`--max-old-space-size=${Number(values.heap)}`]
/** A million orders have to be judged within it. */
const megabytesAtMost = 1_000

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
  const fillingSince = performance.now()
  await writeOrders(client, { orders, variants: 1_000 })
  const [size] = (await client.query('select pg_size_pretty(pg_database_size(current_database())) as size')).rows
  const seconds = (since: number): string => ((performance.now() - since) / 1_000).toFixed(1)
  say(`${orders} orders written in ${seconds(fillingSince)} s, ${size.size} in the database`)

  const postmaster = await postmasterOf(client)
  const since = performance.now()
  const busySince = await postgresMs(postmaster)
  const { checks, status, megabytes, cpu } = await verify(variables)
  const postgresCpu = ((await postgresMs(postmaster)) - busySince) / 1_000
  const judged = checks.reduce((sum, { checked }) => sum + checked, 0)
  for (const { invariant, what, checked, violated, notCompared } of checks)
    say(`${invariant.padEnd(8)} ${String(checked).padStart(9)} judged, ${violated} broken: ${what}${notCompared ?? ''}`)
  say(
    `verified in ${seconds(since)} s with status ${status}: ${judged} rows judged, ${megabytes} MB at most in the whole process`,
  )
  say(`CPU: ${cpu.toFixed(1)} s in Node, ${postgresCpu.toFixed(1)} s in PostgreSQL`)
  if (status !== 0 || megabytes > megabytesAtMost) process.exitCode = 1
  say(`on ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, PostgreSQL on the same machine`)
} finally {
  await client.end()
  await postgres.stop()
  await rm(dataFolder, { recursive: true, force: true })
}

/** Runs the command as an operator would. Its peak of memory is what the kernel counts, shop and all (Linux). */
async function verify(
  variables: Record<string, string>,
): Promise<{ checks: InvariantCheck[]; status: number | null; megabytes: number; cpu: number }> {
  const child = spawn(process.execPath, [...heap, join(root, 'cli', 'stoa.ts'), 'verify', '--json'], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const { pid = 0 } = child
  let peak = 0
  let cpuMs = 0
  while (child.exitCode === null) {
    cpuMs = Math.max(cpuMs, await processorMs(pid))
    peak = Math.max(peak, await peakMegabytes(pid))
    await pause(100)
  }
  if (!output) throw new Error(`stoa verify ended with status ${child.exitCode} and said nothing`)
  return {
    checks: (JSON.parse(output) as { checks: InvariantCheck[] }).checks,
    status: child.exitCode,
    cpu: cpuMs / 1_000,
    megabytes: Math.round(peak),
  }
}

/** The parent of all backends, in which those that have ended are counted. */
async function postmasterOf(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ pid: number }>(
    "select pid from pg_stat_activity where backend_type = 'checkpointer'",
  )
  const stat = await readFile(`/proc/${rows[0]?.pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}
