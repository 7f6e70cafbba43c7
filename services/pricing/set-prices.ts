import type { pricing } from '#contracts/pricing'
import { priceChanged } from '#events/pricing'
import { type Input, type Outcome, ok } from '#kernel/contract'
import { type Database, inTransaction } from '#kernel/database'
import { publishAll } from '#kernel/outbox'
import type { Markets } from './markets.ts'
import { addPrices, differingPrices, nextPriceSequences, type WantedPrice, writePrices } from './store.ts'

type Deps = { readonly db: Database; readonly markets: Markets }
type SetPrices = (typeof pricing.operations)['setPrices']
type SetPricesOfProducts = (typeof pricing.operations)['setPricesOfProducts']

/** Sets and removes prices of one product's variants, and tells of it when one of them differs from what it was. */
export async function setPrices(deps: Deps, input: Input<SetPrices>): Promise<Outcome<SetPrices>> {
  const set = await setPricesOfProducts(deps, { products: [input] })
  return set.ok ? ok({ changed: set.value.changed[0] ?? 0 }) : set
}

/** The same for many products in one transaction: an import would wait for a commit a product. */
export async function setPricesOfProducts(
  { db, markets }: Deps,
  { products, isNew = false }: Input<SetPricesOfProducts>,
): Promise<Outcome<SetPricesOfProducts>> {
  const wanted = new Map<string, WantedPrice>()
  for (const { productId, prices } of products) {
    for (const { variantId, market: code, amount, compareAtAmount } of prices) {
      const market = markets.find(code)
      if (!market.ok) return market
      const { currency } = market.value
      // The last of two for the same variant and market counts.
      const price = { productId, variantId, market: code, currency, amount }
      wanted.set(`${variantId} ${code}`, { ...price, compareAtAmount: amount === null ? null : compareAtAmount })
    }
  }
  const all = [...wanted.values()]
  const changed = (differing: readonly WantedPrice[]) => {
    const counts = Map.groupBy(differing, ({ productId }) => productId)
    return ok({ changed: products.map(({ productId }) => counts.get(productId)?.length ?? 0) })
  }
  if (isNew && all.every(({ amount }) => amount !== null)) return changed(await addPrices(db, all))
  // A file that is imported again changes nothing, for a thousand products: that asks for no lock and no transaction.
  const stale = await differingPrices(db, all)
  if (stale.length === 0) return changed([])

  return inTransaction(db, async (tx) => {
    const sequences = await nextPriceSequences(tx, [...new Set(stale.map(({ productId }) => productId))])
    const differing = (await differingPrices(tx, all)).filter(({ productId }) => sequences.has(productId))
    if (differing.length === 0) return changed([])
    const sequenceOf = (productId: string): number => sequences.get(productId) ?? 0
    await writePrices(
      tx,
      differing.map((one) => ({ ...one, sequence: sequenceOf(one.productId) })),
    )
    if (isNew) return changed(differing)
    await publishAll(
      tx,
      priceChanged,
      [...Map.groupBy(differing, ({ productId }) => productId)].map(([productId, prices]) => ({
        subject: productId,
        sequence: sequenceOf(productId),
        data: { productId, variantIds: [...new Set(prices.map(({ variantId }) => variantId))].sort() },
      })),
    )
    return changed(differing)
  })
}
