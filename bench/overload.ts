import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { writeCatalog } from '../cli/bench/catalog.ts'
import { importInto } from '../cli/bench/import-into.ts'
import { staff, startOwnShop } from '../cli/bench/own-shop.ts'
import { spreadOf } from '../cli/bench/report.ts'
import { type Ending, endOnSignal, openEnding } from '../cli/ending.ts'
import { complain, say } from '../cli/terminal.ts'
import { fillShelves, loadOn, pagesAnOrder, quantile, type Seen, steps } from './load.ts'

// What a shop does when more comes than it can serve. Finds how much a shop of its own sells and shows at most, then offers
// once, twice and five times that, by a clock that does not wait for answers. Talks to 127.0.0.1 only, and stops by itself.

const port = Number(process.env.BENCH_PORT ?? 4_330)
const seconds = Number(process.env.BENCH_SECONDS ?? 6)
const rounds = Number(process.env.BENCH_ROUNDS ?? 7)
/** For each order; none where everybody has made up their mind, as when a sale begins. */
const pages = Number(process.env.BENCH_PAGES ?? pagesAnOrder)
const base = `http://127.0.0.1:${port}`
const products = 300
const multiples = [1, 2, 5]
/** Until those who still wait when the last have come are done. */
const restMs = 1_000
/** What is sold at most is found by ever more of them: a few wait for each other, and more share more statements. */
const shoppersAtOnce = [24, 48, 96] as const
const { sell, show, offer, readGoods, close } = loadOn(base, pages)

const within = (values: readonly number[], part: number): number => quantile(values, part) ?? 0
const partBelow = (values: readonly number[], most: number): number =>
  values.filter((value) => value <= most).length / Math.max(1, values.length)
const awayOf = ({ turnedAwayMs }: Seen): number[] => steps.flatMap((step) => turnedAwayMs[step])

let counted = process.cpuUsage()
/** Cores that the load itself took since this was asked last: the shop has the machine's less these. */
function ownCores(): number {
  const { user, system } = process.cpuUsage(counted)
  counted = process.cpuUsage()
  return (user + system) / 1e6 / seconds
}

/** What is told of each run, by the name of its column. */
const columns: Readonly<Record<string, (seen: Seen) => number>> = {
  'orders/s': ({ orders }) => orders / seconds,
  'pages/s': ({ pages }) => pages / seconds,
  'carts turned away/s': ({ turnedAwayMs }) => turnedAwayMs.cart.length / seconds,
  'others turned away/s': (seen) => (awayOf(seen).length - seen.turnedAwayMs.cart.length) / seconds,
  '% of them in 20 ms': (seen) => partBelow(awayOf(seen), 20) * 100,
  'in ms, p50': (seen) => within(awayOf(seen), 0.5),
  p99: (seen) => within(awayOf(seen), 0.99),
  'checkout ms, p50': ({ checkoutMs }) => within(checkoutMs, 0.5),
  'p99 ': ({ checkoutMs }) => within(checkoutMs, 0.99),
  'page ms, p99': ({ pageMs }) => within(pageMs, 0.99),
}

function spreadTold(values: readonly number[]): string {
  const { median, least, most } = spreadOf(values)
  const digits = median < 2 ? 2 : 0
  const told = median.toFixed(digits)
  return values.length === 1 || most === 0 ? told : `${told} (${least.toFixed(digits)}–${most.toFixed(digits)})`
}

const ratioNames = ['orders, of the most', 'what was served, of the time', 'cores of the load']

/** @param ratios as `ratioNames`; none of what others are compared with */
function row(name: string, all: readonly Seen[], ratios: readonly (readonly number[])[] = []): string {
  const own = Object.values(columns).map((column) => spreadTold(all.map(column)))
  const compared = ratioNames.map((_, n) => (ratios[n] ? spreadTold(ratios[n]) : ''))
  return `| ${[name, ...own, ...compared].join(' | ')} |`
}

/**
 * Keeps this process, and what it starts from now on, on some of the machine's cores: a load that takes more of them the more it
 * offers would be told of a shop that serves less.
 * @returns whether that can be done here
 */
const stayOn = (cores: string): boolean =>
  cpus().length > 1 && spawnSync('taskset', ['-acp', cores, String(process.pid)]).status === 0

async function main(ending: Ending): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-overload-'))
  ending.add(() => rm(dataFolder, { recursive: true, force: true }))
  ending.add(close)
  const last = cpus().length - 1
  const areApart = stayOn(last === 1 ? '0' : `0-${last - 1}`)
  const where = { dataFolder, port, ending }
  const catalog = join(dataFolder, 'catalog.csv')
  await writeCatalog(catalog, { products, seed: 1 })
  const shop = await startOwnShop(where)
  await importInto(where, shop, catalog)
  if (areApart) stayOn(`${last}`)
  const whose = areApart ? `the shop has ${last} of them, the load the other` : 'the load runs on the same ones'
  say(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}; ${whose}`)
  const goods = await readGoods()
  await fillShelves(base, staff, goods.variants)
  await sell(goods, seconds, shoppersAtOnce[0])
  const sold = []
  for (const shoppers of shoppersAtOnce) sold.push({ shoppers, seen: await sell(goods, seconds, shoppers) })
  const { shoppers } = sold.reduce((most, one) => (one.seen.orders > most.seen.orders ? one : most))
  const shown = await show(goods, seconds, shoppersAtOnce[0])

  const limits: Seen[] = []
  const offered = multiples.map((multiple) => ({
    multiple,
    seen: [] as Seen[],
    orders: [] as number[],
    time: [] as number[],
    cores: [] as number[],
  }))
  for (let round = 0; round < rounds; round++) {
    const limit = await sell(goods, seconds, shoppers)
    limits.push(limit)
    // Of the shop's time: what a page takes is known from those who only look, what an order takes from the rest of those who buy as well.
    const [page, order] = [1 / shown.pages, (1 - limit.pages / shown.pages) / limit.orders]
    // Each is as near to the limit that it is compared with as the others are.
    for (const [n] of offered.entries()) {
      const one = offered[(n + round) % offered.length] as (typeof offered)[number]
      ownCores()
      const seen = await offer(goods, (limit.orders / seconds) * one.multiple, seconds)
      one.cores.push(ownCores())
      one.seen.push(seen)
      one.orders.push(seen.orders / limit.orders)
      one.time.push(seen.orders * order + seen.pages * page)
      await pause(restMs)
    }
  }

  const names = ['offered', ...Object.keys(columns), ...ratioNames]
  say(`Median (least–most) of ${rounds} rounds of ${seconds} s:`)
  say(`| ${names.join(' | ')} |`)
  say(`|${'---|'.repeat(names.length)}`)
  for (const one of sold) say(row(`as many as ${one.shoppers} shoppers want, before`, [one.seen]))
  say(row(`as ${shoppersAtOnce[0]} who only look want, before`, [shown]))
  say(row(`as many as ${shoppers} shoppers want`, limits))
  for (const { multiple, seen, orders, time, cores } of offered)
    say(row(`${multiple} × that`, seen, [orders, time, cores]))
  const failures = new Map<string, number>()
  for (const { seen } of [...offered, { seen: [...limits, shown] }])
    for (const [what, n] of seen.flatMap((one) => [...one.failures])) failures.set(what, (failures.get(what) ?? 0) + n)
  say(
    failures.size === 0
      ? 'Nothing failed.'
      : `Failed: ${[...failures].map(([what, n]) => `${n} × ${what}`).join(', ')}`,
  )
}

const ending = openEnding((error) => complain(error.message))
endOnSignal(ending)
await main(ending).finally(ending.end)
