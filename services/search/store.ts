import type { RawBuilder } from 'kysely'
import { type Executor, type Reader, sql, type Transaction } from '#kernel/database'
import { type Entry, goneEntry, type Listed, type Term } from './build-listing.ts'
import { shortHash } from './fold.ts'
import type { Reading } from './read-products.ts'

// ---- Keeping the read model ------------------------------------------------------------------------------------------

/** The number under which products are read: take it first, then read. */
export async function nextRead(db: Executor): Promise<number> {
  const { rows } = await sql<{ read: number }>`select nextval('reads') as read`.execute(db)
  return theOnly(rows).read
}

/**
 * Writes what was read, except for products of which something newer was written.
 * @param since words of the vocabulary that were read before it are marked as read now; 0 marks none
 */
export async function putProducts(tx: Transaction, { read, entries }: Reading, since = 0): Promise<void> {
  if (entries.length === 0) return
  await sql`select put_products(${read}, ${since}, ${toJson(entries)}::jsonb)`.execute(tx)
}

/** Removes what was last read before `since`. */
export async function forgetUnread(tx: Transaction, since: number): Promise<void> {
  const { rows } = await sql<{ productId: string }>`
    select product_id as "productId" from products where read < ${since} and text_hash is not null`.execute(tx)
  const entries = rows.map(({ productId }) => goneEntry(productId))
  await putProducts(tx, { read: await nextRead(tx), entries })
  await sql`delete from vocabulary where read < ${since}`.execute(tx)
  await sql`delete from postings where bits = 0::bit(4096)`.execute(tx)
}

/** The products whose listings show variants, by variant. */
export async function productsOfVariants(
  db: Executor,
  variantIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ variantId: string; productId: string }>`
    select variant_id as "variantId", product_id as "productId" from variants
    where variant_id = any(${[...variantIds]}::text[])`.execute(db)
  return new Map(rows.map(({ variantId, productId }) => [variantId, productId]))
}

/** With a digest of each: what has the same is written already. PostgreSQL's jsonb has no NUL and no half of a surrogate pair. */
const toJson = (entries: readonly Entry[]): string =>
  JSON.stringify(
    entries.map((entry) => ({ ...entry, entryHash: shortHash(entry) })),
    (_, value) => (typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value),
  )

function theOnly<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (!row) throw new Error('search: the database returned no row')
  return row
}

// ---- Listing ---------------------------------------------------------------------------------------------------------

export type Sort = 'relevance' | 'newest' | 'price-asc' | 'price-desc' | 'title'

/** A question whose words are known by their ids. `filters` has an entry for each key, with any of its terms. */
export type Question = {
  readonly market: string
  /** All of these: category, availability. */
  readonly all: readonly number[]
  readonly filters: readonly { readonly key: string; readonly anyOf: readonly number[] }[]
  /** Folded words, or null. */
  readonly words: string | null
  readonly priceMin: number | null
  readonly priceMax: number | null
}

export type Resolved = {
  readonly terms: readonly { readonly id: number; readonly key: string; readonly folded: string }[]
  /** Whether something in the market has all the words as they were typed. */
  readonly literal: boolean
  /** Where nothing has: each word that is nowhere, with the words that look most like it, nearest first. */
  readonly unknown: readonly { readonly word: string; readonly candidates: readonly string[] }[]
}

/** Of the terms that are there from the beginning, as the migration makes them. */
const allTermId = 1
export const availableTermId = 2

/** Words compared with a mistyped one: the nearest by letters in common, of which the fewest edits decide. */
const candidatesAtMost = 20

/** Finds the ids of terms, and whether words are spelled like any. */
export async function resolve(
  db: Reader,
  asked: {
    readonly market: string
    readonly terms: readonly Pick<Term, 'key' | 'folded'>[]
    readonly words: readonly string[]
    /** Those of the words for which others are proposed when nothing has them all. */
    readonly correctable: readonly string[]
  },
): Promise<Resolved> {
  const { market, terms, words, correctable } = asked
  const typed = words.join(' ')
  const { rows } = await sql<Resolved>`
    with literal as (
      select ${words.length} = 0 or exists (
        select from products join listings using (product_id)
        where words @@ query_of(${typed}) and market = ${market}) as literal)
    select literal,
      coalesce((select jsonb_agg(jsonb_build_object('id', t.id, 'key', t.key, 'folded', t.folded))
        from unnest(${terms.map(({ key }) => key)}::text[], ${terms.map(({ folded }) => folded)}::text[]) as a (key, folded)
        join terms t using (key, folded)), '[]') as terms,
      case when literal then '[]' else coalesce((
        select jsonb_agg(jsonb_build_object('word', word, 'candidates', (
          select coalesce(jsonb_agg(near.word), '[]')
          from (select v.word from vocabulary v order by v.word <-> typed.word limit ${candidatesAtMost}) near)))
        from unnest(${[...new Set(correctable)]}::text[]) as typed (word)
        where not exists (select from products where words @@ query_of(typed.word))), '[]') end as unknown
    from literal`.execute(db)
  return theOnly(rows)
}

type Ordering = { readonly [part in 'key' | 'type' | 'direction' | 'beyond']: RawBuilder<unknown> }

/** What each sort sorts by, how a cursor's copy of it is read back, and which way. */
function ordering(sort: Sort, words: string | null): Ordering {
  switch (sort) {
    case 'relevance':
      return words === null
        ? ordering('newest', null)
        : { key: sql`f.rank`, type: sql`integer`, direction: sql`desc`, beyond: sql`<` }
    case 'newest':
      return { key: sql`l.created_at`, type: sql`timestamptz`, direction: sql`desc`, beyond: sql`<` }
    case 'price-asc':
      return { key: sql`l.price_from`, type: sql`bigint`, direction: sql`asc`, beyond: sql`>` }
    case 'price-desc':
      return { key: sql`l.price_from`, type: sql`bigint`, direction: sql`desc`, beyond: sql`<` }
    case 'title':
      return { key: sql`l.title_key`, type: sql`text`, direction: sql`asc`, beyond: sql`>` }
  }
}

export type Row = { readonly card: Listed; readonly key: string | number; readonly productId: string }

/** A page of cards after the place that `after` names: sort key and product. */
export async function page(
  db: Reader,
  question: Question,
  view: { readonly sort: Sort; readonly after: readonly [string | number, string] | null; readonly limit: number },
): Promise<Row[]> {
  const { market, words } = question
  const { key, type, direction, beyond } = ordering(view.sort, words)
  const after = (id: RawBuilder<unknown>) =>
    view.after === null ? sql`true` : sql`(${key}, ${id}) ${beyond} (${view.after[0]}::${type}, ${view.after[1]})`
  if (words === null) {
    const { rows } = await sql<Row>`
      select l.card, ${key} as key, l.product_id as "productId" from listings l
      where ${matches(question)} and ${inPriceRange(question)} and ${after(sql`l.product_id`)}
      order by ${key} ${direction}, l.product_id ${direction} limit ${view.limit}`.execute(db)
    return rows
  }
  const listing = sql`listings l on l.market = ${market} and l.product_id`
  // Cards are wide, so they are fetched for the page alone: no index knows this order.
  const { rows } = await sql<Row>`
    with matching as materialized (select * from matching(${asked(question, [])})),
    places as (
      select f.product_id, ${key} as key
      from found(${words}) f ${view.sort === 'relevance' ? sql`` : sql`join ${listing} = f.product_id`}
      where get_bit((select bits from matching where block = f.n / 4096), f.n % 4096) = 1 and ${after(sql`f.product_id`)}
      order by ${key} ${direction}, f.product_id ${direction} limit ${view.limit})
    select l.card, places.key, l.product_id as "productId"
    from places join ${listing} = places.product_id
    order by places.key ${direction}, l.product_id ${direction}`.execute(db)
  return rows
}

/** Conditions on listings `l` by index, all but words and price. */
const matches = ({ market, all, filters }: Question): RawBuilder<unknown> =>
  sql.join(
    [
      sql`l.market = ${market}`,
      ...(all.length > 0 ? [sql`l.term_ids @> ${all}::integer[]`] : []),
      ...filters.map(({ anyOf }) => sql`l.term_ids && ${anyOf}::integer[]`),
    ],
    sql` and `,
  )

const isPriced = ({ priceMin, priceMax }: Question): boolean => priceMin !== null || priceMax !== null
const priceBounds = ({ priceMin, priceMax }: Question) => ({
  least: priceMin ?? 0,
  most: priceMax ?? Number.MAX_SAFE_INTEGER,
})

function inPriceRange(question: Question): RawBuilder<unknown> {
  const { least, most } = priceBounds(question)
  return isPriced(question) ? sql`l.price_from between ${least} and ${most}` : sql`true`
}

/** Numbers of the parts that the database makes by itself; those of terms count from 1, filters first. */
const pricePart = -2

/** A question as the database's functions take it: parts of which any term will do, words, and a price range or nulls. */
function asked(question: Question, without: readonly number[]): RawBuilder<unknown> {
  const { market, words, filters, all } = question
  const parts = [...filters.map(({ anyOf }) => anyOf), [allTermId], ...all.map((id) => [id])]
  const conditions = parts.flatMap((ids, index) => ids.map((id) => ({ id, part: index + 1 })))
  const { least, most } = isPriced(question) ? priceBounds(question) : { least: null, most: null }
  return sql`
    ${market}, ${conditions.map(({ part }) => part)}::integer[], ${conditions.map(({ id }) => id)}::integer[],
    ${parts.length}::integer, ${without}::integer[], ${words}::text, ${least}::bigint, ${most}::bigint`
}

export type Count = {
  readonly id: number
  readonly key: string
  readonly title: string
  readonly value: string
  readonly count: number
}

/** Values a facet shows at most, the most frequent ones: more is for the search field. */
const valuesAtMost = 100

/** Where less than one in so many matches, it is quicker to look at what matches than at everything by price. */
const rareBelow = 20

/**
 * How many products have each term among those that match, counted without the filter on the term's own key, so that a
 * shopper sees what else could be chosen; and the lowest and highest price of what matches but for the price.
 */
export async function facets(
  db: Reader,
  question: Question,
): Promise<{ counts: readonly Count[]; lowest: number | null; highest: number | null }> {
  const { filters, words } = question
  const without = [...filters.map((_, index) => index + 1), ...(isPriced(question) ? [pricePart] : [])]
  const chosen = filters.flatMap(({ anyOf }) => anyOf)
  const { rows } = await sql<{ counts: Count[]; lowest: number | null; highest: number | null }>`
    select counts, case when is_rare then few.lowest else counted.lowest end as lowest,
           case when is_rare then few.highest else counted.highest end as highest
    from count_facets(${asked(question, without)}, ${filters.map(({ key }) => key)}::text[], ${chosen}::integer[],
                      ${valuesAtMost}::integer, ${rareBelow}::integer) counted
    left join lateral (
      -- Adding nothing keeps the planner from going by price after all.
      select min(l.price_from + 0) as lowest, max(l.price_from + 0) as highest
      from listings l ${words === null ? sql`` : sql`join found(${words}) f using (product_id)`}
      where counted.is_rare and ${matches(question)}) few on true`.execute(db)
  return theOnly(rows)
}

// ---- Suggestions -----------------------------------------------------------------------------------------------------

/** Products looked at for one suggestion list: the first letter of a word begins thousands. */
const suggestionsLookedAt = 200

/**
 * Cards of products whose titles begin with what was typed, then of those that have words that begin so; where there are
 * none, of those whose titles look like it.
 */
export async function suggest(
  db: Reader,
  asked: { readonly market: string; readonly words: readonly string[]; readonly limit: number },
): Promise<Listed[]> {
  const typed = asked.words.join(' ')
  // Letters and digits only, so nothing in it means anything to `like` or to a text query.
  const prefixes = asked.words.map((word) => `${word}:*`).join(' & ')
  const { rows } = await sql<{ card: Listed }>`
    with begins as materialized (
      (select product_id, title_key, 2 as how from products where title_key like ${`${typed}%`}
       order by title_key limit ${suggestionsLookedAt})
      union all
      (select product_id, title_key, 1 from products where names @@ ${prefixes}::tsquery limit ${suggestionsLookedAt})),
    found as (
      select product_id, title_key, max(how) as how from begins group by product_id, title_key
      union all
      (select product_id, title_key, 0 from products
       where not exists (select from begins) and length(${typed}) > 2 and ${typed} <% title_key
       limit ${suggestionsLookedAt}))
    select l.card
    from found f
    join listings l on l.product_id = f.product_id and l.market = ${asked.market}
    order by how desc, word_similarity(${typed}, f.title_key) desc, f.title_key, f.product_id
    limit ${asked.limit}`.execute(db)
  return rows.map(({ card }) => card)
}

/** Which of `titles` (folded) begin with what was typed, have a word that does, or look like it: their places, best first. */
export async function suggestAmong(
  db: Reader,
  asked: { readonly titles: readonly string[]; readonly words: readonly string[]; readonly limit: number },
): Promise<number[]> {
  const typed = asked.words.join(' ')
  const { rows } = await sql<{ place: number }>`
    select place::integer
    from unnest(${asked.titles}::text[]) with ordinality as t (title, place),
         lateral (select case when title like ${`${typed}%`} then 2 when title like ${`% ${typed}%`} then 1
                              when length(${typed}) > 2 and ${typed} <% title then 0 end as how) h
    where how is not null
    order by how desc, word_similarity(${typed}, title) desc, place
    limit ${asked.limit}`.execute(db)
  return rows.map(({ place }) => place - 1)
}
