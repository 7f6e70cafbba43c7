import type { HandleRun, ImportHeader, Rejection } from '../store/port.ts'
import { isHandle } from './category-of.ts'
import { type Columns, readHeader } from './columns.ts'
import { type CsvRow, readRows, type Source } from './csv-rows.ts'
import { unescapeCell } from './formula.ts'
import { RowReader } from './row-reader.ts'

/** Rows that stand together under one handle; noted one by one beyond this many, so that none is too large to hold. */
const rowsARun = 500
/** Rows read before the rest of the program gets its turn and progress is saved. */
const rowsAStep = 5_000
/** The same where others wait for their turn: they are noted in one transaction, which nobody interrupts. */
const rowsAPiece = 250

export type GroupedStep = {
  readonly runs: readonly HandleRun[]
  readonly rejections: readonly Rejection[]
  /** Where the next step begins, and how many rows were read in this one. */
  readonly offset: number
  readonly row: number
  readonly rows: number
  readonly brokenLines: number
}

export type FoundHeader = {
  readonly ok: true
  readonly header: ImportHeader
  readonly columns: Columns
  /** Where the first row after it begins. */
  readonly offset: number
  readonly row: number
}

/** Reads the header of a file, or says in a sentence why it is no product file. */
export async function findHeader(
  source: Source,
): Promise<FoundHeader | { readonly ok: false; readonly error: string }> {
  const bom = await beginsWithBom(source)
  const delimiter = await delimiterOf(source)
  for await (const first of readRows(source, { offset: bom, row: 1 }, delimiter)) {
    if ('broken' in first) return { ok: false, error: `The header cannot be read: ${first.broken}.` }
    const columns = first.cells.map((cell) => unescapeCell(cell))
    const read = readHeader(columns)
    return read.ok ? { ...read, header: { columns, delimiter }, offset: first.end, row: first.row + 1 } : read
  }
  return { ok: false, error: 'The file is empty.' }
}

async function beginsWithBom(source: Source): Promise<number> {
  let head = Buffer.alloc(0)
  for await (const chunk of source(0)) {
    head = Buffer.concat([head, chunk.subarray(0, 3)])
    if (head.length >= 3) break
  }
  return head.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0
}

/** A comma, or what spreadsheets of many countries write in its place. Judged by the first line, which has no cell of prose. */
async function delimiterOf(source: Source): Promise<string> {
  for await (const chunk of source(0)) {
    const line =
      chunk
        .toString('utf8', 0, 16_384)
        .trimStart()
        .split(/[\r\n]/, 1)[0] ?? ''
    const count = (mark: string): number => line.split(mark).length
    return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best))
  }
  return ','
}

/**
 * Goes through the rows once and tells where those of each handle stand, so that rows of one handle that are apart come
 * together later, whatever the size of the file. Rows that cannot belong to any product are refused here.
 * @param isGivingWay whether steps are to be small at this moment
 */
export async function* groupRows(
  source: Source,
  start: { readonly offset: number; readonly row: number },
  delimiter: string,
  columns: Columns,
  isGivingWay: () => boolean,
): AsyncGenerator<GroupedStep> {
  let runs: HandleRun[] = []
  let rejections: Rejection[] = []
  let brokenLines = 0
  let rows = 0
  let { offset, row } = start
  /** Whether the next row can go on with the last run. */
  let isOpen = false
  for await (const next of readRows(source, start, delimiter)) {
    const begin = { offset, row }
    offset = next.end
    row = next.row + 1
    rows += 1
    const verdict = 'broken' in next ? { reason: `is no CSV: ${next.broken}` } : judge(columns, next)
    const last = runs.at(-1)
    if (verdict === null || 'reason' in verdict) {
      isOpen = false
      if (verdict) rejections.push({ row: next.row, handle: null, column: null, ...verdict })
      if ('broken' in next) brokenLines += 1
    } else if (isOpen && last?.handle === verdict.handle && last.rows < rowsARun) {
      runs[runs.length - 1] = { ...last, bytes: offset - last.offset, rows: last.rows + 1 }
    } else {
      isOpen = true
      runs.push({ ...verdict, ...begin, bytes: offset - begin.offset, rows: 1 })
    }
    if (rows < rowsAPiece || (rows < rowsAStep && !isGivingWay())) continue
    yield { runs, rejections, offset, row, rows, brokenLines }
    runs = []
    rejections = []
    isOpen = false
    brokenLines = 0
    rows = 0
  }
  yield { runs, rejections, offset, row, rows, brokenLines }
}

/** Whose row it is; null when it is empty; or why it is nobody's. */
function judge(columns: Columns, row: CsvRow): { handle: string } | Omit<Rejection, 'row'> | null {
  if (row.cells.every((cell) => cell.trim() === '')) return null
  const reader = new RowReader(columns, row)
  const text = reader.text('handle')
  const refused = (column: string | null, reason: string) => ({ handle: text.slice(0, 255) || null, column, reason })
  const wanted = columns.names.length
  if (row.cells.length !== wanted) return refused(null, `has ${row.cells.length} cells, but the header has ${wanted}`)
  const damaged = row.cells.findIndex((cell) => cell.includes('\ufffd'))
  if (damaged !== -1) {
    return refused(columns.names[damaged] ?? null, 'holds characters that are not UTF-8: save the file as "CSV UTF-8"')
  }
  const handle = text.toLowerCase()
  if (isHandle(handle)) return { handle }
  const reason =
    text === '' ? 'is missing' : 'is no part of an address such as blue-cup: no spaces, and none of / ? # % \\'
  return refused(columns.names[columns.indexOf.handle ?? -1] ?? null, reason)
}
