import type { catalog } from '#contracts/catalog'
import type { search } from '#contracts/search'
import type { Client } from '#kernel/client'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { Stale } from '#kernel/database'
import { titleKey, wordsOf } from './fold.ts'
import type { Market } from './markets.ts'
import * as store from './store.ts'

type Suggest = typeof search.operations.suggest

/** What fits below a search field. */
const limitDefault = 6
const categoriesAtMost = 4

/** Products and categories that somebody who typed this far may mean. */
export async function suggest(
  deps: {
    readonly stale: Stale
    readonly catalog: Pick<Client<typeof catalog>, 'categories'>
    readonly findMarket: (code: string | undefined) => Promise<Market | null>
  },
  { q, market: code, limit = limitDefault }: Input<Suggest>,
): Promise<Outcome<Suggest>> {
  const market = await deps.findMarket(code)
  if (!market) return refuse('pricing/unknown-market', `There is no market ${code}.`)
  const words = wordsOf(q)
  if (words.length === 0) return ok({ products: [], categories: [] })

  const [cards, categories] = await Promise.all([
    store.suggest(deps.stale, { market: market.code, words, limit }),
    suggestCategories(deps, words),
  ])
  return ok({
    products: cards.map(({ handle, title, imageUrl, priceFrom }) => ({ handle, title, imageUrl, priceFrom })),
    categories,
  })
}

async function suggestCategories(
  deps: { readonly stale: Stale; readonly catalog: Pick<Client<typeof catalog>, 'categories'> },
  words: readonly string[],
): Promise<{ handle: string; title: string }[]> {
  const answer = await deps.catalog.categories({})
  if (!answer.ok || answer.value.items.length === 0) return []
  const { items } = answer.value
  const places = await store.suggestAmong(deps.stale, {
    titles: items.map(({ title }) => titleKey(title)),
    words,
    limit: categoriesAtMost,
  })
  return places.flatMap((place) => {
    const category = items[place]
    return category ? [{ handle: category.handle, title: category.title }] : []
  })
}
