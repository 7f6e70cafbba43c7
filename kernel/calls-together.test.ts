import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { type Importance, serviceCall, withCall } from '#kernel/call'
import { type Client, createClient } from '#kernel/client'
import { httpMesh } from '#kernel/mesh'
import { tokenSigner } from '#kernel/service-token'
import { recordWith, type SpanOptions } from '#kernel/tracing'
import { startTestHost, type TestHost } from '../test/host.ts'
import { notes, notesServices } from '../test/notes.ts'

const secret = 'test-secret-of-32-characters-or-so-service-token'

/** What stands between two processes, and writes down which requests pass. */
type Door = { readonly port: number; readonly paths: string[] }

/**
 * @param options.isOlder answers as versions do that know of no calls together
 * @param options.breaksAfterFirst whether the first answer to several calls breaks off after its first line
 */
async function openDoor(
  t: TestContext,
  host: TestHost,
  options: { isOlder?: boolean; breaksAfterFirst?: boolean } = {},
): Promise<Door> {
  const paths: string[] = []
  let mayBreak = options.breaksAfterFirst ?? false
  const forward = (from: IncomingMessage, to: ServerResponse): void => {
    const path = from.url ?? ''
    const isTogether = path.startsWith('/calls/')
    paths.push(path)
    if (options.isOlder && isTogether) {
      from.resume()
      to.writeHead(404).end('Route not found')
      return
    }
    const breaks = isTogether && mayBreak
    if (isTogether) mayBreak = false
    const there = request(
      { port: host.internalPort, path, method: from.method ?? 'GET', headers: from.headers },
      (answer) => {
        to.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.on('data', (bytes: Buffer) => to.write(bytes, () => breaks && to.destroy()))
        answer.on('end', () => to.end())
      },
    )
    there.on('error', () => to.destroy())
    from.pipe(there)
  }
  const server = createServer(forward).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, paths }
}

async function start(t: TestContext, doorOptions: Parameters<typeof openDoor>[2] = {}) {
  const { services, knobs } = await notesServices()
  const host = await startTestHost(services)
  const door = await openDoor(t, host, doorOptions)
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${door.port}`, secret })
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (isStopped) return
    isStopped = true
    await host.stop()
  }
  t.after(async () => {
    await mesh.close()
    await stop()
  })
  return { far: createClient(notes, 'test', mesh), knobs, host, door, stop }
}

/** Until it is let go, whatever reads or writes notes waits; `twice` touches none. */
async function lockNotes(t: TestContext, host: TestHost): Promise<() => Promise<void>> {
  const owner = new pg.Client({ connectionString: host.databaseUrl })
  owner.on('error', () => undefined)
  await owner.connect()
  await owner.query('begin; lock table notes.notes in access exclusive mode')
  let isHeld = true
  const letGo = async (): Promise<void> => {
    if (!isHeld) return
    isHeld = false
    await owner.query('commit')
    await owner.end()
  }
  t.after(letGo)
  return letGo
}

async function countNotes(host: TestHost): Promise<number> {
  const listed = await host.client(notes).list({})
  assert.ok(listed.ok)
  return listed.value.count
}

const as = <R>(importance: Importance, work: () => R): R =>
  withCall(serviceCall('test', { timeoutMs: 60_000, importance }), work)

const statusOf = (end: PromiseSettledResult<unknown>): unknown =>
  end.status === 'fulfilled' ? 'ok' : (end.reason as { problem?: { status: number } }).problem?.status

const settled = <R>(work: Promise<R>) =>
  work.then(
    (value) => ({ value }),
    (error) => ({ error }),
  )

test('calls of one moment go in one request, and each has its own answer, refusal or problem', async (t) => {
  const { far, host, door } = await start(t)
  const [written, rude, empty, broken, count] = await Promise.allSettled([
    far.write({ text: 'far' }),
    far.write({ text: 'rude' }),
    far.write({ text: '' }),
    far.broken({}, { key: 'k' }),
    far.twice({}),
  ])
  assert.deepEqual(door.paths, ['/calls/notes'])
  assert.ok(written.status === 'fulfilled' && written.value.ok)
  assert.equal(written.value.value.text, 'far')
  assert.deepEqual(rude.status === 'fulfilled' && rude.value, await host.client(notes).write({ text: 'rude' }))
  assert.equal(statusOf(empty), 422)
  assert.ok(broken.status === 'rejected' && /internal/.test(broken.reason.message))
  assert.ok(!/vault/.test(broken.reason.message))
  assert.ok(count.status === 'fulfilled' && count.value.ok)
  assert.equal(await countNotes(host), 1)
})

test('a call that has no other beside it goes alone, and so do large ones and those beyond a request', async (t) => {
  const { far, door } = await start(t)
  await far.list({})
  const large = { filter: { a: 'x'.repeat(20_000) } }
  const [first, second] = await Promise.all([far.list(large), far.list(large)])
  assert.ok(first.ok && second.ok)
  assert.equal(second.value.filter.a?.length, 20_000)
  assert.deepEqual(door.paths.splice(0), ['/call/notes/list', '/call/notes/list', '/call/notes/list'])
  await Promise.all(Array.from({ length: 33 }, () => far.twice({})))
  assert.deepEqual(door.paths.toSorted(), ['/call/notes/twice', '/calls/notes', '/calls/notes'])
})

test('one that is slow holds up no other, and one whose time is over does not end the rest', async (t) => {
  const { far, host, door } = await start(t)
  const letGo = await lockNotes(t, host)
  const slow = settled(far.list({}))
  const impatient = settled(far.write({ text: 'late' }, { timeoutMs: 300 }))
  const quick = await far.twice({})
  assert.ok(quick.ok)
  const late = await impatient
  assert.equal(('error' in late && late.error).problem?.status, 503)
  await letGo()
  const listed = await slow
  assert.ok('value' in listed && listed.value.ok)
  assert.deepEqual(door.paths, ['/calls/notes'])
})

test('each is let in or turned away by its own importance', async (t) => {
  const { far, host, door } = await start(t)
  const letGo = await lockNotes(t, host)
  // More than all seats that this importance has, in requests with one of the highest.
  const looks = Promise.allSettled(
    as('background', () => Array.from({ length: 150 }, () => far.list({}, { timeoutMs: 60_000 }))),
  )
  const paid = await as('checkout', () => far.twice({}))
  assert.ok(paid.ok)
  await letGo()
  const ends = await looks
  const turnedAway = ends.filter(
    (end) => end.status === 'rejected' && end.reason.problem?.type === '/problems/overloaded',
  )
  const served = ends.filter((end) => end.status === 'fulfilled' && end.value.ok)
  assert.ok(turnedAway.length > 0 && served.length > 0, `${turnedAway.length} away, ${served.length} served`)
  assert.equal(turnedAway.length + served.length, 150)
  for (const end of turnedAway) assert.ok(end.status === 'rejected' && end.reason.retryAfterSeconds >= 1)
  assert.ok(door.paths.every((path) => path === '/calls/notes'))
  // All have left: nobody keeps a seat.
  assert.ok((await as('background', () => Promise.all([far.list({}), far.list({})]))).every(({ ok }) => ok))
})

test('callers that have all gone leave a process that goes on', async (t) => {
  const { far, host, knobs } = await start(t)
  const letGo = await lockNotes(t, host)
  const gone = [far.write({ text: 'a' }, { timeoutMs: 300 }), far.write({ text: 'b' }, { timeoutMs: 300 })]
  const ends = await Promise.allSettled(gone)
  assert.deepEqual(ends.map(statusOf), [503, 503])
  await letGo()
  assert.ok((await Promise.all([far.twice({}), far.list({})])).every(({ ok }) => ok))
  assert.equal(knobs.calls, 3)
})

test('whoever has been answered leaves, though others of the request are still waited for', async (t) => {
  const { far, host, door } = await start(t)
  const letGo = await lockNotes(t, host)
  const slow: Promise<unknown>[] = []
  // Together more than there are seats for this importance.
  for (let round = 0; round < 6; round++) {
    slow.push(as('checkout', () => far.list({}, { timeoutMs: 60_000 })))
    const quick = as('background', () => Array.from({ length: 15 }, () => far.twice({})))
    assert.ok((await Promise.all(quick)).every(({ ok }) => ok))
  }
  assert.deepEqual(door.paths, Array(6).fill('/calls/notes'))
  await letGo()
  await Promise.all(slow)
})

test('an older version is asked call by call, and an older caller is answered as before', async (t) => {
  const { far, host, door, knobs } = await start(t, { isOlder: true })
  const ask = (client: Client<typeof notes>) =>
    Promise.all([client.write({ text: 'a' }), client.twice({}), client.list({})])
  assert.ok((await ask(far)).every(({ ok }) => ok))
  assert.ok((await ask(far)).every(({ ok }) => ok))
  const [write, twice, list] = ['/call/notes/write', '/call/notes/twice', '/call/notes/list']
  // It is not asked again soon.
  assert.deepEqual(door.paths, ['/calls/notes', write, twice, list, write, twice, list])
  assert.deepEqual([knobs.calls, await countNotes(host)], [4, 2])

  const answer = await fetch(`http://127.0.0.1:${host.internalPort}/call/notes/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await tokenSigner(secret, 'test').for('notes')}`,
      'x-stoa-importance': 'account',
    },
    body: JSON.stringify({ input: { text: 'old' }, call: serviceCall('x', { timeoutMs: 5_000 }), leftMs: 5_000 }),
  })
  const { ok, value } = (await answer.json()) as { ok: boolean; value: { text: string } }
  assert.deepEqual([answer.status, ok, value.text, await countNotes(host)], [200, true, 'old', 3])
})

test('more calls or bytes than a request may have are refused, and nothing is done', async (t) => {
  const { host, knobs } = await start(t)
  const post = async (calls: readonly object[], token?: string) => {
    const answer = await fetch(`http://127.0.0.1:${host.internalPort}/calls/notes`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token ?? (await tokenSigner(secret, 'test').for('notes'))}`,
      },
      body: JSON.stringify({ calls }),
    })
    return [answer.status, ((await answer.json()) as { problem?: { type: string } }).problem?.type]
  }
  const call = serviceCall('x', { timeoutMs: 5_000 })
  const write = (text: string) => ({ operation: 'write', input: { text }, call, leftMs: 5_000 })
  assert.deepEqual(await post([]), [422, '/problems/validation-failed'])
  assert.deepEqual(await post(Array.from({ length: 65 }, () => write('a'))), [422, '/problems/validation-failed'])
  assert.deepEqual(await post([write('a'), write('x'.repeat(2 * 1024 * 1024))]), [413, '/problems/too-large'])
  const forOthers = await tokenSigner(secret, 'test').for('payments')
  assert.deepEqual(await post([write('a'), write('b')], forOthers), [401, '/problems/service-token-refused'])
  assert.deepEqual([knobs.calls, await countNotes(host)], [0, 0])
})

test('an answer that breaks off is one to those that have it; of the others what may be repeated is', async (t) => {
  const { far, host, door, knobs } = await start(t, { breaksAfterFirst: true })
  const letGo = await lockNotes(t, host)
  const listing = settled(far.list({}))
  const writing = settled(far.write({ text: 'once' }))
  const twice = await far.twice({})
  assert.deepEqual(twice, { ok: true, value: { calls: 2 } })
  const written = await writing
  assert.equal(('error' in written && written.error).problem?.status, 503)
  await letGo()
  const listed = await listing
  assert.ok('value' in listed && listed.value.ok)
  assert.deepEqual(door.paths, ['/calls/notes', '/call/notes/list'])
  // The write and `twice` have run once each, and nothing of them was sent again.
  assert.equal(knobs.calls, 2)
})

test('a process that stops answers all calls of a request that it has begun', async (t) => {
  const { far, host, stop } = await start(t)
  const letGo = await lockNotes(t, host)
  const listing = far.list({})
  const writing = far.write({ text: 'last' })
  assert.ok((await far.twice({})).ok)
  const stopping = stop()
  await letGo()
  assert.deepEqual([(await listing).ok, (await writing).ok], [true, true])
  await stopping
})

test('each goes on in the trace that it came from', async (t) => {
  const { far, door } = await start(t)
  const server: { name: string; traceId: string | undefined; parent: string | undefined }[] = []
  let next = 0
  recordWith({
    start: (name: string, { kind, parent }: SpanOptions) => {
      const span = { id: String(++next).padStart(16, '0'), sampled: true }
      const traceId = parent?.traceId ?? ''
      if (kind === 'server') server.push({ name, traceId, parent: clients.get(parent?.span?.id ?? '') })
      if (kind === 'client') clients.set(span.id, traceId)
      return { traceId, span, set: () => undefined, fail: () => undefined, end: () => undefined }
    },
    close: async () => undefined,
  })
  t.after(() => recordWith(null))
  const clients = new Map<string, string>()
  const [first, second] = ['a'.repeat(32), 'b'.repeat(32)]
  const within = <R>(traceId: string, work: () => R): R =>
    withCall(serviceCall('test', { timeoutMs: 10_000, traceId, importance: 'account' }), work)
  await Promise.all([within(first, () => far.twice({})), within(second, () => far.list({}))])
  assert.deepEqual(door.paths, ['/calls/notes'])
  assert.deepEqual(server, [
    { name: 'POST /call/notes/twice', traceId: first, parent: first },
    { name: 'POST /call/notes/list', traceId: second, parent: second },
  ])
})
