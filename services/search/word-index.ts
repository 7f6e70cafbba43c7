import {
  type Bits,
  bitsOf,
  blockSize,
  countOf,
  intersection,
  isSet,
  noBits,
  setPlace,
  union,
  wordsABlock,
} from './bits.ts'
import { firstPlaces, type Sorted } from './first-places.ts'

/** Which products of a block have a lexeme; and of those that match better by it than others do, the places and how well. */
type Block = { readonly bits: Bits; readonly places: Uint16Array; readonly ranks: Uint32Array }

/** Which products have a lexeme, by block; and up to which news that is so. */
export type WordPosting = { readonly blocks: (Block | undefined)[]; count: number; asOf: number }

export type Hits = {
  readonly bits: Bits
  /** The best of what is set; of those that match as well the last that came into the read model. */
  readonly best: (among: Bits, view: { readonly after: Sorted | null; readonly limit: number }) => Sorted[]
}

/** Adds what is known of other blocks. */
export function addBlocks(posting: WordPosting, others: WordPosting): void {
  for (const [number, block] of others.blocks.entries()) if (block) posting.blocks[number] = block
  posting.count += others.count
}

/** Memory of a posting: bits of each block, and six bytes for each product that has a rank. */
export const bytesOf = ({ blocks }: WordPosting): number =>
  blocks.reduce((sum, block) => sum + (block ? block.bits.bytes.length + block.places.length * 6 : 0), 0)

/** A block while it is written: the rank of each place. */
type OpenBlock = { readonly bits: Bits; readonly ranked: Uint32Array }

function opened(block?: Block): OpenBlock {
  const [bits, ranked] = [noBits(1), new Uint32Array(blockSize)]
  if (block) bits.words.set(block.bits.words)
  block?.places.forEach((place, index) => {
    ranked[place] = block.ranks[index] as number
  })
  return { bits, ranked }
}

function closed({ bits, ranked }: OpenBlock): Block {
  let count = 0
  for (let place = 0; place < blockSize; place++) if (ranked[place] !== 0) count += 1
  const [places, ranks] = [new Uint16Array(count), new Uint32Array(count)]
  for (let place = 0, index = 0; index < count; place++) {
    if (ranked[place] === 0) continue
    places[index] = place
    ranks[index++] = ranked[place] as number
  }
  return { bits, places, ranks }
}

/** @param bytes of each product its place and its rank, four bytes each, highest first, in any order */
export function wordPosting(bytes: Buffer, asOf: number): WordPosting {
  const open: OpenBlock[] = []
  for (let at = 0; at < bytes.length; at += 8) {
    const place = bytes.readUInt32BE(at)
    const number = Math.floor(place / blockSize)
    const block = open[number] ?? opened()
    open[number] = block
    setPlace(block.bits.bytes, place % blockSize)
    block.ranked[place % blockSize] = bytes.readUInt32BE(at + 4)
  }
  return { blocks: Array.from(open, (block) => block && closed(block)), count: bytes.length / 8, asOf }
}

/** Writes anew what is known of products at `places`: those in `ranks` have the lexeme, the others do not. */
export function changePosting(
  posting: WordPosting,
  places: readonly number[],
  ranks: ReadonlyMap<number, number>,
): void {
  for (const [number, changed] of Map.groupBy(places, (place) => Math.floor(place / blockSize))) {
    const before = posting.blocks[number]
    const isTouched = (place: number): boolean =>
      ranks.has(place) || (before !== undefined && isSet(before.bits.bytes, place % blockSize))
    if (!changed.some(isTouched)) continue
    const block = opened(before)
    for (const place of changed) {
      clearPlace(block.bits.bytes, place % blockSize)
      if (ranks.has(place)) setPlace(block.bits.bytes, place % blockSize)
      block.ranked[place % blockSize] = ranks.get(place) ?? 0
    }
    posting.blocks[number] = closed(block)
    posting.count += countOf(block.bits) - (before ? countOf(before.bits) : 0)
  }
}

function clearPlace(bytes: Uint8Array, place: number): void {
  bytes[place >> 3] = (bytes[place >> 3] as number) & ~(0x80 >> (place & 7))
}

/**
 * Products that have all lexemes of a branch, in any of the branches: each is the same words by another dictionary. The rank is
 * PostgreSQL's `ts_rank` of the branches joined by "or", which is the mean over all of their lexemes; whole numbers, since a cursor
 * must compare equal to what it came from.
 */
export function hitsOf(branches: readonly (readonly WordPosting[])[]): Hits {
  const postings = [...new Set(branches.flat())]
  const blocks = Math.max(0, ...postings.map((one) => one.blocks.length))
  const bits = union(
    blocks,
    branches.map((all) => intersection(blocks, all.map(bitsOfPosting))),
  )
  const best: Hits['best'] = (among, view) => {
    const sums = sumsOf(postings, blocks)
    return firstPlaces(among, (block) => sums.subarray(block * blockSize, (block + 1) * blockSize), {
      ...view,
      descending: true,
    })
  }
  return { bits, best }
}

/** Used again by each search, which is done with it before another begins. */
let scratch = new Float64Array(0)

function sumsOf(postings: readonly WordPosting[], blocks: number): Float64Array {
  const size = blocks * blockSize
  if (scratch.length < size) scratch = new Float64Array(size)
  const sums = scratch.subarray(0, size).fill(0)
  for (const { blocks: own } of postings)
    for (let number = 0; number < own.length; number++) {
      const block = own[number]
      if (block) add(sums, number * blockSize, block)
    }
  if (postings.length > 1) for (let n = 0; n < size; n++) sums[n] = Math.round((sums[n] as number) / postings.length)
  return sums
}

function add(sums: Float64Array, from: number, { places, ranks }: Block): void {
  for (let i = 0; i < places.length; i++) {
    const at = from + (places[i] as number)
    sums[at] = (sums[at] as number) + (ranks[i] as number)
  }
}

function bitsOfPosting({ blocks }: WordPosting): Bits {
  const words = new Uint32Array(blocks.length * wordsABlock)
  for (const [number, block] of blocks.entries()) if (block) words.set(block.bits.words, number * wordsABlock)
  return bitsOf(words)
}
