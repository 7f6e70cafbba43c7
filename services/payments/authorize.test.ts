import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { startTestPayments, type TestPayments, until } from './test-payments.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })
const request = (orderId: string, token: string | null, amount = 4_900) => ({
  orderId,
  amount: eur(amount),
  provider: 'sandbox',
  token,
  returnUrl: 'http://127.0.0.1/orders/back',
})

for (const shape of ['plain', 'strict'] as const) {
  describe(`asking for money (${shape})`, () => {
    let shop: TestPayments
    before(async () => {
      shop = await startTestPayments({ shape })
    })
    after(() => shop?.stop())

    const authorize = async (orderId: string, token: string | null, amount?: number) =>
      shop.payments.authorize(request(orderId, token, amount))
    const authorized = async (orderId: string, token: string | null) => {
      const outcome = await authorize(orderId, token)
      assert.ok(outcome.ok, JSON.stringify(outcome))
      return outcome.value
    }
    const found = async (orderId: string) => {
      const outcome = await shop.payments.find({ orderIds: [orderId] })
      assert.ok(outcome.ok)
      return outcome.value.items[0]
    }

    test('a good card is authorized, once, and said so', async () => {
      const orderId = newId('order')
      const payment = await authorized(orderId, 'tok_ok')
      assert.deepEqual(
        [payment.status, payment.authorized, payment.captured, payment.card],
        ['authorized', eur(4_900), eur(0), { brand: 'visa', last4: '4242' }],
      )
      assert.deepEqual(await authorized(orderId, 'tok_ok'), payment)
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, 1)
      assert.deepEqual(await shop.events(orderId), ['payment.authorized'])
      const [row] = await shop.rows<{ token: string | null }>(
        'select token from payments.payments where order_id = $1',
        [orderId],
      )
      assert.equal(row?.token, null)
    })

    test('a live attempt is the answer, whatever the token', async () => {
      const orderId = newId('order')
      const first = await authorized(orderId, 'tok_3ds')
      const second = await authorized(orderId, 'tok_ok')
      assert.equal(second.id, first.id)
      assert.equal(second.status, 'requires_action')
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, 1)
    })

    test('a declined card is refused with its reason, again and again, and asked once', async () => {
      const orderId = newId('order')
      const refused = {
        ok: false,
        refusal: {
          type: 'payments/declined',
          detail: 'The card was declined. Try another card.',
          data: { reason: 'card-declined' },
        },
      }
      assert.deepEqual(await authorize(orderId, 'tok_declined'), refused)
      assert.deepEqual(await authorize(orderId, 'tok_ok'), refused)
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, 1)
      assert.deepEqual(await shop.events(orderId), ['payment.failed'])
    })

    test('after a failure a new attempt is made once it was allowed, and only one', async () => {
      const orderId = newId('order')
      assert.equal((await authorize(orderId, 'tok_declined')).ok, false)
      assert.deepEqual(await shop.payments.reopen({ orderId }), { ok: true, value: {} })
      const outcomes = await Promise.all([1, 2, 3].map(() => authorize(orderId, 'tok_ok')))
      assert.deepEqual(
        outcomes.map((outcome) => outcome.ok && outcome.value.attempt),
        [2, 2, 2],
      )
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, 2)
      const reopened = await shop.payments.reopen({ orderId })
      assert.equal(!reopened.ok && reopened.refusal.type, 'payments/attempt-live')
    })

    test('3-D Secure leads to the provider’s page, and the callback brings the money', async () => {
      const orderId = newId('order')
      const payment = await authorized(orderId, 'tok_3ds')
      assert.equal(payment.status, 'requires_action')
      assert.ok(payment.redirectUrl)
      await shop.sandbox.challenge(payment.redirectUrl, 'approve')
      const settled = await until(
        () => found(orderId),
        (one) => one?.status === 'authorized',
      )
      assert.equal(settled?.redirectUrl, null)
      assert.deepEqual(await shop.events(orderId), ['payment.authorized'])
    })

    test('3-D Secure that fails ends the attempt', async () => {
      const orderId = newId('order')
      const payment = await authorized(orderId, 'tok_3ds')
      await shop.sandbox.challenge(payment.redirectUrl ?? '', 'decline')
      const settled = await until(
        () => found(orderId),
        (one) => one?.status === 'failed',
      )
      assert.equal(settled?.failure, 'The bank could not confirm it was you. Try again or use another card.')
      assert.deepEqual(await shop.events(orderId), ['payment.failed'])
    })

    test('a lost callback is made up for by asking', async () => {
      await shop.sandbox.behave({ webhooks: { drop: true } })
      const orderId = newId('order')
      const payment = await authorized(orderId, 'tok_3ds')
      await shop.sandbox.challenge(payment.redirectUrl ?? '', 'approve')
      const asked = await shop.payments.reconcile({ orderId })
      assert.equal(asked.ok && asked.value.payment?.status, 'authorized')
      await shop.sandbox.behave({})
    })

    test('charged, but the answer was lost: unknown at first, found out under the same key', async () => {
      await shop.sandbox.behave({ webhooks: { drop: true } })
      const orderId = newId('order')
      assert.equal((await authorized(orderId, 'tok_timeout_charged')).status, 'processing')
      const settled = await until(
        () => found(orderId),
        (one) => one?.status === 'authorized',
      )
      assert.equal(settled?.attempt, 1)
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, 1)
      await shop.sandbox.behave({})
    })

    test('the callback comes before our own answer', async () => {
      const orderId = newId('order')
      await shop.sandbox.behave({ answerDelayMs: 200 })
      const payment = await authorized(orderId, 'tok_ok')
      await shop.sandbox.behave({})
      assert.equal(payment.status, 'authorized')
      assert.deepEqual(await shop.events(orderId), ['payment.authorized'])
    })

    test('lost on the way: unknown at first, and the repeat under the same key is the answer', async () => {
      const orderId = newId('order')
      assert.equal((await authorized(orderId, 'tok_timeout_not_charged')).status, 'processing')
      const settled = await until(
        () => found(orderId),
        (one) => one?.status === 'failed',
      )
      assert.deepEqual([settled?.attempt, settled?.failure], [1, 'The bank did not answer. Try again.'])
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, 1)
    })

    test('a provider that answers 500 after it charged is not charged again', async () => {
      const orderId = newId('order')
      const faults = [{ kind: 'error-after', operations: ['create'], times: 1 }]
      await shop.sandbox.behave({ faults, webhooks: { drop: true } })
      assert.equal((await authorized(orderId, 'tok_ok')).status, 'processing')
      await until(
        () => found(orderId),
        (one) => one?.status === 'authorized',
      )
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, 1)
      await shop.sandbox.behave({})
    })

    test('unknown providers, and a canceled order', async () => {
      const orderId = newId('order')
      const unknown = await shop.payments.authorize({ ...request(orderId, 'tok_ok'), provider: 'nobody' })
      assert.equal(!unknown.ok && unknown.refusal.type, 'payments/unknown-provider')
      assert.deepEqual(await shop.payments.cancel({ orderId, reason: 'given up' }), {
        ok: true,
        value: { state: 'done', payment: null },
      })
      const late = await authorize(orderId, 'tok_ok')
      assert.equal(!late.ok && late.refusal.type, 'payments/canceled')
      assert.deepEqual(await shop.sandbox.paymentsOf(orderId), [])
    })

    test('ten who ask at once for one order make one attempt', async () => {
      const orderId = newId('order')
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => authorize(orderId, 'tok_ok')))
      assert.ok(outcomes.every(({ ok }) => ok))
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, 1)
      assert.equal((await found(orderId))?.status, 'authorized')
    })
  })
}

test('a callback that comes before the answer is recorded takes the way to the bank from nobody', async () => {
  const shop = await startTestPayments({
    reached: async (point, orderId) => {
      if (point !== 'attempt-answered') return
      await until(
        () => shop.rows<{ status: string }>('select status from payments.payments where order_id = $1', [orderId]),
        ([row]) => row?.status === 'requires_action',
      )
    },
  })
  try {
    const outcome = await shop.payments.authorize(request(newId('order'), 'tok_3ds'))
    assert.deepEqual(outcome.ok && outcome.value.status, 'requires_action')
    assert.match((outcome.ok && outcome.value.redirectUrl) || '', /\/challenge\//)
  } finally {
    await shop.stop()
  }
})

test('money that is taken at once is booked, and the books balance', async () => {
  const shop = await startTestPayments({ capture: 'at-once' })
  try {
    const orderId = newId('order')
    const outcome = await shop.payments.authorize(request(orderId, 'tok_ok', 1_234))
    assert.equal(outcome.ok && outcome.value.status, 'captured')
    assert.deepEqual(outcome.ok && outcome.value.captured, eur(1_234))
    assert.deepEqual(await shop.events(orderId), ['payment.captured'])
    assert.deepEqual(
      await shop.rows('select account, currency, amount::int from payments.ledger_entries order by amount'),
      [
        { account: 'customers', currency: 'EUR', amount: -1_234 },
        { account: 'provider:sandbox', currency: 'EUR', amount: 1_234 },
      ],
    )
    const offers = await shop.payments.providers({})
    assert.ok(offers.ok)
    assert.deepEqual(
      offers.value.items.map(({ name, title }) => [name, title]),
      [['sandbox', 'Card']],
    )
    assert.match(offers.value.items[0]?.fieldsUrl ?? '', /\/fields\?key=pk_sandbox_/)
  } finally {
    await shop.stop()
  }
})
