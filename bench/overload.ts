import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { writeCatalog } from '../cli/bench/catalog.ts'
import { importInto, staff, startOwnShop } from '../cli/bench/own-shop.ts'
import { type Ending, endOnSignal, openEnding } from '../cli/ending.ts'
import { complain, say } from '../cli/terminal.ts'
import { fillShelves, loadOn, quantile, type Seen, steps } from './load.ts'

// What a shop does when more comes than it can serve. Finds how much a shop of its own sells and shows at most, then offers
// once, twice and five times that, by a clock that does not wait for answers. Talks to 127.0.0.1 only, and stops by itself.

const port = Number(process.env.BENCH_PORT ?? 4_330)
const seconds = Number(process.env.BENCH_SECONDS ?? 10)
const base = `http://127.0.0.1:${port}`
const products = 300
const multiples = [1, 2, 5]
/** What is sold at most is found by ever more of them: a few wait for each other, and more share more statements. */
const shoppersAtOnce = [24, 48, 96] as const
const { sell, show, offer, readGoods, close } = loadOn(base)

function within(values: readonly number[], part: number): string {
  const value = quantile(values, part)
  return value === undefined ? '–' : `${value.toFixed(0)} ms`
}

let counted = process.cpuUsage()
/** Cores that the load itself took since this was asked last: the shop has the machine's less these. */
function ownCores(): string {
  const { user, system } = process.cpuUsage(counted)
  counted = process.cpuUsage()
  return ((user + system) / 1e6 / seconds).toFixed(2)
}

function awayOf({ turnedAwayMs }: Seen): string {
  const told = steps.flatMap((step) => {
    const ms = turnedAwayMs[step]
    return ms.length === 0
      ? []
      : `${(ms.length / seconds).toFixed(0)} ${step}s/s in ${within(ms, 0.5)} (p99 ${within(ms, 0.99)})`
  })
  return told.length === 0 ? 'nobody turned away;' : `turned away ${told.join(', ')};`
}

function report(name: string, seen: Seen): void {
  const each = (count: number): string => (count / seconds).toFixed(0)
  say(
    `${name}: ${each(seen.orders)} orders/s, ${each(seen.pages)} pages/s; ${awayOf(seen)} checkout p50 ${within(seen.checkoutMs, 0.5)}, p99 ${within(seen.checkoutMs, 0.99)}; page p99 ${within(seen.pageMs, 0.99)}; the load itself took ${ownCores()} cores; failed ${seen.failed} ${[...seen.failures].map(([what, n]) => `${n} × ${what}`).join(', ')}`,
  )
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
  const sold: Seen[] = []
  for (const shoppers of shoppersAtOnce) {
    ownCores()
    const seen = await sell(goods, seconds, shoppers)
    report(`${shoppers} shoppers at once`, seen)
    sold.push(seen)
  }
  const limit = sold.reduce((most, seen) => (seen.orders > most.orders ? seen : most))
  ownCores()
  const shown = await show(goods, seconds, shoppersAtOnce[0])
  report(`${shoppersAtOnce[0]} who only look`, shown)
  // Of the shop's time: what a page takes is known from those who only look, what an order takes from the rest of those who buy as well.
  const [page, order] = [1 / shown.pages, (1 - limit.pages / shown.pages) / limit.orders]
  for (const multiple of multiples) {
    const ordersASecond = (limit.orders / seconds) * multiple
    ownCores()
    const seen = await offer(goods, ordersASecond, seconds)
    report(`${multiple} × the most, ${ordersASecond.toFixed(0)} orders/s, offered`, seen)
    say(
      `  orders ${(seen.orders / limit.orders).toFixed(2)}, pages ${(seen.pages / limit.pages).toFixed(2)} of the most; what was served would take ${(seen.orders * order + seen.pages * page).toFixed(2)} of the time`,
    )
    await pause(2_000)
  }
}

const ending = openEnding((error) => complain(error.message))
endOnSignal(ending)
await main(ending).finally(ending.end)
