import { addTax, type Quote } from '#contracts/pricing'
import { type Money, money, subtract, sum, taxOnTop, taxWithin, times } from '#kernel/money'
import { type Candidate, takeDiscounts } from './discounts.ts'
import type { MarketSettings } from './markets.ts'
import { type AppliedTax, type Destination, taxOfGoods, taxOfShipping, zoneFor } from './tax.ts'

/** A line of the cart with the price that was found for its variant, in minor units of the market's currency. */
export type GoodsLine = {
  readonly id: string
  readonly variantId: string
  readonly categories: readonly string[]
  readonly quantity: number
  readonly taxable: boolean
  readonly taxCode: string | null
  readonly unitAmount: number
  readonly compareAtAmount: number | null
}

export type Goods = {
  readonly lines: readonly GoodsLine[]
  /** Those that apply by themselves, and those that `codes` name. */
  readonly promotions: readonly Candidate[]
  readonly codes: readonly string[]
  readonly destination: Destination | null
}

/**
 * What goods cost in a market, without shipping, exact to the minor unit: each line is unit price × quantity, less its
 * share of the discounts, with tax on what is left, rounded half away from zero a line (as shoppers and auditors check
 * it). Every total is a sum of lines, so no remainder is ever lost.
 *
 * Where prices contain tax they stay as they are shown, whatever the destination's rate: the tax is what is contained at
 * that rate. The EU asks for the price that consumers see, and lets the seller choose it.
 */
export function quoteGoods(market: MarketSettings, goods: Goods): Quote {
  const inCurrency = (amount: number): Money => money(amount, market.currency)
  const zone = zoneFor(market, goods.destination)
  const priced = goods.lines.map((line) => ({ line, subtotal: times(inCurrency(line.unitAmount), line.quantity) }))
  const { perLine, discounts, coupons } = takeDiscounts(
    market,
    priced.map(({ line, subtotal }) => ({ ...line, subtotal: subtotal.amount })),
    goods.promotions,
    goods.codes,
  )
  let taxes: Quote['taxes'] = []
  const lines = priced.map(({ line, subtotal }, index) => {
    const discount = inCurrency(perLine[index] ?? 0)
    const left = subtract(subtotal, discount)
    const applied = taxOfGoods(zone, line)
    const tax = inCurrency(taxOf(market, left.amount, applied))
    if (applied && tax.amount > 0) taxes = addTax(taxes, { ...applied, amount: tax })
    return {
      id: line.id,
      unitPrice: inCurrency(line.unitAmount),
      compareAtPrice: line.compareAtAmount === null ? null : inCurrency(line.compareAtAmount),
      subtotal,
      discount,
      tax,
      total: market.taxIncluded ? left : sum(market.currency, [left, tax]),
    }
  })
  const total = (part: 'subtotal' | 'discount' | 'tax' | 'total'): Money =>
    sum(
      market.currency,
      lines.map((line) => line[part]),
    )
  return {
    currency: market.currency,
    taxIncluded: market.taxIncluded,
    lines,
    totals: {
      items: total('subtotal'),
      discount: total('discount'),
      shipping: inCurrency(0),
      tax: total('tax'),
      total: total('total'),
    },
    discounts,
    coupons,
    taxes,
    shippingTax: taxOfShipping(zone),
  }
}

function taxOf(market: MarketSettings, amount: number, applied: AppliedTax | null): number {
  if (!applied) return 0
  return market.taxIncluded ? taxWithin(amount, applied.rate) : taxOnTop(amount, applied.rate)
}
