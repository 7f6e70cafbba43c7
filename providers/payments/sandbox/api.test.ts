import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '#kernel/id'
import { type SandboxOptions, startSandboxProvider } from './server.ts'
import { secretKey, startTestShop, type TestShop, webhookSecret } from './test-shop.ts'

let shop: TestShop
before(async () => {
  shop = await startTestShop()
})
after(() => shop.stop())

const order = <Changes extends object>(changes?: Changes) => ({
  orderId: newId('order'),
  amount: { amount: 4_900, currency: 'EUR' },
  token: 'tok_ok',
  captureNow: false,
  ...changes,
})
const create = (body: unknown, key = newId('key')) =>
  shop.call('POST', '/v1/payments', body, { 'idempotency-key': key })

test('a key’s answer is replayed byte for byte, also by the next process', async () => {
  const [body, key] = [order(), newId('key')]
  const first = await create(body, key)
  assert.equal(first.status, 201)
  assert.equal((await create(body, key)).text, first.text)
  await shop.restart()
  const after = await create(body, key)
  assert.equal(after.status, 201)
  assert.equal(after.text, first.text)
})

test('a key is forgotten after 24 hours, and would then charge again', async () => {
  const day = await startTestShop()
  try {
    const body = order()
    const pay = () => day.call('POST', '/v1/payments', body, { 'idempotency-key': 'attempt-1' })
    const { id } = (await pay()).json
    await day.call('POST', '/test/clock', { advanceSeconds: 24 * 3600 - 60 })
    assert.equal((await pay()).json.id, id)
    await day.call('POST', '/test/clock', { advanceSeconds: 120 })
    assert.notEqual((await pay()).json.id, id)

    // Both were made under one key, and both are ended by abandoning it.
    const abandoned = await day.call('POST', '/v1/payments/abandon', { orderId: body.orderId, attemptKey: 'attempt-1' })
    assert.equal(abandoned.status, 200)
    const { items } = (await day.call('GET', `/v1/payments?orderId=${body.orderId}`)).json
    assert.deepEqual(
      items.map(({ status }: { status: string }) => status),
      ['voided', 'voided'],
    )
  } finally {
    await day.stop()
  }
})

test('a refusal is remembered under its key like any answer', async () => {
  const { id } = (await create(order())).json
  const capture = (amount: number) =>
    shop.call(
      'POST',
      `/v1/payments/${id}/capture`,
      { amount: { amount, currency: 'EUR' } },
      { 'idempotency-key': `too-much-${id}` },
    )
  const refused = await capture(5_000)
  assert.equal(refused.status, 409)
  assert.equal((await capture(5_000)).text, refused.text)
  assert.equal((await capture(4_900)).json.type, '/problems/key-reused')
})

test('any word may come as a token; what is none of ours is declined', async () => {
  for (const token of ['constructor', '__proto__', 'tok_', "' or 1=1", '4242424242424242', 'x'.repeat(255)]) {
    const { status, json } = await create(order({ token }))
    assert.equal(status, 201, token)
    assert.equal(json.status, 'declined', token)
    assert.equal(json.declineReason, 'token-invalid', token)
  }
})

test('tok_slow is charged and answered after three seconds', async () => {
  const started = performance.now()
  const answer = await create(order({ token: 'tok_slow' }))
  const seconds = (performance.now() - started) / 1000
  assert.equal(answer.json.status, 'authorized')
  assert.ok(seconds > 2.9 && seconds < 5, `${seconds} s`)
})

test('tok_timeout_not_charged: a repeat with the same key is told that nothing was charged', async () => {
  const [body, key] = [order({ token: 'tok_timeout_not_charged' }), newId('key')]
  const request = { ...body, attemptKey: key }
  const lost = await shop.provider.authorize(request, { signal: AbortSignal.timeout(300) })
  assert.equal(lost.outcome, 'unknown')
  const repeat = (await create(body, key)).json
  assert.equal(repeat.status, 'declined')
  assert.equal(repeat.declineReason, 'issuer-unavailable')
  assert.equal(repeat.authorized.amount, 0)
})

test('an authorization lapses after seven days', async () => {
  const week = await startTestShop()
  try {
    const made = await week.call('POST', '/v1/payments', order(), { 'idempotency-key': 'a' })
    const { id, authorizedUntil, createdAt } = made.json
    assert.equal(Date.parse(authorizedUntil ?? '') - Date.parse(createdAt), 7 * 24 * 3600_000)
    await week.call('POST', '/test/clock', { advanceSeconds: 7 * 24 * 3600 })
    const amount = { amount: 4_900, currency: 'EUR' }
    const late = await week.call('POST', `/v1/payments/${id}/capture`, { amount }, { 'idempotency-key': 'b' })
    assert.equal(late.json.type, '/problems/authorization-lapsed')
    const now = (await week.call('GET', `/v1/payments/${id}`)).json
    assert.equal(now.status, 'expired')
    assert.equal(now.captured.amount, 0)
  } finally {
    await week.stop()
  }
})

test('a slow bank answers by itself', async () => {
  const bank = await startTestShop()
  try {
    const made = await bank.call('POST', '/v1/payments', order({ token: 'tok_processing', captureNow: true }), {
      'idempotency-key': 'a',
    })
    const { id, status } = made.json
    assert.equal(status, 'processing')
    await bank.call('POST', '/test/clock', { advanceSeconds: 5 })
    const told = await bank.webhooks(id, 2)
    assert.deepEqual(told.map(({ body }) => body.type).sort(), ['payment.captured', 'payment.processing'])
    assert.equal((await bank.call('GET', `/v1/payments/${id}`)).json.captured.amount, 4_900)
  } finally {
    await bank.stop()
  }
})

test('what is wrong with a request is named, and nothing is done', async () => {
  const wrong: [body: unknown, field: string][] = [
    [order({ amount: { amount: 0, currency: 'EUR' } }), 'amount/amount'],
    [order({ amount: { amount: -1, currency: 'EUR' } }), 'amount/amount'],
    [order({ amount: { amount: 1.5, currency: 'EUR' } }), 'amount/amount'],
    [order({ amount: { amount: '4900', currency: 'EUR' } }), 'amount/amount'],
    [order({ amount: { amount: 10 ** 12, currency: 'EUR' } }), 'amount/amount'],
    [order({ amount: { amount: 4_900, currency: 'euro' } }), 'amount/currency'],
    [order({ amount: { amount: 4_900, currency: 'EUR', tip: 1 } }), 'amount/tip'],
    [order({ orderId: '' }), 'orderId'],
    [order({ captureNow: 'yes' }), 'captureNow'],
    [order({ returnUrl: 'javascript:alert(1)' }), 'returnUrl'],
    [order({ surprise: true }), 'surprise'],
    [{}, 'orderId'],
  ]
  for (const [body, field] of wrong) {
    const answer = await create(body)
    assert.equal(answer.status, 422, JSON.stringify(body))
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
    const { type, errors } = answer.json
    assert.equal(type, '/problems/validation-failed')
    assert.equal(errors[0]?.field, field, JSON.stringify(body))
  }
  assert.equal((await create(order(), '')).json.type, '/problems/key-required')
  assert.equal((await create('x'.repeat(20_000))).status, 413)
  const { items } = (await shop.call('GET', '/v1/payments?limit=100')).json
  assert.deepEqual(
    items.filter(({ orderId }: { orderId: string }) => !orderId.startsWith('order_')),
    [],
  )
})

test('the API and the control API want the secret key', async () => {
  for (const path of ['/v1/payments', '/%761/payments', '/v1/payments/pay_x', '/test/behavior', '/%74est/behavior']) {
    for (const authorization of ['', 'Bearer nothing', `Basic ${secretKey}`]) {
      const answer = await fetch(shop.server.url + path, { headers: authorization ? { authorization } : {} })
      assert.equal(answer.status, 401, path)
    }
  }
  assert.equal((await shop.call('GET', '/v1/payments')).status, 200)
})

test('it does not start at a public address, nor with weak secrets', async () => {
  const options: SandboxOptions = {
    databaseUrl: shop.database.url,
    port: 0,
    host: '127.0.0.1',
    secretKey,
    webhookSecret,
  }
  const starting = (changes: Partial<SandboxOptions>) => startSandboxProvider({ ...options, ...changes })
  await assert.rejects(starting({ publicUrl: 'https://pay.shop.example' }), /public address/)
  await assert.rejects(starting({ host: '0.0.0.0' }), /public address/)
  await assert.rejects(starting({ publicUrl: 'http://127.0.0.1.shop.example' }), /public address/)
  await assert.rejects(starting({ secretKey: 'secret' }), /secret key/)
  await assert.rejects(starting({ webhookSecret: 'whsec_c2hvcnQ=' }), /webhook secret/)
  await assert.rejects(starting({ port: Number(new URL(shop.server.url).port) }), { code: 'EADDRINUSE' })
  await assert.rejects(starting({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' }), { code: 'ECONNREFUSED' })
  for (const changes of [
    { publicUrl: 'https://pay.shop.example', demo: true },
    { host: '0.0.0.0', publicUrl: 'http://localhost:1' },
  ]) {
    const server = await starting(changes)
    await server.stop()
  }
})

test('several start at once on an empty database', async () => {
  const empty = await startTestShop()
  try {
    const options = {
      databaseUrl: empty.database.url,
      port: 0,
      host: '127.0.0.1',
      secretKey,
      webhookSecret,
    }
    const servers = await Promise.all([1, 2, 3].map(() => startSandboxProvider(options)))
    await Promise.all(servers.map((server) => server.stop()))
  } finally {
    await empty.stop()
  }
})
