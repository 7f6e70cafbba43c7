import {
  type Bits,
  bitsOf,
  blockSize,
  bytesABlock,
  countOf,
  intersection,
  noBits,
  ones,
  placesOf,
  setPlace,
  type Words,
  wordsABlock,
} from './bits.ts'
import { categoryKey, flagKey } from './build-listing.ts'
import { firstPlaces, type Sorted, type View } from './first-places.ts'

/** Up to so many products their places take less memory than the bits of a block. */
const placesAtMost = 256

export type TermFacts = {
  readonly id: number
  readonly key: string
  readonly title: string
  readonly folded: string
  readonly value: string
}

/** What is new in the read model: whole blocks of bits, and by what a product is sorted. */
export type Change = {
  readonly terms: readonly TermFacts[]
  /** `bits`: product n is bit n % 4096, the first of a byte being its highest. */
  readonly postings: readonly { market: string; termId: number; block: number; bits: Uint8Array }[]
  readonly listings: readonly {
    market: string
    places: readonly number[]
    prices: readonly number[]
    /** Epoch milliseconds. */
    createdAt: readonly number[]
  }[]
}

/** Parts of a question that are met by any of their terms, and all of which must be met. */
export type Parts = {
  /** Without a key: nothing is counted without it. */
  readonly terms: readonly { readonly key?: string; readonly anyOf: readonly number[] }[]
  /** The products that have the words asked for, in any market; null where none were. */
  readonly found: Bits | null
  readonly price: { readonly least: number; readonly most: number } | null
}

export type Count = { readonly term: TermFacts; readonly count: number }

export type Matches = {
  readonly count: number
  /** Places of those that match, ascending. */
  readonly places: () => number[]
  readonly first: (by: 'price' | 'createdAt', view: View) => Sorted[]
  readonly bits: Bits
  /** How many have each term, counted without the part that has the term's own key. */
  readonly counts: () => Count[]
  /** Lowest and highest price of what matches but for the price. */
  readonly priceRange: () => { readonly lowest: number; readonly highest: number } | null
}

/** Of a term, by block: bits, or where there are few their places. */
type Posting = (Words | Uint16Array<ArrayBuffer> | undefined)[]
type Numbers = Map<number, Float64Array>
type Market = {
  readonly postings: Map<number, Posting>
  readonly price: Numbers
  readonly createdAt: Numbers
  blocks: number
}

/**
 * Which products have which terms and cost what, in memory: a facet's count is a few machine words. It is a copy of what the
 * database keeps, and whoever asks brings it up to date first. At 100,000 products and some hundred terms about 5 MB a market.
 */
export function termIndex() {
  const terms = new Map<number, TermFacts>()
  const ids = new Map<string, number>()
  const markets = new Map<string, Market>()

  const marketOf = (code: string): Market => {
    const known = markets.get(code) ?? { postings: new Map(), price: new Map(), createdAt: new Map(), blocks: 0 }
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
      for (const { market: code, places, prices, createdAt } of change.listings) {
        const market = marketOf(code)
        putNumbers(market.price, places, prices)
        putNumbers(market.createdAt, places, createdAt)
      }
    },
    idOf: (key: string, folded: string): number | undefined => ids.get(`${key} ${folded}`),
    match: (market: string, parts: Parts): Matches => match(marketOf(market), terms, parts),
  }
}

function putNumbers(numbers: Numbers, places: readonly number[], values: readonly number[]): void {
  for (const [index, place] of places.entries()) {
    const block = Math.floor(place / blockSize)
    const known = numbers.get(block) ?? new Float64Array(blockSize).fill(Number.NaN)
    known[place % blockSize] = values[index] ?? Number.NaN
    numbers.set(block, known)
  }
}

export type TermIndex = ReturnType<typeof termIndex>

function match(market: Market, terms: ReadonlyMap<number, TermFacts>, { terms: given, found, price }: Parts): Matches {
  const sets: { readonly part: string | null; readonly bits: Bits }[] = given.map(({ key, anyOf }) => ({
    part: key ?? null,
    bits: anyOfTerms(market, anyOf),
  }))
  if (found) sets.push({ part: null, bits: found })
  const priced = price && withinPrices(market, price)
  const all = intersection(market.blocks, [...sets.map(({ bits }) => bits), ...(priced ? [priced] : [])])
  const without = (part: string): Bits =>
    intersection(market.blocks, [
      ...sets.filter((one) => one.part !== part).map(({ bits }) => bits),
      ...(priced ? [priced] : []),
    ])
  const unpriced = priced
    ? intersection(
        market.blocks,
        sets.map(({ bits }) => bits),
      )
    : all

  return {
    count: countOf(all),
    places: () => placesOf(all),
    bits: all,
    first: (by, view) => firstPlaces(all, (block) => market[by].get(block), view),
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

function anyOfTerms(market: Market, termIds: readonly number[]): Bits {
  const { words, bytes } = noBits(market.blocks)
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

function withinPrices(market: Market, { least, most }: { least: number; most: number }): Bits {
  const bits = noBits(market.blocks)
  for (const [block, prices] of market.price) {
    const from = block * bytesABlock
    for (let place = 0; place < blockSize; place += 8) {
      let byte = 0
      for (let bit = 0; bit < 8; bit++) {
        const price = prices[place + bit] as number
        byte = (byte << 1) | Number(price >= least && price <= most)
      }
      bits.bytes[from + (place >> 3)] = byte
    }
  }
  return bits
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

function priceRangeOf(market: Market, { bytes }: Bits): ReturnType<Matches['priceRange']> {
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  for (const [block, prices] of market.price) {
    const from = block * bytesABlock
    for (let at = 0; at < bytesABlock; at++) {
      const byte = bytes[from + at] as number
      for (let bit = 0; byte !== 0 && bit < 8; bit++) {
        if ((byte & (0x80 >> bit)) === 0) continue
        const price = prices[at * 8 + bit] as number
        if (price < lowest) lowest = price
        if (price > highest) highest = price
      }
    }
  }
  return lowest <= highest ? { lowest, highest } : null
}
