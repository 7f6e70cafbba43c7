import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { version } from '../version.ts'
import type { Finding } from './fault.ts'
import type { Sample } from './http.ts'
import { reportPage } from './report-page.ts'
import { hasFailed, type Round } from './rounds.ts'

/** A second of the run as clients saw it. Latencies in milliseconds of requests that were answered. */
export type Second = {
  readonly at: number
  readonly orders: number
  readonly requests: number
  readonly failed: number
  readonly p50: number | null
  readonly p99: number | null
}

export type Report = {
  readonly version: string
  readonly machine: string
  readonly seed: number
  readonly rate: number
  readonly beganAt: string
  readonly seconds: number
  readonly holds: boolean
  readonly rounds: readonly Round[]
  /** After the last one, once every order that waited was paid or had expired. */
  readonly last: { readonly checks: readonly Finding[]; readonly broken: readonly string[] }
  readonly timeline: readonly Second[]
}

export function makeReport(run: {
  seed: number
  rate: number
  beganAt: number
  rounds: readonly Round[]
  last: Report['last']
  samples: readonly Sample[]
}): Report {
  const processors = cpus()
  return {
    version,
    machine: `${processors.length} × ${processors[0]?.model ?? 'unknown'}, Node ${process.version}`,
    seed: run.seed,
    rate: run.rate,
    beganAt: new Date(run.beganAt).toISOString(),
    seconds: Math.round((Date.now() - run.beganAt) / 1_000),
    holds: run.last.broken.length === 0 && run.rounds.every(({ broken }) => broken.length === 0),
    rounds: run.rounds,
    last: run.last,
    timeline: timelineOf(run.samples, run.beganAt),
  }
}

/** The auditor's and the operator's own requests are no shopper's. */
const shoppers = new Set(['cart', 'checkout', 'order'])

export function timelineOf(samples: readonly Sample[], beganAt: number): Second[] {
  const seconds = Map.groupBy(
    samples.filter(({ what }) => shoppers.has(what)),
    ({ at, ms }) => Math.floor((at + ms - beganAt) / 1_000),
  )
  const last = Math.max(0, ...seconds.keys())
  return Array.from({ length: last + 1 }, (_, second) => {
    const own = seconds.get(second) ?? []
    const answered = own.filter((one) => !hasFailed(one)).map(({ ms }) => ms)
    return {
      at: beganAt + second * 1_000,
      orders: own.filter(({ what, status }) => what === 'checkout' && status === 201).length,
      requests: own.length,
      failed: own.filter(hasFailed).length,
      p50: percentile(answered, 0.5),
      p99: percentile(answered, 0.99),
    }
  })
}

/** By nearest rank. */
function percentile(values: readonly number[], part: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? null
}

const columns = [
  'fault',
  'orders',
  'while it lasted',
  'refused',
  'failed requests',
  'restarts',
  'back after',
  'held too long',
  'invariants',
]

/** A table for a person, and below it whatever does not hold. */
export function tableOf(rounds: readonly Round[]): string[] {
  const rows = rounds.map((round) =>
    round.skipped === null
      ? [
          round.fault,
          String(round.acknowledged),
          String(round.soldMeanwhile),
          String(round.refused),
          `${round.failedRequests} of ${round.requests}`,
          String(round.restarts),
          round.backAfterMs === null ? 'never' : inSeconds(round.backAfterMs),
          inSeconds(round.heldTooLongMs),
          round.broken.length === 0 ? `${round.checks.length} hold` : `${round.broken.length} BROKEN`,
        ]
      : [round.fault, '', '', '', '', '', '', '', `skipped: ${round.skipped}`],
  )
  const widths = columns.map((column, at) =>
    Math.max(
      column.length,
      ...rows
        .filter((row) => at < columns.length - 1 || !row[at]?.startsWith('skipped'))
        .map((row) => row[at]?.length ?? 0),
    ),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) =>
        at === 0 || at === columns.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [
    line(columns),
    ...rows.map(line),
    ...rounds.flatMap(({ fault, broken }) => broken.map((one) => `${fault}: ${one}`)),
  ]
}

const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** Writes `chaos-report.json` and `chaos-report.html` into `folder`. */
export async function writeReport(report: Report, folder: string): Promise<void> {
  await writeFile(join(folder, 'chaos-report.json'), `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(join(folder, 'chaos-report.html'), reportPage(report))
}
