import { readGoods, signIn } from './goods.ts'
import { type Bench, drive, type RunOptions } from './measure-row.ts'
import { withClient } from './meter.ts'
import { costOfOrders } from './order-cost.ts'
import { digits } from './report.ts'
import { startFilled } from './run.ts'
import { startDriver } from './workers.ts'

/** What an order takes, and how long its three requests take, by how many buy: who come together share statements. */
export type Buyers = {
  readonly who: string
  /** Without `begin` and `commit`. */
  readonly statements: number
  /** Of transactions: a statement by itself commits too. */
  readonly commits: number
  readonly shopMs: number
  readonly postgresMs: number
  readonly ordersASecond: number
  readonly p50: number
  readonly p99: number
  readonly failed: number
}

const loads = [
  ...[1, 4, 16, 48, 64, 96].map((atOnce) => ({ who: String(atOnce), load: { atOnce } })),
  // By chance, whether or not there are answers.
  ...[100, 170, 250].map((aSecond) => ({ who: `${aSecond} a second`, load: { aSecond } })),
]
/** What nobody compiled yet, and connections that have to be made, are of the first seconds. */
const warmUpSeconds = 3

export async function measureBuyers(options: RunOptions): Promise<Buyers[]> {
  const { shop } = await startFilled(options)
  const goods = await readGoods(await signIn(shop))
  const driver = startDriver(options.ending)
  return withClient(shop.databaseUrl, async (database) => {
    await database.query('create extension if not exists pg_stat_statements')
    const bench: Measured = { options, shop, driver, goods, database, from: 0 }
    const found: Buyers[] = []
    for (const { who, load } of loads) {
      options.onProgress(`buyers: ${who}`)
      await drive(bench, 'three-requests', load, warmUpSeconds)
      found.push({ who, ...(await measure(bench, load)) })
    }
    return found
  })
}

type Measured = Omit<Bench, 'limitsUrl'>

async function measure(bench: Measured, load: Parameters<typeof drive>[2]): Promise<Omit<Buyers, 'who'>> {
  const { database, options, shop } = bench
  let waited = { p50: 0, p99: 0, failed: 0 }
  const cost = await costOfOrders({ pids: [shop.pid], postmaster: shop.postmaster, database }, async () => {
    const sold = await drive(bench, 'three-requests', load, options.seconds * options.rounds)
    if (sold.visits === 0) throw new Error(`bench: nothing was sold: ${JSON.stringify(sold.failures)}`)
    waited = { p50: sold.latency.p50, p99: sold.latency.p99, failed: sold.failed }
    return sold
  })
  const { statements, transactions, shopMs, postgresMs, ordersASecond } = cost
  return {
    statements: statements - 2 * transactions,
    commits: transactions,
    shopMs,
    postgresMs,
    ordersASecond,
    ...waited,
  }
}

const figures: readonly [name: string, of: (one: Buyers) => string][] = [
  ['statements an order', ({ statements }) => statements.toFixed(1)],
  ['commits', ({ commits }) => commits.toFixed(1)],
  ['processor ms an order, Node', ({ shopMs }) => shopMs.toFixed(1)],
  ['processor ms an order, PostgreSQL', ({ postgresMs }) => postgresMs.toFixed(1)],
  ['orders a second', ({ ordersASecond }) => ordersASecond.toFixed(0)],
  ['p50, p99 of all three requests, ms', ({ p50, p99 }) => `${digits(p50)}, ${digits(p99)}`],
  ['turned away or failed', ({ failed }) => String(failed)],
]

/** The table of docs/performance.md: a column for each. */
export const buyersMarkdown = (all: readonly Buyers[]): string =>
  [
    ['buyers', ...all.map(({ who }) => who)],
    ['---', ...all.map(() => '---')],
    ...figures.map(([name, of]) => [name, ...all.map(of)]),
  ]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('')
