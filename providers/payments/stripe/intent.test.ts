import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Intent, toPayment } from './intent.ts'

const intentOf = (changes: Partial<Intent>): Intent => ({
  id: 'pi_1',
  status: 'succeeded',
  amount: 4_900,
  amount_received: 4_900,
  currency: 'eur',
  created: 1_700_000_000,
  livemode: false,
  metadata: {},
  client_secret: null,
  cancellation_reason: null,
  last_payment_error: null,
  latest_charge: null,
  ...changes,
})

const told = (changes: Partial<Intent>): string => {
  const payment = toPayment(intentOf(changes))
  return 'status' in payment ? payment.status : `${payment.outcome}, ${payment.cause}`
}

test('each status of a PaymentIntent is one of the port', () => {
  const failure = { code: 'card_declined', decline_code: 'generic_decline' }
  assert.deepEqual(
    [
      { status: 'requires_payment_method' },
      { status: 'requires_payment_method', last_payment_error: failure },
      { status: 'requires_confirmation' },
      { status: 'requires_action' },
      { status: 'processing' },
      { status: 'requires_capture' },
      { status: 'succeeded' },
      { status: 'canceled' },
      { status: 'canceled', cancellation_reason: 'abandoned' },
      { status: 'canceled', cancellation_reason: 'expired' },
      { status: 'canceled', cancellation_reason: 'fraudulent' },
    ].map(told),
    [
      'requires_action',
      'declined',
      'requires_action',
      'requires_action',
      'processing',
      'authorized',
      'captured',
      'voided',
      'declined',
      'expired',
      'voided',
    ],
  )
})

test('what has not been confirmed has taken no money', () => {
  const payment = toPayment(intentOf({ status: 'requires_confirmation', amount_received: 0 }))
  assert.ok('status' in payment)
  const { authorized, captured, refunded } = payment
  assert.deepEqual([authorized.amount, captured.amount, refunded.amount], [0, 0, 0])
})

test('a status that nobody knows is unknown, and no guess', () => {
  for (const status of ['requires_courage', 'SUCCEEDED', '', 'constructor', 'toString', '__proto__'])
    assert.deepEqual(toPayment(intentOf({ status })), {
      outcome: 'unknown',
      cause: 'unreadable-answer',
      detail: `Stripe tells of a status ${status}.`,
    })
})
