import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { endOnSignal, openEnding } from '../ending.ts'
import { ConfigurationError } from '../environment.ts'
import { freePorts } from '../free-ports.ts'
import { complain, say, startProgress } from '../terminal.ts'
import { buyersMarkdown, measureBuyers } from './buyers.ts'
import { largeDayMarkdown } from './large-day.ts'
import type { RunOptions } from './measure-row.ts'
import { linesOf, missedOf } from './report.ts'
import { markdownOf, scaleMarkdown } from './report-markdown.ts'
import { reportPage } from './report-page.ts'
import { runBench } from './run.ts'
import { measureScale, type ScaleOptions } from './scale.ts'
import { drawScale } from './scale-picture.ts'
import { scenarios } from './scenarios.ts'

type Values = Readonly<Record<string, string | boolean | undefined>>

/** What a run is, unless it is told otherwise; `--quick` sees whether all works and gives a first idea. */
const full = { products: 10_000, seconds: 5, rounds: 3 }
const quick = { products: 1_000, seconds: 1, rounds: 1 }

/**
 * `stoa bench`: drives a shop of its own from another process, and says what it takes beside what this machine can do at most.
 * @returns 1 if a goal is missed, which is named last
 */
export async function bench(values: Values): Promise<number> {
  const { folder, isQuick, measured, ...options } = readOptions(values)
  const ending = openEnding((error) => complain(error.message))
  endOnSignal(ending)
  const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-bench-'))
  ending.add(() => rm(dataFolder, { recursive: true, force: true }))
  const progress = startProgress()
  try {
    const [port] = (await freePorts(1)) as [number]
    const run = { ...options, dataFolder, port, ending, onProgress: progress.step }
    const { lines, files, missed } = await runs[measured](run, isQuick)
    progress.end()
    await mkdir(folder, { recursive: true })
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
    for (const line of lines) say(line)
    say(`\n${Object.keys(files).join(', ')} in ${folder}`)
    for (const goal of missed) complain(`stoa bench: not reached: ${goal}`)
    return missed.length > 0 ? 1 : 0
  } finally {
    progress.end()
    await ending.end()
  }
}

type Outcome = {
  readonly lines: readonly string[]
  readonly files: Readonly<Record<string, string>>
  readonly missed: readonly string[]
}

async function runAll(options: RunOptions, isQuick: boolean): Promise<Outcome> {
  const report = await runBench(options)
  return {
    lines: linesOf(report),
    files: {
      'bench-report.json': inJson(report),
      'bench-report.md': markdownOf(report),
      'large-day.md': largeDayMarkdown(report),
      'bench-report.html': reportPage(report),
    },
    missed: missedOf(report, isQuick),
  }
}

async function runScale(options: ScaleOptions): Promise<Outcome> {
  const curves = await measureScale(options)
  const lines = curves.map(({ name, of, unit, points, exponent }) => {
    const values = points.map(({ size, value }) => `${size}: ${value.toPrecision(3)} ${unit}`)
    return `${name.padEnd(32)} by ${of}: ${values.join(', ')}; exponent ${exponent.toFixed(2)}`
  })
  const files = {
    'scale-report.json': inJson(curves),
    'scale-report.md': scaleMarkdown(curves),
    'scale.svg': drawScale(curves),
  }
  return { lines, files, missed: [] }
}

async function runBuyers(options: RunOptions): Promise<Outcome> {
  const buyers = await measureBuyers(options)
  const table = buyersMarkdown(buyers)
  return {
    lines: table.trimEnd().split('\n'),
    files: { 'buyers-report.json': inJson(buyers), 'buyers-report.md': table },
    missed: [],
  }
}

const runs = { all: runAll, scale: runScale, buyers: runBuyers }

const inJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`

/** Throws a `ConfigurationError` that names every fault of the command line. */
function readOptions(values: Values) {
  const complaints: string[] = []
  if (process.platform !== 'linux') complaints.push('stoa bench reads processor time from /proc, which only Linux has')
  if (values.scale && values.buyers) complaints.push('--scale and --buyers are two runs')
  const usual = values.quick ? quick : full
  const number = (name: string, fallback: number, least: number, most: number): number => {
    const given = values[name]
    if (given === undefined) return fallback
    const value = Number(given)
    if (!Number.isInteger(value) || value < least || value > most)
      complaints.push(`--${name} is "${given}", but must be a whole number from ${least} to ${most}`)
    return value
  }
  const names = typeof values.only === 'string' ? values.only.split(',').map((one) => one.trim()) : null
  const known = new Set<string>(scenarios.map(({ name }) => name))
  for (const name of names ?? [])
    if (!known.has(name)) complaints.push(`there is no scenario "${name}"; there are ${[...known].join(', ')}`)
  const options = {
    products: number('products', usual.products, 200, 2_000_000),
    orders: number('orders', 0, 0, 2_000_000),
    seed: number('seed', 1, 0, 4_294_967_295),
    rounds: number('rounds', usual.rounds, 1, 50),
    seconds: number('seconds', usual.seconds, 1, 600),
    scenarios: scenarios.filter(({ name }) => names?.includes(name) ?? true),
    isQuick: values.quick === true,
    measured: values.scale ? ('scale' as const) : values.buyers ? ('buyers' as const) : ('all' as const),
    folder: resolve(typeof values.out === 'string' ? values.out : 'bench-report'),
  }
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  return options
}
