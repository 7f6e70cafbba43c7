import type { Copies, Copy } from '../copies.ts'
import type { Balancer } from './balancer.ts'

/** A row of the table of health. */
export type CopyHealth = {
  readonly name: string
  readonly pid: number
  readonly services: readonly string[]
  /** `ready`: callers are sent to it. */
  readonly state: 'ready' | 'starting' | 'sick' | 'leaving'
  /** Requests that it is at now, as the balancer counts them. */
  readonly inFlight: number
  /** Percent of one core since the look before; null at the first look. */
  readonly cpu: number | null
  readonly megabytes: number | null
  readonly version: string
  readonly upSeconds: number
}

export type Observer = {
  /** Looks at all copies now. */
  look(): Promise<CopyHealth[]>
}

const answerWithinMs = 2_000
/** Two looks closer to each other say little of the time in between. */
const shortestMs = 900

type Sample = { readonly at: number; readonly cpuSeconds: number }

/** Looks at what each copy says of itself at `/metrics`, and at what the balancer says of it. */
export function observe(parts: readonly Copies[], balancer: Balancer, versionOf: (copy: Copy) => string): Observer {
  const samples = new WeakMap<Copy, Sample>()
  const percents = new WeakMap<Copy, number>()
  const lookAt = async (copy: Copy, services: readonly string[], inFlight: number): Promise<CopyHealth> => {
    const metrics = await metricsOf(copy)
    const at = performance.now()
    const before = samples.get(copy)
    if (metrics && (!before || at - before.at > shortestMs)) {
      if (before) percents.set(copy, (100_000 * (metrics.cpuSeconds - before.cpuSeconds)) / (at - before.at))
      samples.set(copy, { at, cpuSeconds: metrics.cpuSeconds })
    }
    return {
      name: copy.name,
      pid: copy.pid,
      services,
      state: stateOf(copy),
      inFlight,
      cpu: percents.get(copy) ?? null,
      megabytes: metrics && metrics.bytes / 1_048_576,
      version: versionOf(copy),
      upSeconds: (Date.now() - copy.startedAt) / 1_000,
    }
  }
  return {
    async look() {
      const counts = await balancer.inFlight()
      return Promise.all(
        parts.flatMap(({ part, all }) =>
          all()
            .toSorted((a, b) => a.number - b.number)
            .map((copy) => lookAt(copy, part.services, counts.get(copy.name) ?? 0)),
        ),
      )
    },
  }
}

function stateOf(copy: Copy): CopyHealth['state'] {
  if (copy.leaving) return 'leaving'
  if (copy.inRotation) return 'ready'
  return copy.wasReady ? 'sick' : 'starting'
}

async function metricsOf({ healthPort }: Copy): Promise<{ cpuSeconds: number; bytes: number } | null> {
  try {
    const signal = AbortSignal.timeout(answerWithinMs)
    const text = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`, { signal })).text()
    const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1])
    return { cpuSeconds: value('process_cpu_seconds_total'), bytes: value('process_resident_memory_bytes') }
  } catch {
    return null
  }
}

/** The table as people read it. */
export function tableOfHealth(rows: readonly CopyHealth[]): string[] {
  const cells = rows.map((row) => [
    row.name,
    String(row.pid),
    row.state,
    String(row.inFlight),
    row.cpu === null ? '–' : `${row.cpu.toFixed(0)} %`,
    row.megabytes === null ? '–' : `${row.megabytes.toFixed(0)} MB`,
    row.version,
    duration(row.upSeconds),
    row.services.join(' '),
  ])
  const head = ['copy', 'pid', 'state', 'in flight', 'CPU', 'memory', 'version', 'up', 'services']
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length)))
  const isNumber = (column: number): boolean => column === 1 || (column >= 3 && column <= 5) || column === 7
  return [head, ...cells].map((row) =>
    row
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

function duration(seconds: number): string {
  const whole = Math.floor(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} min`
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`
}
