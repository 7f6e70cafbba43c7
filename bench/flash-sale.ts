import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type OwnCluster, startOwnCluster } from '../cli/bench/own-cluster.ts'
import { staff } from '../cli/bench/own-shop.ts'
import { tellCluster } from '../cli/cluster/control.ts'
import type { CopyHealth } from '../cli/cluster/health.ts'
import { type Ending, endOnSignal, openEnding } from '../cli/ending.ts'
import { freePorts } from '../cli/free-ports.ts'
import { complain, say } from '../cli/terminal.ts'
import { flashSale, type SaleShape, type Sample, timesAsMany } from '../deploy/autoscaling/flash-sale.ts'
import { drawSale } from '../deploy/autoscaling/picture.ts'
import policy from '../deploy/helm/stoa/files/autoscaling.json' with { type: 'json' }
import {
  fillShelves,
  loadOn,
  nothingSeen,
  pagesAnOrder,
  quantile as quantileOf,
  type Seen,
  turnedAway,
} from './load.ts'

// `node bench/flash-sale.ts`: the flash sale that deploy/autoscaling simulates, on a real shop: `stoa cluster` behind HAProxy, which
// scales itself by the chart's parameters, while people come as the trace says. Talks to 127.0.0.1 only, and stops by itself.

const { values: options } = parseArgs({
  options: {
    // Orders a second while the sale lasts, with five pages each.
    peak: { type: 'string', default: '12' },
    autoscale: { type: 'string', default: `${policy.minReplicas}-${policy.maxReplicas}` },
    // What a copy counts as, so that two cores are a cluster of copies: see docs/scaling.md.
    cores: { type: 'string', default: '0.1' },
    groups: { type: 'string' },
    shape: { type: 'string', default: '40,60,160,30' },
    out: { type: 'string', default: 'bench-report' },
  },
})
const [before = 0, ramp = 0, sale = 0, after = 0] = options.shape.split(',').map(Number)
if (![before, ramp, sale, after, Number(options.peak)].every((one) => one > 0 && one <= 3_600))
  throw new Error(
    '--shape is four numbers of seconds (quiet, more and more, the sale, quiet), and --peak orders a second',
  )
const shape: SaleShape = { before, ramp, sale, after }
const trace = flashSale(Number(options.peak) / timesAsMany, shape)
const startWithinMs = 180_000
/** Each part of a sale is looked at more than once. */
const sampleMs = 1_000 * Math.min(5, before, ramp, sale / 2, after)
/** As in the simulation: more than one in a hundred turned away, or a p99 beyond it. */
const troubledMs = 500

/** The copies at a moment, and those who came since the one before it: some of them are told later. */
type Look = {
  readonly second: number
  readonly pods: number
  readonly copies: ReadonlyMap<string, number>
  readonly utilization: number
  readonly seen: Seen
}
type Moment = Sample & Look

async function startCluster(ending: Ending): Promise<OwnCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-sale-'))
  ending.add(() => rm(folder, { recursive: true, force: true }))
  const [port] = (await freePorts(1)) as [number]
  const copies = options.autoscale.split('-')[0] ?? '1'
  const scaling = ['--copies', copies, '--autoscale', options.autoscale, '--cores', options.cores]
  const groups = options.groups ? ['--groups', options.groups] : []
  const where = { dataFolder: join(folder, 'data'), port, ending }
  return startOwnCluster(where, [...scaling, ...groups], { STOA_DEMO: 'on' }, (line) => {
    if (line.startsWith('autoscale')) say(line)
  })
}

/** Lets people come, and looks every few seconds at what became of them and at the copies. */
async function runSale(base: string, folder: string, ending: Ending): Promise<Moment[]> {
  const { close, come, readGoods, send } = loadOn(base)
  ending.add(close)
  for (const until = Date.now() + startWithinMs; ; await pause(500)) {
    const { body } = await send('GET', '/api/products?limit=100')
    if (Number((body as { items?: unknown[] } | null)?.items?.length) >= 60) break
    if (Date.now() > until) throw new Error('the demo shop has no goods')
  }
  const goods = await readGoods()
  await fillShelves(base, staff, goods.variants)
  const looks: Look[] = []
  const began = performance.now()
  let seen = nothingSeen()
  const coming = come(goods, trace.rate, trace.seconds, () => seen)
  for (let n = 1; n * sampleMs <= trace.seconds * 1_000; n++) {
    await pause(Math.max(0, began + n * sampleMs - performance.now()))
    const rows = (await tellCluster(folder, { do: 'status' }, () => undefined)) as CopyHealth[]
    const ended = seen
    seen = nothingSeen()
    const look = lookAt((n * sampleMs) / 1_000, ended, rows)
    looks.push(look)
    say(lineOf(momentOf(look)))
  }
  await Promise.all(await coming)
  return looks.map(momentOf)
}

function lookAt(second: number, seen: Seen, rows: readonly CopyHealth[]): Look {
  const own = rows.filter(({ services, state }) => !services.includes('sandbox') && state !== 'leaving')
  const ready = own.filter(({ state }) => state === 'ready')
  const copies = new Map<string, number>()
  for (const { name } of ready) {
    const part = name.split('.')[0] ?? ''
    copies.set(part, (copies.get(part) ?? 0) + 1)
  }
  const utilization = ready.reduce((sum, { cpu }) => sum + (cpu ?? 0), 0) / 100 / Math.max(1, ready.length)
  return { second, pods: own.length, copies, utilization, seen }
}

const momentOf = (look: Look): Moment => ({
  ...look,
  rate: trace.rate(look.second - 1) * (pagesAnOrder + 1),
  ready: [...look.copies.values()].reduce((sum, count) => sum + count, 0),
  p99Ms: quantile([...look.seen.pageMs, ...look.seen.checkoutMs], 0.99),
  turnedAway: turnedAway(look.seen) + look.seen.failed,
  served: look.seen.pages + look.seen.orders,
})

const quantile = (values: readonly number[], part: number): number => quantileOf(values, part) ?? 0

const lineOf = ({ second, rate, pods, ready, utilization, seen }: Moment): string =>
  `${String(second).padStart(4)} s  ${rate.toFixed(0).padStart(4)} come a second  ${ready}/${pods} copies at ${(utilization * 100).toFixed(0)} % of a core  ${seen.orders} orders, ${seen.pages} pages, turned away ${turnedAway(seen)}, failed ${seen.failed} ${[...seen.failures].map(([what, times]) => `${times} × ${what}`).join(', ')} page p50 ${quantile(seen.pageMs, 0.5).toFixed(0)} p99 ${quantile(seen.pageMs, 0.99).toFixed(0)} ms, checkout p50 ${quantile(seen.checkoutMs, 0.5).toFixed(0)} p99 ${quantile(seen.checkoutMs, 0.99).toFixed(0)} ms`

const isTroubled = ({ p99Ms, served, turnedAway }: Moment): boolean =>
  p99Ms > troubledMs || turnedAway > 0.01 * (served + turnedAway)

/** The table of docs/scaling.md: a row for each part of the sale. */
function tableOf(moments: readonly Moment[]): string[] {
  const { before, ramp, sale } = shape
  const phases: [string, number, number][] = [
    ['quiet', 0, before],
    ['more and more', before, before + ramp],
    ['the sale, its first half', before + ramp, before + ramp + sale / 2],
    ['the sale, its second half', before + ramp + sale / 2, before + ramp + sale],
    ['less, and quiet again', before + ramp + sale, trace.seconds],
  ]
  const row = ([name, from, to]: (typeof phases)[number]): string => {
    const within = moments.filter(({ second }) => second > from && second <= to)
    const all = (pick: (one: Moment) => readonly number[]): number[] => within.flatMap((one) => [...pick(one)])
    const sum = (pick: (one: Moment) => number): number => within.reduce((total, one) => total + pick(one), 0)
    const [pages, checkouts] = [all(({ seen }) => seen.pageMs), all(({ seen }) => seen.checkoutMs)]
    const ms = (values: number[]): string =>
      `${quantile(values, 0.5).toFixed(0)}, ${quantile(values, 0.99).toFixed(0)} ms`
    const came = sum(({ served, turnedAway }) => served + turnedAway)
    const ready = within.map((one) => one.ready)
    const cells = [
      name,
      `${Math.min(...ready)} to ${Math.max(...ready)}`,
      (sum(({ seen }) => seen.orders) / Math.max(1, to - from)).toFixed(1),
      (sum(({ seen }) => seen.pages) / Math.max(1, to - from)).toFixed(1),
      `${((100 * sum(({ seen }) => turnedAway(seen))) / Math.max(1, came)).toFixed(2)} %`,
      sum(({ seen }) => seen.failed),
      ms(pages),
      ms(checkouts),
    ]
    return `| ${cells.join(' | ')} |`
  }
  const most = (part: string): number => Math.max(...moments.map(({ copies }) => copies.get(part) ?? 0))
  const parts = [...new Set(moments.flatMap(({ copies }) => [...copies.keys()]))]
  const top = Math.max(...moments.map(({ ready }) => ready))
  const reached = moments.find(({ ready }) => ready === top)?.second ?? 0
  return [
    '| | copies that are ready | orders a second | pages a second | turned away | failed | page p50, p99 | checkout p50, p99 |',
    '|---|---|---|---|---|---|---|---|',
    ...phases.map(row),
    '',
    `Troubled for ${Math.round((moments.filter(isTroubled).length * sampleMs) / 1_000)} s. The most copies, ${top}, were ready ${reached - before} s after more began to come: ${parts.map((part) => `${part} ${most(part)}`).join(', ')}.`,
  ]
}

async function main(): Promise<void> {
  const ending = openEnding((error) => complain(error.message))
  endOnSignal(ending)
  say(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}; the load runs on the same machine`)
  try {
    const { base, folder } = await startCluster(ending)
    const moments = await runSale(base, folder, ending)
    const out = resolve(options.out)
    await mkdir(out, { recursive: true })
    const title = 'A flash sale on a cluster of one machine: from quiet to fifty times as much in one minute'
    await writeFile(
      join(out, 'flash-sale-cluster.svg'),
      drawSale(moments, { requestedCores: Number(options.cores) }, title),
    )
    for (const line of ['', ...tableOf(moments)]) say(line)
    say(`\nflash-sale-cluster.svg in ${out}`)
  } finally {
    await ending.end()
  }
}

await main()
process.exit(0)
