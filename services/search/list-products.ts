import type { search } from '#contracts/search'
import { type Input, type Outcome, type Output, ok, refuse } from '#kernel/contract'
import type { Stale } from '#kernel/database'
import { fromCursor, toCursor } from '#kernel/fields'
import { money } from '#kernel/money'
import { categoryKey, flagKey } from './build-listing.ts'
import { nearest } from './correct.ts'
import { facetKey, fold, shortHash, wordsOf } from './fold.ts'
import type { KeptIndex } from './kept-index.ts'
import type { KeptWords } from './kept-words.ts'
import type { Market } from './markets.ts'
import { type After, cardsAt, pageByTitle, placeOf, type Row, type Sort, unknownWords } from './store.ts'
import type { Count, Matches, Parts, TermIndex } from './term-index.ts'
import type { Hits } from './word-index.ts'

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
  readonly words: KeptWords
}

/** Products of a market with facets: what matches is found in memory, in which order too unless by title, and the cards are read.
 *  So it is two statements, one or two more where words are searched that few products have, and one where something has changed. */
export async function listProducts(deps: Deps, input: Input<List>): Promise<Outcome<List>> {
  const market = await deps.findMarket(input.market)
  if (!market) return refuse('pricing/unknown-market', `There is no market ${input.market}.`)
  const asked = read(input, market)
  const fingerprint = shortHash(JSON.stringify(asked))
  const after = input.cursor === undefined ? null : readCursor(input.cursor, fingerprint, asked)
  if (after === 'malformed')
    return refuse('search/malformed-cursor', 'This cursor belongs to another list. Start again without one.')

  const { terms: index, news } = await deps.index(deps.stale)
  void deps.words.warm(deps.stale)
  const find = (words: readonly string[]): Promise<Hits> => deps.words.find(deps.stale, words, news)
  const literal = asked.words === null ? null : await find(asked.words)
  const isThere = literal === null || isSold(index, asked.market, literal)
  const corrected = isThere ? null : await correct(deps.stale, asked.words ?? [])
  const hits = corrected ? await find(corrected) : literal
  const terms = termsOf(index, asked)
  const matches = index.match(asked.market, { terms, found: hits?.bits ?? null, price: priceOf(asked) })
  const { rows, next } = await pageOf(deps.stale, asked, { hits, matches, after, limit: input.limit ?? limitDefault })

  const priceRange = matches.priceRange()
  return ok({
    items: rows.map(({ card }) => card),
    facets: toFacets(matches.counts(), new Set(terms.flatMap(({ key, anyOf }) => (key === undefined ? [] : anyOf)))),
    priceRange: priceRange && {
      min: money(priceRange.lowest, market.currency),
      max: money(priceRange.highest, market.currency),
    },
    nextCursor: next && toCursor([fingerprint, ...next]),
    correctedQuery: rows.length > 0 ? (corrected?.join(' ') ?? null) : null,
  })
}

/** Words that are searched for at once: more of them are a text, of which the rest is not looked for. */
const wordsAtMost = 16

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
    words: q.trim() === '' ? null : wordsOf(q).slice(0, wordsAtMost),
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
const isSold = (index: TermIndex, market: string, { bits }: Hits): boolean =>
  index.match(market, { terms: [all(index)], found: bits, price: null }).count > 0

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

type Page = { readonly rows: readonly Row[]; readonly next: After | null }

async function pageOf(
  db: Stale,
  { market, sort }: Asked,
  by: {
    readonly hits: Hits | null
    readonly matches: Matches
    readonly after: After | null
    readonly limit: number
  },
): Promise<Page> {
  const { hits, matches, after, limit } = by
  if (matches.count === 0) return { rows: [], next: null }
  if (sort === 'title') return titlePage(db, market, by)
  const byRank = sort === 'relevance' ? hits : null
  const isByPrice = sort === 'price-asc' || sort === 'price-desc'
  const view = {
    after: after && { value: sortedBy(after[0]), place: (await placeOf(db, after[1])) ?? 0 },
    limit: limit + 1,
  }
  // The best, the dearest, the newest; and of equal ones what came last into this read model.
  const shown = byRank
    ? byRank.best(matches.bits, view)
    : matches.first(isByPrice ? 'price' : 'createdAt', { ...view, descending: sort !== 'price-asc' })
  const cards = await cardsAt(
    db,
    market,
    shown.slice(0, limit).map(({ place }) => place),
  )
  const at = new Map(cards.map((one) => [one.n, one]))
  const rows = shown.slice(0, limit).flatMap(({ place, value }): Row[] => {
    const one = at.get(place)
    const key = byRank || isByPrice ? value : new Date(value).toISOString()
    return one ? [{ card: one.card, key, productId: one.productId }] : []
  })
  return toPage(rows, shown.length > limit)
}

/** Cursors carry times as they are written. */
const sortedBy = (key: string | number): number => (typeof key === 'number' ? key : Date.parse(key))

/** Fewer are looked up by their places and sorted; of more, the index by title soon has a page. */
const sortedAtMost = 1_000

async function titlePage(
  db: Stale,
  market: string,
  { matches, after, limit }: { readonly matches: Matches; readonly after: After | null; readonly limit: number },
): Promise<Page> {
  const among = matches.count <= sortedAtMost ? { places: matches.places() } : { bits: matches.bits.bytes }
  const rows = await pageByTitle(db, market, among, { after, limit: limit + 1 })
  return toPage(rows.slice(0, limit), rows.length > limit)
}

function toPage(rows: readonly Row[], hasMore: boolean): Page {
  const last = rows.at(-1)
  return { rows, next: hasMore && last ? [last.key, last.productId] : null }
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
