import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { startTestPayments, type TestPayments, until } from './test-payments.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })

describe('captures, refunds and cancellations', () => {
  let shop: TestPayments
  before(async () => {
    shop = await startTestPayments()
    // Callbacks have tests of their own; here one that comes late would hold the place of the operation that is tried.
    await shop.sandbox.behave({ webhooks: { drop: true } })
  })
  after(() => shop?.stop())

  const pay = async (amount = 5_000, token = 'tok_ok'): Promise<string> => {
    const orderId = newId('order')
    const outcome = await shop.payments.authorize({
      orderId,
      amount: eur(amount),
      provider: 'sandbox',
      token,
      returnUrl: 'http://127.0.0.1/orders/back',
    })
    assert.ok(outcome.ok, JSON.stringify(outcome))
    return orderId
  }
  const paid = async (amount = 5_000): Promise<string> => {
    const orderId = await pay(amount)
    const outcome = await capture(orderId, null)
    assert.ok(outcome.ok, JSON.stringify(outcome))
    return orderId
  }
  const capture = (orderId: string, amount: number | null, key = newId('key'), forDispatch = false) =>
    shop.payments.capture({ orderId, amount: amount === null ? null : eur(amount), forDispatch }, { key })
  const refund = (orderId: string, amount: number | null, key = newId('key')) =>
    shop.payments.refund({ orderId, amount: amount === null ? null : eur(amount), reason: 'A scratch' }, { key })
  const found = async (orderId: string) => {
    const outcome = await shop.payments.find({ orderIds: [orderId] })
    assert.ok(outcome.ok && outcome.value.items[0])
    return outcome.value.items[0]
  }
  const figures = async (orderId: string): Promise<[string, number, number]> => {
    const { status, captured, refunded } = await found(orderId)
    return [status, captured.amount, refunded.amount]
  }
  const verdict = (outcome: { ok: true } | { ok: false; refusal: { type: string } }): string =>
    outcome.ok ? 'ok' : outcome.refusal.type
  const books = async (): Promise<unknown> =>
    (await verified(shop.payments.verify)).flatMap(({ violations }) => violations)

  test('a capture takes all, once for its key, and nothing is left for another', async () => {
    const orderId = await pay()
    const key = newId('key')
    const first = await capture(orderId, null, key)
    assert.deepEqual(first.ok && [first.value.status, first.value.captured], ['captured', eur(5_000)])
    assert.deepEqual(await capture(orderId, null, key), first)
    assert.equal(verdict(await capture(orderId, null)), 'payments/nothing-to-capture')
    assert.deepEqual(await shop.events(orderId), ['payment.authorized', 'payment.captured'])
  })

  test('a part is captured where asked; for a dispatch all is, as the provider allows one capture', async () => {
    const partly = await pay()
    const tooMuch = await capture(partly, 5_001)
    assert.deepEqual(!tooMuch.ok && tooMuch.refusal, {
      type: 'payments/amount-too-large',
      detail: 'No more than 5000 is left to capture.',
      data: { largest: eur(5_000) },
    })
    assert.equal(verdict(await capture(partly, 3_000)), 'ok')
    assert.deepEqual(await figures(partly), ['captured', 3_000, 0])
    assert.equal(verdict(await capture(partly, 2_000)), 'payments/nothing-to-capture')
    const dispatched = await pay()
    assert.equal(verdict(await capture(dispatched, 3_000, newId('key'), true)), 'ok')
    assert.deepEqual(await figures(dispatched), ['captured', 5_000, 0])
  })

  test('amounts that nobody can capture or refund are invalid', async () => {
    const orderId = await paid()
    for (const amount of [0, -1]) await assert.rejects(refund(orderId, amount), { message: /must be more than zero/ })
    await assert.rejects(
      shop.payments.refund({ orderId, amount: { amount: 1, currency: 'USD' }, reason: 'x' }, { key: newId('key') }),
      { message: /must be EUR/ },
    )
    assert.deepEqual(await figures(orderId), ['captured', 5_000, 0])
  })

  test('refunds go up to what was captured, and not beyond', async () => {
    const orderId = await paid()
    const first = await refund(orderId, 2_000)
    assert.deepEqual(first.ok && [first.value.refunded, first.value.payment.refunded], [eur(2_000), eur(2_000)])
    const tooMuch = await refund(orderId, 3_001)
    assert.deepEqual(!tooMuch.ok && tooMuch.refusal.data, { largest: eur(3_000) })
    assert.equal(verdict(await refund(orderId, null)), 'ok')
    assert.equal(verdict(await refund(orderId, null)), 'payments/nothing-to-refund')
    assert.deepEqual(await figures(orderId), ['captured', 5_000, 5_000])
    const [payment] = await shop.sandbox.paymentsOf(orderId)
    assert.equal(payment?.refunded.amount, 5_000)
    assert.deepEqual(await books(), [])
  })

  test('two staff refund everything at once: one does, the other is told', async () => {
    const orderId = await paid()
    const outcomes = (await Promise.all([refund(orderId, null), refund(orderId, null)])).map(verdict).sort()
    assert.equal(outcomes[0], 'ok')
    assert.match(outcomes[1] ?? '', /^payments\/(operation-in-flight|nothing-to-refund)$/)
    assert.deepEqual(await figures(orderId), ['captured', 5_000, 5_000])
    assert.equal((await shop.sandbox.paymentsOf(orderId))[0]?.refunded.amount, 5_000)
    assert.deepEqual(await books(), [])
  })

  test('a refund that comes too late for its amount is told what is left, also when the other is done by then', async () => {
    const orderId = await paid()
    const other = new pg.Client(shop.host.databaseUrl)
    await other.connect()
    try {
      await other.query('begin')
      await other.query('update payments.payments set refunded = 3000 where order_id = $1', [orderId])
      const late = refund(orderId, 2_001)
      await until(
        () =>
          shop.rows(
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%insert into payment_operations%'",
          ),
        (waiting) => waiting.length > 0,
      )
      await other.query('commit')
      const told = await late
      assert.equal(verdict(told), 'payments/amount-too-large')
      assert.deepEqual(!told.ok && told.refusal.data, { largest: eur(2_000) })
    } finally {
      await other.end()
      await shop.rows('update payments.payments set refunded = 0 where order_id = $1', [orderId])
    }
  })

  test('twenty refunds of a fifth at once never give back more than was captured', async () => {
    const orderId = await paid()
    const outcomes = (await Promise.all(Array.from({ length: 20 }, () => refund(orderId, 1_000)))).map(verdict)
    const given = outcomes.filter((one) => one === 'ok').length
    assert.ok(given >= 1 && given <= 5)
    const told = given === 5 ? /ok|in-flight|nothing-to-refund/ : /ok|in-flight/
    for (const outcome of outcomes) assert.match(outcome, told)
    assert.deepEqual(await figures(orderId), ['captured', 5_000, given * 1_000])
    assert.equal((await shop.sandbox.paymentsOf(orderId))[0]?.refunded.amount, given * 1_000)
  })

  test('the same key gives one refund, in parallel and afterwards; with another amount it is refused', async () => {
    const orderId = await paid()
    const key = newId('key')
    const outcomes = await Promise.allSettled([refund(orderId, 1_000, key), refund(orderId, 1_000, key)])
    assert.ok(outcomes.some(({ status }) => status === 'fulfilled'))
    const again = await refund(orderId, 1_000, key)
    assert.equal(verdict(again), 'ok')
    await assert.rejects(refund(orderId, 2_000, key), { message: /idempotency-key-reused/ })
    assert.deepEqual(await figures(orderId), ['captured', 5_000, 1_000])
  })

  test('a refund whose answer is lost is unknown, blocks another, and is found out under its own key', async () => {
    const orderId = await paid()
    await shop.sandbox.behave({
      faults: [{ kind: 'silent-after', operations: ['refund'], times: 1 }],
      webhooks: { drop: true },
    })
    const key = newId('key')
    assert.equal(verdict(await refund(orderId, 2_000, key)), 'payments/outcome-unknown')
    assert.equal(verdict(await refund(orderId, 1_000)), 'payments/operation-in-flight')
    const again = await refund(orderId, 2_000, key)
    assert.deepEqual(again.ok && again.value.refunded, eur(2_000))
    await shop.sandbox.behave({ webhooks: { drop: true } })
    assert.deepEqual(await figures(orderId), ['captured', 5_000, 2_000])
    assert.equal((await shop.sandbox.paymentsOf(orderId))[0]?.refunded.amount, 2_000)
    assert.deepEqual((await shop.events(orderId)).slice(2), ['payment.refunded'])
  })

  test('an operation that nobody repeats is finished by the reconciler', async () => {
    const orderId = await pay()
    await shop.sandbox.behave({
      faults: [{ kind: 'reset-after', operations: ['capture'], times: 1 }],
      webhooks: { drop: true },
    })
    assert.equal(verdict(await capture(orderId, null)), 'payments/outcome-unknown')
    await shop.sandbox.behave({ webhooks: { drop: true } })
    // As somebody leaves it who looked before the operation began and schedules the next look after it did.
    await shop.rows("update payments.order_payments set look_at = now() + interval '6 days' where order_id = $1", [
      orderId,
    ])
    await shop.rows(
      "update payments.payment_operations set created_at = now() - interval '1 minute' where order_id = $1",
      [orderId],
    )
    await until(
      () => figures(orderId),
      ([status]) => status === 'captured',
    )
    assert.deepEqual(await books(), [])
  })

  test('a canceled order gives its authorization back and takes nothing any more', async () => {
    const orderId = await pay()
    const outcome = await shop.payments.cancel({ orderId, reason: 'Wrong address' })
    assert.deepEqual(outcome.ok && [outcome.value.state, outcome.value.payment?.status], ['done', 'voided'])
    assert.equal((await shop.sandbox.paymentsOf(orderId))[0]?.status, 'voided')
    assert.equal(verdict(await capture(orderId, null)), 'payments/nothing-to-capture')
    assert.deepEqual(await shop.payments.cancel({ orderId, reason: 'Wrong address' }), outcome)
    assert.deepEqual(await shop.events(orderId), ['payment.authorized', 'payment.failed'])
  })

  test('a canceled order gives captured money back, less what went back before', async () => {
    const orderId = await paid()
    assert.equal(verdict(await refund(orderId, 1_000)), 'ok')
    const outcome = await shop.payments.cancel({ orderId, reason: 'Sold out' })
    assert.deepEqual(outcome.ok && [outcome.value.state, outcome.value.payment?.refunded], ['done', eur(5_000)])
    assert.equal((await shop.sandbox.paymentsOf(orderId))[0]?.refunded.amount, 5_000)
    assert.deepEqual(await books(), [])
  })

  test('an order without an attempt that is given up twice is not looked after for ever', async () => {
    const orderId = newId('order')
    const due = () => shop.rows('select look_at from payments.order_payments where order_id = $1', [orderId])
    for (const onlyUnpaid of [true, true, false]) {
      const outcome = await shop.payments.cancel({ orderId, reason: 'Sold out', onlyUnpaid })
      assert.deepEqual(outcome, { ok: true, value: { state: 'done', payment: null } })
      assert.deepEqual(await due(), [{ look_at: null }])
    }
  })

  test('canceling what is not paid ends it for good, and leaves money alone that is there', async () => {
    const waiting = await pay(5_000, 'tok_3ds')
    const ended = await shop.payments.cancel({ orderId: waiting, reason: 'late', onlyUnpaid: true })
    assert.deepEqual(ended.ok && [ended.value.state, ended.value.payment?.status], ['done', 'voided'])
    const there = await pay()
    const kept = await shop.payments.cancel({ orderId: there, reason: 'late', onlyUnpaid: true })
    assert.deepEqual(kept.ok && [kept.value.state, kept.value.payment?.status], ['done', 'authorized'])
    assert.equal(verdict(await capture(there, null)), 'ok')
  })

  test('an attempt whose fate is unknown is ended at the provider when the order is canceled, and never repeated', async () => {
    await shop.sandbox.behave({ webhooks: { drop: true } })
    const lost = await pay(5_000, 'tok_timeout_not_charged')
    const outcome = await shop.payments.cancel({ orderId: lost, reason: 'late' })
    assert.deepEqual(outcome.ok && [outcome.value.state, outcome.value.payment?.status], ['done', 'voided'])
    assert.deepEqual(await shop.sandbox.paymentsOf(lost), [])
    const charged = await pay(5_000, 'tok_timeout_charged')
    const voided = await shop.payments.cancel({ orderId: charged, reason: 'late' })
    assert.deepEqual(voided.ok && [voided.value.state, voided.value.payment?.status], ['done', 'voided'])
    assert.equal((await shop.sandbox.paymentsOf(charged))[0]?.status, 'voided')
    await shop.sandbox.behave({ webhooks: { drop: true } })
  })

  test('while the provider is down a cancellation is pending; then it is done by itself', async () => {
    const orderId = await paid()
    await shop.sandbox.behave({ down: true, webhooks: { drop: true } })
    const outcome = await shop.payments.cancel({ orderId, reason: 'Sold out' })
    assert.equal(outcome.ok && outcome.value.state, 'pending')
    await shop.sandbox.behave({ webhooks: { drop: true } })
    await shop.rows(
      "update payments.payment_operations set created_at = now() - interval '1 minute' where order_id = $1",
      [orderId],
    )
    await until(
      () => figures(orderId),
      ([, , refunded]) => refunded === 5_000,
    )
    assert.deepEqual(await books(), [])
  })

  test('a capture and a cancellation at once leave no money here', async () => {
    const orderId = await pay()
    await Promise.all([capture(orderId, null), shop.payments.cancel({ orderId, reason: 'Changed mind' })])
    await shop.rows(
      "update payments.payment_operations set created_at = now() - interval '1 minute' where order_id = $1",
      [orderId],
    )
    await shop.payments.cancel({ orderId, reason: 'Changed mind' })
    const { status, captured, refunded } = await found(orderId)
    assert.ok(status === 'voided' || captured.amount === refunded.amount, `${status} ${captured.amount}`)
    assert.deepEqual(await books(), [])
  })

  test('between the decision to cancel and the release at the provider nothing is captured any more', async () => {
    const orderId = await pay()
    await shop.rows(
      "update payments.order_payments set canceled = 'all', canceled_at = now(), look_at = now() + interval '1 hour' where order_id = $1",
      [orderId],
    )
    assert.equal(verdict(await capture(orderId, null)), 'payments/nothing-to-capture')
    assert.deepEqual(await figures(orderId), ['authorized', 0, 0])
  })

  test('an authorization that lapsed at the provider is no longer held here', async () => {
    const orderId = await pay()
    await shop.sandbox.call('POST', '/test/clock', { advanceSeconds: 8 * 24 * 3_600 })
    const refused = await capture(orderId, null)
    assert.equal(verdict(refused), 'payments/authorization-lapsed')
    await until(
      () => figures(orderId),
      ([status]) => status === 'voided',
    )
    assert.equal((await found(orderId)).failure, 'The bank no longer holds the money.')
  })

  test('the ledger refuses what does not balance, and forgets nothing', async () => {
    await paid()
    await assert.rejects(
      shop.rows(`with booked as (
          insert into payments.ledger_transactions (kind, operation_id)
          select 'refund', id from payments.payment_operations where kind = 'capture' limit 1 returning id)
        insert into payments.ledger_entries (transaction_id, account, currency, amount)
        select id, 'customers', 'EUR', 5 from booked`),
      { message: /ledger: transaction .* is off by 5 EUR/ },
    )
    for (const statement of [
      'delete from payments.ledger_entries',
      'update payments.ledger_entries set amount = amount + 1',
      'truncate payments.ledger_entries',
    ])
      await assert.rejects(shop.rows(statement), { message: /append-only/ })
  })

  test('staff see every attempt and operation', async () => {
    const orderId = await paid()
    await refund(orderId, 100)
    const outcome = await shop.payments.attempts({ orderId })
    assert.ok(outcome.ok)
    assert.deepEqual(
      outcome.value.operations.map(({ kind, status, amount }) => [kind, status, amount.amount]),
      [
        ['authorize', 'captured', 5_000],
        ['capture', 'succeeded', 5_000],
        ['refund', 'succeeded', 100],
      ],
    )
  })
})

describe('an attempt that is let go', () => {
  let shop: TestPayments
  const asked = Promise.withResolvers<void>()
  const mayGo = Promise.withResolvers<void>()
  before(async () => {
    shop = await startTestPayments({
      between: (adapter) => ({
        ...adapter,
        async abandon(request, call) {
          asked.resolve()
          await mayGo.promise
          return adapter.abandon(request, call)
        },
      }),
    })
    await shop.sandbox.behave({ webhooks: { drop: true } })
  })
  after(() => shop?.stop())

  test('an authorization that is heard of meanwhile is not believed: it is voided at any moment', async () => {
    const orderId = newId('order')
    const asking = await shop.payments.authorize({
      orderId,
      amount: eur(5_000),
      provider: 'sandbox',
      token: 'tok_3ds',
      returnUrl: 'http://127.0.0.1/orders/back',
    })
    assert.ok(asking.ok && asking.value.redirectUrl)
    const canceling = shop.payments.cancel({ orderId, reason: 'The cart was changed.', onlyUnpaid: true })
    await asked.promise
    await shop.sandbox.challenge(asking.value.redirectUrl, 'approve')
    assert.equal((await shop.sandbox.paymentsOf(orderId))[0]?.status, 'authorized')
    const heard = await shop.payments.reconcile({ orderId })
    assert.equal(heard.ok && heard.value.payment?.status, 'requires_action')
    mayGo.resolve()
    const canceled = await canceling
    assert.deepEqual(canceled.ok && [canceled.value.state, canceled.value.payment?.status], ['done', 'voided'])
    assert.equal((await shop.sandbox.paymentsOf(orderId))[0]?.status, 'voided')
    assert.deepEqual(await shop.events(orderId), ['payment.failed'])
  })
})

describe('a provider that captures part by part', () => {
  let shop: TestPayments
  before(async () => {
    shop = await startTestPayments({
      between: (adapter) => ({ ...adapter, capabilities: { ...adapter.capabilities, capture: 'multiple' } }),
    })
    await shop.sandbox.behave({ webhooks: { drop: true } })
  })
  after(() => shop?.stop())

  test('what was taken goes back when the order is canceled; the rest can no longer be voided, and is left to lapse', async () => {
    const orderId = newId('order')
    const returnUrl = 'http://127.0.0.1/orders/back'
    const amount = eur(5_000)
    await shop.payments.authorize({ orderId, amount, provider: 'sandbox', token: 'tok_ok', returnUrl })
    await shop.payments.capture({ orderId, amount: eur(2_000), forDispatch: true }, { key: newId('key') })
    const canceled = await shop.payments.cancel({ orderId, reason: 'Sold out' })
    assert.deepEqual(
      canceled.ok && [canceled.value.state, canceled.value.payment?.captured, canceled.value.payment?.refunded],
      ['done', eur(2_000), eur(2_000)],
    )
    const due = 'select look_at from payments.order_payments where order_id = $1'
    assert.deepEqual(await shop.rows(due, [orderId]), [{ look_at: null }])
  })
})

describe('a provider that refuses to give money back', () => {
  let shop: TestPayments
  let refusals = 0
  let asked = 0
  before(async () => {
    shop = await startTestPayments({
      capture: 'at-once',
      between: (adapter) => ({
        ...adapter,
        async refund(request, call) {
          asked += 1
          if (refusals === 0) return adapter.refund(request, call)
          refusals -= 1
          return { outcome: 'refused', reason: 'invalid-request', detail: 'insufficient balance' }
        },
      }),
    })
    await shop.sandbox.behave({ webhooks: { drop: true } })
  })
  after(() => shop?.stop())

  test('is asked again for that of a canceled order, once at each look and ever more rarely, until it gives it', async () => {
    const orderId = newId('order')
    const returnUrl = 'http://127.0.0.1/orders/back'
    const payment = { orderId, amount: eur(5_000), provider: 'sandbox', token: 'tok_ok', returnUrl }
    assert.ok((await shop.payments.authorize(payment)).ok)
    refusals = 2
    const cancel = async () => {
      const outcome = await shop.payments.cancel({ orderId, reason: 'changed my mind' })
      return outcome.ok && [outcome.value.state, outcome.value.payment?.refunded.amount, asked]
    }
    assert.deepEqual(await cancel(), ['pending', 0, 1])
    const pause = `select extract(epoch from look_at - now())::float as seconds from payments.order_payments where order_id = $1`
    const [first] = (await shop.rows(pause, [orderId])) as { seconds: number }[]
    assert.deepEqual(await cancel(), ['pending', 0, 2])
    const [second] = (await shop.rows(pause, [orderId])) as { seconds: number }[]
    assert.ok(first && second && second.seconds > first.seconds, `${first?.seconds}, ${second?.seconds}`)
    assert.deepEqual(await cancel(), ['done', 5_000, 3])
    assert.deepEqual(await cancel(), ['done', 5_000, 3])
    assert.deepEqual(
      (await verified(shop.payments.verify)).flatMap(({ violations }) => violations),
      [],
    )
  })
})
