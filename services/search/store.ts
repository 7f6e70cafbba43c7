import type { RawBuilder } from 'kysely'
import { type Executor, type Reader, sql, type Transaction } from '#kernel/database'
import { type Entry, goneEntry, type Listed, type Term } from './build-listing.ts'
import { shortHash } from './fold.ts'
import type { Reading } from './read-products.ts'
import type { Change } from './term-index.ts'
import { type WordPosting, wordPosting } from './word-index.ts'

// ---- Keeping the read model ------------------------------------------------------------------------------------------

/** The number under which products are read: take it first, then read. */
export async function nextRead(db: Executor): Promise<number> {
  const { rows } = await sql<{ read: number }>`select nextval('reads') as read`.execute(db)
  return theOnly(rows).read
}

/** News older than this many are forgotten: who has not asked for so long asks for everything anew. */
const newsKept = 1_000
/** An event that takes effect later than this came late: a part of the second in which a change has to be seen is gone. */
const promptSeconds = 0.5

/**
 * Writes what was read, except for products of which something newer was written, and that there are news of all of them.
 * @param since words of the vocabulary that were read before it are marked as read now; 0 marks none
 * @param happenedAt when what told of them happened
 */
export async function putProducts(
  tx: Transaction,
  { read, entries }: Reading,
  { since = 0, happenedAt = [] }: { readonly since?: number; readonly happenedAt?: readonly string[] } = {},
): Promise<void> {
  if (entries.length === 0) return
  const { products, terms } = toJson(entries)
  await sql`select put_products(${read}, ${since}, ${products}::jsonb, ${terms}::jsonb)`.execute(tx)
  const productIds = entries.map(({ productId }) => productId)
  // After the lock that the function takes: numbers are to commit in their order.
  await sql`
    with told as (
      insert into news (product_ids, late)
      select ${productIds}::text[],
             coalesce(clock_timestamp() - min(at) > make_interval(secs => ${promptSeconds}), false)
      from unnest(${happenedAt}::timestamptz[]) as at
      returning number)
    delete from news using told where news.number <= told.number - ${newsKept}`.execute(tx)
}

/** How far news are seen by who reads here. */
export async function newsReached(db: Reader): Promise<number> {
  const { rows } = await sql<{ place: number }>`select coalesce(max(number), 0) as place from news`.execute(db)
  return theOnly(rows).place
}

/** Batches of news that are told one by one: who is farther behind has little that still holds. */
const newsTold = 200

/** What there are news of since `place` (null: not said), and whether they come late at this moment. */
export async function newsSince(
  db: Executor,
  place: number | null,
): Promise<{ place: number; productIds: readonly string[]; complete: boolean; late: boolean }> {
  const { rows } = await sql<{ place: number; productIds: string[]; complete: boolean; late: boolean }>`
    with latest as materialized (select * from news order by number desc limit ${newsTold}),
    reached as (select coalesce(max(number), 0) as number, coalesce(min(number), 0) as first from latest)
    select reached.number as place,
           coalesce(${place}::bigint >= reached.first - 1 and ${place}::bigint <= reached.number, false) as complete,
           array(select distinct id from latest, unnest(product_ids) id where latest.number > ${place}::bigint)
             as "productIds",
           exists (select from latest where late and told_at > clock_timestamp() - interval '1 second') as late
    from reached`.execute(db)
  return theOnly(rows)
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

/**
 * Products with a digest of each: what has the same is written already. Terms are told once for all of them, since most have the same few,
 * and named by their place. PostgreSQL's jsonb has no NUL and no half of a surrogate pair.
 */
function toJson(entries: readonly Entry[]): { products: string; terms: string } {
  const places = new Map<string, number>()
  const terms: Term[] = []
  const placeOf = (name: string, term: Term): number => {
    const known = places.get(name)
    if (known !== undefined) return known
    places.set(name, terms.push(term))
    return terms.length
  }
  const products = entries.map(({ listings, ...product }) => {
    const text = JSON.stringify(product)
    const listed = listings.map(({ terms: own, ...listing }) => {
      const names = own.map(({ key, folded }) => `${key} ${folded}`)
      return {
        names,
        text: JSON.stringify(listing),
        places: names.map((name, index) => placeOf(name, own[index] as Term)),
      }
    })
    const digest = shortHash([text, ...listed.flatMap((one) => [one.text, ...one.names])].join('\n'))
    const told = listed.map((one) => `{"terms":[${one.places}],${one.text.slice(1)}`)
    return `{"entryHash":"${digest}","listings":[${told}],${text.slice(1)}`
  })
  return { products: forJsonb(`[${products}]`), terms: forJsonb(JSON.stringify(terms)) }
}

const forJsonb = (json: string): string => (foreignToJsonb.test(json) ? withoutForeign(json) : json)

/** How JSON writes what jsonb does not take; behind an escaped backslash it is plain text, which costs no more than a look. */
const foreignToJsonb = /\\u(?:0000|d[89a-f])/

const withoutForeign = (json: string): string =>
  JSON.stringify(JSON.parse(json), (_, value) =>
    typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value,
  )

function theOnly<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (!row) throw new Error('search: the database returned no row')
  return row
}

// ---- Listing ---------------------------------------------------------------------------------------------------------

export type Sort = 'relevance' | 'newest' | 'price-asc' | 'price-desc' | 'title'

/** How far somebody has read what changes here; `news` as `newsReached` says it. */
export type Place = { readonly changed: number; readonly termId: number; readonly news: number }

/**
 * Whether anything is new since `place`, for who asks again and again: PostgreSQL plans what asks for all that is new at each call, since
 * no plan for any place is as good, and that takes ten times as long as the answer.
 */
export async function isChangedSince(
  db: Reader,
  { changed }: Place,
): Promise<{ readonly isChanged: boolean; readonly news: number }> {
  const { rows } = await sql<{ isChanged: boolean; news: number }>`
    select coalesce(greatest((select max(changed) from postings), (select max(changed) from listings)) > ${changed}, false)
             as "isChanged",
           coalesce((select max(number) from news), 0) as news`.execute(db)
  return theOnly(rows)
}

/** All that is new since `place`, or all there is since null, as of one moment; and how far that is. */
export async function changesSince(db: Reader, place: Place | null): Promise<Change & { readonly place: Place }> {
  const isNew = place === null ? sql`true` : sql`changed > ${place.changed}`
  const { rows } = await sql<{
    terms: Change['terms']
    postings: EncodedPostings
    listings: Change['listings']
    changed: number
    news: number
  }>`
    select
      (select coalesce(json_agg(json_build_object('id', id, 'key', key, 'title', title, 'folded', folded, 'value', value)
                                order by id), '[]')
       from terms where id > ${place?.termId ?? 0}) as terms,
      (select coalesce(json_agg(json_build_object('market', market, 'termId', term_id, 'block', block,
                                                  'bits', encode(bit_send(bits), 'base64'))), '[]')
       from postings where ${isNew}) as postings,
      (select coalesce(json_agg(json_build_object('market', market, 'places', places, 'prices', prices,
                                                  'createdAt', times)), '[]')
       from (select market, json_agg(n) as places, json_agg(price_from) as prices,
                    json_agg((extract(epoch from created_at) * 1000)::bigint) as times
             from listings where ${isNew} group by market) l) as listings,
      coalesce((select max(number) from news), 0) as news,
      greatest(${place?.changed ?? 0}::bigint, (select max(changed) from postings), (select max(changed) from listings))
        as changed`.execute(db)
  const { terms, postings, listings, changed, news } = theOnly(rows)
  return {
    terms,
    // The database says the length first.
    postings: postings.map(({ bits, ...one }) => ({ ...one, bits: Buffer.from(bits, 'base64').subarray(4) })),
    listings,
    place: { changed, news, termId: terms.at(-1)?.id ?? place?.termId ?? 0 },
  }
}

type EncodedPostings = readonly { market: string; termId: number; block: number; bits: string }[]

export type Row = { readonly card: Listed; readonly key: string | number; readonly productId: string }
export type After = readonly [key: string | number, productId: string]

/** What a page is taken from: products at places, or, where they are many, those whose bits are set. */
export type Among = { readonly places: readonly number[] } | { readonly bits: Uint8Array }

/**
 * A page of cards by title, after the place that `after` names: title and product. Of products at places few are sorted. Else the
 * index is gone through until a page is found, which the inner select, planned by itself, sees to.
 */
export async function pageByTitle(
  db: Reader,
  market: string,
  among: Among,
  view: { readonly after: After | null; readonly limit: number },
): Promise<Row[]> {
  const isAfter =
    view.after === null ? sql`true` : sql`(l.title_key, l.product_id) > (${view.after[0]}, ${view.after[1]})`
  // PostgreSQL's bits begin with the lowest of a byte, ours with the highest.
  const isAmong =
    'places' in among
      ? sql`n = any(${among.places}::integer[])`
      : sql`case when n < ${among.bits.length * 8} then get_bit(${among.bits}::bytea, n # 7) = 1 end`
  const order = sql`order by key, "productId"`
  const listed = sql`
    select l.card, l.n, l.title_key as key, l.product_id as "productId" from listings l
    where l.market = ${market} and ${isAfter}`
  const { rows } =
    'places' in among
      ? await sql<Row>`${listed} and ${isAmong} ${order} limit ${view.limit}`.execute(db)
      : await sql<Row>`
          select card, key, "productId" from (${listed} ${order} offset 0) l
          where ${isAmong} ${order} limit ${view.limit}`.execute(db)
  return rows
}

/** The cards of products at places, in no order. */
export async function cardsAt(
  db: Reader,
  market: string,
  places: readonly number[],
): Promise<{ card: Listed; n: number; productId: string }[]> {
  const { rows } = await sql<{ card: Listed; n: number; productId: string }>`
    select card, n, product_id as "productId" from listings
    where market = ${market} and n = any(${places}::integer[])`.execute(db)
  return rows
}

/** The place of a product. */
export async function placeOf(db: Reader, productId: string): Promise<number | null> {
  const { rows } = await sql<{ n: number }>`select n from products where product_id = ${productId}`.execute(db)
  return rows[0]?.n ?? null
}

// ---- Words -----------------------------------------------------------------------------------------------------------

/** A word as each dictionary has it, whose stems of it are all to be there; none where it means nothing to a dictionary. */
export type Lexemes = { readonly [dictionary in 'simple' | 'english' | 'german']: readonly string[] }

export async function lexemesOf(db: Reader, words: readonly string[]): Promise<ReadonlyMap<string, Lexemes>> {
  const { rows } = await sql<{ word: string } & Lexemes>`
    select word, tsvector_to_array(to_tsvector('pg_catalog.simple', word)) as simple,
           tsvector_to_array(to_tsvector('pg_catalog.english', word)) as english,
           tsvector_to_array(to_tsvector('pg_catalog.german', word)) as german
    from unnest(${words}::text[]) as typed (word)`.execute(db)
  return new Map(rows.map(({ word, ...lexemes }) => [word, lexemes]))
}

/** How well a product matches by the query for one lexeme, in millionths: title and names count, the description only finds. */
const rankBy = (query: RawBuilder<unknown>) => sql`(ts_rank('{0, 0, 0.5, 1}', p.names, ${query}) * 1e6)::integer`
const queryOf = (lexeme: RawBuilder<unknown>) => sql`quote_literal(${lexeme})::tsquery`

/** Which products have each of the lexemes, and how well they match by it; whatever the market. */
export async function postingsOf(db: Reader, lexemes: readonly string[]): Promise<ReadonlyMap<string, WordPosting>> {
  const { rows } = await sql<{ lexeme: string; products: Buffer | null; reached: number }>`
    select lexeme, (select coalesce(max(number), 0) from news) as reached,
           (select string_agg(int4send(p.n) || int4send(${rankBy(queryOf(sql`lexeme`))}), '')
            from products p where p.words @@ quote_literal(lexeme)::tsquery) as products
    from unnest(${lexemes}::text[]) as wanted (lexeme)`.execute(db)
  return new Map(
    rows.map(({ lexeme, products, reached }) => [lexeme, wordPosting(products ?? Buffer.alloc(0), reached)]),
  )
}

/**
 * Which of the products numbered from `from` on, before `end`, have which of the lexemes, for all lexemes at once: each product is read
 * once, however many there are. @returns places and ranks as `wordPosting` takes them, by the lexeme's place among those asked for;
 * `after`: whether there are products from `end` on.
 */
export async function postingsWithin(db: Reader, lexemes: readonly string[], from: number, end: number) {
  const { rows } = await sql<{ reached: number; after: boolean; lexeme: number | null; products: Buffer | null }>`
    with wanted as materialized (
      select number, lexeme, ${queryOf(sql`lexeme`)} as query
      from unnest(${lexemes}::text[]) with ordinality as given (lexeme, number)),
    found as materialized (
      select wanted.number - 1 as lexeme,
             string_agg(int4send(p.n) || int4send(${rankBy(sql`wanted.query`)}), '') as products
      from products p cross join unnest(p.words) as own join wanted on wanted.lexeme = own.lexeme
      where p.n >= ${from} and p.n < ${end}
      group by wanted.number)
    select (select coalesce(max(number), 0) from news) as reached,
           exists (select from products p where p.n >= ${end}) as after, found.lexeme, found.products
    from (select) as always left join found on true`.execute(db)
  const { reached, after } = rows[0] as (typeof rows)[number]
  const found = rows.flatMap(({ lexeme, products }) => (lexeme === null || !products ? [] : [{ lexeme, products }]))
  return { reached, after, found }
}

/** Products of whose words news are read one by one: of more, all is read anew. */
const changedAtMost = 2_000

/** What has changed of lexemes since `place`. Of the products at `places` those in `ranks` have the lexeme, by its index. */
export type WordChange = {
  readonly places: readonly number[]
  readonly ranks: readonly (readonly [lexeme: number, place: number, rank: number])[]
  readonly reached: number
}

/** @returns null when too much has changed, or nobody knows what */
export async function wordsChangedSince(
  db: Reader,
  place: number,
  lexemes: readonly string[],
): Promise<WordChange | null> {
  const { rows } = await sql<WordChange & { complete: boolean }>`
    with reached as materialized (select coalesce(max(number), 0) as number, coalesce(min(number), 0) as first from news),
    changed as materialized (
      select distinct id from news, unnest(product_ids) id where news.number > ${place} limit ${changedAtMost} + 1)
    select reached.number as reached,
           reached.first - 1 <= ${place} and (select count(*) from changed) <= ${changedAtMost} as complete,
           (select coalesce(json_agg(n), '[]') from products where product_id in (table changed)) as places,
           (select coalesce(json_agg(json_build_array(wanted.number - 1, p.n, ${rankBy(queryOf(sql`wanted.lexeme`))})), '[]')
            from products p cross join unnest(p.words) as own
            join unnest(${lexemes}::text[]) with ordinality as wanted (lexeme, number) on wanted.lexeme = own.lexeme
            where p.product_id in (table changed)) as ranks
    from reached`.execute(db)
  const { complete, ...change } = theOnly(rows)
  return complete ? change : null
}

/** Lexemes that so many products have or more, and such a share of them, most frequent first, as far as PostgreSQL's statistics know them. */
export async function commonLexemes(
  db: Reader,
  products: number,
  share: number,
): Promise<readonly { readonly lexeme: string; readonly products: number }[]> {
  const { rows } = await sql<{ lexeme: string; products: number }>`
    select lexeme, reltuples * frequency as products from pg_class c
    join pg_stats s on s.schemaname = current_schema() and s.tablename = c.relname and s.attname = 'words',
         unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) as common (lexeme, frequency)
    where c.oid = 'products'::regclass and lexeme is not null and reltuples * frequency >= ${products} and frequency >= ${share}
    order by frequency desc`.execute(db)
  return rows
}

/** Words compared with a mistyped one: the nearest by letters in common, of which the fewest edits decide. */
const candidatesAtMost = 20

/** Each of the words that is nowhere, with the words that look most like it, nearest first: none of a letter or a number. */
export async function unknownWords(
  db: Reader,
  words: readonly string[],
): Promise<readonly { readonly word: string; readonly candidates: readonly string[] }[]> {
  const { rows } = await sql<{ word: string; candidates: string[] }>`
    select word, (
      select coalesce(json_agg(near.word), '[]')
      from (select v.word from vocabulary v where length(typed.word) > 1 and typed.word !~ '^[0-9]+$'
            order by v.word <-> typed.word limit ${candidatesAtMost}) near) as candidates
    from unnest(${[...new Set(words)]}::text[]) as typed (word)
    where not exists (select from products where words @@ query_of(typed.word))`.execute(db)
  return rows
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
    with titles as materialized (
      select product_id, title_key, 2 as how from products where title_key like ${`${typed}%`}
      order by title_key limit ${suggestionsLookedAt}),
    begins as materialized (
      table titles
      union all
      -- They stand behind all titles, and for a letter or two PostgreSQL would collect most products there are.
      (select product_id, title_key, 1 from products
       where names @@ ${prefixes}::tsquery and (select count(*) from titles) < ${suggestionsLookedAt}
       limit ${suggestionsLookedAt})),
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
