/** Products that a block of bits is for: as many as a row of `postings` has. */
export const blockSize = 4_096
export const bytesABlock = blockSize / 8
export const wordsABlock = blockSize / 32

export type Words = Uint32Array<ArrayBuffer>
/** The same bits as words, to be counted, and as bytes, to find one by its place: the first of a byte is its highest. */
export type Bits = { readonly words: Words; readonly bytes: Uint8Array<ArrayBuffer> }

export const bitsOf = (words: Words): Bits => ({ words, bytes: new Uint8Array(words.buffer) })
export const noBits = (blocks: number): Bits => bitsOf(new Uint32Array(blocks * wordsABlock))

export const isSet = (bytes: Uint8Array, place: number): boolean =>
  ((bytes[place >> 3] as number) & (0x80 >> (place & 7))) !== 0

export function setPlace(bytes: Uint8Array, place: number): void {
  const at = place >> 3
  if (at < bytes.length) bytes[at] = (bytes[at] as number) | (0x80 >> (place & 7))
}

/** What is set in all of `sets`; beyond the end of one nothing is. */
export function intersection(blocks: number, sets: readonly Bits[]): Bits {
  const [first, ...others] = sets
  const bits = noBits(blocks)
  if (!first) return bits
  const { words } = bits
  words.set(first.words.subarray(0, words.length))
  for (const other of others)
    for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) & (other.words[i] ?? 0)
  return bits
}

export function union(blocks: number, sets: readonly Bits[]): Bits {
  const bits = noBits(blocks)
  const { words } = bits
  for (const other of sets)
    for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) | (other.words[i] ?? 0)
  return bits
}

/** Bits that are set in a word (Hacker's Delight, section 5-1). */
export function ones(word: number): number {
  let sum = word - ((word >>> 1) & 0x55555555)
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333)
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

export function countOf({ words }: Bits): number {
  let count = 0
  for (let i = 0; i < words.length; i++) count += ones(words[i] as number)
  return count
}

export function placesOf({ bytes }: Bits): number[] {
  const places: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    for (let bit = 0; byte !== 0 && bit < 8; bit++) if (byte & (0x80 >> bit)) places.push(at * 8 + bit)
  }
  return places
}
