import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { serviceCall } from '#kernel/call'
import { tokenSigner } from '#kernel/service-token'
import { startTestHost } from '../test/host.ts'
import { notes, notesServices } from '../test/notes.ts'

const secret = 'test-secret-of-32-characters-or-so-service-token'
const keyOf = (text: string) => new TextEncoder().encode(text)

/** A token like ours, but for what a test changes. */
function sign(changes: JWTPayload = {}, options: { key?: string; alg?: string; typ?: string } = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000)
  return new SignJWT({ iss: 'stoa', sub: 'test', aud: 'notes', iat: now, exp: now + 60, ...changes })
    .setProtectedHeader({ alg: options.alg ?? 'HS256', typ: options.typ ?? 'stoa-service+jwt' })
    .sign(keyOf(options.key ?? secret))
}

test('a service refuses, logs, and does nothing for whoever shows no valid token of the shop', async (t) => {
  const { services } = await notesServices()
  const log: string[] = []
  const host = await startTestHost(services, { onLog: (line) => log.push(line) })
  t.after(() => host.stop())
  const now = Math.floor(Date.now() / 1_000)
  const ours = await tokenSigner(secret, 'test').for('notes')
  const [header, payload, signature] = ours.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const raised = Buffer.from(JSON.stringify({ ...claims, sub: 'edge' })).toString('base64url')

  const refused: [what: string, authorization: string | undefined, fault: string][] = [
    ['nothing', undefined, 'missing'],
    ['an empty token', 'Bearer ', 'missing'],
    ['the secret itself', `Bearer ${secret}`, 'forged'],
    ['another scheme', `Basic ${ours}`, 'missing'],
    ['another key', `Bearer ${await sign({}, { key: 'another-secret-of-32-characters-or-so' })}`, 'forged'],
    ['changed claims', `Bearer ${header}.${raised}.${signature}`, 'forged'],
    ['no algorithm', `Bearer ${new UnsecuredJWT(claims).encode()}`, 'forged'],
    ['another algorithm', `Bearer ${await sign({}, { alg: 'HS512' })}`, 'forged'],
    ['another kind of token', `Bearer ${await sign({}, { typ: 'JWT' })}`, 'forged'],
    ['another issuer', `Bearer ${await sign({ iss: 'another-shop' })}`, 'forged'],
    ['another service', `Bearer ${await sign({ aud: 'payments' })}`, 'audience'],
    ['expired', `Bearer ${await sign({ iat: now - 90, exp: now - 30 })}`, 'expired'],
    ['from the future', `Bearer ${await sign({ iat: now + 30, exp: now + 90 })}`, 'expired'],
    ['too long a life', `Bearer ${await sign({ exp: now + 3_600 })}`, 'expired'],
  ]
  const write = (authorization: string | undefined): Promise<Response> =>
    fetch(`http://127.0.0.1:${host.internalPort}/call/notes/write`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
      body: JSON.stringify({ input: { text: 'forged' }, call: serviceCall('x', { timeoutMs: 5_000 }), leftMs: 5_000 }),
    })
  for (const [what, authorization, fault] of refused) {
    log.length = 0
    const answer = await write(authorization)
    assert.equal(answer.status, 401, what)
    assert.equal(
      ((await answer.json()) as { problem: { type: string } }).problem.type,
      '/problems/service-token-refused',
    )
    const said = log.map((line) => JSON.parse(line)).filter(({ msg }) => /service token was refused/.test(msg))
    assert.deepEqual(
      said.map((line) => [line.level, line.fault]),
      [['warn', fault]],
      what,
    )
    const signatureGiven = authorization?.split('.')[2]
    if (signatureGiven) assert.ok(!log.join().includes(signatureGiven), what)
  }
  const count = async (): Promise<number> => {
    const listed = await host.client(notes).list({})
    assert.ok(listed.ok)
    return listed.value.count
  }
  assert.equal(await count(), 0)
  assert.equal((await write(`Bearer ${ours}`)).status, 200)
  assert.equal(await count(), 1)
})

/** Calls from a thread whose clock is wrong, as another machine would. */
const caller = `
  const { workerData, parentPort } = require('node:worker_threads')
  const { url, secret, offsetMs, clock } = workerData
  import(clock).then(async ({ installClock, setClock }) => {
    installClock()
    setClock(offsetMs)
    const { httpMesh } = await import('#kernel/mesh')
    const { createClient } = await import('#kernel/client')
    const { notes } = await import(workerData.notes)
    const mesh = httpMesh({ urlOf: () => url, secret })
    const far = createClient(notes, 'test', mesh)
    const first = workerData.isTogether ? [far.write({ text: 'a' }), far.write({ text: 'b' })] : [far.write({ text: 'a' })]
    const answers = [...(await Promise.all(first)), await far.write({ text: 'last' })]
    await mesh.close()
    parentPort.postMessage(answers.map(({ ok }) => ok))
  })`

for (const [offsetMs, isTogether] of [
  [-3_600_000, false],
  [3_600_000, false],
  [3_600_000, true],
] as const) {
  const how = isTogether ? 'calls together' : 'calls'
  test(`${how} of a process whose clock is ${offsetMs / 60_000} minutes off are heard`, async (t) => {
    const { services } = await notesServices()
    const log: string[] = []
    const host = await startTestHost(services, { onLog: (line) => log.push(line) })
    t.after(() => host.stop())
    const workerData = {
      url: `http://127.0.0.1:${host.internalPort}`,
      secret,
      offsetMs,
      isTogether,
      clock: new URL('../cli/chaos/clock.ts', import.meta.url).href,
      notes: new URL('../test/notes.ts', import.meta.url).href,
    }
    const [answers] = await once(new Worker(caller, { eval: true, workerData }), 'message')
    assert.deepEqual(answers, isTogether ? [true, true, true] : [true, true])
    // Once for the token of the wrong time; the next call knows better.
    assert.equal(log.filter((line) => /service token was refused/.test(line)).length, 1)
  })
}
