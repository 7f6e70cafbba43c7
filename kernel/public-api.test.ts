import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import type { Actor } from '#kernel/call'
import { type Api, apiAt } from '../test/api.ts'
import { startTestHost, type TestHost } from '../test/host.ts'
import { type Knobs, notesServices } from '../test/notes.ts'

const actors: Record<string, Actor> = {
  'customer-token': { kind: 'customer', customerId: 'cust_1', sessionId: 's1' },
  'burner-token': { kind: 'staff', staffId: 'staff_1', sessionId: 's2', permissions: ['notes:burn'] },
  'clerk-token': { kind: 'staff', staffId: 'staff_2', sessionId: 's3', permissions: ['notes:read'] },
}

let host: TestHost
let api: Api
let knobs: Knobs

before(async () => {
  const { services, knobs: given } = await notesServices()
  knobs = given
  host = await startTestHost(services, {
    edge: true,
    authenticate: async (credential) => actors[credential] ?? { kind: 'anonymous' },
  })
  api = apiAt(host.url ?? '')
})
after(() => host.stop())

test('a command answers with its status and its declared shape', async () => {
  const written = await api('POST', '/api/notes', { text: 'hello' })
  assert.equal(written.status, 201)
  assert.deepEqual(Object.keys(written.body).sort(), ['id', 'text'])
  const read = await api('GET', `/api/notes/${written.body.id}`)
  // The use case also returned `secret`, which the contract does not declare.
  assert.deepEqual(read.body, { id: written.body.id, text: 'hello' })
})

const malformed: [what: string, body: unknown, field: string][] = [
  ['a missing field', {}, 'text'],
  ['an empty text', { text: '' }, 'text'],
  ['an unknown field', { text: 'x', price: 1 }, 'price'],
  ['an unknown field inside', { text: 'x', author: { email: 'a@b.example', role: 'owner' } }, 'author/role'],
  ['a fraction', { text: 'x', stars: 1.5 }, 'stars'],
  ['a number as text: bodies are not coerced', { text: 'x', stars: '2' }, 'stars'],
  ['a number too large', { text: 'x', stars: 6 }, 'stars'],
  ['no e-mail address', { text: 'x', author: { email: 'nobody' } }, 'author/email'],
]
for (const [what, body, field] of malformed) {
  test(`refused with the field's name: ${what}`, async () => {
    const answer = await api('POST', '/api/notes', body)
    assert.equal(answer.status, 422)
    assert.equal(answer.headers.get('content-type'), 'application/problem+json')
    assert.equal(answer.body.type, '/problems/validation-failed')
    assert.ok(
      answer.body.errors.some((error: { field: string }) => error.field === field),
      JSON.stringify(answer.body.errors),
    )
  })
}

test('a card number is refused in any free field, and nothing is written', async () => {
  const before = await api('GET', '/api/notes')
  for (const text of ['4242 4242 4242 4242', 'my card is 5555-5555-5555-4444 thanks', '378282246310005']) {
    const answer = await api('POST', '/api/notes', { text })
    assert.equal(answer.body.type, '/problems/card-number-refused', text)
    assert.equal(answer.body.errors[0].field, 'text')
  }
  const fine = await api('POST', '/api/notes', { text: 'call +49 151 23456789012 or order 1234567890123456' })
  assert.equal(fine.status, 201)
  const now = await api('GET', '/api/notes')
  assert.equal(now.body.count, before.body.count + 1)
})

test('query parameters are coerced by schema, nested once, and unknown ones refused', async () => {
  const answer = await api('GET', '/api/notes?limit=5&filter[color]=red')
  assert.deepEqual([answer.body.limit, answer.body.filter], [5, { color: 'red' }])
  for (const query of ['limit=five', 'limit=0', 'page=2', 'limit=5&limit=6']) {
    assert.equal((await api('GET', `/api/notes?${query}`)).status, 422, query)
  }
  assert.equal((await api('POST', '/api/notes?admin=true', { text: 'x' })).status, 422)
  const inert = await api('GET', '/api/notes?__proto__[polluted]=1&filter[__proto__]=1')
  assert.deepEqual([inert.status, inert.body.filter, 'polluted' in {}], [200, {}, false])
})

test('bodies that are no JSON, too large, or of another type have a status of their own', async () => {
  const cases: [body: string, type: string, status: number, problem: string][] = [
    ['{"text":', 'application/json', 400, 'malformed-json'],
    ['text=x', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
    ['<x/>', 'text/xml', 415, 'unsupported-media-type'],
    [JSON.stringify({ text: 'x'.repeat(10_000_000) }), 'application/json', 413, 'body-too-large'],
    ['{"text":"x","__proto__":{"admin":true}}', 'application/json', 400, 'malformed-json'],
  ]
  for (const [body, type, status, name] of cases) {
    const answer = await api('POST', '/api/notes', body, { headers: { 'content-type': type } })
    assert.equal(answer.status, status, name)
    assert.equal(answer.body.type, `/problems/${name}`)
  }
})

test('a refusal is a problem with its own type and data, and rolls back', async () => {
  const before = await api('GET', '/api/notes')
  const answer = await api('POST', '/api/notes', { text: 'a rude word' })
  assert.equal(answer.status, 409)
  assert.equal(answer.body.type, '/problems/notes/too-rude')
  assert.equal(answer.body.title, 'Too rude')
  assert.equal(answer.body.word, 'rude')
  assert.deepEqual((await api('GET', '/api/notes')).body, before.body)
})

test('access: anonymous, customer, staff with and without the permission', async () => {
  const statuses = async (method: string, path: string): Promise<number[]> =>
    Promise.all(
      [undefined, 'customer-token', 'clerk-token', 'burner-token', 'forged-token'].map(
        async (token) => (await api(method, path, undefined, token ? { token } : {})).status,
      ),
    )
  assert.deepEqual(await statuses('GET', '/api/my-notes'), [401, 200, 403, 403, 401])
  assert.deepEqual(await statuses('DELETE', '/api/admin/notes/n1'), [401, 403, 403, 200, 401])
})

test('an internal operation has no public route', async () => {
  for (const path of ['/api/notes/leaky/x/y', '/call/notes/leaky', '/api/call/notes/leaky']) {
    assert.equal((await api('POST', path, {})).status, 404, path)
  }
})

test('a cookie counts only from the shop’s own pages', async () => {
  const cookie = { cookie: 'stoa-session=burner-token' }
  const burn = async (headers: Record<string, string>): Promise<number> =>
    (await api('DELETE', '/api/admin/notes/n1', undefined, { headers: { ...cookie, ...headers } })).status
  const own = new URL(host.url ?? '').origin
  assert.equal(await burn({ origin: own }), 200)
  assert.equal(await burn({}), 200)
  assert.equal(await burn({ origin: 'https://evil.example' }), 403)
  assert.equal(await burn({ origin: 'null' }), 403)
})

test('the same key gives the same answer; another body, or another caller, does not', async () => {
  const key = randomUUID()
  const calls = knobs.calls
  const first = await api('POST', '/api/notes', { text: 'once' }, { key })
  const second = await api('POST', '/api/notes', { text: 'once' }, { key })
  assert.deepEqual([second.status, second.body], [first.status, first.body])
  assert.equal(knobs.calls, calls + 1)
  const other = await api('POST', '/api/notes', { text: 'other' }, { key })
  assert.deepEqual([other.status, other.body.type], [422, '/problems/idempotency-key-reused'])
  const customer = await api('POST', '/api/notes', { text: 'once' }, { key, token: 'customer-token' })
  assert.notEqual(customer.body.id, first.body.id)
})

test('a refusal is remembered under its key too', async () => {
  const key = randomUUID()
  const calls = knobs.calls
  const first = await api('POST', '/api/notes', { text: 'rude' }, { key })
  const second = await api('POST', '/api/notes', { text: 'rude' }, { key })
  assert.equal(first.status, 409)
  assert.deepEqual(second.body.word, first.body.word)
  assert.equal(knobs.calls, calls + 1)
})

test('twenty at once with one key write once', async () => {
  const key = randomUUID()
  const before = (await api('GET', '/api/notes')).body.count
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => api('POST', '/api/notes', { text: 'race' }, { key })),
  )
  const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id))
  assert.equal(ids.size, 1)
  assert.ok(answers.every(({ status }) => status === 201 || status === 409))
  const running = answers.find(({ status }) => status === 409)
  if (running) assert.ok(Number(running.headers.get('retry-after')) >= 1)
  assert.equal((await api('GET', '/api/notes')).body.count, before + 1)
})

test('a failure tells a trace id and nothing else, and frees its key', async () => {
  const key = randomUUID()
  const calls = knobs.calls
  const answer = await api('POST', '/api/broken', {}, { key })
  assert.equal(answer.status, 500)
  assert.match(answer.body.traceId, /^[0-9a-f]{32}$/)
  assert.doesNotMatch(JSON.stringify(answer.body), /select|vault|\.ts|at /)
  await api('POST', '/api/broken', {}, { key })
  assert.equal(knobs.calls, calls + 2)
  const without = await api('POST', '/api/broken', {}, { key: null })
  assert.deepEqual([without.status, without.body.type], [400, '/problems/idempotency-key-required'])
})

test('guesses are limited, with Retry-After, and right answers are not counted', async () => {
  const guess = (word: string) => api('POST', '/api/guesses', { word })
  for (let n = 0; n < 5; n++) assert.equal((await guess('stoa')).status, 200)
  for (let n = 0; n < 3; n++) assert.equal((await guess('agora')).status, 422)
  const limited = await guess('stoa')
  assert.deepEqual([limited.status, limited.body.type], [429, '/problems/rate-limited'])
  assert.ok(Number(limited.headers.get('retry-after')) > 0)
})

test('guesses from one IPv6 network count together, whichever of its addresses they come from', async (t) => {
  const { services } = await notesServices()
  const behindProxy = await startTestHost(services, { edge: true, trustedProxies: ['127.0.0.1'] })
  t.after(() => behindProxy.stop())
  const ask = apiAt(behindProxy.url ?? '')
  const guessFrom = async (address: string): Promise<number> =>
    (await ask('POST', '/api/guesses', { word: 'agora' }, { headers: { 'x-forwarded-for': address } })).status
  const network = ['2001:db8:7:1::1', '2001:0DB8:7:1::2', '2001:db8:7:1:2:3:4:5', '2001:db8:7:1::']
  const statuses: number[] = []
  for (const address of network) statuses.push(await guessFrom(address))
  assert.deepEqual(statuses, [422, 422, 422, 429])
  for (const address of ['2001:db8:7:2::1', '2001:db8::7:1', '203.0.113.9', '203.0.113.8'])
    assert.equal(await guessFrom(address), 422, address)
  for (const address of ['::ffff:203.0.113.9', '203.0.113.9']) await guessFrom(address)
  assert.deepEqual([await guessFrom('::ffff:203.0.113.9'), await guessFrom('203.0.113.8')], [429, 422])
})

test('a body that is far too large is answered, also to a client that reads nothing before all of it is sent', async () => {
  const before = (await api('GET', '/api/notes')).body.count
  const body = `{"text":"${'x'.repeat(10_000_000)}"}`
  const { hostname, port } = new URL(host.url ?? '')
  const socket = connect(Number(port), hostname)
  socket.pause()
  const head = `POST /api/notes HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n`
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.write(`${head}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`, () => resolve())
  })
  const answer = await text(socket)
  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.match(answer, /"type":"\/problems\/body-too-large"/)
  assert.equal((await api('GET', '/api/notes')).body.count, before)
})

test('a client’s trace id is kept, a forged address is not', async () => {
  const traceId = 'a'.repeat(32)
  const answer = await api('GET', '/api/notes/nope', undefined, {
    headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01`, 'x-forwarded-for': '203.0.113.9' },
  })
  assert.equal(answer.status, 404)
  assert.equal(answer.body.traceId, traceId)
  // Guesses from this machine are used up; naming another address does not give new ones.
  const guess = await api('POST', '/api/guesses', { word: 'stoa' }, { headers: { 'x-forwarded-for': '203.0.113.9' } })
  assert.equal(guess.status, 429)
})
