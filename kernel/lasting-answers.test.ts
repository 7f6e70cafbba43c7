import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import T from 'typebox'
import { anyone, contract, ok, query } from '#kernel/contract'
import { everything, type News } from '#kernel/news'
import { service } from '#kernel/service'
import { freshMs, lastingMs } from '#kernel/shared-answers'
import { startTestHost, type TestHost } from '../test/host.ts'

const Board = T.Object({ name: T.String(), text: T.String(), reads: T.Integer() })
const board = contract('board', {
  read: query('GET /boards/{name}', {
    summary: 'What stands on a board',
    access: anyone,
    shared: ({ name }, { text }) => (text === 'a number' ? null : name),
    input: T.Object({ name: T.String() }),
    output: Board,
  }),
  all: query('GET /boards', {
    summary: 'How often boards were read',
    access: anyone,
    shared: () => everything,
    input: T.Object({}),
    output: T.Object({ reads: T.Integer() }),
  }),
})

let host: TestHost
let text = ''
let reads = 0
let listReads = 0
/** What the next who asks for news is told; null: that they cannot be had. */
let news: Omit<News, 'place'> | null
let asked = 0
/** Held back until a test lets it go on. */
let reading: Promise<void> = Promise.resolve()

const boardService = service({
  contract: board,
  settings: T.Object({}),
  connections: null,
  migrations: null,
  start: async () => ({
    operations: {
      read: async ({ name }) => {
        reads += 1
        const found = { name, text, reads }
        await reading
        return ok(found)
      },
      all: async () => {
        listReads += 1
        return ok({ reads: listReads })
      },
    },
  }),
})

before(async () => {
  host = await startTestHost([boardService], {
    edge: true,
    news: async () => {
      asked += 1
      if (!news) throw new Error('nobody tells news')
      const told = news
      if (told.about) news = { ...told, about: [] }
      return { place: asked, ...told }
    },
  })
})
after(() => host?.stop())
beforeEach(async () => {
  news = { about: [], late: false }
  text = 'chalk'
  // What earlier tests left is a second old, and nobody is silent any more.
  await pause(freshMs + 100)
})

const read = async (name: string): Promise<{ text: string; reads: number }> =>
  (await (await fetch(`${host.url}/api/boards/${name}`)).json()) as { text: string; reads: number }

/** Asks all the time for longer than what is not confirmed may be used, as shoppers do. */
async function readForLong(name: string): Promise<{ text: string; reads: number }> {
  const until = performance.now() + 2 * freshMs
  let last = await read(name)
  while (performance.now() < until) {
    await pause(20)
    last = await read(name)
  }
  return last
}

/** Waits until news were asked for once more from now on. */
async function untilAsked(name: string): Promise<void> {
  const before = asked
  while (asked < before + 2) {
    await read(name)
    await pause(20)
  }
}

test('an answer is kept for as long as there are no news of it', async () => {
  await untilAsked('kept')
  const first = await read('kept')
  const last = await readForLong('kept')
  assert.deepEqual(last, first)
  news = { about: ['another'], late: false }
  text = 'ink'
  await untilAsked('kept')
  assert.deepEqual(await read('kept'), first)
  news = { about: ['kept'], late: false }
  await untilAsked('kept')
  assert.equal((await read('kept')).text, 'ink')
})

test('who asks after a quiet time is answered by what is as good as before', async () => {
  await untilAsked('quiet')
  const first = await read('quiet')
  await pause(2 * freshMs)
  assert.deepEqual(await read('quiet'), first)
  text = 'ink'
  news = { about: ['quiet'], late: false }
  await pause(2 * freshMs)
  assert.equal((await read('quiet')).text, 'ink')
})

test('what was made at the same moment is made anew at different ones, each before its end', {
  timeout: 60_000,
}, async () => {
  const anew: number[] = []
  let first = new Map<string, number>()
  // On a machine that was busy for so long they were not made at the same moment.
  for (let turn = 0, took = Number.POSITIVE_INFINITY; took > 500; turn++) {
    const names = Array.from({ length: 100 }, (_, n) => `crowd-${turn}-${n}`)
    const since = performance.now()
    first = new Map(await Promise.all(names.map(async (name) => [name, (await read(name)).reads] as const)))
    took = performance.now() - since
  }
  const made = performance.now()
  while (first.size > 0 && performance.now() < made + lastingMs + freshMs) {
    for (const name of first.keys()) {
      if ((await read(name)).reads === first.get(name)) continue
      anew.push(performance.now() - made)
      first.delete(name)
    }
    await pause(20)
  }
  assert.equal(first.size, 0, 'each was made anew')
  const most = Math.max(...anew.map((at) => anew.filter((other) => other >= at && other < at + 500).length))
  assert.ok(most <= 40, `${most} of ${anew.length} within half a second`)
  assert.ok(Math.max(...anew) <= lastingMs + 500, `${Math.max(...anew)} ms`)
})

test('where news come late, cannot be had, or tell of everything, nothing lasts', async () => {
  for (const next of [{ about: [], late: true }, null, { about: null, late: false }]) {
    news = { about: [], late: false }
    await pause(freshMs + 100)
    await untilAsked('unsure')
    const { reads: before } = await read('unsure')
    news = next
    assert.ok((await readForLong('unsure')).reads > before, JSON.stringify(next))
  }
})

test('an answer of which nothing is known lasts a second', async () => {
  await untilAsked('beside')
  text = 'a number'
  const first = await read('number')
  assert.ok((await readForLong('number')).reads > first.reads)
})

test('a list is another one with whatever news there are', async () => {
  const list = async () => (await (await fetch(`${host.url}/api/boards`)).json()) as { reads: number }
  await untilAsked('beside')
  const first = await list()
  await readForLong('beside')
  assert.deepEqual(await list(), first)
  news = { about: ['whatever'], late: false }
  await untilAsked('beside')
  assert.deepEqual(await list(), { reads: first.reads + 1 })
})

test('what changes while an answer is made is not missing in what is kept', async () => {
  await untilAsked('beside')
  const gate = Promise.withResolvers<void>()
  reading = gate.promise
  const readsBefore = reads
  const slow = read('raced')
  while (reads === readsBefore) await pause(5)
  text = 'ink'
  news = { about: ['raced'], late: false }
  reading = Promise.resolve()
  // Another answer makes it ask for news meanwhile.
  const before = asked
  while (asked < before + 2) {
    await read('beside')
    await pause(20)
  }
  gate.resolve()
  assert.equal((await slow).text, 'chalk')
  assert.equal((await read('raced')).text, 'ink')
})

test('what is answered past everything else is counted all the same', async () => {
  const counted = async () => {
    const metrics = await (await fetch(`${host.url}/metrics`)).text()
    const line = /stoa_http_request_seconds_count\{method="GET",route="\/api\/boards\/:name",status="200"\} (\d+)/
    return Number(line.exec(metrics)?.[1] ?? 0)
  }
  await read('counted')
  const before = await counted()
  for (let n = 0; n < 10; n++) await read('counted')
  assert.equal(await counted(), before + 10)
})
