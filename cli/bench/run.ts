import { rm } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { Ending } from '../ending.ts'
import { version } from '../version.ts'
import { writeCatalog } from './catalog.ts'
import type { Measured, Work } from './driver.ts'
import { count, deepPage, levelOf, readGoods, type Staff, signIn } from './goods.ts'
import { measurePostgres, prepareLimits } from './limits.ts'
import {
  askForCounts,
  countsOf,
  peakMegabytes,
  postgresMs,
  processorMs,
  residentMegabytes,
  withClient,
} from './meter.ts'
import { environmentOf, importInto, type OwnShop, startOwnShop, untilQuiet } from './own-shop.ts'
import { goalsOf, type Report, type Row, spreadOf } from './report.ts'
import type { Scenario } from './scenarios.ts'
import type { Goods } from './visits.ts'
import { type Driver, holdInOneProcess, startBare, startDriver } from './workers.ts'

export type RunOptions = {
  readonly products: number
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
type Bench = {
  readonly options: RunOptions
  readonly shop: OwnShop
  readonly driver: Driver
  readonly goods: Goods
  readonly limitsUrl: string
  readonly database: pg.Client
  /** Visits so far: each run goes on where the last one ended. */
  from: number
}

/** From an empty folder to the report. */
export async function runBench(options: RunOptions): Promise<Report> {
  const { products, seed, dataFolder, onProgress, ending } = options
  const loadBefore = loadavg()[0] ?? 0
  const beganAt = new Date().toISOString()
  onProgress(`writing ${products} products`)
  const file = join(dataFolder, 'catalog.csv')
  await writeCatalog(file, { products, seed })
  onProgress('starting the shop')
  const first = await startOwnShop(options)
  await askForCounts(first.serverUrl)
  onProgress(`importing ${products} products`)
  const imported = await importInto(options, first, file)
  await rm(file)
  await first.stop()
  onProgress('starting the shop again')
  const shop = await startOwnShop(options)
  await untilQuiet(shop.pid)
  const idle = await residentMegabytes(shop.pid)
  const staff = await signIn(shop)
  onProgress('reading what there is to buy')
  const goods = await readGoods(staff)
  const limitsUrl = await prepareLimits(shop.serverUrl)
  const driver = startDriver(ending)
  return await withClient(shop.databaseUrl, async (database) => {
    await database.query('create extension if not exists pg_stat_statements')
    const bench: Bench = { options, shop, driver, goods, limitsUrl, database, from: 0 }
    const rows = await measureAll(bench, staff)
    onProgress('counting the statements of an order')
    const order = await countAnOrder(bench)
    onProgress('holding one variant')
    const holds = await holdOne(bench, staff)
    onProgress('selling out')
    const rush = await sellOut(bench, staff)
    const { rows: versions } = await database.query<{ server_version: string }>('show server_version')
    const report = {
      version,
      beganAt,
      machine: {
        processors: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
        memoryMegabytes: Math.round(totalmem() / 2 ** 20),
        node: process.version,
        postgres: versions[0]?.server_version ?? '',
        system: `${type()} ${release()}`,
        loadBefore,
      },
      catalog: { products, seed },
      rounds: options.rounds,
      secondsARound: options.seconds,
      firstStartMs: first.startedMs,
      secondStartMs: shop.startedMs,
      import: {
        seconds: imported.seconds,
        productsASecond: products / imported.seconds,
        peakMegabytes: imported.peakMegabytes,
      },
      memory: { idle, afterLoad: await residentMegabytes(shop.pid), peak: await peakMegabytes(shop.pid) },
      order,
      holds,
      rush,
      rows,
    }
    return { ...report, goals: goalsOf(report) }
  })
}

async function measureAll(bench: Bench, staff: Staff): Promise<Row[]> {
  const rows: Row[] = []
  for (const scenario of bench.options.scenarios) {
    bench.options.onProgress(scenario.what)
    // The orders are those that the scenarios before it placed.
    const deepOrders =
      scenario.name === 'admin-orders-deep' ? await deepPage('/api/admin/orders?limit=50', staff.ask) : ''
    const deepened = { ...bench, goods: { ...bench.goods, deepOrders } }
    rows.push(await measureRow(deepened, scenario))
    bench.from = deepened.from
  }
  return rows
}

type Load = Work['load']

async function drive(bench: Bench, visit: Scenario['name'], load: Load, seconds: number, visitsAtMost?: number) {
  const { driver, shop, goods } = bench
  const [shopBefore, postgresBefore] = await Promise.all([processorMs(shop.pid), postgresMs(shop.postmaster)])
  const measured: Measured = await driver({
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

async function measureRow(bench: Bench, scenario: Scenario): Promise<Row> {
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
  const atHalf = Math.max(1, aSecond.median / 2)
  const open = await drive(bench, scenario.name, { aSecond: atHalf }, seconds)
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
    failures: Object.assign({}, ...own.map((one) => one.failures), open.failures),
    latency: (own[Math.floor(own.length / 2)] as Measured).latency,
    open: { aSecond: atHalf, failed: open.failed, latency: open.latency },
    limit: limit && {
      name: limit.name,
      aSecond: spreadOf(limits.map((one) => one.aSecond)),
      ofRate: spreadOf(rates.map((rate, round) => rate / (limits[round] as Limit).aSecond)),
      ofProcessor: limit.comparable ? limitMs / cost.shop : null,
      ofNode: node && { ofRate: aSecond.median / node.aSecond, ofProcessor: node.processorMs / cost.shop },
    },
  }
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

const ordersCounted = 200
const idleMs = 3_000

/** Statements and commits an order while many buy, its events among it; what the shop does by itself in that time is taken off. */
async function countAnOrder(bench: Bench): Promise<Report['order']> {
  const { database, shop } = bench
  const counted = async <R>(work: () => Promise<R>) => {
    const [before, since] = [await countsOf(database), performance.now()]
    const result = await work()
    const after = await countsOf(database)
    const ms = performance.now() - since
    return { result, ms, statements: after.statements - before.statements, commits: after.commits - before.commits }
  }
  await untilQuiet(shop.pid)
  const idle = await counted(() => pause(idleMs))
  const busy = await counted(async () => {
    const { visits } = await drive(bench, 'three-requests', { atOnce: 8 }, 60, ordersCounted)
    await untilQuiet(shop.pid)
    return visits
  })
  const share = busy.ms / idle.ms
  return {
    statements: (busy.statements - idle.statements * share) / busy.result,
    commits: (busy.commits - idle.commits * share) / busy.result,
  }
}

const holdersAtOnce = 128

/** How often one variant can be held, by callers in one process. */
async function holdOne({ goods, shop, options }: Bench, staff: Staff): Promise<Report['holds']> {
  const dataFolder = join(options.dataFolder, 'holds')
  const variables = {
    ...environmentOf(dataFolder, 0),
    DATABASE_URL: shop.databaseUrl,
    STOA_SECRETS: join(options.dataFolder, 'secrets'),
    STOA_MIGRATE: 'off',
  }
  const before = await levelOf(goods.hot, staff)
  await count(goods.hot, before.onHand - before.available + 1_000_000, staff)
  const { held, refused, seconds, p50, p99 } = await holdInOneProcess(
    { variables, variantId: goods.hot, seconds: options.seconds, atOnce: holdersAtOnce },
    options.ending,
  )
  if (refused > 0) throw new Error(`bench: ${refused} holds were refused of what is there`)
  return { aSecond: held / seconds, p50, p99 }
}

const rushUnits = 40
const rushBuyers = 200

/** Five times as many buyers as there are units, all at once. */
async function sellOut(bench: Bench, staff: Staff): Promise<Report['rush']> {
  const { hot } = bench.goods
  const before = await levelOf(hot, staff)
  await count(hot, before.onHand - before.available + rushUnits, staff)
  const { visits } = await drive(bench, 'hot-item', { atOnce: 32 }, 60, rushBuyers)
  const { available } = await levelOf(hot, staff)
  return { units: rushUnits, buyers: rushBuyers, placed: visits, left: available }
}
