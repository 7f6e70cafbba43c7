import type { Latency } from './load.ts'
import type { OrderCost } from './order-cost.ts'
import { ordersWantedASecond } from './scenarios.ts'
import type { VisitName } from './visits.ts'

/** A figure out of some rounds: noise comes and goes, so that the median says more than the mean, and the ends say how much. */
export type Spread = { readonly median: number; readonly least: number; readonly most: number }

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [lower, upper] = [sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, sorted[middle] ?? 0]
  return { median: (lower + upper) / 2, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 }
}

/** Processor milliseconds of one visit, by who used them. */
export type Cost = { readonly shop: number; readonly postgres: number; readonly client: number }

export type Row = {
  readonly name: VisitName
  readonly what: string
  /** Closed loop: visits a second that were good, as fast as the shop answers. */
  readonly aSecond: Spread
  readonly cost: Cost
  readonly requestsAVisit: number
  readonly failed: number
  readonly failures: Readonly<Record<string, number>>
  readonly latency: Latency
  /** Open loop: so many come by a clock that does not wait for answers, as many as are wanted or half of the most. */
  readonly open: { readonly aSecond: number; readonly failed: number; readonly latency: Latency }
  /** What it is compared with: how much of its rate is reached, and of its processor time (the limit's by the shop's). */
  readonly limit: {
    readonly name: string
    readonly aSecond: Spread
    readonly ofRate: Spread
    readonly ofProcessor: number | null
    /** The same of bare `node:http`. */
    readonly ofNode: { readonly ofRate: number; readonly ofProcessor: number } | null
  } | null
}

export type Goal = { readonly what: string; readonly wanted: string; readonly found: string; readonly reached: boolean }

export type Report = {
  readonly version: string
  readonly beganAt: string
  readonly machine: {
    readonly processors: string
    readonly memoryMegabytes: number
    readonly node: string
    readonly postgres: string
    readonly system: string
    /** Of one minute, before the run: what else was going on. */
    readonly loadBefore: number
  }
  readonly catalog: { readonly products: number; readonly orders: number; readonly seed: number }
  readonly rounds: number
  readonly secondsARound: number
  readonly firstStartMs: number
  readonly secondStartMs: number
  readonly import: { readonly seconds: number; readonly productsASecond: number; readonly peakMegabytes: number }
  readonly memory: { readonly idle: number; readonly afterLoad: number; readonly peak: number }
  readonly order: OrderCost
  /** Holds of one variant, by callers in one process, through the contract. */
  readonly holds: { readonly aSecond: number; readonly p50: number; readonly p99: number }
  /** Each service a process of its own. */
  readonly apart: OrderCost & { readonly processes: number }
  readonly rush: { readonly units: number; readonly buyers: number; readonly placed: number; readonly left: number }
  /** What those wait who buy in three requests, so many a second by chance, by themselves and while products are imported. */
  readonly importing: {
    readonly aSecond: number
    readonly alone: Waited
    readonly meanwhile: Waited
    readonly productsASecond: number
  }
  readonly rows: readonly Row[]
  readonly goals: readonly Goal[]
}

type Waited = { readonly p50: number; readonly p99: number; readonly failed: number }

type Judged = Omit<Report, 'goals'>

/** The figures to reach, for two cores that the shop shares with PostgreSQL and with the load. */
export function goalsOf(report: Judged): Goal[] {
  const row = (name: VisitName): Row | undefined => report.rows.find((one) => one.name === name)
  const goals: (Goal | null)[] = [
    atLeast(
      'guest checkout in three requests, orders a second',
      ordersWantedASecond,
      row('three-requests')?.aSecond.median,
    ),
    atMost(
      `guest checkout in three requests, p99 in milliseconds while ${ordersWantedASecond} a second come`,
      250,
      row('three-requests')?.open.latency.p99,
    ),
    atMost(
      `guest checkout in three requests, turned away or failed while ${ordersWantedASecond} a second come`,
      0,
      row('three-requests')?.open.failed,
    ),
    atMost('processor milliseconds an order, shop and PostgreSQL', 5, both(row('three-requests'))),
    atLeast('guest checkout in eight requests, orders a second', 120, row('eight-requests')?.aSecond.median),
    atLeast('one hot item, of the rate of three requests', 0.95, row('hot-item')?.limit?.ofRate.median),
    atMost(
      `oversold, when ${report.rush.buyers} want ${report.rush.units}`,
      0,
      Math.max(0, report.rush.placed - report.rush.units, -report.rush.left),
    ),
    atMost(
      'processor time an order with each service by itself, of one process',
      3,
      ratio(processorMsOf(report.apart), processorMsOf(report.order)),
    ),
    atLeast('holds of one variant in one process, a second', 10_000, report.holds.aSecond),
    atMost('holds of one variant, p99 in milliseconds', 20, report.holds.p99),
    atLeast('one product’s detail, of a bare Fastify with the same bytes', 0.6, row('detail-one')?.limit?.ofProcessor),
    atLeast('listing of 24 with facets, of a bare Fastify', 0.4, row('listing')?.limit?.ofProcessor),
    atLeast('storefront listing page, warm, pages a second', 1_000, row('page-warm')?.aSecond.median),
    atMost('storefront listing page, cold, processor milliseconds', 3, both(row('page-cold'))),
    atMost('second start to the first answer, seconds', 1, report.secondStartMs / 1_000),
    atMost(`resident memory idle, ${report.catalog.products} products, MB`, 180, report.memory.idle),
    atMost('resident memory under load, MB', 350, report.memory.peak),
    // Of fewer it is the start of the command that is measured.
    report.catalog.products >= 100_000
      ? atLeast('import, products a second', 3_000, report.import.productsASecond)
      : null,
    ...(report.catalog.products >= 100_000 ? searched.map((name) => answeredWithin(20, row(name))) : []),
    ...(report.catalog.orders >= 1_000_000 ? staffLists.map((name) => answeredWithin(50, row(name))) : []),
  ]
  return goals.filter((goal) => goal !== null)
}

/** What a run ends with: status 1 and these lines, if a goal is missed. One that is quick is a first idea, and misses nothing. */
export const missedOf = ({ goals }: Report, isQuick: boolean): string[] =>
  isQuick ? [] : goals.filter(({ reached }) => !reached).map(goalText)

const goalText = ({ what, wanted, found }: Goal): string => `${what}: ${found} (wanted ${wanted})`

const searched = ['facets', 'search', 'search-common'] as const satisfies readonly VisitName[]
const staffLists = [
  'admin-products',
  'admin-products-deep',
  'admin-orders',
  'admin-orders-deep',
  'admin-orders-search',
  'admin-levels-deep',
] as const satisfies readonly VisitName[]

/** How long they wait is known of those who were answered: it says nothing of a row in which others were not. */
function answeredWithin(ms: number, row: Row | undefined): Goal | null {
  if (!row) return null
  const { aSecond, latency, failed } = row.open
  const goal = atMost(`${row.what}, p99 in milliseconds while ${digits(aSecond)} a second come`, ms, latency.p99)
  return goal && failed > 0 ? { ...goal, found: `${goal.found}, ${failed} failed`, reached: false } : goal
}

export const processorMsOf = ({ shopMs, postgresMs }: OrderCost): number => shopMs + postgresMs
const both = (row: Row | undefined): number | undefined => row && row.cost.shop + row.cost.postgres
const ratio = (part: number | undefined, whole: number | undefined): number | undefined =>
  part !== undefined && whole ? part / whole : undefined

/** As many digits as noise leaves of a figure. */
export const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2))

function atLeast(what: string, wanted: number, found: number | null | undefined): Goal | null {
  if (found === undefined || found === null) return null
  return { what, wanted: `≥ ${wanted.toLocaleString('en')}`, found: digits(found), reached: found >= wanted }
}

function atMost(what: string, wanted: number, found: number | null | undefined): Goal | null {
  if (found === undefined || found === null) return null
  return { what, wanted: `≤ ${wanted.toLocaleString('en')}`, found: digits(found), reached: found <= wanted }
}

/** The report for a terminal. */
export function linesOf(report: Report): string[] {
  const { machine, memory, order, rush } = report
  const { rows } = report
  return [
    `${machine.processors}, ${machine.memoryMegabytes} MB, ${machine.system}; Node ${machine.node}, PostgreSQL ${machine.postgres}; load before ${machine.loadBefore.toFixed(1)}`,
    `${report.catalog.products} products, ${report.catalog.orders} orders of years before, seed ${report.catalog.seed}; ${report.rounds} rounds of ${report.secondsARound} s, medians (least … most)`,
    '',
    line(
      'visit',
      'a second',
      'shop ms',
      'PG ms',
      'client ms',
      'p50 / p99 when so many a second come',
      'of its limit',
      'of its processor time (of node:http)',
    ),
    ...rows.map((row) =>
      line(
        row.name,
        spreadText(row.aSecond),
        digits(row.cost.shop),
        digits(row.cost.postgres),
        digits(row.cost.client),
        `${digits(row.open.latency.p50)} / ${digits(row.open.latency.p99)} ms, ${digits(row.open.aSecond)}`,
        row.limit ? `${row.limit.ofRate.median.toFixed(2)} of ${row.limit.name}` : '–',
        processorText(row),
      ),
    ),
    ...failuresOf(rows),
    '',
    `first start ${(report.firstStartMs / 1_000).toFixed(2)} s, second ${(report.secondStartMs / 1_000).toFixed(2)} s`,
    `import: ${digits(report.import.productsASecond)} products a second, at most ${digits(report.import.peakMegabytes)} MB without mapped files`,
    `resident memory without PostgreSQL: ${digits(memory.idle)} MB idle, ${digits(memory.afterLoad)} MB after the load, ${digits(memory.peak)} MB at most`,
    `an order under load: ${order.statements.toFixed(1)} statements, ${order.commits.toFixed(1)} commits that wrote`,
    `each service by itself, ${report.apart.processes} processes: ${digits(report.apart.ordersASecond)} orders a second, ${digits(processorMsOf(report.apart))} ms an order`,
    `holds of one variant in one process: ${digits(report.holds.aSecond)} a second, p50 ${digits(report.holds.p50)} ms, p99 ${digits(report.holds.p99)} ms`,
    `${rush.buyers} buyers, ${rush.units} units: ${rush.placed} orders, ${rush.left} left`,
    importingLine(report.importing),
    '',
    ...report.goals.map((goal) => `${goal.reached ? 'reached    ' : 'NOT reached'}  ${goalText(goal)}`),
  ]
}

export function importingLine({ aSecond, alone, meanwhile, productsASecond }: Report['importing']): string {
  const waited = ({ p50, p99, failed }: Waited): string =>
    `${digits(p50)} / ${digits(p99)} ms${failed > 0 ? `, ${failed} failed` : ''}`
  return `${aSecond} orders a second in three requests, p50 / p99: ${waited(alone)}; while ${digits(productsASecond)} products a second are imported: ${waited(meanwhile)}`
}

/** What did not go well, a line for each kind of visit. */
export const failuresOf = (rows: readonly Row[]): string[] =>
  rows
    .filter(({ failed, open }) => failed + open.failed > 0)
    .map(
      ({ name, failed, open, failures }) =>
        `${name}: ${failed + open.failed} failed: ${Object.entries(failures)
          .map(([what, n]) => `${n} × ${what}`)
          .join(', ')}`,
    )

const processorText = ({ limit }: Row): string =>
  limit?.ofProcessor ? `${limit.ofProcessor.toFixed(2)} (${limit.ofNode?.ofProcessor.toFixed(2) ?? '–'})` : '–'

const spreadText = ({ median, least, most }: Spread): string =>
  least === most ? digits(median) : `${digits(median)} (${digits(least)} … ${digits(most)})`

const widths = [20, 24, 8, 8, 10, 28, 32, 0]
const line = (...cells: string[]): string => cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' ')
