/** Chances that come out the same for the same seed, so that a run which found something can be made again. */
export type Random = {
  /** From 0, inclusive, to 1, exclusive. */
  next(): number
  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number
  chance(probability: number): boolean
  /** One of a list that is not empty. */
  pick<V>(list: readonly V[]): V
  /** Around `mean`, as the pauses between strangers who come by themselves. */
  pause(mean: number): number
  /** Chances of their own for a part, so that one part's draws do not move another's. */
  of(part: string): Random
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state are plenty for a day of faults. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick(list) {
      if (list.length === 0) throw new Error('chaos: nothing to pick from')
      return list[below(list.length)] as (typeof list)[number]
    },
    pause: (mean) => -mean * Math.log(1 - next()),
    of: (part) => seeded(hashed(part) ^ seed),
  }
}

/** FNV-1a. */
function hashed(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
