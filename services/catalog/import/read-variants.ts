import type { CatalogProduct } from '../contract.ts'
import { optionsAtMost, variantsAtMost } from '../contract.ts'
import { matchVariants, type Variant } from '../product-variants.ts'
import type { Columns, Field } from './columns.ts'
import { type Row, RowReader } from './row-reader.ts'

/** A row's variant, as far as the file tells: what is undefined has no column. */
export type ReadVariant = {
  readonly row: Row
  /** The one that it is already. */
  readonly before: Variant | undefined
  readonly values: readonly string[]
  readonly sku: string | null | undefined
  readonly barcode: string | null | undefined
  readonly grams: number | undefined
  readonly requiresShipping: boolean | undefined
  readonly taxable: boolean | undefined
  readonly taxCode: string | null | undefined
  readonly inventoryPolicy: 'deny' | 'continue' | undefined
  readonly inventoryTracked: boolean | undefined
  readonly quantity: number | null
  /** Minor units; null is not sold in this market. */
  readonly price: number | null | undefined
  readonly compareAtPrice: number | null | undefined
}

export type ReadVariants = {
  /** Null when the file says nothing of variants. */
  readonly optionNames: readonly string[] | null
  readonly variants: readonly ReadVariant[]
  /** Rows whose variant cannot be taken. */
  readonly faults: readonly RowReader[]
  /** Rows that are no variant: they hold a picture, or the product's own fields only. */
  readonly others: readonly Row[]
}

const values = ['option1Value', 'option2Value', 'option3Value'] as const
const names = ['option1Name', 'option2Name', 'option3Name'] as const
/** A row in which one of these says something is a variant. */
const signs: readonly Field[] = [...values, 'sku', 'barcode', 'price', 'compareAtPrice', 'quantity']
const policies = { deny: 'deny', continue: 'continue', false: 'deny', true: 'continue' } as const
const defaultTitle = 'Default Title'

type Read = { readonly row: Row; readonly reader: RowReader }

/** Finds the variants among a product's rows, and what each is. */
export function readVariants(
  columns: Columns,
  rows: readonly Row[],
  before: CatalogProduct | null,
  currency: string,
): ReadVariants {
  const all = rows.map((row) => ({ row, reader: new RowReader(columns, row) }))
  const found = all.filter(({ reader }) => signs.some((field) => reader.text(field) !== ''))
  // A new product of which the file tells no more than its name has one variant all the same.
  const [first] = all
  const wanted = found.length > 0 || before || !first ? found : [first]
  const others = all.filter((one) => !wanted.includes(one)).map(({ row }) => row)
  if (wanted.length === 0) return { optionNames: null, variants: [], faults: [], others }

  const options = readOptions(columns, all, wanted, before)
  const counted = wanted.some(({ reader }) => reader.text('tracker') !== '')
    ? null
    : wanted.some(({ reader }) => Number(reader.text('quantity')) > 0)
  const read = wanted.map((one) => readVariant(columns, one, options, counted, currency, before === null))
  const matched = matchVariants(
    read.map((one) => ({ values: one.values, sku: one.sku ?? null })),
    before?.variants ?? [],
    options.map(({ name }) => name),
  )
  const variants: ReadVariant[] = []
  const faults: RowReader[] = []
  for (const [index, { reader }] of wanted.entries()) {
    const one = read[index]
    if (!one) continue
    const variant = { ...one, before: matched[index] }
    refuseTwin(reader, variant, variants, options.length)
    if (columns.indexOf.option1Value === undefined && options.length > 0 && !variant.before) {
      reader.fail('sku', 'is no variant of this product, and the file has no column for options')
    }
    if (variants.length === variantsAtMost) reader.fail('option1Value', `is beyond ${variantsAtMost} variants`)
    if (reader.fault) faults.push(reader)
    else variants.push(variant)
  }
  return { optionNames: options.map(({ name }) => name), variants, faults, others }
}

type Option = { readonly name: string; readonly nameField: Field; readonly valueField: Field }

/** The options that the product's rows name, or that the product has when the file has no column for their names. */
function readOptions(
  columns: Columns,
  all: readonly Read[],
  wanted: readonly Read[],
  before: CatalogProduct | null,
): Option[] {
  if (columns.indexOf.option1Value === undefined) {
    return (before?.options ?? []).map(({ name }, index) => option(name, index))
  }
  const options = Array.from({ length: optionsAtMost }, (_, index): Option => {
    const { nameField } = option('', index)
    const named = all.map(({ reader }) => reader.text(nameField)).find((text) => text !== '')
    const known = columns.indexOf[nameField] === undefined ? before?.options[index]?.name : undefined
    return option(named ?? known ?? '', index)
  }).filter(({ valueField }) => wanted.some(({ reader }) => reader.text(valueField) !== ''))
  const [only] = options
  const isDefault =
    options.length === 1 &&
    only?.name === 'Title' &&
    wanted.every(({ reader }) => ['', defaultTitle].includes(reader.text(only.valueField)))
  return isDefault ? [] : options
}

const option = (name: string, index: number): Option => ({
  name,
  nameField: names[index] ?? 'option1Name',
  valueField: values[index] ?? 'option1Value',
})

function readVariant(
  columns: Columns,
  { row, reader }: Read,
  options: readonly Option[],
  counted: boolean | null,
  currency: string,
  isNew: boolean,
): Omit<ReadVariant, 'before'> {
  const hasOptions = columns.indexOf.option1Value !== undefined
  const optionValues = hasOptions ? options.map((one) => readOptionValue(reader, one)) : []
  const quantity = reader.quantity('quantity')
  return {
    row,
    values: optionValues,
    sku: reader.code('sku'),
    barcode: readBarcode(reader),
    grams: orDefault(reader.grams('grams'), 0),
    requiresShipping: orDefault(reader.flag('requiresShipping'), true),
    taxable: orDefault(reader.flag('taxable'), true),
    taxCode: reader.line('taxCode', 60),
    inventoryPolicy: orDefault(reader.choice('policy', policies), 'deny'),
    inventoryTracked: isTracked(columns, reader, quantity ?? null, counted, isNew),
    quantity: quantity ?? null,
    price: reader.price('price', currency),
    compareAtPrice: reader.price('compareAtPrice', currency),
  }
}

/** An empty cell means the default, and a column that is not there means nothing. */
const orDefault = <V>(read: V | null | undefined, fallback: V): V | undefined => (read === null ? fallback : read)

function readOptionValue(reader: RowReader, { name, nameField, valueField }: Option): string {
  const value = reader.line(valueField, 255) ?? ''
  if (name === '') reader.fail(nameField, 'is missing, but there are values for it')
  else if (name.length > 60) reader.fail(nameField, 'is longer than 60 characters')
  else if (value === '') reader.fail(valueField, `is missing: the product has an option "${name}"`)
  return value
}

function readBarcode(reader: RowReader): string | null | undefined {
  const barcode = reader.code('barcode')
  if (barcode && barcode.length > 64) reader.fail('barcode', 'is longer than 64 characters')
  return barcode
}

/**
 * Whether stock is counted. The tracker says so where it is filled in. Where a product's rows leave it empty, a quantity
 * above zero on one of them says it too: a shop that wrote down what it has does not want to sell more. All zero and no
 * tracker is how goods are written that nobody counts.
 */
function isTracked(
  columns: Columns,
  reader: RowReader,
  quantity: number | null,
  counted: boolean | null,
  isNew: boolean,
): boolean | undefined {
  const { tracker, quantity: quantityColumn } = columns.indexOf
  if (tracker === undefined && quantityColumn === undefined) return isNew ? false : undefined
  if (reader.text('tracker') !== '') return true
  if (tracker === undefined) return quantity !== null
  return counted === true && quantity !== null
}

function refuseTwin(reader: RowReader, one: ReadVariant, earlier: readonly ReadVariant[], optionCount: number): void {
  const sameSku = one.sku ? earlier.find(({ sku }) => sku === one.sku) : undefined
  if (sameSku) reader.fail('sku', `is also the SKU of row ${sameSku.row.row}`)
  const hasValues = one.values.length > 0 || optionCount === 0
  const key = JSON.stringify(one.values)
  const twin = hasValues ? earlier.find((other) => JSON.stringify(other.values) === key) : undefined
  if (twin) reader.fail('option1Value', `is the same variant as row ${twin.row.row}`)
}
