import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import T from 'typebox'
import { type Database, inTransaction, openDatabase } from '#kernel/database'
import { oneDatabase } from '#kernel/database-address'
import { event } from '#kernel/event'
import { migrate, migrationSources, serviceUrl } from '#kernel/migrate'
import { outboxSource, publishAll } from '#kernel/outbox'
import { startRelay } from '#kernel/relay'
import { createLog } from '#kernel/telemetry'
import { type TestDatabase, testDatabase } from '../test/database.ts'
import { notesServices } from '../test/notes.ts'

const secret = 'a-secret-of-at-least-32-characters'
const told = event('note.told', { version: 1, data: T.Object({}) })

let database: TestDatabase
let db: Database
before(async () => {
  database = await testDatabase()
  const { services } = await notesServices()
  await migrate({ databases: oneDatabase(database.url), secret, services: migrationSources(services) })
  const url = serviceUrl(database.url, secret, 'notes')
  db = openDatabase({ service: 'notes', url, connections: 4, subscribersOf: () => ['shelf'] })
})
after(async () => {
  await db?.destroy()
  await database?.drop()
})

const tell = (count: number) =>
  inTransaction(db, (tx) =>
    publishAll(
      tx,
      told,
      Array.from({ length: count }, (_, n) => ({ subject: `note-${n}`, sequence: 1, data: {} })),
    ),
  )

/** Sends so many events, two a batch. @returns how many batches were under way whenever one began; a batch waits there for others if `together` wants more */
async function underWay(count: number, batchesAtOnce: number, together: (batch: number) => number): Promise<number[]> {
  await tell(count)
  const source = { ...outboxSource(db), batchAtMost: 2, batchesAtOnce }
  const seen: number[] = []
  let now = 0
  let isEnough = (): void => undefined
  const relay = startRelay({
    service: 'notes',
    source,
    log: createLog({ level: 'silent', redact: [] }),
    deliver: async (_, events) => {
      now += 1
      seen.push(now)
      if (now < together(seen.length))
        await new Promise<void>((resolve) => {
          isEnough = resolve
        })
      else isEnough()
      now -= 1
      return events.map(() => null)
    },
  })
  await relay.drain()
  assert.equal((await source.backlog()).pending, 0)
  return seen
}

test('while a full batch takes effect the next is sent, where the source says so', { timeout: 30_000 }, async () => {
  // The second waits for the third: one after the other they would never end.
  const seen = await underWay(6, 2, (batch) => (batch === 2 ? 2 : 1))
  assert.deepEqual([seen.length, seen[0], Math.max(...seen)], [3, 1, 2])
})

test('elsewhere batches are sent one after the other, and what fills none is sent alone', {
  timeout: 30_000,
}, async () => {
  assert.deepEqual(await underWay(7, 1, () => 1), [1, 1, 1, 1])
  assert.deepEqual(await underWay(1, 2, () => 1), [1])
})

/** Sends so many events, `batchAtMost` a batch and two batches at once, beside shoppers who leave after `shoppersStayFor` batches. @returns how many events each batch had, and the rests asked for */
async function besideShoppers(count: number, batchAtMost: number, shoppersStayFor: number) {
  await tell(count)
  const source = { ...outboxSource(db), batchAtMost, batchesAtOnce: 2 }
  const sizes: number[] = []
  let rests = 0
  const relay = startRelay({
    service: 'notes',
    source,
    log: createLog({ level: 'silent', redact: [] }),
    giveWay: {
      isDue: () => sizes.length < shoppersStayFor,
      rest: async () => {
        rests += 1
      },
    },
    deliver: async (_, events) => {
      sizes.push(events.length)
      return events.map(() => null)
    },
  })
  relay.wake()
  for (const until = Date.now() + 20_000; Date.now() < until && (await source.backlog()).pending > 0; ) await pause(10)
  await relay.drain()
  assert.equal((await source.backlog()).pending, 0)
  return { sizes, rests }
}

test('what is changed in bulk is told in small pieces while shoppers are served, and in large ones when they have left', {
  timeout: 60_000,
}, async () => {
  const { sizes, rests } = await besideShoppers(300, 150, 4)
  assert.deepEqual(sizes.slice(0, 5), [25, 25, 25, 25, 150])
  assert.ok(rests >= 3, `${rests} rests`)
})

test('what orders cause gives way to nobody', { timeout: 60_000 }, async () => {
  const { sizes, rests } = await besideShoppers(150, 100, 4)
  // The rest may be shared by two.
  assert.deepEqual([sizes[0], sizes.reduce((sum, size) => sum + size), rests], [100, 150, 0])
})
