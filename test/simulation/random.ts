/**
 * Randomness that a seed decides. Each question has a name, and its answer depends on the seed and the name alone, not on what
 * was asked before: taking a buyer or a fault out of a run leaves all other answers as they were, so that a failure can be
 * shrunk.
 */
export type Random = {
  /** From 0 up to, and without, 1. */
  share(question: string): number
  /** A whole number from `least` to `most`. */
  between(least: number, most: number, question: string): number
  /** Whether something that has this chance happens. */
  happens(chance: number, question: string): boolean
  pick<V>(options: readonly V[], question: string): V
}

export function randomOf(seed: number): Random {
  const share = (question: string): number => hash(seed, question) / 2 ** 32
  const between = (least: number, most: number, question: string): number =>
    least + Math.floor(share(question) * (most - least + 1))
  return {
    share,
    between,
    happens: (chance, question) => share(question) < chance,
    pick: <V>(options: readonly V[], question: string): V => options[between(0, options.length - 1, question)] as V,
  }
}

/** MurmurHash3's 32-bit mixing (Austin Appleby, public domain) over the characters: fast, and every bit depends on all of them. */
function hash(seed: number, text: string): number {
  let state = seed | 0
  for (let index = 0; index < text.length; index++) {
    state ^= Math.imul(rotate(Math.imul(text.charCodeAt(index), 0xcc9e2d51), 15), 0x1b873593)
    state = Math.imul(rotate(state, 13), 5) + 0xe6546b64
  }
  state ^= text.length
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by))
