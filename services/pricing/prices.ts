import type { pricing } from '#contracts/pricing'
import { type Input, type Outcome, ok } from '#kernel/contract'
import type { Database } from '#kernel/database'
import { type Money, money } from '#kernel/money'
import type { Markets } from './markets.ts'
import { type PriceRow, selectPrices, selectPricesIn } from './store.ts'

type Deps = { readonly db: Database; readonly markets: Markets }
type Prices = (typeof pricing.operations)['prices']
type PricesOfProducts = (typeof pricing.operations)['pricesOfProducts']

/** The prices of variants in a market, as shoppers see them. A variant without one is missing from the answer. */
export async function prices({ db, markets }: Deps, input: Input<Prices>): Promise<Outcome<Prices>> {
  const market = markets.find(input.market)
  if (!market.ok) return market
  const rows = await selectPricesIn(db, market.value, input.variantIds)
  return ok({
    items: rows.map((row) => ({ variantId: row.variantId, price: priceOf(row), compareAtPrice: reducedFrom(row) })),
  })
}

/** All prices of variants in the markets there are, as they were set. */
export async function pricesOfProducts(
  { db, markets }: Deps,
  input: Input<PricesOfProducts>,
): Promise<Outcome<PricesOfProducts>> {
  const rows = await selectPrices(db, input.variantIds)
  return ok({
    items: rows.filter(isCurrent(markets)).map((row) => ({
      variantId: row.variantId,
      market: row.market,
      price: priceOf(row),
      compareAtPrice: row.compareAtAmount === null ? null : money(row.compareAtAmount, row.currency),
    })),
  })
}

const priceOf = (row: PriceRow): Money => money(row.amount, row.currency)

/** Files of other shops carry compare-at prices that are no higher than the price; shown, they would promise nothing. */
export const reducedFrom = (row: PriceRow): Money | null =>
  row.compareAtAmount !== null && row.compareAtAmount > row.amount ? money(row.compareAtAmount, row.currency) : null

const isCurrent =
  (markets: Markets) =>
  (row: PriceRow): boolean => {
    const market = markets.find(row.market)
    return market.ok && market.value.currency === row.currency
  }
