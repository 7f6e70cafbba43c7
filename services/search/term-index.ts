import { categoryKey, flagKey } from './build-listing.ts'

/** Products that a block of bits is for: as many as a row of `postings` has. */
const blockSize = 4_096
const bytesABlock = blockSize / 8
const wordsABlock = blockSize / 32
/** Up to so many products their places take less memory than the bits of a block. */
const placesAtMost = 256

export type TermFacts = {
  readonly id: number
  readonly key: string
  readonly title: string
  readonly folded: string
  readonly value: string
}

/** What is new in the read model: whole blocks of bits, and what a product costs from. */
export type Change = {
  readonly terms: readonly TermFacts[]
  /** `bits`: product n is bit n % 4096, the first of a byte being its highest. */
  readonly postings: readonly { market: string; termId: number; block: number; bits: Uint8Array }[]
  readonly prices: readonly { market: string; places: readonly number[]; prices: readonly number[] }[]
}

/** Parts of a question that are met by any of their terms, and all of which must be met. */
export type Parts = {
  /** Without a key: nothing is counted without it. */
  readonly terms: readonly { readonly key?: string; readonly anyOf: readonly number[] }[]
  /** Places of the products that have the words asked for; null where none were. */
  readonly found: Iterable<number> | null
  readonly price: { readonly least: number; readonly most: number } | null
}

export type Count = { readonly term: TermFacts; readonly count: number }

export type Matches = {
  readonly count: number
  /** Places of those that match, ascending. */
  readonly places: () => number[]
  readonly has: (place: number) => boolean
  /** How many have each term, counted without the part that has the term's own key. */
  readonly counts: () => Count[]
  /** Lowest and highest price of what matches but for the price. */
  readonly priceRange: () => { readonly lowest: number; readonly highest: number } | null
}

type Words = Uint32Array<ArrayBuffer>
/** The same bits as words, to be counted, and as bytes, to find one by its place. */
type Bits = { readonly words: Words; readonly bytes: Uint8Array }
/** Of a term, by block: bits, or where there are few their places. */
type Posting = (Words | Uint16Array<ArrayBuffer> | undefined)[]
type Market = { readonly postings: Map<number, Posting>; readonly prices: Map<number, Float64Array>; blocks: number }

/**
 * Which products have which terms and cost what, in memory: a facet's count is a few machine words. It is a copy of what the
 * database keeps, and whoever asks brings it up to date first. At 100,000 products and some hundred terms about 4 MB a market.
 */
export function termIndex() {
  const terms = new Map<number, TermFacts>()
  const ids = new Map<string, number>()
  const markets = new Map<string, Market>()

  const marketOf = (code: string): Market => {
    const known = markets.get(code) ?? { postings: new Map(), prices: new Map(), blocks: 0 }
    markets.set(code, known)
    return known
  }

  return {
    apply(change: Change): void {
      for (const term of change.terms) {
        terms.set(term.id, term)
        ids.set(`${term.key} ${term.folded}`, term.id)
      }
      for (const { market: code, termId, block, bits } of change.postings) {
        const market = marketOf(code)
        const posting = market.postings.get(termId) ?? []
        posting[block] = packed(bits)
        market.postings.set(termId, posting)
        market.blocks = Math.max(market.blocks, block + 1)
      }
      for (const { market: code, places, prices } of change.prices) {
        const market = marketOf(code)
        for (const [index, place] of places.entries()) {
          const block = Math.floor(place / blockSize)
          const known = market.prices.get(block) ?? new Float64Array(blockSize).fill(Number.NaN)
          known[place % blockSize] = prices[index] ?? Number.NaN
          market.prices.set(block, known)
        }
      }
    },
    idOf: (key: string, folded: string): number | undefined => ids.get(`${key} ${folded}`),
    match: (market: string, parts: Parts): Matches => match(marketOf(market), terms, parts),
  }
}

export type TermIndex = ReturnType<typeof termIndex>

function match(market: Market, terms: ReadonlyMap<number, TermFacts>, { terms: given, found, price }: Parts): Matches {
  const sets: { readonly part: string | null; readonly bits: Bits }[] = given.map(({ key, anyOf }) => ({
    part: key ?? null,
    bits: anyOfTerms(market, anyOf),
  }))
  if (found) sets.push({ part: null, bits: ofPlaces(market, found) })
  const priced = price && withinPrices(market, price)
  const all = intersection(market, [...sets.map(({ bits }) => bits), ...(priced ? [priced] : [])])
  const without = (part: string): Bits =>
    intersection(market, [
      ...sets.filter((one) => one.part !== part).map(({ bits }) => bits),
      ...(priced ? [priced] : []),
    ])
  const unpriced = priced
    ? intersection(
        market,
        sets.map(({ bits }) => bits),
      )
    : all

  return {
    count: countOf(all),
    places: () => placesOf(all),
    has: (place) => isSet(all.bytes, place),
    counts() {
      const byKey = new Map(sets.flatMap(({ part }) => (part === null ? [] : [[part, without(part)] as const])))
      const counted: Count[] = []
      for (const [id, posting] of market.postings) {
        const term = terms.get(id)
        if (!term || term.key === flagKey || term.key === categoryKey) continue
        const count = countAmong(posting, byKey.get(term.key) ?? all)
        if (count > 0) counted.push({ term, count })
      }
      return counted
    },
    priceRange: () => priceRangeOf(market, unpriced),
  }
}

/** The bits of a block as they are kept: few as places. */
function packed(bits: Uint8Array): Words | Uint16Array<ArrayBuffer> {
  // A copy, since what came is a slice of something larger, at any offset.
  const own = bitsOf(new Uint32Array(new Uint8Array(bits).buffer))
  return countOf(own) <= placesAtMost ? Uint16Array.from(placesOf(own)) : own.words
}

const bitsOf = (words: Words): Bits => ({ words, bytes: new Uint8Array(words.buffer) })
const noBits = (market: Market): Bits => bitsOf(new Uint32Array(market.blocks * wordsABlock))

const isSet = (bytes: Uint8Array, place: number): boolean =>
  ((bytes[place >> 3] as number) & (0x80 >> (place & 7))) !== 0

function setPlace(bytes: Uint8Array, place: number): void {
  const at = place >> 3
  if (at < bytes.length) bytes[at] = (bytes[at] as number) | (0x80 >> (place & 7))
}

function anyOfTerms(market: Market, termIds: readonly number[]): Bits {
  const { words, bytes } = noBits(market)
  for (const id of termIds) {
    for (const [block, kept] of (market.postings.get(id) ?? []).entries()) {
      if (kept instanceof Uint16Array) for (const place of kept) setPlace(bytes, block * blockSize + place)
      else if (kept)
        for (let i = 0, at = block * wordsABlock; i < wordsABlock; i++, at++)
          words[at] = (words[at] as number) | (kept[i] as number)
    }
  }
  return { words, bytes }
}

function ofPlaces(market: Market, places: Iterable<number>): Bits {
  const bits = noBits(market)
  for (const place of places) setPlace(bits.bytes, place)
  return bits
}

function withinPrices(market: Market, { least, most }: { least: number; most: number }): Bits {
  const bits = noBits(market)
  for (const [block, prices] of market.prices) {
    for (let at = 0, place = 0; at < bytesABlock; at++) {
      let byte = 0
      for (let bit = 0x80; bit > 0; bit >>= 1, place++) {
        const price = prices[place] as number
        if (price >= least && price <= most) byte |= bit
      }
      bits.bytes[block * bytesABlock + at] = byte
    }
  }
  return bits
}

function intersection(market: Market, sets: readonly Bits[]): Bits {
  const [first, ...others] = sets
  if (!first) return noBits(market)
  const words = first.words.slice()
  for (const other of others)
    for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) & (other.words[i] as number)
  return bitsOf(words)
}

/** Bits that are set in a word (Hacker's Delight, section 5-1). */
function ones(word: number): number {
  let sum = word - ((word >>> 1) & 0x55555555)
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333)
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function countOf({ words }: Bits): number {
  let count = 0
  for (let i = 0; i < words.length; i++) count += ones(words[i] as number)
  return count
}

function countAmong(posting: Posting, { words, bytes }: Bits): number {
  let count = 0
  for (let block = 0; block < posting.length; block++) {
    const kept = posting[block]
    if (kept === undefined) continue
    if (kept instanceof Uint16Array) {
      const from = block * bytesABlock
      for (let i = 0; i < kept.length; i++) {
        const place = kept[i] as number
        count += ((bytes[from + (place >> 3)] as number) >> (7 - (place & 7))) & 1
      }
    } else {
      const from = block * wordsABlock
      for (let i = 0; i < wordsABlock; i++) count += ones((kept[i] as number) & (words[from + i] as number))
    }
  }
  return count
}

function placesOf({ bytes }: Bits): number[] {
  const places: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    for (let bit = 0; byte !== 0 && bit < 8; bit++) if (byte & (0x80 >> bit)) places.push(at * 8 + bit)
  }
  return places
}

function priceRangeOf(market: Market, { bytes }: Bits): ReturnType<Matches['priceRange']> {
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  for (const [block, prices] of market.prices) {
    for (let place = 0; place < blockSize; place++) {
      if (!isSet(bytes, block * blockSize + place)) continue
      const price = prices[place] as number
      if (price < lowest) lowest = price
      if (price > highest) highest = price
    }
  }
  return lowest <= highest ? { lowest, highest } : null
}
