import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ProviderPayment, ProviderPaymentStatus } from '../../providers/payments/port.ts'
import type { OperationRow, PaymentRow } from './payment.ts'
import { type Change, canMove, learn } from './payment-state.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })
const asked = 1_000

const attempt: PaymentRow = {
  id: 'payment_1',
  order_id: 'order_1',
  attempt: 1,
  attempt_key: 'order_1-1',
  provider: 'sandbox',
  provider_payment_id: null,
  status: 'processing',
  currency: 'EUR',
  amount: asked,
  authorized: 0,
  captured: 0,
  capturable: 0,
  refunded: 0,
  capture_now: true,
  token: 'tok_ok',
  return_url: 'https://shop.example/back',
  redirect_url: null,
  client_secret: null,
  failure: null,
  card: null,
  authorized_until: null,
  payable_until: null,
  instructions: null,
  raw: null,
  abandoned_at: null,
  version: 1,
  created_at: '2026-11-22T10:00:00Z',
  updated_at: '2026-11-22T10:00:00Z',
}

type Story = { status: ProviderPaymentStatus; captured: number; refunds: number[] }

const said = ({ status, captured, refunds }: Story): ProviderPayment => ({
  providerPaymentId: 'pay_1',
  orderId: 'order_1',
  attemptKey: 'order_1-1',
  status,
  amount: eur(asked),
  authorized: eur(status === 'authorized' || status === 'captured' ? asked : 0),
  captured: eur(captured),
  refunded: eur(refunds.reduce((sum, one) => sum + one, 0)),
  refunds: refunds.map((amount, index) => ({
    refundId: `re_${index}`,
    key: `their_${index}`,
    amount: eur(amount),
    status: 'succeeded',
  })),
  createdAt: '2026-11-22T10:00:00Z',
  raw: {},
})

/** What the store makes of a change, without the database. */
function apply(payment: PaymentRow, operations: OperationRow[], change: Change): PaymentRow {
  const refunded = change.refunds.reduce((sum, { amount }) => sum + amount, 0)
  for (const { providerRefundId, amount } of change.refunds) {
    operations.push({
      id: `refund_${providerRefundId}`,
      payment_id: payment.id,
      order_id: payment.order_id,
      kind: 'refund',
      status: 'succeeded',
      amount,
      gift_cards: 0,
      currency: 'EUR',
      key: null,
      asked: null,
      reason: null,
      by: change.by,
      provider_refund_id: providerRefundId,
      error: null,
      created_at: '2026-11-22T10:00:00Z',
    })
  }
  return {
    ...payment,
    ...change.set,
    captured: payment.captured + change.captured,
    refunded: payment.refunded + refunded,
    version: payment.version + 1,
  }
}

function learnAll(news: readonly ProviderPayment[]): PaymentRow {
  const operations: OperationRow[] = []
  return news.reduce((payment, one) => {
    const learned = learn(payment, one, operations)
    if (learned === null) return payment
    assert.ok(!('mismatch' in learned), JSON.stringify(learned))
    const next = apply(payment, operations, learned)
    assert.ok(next.status === payment.status || canMove(payment.status, next.status))
    assert.ok(next.refunded <= next.captured && next.captured + next.capturable <= next.authorized)
    assert.equal(learn(next, one, operations), null, 'the same news twice is no news')
    return next
  }, attempt)
}

/** The lives a payment may have at the provider, each as the states it is seen in. */
const life = fc
  .record({
    before: fc.subarray<ProviderPaymentStatus>(['processing', 'requires_action']),
    authorizes: fc.boolean(),
    end: fc.constantFrom<ProviderPaymentStatus>('captured', 'voided', 'declined', 'expired'),
    captured: fc.integer({ min: 1, max: asked }),
    refunds: fc.array(fc.integer({ min: 1, max: asked }), { maxLength: 4 }),
  })
  .map(({ before, authorizes, end, captured, refunds }): Story[] => {
    const waits = before.map((status) => ({ status, captured: 0, refunds: [] }))
    const held: Story[] = authorizes ? [{ status: 'authorized', captured: 0, refunds: [] }] : []
    if (end !== 'captured')
      return [...waits, ...(end === 'declined' ? [] : held), { status: end, captured: 0, refunds: [] }]
    const fitting = refunds.filter((_, index) => refunds.slice(0, index + 1).reduce((a, b) => a + b, 0) <= captured)
    const after = fitting.map(
      (_, index): Story => ({ status: 'captured', captured, refunds: fitting.slice(0, index + 1) }),
    )
    return [...waits, ...held, { status: 'captured', captured, refunds: [] }, ...after]
  })

test('news in any order and any number lead to where the payment is', () => {
  fc.assert(
    fc.property(
      life.chain((states) =>
        fc.record({ states: fc.constant(states), heard: fc.array(fc.nat(states.length - 1), { maxLength: 12 }) }),
      ),
      ({ states, heard }) => {
        const last = states.at(-1)
        if (!last) return
        const news = [...heard.map((index) => states[index] ?? last), last].map(said)
        const payment = learnAll(news)
        const expected = learnAll(states.map(said))
        assert.deepEqual(
          [payment.captured, payment.refunded, payment.capturable],
          [expected.captured, expected.refunded, expected.capturable],
        )
        if (last.status === 'captured') assert.equal(payment.captured, last.captured)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('another order, amount, currency or payment is not believed', () => {
  const captured = said({ status: 'captured', captured: asked, refunds: [] })
  const known = { ...attempt, provider_payment_id: 'pay_1' }
  const wrong: ProviderPayment[] = [
    { ...captured, orderId: 'order_2' },
    { ...captured, attemptKey: 'order_1-2' },
    { ...captured, amount: eur(asked + 1) },
    { ...captured, amount: eur(asked - 1) },
    { ...captured, captured: { amount: asked, currency: 'USD' } },
    { ...captured, captured: eur(asked + 1) },
    { ...captured, authorized: eur(asked - 1) },
    { ...captured, providerPaymentId: 'pay_2' },
  ]
  for (const one of wrong) assert.ok('mismatch' in (learn(known, one, []) ?? {}), JSON.stringify(one))
})

test('a refund that the bank sent back is taken back', () => {
  const paid = learnAll([said({ status: 'captured', captured: asked, refunds: [] })])
  const refund: OperationRow = {
    id: 'refund_1',
    payment_id: paid.id,
    order_id: paid.order_id,
    kind: 'refund',
    status: 'succeeded',
    amount: 300,
    gift_cards: 0,
    currency: 'EUR',
    key: 'key',
    asked: null,
    reason: null,
    by: 'staff_1',
    provider_refund_id: 're_1',
    error: null,
    created_at: '2026-11-22T10:00:00Z',
  }
  const news = said({ status: 'captured', captured: asked, refunds: [] })
  const failed = { refundId: 're_1', key: 'refund_1', amount: eur(300), status: 'failed' } as const
  const change = learn({ ...paid, refunded: 300 }, { ...news, refunds: [failed] }, [refund])
  assert.ok(change && !('mismatch' in change))
  assert.deepEqual(change.failedRefunds, [refund])
  assert.equal(learn(paid, { ...news, refunds: [failed] }, [{ ...refund, status: 'failed' }]), null)
})
