import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { seeded } from '../chaos/random.ts'

// How visitors come, whatever they do: one after another, or by a clock that does not wait for answers.

export type Load = {
  readonly seconds: number
  /** Closed: so many visitors at once, each as fast as the shop answers. Open: so many come a second, whether or not it keeps up. */
  readonly load: { readonly atOnce: number } | { readonly aSecond: number }
  /** Ends the run early. */
  readonly visitsAtMost?: number
}

export type Latency = {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly most: number
}

export type Measured = {
  readonly visits: number
  readonly seconds: number
  /** Turned away with 503 or 429, refused with another status, without an answer, or not even begun for the many who waited. */
  readonly failed: number
  readonly failures: Readonly<Record<string, number>>
  /** Milliseconds of a visit; under open load from when it should have begun. */
  readonly latency: Latency
  readonly processorMs: number
}

/** Under open load: behind so many unanswered visits one more is as good as unanswered, and is not begun. */
export const unansweredAtMost = 5_000

/** @param visit what visitor `n` does; throws when it did not go well, with the reason as its message */
export async function measureLoad(work: Load, visit: (n: number) => Promise<void>): Promise<Measured> {
  const histogram = createHistogram()
  const failures: Record<string, number> = {}
  let good = 0
  let failed = 0
  const fail = (what: string): void => {
    failed += 1
    failures[what] = (failures[what] ?? 0) + 1
  }
  const counted = async (n: number, began: number): Promise<void> => {
    try {
      await visit(n)
      good += 1
      histogram.record(Math.max(1, Math.round((performance.now() - began) * 1_000)))
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error))
    }
  }
  const cpu = process.cpuUsage()
  const since = performance.now()
  await ('atOnce' in work.load ? closed(work, work.load.atOnce, counted) : open(work, work.load.aSecond, counted, fail))
  const seconds = (performance.now() - since) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return {
    visits: good,
    seconds,
    failed,
    failures,
    latency: latencyOf(histogram),
    processorMs: (user + system) / 1_000,
  }
}

type Visit = (n: number, began: number) => Promise<void>

async function closed({ seconds, visitsAtMost = Infinity }: Load, atOnce: number, visit: Visit): Promise<void> {
  const until = performance.now() + seconds * 1_000
  let next = 0
  const visitor = async (): Promise<void> => {
    while (performance.now() < until && next < visitsAtMost) await visit(next++, performance.now())
  }
  await Promise.all(Array.from({ length: atOnce }, visitor))
}

/** Visitors are strangers to each other and come by chance (a Poisson process), the same in every run. */
async function open(
  { seconds, visitsAtMost = Infinity }: Load,
  aSecond: number,
  visit: Visit,
  fail: (what: string) => void,
): Promise<void> {
  const random = seeded(1)
  const running = new Set<Promise<void>>()
  const began = performance.now()
  let due = random.pause(1_000 / aSecond)
  for (let n = 0; due < seconds * 1_000 && n < visitsAtMost; n++) {
    const aheadMs = began + due - performance.now()
    if (aheadMs > 1) await pause(aheadMs)
    if (running.size < unansweredAtMost) {
      const one: Promise<void> = visit(n, began + due).finally(() => running.delete(one))
      running.add(one)
    } else {
      fail(`not begun: ${unansweredAtMost} waited`)
    }
    due += random.pause(1_000 / aSecond)
  }
  await Promise.all(running)
}

function latencyOf(histogram: RecordableHistogram): Latency {
  const at = (percentile: number): number => histogram.percentile(percentile) / 1_000
  return { p50: at(50), p95: at(95), p99: at(99), p999: at(99.9), most: histogram.max / 1_000 }
}

/** Does what a parent process asks over IPC, one thing after another, and ends with it. */
export function answerParent<Asked, Answer>(answer: (asked: Asked) => Promise<Answer>): void {
  process.on('message', (asked: Asked) => {
    answer(asked).then(
      (value) => process.send?.(value),
      (error: Error) => {
        process.stderr.write(`${error.stack}\n`)
        process.exit(1)
      },
    )
  })
  process.on('disconnect', () => process.exit(0))
}
