import { setImmediate as aTurn } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { serviceCall, withCall } from '#kernel/call'
import type { Stale } from '#kernel/database'
import { blockSize } from './bits.ts'
import { forAllWhoAsk, whileThereIsTime } from './shared-read.ts'
import { commonLexemes, type Lexemes, lexemesOf, postingsOf, postingsWithin, wordsChangedSince } from './store.ts'
import { addBlocks, bytesOf, changePosting, type Hits, hitsOf, type WordPosting, wordPosting } from './word-index.ts'

/** Fewer products than this have most words, or less than one of a hundred: they are read for each search, in 2.5 µs a product. */
const commonFrom = 1_000
const commonShare = 0.01
/** Of all postings that are kept: a hundred thousand products need some seventeen million, and more of them ten times as many. */
const bytesKeptAtMost = 256_000_000
/** Of one posting: six, where each has a rank, and its bit. */
const bytesAProduct = 7
/** What a word's lexemes are depends on nothing, so they are kept as long as there is room: some hundred bytes each. */
const wordsKnownAtMost = 10_000
/** What has become common is found out so often. */
const warmEveryMs = 600_000

/** Products read in one statement, whole blocks of them: a second of PostgreSQL where each has a hundred words. */
const stretch = 2 * blockSize
/** Lexemes of a stretch after which others get their turn, one or two milliseconds. */
const lexemesATurn = 32

const dictionaries = ['simple', 'english', 'german'] as const

/** Whether a word's posting is kept. */
const isCommon = ({ count, blocks }: WordPosting): boolean =>
  count >= Math.max(commonFrom, blocks.length * blockSize * commonShare)

/** The most frequent of them, as many as take half of the room: the rest is for what is searched for. */
function fitting(common: Awaited<ReturnType<typeof commonLexemes>>): string[] {
  let bytes = 0
  return common.flatMap(({ lexeme, products }) => {
    bytes += products * bytesAProduct
    return bytes > bytesKeptAtMost / 2 ? [] : lexeme
  })
}

export type KeptWords = ReturnType<typeof keptWords>

/**
 * Which products have which words. Postings of common words are kept, and brought up to date before each search by what there are
 * news of; those of others are read when they are searched for. Common ones are read before anybody asks, all together.
 */
export function keptWords() {
  const known = new LRUCache<string, Lexemes>({ max: wordsKnownAtMost })
  const kept = new LRUCache<string, WordPosting>({
    maxSize: bytesKeptAtMost,
    sizeCalculation: bytesOf,
  })
  const reading = new Map<string, Promise<WordPosting>>()
  let catchingUp: Promise<void> | null = null
  let warmAgainAt = 0

  const lexemes = async (db: Stale, words: readonly string[]): Promise<readonly Lexemes[]> => {
    const unknown = words.filter((word) => !known.has(word))
    if (unknown.length > 0) for (const [word, found] of await lexemesOf(db, unknown)) known.set(word, found)
    return words.flatMap((word) => known.get(word) ?? [])
  }

  /** What a posting says is left alone where it is newer already: it was read meanwhile. */
  const catchUp = async (db: Stale): Promise<void> => {
    const postings = [...kept.entries()]
    const since = Math.min(...postings.map(([, { asOf }]) => asOf))
    const change = await wordsChangedSince(
      db,
      since,
      postings.map(([lexeme]) => lexeme),
    )
    if (!change) {
      kept.clear()
      warmAgainAt = 0
      return
    }
    const ranksOf = Map.groupBy(change.ranks, ([lexeme]) => lexeme)
    for (const [index, [, posting]] of postings.entries()) {
      if (posting.asOf >= change.reached) continue
      const ranks = new Map((ranksOf.get(index) ?? []).map(([, place, rank]) => [place, rank]))
      changePosting(posting, change.places, ranks)
      posting.asOf = change.reached
    }
  }

  /** One that is read already is not read again, unless it may be too old for who asks. */
  const read = async (db: Stale, wanted: readonly string[], news: number): Promise<[string, WordPosting][]> => {
    const underWay = wanted.map(
      async (lexeme) => [lexeme, (await reading.get(lexeme)?.catch(() => null)) ?? null] as const,
    )
    const begun = await whileThereIsTime(Promise.all(underWay))
    const [usable, missing] = [new Map<string, WordPosting>(), [] as string[]]
    for (const [lexeme, posting] of begun) {
      if (posting && posting.asOf >= news) usable.set(lexeme, posting)
      else missing.push(lexeme)
    }
    if (missing.length === 0) return [...usable]
    const all = forAllWhoAsk(() => postingsOf(db, missing))
    for (const lexeme of missing) {
      const one = all.then((postings) => {
        const posting = postings.get(lexeme) as WordPosting
        if (isCommon(posting)) kept.set(lexeme, posting)
        return posting
      })
      reading.set(lexeme, one)
      const forget = (): void => void (reading.get(lexeme) === one && reading.delete(lexeme))
      one.then(forget, forget)
    }
    for (const [lexeme, posting] of await whileThereIsTime(all)) usable.set(lexeme, posting)
    return [...usable]
  }

  /** In one pass over all products. What changes meanwhile is news since its beginning. */
  const warm = async (db: Stale): Promise<void> => {
    const common = await forAllWhoAsk(() => commonLexemes(db, commonFrom, commonShare))
    const lexemes = fitting(common).filter((lexeme) => !kept.has(lexeme))
    if (lexemes.length === 0) return
    const postings = lexemes.map((): WordPosting => ({ blocks: [], count: 0, asOf: 0 }))
    let asOf = Number.POSITIVE_INFINITY
    for (let from = 0, isAll = false; !isAll; from += stretch) {
      const { reached, after, found } = await forAllWhoAsk(() => postingsWithin(db, lexemes, from, from + stretch))
      for (const [index, { lexeme, products }] of found.entries()) {
        if (index % lexemesATurn === 0) await aTurn()
        addBlocks(postings[lexeme] as WordPosting, wordPosting(products, reached))
      }
      asOf = Math.min(asOf, reached)
      isAll = !after
    }
    for (const [index, posting] of postings.entries()) {
      const lexeme = lexemes[index] as string
      posting.asOf = asOf
      if (!kept.has(lexeme) && isCommon(posting)) kept.set(lexeme, posting)
    }
  }

  return {
    /** Reads what is common, unless that was begun a short time ago. What could not be read is read when it is searched for. */
    async warm(db: Stale): Promise<void> {
      if (performance.now() < warmAgainAt) return
      warmAgainAt = performance.now() + warmEveryMs
      const behind = serviceCall('search', { timeoutMs: warmEveryMs, importance: 'background' })
      await withCall(behind, () => warm(db)).catch(() => undefined)
    },
    /** Products that have all of the words, by one dictionary or another, as of `news` or later. */
    async find(db: Stale, words: readonly string[], news: number): Promise<Hits> {
      const found = await lexemes(db, words)
      const all = dictionaries.map((dictionary) => [...new Set(found.flatMap((one) => one[dictionary]))].sort())
      // Most words are the same to all of them.
      const branches = [...new Map(all.map((branch) => [branch.join(' '), branch])).values()].filter(
        (branch) => branch.length > 0,
      )
      const wanted = [...new Set(branches.flat())]
      const isBehind = (): boolean => wanted.some((lexeme) => (kept.peek(lexeme)?.asOf ?? news) < news)
      // One that is under way may have begun before these news.
      for (let turn = 0; turn < 2 && isBehind(); turn++) {
        catchingUp ??= catchUp(db).finally(() => {
          catchingUp = null
        })
        await catchingUp
      }
      const postings = new Map<string, WordPosting>()
      for (const lexeme of wanted) {
        const posting = kept.get(lexeme)
        if (posting) postings.set(lexeme, posting)
      }
      const missing = wanted.filter((lexeme) => !postings.has(lexeme))
      if (missing.length > 0) for (const [lexeme, one] of await read(db, missing, news)) postings.set(lexeme, one)
      return hitsOf(branches.map((branch) => branch.flatMap((lexeme) => postings.get(lexeme) ?? [])))
    },
  }
}
