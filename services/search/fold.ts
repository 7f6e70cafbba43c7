import { hash } from 'node:crypto'

/** Letters that decompose into none of their own alphabet's: what is left after accents are taken off. */
const plain: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
}

const plainAscii = /^[ -~]*$/

/**
 * A text as it is compared: lower case, without accents, one space between words. Both sides of every comparison are
 * folded here, so that PostgreSQL's locale does not matter.
 */
export function fold(text: string): string {
  // Most words have neither accents nor letters of their own.
  if (plainAscii.test(text)) return text.toLowerCase().replace(/ {2,}/g, ' ').trim()
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[ßæœøłđðþı]/g, (letter) => plain[letter] ?? letter)
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
}

/** The words of a text, folded. */
export const wordsOf = (text: string): string[] => fold(text).match(/[\p{L}\p{N}]+/gu) ?? []

/** The longest key that stands in `filter[…]`, as the contract's pattern says. */
const facetKeyLengthAtMost = 60

/** What stands in `filter[…]` for an option or attribute: `Shoe Size` becomes `shoe-size`. Empty when no letter is left. */
export const facetKey = (name: string): string => wordsOf(name).join('-').slice(0, facetKeyLengthAtMost)

/** A cursor carries it, which has 400 characters in all. */
const titleKeyBytesAtMost = 160

/** What titles are sorted by and found by as they are typed. */
export const titleKey = (title: string): string =>
  Buffer.from(wordsOf(title).join(' '))
    .subarray(0, titleKeyBytesAtMost)
    .toString()
    .replace(/\uFFFD+$/, '')

/** A word that names nothing by itself, or no word at all, is no correction of anything. */
const wordLength = { least: 3, most: 40 }

/** The words of texts that a mistyped one may have meant. */
export function vocabularyOf(texts: readonly string[]): string[] {
  const words = texts.flatMap(wordsOf).filter((word) => {
    return word.length >= wordLength.least && word.length <= wordLength.most && !/^\p{N}+$/u.test(word)
  })
  return [...new Set(words)]
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** The words of sanitized HTML. */
export function textOf(html: string): string {
  return html
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&(amp|lt|gt|quot|apos|nbsp);/g, (whole, name: string) => entities[name] ?? whole)
    .replace(/&#(\d{1,7});/g, (whole, code: string) =>
      Number(code) <= 0x10ffff ? String.fromCodePoint(Number(code)) : whole,
    )
}

/** Short and the same for the same text: not a secret, and nothing is decided by it. */
export const shortHash = (text: string): string => hash('sha256', text, 'base64url').slice(0, 16)
