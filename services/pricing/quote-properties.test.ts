import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type Quote, withShipping } from '#contracts/pricing'
import { money } from '#kernel/money'
import type { Candidate } from './discounts.ts'
import { type GoodsLine, quoteGoods } from './quote.ts'
import { america, europe, japan, kuwait } from './test-markets.ts'

const market = fc.constantFrom(europe, america, japan, kuwait)
const category = fc.constantFrom('mugs', 'bowls', 'books')
const lineOf = fc.record({
  variantId: fc.integer({ min: 1, max: 5 }).map((number) => `variant_${number}`),
  categories: fc.uniqueArray(category, { maxLength: 2 }),
  quantity: fc.oneof(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 10_000 })),
  taxable: fc.boolean(),
  taxCode: fc.constantFrom(null, 'books', 'food', 'unknown'),
  // Often the same, so that remainders are equal.
  unitAmount: fc.oneof(fc.constant(100), fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 1_000_000_000 })),
  compareAtAmount: fc.constant(null),
})
const linesOf = fc
  .array(lineOf, { maxLength: 12 })
  .map((lines) => lines.map((one, index): GoodsLine => ({ ...one, id: `line_${index}` })))
const perMarket = (amount: fc.Arbitrary<number>) =>
  fc.record({ eu: amount, us: amount, jp: amount, kw: amount }, { requiredKeys: [] })
const promotionOf = fc.record({
  kind: fc.constantFrom('percentage' as const, 'fixed' as const),
  rate: fc.integer({ min: 1, max: 1_000_000 }),
  hasCode: fc.boolean(),
  amounts: perMarket(fc.integer({ min: 1, max: 100_000 })),
  minimums: perMarket(fc.integer({ min: 0, max: 100_000 })),
  categories: fc.uniqueArray(category, { maxLength: 2 }),
  standing: fc.constantFrom('running' as const, 'running' as const, 'running' as const, 'spent' as const),
})
const promotionsOf = fc.array(promotionOf, { maxLength: 6 }).map((all) =>
  all.map(
    ({ hasCode, ...one }, index): Candidate => ({
      ...one,
      id: `promo_${index}`,
      label: `Promotion ${index}`,
      code: hasCode ? `CODE-${index}` : null,
      rate: one.kind === 'percentage' ? one.rate : null,
    }),
  ),
)
const destinationOf = fc.constantFrom(
  null,
  { country: 'DE', region: null },
  { country: 'IE', region: null },
  { country: 'US', region: 'NY' },
  { country: 'US', region: null },
  { country: 'JP', region: null },
  { country: 'KW', region: null },
)
const cart = fc.record({ market, lines: linesOf, promotions: promotionsOf, destination: destinationOf })
const codesOf = (promotions: readonly Candidate[]): string[] => promotions.flatMap(({ code }) => code ?? [])

const add = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

suite('whatever is in the cart', () => {
  test('every total is the sum of its parts, in whole units, and nothing is below zero', () => {
    fc.assert(
      fc.property(cart, fc.integer({ min: 0, max: 100_000 }), ({ market, ...given }, shipping) => {
        const quote = withShipping(
          quoteGoods(market, { ...given, codes: codesOf(given.promotions) }),
          money(shipping, market.currency),
        )
        const { items, discount, tax, total } = quote.totals
        const onTop = market.taxIncluded ? 0 : 1
        assert.equal(items.amount, add(given.lines.map((one) => one.unitAmount * one.quantity)))
        assert.equal(total.amount, items.amount - discount.amount + shipping + onTop * tax.amount)
        assert.equal(discount.amount, add(quote.discounts.map(({ amount }) => amount.amount)))
        assert.equal(discount.amount, add(quote.lines.map((one) => one.discount.amount)))
        assert.equal(tax.amount, add(quote.taxes.map(({ amount }) => amount.amount)))
        for (const one of quote.lines) {
          assert.ok(one.discount.amount >= 0 && one.discount.amount <= one.subtotal.amount)
          assert.ok(one.tax.amount >= 0 && one.tax.amount <= one.total.amount)
          assert.equal(one.total.amount, one.subtotal.amount - one.discount.amount + onTop * one.tax.amount)
        }
        for (const { amount, currency } of Object.values(quote.totals)) {
          assert.ok(Number.isSafeInteger(amount) && amount >= 0 && !Object.is(amount, -0))
          assert.equal(currency, market.currency)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('the order of lines, codes and promotions changes no amount', () => {
    fc.assert(
      fc.property(cart, fc.infiniteStream(fc.nat()), ({ market, ...given }, random) => {
        const shuffled = <V>(values: readonly V[]): V[] =>
          values
            .map((value) => ({ value, rank: random.next().value }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ value }) => value)
        const codes = codesOf(given.promotions)
        const one = quoteGoods(market, { ...given, codes })
        const other = quoteGoods(market, {
          lines: shuffled(given.lines),
          promotions: shuffled(given.promotions),
          codes: shuffled(codes),
          destination: given.destination,
        })
        assert.deepEqual(other.totals, one.totals)
        assert.deepEqual(other.discounts, one.discounts)
        assert.deepEqual(other.taxes, one.taxes)
        const byId = ({ lines }: Quote) => Object.fromEntries(lines.map((each) => [each.id, each]))
        assert.deepEqual(byId(other), byId(one))
      }),
      { numRuns: 300 },
    )
  })

  test('a line split in two costs the same, but for the rounding of one more line at each percentage and tax', () => {
    fc.assert(
      fc.property(cart, fc.nat(), fc.constantFrom('percentage', 'fixed'), ({ market, ...given }, at, kind) => {
        const [first, ...others] = given.lines
        if (!first || first.quantity < 2) return
        const part = 1 + (at % (first.quantity - 1))
        const lines = [
          { ...first, quantity: part },
          { ...first, id: 'line_split', quantity: first.quantity - part },
          ...others,
        ]
        const promotions = given.promotions.filter(
          (one) => one.kind === kind && (kind === 'percentage' || one.categories.length === 0),
        )
        const codes = codesOf(promotions)
        const whole = quoteGoods(market, { ...given, promotions, codes }).totals
        const split = quoteGoods(market, { ...given, promotions, codes, lines }).totals
        assert.deepEqual(split.items, whole.items)
        // Three roundings differ, by half a unit each: the line's own, and those of its two parts. Amounts have none.
        const roundings = kind === 'percentage' ? 1.5 * promotions.length : 0
        assert.ok(Math.abs(split.discount.amount - whole.discount.amount) <= roundings)
        if (promotions.length === 0) assert.ok(Math.abs(split.tax.amount - whole.tax.amount) <= 1.5)
      }),
      { numRuns: 500 },
    )
  })
})
