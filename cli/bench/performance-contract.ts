import { measurePostgres } from './limits.ts'
import { postgresMs, threadsMs } from './meter.ts'
import type { OwnShop } from './own-shop.ts'
import { spreadOf } from './report.ts'
import type { Goods, VisitName } from './visits.ts'
import type { Driver } from './workers.ts'

/**
 * What may be used at most, in units that a faster machine changes as much as the shop: processor time of one request to a bare
 * Fastify, and of one `pgbench -N` transaction. The visits cost the same however many come a second: what is kept, and what nobody
 * asked for before. Each budget lies between what was found and twice that: a test at least doubles the shop's work and sees that it
 * is too much, so that a budget has to come down when the shop has become faster.
 */
export const budgets = {
  kept: { what: 'a product detail that is kept, in requests to a bare Fastify', atMost: 2.2 },
  page: { what: 'a storefront page that is kept, in requests to a bare Fastify', atMost: 3 },
  made: { what: 'a filtered listing that nobody asked for before, in requests to a bare Fastify', atMost: 44 },
  order: { what: 'an order in three requests, in requests to a bare Fastify', atMost: 460 },
  orderInPostgres: { what: 'an order in PostgreSQL, in pgbench -N transactions', atMost: 48 },
  idle: { what: 'megabytes that are resident before anybody comes', atMost: 190 },
} as const

export type Budget = keyof typeof budgets
export type Found = Readonly<Record<Budget, number>>

/** Processor milliseconds of one, and megabytes, by which a slow-down can be made that doubles it. */
export type Costs = Readonly<Record<Budget | 'bare' | 'transaction', number>>

type Round = Omit<Costs, 'idle'>

type Parts = {
  readonly shop: OwnShop
  readonly driver: Driver
  readonly goods: Goods
  readonly bare: { readonly fastify: string; readonly pid: number }
  readonly limitsUrl: string
  /** Megabytes. */
  readonly idle: number
}

/** Odd, so that the median is one of them; what else the machine does comes and goes. */
const rounds = 5
/** Few, so that five rounds of all, and of twice as much work, are done in time on a machine with much else to do. */
const requestsARound = 4_000
const madeARound = 150
/** Enough that new connections, which first read PostgreSQL's catalogs, are a small part of the first rounds. */
const ordersARound = 144
const transactionSeconds = 1
const atOnce = 8
const longestRoundSeconds = 60

/** @returns the medians of the rounds: of each ratio, and of what each cost */
export async function measureContract(parts: Parts): Promise<{ found: Found; costs: Costs }> {
  const all: Round[] = []
  let from = 0
  const next = (count: number): number => {
    from += count
    return from - count
  }
  for (let round = 0; round <= rounds; round++) {
    const costs = await measureRound(parts, next)
    // The first one finds code that nobody compiled yet.
    if (round > 0) all.push(costs)
  }
  const median = (value: (one: Round) => number): number => spreadOf(all.map(value)).median
  return {
    found: {
      kept: median(({ kept, bare }) => kept / bare),
      page: median(({ page, bare }) => page / bare),
      made: median(({ made, bare }) => made / bare),
      order: median(({ order, bare }) => order / bare),
      orderInPostgres: median(({ orderInPostgres, transaction }) => orderInPostgres / transaction),
      idle: parts.idle,
    },
    costs: {
      bare: median(({ bare }) => bare),
      transaction: median(({ transaction }) => transaction),
      kept: median(({ kept }) => kept),
      page: median(({ page }) => page),
      made: median(({ made }) => made),
      order: median(({ order }) => order),
      orderInPostgres: median(({ orderInPostgres }) => orderInPostgres),
      idle: parts.idle,
    },
  }
}

async function measureRound(parts: Parts, next: (count: number) => number): Promise<Round> {
  const { shop, driver, goods, bare, limitsUrl } = parts
  const cost = async (pid: number, base: string, visit: VisitName, visitsAtMost: number) => {
    const before = [await threadsMs(pid), await postgresMs(shop.postmaster)] as const
    const { visits, failures } = await driver({
      base,
      visit,
      goods: visit === 'bare' ? { ...goods, handles: ['/bare'] } : goods,
      seconds: longestRoundSeconds,
      load: { atOnce },
      from: next(visitsAtMost),
      visitsAtMost,
    })
    if (visits < visitsAtMost / 2) throw new Error(`bench: ${visit}: ${JSON.stringify(failures)}`)
    const after = [await threadsMs(pid), await postgresMs(shop.postmaster)] as const
    return { process: (after[0] - before[0]) / visits, postgres: (after[1] - before[1]) / visits }
  }
  // Before what takes about as much and after it: it is what all others are measured in.
  const bareCost = () => cost(bare.pid, bare.fastify, 'bare', requestsARound)
  const bareBefore = await bareCost()
  const kept = await cost(shop.pid, shop.base, 'detail-one', requestsARound)
  const page = await cost(shop.pid, shop.base, 'page-warm', requestsARound)
  const bareAfter = await bareCost()
  const made = await cost(shop.pid, shop.base, 'facets', madeARound)
  const order = await cost(shop.pid, shop.base, 'three-requests', ordersARound)
  const where = { url: limitsUrl, postmaster: shop.postmaster }
  const transaction = await measurePostgres(where, '-N', transactionSeconds)
  return {
    bare: (bareBefore.process + bareAfter.process) / 2,
    transaction: transaction.postgresMs,
    kept: kept.process,
    page: page.process,
    made: made.process,
    order: order.process,
    orderInPostgres: order.postgres,
  }
}

/** @returns a sentence for each budget that was exceeded */
export const exceeded = (found: Found): string[] =>
  (Object.keys(budgets) as Budget[])
    .filter((name) => found[name] > budgets[name].atMost)
    .map((name) => `${name}: ${found[name].toFixed(1)} (${budgets[name].what}), at most ${budgets[name].atMost}`)
