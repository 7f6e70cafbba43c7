import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Quote, withShipping } from '#contracts/pricing'
import { money } from '#kernel/money'
import type { Candidate } from './discounts.ts'
import type { MarketSettings } from './markets.ts'
import { type Goods, type GoodsLine, quoteGoods } from './quote.ts'
import { america, europe } from './test-markets.ts'

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
