import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attentionOf } from './attention.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })

test('staff are told of a canceled order whose money has not gone back, and no more when it has', () => {
  const canceled = { state: 'canceled', placed_at: '2026-01-01T00:00:00Z', reason: 'changed my mind' } as const
  const kinds = (captured: number, refunded: number): string[] => {
    const payment = { captured: eur(captured), refunded: eur(refunded) } as Parameters<typeof attentionOf>[1]
    return attentionOf(canceled, payment, []).map(({ kind }) => kind)
  }
  assert.deepEqual(kinds(5_000, 0), ['refund-failed'])
  assert.deepEqual(kinds(5_000, 4_999), ['refund-failed'])
  assert.deepEqual(kinds(5_000, 5_000), [])
  assert.deepEqual(kinds(0, 0), [])
})
