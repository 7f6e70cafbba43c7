import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  add,
  allocate,
  formatDecimal,
  formatMoney,
  fraction,
  minorUnitDigits,
  money,
  parseDecimal,
  partsPerMillion,
  subtract,
  sum,
  taxOnTop,
  taxWithin,
  times,
} from './money.ts'

/** Up to ten billion in cents: dearer than any cart. */
const amount = fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 })
const positive = fc.integer({ min: 0, max: 1_000_000_000_000 })
const rate = fc.integer({ min: 0, max: partsPerMillion })
const currency = fc.constantFrom('EUR', 'USD', 'JPY', 'KWD', 'HUF', 'CLF')

suite('amounts', () => {
  test('a fraction of a minor unit, and what no integer can hold, is a bug that is thrown', () => {
    for (const wrong of [0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1]) {
      assert.throws(() => money(wrong, 'EUR'), RangeError)
    }
    assert.throws(() => times(money(999, 'EUR'), 1.5), RangeError)
    assert.throws(() => times(money(Number.MAX_SAFE_INTEGER, 'EUR'), 2), RangeError)
  })

  test('there is no minus zero, which is unequal to zero where values are compared', () => {
    assert.deepEqual(money(-0, 'EUR'), { amount: 0, currency: 'EUR' })
    assert.deepEqual(times(money(-5, 'EUR'), 0), { amount: 0, currency: 'EUR' })
  })

  test('currencies are never mixed', () => {
    assert.throws(() => add(money(1, 'EUR'), money(1, 'USD')), /cannot add USD to EUR/)
    assert.throws(() => sum('EUR', [money(1, 'USD')]), /cannot add USD to EUR/)
  })

  test('a sum that leaves the safe integers on its way is thrown, even when it comes back', () => {
    const huge = money(Number.MAX_SAFE_INTEGER, 'EUR')
    assert.throws(() => sum('EUR', [huge, money(2, 'EUR'), money(-2, 'EUR')]), RangeError)
  })

  test('adding and subtracting undo each other, in any order of the parts', () => {
    fc.assert(
      fc.property(fc.array(amount, { maxLength: 50 }), currency, (amounts, code) => {
        const parts = amounts.map((one) => money(one, code))
        const total = sum(code, parts)
        assert.deepEqual(sum(code, parts.toReversed()), total)
        assert.deepEqual(
          parts.reduce((left, one) => subtract(left, one), total),
          money(0, code),
        )
      }),
    )
  })
})

suite('rates', () => {
  test('halves are rounded away from zero', () => {
    assert.equal(fraction(1, 1, 2), 1)
    assert.equal(fraction(-1, 1, 2), -1)
    assert.equal(fraction(3, 1, 2), 2)
    assert.equal(fraction(1, 1, 3), 0)
    assert.equal(fraction(2, 1, 3), 1)
    assert.equal(fraction(5, 1, 4), 1)
    assert.equal(fraction(6, 1, 4), 2)
    assert.throws(() => fraction(1, 1, 0), RangeError)
  })

  test('24.99 at 10.75 % is 2.69, not 2.686425', () => {
    assert.equal(taxOnTop(2_499, 107_500), 269)
  })

  test('119.00 contains 19.00 at 19 %', () => {
    assert.equal(taxWithin(11_900, 190_000), 1_900)
  })

  test('a result is off by half a unit at most, and mirrored for negative amounts', () => {
    fc.assert(
      fc.property(amount, rate, (base, ppm) => {
        const tax = taxOnTop(base, ppm)
        const error = BigInt(tax) * BigInt(partsPerMillion) - BigInt(base) * BigInt(ppm)
        assert.ok(error * 2n <= BigInt(partsPerMillion) && error * 2n >= -BigInt(partsPerMillion))
        assert.equal(taxOnTop(-base, ppm), tax === 0 ? 0 : -tax)
      }),
    )
  })

  test('the tax within a price is the tax on top of what is left, to a unit', () => {
    fc.assert(
      fc.property(positive, rate, (gross, ppm) => {
        const tax = taxWithin(gross, ppm)
        assert.ok(tax >= 0 && tax <= gross)
        assert.ok(Math.abs(taxOnTop(gross - tax, ppm) - tax) <= 1)
      }),
    )
  })
})

suite('allocation', () => {
  const weights = fc.array(positive, { minLength: 1, maxLength: 100 })

  test('shares a cent that is left with the largest remainder, and among equals with the first', () => {
    assert.deepEqual(allocate(100, [1, 1, 1]), [34, 33, 33])
    assert.deepEqual(allocate(-100, [1, 1, 1]), [-34, -33, -33])
    assert.deepEqual(allocate(5, [3, 7]), [2, 3])
    assert.deepEqual(allocate(10, [0, 0]), [5, 5])
    assert.deepEqual(allocate(0, []), [])
    assert.throws(() => allocate(1, []), RangeError)
    assert.throws(() => allocate(1, [-1, 2]), RangeError)
    assert.throws(() => allocate(1, [0.5]), RangeError)
  })

  test('the parts sum to the whole, and none is a unit or more off its exact share', () => {
    fc.assert(
      fc.property(amount, weights, (total, shares) => {
        const parts = allocate(total, shares)
        assert.equal(
          parts.reduce((all, part) => all + part, 0),
          total,
        )
        const given = shares.some((share) => share > 0) ? shares : shares.map(() => 1)
        const weight = given.reduce((all, share) => all + BigInt(share), 0n)
        for (const [index, part] of parts.entries()) {
          const error = BigInt(part) * weight - BigInt(total) * BigInt(given[index] ?? 0)
          assert.ok(error < weight && error > -weight)
        }
      }),
    )
  })

  test('no part exceeds its weight when the total does not exceed them all', () => {
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (shares, portion) => {
        const total = Math.floor(shares.reduce((all, share) => all + share, 0) * portion)
        for (const [index, part] of allocate(total, shares).entries()) {
          assert.ok(part <= (shares[index] ?? 0) || shares.every((share) => share === 0))
        }
      }),
    )
  })
})

suite('decimals', () => {
  test('minor units are those of ISO 4217', () => {
    const digits = Object.fromEntries(
      ['EUR', 'USD', 'HUF', 'IDR', 'JPY', 'KWD', 'CLF'].map((code) => [code, minorUnitDigits(code)]),
    )
    assert.deepEqual(digits, { EUR: 2, USD: 2, HUF: 2, IDR: 2, JPY: 0, KWD: 3, CLF: 4 })
  })

  test('reads plain decimals, and nothing else', () => {
    assert.equal(parseDecimal('9.99', 'EUR'), 999)
    assert.equal(parseDecimal(' 9.9 ', 'EUR'), 990)
    assert.equal(parseDecimal('9.990', 'EUR'), 999)
    assert.equal(parseDecimal('9', 'EUR'), 900)
    assert.equal(parseDecimal('1200', 'JPY'), 1_200)
    assert.equal(parseDecimal('1200.00', 'JPY'), 1_200)
    assert.equal(parseDecimal('1.234', 'KWD'), 1_234)
    for (const wrong of ['', '-1', '1e3', '1,5', '9.999', '.5', '5.', 'NaN', '0x10', '1 000', '123456789012']) {
      assert.equal(parseDecimal(wrong, 'EUR'), null, wrong)
    }
  })

  test('what is written is read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999_999 }), currency, (units, code) => {
        assert.equal(parseDecimal(formatDecimal(money(units, code)), code), units)
      }),
    )
    assert.equal(formatDecimal(money(-5, 'EUR')), '-0.05')
    assert.equal(formatDecimal(money(-5, 'JPY')), '-5')
    assert.equal(formatDecimal(money(1, 'KWD')), '0.001')
  })

  test('people read amounts in their own way, with every digit of the minor unit', () => {
    assert.equal(formatMoney(money(4_900, 'EUR'), 'de-DE'), '49,00\u00a0€')
    assert.equal(formatMoney(money(4_900, 'JPY'), 'en'), '¥4,900')
    assert.equal(formatMoney(money(199_950, 'HUF'), 'en'), 'HUF\u00a01,999.50')
  })
})
