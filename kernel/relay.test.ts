import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Delivery, EventSource } from './outbox.ts'
import { startRelay } from './relay.ts'
import { createLog } from './telemetry.ts'

const log = createLog({ level: 'silent', redact: [] })

/** What owes events from memory: the relay asks for no more than any source gives. */
function sourceOf(count: number, batchAtMost: number, batchesAtOnce?: number) {
  const owed = Array.from({ length: count }, (_, n): Delivery => {
    const event = {
      id: String(n),
      type: 'cup.changed',
      source: 'cups',
      subject: `cup-${n}`,
      sequence: 1,
      time: '',
      data: {},
    }
    return { subscriber: 'shelf', attempts: 1, event: { ...event, traceId: '0'.repeat(32) } }
  })
  const confirmed: string[] = []
  const source: EventSource = {
    batchAtMost,
    ...(batchesAtOnce ? { batchesAtOnce } : {}),
    claim: async (limit) => owed.splice(0, limit),
    confirm: async (deliveries) => void confirmed.push(...deliveries.map(({ event }) => event.id)),
    postpone: async () => undefined,
    backlog: async () => ({ pending: owed.length, dead: 0, oldestSeconds: 0 }),
    deadLetters: async () => [],
    replay: async () => 0,
  }
  return { source, confirmed }
}

/** Sends all, and answers how many batches were under way whenever one began; a batch is long under way if `together` wants more. */
async function underWay(count: number, batchesAtOnce: number | undefined, together: (batch: number) => number) {
  const { source, confirmed } = sourceOf(count, 2, batchesAtOnce)
  const seen: number[] = []
  let now = 0
  let isEnough: (() => void) | null = null
  const relay = startRelay({
    service: 'cups',
    source,
    log,
    deliver: async (_, events) => {
      now += 1
      seen.push(now)
      const wanted = together(seen.length)
      if (now < wanted) await new Promise<void>((resolve) => (isEnough = resolve))
      else isEnough?.()
      now -= 1
      return events.map(() => null)
    },
  })
  await relay.drain()
  return { seen, confirmed: confirmed.length }
}

test('while a full batch takes effect the next is sent, where the source says so', { timeout: 30_000 }, async () => {
  // The second waits for the third: one after the other they would never end.
  const { seen, confirmed } = await underWay(6, 2, (batch) => (batch === 2 ? 2 : 1))
  assert.deepEqual([seen[0], Math.max(...seen), confirmed], [1, 2, 6])
})

test('elsewhere batches are sent one after the other, and what fills none is sent alone', {
  timeout: 30_000,
}, async () => {
  assert.deepEqual(await underWay(7, undefined, () => 1), { seen: [1, 1, 1, 1], confirmed: 7 })
  assert.deepEqual(await underWay(1, 2, () => 1), { seen: [1], confirmed: 1 })
})
