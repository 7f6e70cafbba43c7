import type T from 'typebox'
import type { catalog, ImportReport } from '#contracts/catalog'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { fromCursor, toCursor } from '#kernel/fields'
import { newId } from '#kernel/id'
import { ProblemError, problem, validationFailed } from '#kernel/problem'
import type { Deps } from '../deps.ts'
import type { DefaultMarket } from '../product-detail.ts'
import { readCursor } from '../read-products.ts'

type Operations = typeof catalog.operations

/** A million products or so. The upload lies in the shop's own store until it is read. */
const importBytesAtMost = 1024 * 1024 * 1024

/** Begins an import: a report that says how far it is, to which the file's parts are sent. */
export async function createImport(
  { store, pricing, firstMarket }: Deps & { readonly firstMarket: DefaultMarket },
  { fileName, market: asked }: Input<Operations['createImport']>,
): Promise<Outcome<Operations['createImport']>> {
  const market = asked ?? (await firstMarket())
  const known = await pricing.prices({ market, variantIds: [] })
  if (!known.ok) return known
  const report = newReport(fileName, market)
  await store.createImport(report)
  return ok(report)
}

/** The report of an import of which nothing is there yet. */
export function newReport(fileName: string, market: string): T.Static<typeof ImportReport> {
  const now = new Date().toISOString()
  return {
    id: newId('import'),
    fileName,
    market,
    state: 'uploading',
    bytes: 0,
    bytesDone: 0,
    rows: 0,
    productsCreated: 0,
    productsChanged: 0,
    productsUnchanged: 0,
    rowsRejected: 0,
    unknownColumns: [],
    imagesStored: 0,
    imagesKeptAsAddress: 0,
    error: null,
    startedAt: now,
    updatedAt: now,
  }
}

/** Stores a part of the file. A part that was cut in the middle of a character is refused: its halves are lost for good. */
export async function putImportPart(
  { store }: Deps,
  { importId, part, rawBody }: Input<Operations['putImportPart']>,
): Promise<Outcome<Operations['putImportPart']>> {
  if (rawBody.startsWith('\ufffd') || rawBody.endsWith('\ufffd')) {
    throw validationFailed([
      { field: 'rawBody', message: 'begins or ends in the middle of a character: cut the file between lines' },
    ])
  }
  const bytes = Buffer.from(rawBody)
  const document = await store.getImport(importId)
  if (!document) return unknownImport(importId)
  if (document.report.bytes + bytes.length > importBytesAtMost) {
    const limit = `An import has at most ${importBytesAtMost / 1024 / 1024} MB. Import the file in several.`
    throw new ProblemError(problem('body-too-large', 413, limit))
  }
  const stored = await store.putPart(importId, part, bytes)
  return stored ? ok(stored.report) : refuse('catalog/import-started', 'The import was started: no part can be added.')
}

export async function listImports(
  { store }: Deps,
  { cursor, limit = 20 }: Input<Operations['imports']>,
): Promise<Outcome<Operations['imports']>> {
  const found = await store.listImports(readCursor(cursor), limit + 1)
  const items = found.slice(0, limit).map(({ report }) => report)
  const last = items.at(-1)
  return ok({ items, nextCursor: found.length > limit && last ? toCursor([last.id]) : null })
}

export async function importReport(
  { store }: Deps,
  { importId }: Input<Operations['import']>,
): Promise<Outcome<Operations['import']>> {
  const document = await store.getImport(importId)
  return document ? ok(document.report) : unknownImport(importId)
}

/** The rows that were not taken, by number. */
export async function rejectedRows(
  { store }: Deps,
  { importId, cursor, limit = 50 }: Input<Operations['importRejections']>,
): Promise<Outcome<Operations['importRejections']>> {
  const [after = 0] = cursor === undefined ? [] : (fromCursor(cursor, 1) ?? [''])
  if (typeof after !== 'number') {
    throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this list' }])
  }
  if (!(await store.getImport(importId))) return unknownImport(importId)
  const found = await store.rejections(importId, after, limit + 1)
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return ok({ items, nextCursor: found.length > limit && last ? toCursor([last.row]) : null })
}

export const unknownImport = (importId: string) => refuse('catalog/unknown-import', `There is no import ${importId}.`)
