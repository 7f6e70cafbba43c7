import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type Quote, withShipping } from '#contracts/pricing'
import { money } from '#kernel/money'
import type { Candidate } from './discounts.ts'
import type { MarketSettings } from './markets.ts'
import { type Goods, type GoodsLine, quoteGoods } from './quote.ts'

const europe: MarketSettings = {
  code: 'eu',
  name: 'Europe',
  currency: 'EUR',
  locale: 'en-IE',
  countries: ['DE', 'FR', 'IE'],
  taxIncluded: true,
  taxZones: [
    { country: 'DE', name: 'VAT 19 %', rate: 190_000, rates: { books: 70_000 }, shippingTaxed: true },
    { country: 'FR', name: 'VAT 20 %', rate: 200_000, rates: { books: 55_000 }, shippingTaxed: true },
  ],
}
const america: MarketSettings = {
  code: 'us',
  name: 'United States',
  currency: 'USD',
  locale: 'en-US',
  countries: ['US'],
  taxIncluded: false,
  taxZones: [
    { country: 'US', name: 'No sales tax', rate: 0, shippingTaxed: false },
    { country: 'US', region: 'CA', name: 'CA sales tax 10.75 %', rate: 107_500, shippingTaxed: false },
    { country: 'US', region: 'NY', name: 'NY sales tax 8.875 %', rate: 88_750, shippingTaxed: true },
  ],
}
const japan: MarketSettings = {
  code: 'jp',
  name: 'Japan',
  currency: 'JPY',
  locale: 'ja-JP',
  countries: ['JP'],
  taxIncluded: true,
  taxZones: [
    { country: 'JP', name: 'Consumption tax 10 %', rate: 100_000, rates: { food: 80_000 }, shippingTaxed: true },
  ],
}
const kuwait: MarketSettings = {
  code: 'kw',
  name: 'Kuwait',
  currency: 'KWD',
  locale: 'en-KW',
  countries: ['KW'],
  taxIncluded: false,
  taxZones: [{ country: 'KW', name: 'Tax 3.333 %', rate: 33_330, shippingTaxed: true }],
}

const line = (given: Partial<GoodsLine> & { unitAmount: number }): GoodsLine => ({
  id: 'line_1',
  variantId: 'variant_1',
  categories: [],
  quantity: 1,
  taxable: true,
  taxCode: null,
  compareAtAmount: null,
  ...given,
})
const promotion = (given: Partial<Candidate>): Candidate => ({
  id: 'promo_1',
  label: 'Ten off',
  code: null,
  kind: 'percentage',
  rate: given.kind === 'fixed' ? null : 100_000,
  amounts: {},
  minimums: {},
  categories: [],
  standing: 'running',
  ...given,
})
const goods = (given: Partial<Goods>): Goods => ({ lines: [], promotions: [], codes: [], destination: null, ...given })
const amounts = ({ totals }: Quote): Record<string, number> =>
  Object.fromEntries(Object.entries(totals).map(([name, { amount }]) => [name, amount]))

suite('tax', () => {
  const california = { country: 'US', region: 'CA' }

  test('24.99 at 10.75 % is 27.68, not 27.676425', () => {
    const quote = quoteGoods(america, goods({ lines: [line({ unitAmount: 2_499 })], destination: california }))
    assert.deepEqual(amounts(quote), { items: 2_499, discount: 0, shipping: 0, tax: 269, total: 2_768 })
  })

  test('83.11 at 19 % is 98.90, not 98.9009', () => {
    const onTop = { ...europe, taxIncluded: false }
    const quote = quoteGoods(
      onTop,
      goods({ lines: [line({ unitAmount: 8_311 })], destination: { country: 'DE', region: null } }),
    )
    assert.deepEqual(amounts(quote), { items: 8_311, discount: 0, shipping: 0, tax: 1_579, total: 9_890 })
  })

  test('prices that contain tax stay as they are, and the destination says how much of them is tax', () => {
    const lines = [line({ unitAmount: 11_900 })]
    const to = (country: string) => quoteGoods(europe, goods({ lines, destination: { country, region: null } }))
    assert.deepEqual(amounts(to('DE')), { items: 11_900, discount: 0, shipping: 0, tax: 1_900, total: 11_900 })
    assert.deepEqual(amounts(to('FR')), { items: 11_900, discount: 0, shipping: 0, tax: 1_983, total: 11_900 })
    assert.deepEqual(amounts(to('IE')), { items: 11_900, discount: 0, shipping: 0, tax: 0, total: 11_900 })
    assert.deepEqual(to('IE').taxes, [])
  })

  test('a region comes before its country, however it is written; without a destination the first zone is an estimate', () => {
    const lines = [line({ unitAmount: 10_000 })]
    const tax = (destination: Goods['destination']) =>
      quoteGoods(america, goods({ lines, destination })).totals.tax.amount
    assert.equal(tax({ country: 'US', region: 'NY' }), 888)
    assert.equal(tax({ country: 'US', region: ' ny ' }), 888)
    assert.equal(tax({ country: 'US', region: 'OR' }), 0)
    assert.equal(tax({ country: 'US', region: null }), 0)
    assert.equal(quoteGoods(europe, goods({ lines })).totals.tax.amount, 1_597)
  })

  test('goods with a tax code have its rate and its name on the invoice, goods that are not taxable have none', () => {
    const quote = quoteGoods(
      europe,
      goods({
        lines: [
          line({ id: 'book', unitAmount: 1_070, taxCode: 'books' }),
          line({ id: 'mug', unitAmount: 1_190 }),
          line({ id: 'bowl', unitAmount: 1_190, taxCode: 'unknown' }),
          line({ id: 'stamp', unitAmount: 500, taxable: false }),
        ],
      }),
    )
    assert.deepEqual(
      quote.lines.map(({ tax }) => tax.amount),
      [70, 190, 190, 0],
    )
    assert.deepEqual(quote.taxes, [
      { name: 'VAT 19 %', rate: 190_000, amount: money(380, 'EUR') },
      { name: 'VAT 7 %', rate: 70_000, amount: money(70, 'EUR') },
    ])
  })

  test('shipping is taxed where the zone says so, and counts to the same rate', () => {
    const quoted = (market: MarketSettings, destination: Goods['destination']) =>
      withShipping(
        quoteGoods(market, goods({ lines: [line({ unitAmount: 1_000 })], destination })),
        money(595, market.currency),
      )
    assert.deepEqual(amounts(quoted(america, { country: 'US', region: 'NY' })), {
      items: 1_000,
      discount: 0,
      shipping: 595,
      tax: 89 + 53,
      total: 1_000 + 595 + 89 + 53,
    })
    assert.equal(quoted(america, california).totals.tax.amount, 108)
    const german = quoted(europe, { country: 'DE', region: null })
    assert.deepEqual(amounts(german), { items: 1_000, discount: 0, shipping: 595, tax: 160 + 95, total: 1_595 })
    assert.deepEqual(german.taxes, [{ name: 'VAT 19 %', rate: 190_000, amount: money(255, 'EUR') }])
    assert.throws(() => withShipping(german, money(595, 'EUR')), /has its shipping already/)
  })
})

suite('promotions', () => {
  test('tax is due on the discounted amount', () => {
    const quote = quoteGoods(
      america,
      goods({
        lines: [line({ unitAmount: 10_000 })],
        promotions: [promotion({})],
        destination: { country: 'US', region: 'CA' },
      }),
    )
    assert.deepEqual(amounts(quote), { items: 10_000, discount: 1_000, shipping: 0, tax: 968, total: 9_968 })
  })

  test('a percentage is rounded a line', () => {
    const lines = [
      line({ id: 'a', unitAmount: 5 }),
      line({ id: 'b', unitAmount: 4 }),
      line({ id: 'c', unitAmount: 15 }),
    ]
    const quote = quoteGoods(europe, goods({ lines, promotions: [promotion({})] }))
    assert.deepEqual(
      quote.lines.map(({ discount }) => discount.amount),
      [1, 0, 2],
    )
  })

  test('an amount is shared by what lines cost, to the last cent, and takes no line below zero', () => {
    const lines = [
      line({ id: 'a', unitAmount: 100 }),
      line({ id: 'b', unitAmount: 100 }),
      line({ id: 'c', unitAmount: 100 }),
    ]
    const off = (amount: number) =>
      quoteGoods(europe, goods({ lines, promotions: [promotion({ kind: 'fixed', amounts: { eu: amount } })] }))
    assert.deepEqual(
      off(100).lines.map(({ discount }) => discount.amount),
      [34, 33, 33],
    )
    assert.deepEqual(
      off(500).lines.map(({ discount }) => discount.amount),
      [100, 100, 100],
    )
    assert.deepEqual(off(500).discounts, [
      { promotionId: 'promo_1', label: 'Ten off', code: null, amount: money(300, 'EUR') },
    ])
    assert.equal(off(500).totals.total.amount, 0)
  })

  test('the cent that is left goes to the same line, whatever order the lines come in', () => {
    const lines = [
      line({ id: 'book', variantId: 'variant_1', unitAmount: 100, taxCode: 'books' }),
      line({ id: 'mug', variantId: 'variant_2', unitAmount: 100 }),
      line({ id: 'bowl', variantId: 'variant_3', unitAmount: 100 }),
    ]
    const promotions = [promotion({ kind: 'fixed', amounts: { eu: 100 } })]
    for (const given of [lines, lines.toReversed()]) {
      const quote = quoteGoods(europe, goods({ lines: given, promotions }))
      assert.equal(quote.lines.find(({ id }) => id === 'book')?.discount.amount, 34)
    }
  })

  test('only goods of its categories take part', () => {
    const lines = [
      line({ id: 'a', unitAmount: 1_000, categories: ['mugs', 'sale'] }),
      line({ id: 'b', unitAmount: 1_000, categories: ['bowls'] }),
    ]
    const quote = quoteGoods(europe, goods({ lines, promotions: [promotion({ categories: ['mugs'] })] }))
    assert.deepEqual(
      quote.lines.map(({ discount }) => discount.amount),
      [100, 0],
    )
  })

  test('those without a code come first, percentages before amounts, each on what is left', () => {
    const quote = quoteGoods(
      europe,
      goods({
        lines: [line({ unitAmount: 10_000 })],
        codes: ['HALF', 'FIVER'],
        promotions: [
          promotion({ id: 'promo_1', code: 'FIVER', kind: 'fixed', amounts: { eu: 500 } }),
          promotion({ id: 'promo_2', code: 'HALF', rate: 500_000 }),
          promotion({ id: 'promo_3', kind: 'fixed', amounts: { eu: 1_000 } }),
          promotion({ id: 'promo_4', rate: 100_000 }),
        ],
      }),
    )
    assert.deepEqual(
      quote.discounts.map(({ promotionId, amount }) => [promotionId, amount.amount]),
      [
        ['promo_4', 1_000],
        ['promo_3', 1_000],
        ['promo_2', 4_000],
        ['promo_1', 500],
      ],
    )
    assert.deepEqual(amounts(quote), { items: 10_000, discount: 6_500, shipping: 0, tax: 559, total: 3_500 })
  })

  test('a code that does not apply says why and takes nothing off', () => {
    const verdict = (given: Partial<Candidate>, unitAmount = 1_000) => {
      const quote = quoteGoods(
        europe,
        goods({ lines: [line({ unitAmount })], codes: ['ten'], promotions: [promotion({ code: 'TEN', ...given })] }),
      )
      assert.equal(quote.totals.discount.amount, quote.coupons[0]?.applied ? 100 : 0)
      assert.equal(quote.discounts.length, quote.coupons[0]?.applied ? 1 : 0)
      return quote.coupons
    }
    assert.deepEqual(verdict({}), [{ code: 'TEN', applied: true, reason: null }])
    const reason = (given: Partial<Candidate>, unitAmount?: number) => verdict(given, unitAmount)[0]?.reason
    assert.equal(reason({ minimums: { eu: 1_000 } }), null)
    assert.equal(reason({ minimums: { eu: 1_001 } }), 'It applies from €10.01 of goods.')
    assert.equal(reason({ categories: ['mugs'] }), 'Nothing in the cart takes part in it.')
    assert.equal(reason({ standing: 'stopped' }), 'It does not run now.')
    assert.equal(reason({ standing: 'spent' }), 'It has been used up.')
    assert.equal(reason({ standing: 'spent-by-customer' }), 'You have used it already.')
    assert.equal(reason({ kind: 'fixed', rate: null, amounts: { us: 100 } }), 'It is not for this market.')
    assert.equal(reason({}, 0), 'There is nothing left that it could take off.')
  })

  test('an unknown code has a verdict too, and a code typed twice has one', () => {
    const quote = quoteGoods(
      europe,
      goods({
        lines: [line({ unitAmount: 1_000 })],
        codes: ['nope', 'Ten', 'TEN'],
        promotions: [promotion({ code: 'ten' })],
      }),
    )
    assert.deepEqual(quote.coupons, [
      { code: 'nope', applied: false, reason: 'There is no such code.' },
      { code: 'ten', applied: true, reason: null },
    ])
  })
})

// ---- Whatever is in the cart ---------------------------------------------------------------------------------------

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
