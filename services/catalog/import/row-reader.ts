import { priceAtMost } from '#contracts/pricing'
import { parseDecimal } from '#kernel/money'
import { cleanText } from '../html.ts'
import type { Columns, Field } from './columns.ts'
import { unescapeCell, unescapeCode } from './formula.ts'

export type Row = { readonly row: number; readonly cells: readonly string[] }

/** What is wrong with a row: the column as the file names it, and the reason for a person. */
export type Fault = { readonly column: string | null; readonly reason: string }

/**
 * Reads the cells of a row. A reader answers undefined when the file has no such column, null when the cell is empty, and
 * notes the first cell that cannot be read in `fault`.
 */
export type RowReader = {
  readonly row: number
  readonly fault: Fault | null
  fail(field: Field, reason: string): void
  /** Trimmed, without the apostrophe that keeps a formula from running; '' when empty or when there is no such column. */
  text(field: Field): string
  /** As it came. */
  html(field: Field): string
  code(field: Field): string | null | undefined
  line(field: Field, charactersAtMost: number): string | null | undefined
  /** Minor units. */
  price(field: Field, currency: string): number | null | undefined
  grams(field: Field): number | null | undefined
  /** Whole units; what is below zero was promised, and nothing of it is on the shelf. */
  quantity(field: Field): number | null | undefined
  position(field: Field): number | null | undefined
  flag(field: Field): boolean | null | undefined
  choice<C extends string>(field: Field, choices: Readonly<Record<string, C>>): C | null | undefined
  extra(index: number): string
}

const flags: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  '1': true,
  false: false,
  no: false,
  '0': false,
}
const gramsAtMost = 100_000_000
const quantityAtMost = 1_000_000_000

export function rowReader(columns: Columns, { row, cells }: Row): RowReader {
  let fault: Fault | null = null
  const cell = (field: Field): string | undefined => {
    const index = columns.indexOf[field]
    return index === undefined ? undefined : (cells[index] ?? '')
  }
  const fail = (field: Field, reason: string): void => {
    const index = columns.indexOf[field]
    fault ??= { column: index === undefined ? null : (columns.names[index] ?? null), reason }
  }
  const text = (field: Field): string => cleanText(unescapeCell(cell(field) ?? '')).trim()
  /** Reads a cell that is not empty; what `parse` cannot read is a fault. */
  const read = <V>(field: Field, parse: (text: string) => V | null, wanted: string): V | null | undefined => {
    if (cell(field) === undefined) return undefined
    const given = text(field)
    if (given === '') return null
    const value = parse(given)
    if (value === null) fail(field, `"${given.slice(0, 60)}" is no ${wanted}`)
    return value
  }
  const limited = (field: Field, value: string | undefined, charactersAtMost: number): string | null | undefined => {
    if (value === undefined || value === '') return value === undefined ? undefined : null
    if (value.length > charactersAtMost) fail(field, `is longer than ${charactersAtMost} characters`)
    return value
  }

  return {
    row,
    get fault() {
      return fault
    },
    fail,
    text,
    html: (field) => unescapeCell(cell(field) ?? ''),
    code: (field) => {
      const given = cell(field)
      return limited(field, given === undefined ? undefined : cleanText(unescapeCode(given)).trim(), 255)
    },
    line: (field, charactersAtMost) =>
      limited(field, cell(field) === undefined ? undefined : text(field), charactersAtMost),
    price: (field, currency) =>
      read(
        field,
        (given) => {
          const amount = parseDecimal(given, currency)
          return amount !== null && amount <= priceAtMost ? amount : null
        },
        `amount of ${currency} such as 19.90`,
      ),
    grams: (field) =>
      read(
        field,
        (given) => {
          const grams = /^\d{1,9}(?:\.\d{1,12})?$/.test(given) ? Math.round(Number(given)) : null
          return grams !== null && grams <= gramsAtMost ? grams : null
        },
        'weight in grams such as 250',
      ),
    quantity: (field) =>
      read(
        field,
        (given) => {
          const units = /^-?\d{1,10}(?:\.0+)?$/.test(given) ? Math.max(Number(given), 0) : null
          return units !== null && units <= quantityAtMost ? units : null
        },
        'number of units such as 12',
      ),
    position: (field) =>
      read(field, (given) => (/^[1-9]\d{0,5}$/.test(given) ? Number(given) : null), 'position such as 1'),
    flag: (field) =>
      read(
        field,
        (given) => (Object.hasOwn(flags, given.toLowerCase()) ? (flags[given.toLowerCase()] ?? null) : null),
        'TRUE or FALSE',
      ),
    choice: (field, choices) =>
      read(
        field,
        (given) => (Object.hasOwn(choices, given.toLowerCase()) ? (choices[given.toLowerCase()] ?? null) : null),
        `choice of ${[...new Set(Object.values(choices))].join(', ')}`,
      ),
    extra: (index) => cleanText(unescapeCell(cells[index] ?? '')),
  }
}
