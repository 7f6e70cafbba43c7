import { behindSearches } from './behind-searches.ts'
import { beginningWith, type Environment, type Index, isKey, type Table } from './lmdb-environment.ts'
import type { ListFilter, ProductDocument } from './port.ts'
import {
  type Beginning,
  comparedWordsAtMost,
  entriesOf,
  lineOf,
  longest,
  skusOf,
  stateEntry,
  typed,
  wholeEntry,
} from './product-words.ts'

type Product = ProductDocument['product']

/** How staff find products. `enter` and `remove` are for the inside of a write. */
export type LmdbWords = {
  /** Keeps what `product` is found by; `before` is what it was, if there was one. */
  enter(product: Product, before: Product | null): void
  remove(product: Product): void
  list(filter: ListFilter): Promise<ProductDocument[]>
  /** Ends what goes on behind searches. */
  close(): Promise<void>
}

/** Products of which some entry begins so, newest first from before an id on: in lists, each read when it is wanted. */
type Lead = {
  idsBefore(before: string): Generator<string[]>
  /** Whatever can be found is among them, however the words are looked for. */
  readonly hasAll?: true
}

/**
 * Products whose ids follow each other have a stretch of the index to themselves. What is written at once is then together on few pages,
 * where one list of all products would be a page to write for each word: 11 µs a product instead of 45. A search looks into every
 * stretch, at 5 to 10 µs each, until it has a page.
 */
type Stretch = { readonly from: string; readonly number: number; readonly count: number; readonly newest: string }

/** Their entries are half a megabyte. */
const productsAStretch = 2_048
/** Before every id. */
const first = '!'
/** After every id. */
const last = '\u{10ffff}'

/** Entries that a search looks at before others get their turn on the event loop. */
const entriesATurn = 2_000
/** A stretch takes as long to look into as so many entries. */
const entriesASeek = 10
/** More words than this that begin so are read to the end of a stretch, since each is a list of its own to look into. */
const wordsMergedAtMost = 16
/** How many of the newest products are compared, to tell which of several words has the fewest, or goes back the farthest. */
const comparedAtMost = 500
/** A state that more products have is no place to look for parts of words: all lines are read sooner. */
const ofStateAtMost = 20_000
/** The least and the most that is read of a word at once. */
const [listAtLeast, listAtMost] = [16, 2_000]
/** Written in one transaction: 5 ms. */
const filledAtOnce = 100
/** Another version may write products beside this one, without entries; looking for them takes a second at a million. */
const lookEveryMs = 60 * 60_000
const lookAgainMs = 60_000
/** Ends a line whose product has its entries: a version that knows of none writes its lines without. */
const entered = '\n'

/**
 * A line a product, and an index of entries, both written with the product. The index leads to products, and the line tells whether
 * one of them fits. Texts with signs have entries only where neither `handles` nor `skus` leads to them.
 */
export function lmdbWords(environment: Environment, get: (productId: string) => ProductDocument | null): LmdbWords {
  /** Status, then title, handle and SKUs in lower case. */
  const lines = environment.table<string>('lines', 'string')
  const index = environment.index('words')
  const handles = environment.table<string>('handles', 'string')
  const skus = environment.table<string>('skus', 'string')
  const stretches = lmdbStretches(environment, lines)
  const filling = fillIn(environment, get, lines, (product) => enter(product, null))

  const enter = (product: Product, before: Product | null): void => {
    const { id } = product
    const lineBefore = before ? lines.get(id) : undefined
    const line = `${product.status}\n${lineOf(product)}${entered}`
    // Most of an import changes no words.
    if (before && line === lineBefore && sameTexts(skusOf(before), skusOf(product))) return
    const wasEntered = before !== null && lineBefore?.endsWith(entered) === true
    const keyOf = wasEntered ? stretches.keysOf(id) : stretches.take(id)
    const entries = entriesOf(product, isOfOneCase)
    const former = wasEntered ? entriesOf(before, isOfOneCase) : new Set<string>()
    for (const entry of former) if (!entries.has(entry)) index.removeSync(keyOf(entry), id)
    for (const entry of entries) if (!former.has(entry)) index.putSync(keyOf(entry), id)
    lines.putSync(id, line)
  }
  const remove = (product: Product): void => {
    const keyOf = stretches.keysOf(product.id)
    for (const entry of entriesOf(product, isOfOneCase)) index.removeSync(keyOf(entry), product.id)
    lines.removeSync(product.id)
  }

  const ofEntry = (entry: string): Lead => ({
    *idsBefore(before) {
      for (const stretch of stretches.before(before)) yield* merged(index, [keyIn(stretch, entry)], before)
    },
  })
  const beginning = (text: string): Lead => ({
    *idsBefore(before) {
      for (const stretch of stretches.before(before)) {
        const range = beginningWith(keyIn(stretch, text))
        const words = [...index.getKeys({ ...range, limit: wordsMergedAtMost + 1 })]
        if (words.length <= wordsMergedAtMost) yield* merged(index, words, before)
        else yield* ofIds([...index.getRange(range)].map(({ value }) => value)).idsBefore(before)
      }
    },
  })
  /** Texts with signs are mostly of one product each, since they are handles and SKUs. Null where there is none, or more than a few. */
  const wholes = (text: string): Lead | null => {
    const ids: string[] = []
    const add = (found: Iterable<{ readonly value: string }>): void => {
      for (const { value } of found) ids.push(value)
    }
    const rangeOf = (beginning: string) => ({ ...beginningWith(beginning), limit: comparedAtMost })
    add(handles.getRange(rangeOf(text)))
    for (const written of new Set([text, text.toUpperCase()])) add(skus.getRange(rangeOf(written)))
    for (const stretch of stretches.before(last)) {
      if (ids.length >= comparedAtMost) return null
      add(index.getRange(rangeOf(keyIn(stretch, wholeEntry(text)))))
    }
    return ids.length === 0 || ids.length >= comparedAtMost ? null : ofIds(ids)
  }
  const leadsOfWord = (word: string): Lead[] => {
    if (!isKey(word)) return []
    const { whole, pieces } = typed(word)
    const found = whole === null ? null : wholes(whole)
    return found ? [found] : pieces.map(ofBeginning)
  }
  const ofBeginning = ({ text, isEntry }: Beginning): Lead => (isEntry ? ofEntry(text) : beginning(text))
  const countOf = (entry: string): number =>
    stretches.before(last).reduce((sum, stretch) => sum + index.getValuesCount(keyIn(stretch, entry)), 0)
  /** The same for every page of a search: only then no product is missing between two. */
  const leadOf = async ({ words, status }: ListFilter): Promise<Lead | null> => {
    const leads = longest(words).flatMap(leadsOfWord).slice(0, comparedWordsAtMost)
    if (status === null) return leads.length > 1 ? bestOf(leads) : (leads[0] ?? null)
    const entry = stateEntry(status)
    const ofState: Lead = { ...ofEntry(entry), hasAll: true }
    const best = await bestOf([...leads, ofState])
    // Where nothing begins so, parts of words are looked for, and in the lines that is quicker than in a state that many have.
    const isForParts = best === ofState && words.length > 0 && countOf(entry) > ofStateAtMost && !leads.some(hasSome)
    return isForParts ? null : best
  }

  const throughLead = async (lead: Lead, filter: ListFilter): Promise<ProductDocument[]> => {
    const found: ProductDocument[] = []
    let looked = 0
    for (const ids of lead.idsBefore(filter.before ?? last)) {
      for (const id of ids) {
        const line = lines.get(id)
        const document = line !== undefined && fits(line, filter) ? get(id) : null
        if (document) found.push(document)
        if (found.length === filter.limit) return found
      }
      looked += ids.length + entriesASeek
      if (looked < entriesATurn) continue
      looked = 0
      await turn()
    }
    return found
  }
  const throughLines = async (filter: ListFilter): Promise<ProductDocument[]> => {
    const found: ProductDocument[] = []
    for await (const page of pagesOf(lines, filter.before ?? last))
      for (const { key, value } of page) {
        const document = fits(value, filter) ? get(key) : null
        if (document) found.push(document)
        if (found.length === filter.limit) return found
      }
    return found
  }

  return {
    enter,
    remove,
    async list(filter) {
      const { words, status, before } = filter
      if (words.length === 0 && status === null) return throughLines(filter)
      filling.start()
      const lead = filling.isDone() ? await leadOf(filter) : null
      if (!lead) return throughLines(filter)
      const found = await throughLead(lead, filter)
      if (found.length > 0 || lead.hasAll) return found
      const isPastLast = before !== null && (await throughLead(lead, { ...filter, before: null, limit: 1 })).length > 0
      return isPastLast ? found : throughLines(filter)
    },
    close: () => filling.close(),
  }
}

const fits = (line: string, { words, status }: ListFilter): boolean =>
  (status === null || line.startsWith(`${status}\n`)) && words.every((word) => line.includes(word, line.indexOf('\n')))

/** Whether the table of SKUs, which keeps them as they are written, has it under one of the two ways in which it is asked. */
const isOfOneCase = (text: string): boolean => {
  const lower = text.toLowerCase()
  return text === lower || text === lower.toUpperCase()
}

const sameTexts = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text, n) => text === other[n])

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

type Line = { readonly key: string; readonly value: string }

/** The lines of all products before one, newest first; between pages others get their turn. */
async function* pagesOf(lines: Table<string>, before: string): AsyncGenerator<Line[]> {
  for (let end = before; ; ) {
    const range = { start: end, exclusiveStart: true, reverse: true, limit: entriesATurn }
    const page = [...lines.getRange(range)] as Line[]
    yield page
    const oldest = page.at(-1)
    if (!oldest || page.length < entriesATurn) return
    end = oldest.key
    await turn()
  }
}

/** Products that are known already. */
function ofIds(ids: readonly string[]): Lead {
  const sorted = [...new Set(ids)].sort().reverse()
  return {
    *idsBefore(before) {
      const start = sorted.findIndex((id) => id < before)
      for (let n = start; n >= 0 && n < sorted.length; n += entriesATurn) yield sorted.slice(n, n + entriesATurn)
    },
  }
}

/**
 * The products of several words of a stretch, newest first. Of a word with many only as much is read as is asked for. There is always a
 * list, so that who goes through many stretches can pause.
 */
function* merged(index: Index, words: readonly string[], before: string): Generator<string[]> {
  const most = Math.max(listAtLeast, Math.floor(listAtMost / words.length))
  const lists = words.map((word) => ({ word, ids: [] as string[], end: before, size: listAtLeast, hasMore: true }))
  for (;;) {
    for (const list of lists) {
      if (!list.hasMore || list.ids.length > 0) continue
      const range = { start: list.end, exclusiveStart: true, reverse: true, limit: list.size }
      list.ids = [...index.getValues(list.word, range)]
      list.hasMore = list.ids.length === list.size
      list.end = list.ids.at(-1) ?? list.end
      list.size = Math.min(most, list.size * 2)
    }
    // What is older may be preceded by what was not read yet of another word.
    const backTo = lists.reduce((newest, { hasMore, end }) => (hasMore && end > newest ? end : newest), '')
    const found = lists.flatMap((list) => {
      const count = list.ids.findIndex((id) => id < backTo)
      return list.ids.splice(0, count === -1 ? list.ids.length : count)
    })
    yield [...new Set(found)].sort().reverse()
    if (found.length === 0) return
  }
}

function hasSome(lead: Lead): boolean {
  for (const ids of lead.idsBefore(last)) if (ids.length > 0) return true
  return false
}

/**
 * The lead with the least to look at, of those that have something or all. Where each has many it is the one that goes back the farthest: what
 * old products alone have together with what the newest have is looked for among the old.
 */
async function bestOf(leads: readonly Lead[]): Promise<Lead | null> {
  const compared: { lead: Lead; newest: string[] }[] = []
  for (const lead of leads) {
    const newest = newestOf(lead)
    if (lead.hasAll || newest.length > 0) compared.push({ lead, newest })
    await turn()
  }
  const [fewest] = compared.toSorted((a, b) => a.newest.length - b.newest.length)
  if (!fewest || fewest.newest.length < comparedAtMost) return fewest?.lead ?? null
  const backTo = ({ newest }: { newest: string[] }): string => newest.at(-1) ?? ''
  return compared.reduce((best, one) => (backTo(one) < backTo(best) ? one : best)).lead
}

function newestOf(lead: Lead): string[] {
  const newest: string[] = []
  for (const ids of lead.idsBefore(last)) {
    newest.push(...ids)
    if (newest.length >= comparedAtMost) break
  }
  return newest.slice(0, comparedAtMost)
}

const keyIn = ({ number }: Pick<Stretch, 'number'>, entry: string): string =>
  `${number.toString(36).padStart(4, '0')}${entry}`

/** The stretches of the index, by the id from which on a product is in it. One is never made shorter: a product stays where it is. */
function lmdbStretches(environment: Environment, lines: Table<string>) {
  const table = environment.table<[number: number, count: number, newest: string]>('word-stretches', 'ordered-binary')
  const toStretch = ({
    key,
    value: [number, count, newest],
  }: {
    key: unknown
    value: [number, number, string]
  }): Stretch => ({
    from: key as string,
    number,
    count,
    newest,
  })
  const stretchOf = (id: string): Stretch => {
    const [found] = table.getRange({ start: id, reverse: true, limit: 1 })
    return found ? toStretch(found) : { from: first, number: 0, count: 0, newest: '' }
  }
  /** Products that were there before the index fill stretches of their own, in their order. */
  const begin = (): void => {
    const [begun] = table.getKeys({ limit: 1 })
    const [newest] = begun === undefined ? lines.getKeys({ reverse: true, limit: 1 }) : []
    if (newest !== undefined) table.putSync(`${newest as string}~`, [1, 0, ''])
  }
  const keysOf = (stretch: Stretch) => (entry: string) => keyIn(stretch, entry)
  return {
    /** The keys of entries of a product that has some. */
    keysOf: (id: string) => keysOf(stretchOf(id)),
    /**
     * The keys for a product that has no entries yet. It is in the stretch that it falls into; what comes after all of a full one begins
     * the next.
     */
    take(id: string) {
      let own = stretchOf(id)
      if (own.count === 0) {
        begin()
        own = stretchOf(id)
      }
      const isNext = own.count >= productsAStretch && id > own.newest
      const stretch = isNext ? { from: id, number: table.getKeysCount() + 1, count: 0, newest: id } : own
      const newest = id > stretch.newest ? id : stretch.newest
      table.putSync(stretch.from, [stretch.number, stretch.count + 1, newest])
      return keysOf(stretch)
    },
    /** Those that may have products before an id, newest first. */
    before: (id: string): Stretch[] =>
      [...table.getRange({ start: id, exclusiveStart: true, reverse: true })].map(toStretch),
  }
}

/**
 * Enters products that a version without entries has written, from the first search on and behind it. Ended at any moment it goes on
 * with what is missing. It is done when all were looked at once, by any process; who writes without entries later is found by the next
 * look.
 */
function fillIn(
  environment: Environment,
  get: (productId: string) => ProductDocument | null,
  lines: Table<string>,
  enter: (product: Product) => void,
) {
  const shop = environment.table<string>('shop', 'string')
  const isDone = (): boolean => shop.get('words') !== undefined
  // Until it can be written searches go through the lines.
  const looking = behindSearches({ everyMs: lookEveryMs, afterFailureMs: lookAgainMs }, async (isClosed) => {
    // The oldest first: in that order stretches are filled.
    for (let after = first; !isClosed(); ) {
      const page = [...lines.getRange({ start: after, exclusiveStart: true, limit: entriesATurn })] as Line[]
      const missing = page.flatMap(({ key, value }) => (value.endsWith(entered) ? [] : [key]))
      while (missing.length > 0 && !isClosed()) {
        const ids = missing.splice(0, filledAtOnce)
        await environment.write(() => {
          for (const id of ids) {
            const document = get(id)
            if (document && !lines.get(id)?.endsWith(entered)) enter(document.product)
          }
        })
      }
      const newest = page.at(-1)
      if (!newest) break
      after = newest.key
      await turn()
    }
    if (isClosed()) return
    if (!isDone()) await environment.write(() => void shop.putSync('words', 'entered'))
  })
  return { ...looking, isDone }
}
