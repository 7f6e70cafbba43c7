import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { serviceCall, withCall } from '#kernel/call'
import { type Database, databaseFacts, inTransaction, openDatabase, sql } from '#kernel/database'
import { serviceUrl } from '#kernel/migrate'
import { openLink } from '../cli/chaos/link.ts'
import { startTestHost, type TestHost } from '../test/host.ts'
import { notes, notesServices } from '../test/notes.ts'

let host: TestHost
let db: Database

before(async () => {
  const { services } = await notesServices()
  host = await startTestHost(services)
  db = openDatabase({
    service: 'notes',
    url: serviceUrl(host.databaseUrl, 'test-secret-of-32-characters-or-so-database', 'notes'),
    connections: 4,
  })
})
after(async () => {
  await db.destroy()
  await host.stop()
})

test('a service’s role cannot read, change or make anything beyond its wall', async () => {
  const forbidden = [
    sql`select * from readers.heard`,
    sql`insert into readers.heard (text) values ('x')`,
    sql`select * from readers.outbox`,
    sql`select * from stoa.migrations`,
    sql`delete from applied_migrations`,
    sql`create table notes.mine (x int)`,
    sql`create schema mine`,
    sql`drop table notes`,
  ]
  for (const statement of forbidden) await assert.rejects(statement.execute(db), { code: '42501' })
  await sql`select * from notes`.execute(db)
  const { rows } = await sql<{ name: string }>`select name from applied_migrations`.execute(db)
  assert.ok(rows.some(({ name }) => name === '0001-notes.sql') && rows.every(({ name }) => name !== '0001-heard.sql'))
})

test('a statement is planned once a connection, whatever its values', async () => {
  const planned = await inTransaction(db, async (tx) => {
    for (const text of ['a', 'b', 'c']) await sql`select ${text}::text as planned_once`.execute(tx)
    const { rows } = await sql<{ plans: number }>`
      select sum(generic_plans + custom_plans)::int as plans from pg_prepared_statements
      where statement like 'select $1::text as planned_once'`.execute(tx)
    return rows
  })
  assert.deepEqual(planned, [{ plans: 3 }])
})

test('calling a service inside a transaction throws and rolls back', async () => {
  await assert.rejects(host.client(notes).nosy({}), /readers\.heard was called inside a transaction of notes/)
})

test('a transaction inside a transaction throws', async () => {
  await assert.rejects(
    inTransaction(db, () => inTransaction(db, async () => undefined)),
    /opened a transaction inside one of notes/,
  )
})

test('an error rolls back, and a deadlock is tried again', async () => {
  await assert.rejects(
    inTransaction(db, async (tx) => {
      await sql`insert into notes (id, text) values ('rolled-back', 'x')`.execute(tx)
      throw new Error('no')
    }),
    /no/,
  )
  const { rows } = await sql`select * from notes where id = 'rolled-back'`.execute(db)
  assert.deepEqual(rows, [])

  await sql`insert into notes (id, text) values ('a', '0'), ('b', '0')`.execute(db)
  let meet = (): void => undefined
  const met = new Promise<void>((resolve) => {
    meet = resolve
  })
  let arrived = 0
  const cross = (first: string, second: string) =>
    inTransaction(db, async (tx) => {
      await sql`update notes set text = text || 'x' where id = ${first}`.execute(tx)
      arrived += 1
      if (arrived === 2) meet()
      await met
      await sql`update notes set text = text || 'x' where id = ${second}`.execute(tx)
    })
  await Promise.all([cross('a', 'b'), cross('b', 'a')])
  const after = await sql<{ text: string }>`select text from notes where id in ('a', 'b')`.execute(db)
  assert.deepEqual(
    after.rows.map(({ text }) => text),
    ['0xx', '0xx'],
  )
})

test('times leave as RFC 3339 in UTC, large counts as numbers', async () => {
  const { rows } = await sql`select '2026-03-29 02:30:00.5+02'::timestamptz as t, 9007199254740991::int8 as n`.execute(
    db,
  )
  assert.deepEqual(rows, [{ t: '2026-03-29T00:30:00.5Z', n: 9_007_199_254_740_991 }])
  await assert.rejects(sql`select 9007199254740992::int8`.execute(db), /beyond the safe integers/)
})

test('a broken connection is replaced', async () => {
  const owner = new pg.Client({ connectionString: host.databaseUrl })
  await owner.connect()
  await owner.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'stoa-notes' and pid <> pg_backend_pid()",
  )
  await owner.end()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const { rows } = await sql`select 1 as one`.execute(db)
  assert.deepEqual(rows, [{ one: 1 }])
  assert.ok(databaseFacts(db).pool.totalCount <= 4)
})

test('a connection that breaks in the middle of a transaction fails that transaction alone', async () => {
  const broken = inTransaction(db, async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
    const owner = new pg.Client({ connectionString: host.databaseUrl })
    await owner.connect()
    await owner.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid])
    await owner.end()
    // Nothing is asked while the news arrives: nobody but the connection itself could take it.
    await new Promise((resolve) => setTimeout(resolve, 50))
    await sql`select 1`.execute(tx)
  })
  await assert.rejects(broken)
  assert.deepEqual((await sql`select 1 as one`.execute(db)).rows, [{ one: 1 }])
})

test('a connection that dies without a word fails its statement and is replaced', async () => {
  const { port, pathname, username, password } = new URL(
    serviceUrl(host.databaseUrl, 'test-secret-of-32-characters-or-so-database', 'notes'),
  )
  const link = await openLink(() => [Number(port)])
  const far = openDatabase({
    service: 'notes',
    url: `postgres://${username}:${password}@127.0.0.1:${link.port}${pathname}`,
    connections: 1,
  })
  try {
    await sql`select 1`.execute(far)
    const within = <R>(timeoutMs: number, work: () => Promise<R>) => withCall(serviceCall('notes', { timeoutMs }), work)
    link.set('lost')
    await assert.rejects(within(300, () => sql`select 1`.execute(far)))
    assert.deepEqual((await sql`select 1 as one`.execute(far)).rows, [{ one: 1 }])
    // What is slow and answers in time is not dead.
    await within(2_000, () => sql`select pg_sleep(0.4)`.execute(far))
    await assert.rejects(within(300, () => sql`select pg_sleep(0.6)`.execute(far)))
  } finally {
    await far.destroy()
    await link.close()
  }
})
