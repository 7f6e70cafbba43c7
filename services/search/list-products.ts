import type { search } from '#contracts/search'
import { type Input, type Outcome, type Output, ok, refuse } from '#kernel/contract'
import type { Stale } from '#kernel/database'
import { fromCursor, toCursor } from '#kernel/fields'
import { money } from '#kernel/money'
import { categoryKey, flagKey } from './build-listing.ts'
import { nearest } from './correct.ts'
import { facetKey, fold, shortHash, wordsOf } from './fold.ts'
import type { KeptIndex } from './kept-index.ts'
import type { Market } from './markets.ts'
import { type After, cardsAt, type Found, found, page, placeOf, type Row, type Sort, unknownWords } from './store.ts'
import type { Count, Matches, Parts, TermIndex } from './term-index.ts'

type List = typeof search.operations.products
type Facet = Output<List>['facets'][number]

/** What was asked, folded, so that two ways of asking the same are the same. */
type Asked = {
  readonly market: string
  readonly category: string | null
  readonly words: readonly string[] | null
  readonly filters: readonly { readonly key: string; readonly values: readonly string[] }[]
  readonly inStock: boolean
  readonly priceMin: number | null
  readonly priceMax: number | null
  readonly sort: Sort
}

const limitDefault = 24

type Deps = {
  readonly stale: Stale
  readonly findMarket: (code: string | undefined) => Promise<Market | null>
  readonly index: KeptIndex
}

/** Products of a market with facets: in two statements, or three where words are searched, two more where they are corrected,
 *  and one more where something has changed since somebody asked. */
export async function listProducts(deps: Deps, input: Input<List>): Promise<Outcome<List>> {
  const market = await deps.findMarket(input.market)
  if (!market) return refuse('pricing/unknown-market', `There is no market ${input.market}.`)
  const asked = read(input, market)
  const fingerprint = shortHash(JSON.stringify(asked))
  const after = input.cursor === undefined ? null : readCursor(input.cursor, fingerprint, asked)
  if (after === 'malformed')
    return refuse('search/malformed-cursor', 'This cursor belongs to another list. Start again without one.')

  const [index, literal] = await Promise.all([
    deps.index(deps.stale),
    asked.words === null ? null : found(deps.stale, asked.words.join(' ')),
  ])
  const isThere = literal === null || isSold(index, asked.market, literal)
  const corrected = isThere ? null : await correct(deps.stale, asked.words ?? [])
  const hits = corrected ? await found(deps.stale, corrected.join(' ')) : literal
  const terms = termsOf(index, asked)
  const price = priceOf(asked)
  const matches = index.match(asked.market, { terms, found: hits?.map(({ n }) => n) ?? null, price })
  const limit = input.limit ?? limitDefault
  const rows = await pageOf(deps.stale, asked, { terms, price, hits, matches, after, limit: limit + 1 })

  const last = rows[limit - 1]
  const priceRange = matches.priceRange()
  return ok({
    items: rows.slice(0, limit).map(({ card }) => card),
    facets: toFacets(matches.counts(), new Set(terms.flatMap(({ key, anyOf }) => (key === undefined ? [] : anyOf)))),
    priceRange: priceRange && {
      min: money(priceRange.lowest, market.currency),
      max: money(priceRange.highest, market.currency),
    },
    nextCursor: rows.length > limit && last ? toCursor([fingerprint, last.key, last.productId]) : null,
    correctedQuery: rows.length > 0 ? (corrected?.join(' ') ?? null) : null,
  })
}

function read(input: Input<List>, market: Market): Asked {
  const { category, q = '', filter = {}, sort, inStock, priceMin, priceMax } = input
  const valuesOf = new Map<string, Set<string>>()
  for (const [name, given] of Object.entries(filter)) {
    const key = facetKey(name)
    const values = [...(valuesOf.get(key) ?? []), ...(typeof given === 'string' ? [given] : given).map(fold)]
    valuesOf.set(key, new Set(values))
  }
  return {
    market: market.code,
    category: category === undefined ? null : category.replaceAll('\0', ''),
    words: q.trim() === '' ? null : wordsOf(q),
    filters: [...valuesOf]
      .map(([key, values]) => ({ key, values: [...values].sort() }))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
    inStock: inStock === true,
    priceMin: priceMin === undefined ? null : Math.min(priceMin, Number.MAX_SAFE_INTEGER),
    priceMax: priceMax === undefined ? null : Math.min(priceMax, Number.MAX_SAFE_INTEGER),
    sort: sort ?? 'relevance',
  }
}

/** Whether any of what has the words is sold in the market. */
const isSold = (index: TermIndex, market: string, hits: readonly Found[]): boolean =>
  hits.length > 0 && index.match(market, { terms: [all(index)], found: hits.map(({ n }) => n), price: null }).count > 0

/** Each word that is nowhere is compared with all that are: more of them are a text, and nobody mistyped it. */
const wordsCorrectedAtMost = 8

/** The words with each unknown one replaced by what it most likely was meant to be; null when one is like nothing. */
async function correct(db: Stale, words: readonly string[]): Promise<readonly string[] | null> {
  if (words.length === 0 || words.length > wordsCorrectedAtMost) return null
  const unknown = await unknownWords(db, words)
  const corrections = new Map(unknown.map(({ word, candidates }) => [word, nearest(word, candidates)]))
  const corrected = words.map((word) => (corrections.has(word) ? corrections.get(word) : word))
  const complete = corrected.filter((word) => typeof word === 'string')
  return unknown.length > 0 && complete.length === words.length ? complete : null
}

type Part = Parts['terms'][number]

/** The id of no term: what is not in the dictionary matches nothing. */
const noTermId = -1

const all = (index: TermIndex): Part => ({ anyOf: [index.idOf(flagKey, 'all') ?? noTermId] })

function termsOf(index: TermIndex, { category, inStock, filters }: Asked): readonly Part[] {
  const idOf = (key: string, folded: string): number => index.idOf(key, folded) ?? noTermId
  return [
    all(index),
    ...(category === null ? [] : [{ anyOf: [idOf(categoryKey, category)] }]),
    ...(inStock ? [{ anyOf: [idOf(flagKey, 'available')] }] : []),
    ...filters.map(({ key, values }) => ({ key, anyOf: values.map((value) => idOf(key, value)) })),
  ]
}

const priceOf = ({ priceMin, priceMax }: Asked): Parts['price'] =>
  priceMin === null && priceMax === null ? null : { least: priceMin ?? 0, most: priceMax ?? Number.MAX_SAFE_INTEGER }

/** Fewer are looked up by their places and sorted; of more, an index in the order asked for soon has a page. */
const sortedAtMost = 300

async function pageOf(
  db: Stale,
  { market, sort: wanted }: Asked,
  by: {
    readonly terms: readonly Part[]
    readonly price: Parts['price']
    readonly hits: readonly Found[] | null
    readonly matches: Matches
    readonly after: After | null
    readonly limit: number
  },
): Promise<readonly Row[]> {
  const { terms, price, hits, matches, after, limit } = by
  if (matches.count === 0) return []
  if (hits && wanted === 'relevance')
    return pageByRank(
      db,
      market,
      hits.filter(({ n }) => matches.has(n)),
      after,
      limit,
    )
  const sort = wanted === 'relevance' ? 'newest' : wanted
  const isFew = hits !== null || matches.count <= sortedAtMost
  const among = isFew ? { places: matches.places() } : { terms: terms.slice(1).map(({ anyOf }) => anyOf), price }
  return page(db, market, among, { sort, after, limit })
}

/** The best first, and of those that match as well the newest in this read model. */
async function pageByRank(
  db: Stale,
  market: string,
  hits: readonly Found[],
  after: After | null,
  limit: number,
): Promise<readonly Row[]> {
  const order = (a: Found, b: Found): number => b.rank - a.rank || b.n - a.n
  const last = after && { rank: Number(after[0]), n: (await placeOf(db, after[1])) ?? 0 }
  const shown = hits
    .filter((hit) => !last || order(last, hit) < 0)
    .sort(order)
    .slice(0, limit)
  const cards = await cardsAt(
    db,
    market,
    shown.map(({ n }) => n),
  )
  const at = new Map(cards.map((one) => [one.n, one]))
  return shown.flatMap(({ n, rank }) => {
    const one = at.get(n)
    return one ? [{ card: one.card, key: rank, productId: one.productId }] : []
  })
}

/** Facets a listing shows at most, those with the most products: more is for the search field. */
const facetsAtMost = 30

/** Values a facet shows at most, the most frequent ones. */
const valuesAtMost = 100

function toFacets(counts: readonly Count[], chosen: ReadonlySet<number>): Facet[] {
  return [...Map.groupBy(counts, ({ term }) => term.key)]
    .map(([key, values]) => {
      const sorted = values.toSorted((a, b) => b.count - a.count || (a.term.value < b.term.value ? -1 : 1))
      const shown = sorted.filter(({ term }, place) => place < valuesAtMost || chosen.has(term.id))
      return {
        key,
        title: shown[0]?.term.title ?? key,
        products: shown.reduce((sum, { count }) => sum + count, 0),
        values: shown.map(({ term, count }) => ({ value: term.value, count, selected: chosen.has(term.id) })),
      }
    })
    .sort((a, b) => b.products - a.products || (a.key < b.key ? -1 : 1))
    .slice(0, facetsAtMost)
    .map(({ products: _, ...facet }) => facet)
}

/** Reads the place that a cursor of this very list names: sort key and product. */
function readCursor(cursor: string, fingerprint: string, asked: Asked): After | 'malformed' {
  const [list, key, productId] = fromCursor(cursor, 3) ?? []
  if (list !== fingerprint || key === undefined || !/^prod_[0-9a-z]{26}$/.test(String(productId))) return 'malformed'
  return isSortKey(asked, key) ? [key, String(productId)] : 'malformed'
}

function isSortKey({ sort, words }: Asked, key: string | number): boolean {
  if (sort === 'title') return typeof key === 'string' && !key.includes('\0')
  if (sort === 'newest' || (sort === 'relevance' && words === null))
    return typeof key === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(key) && !Number.isNaN(Date.parse(key))
  return Number.isSafeInteger(key)
}
