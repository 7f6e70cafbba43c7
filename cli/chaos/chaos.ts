import { join, resolve } from 'node:path'
import { endOnSignal, openEnding } from '../ending.ts'
import { ConfigurationError } from '../environment.ts'
import { complain, say, startProgress } from '../terminal.ts'
import { faults } from './all-faults.ts'
import { type Fault, together } from './fault.ts'
import { allParts } from './proving-ground.ts'
import { makeReport, type Report, tableOf, writeReport } from './report.ts'
import { judgeAtTheEnd, type Round, runRound } from './rounds.ts'
import { whyNoSmallDisk } from './small-disk.ts'
import { openTheater } from './theater.ts'

export type ChaosOptions = {
  readonly faults: readonly Fault[]
  readonly seed: number
  /** How long each fault lasts. */
  readonly seconds: number
  /** Buyers a second. */
  readonly rate: number
  readonly folder: string
}

type Values = Readonly<Record<string, string | boolean | undefined>>

/** `stoa chaos`: breaks a shop of its own by all means there are, and says whether it kept its promises. */
export async function chaos(values: Values): Promise<number> {
  if (values.list) {
    for (const { name, rows, what } of faults) say(`${name.padEnd(34)} ${rows.join(' ').padEnd(10)} ${what}`)
    return 0
  }
  const report = await runChaos(readOptions(values))
  return report.holds ? 0 : 1
}

/** Throws a `ConfigurationError` that names every fault of the command line. */
function readOptions(values: Values): ChaosOptions {
  const complaints: string[] = []
  const number = (name: string, fallback: number, least: number, most: number): number => {
    const given = values[name]
    if (given === undefined) return fallback
    const value = Number(given)
    if (!Number.isFinite(value) || value < least || value > most)
      complaints.push(`--${name} is "${given}", but must be a number from ${least} to ${most}`)
    return value
  }
  const names = typeof values.fault === 'string' ? values.fault.split(',').map((one) => one.trim()) : ['all']
  const named = (name: string): Fault[] => {
    const found = faults.filter((one) => name === 'all' || one.name === name || one.name.startsWith(`${name}-`))
    if (found.length === 0) complaints.push(`there is no fault "${name}"; "stoa chaos --list" names them`)
    return found
  }
  const chosen = names.flatMap((name) => (name.includes('+') ? together(name.split('+').flatMap(named)) : named(name)))
  const options = {
    faults: [...new Set(chosen)],
    seed: number('seed', Date.now() % 1_000_000, 0, 4_294_967_295),
    seconds: number('seconds', 12, 1, 3_600),
    rate: number('rate', 3, 0.1, 200),
    folder: resolve(typeof values.out === 'string' ? values.out : 'chaos-report'),
  }
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  return options
}

/** A run from an empty folder to the report, which is also written into `options.folder`. */
async function runChaos(options: ChaosOptions): Promise<Report> {
  const beganAt = Date.now()
  const progress = startProgress()
  const ending = openEnding((error) => complain(error.message))
  endOnSignal(ending)
  const withBroker = options.faults.some(({ byBroker }) => byBroker === true)
  const needsSmallDisk = options.faults.some(({ unable }) => unable === whyNoSmallDisk)
  const smallDisk = needsSmallDisk && (await whyNoSmallDisk()) === null
  try {
    const theater = await openTheater({
      ...options,
      parts: allParts,
      smallDisk,
      withBroker,
      onProgress: progress.step,
      ending,
    })
    progress.end()
    say(
      `${options.faults.length} faults, seed ${options.seed}, ${options.rate} buyers a second, at ${theater.ground.url}`,
    )
    const rounds: Round[] = []
    for (const fault of options.faults) {
      const { step, end } = startProgress()
      const round = await runRound(theater, fault, step).finally(end)
      rounds.push(round)
      say(`${round.skipped !== null ? 'skipped' : round.broken.length === 0 ? 'holds  ' : 'BROKEN '}  ${fault.name}`)
      for (const one of round.broken) say(`           ${one}`)
    }
    const waiting = startProgress()
    waiting.step('waiting until the last orders are paid or have expired')
    const last = await judgeAtTheEnd(theater).finally(waiting.end)
    const report = makeReport({ ...options, beganAt, rounds, last, samples: theater.http.samples })
    await writeReport(report, options.folder)
    show(report, options.folder)
    return report
  } finally {
    await ending.end()
  }
}

function show(report: Report, folder: string): void {
  say('')
  for (const line of tableOf(report.rounds)) say(line)
  say('')
  for (const one of report.last.broken) say(`at the end: ${one}`)
  say(
    `${report.holds ? 'Everything held' : 'NOT everything held'} (seed ${report.seed}, ${report.seconds} s): ${join(folder, 'chaos-report.html')}`,
  )
}
