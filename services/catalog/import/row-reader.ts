import { priceAtMost } from '#contracts/pricing'
import { parseDecimal } from '#kernel/money'
import { cleanText } from '../html.ts'
import type { Columns, Field } from './columns.ts'
import { unescapeCell, unescapeCode } from './formula.ts'

export type Row = { readonly row: number; readonly cells: readonly string[] }

/** What is wrong with a row: the column as the file names it, and the reason for a person. */
export type Fault = { readonly column: string | null; readonly reason: string }

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

/** A cell that is read as it stands, as most are: printable, and neither a space nor what an apostrophe keeps from running at its ends. */
const plainCell = /^(?:[!-~](?<!^['=+\-@])(?:[ -~]*[!-~])?)?$/

/**
 * Reads the cells of a row. A reader answers undefined when the file has no such column, null when the cell is empty, and
 * notes the first cell that cannot be read in `fault`. There are several for each row: what they can do is said once.
 */
export class RowReader {
  readonly row: number
  readonly #columns: Columns
  readonly #cells: readonly string[]
  #fault: Fault | null = null

  constructor(columns: Columns, { row, cells }: Row) {
    this.row = row
    this.#columns = columns
    this.#cells = cells
  }

  get fault(): Fault | null {
    return this.#fault
  }

  fail(field: Field, reason: string): void {
    const index = this.#columns.indexOf[field]
    this.#fault ??= { column: index === undefined ? null : (this.#columns.names[index] ?? null), reason }
  }

  #cell(field: Field): string | undefined {
    const index = this.#columns.indexOf[field]
    return index === undefined ? undefined : (this.#cells[index] ?? '')
  }

  /** Trimmed, without the apostrophe that keeps a formula from running; '' when empty or when there is no such column. */
  text(field: Field): string {
    const cell = this.#cell(field) ?? ''
    return plainCell.test(cell) ? cell : cleanText(unescapeCell(cell)).trim()
  }

  /** As it came. */
  html(field: Field): string {
    return unescapeCell(this.#cell(field) ?? '')
  }

  code(field: Field): string | null | undefined {
    const cell = this.#cell(field)
    if (cell === undefined) return undefined
    return this.#limited(field, plainCell.test(cell) ? cell : cleanText(unescapeCode(cell)).trim(), 255)
  }

  line(field: Field, charactersAtMost: number): string | null | undefined {
    return this.#cell(field) === undefined ? undefined : this.#limited(field, this.text(field), charactersAtMost)
  }

  /** Minor units. */
  price(field: Field, currency: string): number | null | undefined {
    return this.#read(field, `amount of ${currency} such as 19.90`, (given) => {
      const amount = parseDecimal(given, currency)
      return amount !== null && amount <= priceAtMost ? amount : null
    })
  }

  grams(field: Field): number | null | undefined {
    return this.#read(field, 'weight in grams such as 250', (given) => {
      const grams = /^\d{1,9}(?:\.\d{1,12})?$/.test(given) ? Math.round(Number(given)) : null
      return grams !== null && grams <= gramsAtMost ? grams : null
    })
  }

  /** Whole units; what is below zero was promised, and nothing of it is on the shelf. */
  quantity(field: Field): number | null | undefined {
    return this.#read(field, 'number of units such as 12', (given) => {
      const units = /^-?\d{1,10}(?:\.0+)?$/.test(given) ? Math.max(Number(given), 0) : null
      return units !== null && units <= quantityAtMost ? units : null
    })
  }

  position(field: Field): number | null | undefined {
    return this.#read(field, 'position such as 1', (given) => (/^[1-9]\d{0,5}$/.test(given) ? Number(given) : null))
  }

  flag(field: Field): boolean | null | undefined {
    return this.#read(field, 'TRUE or FALSE', (given) => chosen(flags, given))
  }

  choice<C extends string>(field: Field, choices: Readonly<Record<string, C>>): C | null | undefined {
    const wanted = (): string => `choice of ${[...new Set(Object.values(choices))].join(', ')}`
    return this.#read(field, wanted, (given) => chosen(choices, given))
  }

  extra(index: number): string {
    return cleanText(unescapeCell(this.#cells[index] ?? ''))
  }

  /** Reads a cell that is not empty; what `parse` cannot read is a fault. */
  #read<V>(field: Field, wanted: string | (() => string), parse: (text: string) => V | null): V | null | undefined {
    if (this.#cell(field) === undefined) return undefined
    const given = this.text(field)
    if (given === '') return null
    const value = parse(given)
    if (value === null) {
      this.fail(field, `"${given.slice(0, 60)}" is no ${typeof wanted === 'string' ? wanted : wanted()}`)
    }
    return value
  }

  #limited(field: Field, value: string, charactersAtMost: number): string | null {
    if (value.length > charactersAtMost) this.fail(field, `is longer than ${charactersAtMost} characters`)
    return value === '' ? null : value
  }
}

const chosen = <V>(choices: Readonly<Record<string, V>>, given: string): V | null => {
  const key = given.toLowerCase()
  return Object.hasOwn(choices, key) ? (choices[key] ?? null) : null
}
