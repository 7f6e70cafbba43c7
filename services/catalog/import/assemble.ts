import type { CatalogProduct } from '../contract.ts'
import type { ProductWish } from '../product.ts'
import type { ProductDocument, Rejection, StoredCategory } from '../store/port.ts'
import type { Columns } from './columns.ts'
import { type KnownPictures, readPictures } from './read-pictures.ts'
import { readCategories, readProduct } from './read-product.ts'
import { type ReadVariant, type ReadVariants, readVariants } from './read-variants.ts'
import { type Fault, type Row, RowReader } from './row-reader.ts'

/** All readable rows of one handle. */
export type Group = { readonly handle: string; readonly rows: readonly Row[] }

export type Market = { readonly code: string; readonly currency: string }

export type Assembled =
  /** Nothing of it can be taken. */
  | { readonly ok: false; readonly rejections: readonly Rejection[] }
  | {
      readonly ok: true
      readonly wish: ProductWish
      /** What the file says of the wish's variants, which begin in the same order; the wish may have more. */
      readonly variants: readonly ReadVariant[]
      readonly rejections: readonly Rejection[]
      readonly categories: readonly Pick<StoredCategory, 'handle' | 'title'>[]
    }

/**
 * Makes of a product's rows what is wished of the product. What the file has no column for stays as it is.
 * @param refused rows whose variant was refused for a reason that only the store knew, such as a SKU of another product
 */
export function assemble(
  columns: Columns,
  { handle, rows }: Group,
  before: ProductDocument | null,
  market: Market,
  known: KnownPictures,
  refused: readonly Rejection[] = [],
): Assembled {
  const current = before?.product ?? null
  const own = readProduct(columns, rows, current)
  if ('fault' in own) return { ok: false, rejections: rejectAll(handle, rows, own.fault, own.row) }

  const pictures = readPictures(columns, rows, current, known)
  const isRefused = (row: number): boolean => refused.some((one) => one.row === row)
  const read = readVariants(
    columns,
    rows.filter(({ row }) => !isRefused(row)),
    current,
    market.currency,
  )
  const extras = readExtras(columns, rows, read, current)
  const rejections = oneARow([
    ...refused,
    ...[...read.faults, ...pictures.faults].map((reader) => rejectionOf(handle, reader.row, reader.fault)),
    ...extras.faults.map(({ row, ...fault }) => rejectionOf(handle, row, fault)),
    ...read.others.flatMap((row) => emptyRow(columns, handle, row, rows)),
  ])
  if (read.variants.length === 0 && (read.faults.length > 0 || refused.length > 0) && !current) {
    const first = read.faults[0]
    const because = first ? { row: first.row, fault: first.fault } : { row: refused[0]?.row ?? 0, fault: null }
    const rest = rows.map(({ row }) => notImported(handle, row, because.row))
    return { ok: false, rejections: oneARow([...rejections, ...rest]) }
  }
  const kept = keptVariants(columns, before, read, rejections.length > 0)
  const variants = read.variants.map((one, index) => ({
    ...variantWish(one, read.optionNames ?? []),
    ...(pictures.ofVariant.has(one.row.row) || columns.indexOf.variantImage !== undefined
      ? { mediaId: pictures.ofVariant.get(one.row.row) ?? null }
      : {}),
    extra: extras.ofVariant[index] ?? {},
  }))
  const wish: ProductWish = {
    ...own.wish,
    handle,
    extra: extras.ofProduct,
    ...(pictures.media ? { media: pictures.media } : {}),
    ...(read.variants.length > 0
      ? {
          options: optionsWish(read, current, kept),
          variants: [...variants, ...kept.map(({ id }) => ({ id }))],
        }
      : {}),
  }
  const categories = readCategories(columns, rows, wish, current)
  return {
    ok: true,
    wish: { ...wish, ...categories.wish },
    variants: read.variants,
    rejections,
    categories: categories.added,
  }
}

const rejectionOf = (handle: string, row: number, fault: Fault | null): Rejection => ({
  row,
  handle,
  column: fault?.column ?? null,
  reason: fault?.reason ?? 'cannot be read',
})

const notImported = (handle: string, row: number, because: number): Rejection => ({
  row,
  handle,
  column: null,
  reason: `the product was not imported: see row ${because}`,
})

/** The first reason counts: the others often follow from it. */
const oneARow = (rejections: readonly Rejection[]): Rejection[] =>
  [...new Map(rejections.toReversed().map((one) => [one.row, one])).values()].sort((a, b) => a.row - b.row)

/** A product that cannot be taken leaves none of its rows unmentioned. */
export const rejectAll = (handle: string, rows: readonly Row[], fault: Fault, at: number): Rejection[] =>
  rows.map(({ row }) => (row === at ? rejectionOf(handle, row, fault) : notImported(handle, row, at)))

/** A row that is no variant, shows no picture and is not the product's own says nothing. */
function emptyRow(columns: Columns, handle: string, row: Row, rows: readonly Row[]): Rejection[] {
  const reader = new RowReader(columns, row)
  if (row === rows[0] || reader.text('imageSrc') !== '' || reader.text('title') !== '') return []
  return [{ row: row.row, handle, column: null, reason: 'has neither a variant nor a picture' }]
}

/** Cells of columns without a field: of the product, or of the variant in their row. What the file has no column for stays. */
function readExtras(columns: Columns, rows: readonly Row[], read: ReadVariants, current: CatalogProduct | null) {
  const names = new Set(columns.extras.map(({ name }) => name))
  const left = (extra: Readonly<Record<string, string>> | undefined): Record<string, string> =>
    Object.fromEntries(Object.entries(extra ?? {}).filter(([name]) => !names.has(name)))
  const ofProduct = new Map(Object.entries(left(current?.extra)))
  const ofVariant = read.variants.map(({ before }) => new Map(Object.entries(left(before?.extra))))
  const faults: { row: number; column: string; reason: string }[] = []
  for (const row of columns.extras.length > 0 ? rows : []) {
    const reader = new RowReader(columns, row)
    const variant = ofVariant[read.variants.findIndex((one) => one.row === row)]
    for (const { index, name, scope } of columns.extras) {
      const value = reader.extra(index)
      if (value === '') continue
      if (scope === 'product' && (ofProduct.get(name) ?? value) === value) ofProduct.set(name, value)
      else if (variant) variant.set(name, value)
      else if (!read.faults.some((one) => one.row === row.row)) {
        faults.push({
          row: row.row,
          column: name,
          reason: 'is of a variant, but there is none in this row: it was not kept',
        })
      }
    }
  }
  return {
    ofProduct: Object.fromEntries(ofProduct),
    ofVariant: ofVariant.map((extra) => Object.fromEntries(extra)),
    faults,
  }
}

/**
 * The variants that stay although no row is about them: all, unless the last file had them and this one, whose rows are
 * all in order, has them no more. Those of other options than the file's cannot stay.
 */
function keptVariants(
  columns: Columns,
  before: ProductDocument | null,
  read: ReadVariants,
  hasRejections: boolean,
): CatalogProduct['variants'] {
  if (!before || read.variants.length === 0) return []
  const isWhole = !hasRejections && columns.indexOf.option1Value !== undefined
  const names = JSON.stringify([...(read.optionNames ?? [])].sort())
  return before.product.variants.filter((variant) => {
    if (read.variants.some((one) => one.before?.id === variant.id)) return false
    if (JSON.stringify(Object.keys(variant.options).sort()) !== names) return false
    return !(isWhole && before.source?.variantIds.includes(variant.id))
  })
}

function optionsWish(
  read: ReadVariants,
  current: CatalogProduct | null,
  kept: CatalogProduct['variants'],
): NonNullable<ProductWish['options']> {
  return (read.optionNames ?? []).map((name, index) => {
    const ofRows = read.variants.map((one) => one.values[index] ?? one.before?.options[name] ?? '')
    const ofOthers = (current?.options.find((one) => one.name === name)?.values ?? []).filter((value) =>
      kept.some((one) => one.options[name] === value),
    )
    return { name, values: [...new Set([...ofRows, ...ofOthers])] }
  })
}

function variantWish(one: ReadVariant, optionNames: readonly string[]) {
  const { before, sku, barcode, grams, requiresShipping, taxable, taxCode, inventoryPolicy, inventoryTracked } = one
  return {
    ...(before ? { id: before.id } : {}),
    ...(one.values.length > 0 || optionNames.length === 0
      ? { options: Object.fromEntries(optionNames.map((name, index) => [name, one.values[index] ?? ''])) }
      : {}),
    ...(sku === undefined ? {} : { sku }),
    ...(barcode === undefined ? {} : { barcode }),
    ...(grams === undefined ? {} : { grams }),
    ...(requiresShipping === undefined ? {} : { requiresShipping }),
    ...(taxable === undefined ? {} : { taxable }),
    ...(taxCode === undefined ? {} : { taxCode }),
    ...(inventoryPolicy === undefined ? {} : { inventoryPolicy }),
    ...(inventoryTracked === undefined ? {} : { inventoryTracked }),
  }
}
