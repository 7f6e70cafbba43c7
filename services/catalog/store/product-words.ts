import type { ProductDocument } from './port.ts'

// What staff find products by. A text is parted at white space; what has signs in it, as `ABC-1234` has, is a whole, and its pieces are
// words too. Both stores keep these, and find a product by their beginnings.

type Product = ProductDocument['product']

/** Nobody types more of a word, and LMDB's keys have a limit. What comes after is looked for in the line of the product. */
const charactersAtMost = 64
const signs = /[^\p{L}\p{M}\p{N}]+/u
const controls = /[\p{Cc}\s]+/u

/** Letters and digits that stand together. One alone, but for those of scripts that write words so, begins half of all words. */
const isWord = (piece: string): boolean => piece.length > 1 || piece > '\u{7f}'
const cut = (text: string): string => text.slice(0, charactersAtMost)

/** How the index calls a state, and a text with signs: no word begins so. */
export const stateEntry = (status: string): string => `=${status}`
export const wholeEntry = (text: string): string => `"${cut(text)}`

export const skusOf = ({ variants }: Product): string[] => variants.flatMap(({ sku }) => (sku === null ? [] : [sku]))

/** Title, handle and SKUs in lower case, a line each: where parts of words are looked for. */
export const lineOf = (product: Product): string =>
  [product.title.toLowerCase(), product.handle, ...skusOf(product).map((sku) => sku.toLowerCase())].join('\n')

/**
 * The entries of a product in the index: its state, its words, and its texts with signs.
 * @param isWholeKnown whether a handle or SKU with signs, as it is written, is found without an entry
 */
export function entriesOf(product: Product, isWholeKnown: (text: string) => boolean): Set<string> {
  const entries = new Set([stateEntry(product.status)])
  const add = (text: string, isKnown: boolean): void => {
    const pieces = text.split(signs)
    for (const piece of pieces) if (isWord(piece)) entries.add(cut(piece))
    if (pieces.length > 1 && !isKnown) entries.add(wholeEntry(text))
  }
  for (const text of product.title.toLowerCase().split(controls)) add(text, false)
  for (const text of [product.handle, ...skusOf(product)])
    for (const part of text.split(controls)) add(part.toLowerCase(), part === text && isWholeKnown(text))
  return entries
}

/** Of the words of one search, since each takes some milliseconds at a million products. */
export const comparedWordsAtMost = 5
/** Long words are rarer than short ones. */
export const longest = (words: readonly string[]): string[] =>
  words.toSorted((a, b) => b.length - a.length).slice(0, comparedWordsAtMost)

/** What leads to products: the beginning of an entry, or an entry as it is. */
export type Beginning = { readonly text: string; readonly isEntry: boolean }

/** What to look for where staff typed `word`: what it begins as a text with signs, and the words that are in it. */
export function typed(word: string): { readonly whole: string | null; readonly pieces: readonly Beginning[] } {
  const pieces = word.split(signs)
  const beginnings = pieces.map((piece, n) => ({ text: cut(piece), isEntry: n < pieces.length - 1 }))
  return {
    whole: pieces.length > 1 ? word : null,
    pieces: beginnings.filter(({ text }) => isWord(text)),
  }
}
