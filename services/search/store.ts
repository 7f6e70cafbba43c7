import type { RawBuilder } from 'kysely'
import { type Executor, type Reader, sql, type Transaction } from '#kernel/database'
import { type Entry, goneEntry, type Listed } from './build-listing.ts'
import { shortHash } from './fold.ts'
import type { Reading } from './read-products.ts'
import type { Change } from './term-index.ts'

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
  await sql`select put_products(${read}, ${since}, ${toJson(entries)}::jsonb)`.execute(tx)
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

/** With a digest of each: what has the same is written already. PostgreSQL's jsonb has no NUL and no half of a surrogate pair. */
function toJson(entries: readonly Entry[]): string {
  const texts = entries.map((entry) => {
    const text = JSON.stringify(entry)
    return `{"entryHash":"${shortHash(text)}",${text.slice(1)}`
  })
  const json = `[${texts.join(',')}]`
  return foreignToJsonb.test(json) ? withoutForeign(json) : json
}

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

/** How far somebody has read what changes here. */
export type Place = { readonly changed: number; readonly termId: number }

/**
 * Whether anything is new since `place`, for who asks again and again: PostgreSQL plans what asks for all that is new at each call, since
 * no plan for any place is as good, and that takes ten times as long as the answer.
 */
export async function isChangedSince(db: Reader, { changed }: Place): Promise<boolean> {
  const { rows } = await sql<{ isChanged: boolean }>`
    select coalesce(greatest((select max(changed) from postings), (select max(changed) from listings)) > ${changed}, false)
      as "isChanged"`.execute(db)
  return theOnly(rows).isChanged
}

/** All that is new since `place`, or all there is since null, as of one moment; and how far that is. */
export async function changesSince(db: Reader, place: Place | null): Promise<Change & { readonly place: Place }> {
  const isNew = place === null ? sql`true` : sql`changed > ${place.changed}`
  const { rows } = await sql<{
    terms: Change['terms']
    postings: EncodedPostings
    prices: Change['prices']
    changed: number
  }>`
    select
      (select coalesce(json_agg(json_build_object('id', id, 'key', key, 'title', title, 'folded', folded, 'value', value)
                                order by id), '[]')
       from terms where id > ${place?.termId ?? 0}) as terms,
      (select coalesce(json_agg(json_build_object('market', market, 'termId', term_id, 'block', block,
                                                  'bits', encode(bit_send(bits), 'base64'))), '[]')
       from postings where ${isNew}) as postings,
      (select coalesce(json_agg(json_build_object('market', market, 'places', places, 'prices', prices)), '[]')
       from (select market, json_agg(n) as places, json_agg(price_from) as prices
             from listings where ${isNew} group by market) l) as prices,
      greatest(${place?.changed ?? 0}::bigint, (select max(changed) from postings), (select max(changed) from listings))
        as changed`.execute(db)
  const { terms, postings, prices, changed } = theOnly(rows)
  return {
    terms,
    // The database says the length first.
    postings: postings.map(({ bits, ...one }) => ({ ...one, bits: Buffer.from(bits, 'base64').subarray(4) })),
    prices,
    place: { changed, termId: terms.at(-1)?.id ?? place?.termId ?? 0 },
  }
}

type EncodedPostings = readonly { market: string; termId: number; block: number; bits: string }[]

export type Found = { readonly n: number; readonly rank: number }

/** Products that have all the words, with how well they match; whatever the market. */
export async function found(db: Reader, words: string): Promise<Found[]> {
  const { rows } = await sql<{ places: number[]; ranks: number[] }>`
    select coalesce(json_agg(n), '[]') as places, coalesce(json_agg(rank), '[]') as ranks from found(${words})`.execute(
    db,
  )
  const { places, ranks } = theOnly(rows)
  return places.map((n, index) => ({ n, rank: ranks[index] ?? 0 }))
}

/** Words compared with a mistyped one: the nearest by letters in common, of which the fewest edits decide. */
const candidatesAtMost = 20

/** Each of the words that is nowhere, with the words that look most like it, nearest first. */
export async function unknownWords(
  db: Reader,
  words: readonly string[],
): Promise<readonly { readonly word: string; readonly candidates: readonly string[] }[]> {
  const { rows } = await sql<{ word: string; candidates: string[] }>`
    select word, (
      select coalesce(json_agg(near.word), '[]')
      from (select v.word from vocabulary v order by v.word <-> typed.word limit ${candidatesAtMost}) near) as candidates
    from unnest(${[...new Set(words)]}::text[]) as typed (word)
    where not exists (select from products where words @@ query_of(typed.word))`.execute(db)
  return rows
}

type Ordering = { readonly [part in 'key' | 'type' | 'direction' | 'beyond']: RawBuilder<unknown> }

/** What each sort sorts by, how a cursor's copy of it is read back, and which way. */
function ordering(sort: Exclude<Sort, 'relevance'>): Ordering {
  switch (sort) {
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
export type After = readonly [key: string | number, productId: string]

/** What a page is taken from: products at places, or those that have all of some groups of terms and a price in a range. */
export type Among =
  | { readonly places: readonly number[] }
  | {
      readonly terms: readonly (readonly number[])[]
      readonly price: { readonly least: number; readonly most: number } | null
    }

/**
 * A page of cards in an order that an index has, after the place that `after` names: sort key and product. Of products at places few
 * are sorted. Else the index is gone through until a page is found, which the inner select, planned by itself, sees to: whoever
 * plans this for any price expects next to nothing in its range, and would sort everything there is.
 */
export async function page(
  db: Reader,
  market: string,
  among: Among,
  view: { readonly sort: Exclude<Sort, 'relevance'>; readonly after: After | null; readonly limit: number },
): Promise<Row[]> {
  const { key, type, direction, beyond } = ordering(view.sort)
  const isAfter =
    view.after === null
      ? sql`true`
      : sql`(${key}, l.product_id) ${beyond} (${view.after[0]}::${type}, ${view.after[1]})`
  const order = sql`order by key ${direction}, "productId" ${direction}`
  if ('places' in among) {
    const { rows } = await sql<Row>`
      select l.card, ${key} as key, l.product_id as "productId" from listings l
      where l.market = ${market} and l.n = any(${among.places}::integer[]) and ${isAfter}
      ${order} limit ${view.limit}`.execute(db)
    return rows
  }
  const hasTerms = among.terms.map((anyOf) => sql`l.term_ids && ${anyOf}::integer[]`)
  const price = among.price ? sql`l.price_from between ${among.price.least} and ${among.price.most}` : sql`true`
  // An index by price is gone through within the range alone.
  const [inside, outside] = view.sort.startsWith('price') ? [price, sql`true`] : [sql`true`, price]
  const { rows } = await sql<Row>`
    select l.card, l.key, l."productId"
    from (select card, price_from, term_ids, ${key} as key, l.product_id as "productId" from listings l
          where l.market = ${market} and ${inside} and ${isAfter} ${order} offset 0) l
    where ${sql.join([outside, ...hasTerms], sql` and `)} ${order} limit ${view.limit}`.execute(db)
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
