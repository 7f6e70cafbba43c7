import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { startTestPayments, type TestPayments, until } from './test-payments.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })

describe('callbacks of a provider', () => {
  let shop: TestPayments
  before(async () => {
    shop = await startTestPayments({ capture: 'at-once' })
  })
  after(() => shop?.stop())

  const begin = async (token: string): Promise<{ orderId: string; redirectUrl: string }> => {
    const orderId = newId('order')
    const outcome = await shop.payments.authorize({
      orderId,
      amount: eur(2_500),
      provider: 'sandbox',
      token,
      returnUrl: 'http://127.0.0.1/orders/back',
    })
    assert.ok(outcome.ok, JSON.stringify(outcome))
    return { orderId, redirectUrl: outcome.value.redirectUrl ?? '' }
  }
  const statusOf = async (orderId: string) => {
    const outcome = await shop.payments.find({ orderIds: [orderId] })
    return outcome.ok ? outcome.value.items[0]?.status : undefined
  }
  const providerId = async (orderId: string) => (await shop.sandbox.paymentsOf(orderId))[0]?.id ?? ''
  /** Waits until the last look is over, so that only what follows can have changed something. */
  const snapshot = (orderId: string) =>
    shop.rows(
      `select p.status, p.captured::int, p.refunded::int, p.version,
              (select count(*)::int from payments.outbox where data->>'orderId' = p.order_id) as events,
              (select count(*)::int from payments.ledger_entries) as entries
       from payments.payments p where order_id = $1`,
      [orderId],
    )

  test('fifty copies at once have the effect of one', async () => {
    await shop.sandbox.behave({ webhooks: { drop: true } })
    const { orderId, redirectUrl } = await begin('tok_3ds')
    await shop.sandbox.challenge(redirectUrl, 'approve')
    await shop.sandbox.behave({})
    assert.equal(await statusOf(orderId), 'requires_action')
    const answers = await shop.sandbox.resend(await providerId(orderId), 'genuine', 50)
    assert.deepEqual(new Set(answers), new Set([200]))
    assert.equal(await statusOf(orderId), 'captured')
    assert.deepEqual(await shop.events(orderId), ['payment.captured'])
    const kept = await shop.rows('select 1 from payments.webhook_inbox where order_id = $1', [orderId])
    assert.equal(kept.length, 1)
  })

  test('a callback that tells what is known is kept, and the provider is not asked', async () => {
    await shop.sandbox.behave({ webhooks: { drop: true } })
    const { orderId } = await begin('tok_ok')
    const id = await providerId(orderId)
    const before = await snapshot(orderId)
    // Met by whoever asks first.
    await shop.sandbox.behave({ faults: [{ kind: 'error-before', operations: ['read'], times: 1 }] })
    assert.deepEqual(await shop.sandbox.resend(id), [200])
    assert.equal((await shop.sandbox.call('GET', `/v1/payments/${id}`)).status, 500)
    const kept = await shop.rows(
      `select look_at from payments.webhook_inbox join payments.order_payments using (order_id) where order_id = $1`,
      [orderId],
    )
    assert.deepEqual(kept, [{ look_at: null }])
    assert.deepEqual(await snapshot(orderId), before)
    await shop.sandbox.behave({})
  })

  test('forged, stale and altered callbacks are refused and change nothing', async () => {
    await shop.sandbox.behave({ webhooks: { drop: true } })
    const { orderId, redirectUrl } = await begin('tok_3ds')
    await shop.sandbox.challenge(redirectUrl, 'approve')
    await shop.sandbox.behave({})
    const before = await snapshot(orderId)
    for (const as of ['forged', 'stale', 'altered'] as const)
      assert.deepEqual(await shop.sandbox.resend(await providerId(orderId), as), [400], as)
    assert.deepEqual(await snapshot(orderId), before)
    assert.deepEqual(await shop.rows('select 1 from payments.webhook_inbox where order_id = $1', [orderId]), [])
  })

  test('without a signature, of an unknown provider, too large, or no JSON type', async () => {
    const post = async (provider: string, body: string, headers: Record<string, string> = {}) => {
      const answer = await fetch(`${shop.host.url}/api/payments/webhooks/${provider}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })
      return [answer.status, ((await answer.json()) as { type: string }).type]
    }
    assert.deepEqual(await post('sandbox', '{}'), [400, '/problems/payments/webhook-refused'])
    assert.deepEqual(await post('nobody', '{}'), [422, '/problems/payments/unknown-provider'])
    assert.deepEqual(await post('sandbox', 'x'.repeat(300_000)), [413, '/problems/body-too-large'])
    assert.deepEqual(await post('sandbox', '<xml/>', { 'content-type': 'text/xml' }), [
      415,
      '/problems/unsupported-media-type',
    ])
  })

  test('callbacks in the wrong order lead to the right state', async () => {
    await shop.sandbox.behave({ webhooks: { copies: 3, delayMs: 50, shuffleMs: 300 } })
    const { orderId, redirectUrl } = await begin('tok_3ds')
    await shop.sandbox.challenge(redirectUrl, 'approve')
    await until(
      () => statusOf(orderId),
      (status) => status === 'captured',
    )
    const refunded = await shop.payments.refund(
      { orderId, amount: eur(500), reason: 'A scratch' },
      { key: newId('key') },
    )
    assert.ok(refunded.ok)
    await shop.sandbox.call('POST', '/test/webhooks/flush')
    await shop.sandbox.behave({})
    const [row] = await snapshot(orderId)
    assert.deepEqual(row && { ...row, version: 0, entries: 0 }, {
      status: 'captured',
      captured: 2_500,
      refunded: 500,
      version: 0,
      events: 2,
      entries: 0,
    })
  })

  test('a refund that the provider made by itself is learned of and booked', async () => {
    const { orderId } = await begin('tok_ok')
    const id = await providerId(orderId)
    const answer = await fetch(`${shop.sandbox.server.url}/v1/payments/${id}/refunds`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer sk_sandbox_for_tests_0123456789',
        'content-type': 'application/json',
        'idempotency-key': newId('dashboard'),
      },
      body: JSON.stringify({ amount: eur(700) }),
    })
    assert.equal(answer.status, 200)
    const after = await until(
      () => snapshot(orderId) as Promise<{ refunded: number }[]>,
      ([row]) => row?.refunded === 700,
    )
    assert.equal(after[0]?.refunded, 700)
    assert.deepEqual(await shop.events(orderId), ['payment.captured', 'payment.refunded'])
    const checks = await verified(shop.payments.verify)
    assert.deepEqual(
      checks.flatMap(({ violations }) => violations),
      [],
    )
  })

  test('a callback that was kept when the process died is followed up', async () => {
    await shop.sandbox.behave({ webhooks: { drop: true } })
    const { orderId, redirectUrl } = await begin('tok_3ds')
    await shop.sandbox.challenge(redirectUrl, 'approve')
    await shop.sandbox.behave({})
    await shop.rows("update payments.order_payments set look_at = now() + interval '1 hour' where order_id = $1", [
      orderId,
    ])
    await shop.rows(
      "with kept as (insert into payments.webhook_inbox values ('sandbox', $2, $1)) update payments.order_payments set look_at = now() where order_id = $1",
      [orderId, newId('evt')],
    )
    await until(
      () => statusOf(orderId),
      (status) => status === 'captured',
    )
  })
})
