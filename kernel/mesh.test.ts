import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { serviceCall } from '#kernel/call'
import { createClient } from '#kernel/client'
import { httpMesh } from '#kernel/mesh'
import { openLink } from '../cli/chaos/link.ts'
import { startTestHost } from '../test/host.ts'
import { notes, notesServices } from '../test/notes.ts'

const token = 'test-secret-of-32-characters-or-so-service-token'

test('over HTTP a call has the same answers and refusals as in one process', async (t) => {
  const { services } = await notesServices()
  const host = await startTestHost(services)
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${host.internalPort}`, token })
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

test('the internal port refuses whoever does not know the service token', async (t) => {
  const { services } = await notesServices()
  const host = await startTestHost(services)
  t.after(() => host.stop())
  for (const authorization of [undefined, 'Bearer ', 'Bearer wrong', `Basic ${token}`]) {
    const answer = await fetch(`http://127.0.0.1:${host.internalPort}/call/notes/twice`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
      body: JSON.stringify({ input: {}, call: serviceCall('x', { timeoutMs: 1_000 }) }),
    })
    assert.equal(answer.status, 401)
  }
})

test('what may be repeated is tried again when the connection breaks; what may not is not', async (t) => {
  let requests = 0
  const server = createServer((request) => {
    requests += 1
    request.socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token })
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
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token })
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
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token })
  t.after(async () => {
    server.closeAllConnections()
    await mesh.close()
    server.close()
  })
  const since = Date.now()
  await assert.rejects(createClient(notes, 'test', mesh).list({}, { timeoutMs: 300 }))
  assert.ok(Date.now() - since < 1_500)
})

test('what is left of a call’s time travels, and not what the caller’s clock says', async (t) => {
  const { services, knobs } = await notesServices()
  const host = await startTestHost(services)
  t.after(() => host.stop())
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
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token })
  await createClient(notes, 'test', mesh).twice({}, { timeoutMs: 3_000 })
  assert.equal(Math.ceil((body.leftMs ?? 0) / 1_000), 3)
  await mesh.close()
  server.close()
})

test('an idle connection that died without a word is not used, whatever the other side would keep', async (t) => {
  const { services } = await notesServices()
  const host = await startTestHost(services)
  const link = await openLink(() => [host.internalPort])
  const mesh = httpMesh({ urlOf: () => `http://127.0.0.1:${link.port}`, token, idleAtMostMs: 100 })
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
