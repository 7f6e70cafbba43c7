import { type CatalogProduct, handlePattern } from './contract.ts'
import { cleanHtml, cleanText } from './html.ts'

/** Ends the composing of a product at the first field that is wrong; `composeProduct` catches it. */
export class Wrong extends Error {
  readonly field: string
  constructor(field: string, message: string) {
    super(message)
    this.field = field
  }
}

/** Characters a description may have after cleaning, and the ceilings of what is kept of foreign columns. */
const descriptionAtMost = 200_000
const extraNamesAtMost = 500
const extraTextAtMost = 65_535

export function line(field: string, text: string, charactersAtMost: number): string {
  const cleaned = cleanText(text).trim()
  if (cleaned === '') throw new Wrong(field, 'is empty')
  if (cleaned.length > charactersAtMost) throw new Wrong(field, `is longer than ${charactersAtMost} characters`)
  return cleaned
}

export function optionalLine(
  field: string,
  wished: string | null | undefined,
  current: string | null | undefined,
  charactersAtMost: number,
): string | null {
  const text = wished === undefined ? (current ?? null) : wished
  return text === null || cleanText(text).trim() === '' ? null : line(field, text, charactersAtMost)
}

const handleExpression = new RegExp(handlePattern, 'u')

export function cleanHandle(handle: string): string {
  const cleaned = line('handle', handle, 255)
  if (!handleExpression.test(cleaned)) {
    throw new Wrong('handle', 'is part of an address: lower case, without spaces and / ? # % \\')
  }
  return cleaned
}

export function cleanDescription(html: string): string {
  const cleaned = cleanHtml(html)
  if (cleaned.length > descriptionAtMost) {
    throw new Wrong('descriptionHtml', `is longer than ${descriptionAtMost} characters`)
  }
  return cleaned
}

export function cleanTags(tags: readonly string[]): string[] {
  const cleaned = tags.map((tag, index) => line(`tags/${index}`, tag, 255))
  const index = cleaned.findIndex((tag) => tag.includes(','))
  // A comma parts tags wherever they are written in one line.
  if (index !== -1) throw new Wrong(`tags/${index}`, 'holds a comma')
  return [...new Set(cleaned)]
}

export function cleanAttributes(
  attributes: readonly { readonly name: string; readonly values: readonly string[] }[],
): CatalogProduct['attributes'] {
  const names = new Set<string>()
  return attributes.map(({ name, values }, index) => {
    const field = `attributes/${index}`
    const cleaned = line(`${field}/name`, name, 60)
    if (names.has(cleaned.toLowerCase())) throw new Wrong(`${field}/name`, 'is named twice')
    names.add(cleaned.toLowerCase())
    return { name: cleaned, values: [...new Set(values.map((value, at) => line(`${field}/values/${at}`, value, 120)))] }
  })
}

export function cleanExtra(field: string, extra: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(extra).filter(([name, value]) => name !== '__proto__' && value !== '')
  if (entries.length > extraNamesAtMost) throw new Wrong(field, `has more than ${extraNamesAtMost} names`)
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (value.length > extraTextAtMost) {
        throw new Wrong(`${field}/${name}`, `is longer than ${extraTextAtMost} characters`)
      }
      return [cleanText(name).trim(), cleanText(value)]
    }),
  )
}
