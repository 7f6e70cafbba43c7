import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { payments } from '#contracts/payments'
import type { Client } from '#kernel/client'
import { newId } from '#kernel/id'
import { manualProvider } from '../../providers/payments/manual/adapter.ts'
import type { PaymentProvider } from '../../providers/payments/port.ts'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { paymentsService } from './service.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })

describe('transfers, which staff see arrive', () => {
  let host: TestHost
  let shop: Client<typeof payments>
  let provider: PaymentProvider
  let owner: pg.Pool
  before(async () => {
    const service = paymentsService(async ({ db }) => {
      provider = manualProvider({ db, instructions: 'IBAN DE02', days: 10 })
      return [provider]
    })
    host = await startTestHost([service], { settings: { payments: { providers: ['manual'], capture: 'at-once' } } })
    shop = host.client(payments)
    owner = new pg.Pool({ connectionString: host.databaseUrl, max: 2 })
    owner.on('error', () => undefined)
  })
  after(async () => {
    await owner?.end()
    await host?.stop()
  })

  const begin = async (): Promise<string> => {
    const orderId = newId('order')
    const begun = await shop.authorize({
      orderId,
      amount: eur(4_900),
      provider: 'manual',
      token: null,
      returnUrl: 'http://127.0.0.1/orders/back',
    })
    assert.equal(begun.ok && begun.value.status, 'processing')
    assert.equal(begun.ok && begun.value.instructions, 'IBAN DE02')
    return orderId
  }
  const ledger = async (orderId: string): Promise<Record<string, number>> => {
    const { rows } = await owner.query<{ account: string; sum: number }>(
      `select e.account, sum(e.amount)::int as sum from payments.ledger_entries e
       join payments.ledger_transactions t on t.id = e.transaction_id
       join payments.payment_operations o on o.id = t.operation_id where o.order_id = $1 group by 1`,
      [orderId],
    )
    return Object.fromEntries(rows.map(({ account, sum }) => [account, sum]))
  }
  const statusOf = async (orderId: string) => {
    const found = await shop.find({ orderIds: [orderId] })
    return found.ok ? found.value.items[0]?.status : undefined
  }

  test('ten who note the same money at once make one capture of it', async () => {
    const orderId = await begin()
    const notes = await Promise.all(Array.from({ length: 10 }, () => shop.receive({ orderId, amount: eur(4_900) })))
    for (const note of notes) assert.equal(note.ok && note.value.captured.amount, 4_900, JSON.stringify(note))
    assert.deepEqual(await ledger(orderId), { customers: -4_900, 'provider:manual': 4_900 })
  })

  test('a part, too much, or another currency is refused with what is due, and nothing is booked', async () => {
    const orderId = await begin()
    for (const amount of [eur(4_899), eur(4_901), { amount: 4_900, currency: 'USD' }]) {
      const note = await shop.receive({ orderId, amount })
      assert.deepEqual(!note.ok && [note.refusal.type, note.refusal.data], [
        'payments/amount-differs',
        { due: eur(4_900) },
      ])
    }
    assert.equal(await statusOf(orderId), 'processing')
    assert.deepEqual(await ledger(orderId), {})
  })

  test('the money comes at the moment when the order is given up: one of them was first, and the books say which', async () => {
    for (let round = 0; round < 8; round++) {
      const orderId = await begin()
      const [note, end] = await Promise.all([
        shop.receive({ orderId, amount: null }),
        shop.cancel({ orderId, reason: 'not paid in time', onlyUnpaid: true }),
      ])
      assert.ok(end.ok)
      const status = await statusOf(orderId)
      const isPaid = status === 'captured'
      assert.ok(isPaid || status === 'voided', String(status))
      assert.deepEqual(await ledger(orderId), isPaid ? { customers: -4_900, 'provider:manual': 4_900 } : {})
      if (!isPaid) {
        assert.ok(!note.ok)
        const late = await shop.receive({ orderId, amount: null })
        assert.equal(!late.ok && late.refusal.type, 'payments/nothing-awaited')
      }
    }
  })

  test('what is sent back is never more than came, however often and at once it is noted', async () => {
    const orderId = await begin()
    await shop.receive({ orderId, amount: null })
    const request = { orderId, amount: eur(3_000), reason: 'came back' }
    // Of equal requests at once all but one hear that the first still runs.
    await Promise.allSettled([1, 2, 3].map(() => shop.refund(request, { key: 'one return' })))
    const same = await shop.refund(request, { key: 'one return' })
    assert.equal(same.ok && same.value.refunded.amount, 3_000)
    const more = await shop.refund(request, { key: 'another' })
    assert.equal(!more.ok && more.refusal.type, 'payments/amount-too-large')
    assert.deepEqual(await ledger(orderId), { customers: -4_900, 'provider:manual': 1_900, refunds: 3_000 })
  })

  test('the provider’s own book: keys, refusals, the end of what was never heard of, and pages', async () => {
    const orderId = newId('order')
    const attempt = { orderId, attemptKey: `${orderId}-1`, amount: eur(1_000), captureNow: true }
    assert.equal((await provider.abandon(attempt)).outcome, 'abandoned')
    const late = await provider.authorize(attempt)
    assert.equal(late.outcome === 'refused' && late.reason, 'attempt-abandoned')
    assert.deepEqual(await provider.find({ orderId }), { outcome: 'found', payments: [] })

    const second = { ...attempt, attemptKey: `${orderId}-2` }
    const begun = await provider.authorize(second)
    assert.deepEqual(await provider.authorize(second), begun)
    const other = await provider.authorize({ ...second, amount: eur(1_001) })
    assert.equal(other.outcome === 'refused' && other.reason, 'key-reused')
    const { providerPaymentId } = begun.outcome === 'processing' ? begun.payment : assert.fail()
    await provider.receive?.({ providerPaymentId, amount: eur(1_000) })
    for (const key of ['a', 'b']) {
      const back = await Promise.all([1, 2, 3].map(() => provider.refund({ providerPaymentId, amount: eur(600), key })))
      const outcomes = back.map((one) => (one.outcome === 'refused' ? one.reason : one.outcome))
      assert.deepEqual(new Set(outcomes), new Set([key === 'a' ? 'refunded' : 'exceeds-captured']))
    }
    const voided = await provider.void({ providerPaymentId, key: 'v' })
    assert.equal(voided.outcome === 'refused' && voided.reason, 'captured')

    const page = await provider.list({ since: new Date(Date.now() - 60_000).toISOString() })
    assert.equal(
      page.outcome === 'listed' && page.items.filter((one) => one.providerPaymentId === providerPaymentId).length,
      1,
    )
    const verified = await shop.verify({})
    assert.ok(verified.ok)
    for (const { what, violations } of verified.value.checks) assert.deepEqual(violations, [], what)
  })
})
