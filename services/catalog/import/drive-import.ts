import { serviceCall, withCall } from '#kernel/call'
import type { Deps } from '../deps.ts'
import type { HandleRun, ImportDocument, ImportHeader, ImportProgress, Rejection, RowGroup } from '../store/port.ts'
import { type Columns, readHeader } from './columns.ts'
import type { FetchPicture } from './fetch-picture.ts'
import { findHeader, groupRows } from './group-rows.ts'
import { chunks } from './set-goods.ts'
import { storePictures } from './store-pictures.ts'
import { openUpload, readGroups, type Upload } from './upload.ts'
import { writeProducts } from './write-products.ts'

/** What calls to other services may take in one step. */
const stepTimeoutMs = 60_000
type Amount = { readonly products: number; readonly rows: number }

/** Products and rows written before progress is saved: few enough that a crash repeats little. */
const aStep: Amount = { products: 500, rows: 2_000 }
/** While shoppers are served: few enough for pieces of milliseconds, of this process and of PostgreSQL. */
const aPiece: Amount = { products: 25, rows: 150 }
/** After each it rests so many times as long as it took. */
const restTimes = 5
/** Products whose pictures are fetched side by side. */
const groupsAStep = 8
/** Variants and pictures of a product have 250 rows each at most; a handle with more rows is no product. */
const rowsAProductAtMost = 2_000
/** A file with more broken lines is no CSV, and each costs a search for the next line. */
const brokenLinesAtMost = 1_000

/** Ends an import for a reason that its owner must mend. */
export class ImportFault extends Error {}

/** Saves how far the import is. Throws when somebody else drives it, or when this process is about to stop. */
export type Save = (change: Partial<Pick<ImportDocument, 'report' | 'progress' | 'brokenLines'>>) => Promise<void>

/** An import on its way: `now` is what was saved last. */
export type Driven = { readonly now: () => ImportDocument; readonly save: Save }

/** Takes an import from where it is to its end. */
export async function driveImport(deps: Deps, driven: Driven, fetchPicture: FetchPicture): Promise<void> {
  const upload = await openUpload(deps.store, driven.now().report.id)
  if (driven.now().progress.phase === 'grouping') await group(deps, driven, upload)
  if (driven.now().progress.phase === 'writing') await write(deps, driven, upload)
  await fetchAll(deps, driven, fetchPicture)
  const { report } = driven.now()
  await driven.save({ report: { ...report, state: 'done', bytesDone: report.bytes } })
}

async function group(deps: Deps, driven: Driven, upload: Upload): Promise<void> {
  const { id } = driven.now().report
  const { header, columns } = await startGrouping(driven, upload)
  const { progress } = driven.now()
  if (progress.phase !== 'grouping') return
  for await (const step of groupRows(upload.source, progress, header.delimiter, columns, deps.giveWay.isDue)) {
    const since = performance.now()
    const tooMany = await deps.store.addRows(id, step.runs, rowsAProductAtMost)
    const added = await deps.store.reject(id, [...step.rejections, ...tooMany.flatMap(beyond)])
    const { report, brokenLines } = driven.now()
    if (brokenLines + step.brokenLines > brokenLinesAtMost) {
      throw new ImportFault(
        `More than ${brokenLinesAtMost} lines of the file are no CSV; see the rows that were refused.`,
      )
    }
    await driven.save({
      report: { ...report, rows: report.rows + step.rows, rowsRejected: report.rowsRejected + added },
      progress: { phase: 'grouping', offset: step.offset, row: step.row, header },
      brokenLines: brokenLines + step.brokenLines,
    })
    await deps.giveWay.rest(performance.now() - since, restTimes)
  }
  await driven.save({ progress: { phase: 'writing', afterRow: 0, header } })
}

async function startGrouping(driven: Driven, upload: Upload): Promise<{ header: ImportHeader; columns: Columns }> {
  const { progress, report } = driven.now()
  if (progress.header) return { header: progress.header, columns: columnsOf(progress.header) }
  const found = await findHeader(upload.source)
  if (!found.ok) throw new ImportFault(found.error)
  const { header, columns, offset, row } = found
  await driven.save({
    report: { ...report, unknownColumns: columns.extras.map(({ name }) => name) },
    progress: { phase: 'grouping', offset, row, header },
  })
  return { header, columns }
}

const namesPictures = ({ indexOf }: Columns): boolean =>
  indexOf.imageSrc !== undefined || indexOf.variantImage !== undefined

function columnsOf(header: ImportHeader): Columns {
  const read = readHeader(header.columns)
  if (!read.ok) throw new ImportFault(read.error)
  return read.columns
}

const beyond = ({ handle, row, rows }: HandleRun): Rejection[] =>
  Array.from({ length: rows }, (_, index) => ({
    row: row + index,
    handle,
    column: null,
    reason: `is beyond ${rowsAProductAtMost} rows of one product`,
  }))

async function write(deps: Deps, driven: Driven, upload: Upload): Promise<void> {
  const { id, market } = driven.now().report
  const header = driven.now().progress.header
  if (!header) throw new Error('catalog: an import lost its header')
  const run = { importId: id, columns: columnsOf(header), market: await marketOf(deps, market) }
  for await (const groups of groupsFrom(deps, driven, id)) {
    const since = performance.now()
    const read = await readGroups(upload, groups, header.delimiter)
    const written = await inCall(() => writeProducts(deps, run, read))
    const added = await deps.store.reject(id, written.rejections)
    const { report } = driven.now()
    await driven.save({
      report: {
        ...report,
        productsCreated: report.productsCreated + written.created,
        productsChanged: report.productsChanged + written.changed,
        productsUnchanged: report.productsUnchanged + written.unchanged,
        rowsRejected: report.rowsRejected + added,
        bytesDone: report.bytesDone + groups.reduce((sum, { runs }) => sum + bytesOf(runs), 0),
      },
      progress: { phase: 'writing', afterRow: groups.at(-1)?.firstRow ?? 0, header },
    })
    await deps.giveWay.rest(performance.now() - since, restTimes)
  }
  const phase: ImportProgress = { phase: 'pictures', afterRow: 0, header }
  await driven.save({ progress: phase })
}

const bytesOf = (runs: RowGroup['runs']): number => runs.reduce((sum, { bytes }) => sum + bytes, 0)

async function marketOf({ pricing }: Deps, code: string): Promise<{ code: string; currency: string }> {
  const markets = await inCall(() => pricing.markets({}))
  const found = markets.ok ? markets.value.items.find((market) => market.code === code) : undefined
  if (!found) throw new ImportFault(`There is no market "${code}" any more.`)
  return found
}

/** Groups that come after the last that was saved, a step at a time. */
async function* groupsFrom({ store, giveWay }: Deps, driven: Driven, importId: string): AsyncGenerator<RowGroup[]> {
  for (;;) {
    const { progress } = driven.now()
    const afterRow = progress.phase === 'writing' ? progress.afterRow : 0
    const atMost = giveWay.isDue() ? aPiece : aStep
    const groups = await store.rowGroups(importId, afterRow, atMost.products)
    if (groups.length === 0) return
    let rows = 0
    yield groups.filter(({ runs }, index) => {
      rows += runs.reduce((sum, run) => sum + run.rows, 0)
      return index === 0 || rows <= atMost.rows
    })
  }
}

/**
 * Pictures come last: the shop sells already. A file that has no column for them says nothing of them, and no product is looked at. Products that have none
 * to fetch are passed over, many before progress is saved.
 */
async function fetchAll(deps: Deps, driven: Driven, fetchPicture: FetchPicture): Promise<void> {
  const { header } = driven.now().progress
  if (!header || !namesPictures(columnsOf(header))) return
  for (;;) {
    const { progress, report } = driven.now()
    if (progress.phase !== 'pictures') return
    const groups = await deps.store.rowGroups(report.id, progress.afterRow, aStep.products)
    if (groups.length === 0) return
    let stored = 0
    let addresses = 0
    let seen = 0
    for (const some of chunks(groups, groupsAStep)) {
      const counts = await Promise.all(
        some.map(({ handle }) => inCall(() => storePictures(deps, fetchPicture, handle))),
      )
      for (const count of counts) {
        stored += count.stored
        addresses += count.addresses
      }
      seen += some.length
      if (stored + addresses > 0) break
    }
    await driven.save({
      report: {
        ...report,
        imagesStored: report.imagesStored + stored,
        imagesKeptAsAddress: report.imagesKeptAsAddress + addresses,
      },
      progress: { ...progress, afterRow: groups[seen - 1]?.firstRow ?? 0 },
    })
  }
}

/** Each step has a deadline of its own: an import takes longer than any call may. */
const inCall = <R>(work: () => Promise<R>): Promise<R> =>
  withCall(serviceCall('catalog', { timeoutMs: stepTimeoutMs }), work)
