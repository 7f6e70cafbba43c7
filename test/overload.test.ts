import assert from 'node:assert/strict'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { type Seen, steps, unhelpful } from '../bench/load.ts'
import { postgresMs, withClient } from '../cli/bench/meter.ts'
import { sell } from './goods.ts'
import type { Work } from './load-worker.ts'
import { startShop } from './shop.ts'

/** Long enough that the seats are counted anew some dozens of times. */
const seconds = 5
/** Other work on the machine comes and goes within seconds: what holds is seen in one of some runs. */
const runsAtMost = 3
/** Milliseconds within which half of those who are turned away are told so. */
const toldWithinMs = 20
/** Of the machine, while that is judged: who waits for a processor that others have does not wait for the shop. */
const othersAtMost = 0.2

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.POSITIVE_INFINITY

/** Processor milliseconds until now, of the machine and of what is tested on it: the shop and its load are this process. */
async function usedMs(postmaster: number) {
  const machine = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
  const { user, system } = process.cpuUsage()
  return { at: performance.now(), machine, own: (user + system) / 1_000 + (await postgresMs(postmaster)) }
}

/** @returns what came of `work`, and how much of the machine others had meanwhile, from 0 to 1; all of it where that cannot be known */
async function besideOthers(postmaster: number, work: () => Promise<Seen>): Promise<{ seen: Seen; others: number }> {
  if (process.platform !== 'linux') return { seen: await work(), others: 1 }
  const before = await usedMs(postmaster)
  const seen = await work()
  const after = await usedMs(postmaster)
  const spent = after.machine - before.machine - (after.own - before.own)
  return { seen, others: spent / (cpus().length * (after.at - before.at)) }
}

const postmasterOf = (databaseUrl: string): Promise<number> =>
  withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ file: string }>(`select pg_read_file('postmaster.pid') as file`)
    return Number.parseInt(rows[0]?.file ?? '', 10)
  })

async function shoppers(workerData: Work): Promise<Seen> {
  const worker = new Worker(join(import.meta.dirname, 'load-worker.ts'), { workerData })
  const [seen] = (await once(worker, 'message')) as [Seen]
  return seen
}

test('at five times the load that it can serve a shop sells what it sold, and turns others away quickly', async (t) => {
  const shop = await startShop('one')
  t.after(() => shop.stop())
  const goods = await Promise.all(
    Array.from({ length: 8 }, (_, n) => sell(shop, { handle: `goods-${n}`, onHand: 100_000 })),
  )
  const offered = {
    variants: goods.map(({ variantId }) => variantId),
    paths: ['/', ...goods.flatMap(({ handle }) => [`/products/${handle}`, `/api/products/${handle}`])],
  }
  const come = (ordersASecond: number | null) => shoppers({ url: shop.url, goods: offered, ordersASecond, seconds })
  const postmaster = await postmasterOf(shop.databaseUrl)
  await come(null)
  const runs: Run[] = []
  // The limit may be found while other work leaves little of the machine: five times that, of which nobody is turned away, is no overload.
  let soldWithEase = 0
  for (let run = 1; run <= runsAtMost && !(runs.some(sellsOn) && runs.some(tellsSoon)); run++) {
    const limit = await come(null)
    assert.ok(limit.orders > 0)
    const ordersASecond = (Math.max(limit.orders, soldWithEase) / seconds) * 5
    const { seen, others } = await besideOthers(postmaster, () => come(ordersASecond))
    assert.deepEqual([...unhelpful(limit), ...unhelpful(seen)], [])
    const awayMs = steps.flatMap((step) => seen.turnedAwayMs[step])
    if (awayMs.length === 0) soldWithEase = Math.max(soldWithEase, seen.orders)
    else runs.push({ seen, limit, others, awayMs: median(awayMs) })
  }
  const told = runs.map(tell).join('\n')
  t.diagnostic(told)
  assert.ok(runs.length > 0, 'nobody was turned away, so this was no overload')
  assert.ok(runs.some(sellsOn), told)
  // Whatever else the machine does, who is refused waits for less than who is served.
  assert.ok(
    runs.some(({ awayMs, seen }) => awayMs < median(seen.checkoutMs)),
    told,
  )
  if (runs.some(({ others }) => others <= othersAtMost)) assert.ok(runs.some(tellsSoon), told)
  else
    t.diagnostic(
      `Others had more than ${othersAtMost} of the machine: that it tells within ${toldWithinMs} ms was not judged.`,
    )
})

/** A run in which some were turned away, beside one with as many as the shop could serve just before. */
type Run = { readonly seen: Seen; readonly limit: Seen; readonly others: number; readonly awayMs: number }

const sellsOn = ({ seen, limit }: Run): boolean => seen.orders >= 0.9 * limit.orders
const tellsSoon = ({ awayMs }: Run): boolean => awayMs <= toldWithinMs

const tell = ({ seen, limit, others, awayMs }: Run): string =>
  `${seen.orders} orders of ${limit.orders}, turned away in ${awayMs.toFixed(1)} ms, served in ${median(seen.checkoutMs).toFixed(1)}; others had ${others.toFixed(2)} of the machine`
