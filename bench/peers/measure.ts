import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { Latency } from '../../cli/bench/load.ts'
import { summed } from '../../cli/bench/measure-row.ts'
import { countsOf, postgresMs, processorMs, residentMegabytes } from '../../cli/bench/meter.ts'
import { untilQuiet } from '../../cli/bench/own-shop.ts'
import { type Spread, spreadOf } from '../../cli/bench/report.ts'
import { rush } from './catalog.ts'
import type { Work, Worked } from './driver.ts'
import type { Running, Shop } from './shop.ts'
import { type VisitName, visitNames, type Wares } from './visits.ts'

export type Options = {
  readonly products: number
  readonly seed: number
  readonly seconds: number
  readonly rounds: number
  /** Who come beside each other, each again as soon as they are answered. */
  readonly visitors: number
  /** Who come all at once for what there is a rush for. */
  readonly buyers: number
}

/** What one visit took, all that it caused in the background among it. */
export type Row = {
  readonly visit: Exclude<VisitName, 'rush'>
  readonly aSecond: Spread
  /** Processor milliseconds: of the shop's processes, of PostgreSQL, of who came. */
  readonly shopMs: number
  readonly postgresMs: number
  readonly clientMs: number
  readonly statements: number
  readonly requests: number
  /** Of the round in the middle. */
  readonly latency: Latency
  readonly failed: number
  readonly failures: Readonly<Record<string, number>>
}

export type Rush = {
  readonly units: number
  readonly buyers: number
  /** Orders that buyers were told they have. */
  readonly sold: number
  /** Whether all were answered in time; else more may have been sold than anybody was told. */
  readonly finished: boolean
  readonly seconds: number
  readonly failures: Readonly<Record<string, number>>
}

export type Found = {
  readonly name: Shop['name']
  readonly version: string
  readonly configured: readonly string[]
  readonly beganAt: string
  /** Of the machine in the minute before: what else was going on. */
  readonly loadBefore: number
  readonly fillSeconds: number
  readonly startMs: number
  /** Megabytes of all its processes, PostgreSQL not among them. */
  readonly memory: { readonly idle: number; readonly afterLoad: number }
  readonly rows: readonly Row[]
  readonly rush: Rush
}

/** A running shop, and by what it is watched. */
export type Watched = {
  readonly shop: Shop
  readonly running: Running
  /** Of the shop's own processes and what runs for it alone. */
  readonly pids: readonly number[]
  readonly postmaster: number
  readonly database: pg.Client
  readonly driver: (work: Work) => Promise<Worked>
  readonly options: Options
  readonly onProgress: (step: string) => void
}

type Used = { readonly shopMs: number; readonly postgresMs: number; readonly statements: number; readonly at: number }

async function usedBy({ pids, postmaster, database }: Watched): Promise<Used> {
  const { statements } = await countsOf(database)
  return {
    shopMs: await sumOf(pids, processorMs),
    postgresMs: await postgresMs(postmaster),
    statements,
    at: performance.now(),
  }
}

const sumOf = async (pids: readonly number[], measure: (pid: number) => Promise<number>): Promise<number> =>
  (await Promise.all(pids.map(measure))).reduce((sum, one) => sum + one, 0)

const idleMs = 5_000

/** What a shop does when nobody comes: taken off what is found while somebody does. */
async function idleOf(watched: Watched): Promise<Used> {
  const before = await usedBy(watched)
  await pause(idleMs)
  return since(before, await usedBy(watched))
}

const since = (before: Used, after: Used): Used => ({
  shopMs: after.shopMs - before.shopMs,
  postgresMs: after.postgresMs - before.postgresMs,
  statements: after.statements - before.statements,
  at: after.at - before.at,
})

const quiet = ({ pids }: Watched): Promise<unknown> => Promise.all(pids.map(untilQuiet))

export async function measureShop(watched: Watched, wares: Wares): Promise<Pick<Found, 'memory' | 'rows' | 'rush'>> {
  const { pids, onProgress, shop } = watched
  await quiet(watched)
  const idle = await idleOf(watched)
  const idleMegabytes = await sumOf(pids, residentMegabytes)
  const rows: Row[] = []
  for (const visit of visitNames) {
    if (visit === 'rush') continue
    onProgress(`${shop.name}: ${visit}`)
    rows.push(await measureRow(watched, wares, visit, idle))
  }
  onProgress(`${shop.name}: rush`)
  const sold = await sellOut(watched, wares)
  return { memory: { idle: idleMegabytes, afterLoad: await sumOf(pids, residentMegabytes) }, rows, rush: sold }
}

/** Long enough for the compiler to have seen the way, and for what is cached to be there. */
const warmUpSeconds = 5

async function measureRow(watched: Watched, wares: Wares, visit: Row['visit'], idle: Used): Promise<Row> {
  const { driver, shop, running, options } = watched
  let from = 0
  const drive = async (seconds: number): Promise<Worked> => {
    const work = {
      shop: shop.name,
      base: running.base,
      visit,
      wares,
      seconds,
      load: { atOnce: options.visitors },
      from,
    }
    const worked = await driver(work)
    from += worked.visits + worked.failed
    return worked
  }
  await drive(Math.min(warmUpSeconds, options.seconds))
  await quiet(watched)
  const before = await usedBy(watched)
  const rounds: Worked[] = []
  for (let round = 0; round < options.rounds; round++) rounds.push(await drive(options.seconds))
  await quiet(watched)
  const used = since(before, await usedBy(watched))
  const total = (value: (one: Worked) => number): number => rounds.reduce((sum, one) => sum + value(one), 0)
  const visits = Math.max(
    1,
    total((one) => one.visits),
  )
  const each = (part: 'shopMs' | 'postgresMs' | 'statements'): number =>
    Math.max(0, used[part] - (idle[part] * used.at) / idle.at) / visits
  return {
    visit,
    aSecond: spreadOf(rounds.map((one) => one.visits / one.seconds)),
    shopMs: each('shopMs'),
    postgresMs: each('postgresMs'),
    clientMs: total((one) => one.processorMs) / visits,
    statements: each('statements'),
    requests: total((one) => one.requests) / visits,
    latency: (rounds[Math.floor(rounds.length / 2)] as Worked).latency,
    failed: total((one) => one.failed),
    failures: summed(rounds.map((one) => one.failures)),
  }
}

/** Longer than anybody waits: what is wanted is how many each shop sells when it has answered all. */
const rushWithinMs = 900_000

/** Everybody comes once, at once. */
async function sellOut({ driver, shop, running, options }: Watched, wares: Wares): Promise<Rush> {
  const { buyers } = options
  const load = {
    seconds: Number.MAX_SAFE_INTEGER,
    load: { atOnce: buyers },
    visitsAtMost: buyers,
    withinMs: rushWithinMs,
  }
  const worked = await driver({ shop: shop.name, base: running.base, visit: 'rush', wares, from: 0, ...load })
  const { visits: sold, seconds, failures } = worked
  return { units: rush.units, buyers, sold, finished: seconds * 1_000 < rushWithinMs, seconds, failures }
}
