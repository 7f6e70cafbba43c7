import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import T from 'typebox'
import { anyone, command, contract, ok, refuse } from '#kernel/contract'
import { sql } from '#kernel/database'
import { gatheredEffect, withAnswer } from '#kernel/idempotency'
import { type AnyService, service } from '#kernel/service'
import { startTestHost, type TestHost } from '../test/host.ts'

const stamps = contract('stamps', {
  stamp: command('POST /stamps', {
    summary: 'Stamp something',
    access: anyone,
    status: 201,
    input: T.Object({ text: T.String(), colors: T.Optional(T.Record(T.String(), T.Integer())) }),
    output: T.Object({ n: T.Integer(), colors: T.Record(T.String(), T.Integer()) }),
    refusals: { 'stamps/no-ink': [409, T.Object({ tint: T.String(), at: T.String(), all: T.Integer() })] },
  }),
  again: command('POST /stamps/again', {
    summary: 'The same whether it is asked once or twice',
    access: anyone,
    idempotency: 'natural',
    input: T.Object({ text: T.String() }),
    output: T.Object({ times: T.Integer() }),
  }),
  press: command('POST /stamps/press', {
    summary: 'Stamp something beside others',
    access: anyone,
    status: 201,
    idempotency: 'with-effect',
    input: T.Object({ text: T.String() }),
    output: T.Object({ n: T.Integer() }),
    refusals: { 'stamps/no-ink': 409, 'stamps/not-now': 503 },
  }),
  unlock: command('POST /stamps/unlock', {
    summary: 'Hand out a secret',
    access: anyone,
    idempotency: 'unkept',
    input: T.Object({ text: T.String() }),
    output: T.Object({ secret: T.String() }),
  }),
})

/** What a test commands: where the process dies, and what a call waits for. */
const knobs = { dieAfterCommit: false, wait: Promise.resolve(), times: 0 }

let host: TestHost
let other: TestHost
let owner: pg.Pool

async function stampsService(): Promise<AnyService> {
  const migrations = await mkdtemp(join(tmpdir(), 'stoa-stamps-'))
  process.once('exit', () => rmSync(migrations, { recursive: true }))
  await writeFile(
    join(migrations, '0001-stamps.sql'),
    'create table stamps (n integer generated always as identity, text text not null)',
  )
  return service({
    contract: stamps,
    settings: T.Object({}),
    connections: 4,
    migrations,
    start: async ({ db }) => {
      const press = gatheredEffect<string, { n: number }>(db, {
        what: 'press',
        batchAtMost: 10,
        queueAtMost: 100,
        write: async (executor, texts) => {
          const { rows } = await sql<{ n: number; text: string }>`
            insert into stamps (text) select text from unnest(${[...texts]}::text[]) as given (text) where text <> 'blocked'
            returning n, text`.execute(executor)
          return texts.map((text) => rows.find((row) => row.text === text) ?? null)
        },
      })
      return {
        operations: {
          press: async ({ text }) => {
            if (text === 'dry') return refuse('stamps/no-ink', 'No ink is left.')
            knobs.times += 1
            await knobs.wait
            const pressed = await press(text, ({ n }) => ok({ n }))
            if (knobs.dieAfterCommit) throw new Error('the process died')
            return pressed ?? refuse('stamps/not-now', 'The press is blocked.')
          },
          stamp: async ({ text, colors = {} }) => {
            if (text === 'dry') return refuse('stamps/no-ink', 'No ink is left.', { tint: 'red', at: 'desk', all: 1 })
            await knobs.wait
            const stamped = await withAnswer(db, async (executor) => {
              const { rows } = await sql<{ n: number }>`insert into stamps (text) values (${text}) returning n`.execute(
                executor,
              )
              return ok({ n: rows[0]?.n ?? 0, colors })
            })
            if (knobs.dieAfterCommit) throw new Error('the process died')
            return stamped
          },
          again: async () => {
            knobs.times += 1
            return ok({ times: knobs.times })
          },
          unlock: async () => ok({ secret: randomUUID() }),
        },
      }
    },
  })
}

before(async () => {
  const definition = await stampsService()
  host = await startTestHost([definition], { edge: true })
  other = await startTestHost([definition], { edge: true, beside: host })
  owner = new pg.Pool({ connectionString: host.databaseUrl, max: 1 })
})
after(async () => {
  await owner?.end()
  await other?.stop()
  await host?.stop()
})

type Told = { status: number; type: string | null; text: string; retryAfter: string | null }

async function post(path: string, body: string, key: string, at: TestHost = host): Promise<Told> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  const answer = await fetch(`${at.url}/api${path}`, { method: 'POST', headers, body })
  const { status } = answer
  const type = answer.headers.get('content-type')
  return { status, type, text: await answer.text(), retryAfter: answer.headers.get('retry-after') }
}

const count = async (text: string): Promise<number> =>
  (await owner.query('select count(*)::int as n from stamps.stamps where text = $1', [text])).rows[0].n

test('an answer is repeated byte for byte, by another copy too', async () => {
  const key = randomUUID()
  const body = '{"text":"colors","colors":{"zinnober":1,"ocker":2,"a":3}}'
  const first = await post('/stamps', body, key)
  assert.equal(first.status, 201)
  assert.match(first.text, /"colors":\{"zinnober":1,"ocker":2,"a":3\}\}$/)
  assert.deepEqual(await post('/stamps', body, key), first)
  assert.deepEqual(await post('/stamps', body, key, other), first)
  assert.equal(await count('colors'), 1)
})

test('a refusal is repeated byte for byte: its data in their order, its trace id', async () => {
  const key = randomUUID()
  const first = await post('/stamps', '{"text":"dry"}', key)
  assert.deepEqual([first.status, first.type], [409, 'application/problem+json'])
  assert.match(first.text, /"tint":"red","at":"desk","all":1,"traceId":"[0-9a-f]{32}"\}$/)
  assert.deepEqual(await post('/stamps', '{"text":"dry"}', key, other), first)
  const anew = await post('/stamps', '{"text":"dry"}', randomUUID())
  assert.notEqual(anew.text, first.text)
})

test('a body is the same in whatever order its keys come, and another with other values or another list', async () => {
  const key = randomUUID()
  const first = await post('/stamps', '{"text":"order","colors":{"a":1,"b":2}}', key)
  assert.deepEqual(await post('/stamps', '{"colors":{"b":2,"a":1},"text":"order"}', key), first)
  const mixed = await post('/stamps', '{"text":"order","colors":{"a":2,"b":1}}', key)
  assert.deepEqual([mixed.status, JSON.parse(mixed.text).type], [422, '/problems/idempotency-key-reused'])
  assert.equal(await count('order'), 1)
})

/** Begins a call that waits before its effect, and returns when its key is claimed. */
async function begin(body: string, key: string): Promise<{ end: () => void; answer: Promise<Told> }> {
  const gate = Promise.withResolvers<void>()
  knobs.wait = gate.promise
  const answer = post('/stamps', body, key)
  while ((await owner.query('select 1 from stamps.idempotency_keys where key = $1', [key])).rowCount === 0);
  return { end: gate.resolve, answer }
}

test('while the first still runs, a repeat is told to wait, and another body that the key is taken', async () => {
  const key = randomUUID()
  const first = await begin('{"text":"slow"}', key)
  const told = await post('/stamps', '{"text":"slow"}', key, other)
  assert.deepEqual([told.status, JSON.parse(told.text).type], [409, '/problems/idempotency-key-in-progress'])
  assert.ok(Number(told.retryAfter) >= 1)
  assert.equal((await post('/stamps', '{"text":"fast"}', key, other)).status, 422)
  first.end()
  assert.equal((await first.answer).status, 201)
  assert.deepEqual(await post('/stamps', '{"text":"slow"}', key, other), await first.answer)
  assert.equal(await count('slow'), 1)
})

test('a call that died after its commit is answered as it would have been, and done once', async () => {
  const key = randomUUID()
  knobs.dieAfterCommit = true
  assert.equal((await post('/stamps', '{"text":"died"}', key)).status, 500)
  knobs.dieAfterCommit = false
  const again = await post('/stamps', '{"text":"died"}', key, other)
  assert.equal(again.status, 201)
  assert.deepEqual(await post('/stamps', '{"text":"died"}', key), again)
  assert.equal(await count('died'), 1)
})

test('of two who run the same call, since the first was taken for dead, one has an effect', async () => {
  const key = randomUUID()
  const first = await begin('{"text":"taken"}', key)
  await owner.query("update stamps.idempotency_keys set lease_until = now() - interval '1 s' where key = $1", [key])
  const second = post('/stamps', '{"text":"taken"}', key, other)
  const claimed = 'select 1 from stamps.idempotency_keys where key = $1 and lease_until > now()'
  while ((await owner.query(claimed, [key])).rowCount === 0);
  first.end()
  assert.deepEqual([(await first.answer).status, (await second).status].sort(), [201, 409])
  assert.equal(await count('taken'), 1)
})

test('keys are kept a day, and no longer', async () => {
  const key = randomUUID()
  const first = await post('/stamps', '{"text":"old"}', key)
  const age = (minutes: number) =>
    owner.query('update stamps.idempotency_keys set created_at = now() - make_interval(mins => $2) where key = $1', [
      key,
      minutes,
    ])
  await age(24 * 60 - 1)
  assert.deepEqual(await post('/stamps', '{"text":"old"}', key), first)
  assert.equal((await post('/stamps', '{"text":"other"}', key)).status, 422)
  await age(24 * 60 + 1)
  const anew = await post('/stamps', '{"text":"other"}', key)
  assert.equal(anew.status, 201)
  assert.equal(await count('other'), 1)
})

test('a POST that may be repeated without a key keeps its answer under one all the same', async () => {
  const key = randomUUID()
  const first = await post('/stamps/again', '{"text":"a"}', key)
  assert.deepEqual(await post('/stamps/again', '{"text":"a"}', key), first)
  assert.equal((await post('/stamps/again', '{"text":"b"}', key)).status, 422)
})

test('an answer that is a secret is kept nowhere, and given anew', async () => {
  const key = randomUUID()
  const first = await post('/stamps/unlock', '{"text":"a"}', key)
  const second = await post('/stamps/unlock', '{"text":"a"}', key)
  assert.deepEqual([first.status, second.status], [200, 200])
  assert.notEqual(first.text, second.text)
  assert.equal((await owner.query('select 1 from stamps.idempotency_keys where key = $1', [key])).rowCount, 0)
})

const press = (text: string, key: string, at?: TestHost): Promise<Told> =>
  post('/stamps/press', JSON.stringify({ text }), key, at)

test('a key that is claimed with the effect: its answer is repeated, its refusal too, and another body is refused', async () => {
  const key = randomUUID()
  const first = await press('pressed', key)
  assert.equal(first.status, 201)
  assert.deepEqual(await press('pressed', key), first)
  assert.deepEqual(await press('pressed', key, other), first)
  assert.equal((await press('another', key, other)).status, 422)
  assert.deepEqual([await count('pressed'), await count('another')], [1, 0])
  const dry = randomUUID()
  const refused = await press('dry', dry)
  assert.equal(refused.status, 409)
  assert.deepEqual(await press('dry', dry, other), refused)
  assert.equal((await press('wet', dry)).status, 422)
  assert.equal(await count('wet'), 0)
})

test('of calls with one key that run at once one has an effect, and all are answered with it', async () => {
  const key = randomUUID()
  const gate = Promise.withResolvers<void>()
  knobs.wait = gate.promise
  const before = knobs.times
  const calls = Array.from({ length: 4 }, () => press('at once', key))
  while (knobs.times < before + calls.length) await new Promise((resolve) => setTimeout(resolve, 5))
  gate.resolve()
  const answers = await Promise.all(calls)
  assert.equal(answers[0]?.status, 201)
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  assert.equal(await count('at once'), 1)
})

test('beside others who use their keys for the same, each is done by itself', async () => {
  const keys = Array.from({ length: 30 }, () => randomUUID())
  const answers = await Promise.all(keys.map((key, n) => press(`crowd ${n}`, key, n % 2 === 0 ? host : other)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
  assert.equal(new Set(answers.map(({ text }) => text)).size, keys.length)
  assert.deepEqual(await Promise.all(keys.map((key, n) => press(`crowd ${n}`, key))), answers)
})

test('what died after its effect is answered as it would have been; what could not be done may be tried again', async () => {
  const key = randomUUID()
  knobs.dieAfterCommit = true
  assert.equal((await press('pressed and died', key)).status, 500)
  knobs.dieAfterCommit = false
  assert.equal((await press('pressed and died', key, other)).status, 201)
  assert.equal(await count('pressed and died'), 1)
  const blocked = randomUUID()
  assert.equal((await press('blocked', blocked)).status, 503)
  assert.equal((await owner.query('select 1 from stamps.idempotency_keys where key = $1', [blocked])).rowCount, 0)
})
