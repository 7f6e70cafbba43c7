import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Importance, serviceCall, withCall } from '#kernel/call'
import { refuse } from '#kernel/contract'
import { type Database, databaseFacts, inTransaction, later, openDatabase, sql } from '#kernel/database'
import { testDatabase } from '../test/database.ts'

const connections = 4
let database: Awaited<ReturnType<typeof testDatabase>>
let db: Database

before(async () => {
  database = await testDatabase()
  db = openDatabase({ service: 'public', url: database.url, connections })
  await sql`create table notes (text text)`.execute(db)
})
after(async () => {
  await db.destroy()
  await database.drop()
})

const as = <R>(importance: Importance, work: () => Promise<R>, timeoutMs = 5_000): Promise<R> =>
  withCall(serviceCall('test', { timeoutMs, importance }), work)
const sleep = (seconds: number) => sql`select pg_sleep(${seconds})`.execute(db)
const one = () => sql<{ one: number }>`select 1 as one`.execute(db)
const isUnavailable = (error: { problem?: { status?: number } }): boolean => error.problem?.status === 503

async function tookMs(work: Promise<unknown>): Promise<number> {
  const since = performance.now()
  await work
  return performance.now() - since
}

test('browsing takes no connection of the reserve, so checkout finds one at once', async () => {
  const sleepers = Array.from({ length: 8 }, () => as('browsing', () => sleep(0.5)))
  const browsing = as('browsing', one)
  assert.ok((await tookMs(as('checkout', one))) < 400)
  assert.equal(databaseFacts(db).pool.waitingCount, 8 + 1 - 3)
  await Promise.all([...sleepers, browsing])
  assert.equal(databaseFacts(db).pool.waitingCount, 0)
})

test('waiting for a connection ends with the caller’s time, and nothing is left of it', async () => {
  const sleepers = Array.from({ length: 3 }, () => as('browsing', () => sleep(0.8)))
  const waited = await tookMs(assert.rejects(as('browsing', one, 200), isUnavailable))
  assert.ok(waited >= 190 && waited < 600, `${waited}`)
  await Promise.all(sleepers)
  assert.equal(databaseFacts(db).pool.waitingCount, 0)
  assert.deepEqual((await as('browsing', one)).rows, [{ one: 1 }])
})

test('a statement of a call whose time is over is not started', async () => {
  const late = as(
    'checkout',
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 40))
      await sql`insert into notes (text) values ('late')`.execute(db)
    },
    20,
  )
  await assert.rejects(late, isUnavailable)
  const inside = as(
    'checkout',
    () =>
      inTransaction(db, async (tx) => {
        await sql`insert into notes (text) values ('early')`.execute(tx)
        await new Promise((resolve) => setTimeout(resolve, 120))
        await sql`insert into notes (text) values ('late')`.execute(tx)
      }),
    100,
  )
  await assert.rejects(inside, isUnavailable)
  assert.deepEqual((await sql`select text from notes`.execute(db)).rows, [])
})

test('a statement that outlives its caller is given up with its connection, which is replaced', async () => {
  const waited = await tookMs(
    assert.rejects(
      as('checkout', () => sleep(3), 200),
      isUnavailable,
    ),
  )
  assert.ok(waited < 600, `${waited}`)
  const answers = await Promise.all(Array.from({ length: 8 }, () => as('checkout', one)))
  assert.ok(answers.every(({ rows }) => rows[0]?.one === 1))
  assert.ok(databaseFacts(db).pool.totalCount <= connections)
})

test('a transaction ends in the database when its caller’s time does', async () => {
  const limit = await as(
    'checkout',
    () =>
      inTransaction(db, async (tx) => {
        const { rows } = await sql<{ ms: number }>`
          select extract(epoch from current_setting('statement_timeout')::interval)::float8 * 1000 as ms`.execute(tx)
        return rows[0]?.ms ?? 0
      }),
    1_000,
  )
  assert.ok(limit > 500 && limit <= 1_000, `${limit}`)
  // The connection is as it was afterwards.
  const { rows } = await as('checkout', () => sql`select current_setting('statement_timeout') as usual`.execute(db))
  assert.deepEqual(rows, [{ usual: '10s' }])
})

const note = (text: string) => sql`insert into later_notes (text) values (${text})`
const notes = async () => (await sql<{ text: string }>`select text from later_notes order by text`.execute(db)).rows

test('a write that nobody waits for is done before the next statement, and commits with its transaction', async () => {
  await sql`create table later_notes (text text primary key)`.execute(db)
  const seen = await inTransaction(db, async (tx) => {
    await later(tx, note('first'))
    const { rows } = await sql<{ text: string }>`select text from later_notes`.execute(tx)
    await later(tx, note('second'))
    await later(tx, note('third'))
    return rows
  })
  assert.deepEqual(seen, [{ text: 'first' }])
  assert.deepEqual(await notes(), [{ text: 'first' }, { text: 'second' }, { text: 'third' }])
  // Alone, it leaves with its begin and its commit.
  await inTransaction(db, (tx) => later(tx, note('fourth')))
  assert.equal((await notes()).length, 4)
})

test('a write that nobody waits for and that fails is thrown, and nothing of its transaction is kept', async () => {
  const isDuplicate = (error: { code?: string }): boolean => error.code === '23505'
  const before = await notes()
  const atItsCommit = inTransaction(db, async (tx) => {
    await sql`insert into later_notes (text) values ('fifth')`.execute(tx)
    await later(tx, note('first'))
    await later(tx, note('sixth'))
  })
  await assert.rejects(atItsCommit, isDuplicate)
  const atTheNext = inTransaction(db, async (tx) => {
    await later(tx, note('first'))
    await sql`insert into later_notes (text) values ('seventh'), ('eighth')`.execute(tx)
  })
  await assert.rejects(atTheNext, isDuplicate)
  assert.deepEqual(await notes(), before)
  // What was refused before it was planned is planned the next time, on each connection.
  await Promise.all(
    Array.from({ length: connections * 2 }, (_, n) =>
      inTransaction(db, (tx) =>
        sql`insert into later_notes (text) values (${`ninth ${n}`}), (${`tenth ${n}`})`.execute(tx),
      ),
    ),
  )
  await sql`delete from later_notes where text like '%th %'`.execute(db)
})

test('a write that nobody waits for is not sent when its transaction is given up', async () => {
  const before = await notes()
  const refused = await inTransaction(db, async (tx) => {
    await sql`select 1`.execute(tx)
    // Were it sent, its error would be told.
    await later(tx, note('first'))
    return refuse('notes/refused', 'No.')
  })
  assert.equal(refused.ok, false)
  const failed = inTransaction(db, async (tx) => {
    await later(tx, note('first'))
    throw new Error('no')
  })
  await assert.rejects(failed, /^Error: no$/)
  assert.deepEqual(await notes(), before)
})
