import type { search } from '#contracts/search'
import { type Input, type Outcome, type Output, ok, refuse } from '#kernel/contract'
import type { Stale } from '#kernel/database'
import { fromCursor, toCursor } from '#kernel/fields'
import { money } from '#kernel/money'
import { categoryKey } from './build-listing.ts'
import { nearest } from './correct.ts'
import { facetKey, fold, shortHash, wordsOf } from './fold.ts'
import type { Market } from './markets.ts'
import { availableTermId, type Count, facets, page, type Question, type Resolved, resolve, type Sort } from './store.ts'

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

/** Products of a market with facets, in at most three statements however much is asked. */
export async function listProducts(
  deps: { readonly stale: Stale; readonly findMarket: (code: string | undefined) => Promise<Market | null> },
  input: Input<List>,
): Promise<Outcome<List>> {
  const market = await deps.findMarket(input.market)
  if (!market) return refuse('pricing/unknown-market', `There is no market ${input.market}.`)
  const asked = read(input, market)
  const fingerprint = shortHash(asked)
  const after = input.cursor === undefined ? null : readCursor(input.cursor, fingerprint, asked)
  if (after === 'malformed')
    return refuse('search/malformed-cursor', 'This cursor belongs to another list. Start again without one.')

  const resolved = await resolveTerms(deps.stale, asked)
  const corrected = resolved.literal ? null : correct(asked.words ?? [], resolved.unknown)
  const question = toQuestion(asked, resolved, corrected)
  const limit = input.limit ?? limitDefault
  const [rows, { counts, lowest, highest }] = await Promise.all([
    page(deps.stale, question, { sort: asked.sort, after, limit: limit + 1 }),
    facets(deps.stale, question),
  ])

  const last = rows[limit - 1]
  return ok({
    items: rows.slice(0, limit).map(({ card }) => card),
    facets: toFacets(counts, new Set(question.filters.flatMap(({ anyOf }) => anyOf))),
    priceRange:
      lowest === null || highest === null
        ? null
        : { min: money(lowest, market.currency), max: money(highest, market.currency) },
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

/** Each word that is nowhere is compared with all that are: more of them are a text, and nobody mistyped it. */
const wordsCorrectedAtMost = 8

/** Without a category, filters or words there is nothing to resolve, and a statement is saved. */
async function resolveTerms(db: Stale, asked: Asked): Promise<Resolved> {
  const terms = [
    ...(asked.category === null ? [] : [{ key: categoryKey, folded: asked.category }]),
    ...asked.filters.flatMap(({ key, values }) => values.map((folded) => ({ key, folded }))),
  ]
  if (terms.length === 0 && asked.words === null) return { terms: [], literal: true, unknown: [] }
  const words = asked.words ?? []
  const correctable = words.length > wordsCorrectedAtMost ? [] : words
  return resolve(db, { market: asked.market, terms, words, correctable })
}

/** The words with each unknown one replaced by what it most likely was meant to be; null when one is like nothing. */
function correct(words: readonly string[], unknown: Resolved['unknown']): readonly string[] | null {
  const corrections = new Map(unknown.map(({ word, candidates }) => [word, nearest(word, candidates)]))
  const corrected = words.map((word) => (corrections.has(word) ? corrections.get(word) : word))
  const complete = corrected.filter((word) => typeof word === 'string')
  return unknown.length > 0 && complete.length === words.length ? complete : null
}

/** The id of no term: what is not in the dictionary matches nothing. */
const noTermId = -1

function toQuestion(asked: Asked, { terms }: Resolved, corrected: readonly string[] | null): Question {
  const idOf = new Map(terms.map(({ id, key, folded }) => [`${key} ${folded}`, id]))
  const find = (key: string, folded: string): number => idOf.get(`${key} ${folded}`) ?? noTermId
  return {
    market: asked.market,
    all: [
      ...(asked.category === null ? [] : [find(categoryKey, asked.category)]),
      ...(asked.inStock ? [availableTermId] : []),
    ],
    filters: asked.filters.map(({ key, values }) => ({ key, anyOf: values.map((value) => find(key, value)) })),
    words: (corrected ?? asked.words)?.join(' ') ?? null,
    priceMin: asked.priceMin,
    priceMax: asked.priceMax,
  }
}

/** Facets a listing shows at most, those with the most products: more is for the search field. */
const facetsAtMost = 30

function toFacets(counts: readonly Count[], selected: ReadonlySet<number>): Facet[] {
  const byKey = [...Map.groupBy(counts, ({ key }) => key)].map(([key, values]) => ({
    key,
    title: values[0]?.title ?? key,
    products: values.reduce((sum, { count }) => sum + count, 0),
    values: values.map(({ id, value, count }) => ({ value, count, selected: selected.has(id) })),
  }))
  return byKey
    .sort((a, b) => b.products - a.products || (a.key < b.key ? -1 : 1))
    .slice(0, facetsAtMost)
    .map(({ products: _, ...facet }) => facet)
}

/** Reads the place that a cursor of this very list names: sort key and product. */
function readCursor(
  cursor: string,
  fingerprint: string,
  asked: Asked,
): readonly [string | number, string] | 'malformed' {
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
