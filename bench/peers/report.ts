import { digits } from '../../cli/bench/report.ts'
import type { Found, Options, Row } from './measure.ts'
import type { ShopName } from './visits.ts'

export type Report = {
  readonly machine: {
    readonly processors: string
    readonly memoryMegabytes: number
    readonly system: string
    readonly node: string
    readonly postgres: string
    /** Null where none is installed. */
    readonly redis: string | null
  }
  readonly options: Options
  readonly shops: readonly Found[]
}

const shopNames: readonly ShopName[] = ['stoa', 'medusa', 'vendure']
const titles: Readonly<Record<ShopName, string>> = { stoa: 'Stoa', medusa: 'Medusa', vendure: 'Vendure' }

const visitTitles: Readonly<Record<Row['visit'], string>> = {
  detail: 'product detail, over 400 products',
  listing: `listing of 24`,
  category: 'listings of 24 of 20 categories',
  search: 'searches of one word, over 200',
  'by-steps': 'order, one step a request',
  fewest: 'order, in the fewest requests',
}

type Line = {
  readonly what: string
  readonly better: 'more' | 'less'
  readonly of: (shop: Found) => number | undefined
}

const lineOf = (visit: Row['visit'], what: string, better: Line['better'], of: (row: Row) => number): Line => ({
  what: `${visitTitles[visit]}: ${what}`,
  better,
  of: ({ rows }) => {
    const row = rows.find((one) => one.visit === visit)
    return row && of(row)
  },
})

const rates = (visit: Row['visit']): Line => lineOf(visit, 'a second', 'more', ({ aSecond }) => aSecond.median)
const works = (visit: Row['visit']): Line =>
  lineOf(visit, 'processor ms', 'less', ({ shopMs, postgresMs }) => shopMs + postgresMs)
const reads = ['detail', 'listing', 'category', 'search'] as const
const orders = ['by-steps', 'fewest'] as const

/** What is compared, in the order in which it is told. */
const lines: readonly Line[] = [
  ...orders.flatMap((visit) => [
    rates(visit),
    works(visit),
    lineOf(visit, 'SQL statements', 'less', ({ statements }) => statements),
    lineOf(visit, 'requests', 'less', ({ requests }) => requests),
    lineOf(visit, 'p50 ms', 'less', ({ latency }) => latency.p50),
  ]),
  ...reads.flatMap((visit) => [rates(visit), works(visit)]),
  { what: 'second start to the first product list, s', better: 'less', of: ({ startMs }) => startMs / 1_000 },
  { what: 'resident memory idle, MB', better: 'less', of: ({ memory }) => memory.idle },
  { what: 'resident memory after the load, MB', better: 'less', of: ({ memory }) => memory.afterLoad },
  { what: 'empty database to full shop, s', better: 'less', of: ({ fillSeconds }) => fillSeconds },
]

/** How many times better Stoa is; below one it is worse. Null where there is nothing to compare. */
export function ratioOf(better: 'more' | 'less', stoa: number | undefined, peer: number | undefined): number | null {
  if (!stoa || !peer) return null
  return better === 'more' ? stoa / peer : peer / stoa
}

export function tableOf({ shops }: Report): string[][] {
  const found = new Map(shops.map((shop) => [shop.name, shop]))
  const there = shopNames.filter((name) => found.has(name))
  const peers = found.has('stoa') ? there.filter((name) => name !== 'stoa') : []
  const figureOf = (line: Line, name: ShopName): number | undefined => {
    const shop = found.get(name)
    return shop && line.of(shop)
  }
  const rows = lines.map((line) => [
    line.what,
    ...there.map((name) => digitsOf(figureOf(line, name))),
    ...peers.map((name) => timesOf(ratioOf(line.better, figureOf(line, 'stoa'), figureOf(line, name)))),
  ])
  const [rush] = shops.map((shop) => shop.rush)
  const sold = there.map((name) => soldOf(found.get(name)?.rush))
  return [
    ['', ...there.map((name) => titles[name]), ...peers.map((name) => `Stoa : ${titles[name]}`)],
    ...rows,
    [`sold of ${rush?.units}, when ${rush?.buyers} come at once`, ...sold, ...peers.map(() => '')],
  ]
}

const soldOf = (rush: Found['rush'] | undefined): string =>
  rush?.finished === false ? `${rush.sold}, cut off` : String(rush?.sold ?? '–')
const digitsOf = (value: number | undefined): string => (value === undefined ? '–' : digits(value))
const timesOf = (ratio: number | null): string => (ratio === null ? '–' : `${digits(ratio)} ×`)

const plural = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`

function circumstancesOf({ machine, options, shops }: Report): string[] {
  const { processors, memoryMegabytes, system, node, postgres, redis } = machine
  const days = [...new Set(shops.map(({ beganAt }) => beganAt.slice(0, 10)))].join(' and ')
  return [
    `Of ${days}, on ${processors}, ${memoryMegabytes} MB, ${system}; Node ${node}, PostgreSQL ${postgres}, ${redis ? `Redis ${redis}` : 'no Redis'}.`,
    `${plural(options.products, 'product')}, seed ${options.seed}; ${plural(options.visitors, 'visitor')} at once, ${plural(options.rounds, 'round')} of ${options.seconds} s each; medians.`,
    `Load of the machine before: ${shops.map(({ name, loadBefore }) => `${titles[name]} ${loadBefore.toFixed(1)}`).join(', ')}.`,
  ]
}

/** What went wrong, since it is part of the figures. */
function failuresOf({ shops }: Report): string[] {
  return shops.flatMap(({ name, rows, rush }) => [
    ...rows
      .filter(({ failed }) => failed > 0)
      .map(
        ({ visit, failed, failures }) =>
          `${titles[name]}, ${visitTitles[visit]}: ${failed} failed: ${reasons(failures)}`,
      ),
    `${titles[name]}, rush: ${rush.sold} of ${rush.buyers} were sold one in ${rush.seconds.toFixed(0)} s${Object.keys(rush.failures).length > 0 ? `; the others: ${reasons(rush.failures)}` : ''}`,
  ])
}

const reasonsAtMost = 3
const reasons = (failures: Readonly<Record<string, number>>): string => {
  const all = Object.entries(failures).toSorted(([, a], [, b]) => b - a)
  const shown = all.slice(0, reasonsAtMost).map(([what, n]) => `${n} × ${what}`)
  return [...shown, ...(all.length > reasonsAtMost ? ['…'] : [])].join(', ')
}

const configuredOf = ({ shops }: Report): string[] =>
  shops.map(({ name, version, configured }) => `${titles[name]} ${version}: ${configured.join('; ')}.`)

/** The report for a terminal. */
export function linesOf(report: Report): string[] {
  const table = tableOf(report)
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const aligned = table.map((row) =>
    row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join('  '),
  )
  return [...circumstancesOf(report), '', ...aligned, '', ...failuresOf(report), '', ...configuredOf(report)]
}

/** The report for a document: what stands in docs/performance.md is made by this. */
export function markdownOf(report: Report): string {
  const [head = [], ...rows] = tableOf(report).map((row) => `| ${row.join(' | ')} |`)
  const columns = (tableOf(report)[0] ?? []).map((_, n) => (n === 0 ? '---' : '---:'))
  const bullets = [...configuredOf(report), ...failuresOf(report)].map((line) => `- ${line}`)
  return [circumstancesOf(report).join('\n'), '', head, `| ${columns.join(' | ')} |`, ...rows, '', ...bullets, ''].join(
    '\n',
  )
}
