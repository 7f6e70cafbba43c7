import { type pricing, withShipping } from '#contracts/pricing'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { CustomerDigest } from './customer.ts'
import type { Markets } from './markets.ts'
import { reducedFrom } from './prices.ts'
import { type GoodsLine, quoteGoods } from './quote.ts'
import type { Offer, Wanted } from './store.ts'

type Deps = {
  readonly markets: Markets
  readonly digestOf: CustomerDigest
  /** Finds an offer together with those of other carts that wait. */
  readonly find: (wanted: Wanted) => Promise<Offer>
}
type QuoteOp = (typeof pricing.operations)['quote']

/** Finds prices and promotions for lines in one round trip, and says what they cost. */
export async function quoteCart({ find, markets, digestOf }: Deps, input: Input<QuoteOp>): Promise<Outcome<QuoteOp>> {
  const market = markets.find(input.market)
  if (!market.ok) return market
  const variantIds = [...new Set(input.lines.map((line) => line.variantId))]
  const { prices, promotions } = await find({
    market: market.value,
    variantIds,
    codes: input.couponCodes,
    customer: digestOf(input.customerKey),
  })
  const priceOf = new Map(prices.map((price) => [price.variantId, price]))
  const unsold = variantIds.filter((id) => !priceOf.has(id))
  if (unsold.length > 0) {
    return refuse('pricing/not-sold-here', `Not sold in ${market.value.name}: ${unsold.join(', ')}.`, {
      variantIds: unsold,
    })
  }
  const lines = input.lines.flatMap((line): GoodsLine[] => {
    const price = priceOf.get(line.variantId)
    if (!price) return []
    return [{ ...line, unitAmount: price.amount, compareAtAmount: reducedFrom(price)?.amount ?? null }]
  })
  const goods = quoteGoods(market.value, {
    lines,
    promotions,
    codes: input.couponCodes,
    destination: input.destination,
  })
  return ok(input.shipping === null ? goods : withShipping(goods, input.shipping))
}
