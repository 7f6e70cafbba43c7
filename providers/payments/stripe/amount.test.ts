import assert from 'node:assert/strict'
import { test } from 'node:test'
import { money } from '#kernel/money'
import { fromStripe, toStripe } from './amount.ts'

test('amounts are counted as Stripe counts them, and read back the same', () => {
  const counted: [amount: number, currency: string, atStripe: number][] = [
    [4_990, 'EUR', 4_990],
    [500, 'JPY', 500],
    // Without decimals by ISO 4217, in hundredths at Stripe.
    [500, 'ISK', 50_000],
    [37_000, 'UGX', 3_700_000],
    // In hundredths by ISO 4217, whole at Stripe.
    [5_700, 'MGA', 57],
    [5_120, 'KWD', 5_120],
    // In thousandths by ISO 4217, in hundredths at Stripe.
    [5_120, 'LYD', 512],
    [12_345, 'HUF', 12_345],
  ]
  for (const [amount, currency, atStripe] of counted) {
    assert.equal(toStripe(money(amount, currency)), atStripe, currency)
    assert.deepEqual(fromStripe(atStripe, currency.toLowerCase()), money(amount, currency))
  }
})

test('what Stripe cannot count is refused, never rounded', () => {
  for (const [amount, currency] of [
    [5_701, 'MGA'],
    [5_124, 'KWD'],
    [5_121, 'LYD'],
    [100_000_000, 'EUR'],
    [1_000_000, 'ISK'],
  ] as const)
    assert.equal(typeof toStripe(money(amount, currency)), 'object', `${amount} ${currency}`)
})

test('a fee in hundredths of a krona is cut to whole ones', () => {
  assert.deepEqual(fromStripe(1_299, 'isk'), money(12, 'ISK'))
})
