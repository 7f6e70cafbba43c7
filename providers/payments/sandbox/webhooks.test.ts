import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { newId } from '#kernel/id'
import type { BehaviorInput } from './behavior.ts'
import { type Received, startTestShop, type TestShop, webhookSecret } from './test-shop.ts'

let shop: TestShop
before(async () => {
  shop = await startTestShop()
})
after(() => shop.stop())

/** The tests of this file command one provider, so each begins with one that behaves. */
const behave = (input: BehaviorInput = {}) => shop.call('PUT', '/test/behavior', input)

const pay = async (from: TestShop = shop): Promise<string> => {
  const body = {
    orderId: newId('order'),
    amount: { amount: 4_900, currency: 'EUR' },
    token: 'tok_ok',
    captureNow: false,
  }
  return (await from.call('POST', '/v1/payments', body, { 'idempotency-key': newId('key') })).json.id
}
const cancel = (id: string) =>
  shop.call('POST', `/v1/payments/${id}/void`, undefined, { 'idempotency-key': newId('key') })
const about = (id: string) => shop.received.filter((one) => one.body.data.paymentId === id)
const typesOf = (received: readonly Received[]) => received.map(({ body }) => body.type)

/** The books, for what cannot be seen from outside. */
const deliveries = async (id: string) => {
  const { default: pg } = await import('pg')
  const db = new pg.Client(shop.database.url)
  await db.connect()
  try {
    const { rows } = await db.query(
      `select d.state, d.attempts, d.last_answer from sandbox_provider.deliveries d
       join sandbox_provider.events e on e.id = event_id where payment_id = $1 order by d.id`,
      [id],
    )
    return rows
  } finally {
    await db.end()
  }
}

test('each change is told once, signed as Standard Webhooks are', async () => {
  await behave()
  const id = await pay()
  await shop.webhooks(id)
  await cancel(id)
  const told = await shop.webhooks(id, 2)
  assert.deepEqual(typesOf(told), ['payment.authorized', 'payment.voided'])
  for (const { rawBody, headers } of told) {
    new Webhook(webhookSecret).verify(Buffer.from(rawBody), headers as Record<string, string>)
  }
  assert.equal(new Set(told.map(({ headers }) => headers['webhook-id'])).size, 2)
  assert.deepEqual(Object.keys(told[0]?.body ?? {}).sort(), ['data', 'timestamp', 'type'])
})

test('copies on demand, of one event id', async () => {
  await behave({ webhooks: { copies: 3 } })
  const id = await pay()
  await behave()
  const told = await shop.webhooks(id, 3)
  assert.equal(new Set(told.map(({ headers }) => headers['webhook-id'])).size, 1)
  assert.equal(new Set(told.map(({ rawBody }) => Buffer.from(rawBody).toString())).size, 1)
})

test('late on demand, and flushed on demand', async () => {
  await behave({ webhooks: { delayMs: 3_600_000 } })
  const id = await pay()
  await behave()
  const prompt = await pay()
  await shop.webhooks(prompt)
  // The shop has it before the provider has written down that it has; a flush in between would send it again.
  while ((await deliveries(prompt)).some(({ state }) => state !== 'delivered')) await pause(5)
  assert.deepEqual(about(id), [])
  const { json } = await shop.call('POST', '/test/webhooks/flush')
  assert.deepEqual(json, { sent: 1, delivered: 1 })
  assert.deepEqual(typesOf(about(id)), ['payment.authorized'])
})

test('out of order on demand', async () => {
  await behave({ webhooks: { shuffleMs: 3_600_000 } })
  const ids = await Promise.all(Array.from({ length: 16 }, () => pay()))
  await behave()
  await shop.call('POST', '/test/webhooks/flush')
  const order = shop.received.map(({ body }) => body.data.paymentId).filter((id) => ids.includes(id))
  assert.deepEqual([...order].sort(), [...ids].sort())
  // Sixteen events arrive in order by chance once in 10^13 times.
  assert.notDeepEqual(order, [...ids].sort())
})

test('lost on demand: never sent, not even by a flush', async () => {
  await behave({ webhooks: { drop: true } })
  const id = await pay()
  await behave()
  await shop.call('POST', '/test/webhooks/flush')
  assert.deepEqual(about(id), [])
  assert.deepEqual(await deliveries(id), [{ state: 'dropped', attempts: 0, last_answer: null }])
})

test('what the shop does not take is sent again, also by the next process', async () => {
  await behave()
  shop.answer(500)
  const id = await pay()
  await shop.webhooks(id)
  await shop.restart()
  shop.answer(200)
  const told = await shop.webhooks(id, 2)
  assert.equal(told[0]?.headers['webhook-id'], told[1]?.headers['webhook-id'])
  const [delivery] = await deliveries(id)
  assert.ok(delivery.attempts >= 2)
})

test('a redirect is not followed, and counts as not delivered', async () => {
  await behave()
  shop.answer(307)
  const id = await pay()
  await shop.webhooks(id)
  shop.answer(200)
  assert.deepEqual(
    (await shop.webhooks(id, 2)).map(({ path }) => path),
    ['/webhooks', '/webhooks'],
  )
})

test('what an attacker would send can be sent', async () => {
  await behave()
  const id = await pay()
  await shop.webhooks(id)
  const expected = { genuine: 'verified', forged: 'bad-signature', stale: 'stale', altered: 'bad-signature' }
  for (const [as, verdict] of Object.entries(expected)) {
    const before = about(id).length
    const { json } = await shop.call('POST', '/test/webhooks/send', { paymentId: id, as, copies: 2 })
    assert.deepEqual(json, { answers: [200, 200] })
    for (const request of about(id).slice(before)) {
      const result = await shop.provider.webhook(request)
      assert.equal(result.outcome === 'refused' ? result.reason : result.outcome, verdict, as)
    }
  }
})

test('nothing is sent before the shop is known; then all of it is', async () => {
  const early = await startTestShop({ webhookUrl: null })
  try {
    const id = await pay(early)
    assert.deepEqual(early.received, [])
    await early.server.register({ webhookUrl: `${early.origin}/webhooks`, origins: [early.origin] })
    await early.webhooks(id)
  } finally {
    await early.stop()
  }
})

// --- answers --------------------------------------------------------------------------------------------------------

test('an error after the work: the payment is there', async () => {
  await behave({ faults: [{ kind: 'error-after', operations: ['create'], times: 1 }] })
  const orderId = newId('order')
  const request = {
    orderId,
    attemptKey: newId('key'),
    amount: { amount: 4_900, currency: 'EUR' },
    token: 'tok_ok',
    captureNow: true,
  }
  const lost = await shop.provider.authorize(request)
  assert.equal(lost.outcome === 'unknown' && lost.cause, 'server-error')
  const found = await shop.provider.find({ orderId })
  assert.equal(found.outcome === 'found' && found.payments[0]?.captured.amount, 4_900)
  assert.equal((await shop.provider.authorize(request)).outcome, 'captured')
})

test('each fault does what its name says, as often as it was told', async () => {
  const cases = [
    { kind: 'error-before', cause: 'server-error', done: false },
    { kind: 'error-after', cause: 'server-error', done: true },
    { kind: 'reset-before', cause: 'connection', done: false },
    { kind: 'reset-after', cause: 'connection', done: true },
    { kind: 'silent-before', cause: 'timeout', done: false },
    { kind: 'silent-after', cause: 'timeout', done: true },
    { kind: 'rate-limited', cause: 'rate-limited', done: false },
  ] as const
  for (const { kind, cause, done } of cases) {
    await behave()
    const providerPaymentId = await pay()
    await behave({ faults: [{ kind, operations: ['void'], times: 2 }] })
    for (let time = 1; time <= 2; time++) {
      const result = await shop.provider.void(
        { providerPaymentId, key: `${kind}-${providerPaymentId}` },
        { signal: AbortSignal.timeout(400) },
      )
      assert.equal(result.outcome === 'unknown' && result.cause, cause, kind)
    }
    const now = await shop.provider.retrieve({ providerPaymentId })
    assert.equal(now.outcome === 'found' && now.payment.status, done ? 'voided' : 'authorized', kind)
    const third = await shop.provider.void({ providerPaymentId, key: `${kind}-${providerPaymentId}` })
    assert.equal(third.outcome, 'voided', kind)
  }
})

test('down: nobody is answered and nothing is sent, until it is up again', async () => {
  await behave()
  const id = await pay()
  await shop.webhooks(id)
  await behave({ down: true })
  const away = await shop.provider.retrieve({ providerPaymentId: id })
  assert.equal(away.outcome === 'unknown' && away.cause, 'connection')
  await assert.rejects(fetch(`${shop.server.url}/`), TypeError)
  await behave()
  const back = await shop.provider.retrieve({ providerPaymentId: id })
  assert.equal(back.outcome, 'found')
})

test('an answer that is late', async () => {
  await behave({ answerDelayMs: 300 })
  const started = performance.now()
  const id = await pay()
  assert.ok(performance.now() - started >= 295)
  await behave()
  assert.ok((await shop.provider.retrieve({ providerPaymentId: id })).outcome === 'found')
})

test('a restart ends the trouble, and what is not known is refused', async () => {
  await behave({ answerDelayMs: 60_000 })
  await shop.restart()
  assert.equal((await shop.call('GET', '/test/behavior')).text, (await behave()).text)
  assert.equal((await shop.call('PUT', '/test/behavior', { dwon: true })).status, 422)
  const { status } = await shop.call('PUT', '/test/behavior', { faults: [{ kind: 'explode' }] })
  assert.equal(status, 422)
})
