import type pg from 'pg'
import type { Ending } from '../ending.ts'
import type { Work, Worked } from './driver.ts'
import { measurePostgres } from './limits.ts'
import { postgresMs, processorMs } from './meter.ts'
import type { OwnShop } from './own-shop.ts'
import { type Row, spreadOf } from './report.ts'
import type { Scenario } from './scenarios.ts'
import type { Goods } from './visits.ts'
import { type Driver, startBare } from './workers.ts'

export type RunOptions = {
  readonly products: number
  /** Orders of years before, which are written before anything is measured. */
  readonly orders: number
  readonly seed: number
  readonly rounds: number
  readonly seconds: number
  readonly scenarios: readonly Scenario[]
  readonly dataFolder: string
  readonly port: number
  readonly ending: Ending
  readonly onProgress: (step: string) => void
}

/** Whom a run is with. */
export type Bench = {
  readonly options: RunOptions
  readonly shop: OwnShop
  readonly driver: Driver
  readonly goods: Goods
  readonly limitsUrl: string
  readonly database: pg.Client
  /** Visits so far: each run goes on where the last one ended. */
  from: number
}

type Load = Work['load']
/** What visits need. */
export type Drivable = Pick<Bench, 'shop' | 'driver' | 'goods' | 'from'>

export async function drive(
  bench: Drivable,
  visit: Scenario['name'],
  load: Load,
  seconds: number,
  visitsAtMost?: number,
) {
  const { driver, shop, goods } = bench
  const [shopBefore, postgresBefore] = await Promise.all([processorMs(shop.pid), postgresMs(shop.postmaster)])
  const measured: Worked = await driver({
    base: shop.base,
    visit,
    goods,
    seconds,
    load,
    from: bench.from,
    ...(visitsAtMost ? { visitsAtMost } : {}),
  })
  bench.from += measured.visits + measured.failed
  const [shopAfter, postgresAfter] = await Promise.all([processorMs(shop.pid), postgresMs(shop.postmaster)])
  return { ...measured, shopMs: shopAfter - shopBefore, postgresMs: postgresAfter - postgresBefore }
}

/** Long enough for the compiler to have seen the way, and for kept answers to be there. */
const warmUpSeconds = 2

export async function measureRow(bench: Bench, scenario: Scenario): Promise<Row> {
  const { rounds, seconds } = bench.options
  const limit = await limitOf(bench, scenario)
  await drive(bench, scenario.name, { atOnce: scenario.atOnce }, Math.min(warmUpSeconds, seconds))
  const own: Awaited<ReturnType<typeof drive>>[] = []
  const limits: Limit[] = []
  for (let round = 0; round < rounds; round++) {
    own.push(await drive(bench, scenario.name, { atOnce: scenario.atOnce }, seconds))
    if (limit) limits.push(await limit.measure(seconds))
  }
  const rates = own.map(({ visits, seconds: took }) => visits / took)
  const aSecond = spreadOf(rates)
  const offered = scenario.wantedASecond ?? Math.max(1, aSecond.median / 2)
  const open = await drive(bench, scenario.name, { aSecond: offered }, seconds)
  const total = (value: (one: (typeof own)[number]) => number): number => own.reduce((sum, one) => sum + value(one), 0)
  const visits = Math.max(
    1,
    total((one) => one.visits),
  )
  const cost = {
    shop: total((one) => one.shopMs) / visits,
    postgres: total((one) => one.postgresMs) / visits,
    client: total((one) => one.processorMs) / visits,
  }
  const node = (await limit?.measureNode?.(seconds)) ?? null
  const limitMs = spreadOf(limits.map((one) => one.processorMs)).median
  return {
    name: scenario.name,
    what: scenario.what,
    aSecond,
    cost,
    requestsAVisit: total((one) => one.requests) / visits,
    failed: total((one) => one.failed),
    failures: summed([...own, open].map((one) => one.failures)),
    latency: (own[Math.floor(own.length / 2)] as Worked).latency,
    open: { aSecond: offered, failed: open.failed, latency: open.latency },
    limit: limit && {
      name: limit.name,
      aSecond: spreadOf(limits.map((one) => one.aSecond)),
      ofRate: spreadOf(rates.map((rate, round) => rate / (limits[round] as Limit).aSecond)),
      ofProcessor: limit.comparable ? limitMs / cost.shop : null,
      ofNode: node && { ofRate: aSecond.median / node.aSecond, ofProcessor: node.processorMs / cost.shop },
    },
  }
}

export function summed(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [what, n] of all.flatMap(Object.entries<number>)) sums[what] = (sums[what] ?? 0) + n
  return sums
}

type Limit = { readonly aSecond: number; readonly processorMs: number }

/** What a scenario is compared with, ready to be measured between its rounds. */
async function limitOf(bench: Bench, { limit, atOnce }: Scenario) {
  const { shop, goods, driver, limitsUrl, options } = bench
  if (limit.kind === 'none') return null
  if (limit.kind === 'postgres') {
    return {
      name: `pgbench ${limit.script}`,
      comparable: false,
      measureNode: null,
      async measure(seconds: number): Promise<Limit> {
        const found = await measurePostgres({ url: limitsUrl, postmaster: shop.postmaster }, limit.script, seconds)
        return { aSecond: found.aSecond, processorMs: found.postgresMs }
      },
    }
  }
  if (limit.kind === 'visit') {
    return {
      name: limit.visit,
      comparable: true,
      measureNode: null,
      async measure(seconds: number): Promise<Limit> {
        const found = await drive(bench, limit.visit, { atOnce }, seconds)
        return { aSecond: found.visits / found.seconds, processorMs: found.shopMs / found.visits }
      },
    }
  }
  const path = limit.path
    .replace('{handle}', goods.handles[0] ?? '')
    .replace('{category}', goods.categories[0] ?? '')
    .replace('{word}', goods.words[0] ?? '')
  const answer = await fetch(`${shop.base}${path}`)
  const body = await answer.text()
  if (!answer.ok) throw new Error(`bench: ${path}: ${answer.status} ${body}`)
  const bare = await startBare({ '/bare': { type: answer.headers.get('content-type') ?? '', body } }, options.ending)
  const measureAt = async (base: string, seconds: number): Promise<Limit> => {
    const before = await processorMs(bare.pid)
    const measured = await driver({
      base,
      visit: 'bare',
      goods: { ...goods, handles: ['/bare'] },
      seconds,
      load: { atOnce },
      from: 0,
    })
    return {
      aSecond: measured.visits / measured.seconds,
      processorMs: ((await processorMs(bare.pid)) - before) / measured.visits,
    }
  }
  const warmUp = Math.min(warmUpSeconds, options.seconds)
  await measureAt(bare.fastify, warmUp)
  await measureAt(bare.node, warmUp)
  return {
    name: `Fastify, ${Buffer.byteLength(body)} bytes`,
    comparable: true,
    measure: (seconds: number) => measureAt(bare.fastify, seconds),
    measureNode: (seconds: number) => measureAt(bare.node, seconds),
  }
}
