import type { Deps } from '../deps.ts'

/** Undefined is what the file has no column for: it stays as it is. */
export type WantedPrice = {
  readonly variantId: string
  readonly market: string
  readonly amount: number | null | undefined
  readonly compareAtAmount: number | null | undefined
  readonly isNew: boolean
}

export type Level = { readonly variantId: string; readonly onHand: number; readonly isNew: boolean }

/** Products whose prices are set in one call, which is one transaction of some thousand rows. */
const productsACall = 500
/** What one call to pricing or inventory takes. */
const itemsACall = 2_000

/** Thrown when the market is not there any more: nothing that is tried again would mend it. */
export class MarketGone extends Error {}

/**
 * Sets prices and answers, for each product, whether one of them was another before.
 * @param isNew none of them is in the catalog yet
 */
export async function setPrices(
  { pricing }: Pick<Deps, 'pricing'>,
  market: string,
  products: readonly { readonly productId: string; readonly prices: readonly WantedPrice[] }[],
  isNew: boolean,
): Promise<boolean[]> {
  const partial = products.flatMap(({ prices }) =>
    prices.filter((one) => !one.isNew && (one.amount === undefined || one.compareAtAmount === undefined)),
  )
  const known = await pricesIn(
    { pricing },
    market,
    partial.map(({ variantId }) => variantId),
  )
  const wanted = products.map(({ productId, prices }) => ({
    productId,
    prices: prices.map(({ variantId, amount, compareAtAmount }) => ({
      variantId,
      market,
      amount: amount === undefined ? (known.get(variantId)?.amount ?? null) : amount,
      compareAtAmount:
        compareAtAmount === undefined ? (known.get(variantId)?.compareAtAmount ?? null) : compareAtAmount,
    })),
  }))
  const answers: boolean[] = []
  for (const chunk of chunks(wanted, productsACall)) {
    const answer = await pricing.setPricesOfProducts({ products: chunk, isNew })
    if (!answer.ok) throw new MarketGone(answer.refusal.detail)
    answers.push(...answer.value.changed.map((changed) => changed > 0))
  }
  return answers
}

export type Price = { readonly amount: number; readonly compareAtAmount: number | null; readonly currency: string }

/** The prices of variants in a market as they were set, by variant. */
export async function pricesIn(
  { pricing }: Pick<Deps, 'pricing'>,
  market: string,
  variantIds: readonly string[],
): Promise<Map<string, Price>> {
  const prices = new Map<string, Price>()
  for (const chunk of chunks(variantIds)) {
    const answer = await pricing.pricesOfProducts({ variantIds: chunk })
    if (!answer.ok) throw new Error('catalog: pricing does not tell its prices')
    for (const one of answer.value.items) {
      if (one.market === market) {
        prices.set(one.variantId, { ...one.price, compareAtAmount: one.compareAtPrice?.amount ?? null })
      }
    }
  }
  return prices
}

/**
 * Sets counted stock at the default location where it is another, and answers for which variants it was.
 * @param isNew none of their products is in the catalog yet
 */
export async function setStock(
  { inventory }: Pick<Deps, 'inventory'>,
  levels: readonly Level[],
  isNew: boolean,
): Promise<Set<string>> {
  if (levels.length === 0) return new Set()
  const known = new Map<string, number>()
  const old = levels.filter(({ isNew }) => !isNew).map(({ variantId }) => variantId)
  const location = old.length === 0 ? null : await defaultLocation({ inventory })
  for (const variantIds of chunks(old)) {
    const answer = await inventory.levelsOf({ variantIds })
    if (!answer.ok) throw new Error('catalog: inventory does not tell its levels')
    for (const level of answer.value.items) {
      if (level.locationId === location) known.set(level.variantId, level.onHand)
    }
  }
  const differing = levels.filter(({ variantId, onHand }) => known.get(variantId) !== onHand)
  for (const chunk of chunks(differing)) {
    const answer = await inventory.setLevels({
      levels: chunk.map(({ variantId, onHand }) => ({ variantId, locationId: null, onHand })),
      reason: 'import',
      isNew,
    })
    if (!answer.ok) throw new Error('catalog: inventory has no default location')
  }
  return new Set(differing.map(({ variantId }) => variantId))
}

/** Where imported stock is kept and exported stock is counted. */
export async function defaultLocation({ inventory }: Pick<Deps, 'inventory'>): Promise<string | null> {
  const answer = await inventory.locations({})
  if (!answer.ok) throw new Error('catalog: inventory does not tell its locations')
  return answer.value.items.find((one) => one.default)?.id ?? null
}

/** Cuts a list into what one call takes. */
export function chunks<E>(list: readonly E[], size = itemsACall): E[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  )
}
