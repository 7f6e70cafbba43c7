import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { ApiError, errorsOf, get, post, putText, withQuery } from './src/api.ts'
import { commandKey } from './src/ui/command-key.ts'

type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string }
const seen: Seen[] = []
const answers: Record<string, { status: number; type: string; body: string }> = {
  '/ok': { status: 200, type: 'application/json', body: '{"id":"x"}' },
  '/empty': { status: 204, type: '', body: '' },
  '/problem': {
    status: 422,
    type: 'application/problem+json',
    body: '{"type":"/problems/validation-failed","title":"Not valid","detail":"title: is required","errors":[{"field":"variants/0/sku","message":"is too long"}]}',
  },
  '/taken': {
    status: 409,
    type: 'application/problem+json',
    body: '{"type":"/problems/catalog/handle-taken","detail":"The address is taken.","field":"handle"}',
  },
  '/broken': { status: 502, type: 'text/html', body: '<h1>Bad gateway</h1>' },
  '/half': { status: 200, type: 'application/json', body: '{"id":' },
}
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
  const { status, type, body: text } = answers[new URL(request.url ?? '', 'http://x').pathname] ?? assert.fail()
  response.writeHead(status, type === '' ? {} : { 'content-type': type }).end(status === 204 ? undefined : text)
})
let url = ''
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => server.close())

const refused = async (run: Promise<unknown>): Promise<ApiError> => {
  const error = await run.then(
    () => assert.fail('it was not refused'),
    (one: unknown) => one,
  )
  return error instanceof ApiError ? error : assert.fail(String(error))
}

test('a query leaves out what was not given', () => {
  assert.equal(withQuery('/orders', { q: '', status: undefined, cursor: null }), '/orders')
  assert.equal(withQuery('/orders', { q: 'a & b', limit: 20 }), '/orders?q=a+%26+b&limit=20')
})

test('a command carries its key, its type and its body', async () => {
  assert.deepEqual(await post(`${url}/ok`, { amount: 5 }, 'key-1'), { id: 'x' })
  const { method, headers, body } = seen.at(-1) ?? assert.fail()
  assert.deepEqual(
    [method, headers['idempotency-key'], headers['content-type'], body],
    ['POST', 'key-1', 'application/json', '{"amount":5}'],
  )
  assert.deepEqual(await putText(`${url}/empty`, 'a,b\n', 'text/csv'), {})
  assert.equal(seen.at(-1)?.headers['content-type'], 'text/csv')
})

test('a refusal keeps its type, its sentence and its fields', async () => {
  const error = await refused(get(`${url}/problem`))
  assert.deepEqual(
    [error.status, error.type, error.message, error.isDecided],
    [422, '/problems/validation-failed', 'title: is required', true],
  )
  assert.deepEqual(errorsOf(error.fields, 'variants'), [{ field: 'variants/0/sku', message: 'is too long' }])
  assert.deepEqual(errorsOf(error.fields, 'variant'), [])
  const taken = await refused(get(`${url}/taken`))
  assert.deepEqual(taken.fields, [{ field: 'handle', message: 'The address is taken.' }])
})

test('what is no answer of the shop is undecided: a gateway, half an answer, none at all', async () => {
  const gateway = await refused(get(`${url}/broken`))
  assert.deepEqual([gateway.status, gateway.message, gateway.isDecided], [502, 'The shop answered 502.', false])
  const half = await refused(get(`${url}/half`))
  assert.deepEqual([half.status, half.isDecided], [0, false])
  const none = await refused(get('http://127.0.0.1:1/ok'))
  assert.deepEqual([none.status, none.isDecided], [0, false])
})

test('a command keeps its key until the shop has decided', () => {
  let made = 0
  const key = commandKey(() => `key-${++made}`)
  assert.equal(key.current(), 'key-1')
  // No answer, a gateway's, and an error that nobody foresaw: it may have been done.
  for (const error of [new ApiError(0, {}), new ApiError(502, {}), new ApiError(503, {}), new TypeError('x')]) {
    key.settle(error)
    assert.equal(key.current(), 'key-1')
  }
  key.settle(new ApiError(409, {}))
  assert.equal(key.current(), 'key-2')
  key.settle(null)
  assert.equal(key.current(), 'key-3')
})
