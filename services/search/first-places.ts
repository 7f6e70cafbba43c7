import { type Bits, blockSize, bytesABlock } from './bits.ts'

/** A product's place, and the number by which it is sorted. */
export type Sorted = { readonly place: number; readonly value: number }

/** The number of each product, by block of places: what has none is in no block. */
export type Values = (block: number) => Float64Array | undefined

export type View = {
  /** The largest first, and of equal ones the last place; else the smallest, and the first place. */
  readonly descending: boolean
  /** The last one of the page before. */
  readonly after: Sorted | null
  readonly limit: number
}

/**
 * The first of what is set, in order. Gone through in the order of places, which is nearly that of time: so the newest are found at
 * once, and of equal ones the first that comes stays.
 */
export function firstPlaces({ bytes }: Bits, values: Values, { descending, after, limit }: View): Sorted[] {
  const first: Sorted[] = []
  const sign = descending ? -1 : 1
  const isBefore = (a: Sorted, value: number, place: number): boolean =>
    a.value === value ? sign * (a.place - place) < 0 : sign * (a.value - value) < 0
  const blocks = bytes.length / bytesABlock
  /** What is not before it is no candidate, once there is a page. */
  let bound = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < blocks; turn++) {
    const block = descending ? blocks - 1 - turn : turn
    const numbers = values(block)
    if (!numbers) continue
    for (let step = 0; step < bytesABlock; step++) {
      const at = descending ? bytesABlock - 1 - step : step
      const byte = bytes[block * bytesABlock + at] as number
      for (let bit = 0; byte !== 0 && bit < 8; bit++) {
        const inByte = descending ? 7 - bit : bit
        if ((byte & (0x80 >> inByte)) === 0) continue
        const value = numbers[at * 8 + inByte] as number
        if (sign * value >= bound) continue
        const place = block * blockSize + at * 8 + inByte
        if (after && !isBefore(after, value, place)) continue
        let position = first.length
        while (position > 0 && !isBefore(first[position - 1] as Sorted, value, place)) position -= 1
        first.splice(position, 0, { place, value })
        if (first.length > limit) first.pop()
        if (first.length === limit) bound = sign * (first[limit - 1] as Sorted).value
      }
    }
  }
  return first
}
