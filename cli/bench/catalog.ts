import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'csv-stringify/sync'
import { type Random, seeded } from '../chaos/random.ts'

// Goods as shops have them: a few words, vendors and types are everywhere and most are rare, most products have one variant and
// a few have dozens. Product n is the same in a catalog of any size from the same seed.

export const columns = [
  'Handle',
  'Title',
  'Body (HTML)',
  'Vendor',
  'Type',
  'Tags',
  'Option1 Name',
  'Option1 Value',
  'Option2 Name',
  'Option2 Value',
  'Variant SKU',
  'Variant Grams',
  'Variant Inventory Tracker',
  'Variant Inventory Qty',
  'Variant Inventory Policy',
  'Variant Price',
  'Stoa Attributes',
] as const

const colors = ['Black', 'White', 'Ash', 'Ink', 'Red', 'Moss', 'Sand', 'Sky', 'Plum', 'Rust', 'Clay', 'Gold']
const sizes = ['XS', 'S', 'M', 'L', 'XL']
const materials = ['Oak', 'Linen', 'Steel', 'Stoneware', 'Wool', 'Glass', 'Cork', 'Brass']
const origins = ['Austria', 'Portugal', 'Japan', 'Germany', 'Italy', 'Denmark']

const consonants = 'bdfgklmnprstvz'
const vowels = 'aeiou'
const wordsThereAre = 4_000
const vendorsThereAre = 300
const typesThereAre = 40

/** Pronounceable, so that what a search makes of misspelled words has something to go by. The same for every catalog. */
const words = Array.from({ length: wordsThereAre }, (_, n) => {
  const random = seeded(n + 1)
  const syllable = (): string => `${random.pick([...consonants])}${random.pick([...vowels])}`
  return Array.from({ length: 2 + random.below(3) }, syllable).join('') + random.pick(['', 'n', 'r', 's', 't'])
})

/** Zipf's law: the first of `count` comes about as often as all from the hundredth on together. */
const rank = (random: Random, count: number): number => Math.floor(count ** random.next()) - 1

const word = (random: Random): string => words[rank(random, wordsThereAre)] as string
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const phrase = (random: Random, count: number): string => Array.from({ length: count }, () => word(random)).join(' ')

/** The words that shoppers look for: those that many products have. */
export const searchedWords: readonly string[] = words.slice(0, 200)
export const handleOf = (n: number): string => `bench-${n}`
export const productTypes: readonly string[] = Array.from(
  { length: typesThereAre },
  (_, n) => `${capital(words[n * 7 + 3] as string)} ${n + 1}`,
)

/** The rows of product `n` of the catalog of `seed`: one for each variant. */
export function productRows(seed: number, n: number): string[][] {
  const random = seeded(seed).of(`product ${n}`)
  const variants = variantsOf(random)
  const price = Math.round(400 * Math.exp(random.next() * 4)) * 10 - 10
  const first = {
    title: capital(phrase(random, 2 + random.below(4))),
    body: `<p>${Array.from({ length: 1 + random.below(4) }, () => `${capital(phrase(random, 8 + random.below(10)))}.`).join(' ')}</p>`,
    vendor: capital(words[rank(random, vendorsThereAre) * 3] as string),
    type: productTypes[rank(random, typesThereAre)] as string,
    tags: Array.from({ length: random.below(5) }, () => word(random)).join(', '),
    attributes: JSON.stringify([
      { name: 'Material', values: [random.pick(materials)] },
      { name: 'Origin', values: [random.pick(origins)] },
    ]),
  }
  return variants.map(([color, size], position) => {
    const isFirst = position === 0
    return [
      handleOf(n),
      isFirst ? first.title : '',
      isFirst ? first.body : '',
      isFirst ? first.vendor : '',
      isFirst ? first.type : '',
      isFirst ? first.tags : '',
      isFirst && color ? 'Color' : '',
      color ?? '',
      isFirst && size ? 'Size' : '',
      size ?? '',
      `B-${n}-${position}`,
      String(50 + random.below(5_000)),
      'shopify',
      // One in twelve is sold out or nearly; of the others there is more than any load buys.
      String(random.chance(1 / 12) ? random.below(5) : 1_000_000),
      'deny',
      (price / 100 + position * 0.5).toFixed(2),
      isFirst ? first.attributes : '',
    ]
  })
}

/** Of ten products six have no choice, three one of colors, one of colors and sizes: 4.3 variants each on average. */
function variantsOf(random: Random): [color: string | null, size: string | null][] {
  const kind = random.next()
  if (kind < 0.6) return [[null, null]]
  const chosen = colors.slice(0, 2 + rank(random, colors.length - 1))
  if (kind < 0.9) return chosen.map((color) => [color, null])
  return chosen.flatMap((color) => sizes.map((size): [string, string] => [color, size]))
}

/**
 * Writes a product CSV of `products` goods, a few hundred at a time: a million are 1.5 GB.
 * @param catalog.from the number of the first: those before it are in the shop
 */
export async function writeCatalog(
  file: string,
  { products, seed, from: first = 0 }: { products: number; seed: number; from?: number },
): Promise<void> {
  const atOnce = 500
  const end = first + products
  function* parts(): Generator<string> {
    yield stringify([[...columns]])
    for (let from = first; from < end; from += atOnce) {
      const numbers = Array.from({ length: Math.min(atOnce, end - from) }, (_, n) => from + n)
      yield stringify(numbers.flatMap((n) => productRows(seed, n)))
    }
  }
  await pipeline(Readable.from(parts()), createWriteStream(file))
}
