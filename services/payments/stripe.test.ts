import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { payments } from '#contracts/payments'
import type { Client } from '#kernel/client'
import { createBreaker } from '#kernel/dependency'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { startTestStripe, type TestStripe } from '../../providers/payments/stripe/test-stripe.ts'
import type { Event } from '../../providers/payments/stripe/test-stripe-account.ts'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { failuresToOpen, guardedProvider, isTrouble, openMs } from './guarded-provider.ts'
import { paymentsService } from './service.ts'
import { until } from './test-payments.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })

/** The payments service with Stripe's adapter, whose events come in by the public door: none by itself, each by the test. */
for (const capture of ['at-once', 'on-fulfillment'] as const) {
  describe(`Stripe’s events, with capture ${capture}`, () => {
    let stripe: TestStripe
    let host: TestHost
    let shop: Client<typeof payments>
    let owner: pg.Pool
    before(async () => {
      stripe = await startTestStripe()
      host = await startTestHost([paymentsService(async () => [stripe.adapter()])], {
        settings: { payments: { providers: ['stripe'], capture } },
        edge: true,
      })
      shop = host.client(payments)
      owner = new pg.Pool({ connectionString: host.databaseUrl, max: 2 })
      owner.on('error', () => undefined)
    })
    after(async () => {
      await owner?.end()
      await host?.stop()
      await stripe?.stop()
    })

    const rows = async <R>(statement: string, values: readonly unknown[] = []): Promise<R[]> =>
      (await owner.query(statement, [...values])).rows as R[]
    const begin = async (token: string) => {
      const orderId = newId('order')
      const outcome = await shop.authorize({
        orderId,
        amount: eur(4_900),
        provider: 'stripe',
        token,
        returnUrl: 'http://127.0.0.1/checkout/return',
      })
      return { orderId, outcome }
    }
    const send = async (event: Event | object, how: { at?: Date; secret?: string } = {}): Promise<number> => {
      const { text, headers } = stripe.signed(event, how)
      const answer = await fetch(`${host.url}/api/payments/webhooks/stripe`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'stripe-signature': String(headers['stripe-signature']) },
        body: text,
      })
      await answer.body?.cancel()
      return answer.status
    }
    const eventsOf = (orderId: string): Event[] => {
      const id = intentOf(orderId).id
      return stripe.account.events.filter(({ data }) => {
        const { id: own, payment_intent } = data.object as { id: string; payment_intent?: string }
        return own === id || payment_intent === id
      })
    }
    const intentOf = (orderId: string) =>
      stripe.account.all().find(({ metadata }) => metadata.stoa_order === orderId) ?? assert.fail('no intent')
    /** Entries of an order by account, in minor units: a positive amount is a debit. */
    const ledger = async (orderId: string): Promise<Record<string, number>> =>
      Object.fromEntries(
        (
          await rows<{ account: string; sum: number }>(
            `select e.account || ' ' || e.currency as account, sum(e.amount)::int as sum
             from payments.ledger_entries e
             join payments.ledger_transactions t on t.id = e.transaction_id
             join payments.payment_operations o on o.id = t.operation_id
             where o.order_id = $1 group by 1 order by 1`,
            [orderId],
          )
        ).map(({ account, sum }) => [account, sum]),
      )
    const stateOf = async (orderId: string) => {
      const [row] = await rows(
        `select status, authorized::int, captured::int, refunded::int, version from payments.payments where order_id = $1`,
        [orderId],
      )
      return row as { status: string; captured: number; refunded: number; version: number }
    }
    const told = async (orderId: string): Promise<string[]> =>
      (
        await rows<{ type: string }>(
          `select type from payments.outbox where data->>'orderId' = $1 order by sequence, id`,
          [orderId],
        )
      ).map(({ type }) => type)

    if (capture === 'at-once') {
      const paid = { 'customers EUR': -4_900, 'fees EUR': 99, 'provider:stripe EUR': 4_801 }

      test('a challenge is passed; fifty copies of its events at once, in any order, have the effect of one', async () => {
        const { orderId, outcome } = await begin('ctoken_3ds')
        assert.equal(outcome.ok && outcome.value.status, 'requires_action')
        const secret = (outcome.ok && outcome.value.clientSecret) || assert.fail('no client secret')
        stripe.answerChallenge(secret, true)
        const copies = eventsOf(orderId)
          .reverse()
          .flatMap((event) => Array.from({ length: 50 }, () => event))
        const answers = await Promise.all(copies.map((event) => send(event)))
        assert.deepEqual(new Set(answers), new Set([200]))
        assert.equal((await stateOf(orderId)).status, 'captured')
        assert.deepEqual(await told(orderId), ['payment.captured'])
        assert.deepEqual(await ledger(orderId), paid)
        const kept = await rows('select 1 from payments.webhook_inbox where order_id = $1', [orderId])
        assert.equal(kept.length, eventsOf(orderId).length)
      })

      test('a challenge is not passed: the attempt failed, and nothing is booked', async () => {
        const { orderId, outcome } = await begin('ctoken_3ds')
        stripe.answerChallenge((outcome.ok && outcome.value.clientSecret) || '', false)
        assert.equal(await send(eventsOf(orderId).at(-1) ?? {}), 200)
        assert.equal((await stateOf(orderId)).status, 'failed')
        assert.deepEqual(await ledger(orderId), {})
        assert.equal(intentOf(orderId).status, 'canceled')
      })

      test('a lost event: the reconciler asks by itself', async () => {
        const { orderId, outcome } = await begin('ctoken_3ds')
        stripe.answerChallenge((outcome.ok && outcome.value.clientSecret) || '', true)
        const { status } = await until(
          () => stateOf(orderId),
          (state) => state.status === 'captured',
        )
        assert.equal(status, 'captured')
        assert.deepEqual(await ledger(orderId), paid)
      })

      test('a refund is told before its capture, and the capture before our own answer', async () => {
        const { orderId, outcome } = await begin('ctoken_3ds')
        stripe.answerChallenge((outcome.ok && outcome.value.clientSecret) || '', true)
        const intent = intentOf(orderId)
        const amount = '1900'
        stripe.account.refund({ payment_intent: intent.id, amount })
        // From the dashboard, so its own event knows no order; and all of it before anything else of the payment.
        const refund = eventsOf(orderId).find(({ type }) => type === 'refund.created') ?? assert.fail()
        assert.deepEqual((refund.data.object as { metadata: object }).metadata, {})
        assert.equal(await send(refund), 200)
        assert.deepEqual(await told(orderId), ['payment.captured', 'payment.refunded'])
        for (const event of eventsOf(orderId).reverse()) assert.equal(await send(event), 200)
        assert.deepEqual(await told(orderId), ['payment.captured', 'payment.refunded'])
        assert.deepEqual(await ledger(orderId), {
          'customers EUR': -4_900,
          'fees EUR': 99,
          'provider:stripe EUR': 2_901,
          'refunds EUR': 1_900,
        })
      })

      test('a refund that the bank sends back is booked back', async () => {
        const { orderId } = await begin('ctoken_ok')
        const refund = await shop.refund({ orderId, amount: eur(900), reason: 'a scratch' }, { key: newId('key') })
        assert.ok(refund.ok)
        stripe.account.failRefund(intentOf(orderId).latest_charge?.refunds.data[0]?.id ?? '')
        assert.equal(await send(eventsOf(orderId).at(-1) ?? {}), 200)
        const { refunded } = await stateOf(orderId)
        assert.equal(refunded, 0)
        assert.deepEqual(await told(orderId), ['payment.captured', 'payment.refunded', 'payment.refund-failed'])
        assert.deepEqual(await ledger(orderId), { ...paid, 'refunds EUR': 0 })
      })

      test('a fee that comes late, in another currency, is booked once', async () => {
        const { course } = stripe.account
        Object.assign(course, { feesCome: 'later', feeCurrency: 'usd' })
        const { orderId } = await begin('ctoken_ok')
        assert.deepEqual(await ledger(orderId), { 'customers EUR': -4_900, 'provider:stripe EUR': 4_900 })
        stripe.account.settleFee(intentOf(orderId).id)
        Object.assign(course, { feesCome: 'at-once', feeCurrency: '' })
        const event = eventsOf(orderId).at(-1) ?? assert.fail()
        const answers = await Promise.all(Array.from({ length: 10 }, () => send(event)))
        assert.deepEqual(new Set(answers), new Set([200]))
        assert.deepEqual(await ledger(orderId), {
          'customers EUR': -4_900,
          'fees USD': 99,
          'provider:stripe EUR': 4_900,
          'provider:stripe USD': -99,
        })
      })

      test('a fee of which no event came: verify says so, and who asks Stripe books it', async () => {
        const { course } = stripe.account
        Object.assign(course, { feesCome: 'later' })
        const { orderId } = await begin('ctoken_ok')
        stripe.account.settleFee(intentOf(orderId).id)
        Object.assign(course, { feesCome: 'at-once' })
        // Longer ago than what may not have been told yet.
        const old = async () => {
          for (const table of ['payments', 'payment_operations'])
            await rows(
              `update payments.${table} set created_at = now() - interval '1 hour', updated_at = now() - interval '1 hour'
               where order_id = $1`,
              [orderId],
            )
        }
        const differs = async () =>
          (await verified(shop.verify))
            .flatMap(({ violations }) => violations)
            .filter((sentence) => sentence.includes(intentOf(orderId).id))
        const [payment] = await rows<{ id: string }>('select id from payments.payments where order_id = $1', [orderId])
        Object.assign(intentOf(orderId), { created: Math.floor(Date.now() / 1_000) - 3_600 })
        await old()
        assert.deepEqual(await differs(), [
          `${payment?.id} (${intentOf(orderId).id}): fee is not booked here and 99 EUR there`,
        ])
        assert.ok((await shop.reconcile({ orderId })).ok)
        assert.deepEqual(await ledger(orderId), paid)
        await old()
        assert.deepEqual(await differs(), [])
      })

      for (const [what, changes] of [
        ['amount', { amount: 4_901, amount_received: 4_901 }],
        ['currency', { currency: 'usd' }],
        ['order', { metadata: { stoa_order: 'order_of_another', stoa_attempt: 'order_of_another-1' } }],
      ] as const) {
        test(`a payment of another ${what} than was asked for is not believed`, async () => {
          const { orderId, outcome } = await begin('ctoken_3ds')
          const intent = intentOf(orderId)
          const before = await stateOf(orderId)
          stripe.answerChallenge((outcome.ok && outcome.value.clientSecret) || '', true)
          const event = eventsOf(orderId).at(-1) ?? assert.fail()
          stripe.account.alter(intent.id, changes)
          assert.equal(await send(event), 200)
          assert.deepEqual(await stateOf(orderId), before)
          assert.deepEqual(await ledger(orderId), {})
        })
      }

      test('an event that is rightly signed and tells another amount is refused', async () => {
        const { orderId } = await begin('ctoken_3ds')
        const before = await stateOf(orderId)
        const event = eventsOf(orderId).at(-1) ?? assert.fail()
        const altered = { ...event, id: 'evt_altered', data: { object: { ...event.data.object, amount: 4_901 } } }
        assert.equal(await send(altered), 400)
        assert.deepEqual(await stateOf(orderId), before)
        assert.deepEqual(await rows('select 1 from payments.webhook_inbox where order_id = $1', [orderId]), [])
      })

      test('a wrong secret, an old or a future time, and another shop’s event change nothing', async () => {
        const { orderId, outcome } = await begin('ctoken_3ds')
        const before = await stateOf(orderId)
        const event = eventsOf(orderId).at(-1) ?? assert.fail()
        const minutes = (count: number) => new Date(Date.now() + count * 60_000)
        assert.equal(await send(event, { secret: 'whsec_guessed' }), 400)
        assert.equal(await send(event, { at: minutes(-6) }), 400)
        assert.equal(await send(event, { at: minutes(6) }), 400)
        assert.deepEqual(await rows('select 1 from payments.webhook_inbox where order_id = $1', [orderId]), [])
        const object = { ...event.data.object, id: 'pi_of_another', metadata: { stoa_order: newId('order') } }
        assert.equal(await send({ ...event, id: 'evt_of_another', data: { object } }), 200)
        assert.equal(await send({ ...event, id: 'evt_unnamed', data: { object: { ...object, metadata: {} } } }), 200)
        assert.deepEqual(await stateOf(orderId), before)
        stripe.answerChallenge((outcome.ok && outcome.value.clientSecret) || '', true)
      })

      test('a fee, a refund from the dashboard and one that came back, of which no event came: heard by themselves', async () => {
        const { course } = stripe.account
        Object.assign(course, { feesCome: 'later' })
        const [late, back, failed] = [await begin('ctoken_ok'), await begin('ctoken_ok'), await begin('ctoken_ok')]
        const refund = await shop.refund(
          { orderId: failed.orderId, amount: eur(900), reason: 'a scratch' },
          { key: newId('key') },
        )
        assert.ok(refund.ok)
        stripe.account.settleFee(intentOf(late.orderId).id)
        stripe.account.refund({ payment_intent: intentOf(back.orderId).id, amount: '1900' })
        stripe.account.failRefund(intentOf(failed.orderId).latest_charge?.refunds.data[0]?.id ?? '')
        Object.assign(course, { feesCome: 'at-once' })
        await until(
          () => rows('select 1 from payments.event_marks'),
          (marks) => marks.length === 1,
        )
        await rows('update payments.event_marks set look_at = now()')
        await until(
          async () => [await ledger(late.orderId), await ledger(back.orderId), await ledger(failed.orderId)],
          ([ofFee = {}, ofRefund = {}, ofFailed = {}]) =>
            ofFee['fees EUR'] === 99 && ofRefund['refunds EUR'] === 1_900 && ofFailed['refunds EUR'] === 0,
        )
        assert.deepEqual(await told(back.orderId), ['payment.captured', 'payment.refunded'])
        assert.deepEqual(await told(failed.orderId), ['payment.captured', 'payment.refunded', 'payment.refund-failed'])
      })
    } else {
      test('an authorization is captured in part by the shop, once, and its event is no news', async () => {
        const { orderId, outcome } = await begin('ctoken_ok')
        assert.equal(outcome.ok && outcome.value.status, 'authorized')
        assert.ok(outcome.ok && outcome.value.authorizedUntil)
        const taken = await shop.capture({ orderId, amount: eur(4_000) }, { key: newId('key') })
        assert.equal(taken.ok && taken.value.captured.amount, 4_000)
        const booked = { 'customers EUR': -4_000, 'fees EUR': 85, 'provider:stripe EUR': 3_915 }
        assert.deepEqual(await ledger(orderId), booked)
        for (const event of eventsOf(orderId)) assert.equal(await send(event), 200)
        assert.deepEqual(await told(orderId), ['payment.authorized', 'payment.captured'])
        assert.deepEqual(await ledger(orderId), booked)
      })

      test('an authorization that lapsed is void, and an order given up is released', async () => {
        const lapsed = await begin('ctoken_ok')
        stripe.account.expire(intentOf(lapsed.orderId).id)
        assert.equal(await send(eventsOf(lapsed.orderId).at(-1) ?? {}), 200)
        assert.equal((await stateOf(lapsed.orderId)).status, 'voided')

        const given = await begin('ctoken_ok')
        const canceled = await shop.cancel({ orderId: given.orderId, reason: 'not in stock' })
        assert.equal(canceled.ok && canceled.value.state, 'done')
        assert.equal(intentOf(given.orderId).status, 'canceled')
        for (const { orderId } of [lapsed, given]) assert.deepEqual(await ledger(orderId), {})
      })

      test('an answer that was lost is found again under its key, and charged once', async () => {
        const { orderId, outcome } = await begin('ctoken_lost_answer')
        assert.equal(outcome.ok && outcome.value.status, 'processing')
        await until(
          () => stateOf(orderId),
          ({ status }) => status === 'authorized',
        )
        assert.equal(stripe.account.all().filter(({ metadata }) => metadata.stoa_order === orderId).length, 1)
      })
    }

    test('what the service keeps agrees with itself', async () => {
      const checks = await shop.verify({})
      assert.ok(checks.ok)
      for (const { what, violations } of checks.value.checks) assert.deepEqual(violations, [], what)
    })
  })
}

test('a bank that is at work is no trouble with Stripe, however often it is asked; silence is', async (t) => {
  const stripe = await startTestStripe()
  t.after(() => stripe.stop())
  const about = {
    name: 'stripe',
    kind: 'provider',
    fallback: 'none',
    failuresToOpen,
    openMs,
    isFailure: isTrouble,
  } as const
  const guarded = guardedProvider(stripe.adapter(), createBreaker(about))
  const orderId = newId('order')
  const attempt = { orderId, attemptKey: `${orderId}-1`, amount: eur(4_900), token: 'ctoken_slow', captureNow: true }
  await guarded.authorize(attempt)
  for (let count = 1; count <= failuresToOpen; count++)
    assert.equal((await guarded.abandon(attempt)).outcome, 'unknown')
  assert.equal(guarded.isInTrouble, false)
  stripe.behave({ status: 500 })
  for (let count = 1; count <= failuresToOpen; count++) await guarded.abandon({ orderId, attemptKey: `never ${count}` })
  assert.equal(guarded.isInTrouble, true)
})
