import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { serviceCall } from '#kernel/call'
import { createClient } from '#kernel/client'
import { httpMesh } from '#kernel/mesh'
import { tokenSigner } from '#kernel/service-token'
import { openLink } from '../cli/chaos/link.ts'
import { startTestHost } from '../test/host.ts'
import { notes, notesServices } from '../test/notes.ts'

const secret = 'test-secret-of-32-characters-or-so-service-token'

test('over HTTP a call has the same answers and refusals as in one process', async (t) => {
  const { services } = await notesServices()
  const host = await startTestHost(services)
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${host.internalPort}`, secret })
  t.after(async () => {
    await mesh.close()
    await host.stop()
  })
  const far = createClient(notes, 'test', mesh)
  const written = await far.write({ text: 'far' })
  assert.ok(written.ok)
  assert.deepEqual(
    await far.read({ noteId: written.value.id }),
    await host.client(notes).read({ noteId: written.value.id }),
  )
  assert.deepEqual(await far.write({ text: 'rude' }), await host.client(notes).write({ text: 'rude' }))
  await assert.rejects(
    far.write({ text: '' }),
    (error: { problem?: { status?: number } }) => error.problem?.status === 422,
  )
  await assert.rejects(
    far.broken({}, { key: 'k' }),
    (error: Error) => /internal/.test(error.message) && !/vault/.test(error.message),
  )
})

test('what may be repeated is tried again when the connection breaks; what may not is not', async (t) => {
  let requests = 0
  const server = createServer((request) => {
    requests += 1
    request.socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`, secret })
  t.after(async () => {
    await mesh.close()
    server.close()
  })
  const far = createClient(notes, 'test', mesh)
  const refusedWith = { problem: { status: 503 } }
  const isUnavailable = (error: { problem?: { status?: number } }): boolean =>
    error.problem?.status === refusedWith.problem.status
  await assert.rejects(far.list({}), isUnavailable)
  assert.equal(requests, 4)
  requests = 0
  await assert.rejects(far.write({ text: 'x' }), isUnavailable)
  assert.equal(requests, 1)
  requests = 0
  await assert.rejects(far.write({ text: 'x' }, { key: 'k' }), isUnavailable)
  assert.equal(requests, 4)
})

test('an answer that breaks off, or that is not in our words, is tried again as none', async (t) => {
  const answers = [
    (to: ServerResponse) => {
      to.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 })
      to.write('{"ok": tr', () => to.destroy())
    },
    (to: ServerResponse) => to.writeHead(503).end('{"error":"Service Unavailable","statusCode":503}'),
    (to: ServerResponse) => to.writeHead(502).end('<h1>Bad Gateway</h1>'),
    (to: ServerResponse) => to.end(JSON.stringify({ ok: true, value: { limit: 0, filter: {}, count: 7 } })),
  ]
  const server = createServer((_, to) => void answers.shift()?.(to)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`, secret })
  t.after(async () => {
    await mesh.close()
    server.close()
  })
  const outcome = await createClient(notes, 'test', mesh).list({})
  assert.deepEqual(outcome.ok && outcome.value.count, 7)
  assert.equal(answers.length, 0)
})

test('a call that gets no answer ends at its deadline', async (t) => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`, secret })
  t.after(async () => {
    server.closeAllConnections()
    await mesh.close()
    server.close()
  })
  const since = Date.now()
  const far = createClient(notes, 'test', mesh)
  await assert.rejects(far.list({}, { timeoutMs: 300 }))
  assert.ok(Date.now() - since < 1_500)
  // Also one that travels with others, at its own and not at theirs.
  const [later, sooner] = [far.list({}, { timeoutMs: 60_000 }), far.list({}, { timeoutMs: 300 })]
  later.catch(() => undefined)
  await assert.rejects(sooner)
  assert.ok(Date.now() - since < 10_000)
})

test('what is left of a call’s time travels, and not what the caller’s clock says', async (t) => {
  const { services, knobs } = await notesServices()
  const host = await startTestHost(services)
  t.after(() => host.stop())
  const token = await tokenSigner(secret, 'test').for('notes')
  const send = async (body: object): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${host.internalPort}/call/notes/twice`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    })
    assert.equal(answer.status, 200)
    return Math.ceil(knobs.leftMs / 1_000)
  }
  const now = serviceCall('x', { timeoutMs: 5_000 })
  const anHourBehind = { ...now, deadline: now.deadline - 3_600_000 }
  assert.equal(await send({ input: {}, call: anHourBehind, leftMs: 5_000 }), 5)
  assert.equal(await send({ input: {}, call: now }), 5, 'a caller of an older version')

  let body: { leftMs?: number } = {}
  const server = createServer(async (request, answer) => {
    body = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString())
    answer.end(JSON.stringify({ ok: true, value: { calls: 1 } }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`, secret })
  await createClient(notes, 'test', mesh).twice({}, { timeoutMs: 3_000 })
  assert.equal(Math.ceil((body.leftMs ?? 0) / 1_000), 3)
  await mesh.close()
  server.close()
})

test('an idle connection that died without a word is not used, whatever the other side would keep', async (t) => {
  const { services } = await notesServices()
  const host = await startTestHost(services)
  const link = await openLink(() => [host.internalPort])
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${link.port}`, secret, idleAtMostMs: 100 })
  t.after(async () => {
    await mesh.close()
    await link.close()
    await host.stop()
  })
  const far = createClient(notes, 'test', mesh)
  await far.list({})
  link.set('lost')
  await new Promise((resolve) => setTimeout(resolve, 300))
  const outcome = await far.list({}, { timeoutMs: 2_000 })
  assert.ok(outcome.ok)
})

test('the strict shape repeats what may be repeated and refuses an answer that was not declared', async (t) => {
  const { services, knobs } = await notesServices()
  const host = await startTestHost(services, { shape: 'strict' })
  t.after(() => host.stop())
  for (let n = 0; n < 4; n++) await host.client(notes).twice({})
  assert.ok(knobs.calls > 4, `${knobs.calls} calls`)
  await assert.rejects(host.client(notes).leaky({}), /notes\.leaky is not what it declares/)
})

/** A server that counts the calls it is asked, of a version that takes them one by one, with a mesh that leads to it. */
async function answering(t: TestContext, answer: (n: number) => { status: number; body: unknown }) {
  const seen = { requests: 0 }
  const server = createServer((request, response) => {
    request.resume()
    if (request.url?.startsWith('/calls/')) return void response.writeHead(404).end('{}')
    seen.requests += 1
    const { status, body } = answer(seen.requests)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`, secret })
  t.after(async () => {
    await mesh.close()
    server.close()
  })
  return { seen, mesh, far: createClient(notes, 'test', mesh) }
}

const notNow = (type: string) => ({
  status: 503,
  body: { problem: { type, title: 'Not now', status: 503 }, retryAfterSeconds: 3 },
})

test('a service in trouble is not asked four times as often: retries have a budget', async (t) => {
  const good = { status: 200, body: { ok: true, value: { limit: 0, filter: {}, count: 0 } } }
  // Now and then an answer, so that the breaker stays closed.
  const { seen, far } = await answering(t, (n) => (n % 10 === 0 ? good : notNow('/problems/unavailable')))
  await Promise.allSettled(Array.from({ length: 100 }, () => far.list({})))
  // Twenty that were saved, and one for each ten calls.
  assert.ok(seen.requests >= 115 && seen.requests <= 130, `${seen.requests} requests`)
})

test('whoever is turned away does not come again at once', async (t) => {
  const overloaded = notNow('/problems/overloaded')
  const { seen, far } = await answering(t, () => overloaded)
  await assert.rejects(far.list({}), overloaded.body)
  assert.equal(seen.requests, 1)
})

test('a service that does not answer is seen as such, with what is done without it', async (t) => {
  const { far, mesh } = await answering(t, () => notNow('/problems/unavailable'))
  await Promise.allSettled(Array.from({ length: 20 }, () => far.write({ text: 'x' })))
  const [state] = mesh.states()
  assert.deepEqual(
    { ...state, since: null },
    {
      name: 'notes',
      kind: 'service',
      state: 'open',
      since: null,
      lastError: 'Not now',
      fallback: notes.fallback,
    },
  )
})
