import { randomUUID } from 'node:crypto'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { seeded } from '../chaos/random.ts'
import { type Client, type Goods, type VisitName, visits } from './visits.ts'

// The load, in a process of its own, so that its processor time is not the shop's. Told what to do over IPC; ends with who
// started it.

export type Work = {
  readonly base: string
  readonly visit: VisitName
  readonly goods: Goods
  readonly seconds: number
  /** Closed: so many visitors at once, each as fast as the shop answers. Open: so many come a second, whether or not it keeps up. */
  readonly load: { readonly atOnce: number } | { readonly aSecond: number }
  /** The number of the first visit, so that no run asks again for what the last one asked for. */
  readonly from: number
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
  readonly requests: number
  readonly seconds: number
  /** Turned away with 503 or 429, refused with another status, or without an answer. */
  readonly failed: number
  readonly failures: Readonly<Record<string, number>>
  /** Milliseconds of a visit; under open load from when it should have begun. */
  readonly latency: Latency
  readonly processorMs: number
}

/** Longer than any answer that is worth something. */
const timeoutMs = 15_000
/** Under open load: more than that many unanswered visits are as good as no answer, and the rest of the run tells nothing new. */
const unansweredAtMost = 5_000

class Refused extends Error {}

function clientOf(base: string, counted: { requests: number }): Client & { close(): Promise<void> } {
  const agent = new Agent({ connections: 512, pipelining: 1, keepAliveTimeout: 30_000 })
  const ask = async (method: string, path: string, body: unknown, token: string | undefined) => {
    counted.requests += 1
    return await request(`${base}${path}`, {
      method: method as 'GET',
      dispatcher: agent,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID() }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: body ? JSON.stringify(body) : null,
    })
  }
  return {
    async call<R>(method: string, path: string, body?: unknown, token?: string): Promise<R> {
      const answer = await ask(method, path, body, token)
      if (answer.statusCode < 300) return (await answer.body.json()) as R
      const { type } = (await answer.body.json().catch(() => ({}))) as { type?: string }
      throw new Refused(`${answer.statusCode} ${type ?? ''}`.trim())
    },
    async look(path, token) {
      const answer = await ask('GET', path, undefined, token)
      await answer.body.dump({ limit: Number.MAX_SAFE_INTEGER })
      if (answer.statusCode >= 300) throw new Refused(String(answer.statusCode))
    },
    close: () => agent.close(),
  }
}

async function measure(work: Work): Promise<Measured> {
  const counted = { requests: 0 }
  const client = clientOf(work.base, counted)
  const histogram = createHistogram()
  const failures: Record<string, number> = {}
  let good = 0
  let failed = 0
  const visit = async (n: number, began: number): Promise<void> => {
    try {
      await visits[work.visit](client, work.goods, work.from + n)
      good += 1
      histogram.record(Math.max(1, Math.round((performance.now() - began) * 1_000)))
    } catch (error) {
      failed += 1
      const what = error instanceof Error ? error.message : String(error)
      failures[what] = (failures[what] ?? 0) + 1
    }
  }
  const cpu = process.cpuUsage()
  const since = performance.now()
  await ('atOnce' in work.load ? closed(work, work.load.atOnce, visit) : open(work, work.load.aSecond, visit))
  const seconds = (performance.now() - since) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  await client.close()
  return {
    visits: good,
    requests: counted.requests,
    seconds,
    failed,
    failures,
    latency: latencyOf(histogram),
    processorMs: (user + system) / 1_000,
  }
}

type Visit = (n: number, began: number) => Promise<void>

async function closed({ seconds, visitsAtMost = Infinity }: Work, atOnce: number, visit: Visit): Promise<void> {
  const until = performance.now() + seconds * 1_000
  let next = 0
  const visitor = async (): Promise<void> => {
    while (performance.now() < until && next < visitsAtMost) await visit(next++, performance.now())
  }
  await Promise.all(Array.from({ length: atOnce }, visitor))
}

/** Visitors are strangers to each other and come by chance (a Poisson process), the same in every run. */
async function open({ seconds, visitsAtMost = Infinity }: Work, aSecond: number, visit: Visit): Promise<void> {
  const random = seeded(1)
  const running = new Set<Promise<void>>()
  const began = performance.now()
  let due = random.pause(1_000 / aSecond)
  for (let n = 0; due < seconds * 1_000 && n < visitsAtMost && running.size < unansweredAtMost; n++) {
    const aheadMs = began + due - performance.now()
    if (aheadMs > 1) await pause(aheadMs)
    const one: Promise<void> = visit(n, began + due).finally(() => running.delete(one))
    running.add(one)
    due += random.pause(1_000 / aSecond)
  }
  await Promise.all(running)
}

function latencyOf(histogram: RecordableHistogram): Latency {
  const at = (percentile: number): number => histogram.percentile(percentile) / 1_000
  return { p50: at(50), p95: at(95), p99: at(99), p999: at(99.9), most: histogram.max / 1_000 }
}

process.on('message', (work: Work) => {
  measure(work).then(
    (measured) => process.send?.(measured),
    (error: Error) => {
      process.stderr.write(`${error.stack}\n`)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit(0))
