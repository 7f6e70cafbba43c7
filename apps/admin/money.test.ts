import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromInput, rateOf, show, toInput } from './src/money.ts'

test('what a person types becomes minor units by characters, with a point or a comma', () => {
  const cases: [string, string, number | null][] = [
    ['19.90', 'EUR', 1_990],
    ['19,9', 'EUR', 1_990],
    [' 19 ', 'EUR', 1_900],
    ['0.07', 'EUR', 7],
    // 1.005 × 100 is 100.49999999999999 in floating point.
    ['1.00', 'EUR', 100],
    ['4.35', 'USD', 435],
    ['1.005', 'KWD', 1_005],
    ['1200', 'JPY', 1_200],
    ['1200.5', 'JPY', null],
    ['1.005', 'EUR', null],
    ['1,000.50', 'EUR', null],
    ['-1', 'EUR', null],
    ['1e3', 'EUR', null],
    ['.5', 'EUR', null],
    ['', 'EUR', null],
    ['1234567890', 'EUR', null],
  ]
  for (const [text, currency, amount] of cases) assert.equal(fromInput(text, currency), amount, `${text} ${currency}`)
})

test('an amount that is shown for editing is the amount that is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99_999_999_999 }), fc.constantFrom('EUR', 'KWD'), (amount, currency) => {
      assert.equal(fromInput(toInput({ amount, currency }), currency), amount)
    }),
  )
})

test('an amount is shown exactly, however large it is', () => {
  assert.equal(show({ amount: 123_456, currency: 'EUR' }), '€1,234.56')
  assert.equal(show({ amount: -1_050, currency: 'EUR' }), '-€10.50')
  assert.equal(show({ amount: 1_200, currency: 'JPY' }), 'JP¥1,200')
  assert.equal(show({ amount: 9_007_199_254_740_991, currency: 'EUR' }), '€90,071,992,547,409.91')
})

test('a percentage becomes parts per million, to four decimals', () => {
  const cases: [string, number | null][] = [
    ['10', 100_000],
    ['12.5', 125_000],
    ['0,0001', 1],
    ['100', 1_000_000],
    ['100.0001', null],
    ['0', null],
    ['0.00001', null],
    ['ten', null],
    ['', null],
  ]
  for (const [text, rate] of cases) assert.equal(rateOf(text), rate, text)
})
