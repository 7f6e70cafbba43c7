import type { pricing } from '#contracts/pricing'
import { priceChanged } from '#events/pricing'
import { type Input, type Outcome, ok } from '#kernel/contract'
import { type Database, inTransaction } from '#kernel/database'
import { publish } from '#kernel/outbox'
import type { Markets } from './markets.ts'
import { differingPrices, nextPriceSequence, type WantedPrice, writePrices } from './store.ts'

type Deps = { readonly db: Database; readonly markets: Markets }
type SetPrices = (typeof pricing.operations)['setPrices']

/** Sets and removes prices of one product's variants, and tells of it when one of them differs from what it was. */
export async function setPrices({ db, markets }: Deps, input: Input<SetPrices>): Promise<Outcome<SetPrices>> {
  const wanted = new Map<string, WantedPrice>()
  for (const price of input.prices) {
    const market = markets.find(price.market)
    if (!market.ok) return market
    // The last of two for the same variant and market counts.
    wanted.set(`${price.variantId} ${price.market}`, {
      variantId: price.variantId,
      market: price.market,
      currency: market.value.currency,
      amount: price.amount,
      compareAtAmount: price.amount === null ? null : price.compareAtAmount,
    })
  }
  const all = [...wanted.values()]
  // A file that is imported again changes nothing, for a thousand products: that asks for no lock and no transaction.
  if ((await differingPrices(db, input.productId, all)).length === 0) return ok({ changed: 0 })

  return inTransaction(db, async (tx) => {
    const sequence = await nextPriceSequence(tx, input.productId)
    const differing = await differingPrices(tx, input.productId, all)
    if (differing.length === 0) return ok({ changed: 0 })
    await writePrices(tx, input.productId, sequence, differing)
    const variantIds = [...new Set(differing.map((one) => one.variantId))].sort()
    await publish(tx, priceChanged, {
      subject: input.productId,
      sequence,
      data: { productId: input.productId, variantIds },
    })
    return ok({ changed: differing.length })
  })
}
