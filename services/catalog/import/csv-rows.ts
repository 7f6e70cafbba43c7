import { CsvError, type InfoRecord, type Options, parse } from 'csv-parse'
import { parse as parseSync } from 'csv-parse/sync'

/** A record longer than this has a quote that was never closed; a description has at most a fifth of it. */
const recordBytesAtMost = 1024 * 1024

const options = (delimiter: string) =>
  ({
    delimiter,
    // All three, since a file that passed through several hands may have more than one.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: recordBytesAtMost,
  }) satisfies Options

export type CsvRow = {
  readonly cells: readonly string[]
  /** As a spreadsheet counts: the header is row 1, empty lines count. */
  readonly row: number
  /** Where it ends, in bytes from the beginning of the file. */
  readonly end: number
}
/** A line that is no CSV. */
export type BrokenLine = { readonly broken: string; readonly row: number; readonly end: number }

/** The bytes of a file from an offset on. */
export type Source = (offset: number) => AsyncIterable<Buffer>

/**
 * Reads the rows of a file as they come, from a place where a row begins. A line that cannot be read is told as such, and
 * reading goes on with the next line, so that one quote too many does not swallow the rest of the file.
 */
export async function* readRows(
  source: Source,
  start: { readonly offset: number; readonly row: number },
  delimiter: string,
): AsyncGenerator<CsvRow | BrokenLine> {
  let { offset, row } = start
  for (;;) {
    let end = offset
    let last = row - 1
    try {
      for await (const { cells, bytes, emptyLines, index } of records(source(offset), delimiter)) {
        last = row + index + emptyLines
        end = offset + bytes
        yield { cells, row: last, end }
      }
      return
    } catch (error) {
      if (!(error instanceof CsvError)) throw error
      const next = await nextLine(source, end)
      row = last + 1 + next.emptyLines
      offset = next.offset
      yield { broken: reasonOf(error.code), row, end: offset }
      row += 1
    }
  }
}

type Parsed = {
  readonly cells: string[]
  readonly index: number
  /** Bytes and empty lines up to its end. */
  readonly bytes: number
  readonly emptyLines: number
}

/** The records of a stream, all of those before an error too: read from the parser itself they would be lost with it. */
async function* records(chunks: AsyncIterable<Buffer>, delimiter: string): AsyncGenerator<Parsed> {
  let found: Parsed[] = []
  let index = 0
  const on_record = (cells: string[], info: InfoRecord): null => {
    found.push({ cells, index, bytes: info.bytes, emptyLines: info.empty_lines })
    index += 1
    return null
  }
  const parser = parse({ ...options(delimiter), on_record })
  parser.on('error', () => undefined)
  const settled = (act: (done: (error?: Error | null) => void) => void): Promise<Error | null> =>
    new Promise((resolve) => act((error) => resolve(error ?? null)))
  const taken = (): Parsed[] => {
    const taking = found
    found = []
    return taking
  }
  for await (const chunk of chunks) {
    const error = await settled((done) => parser.write(chunk, done))
    yield* taken()
    if (error) throw error
  }
  const error = await settled((done) => {
    parser.once('error', done)
    parser.end(done)
  })
  yield* taken()
  if (error) throw error
}

function reasonOf(code: string): string {
  if (code === 'CSV_INVALID_CLOSING_QUOTE') return 'a quoted cell goes on after its closing quote'
  if (code === 'INVALID_OPENING_QUOTE') {
    return 'a quote stands inside of a cell that is not in quotes: put the cell in quotes, and write the quote twice'
  }
  if (code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE') return 'a quote is opened and never closed'
  return 'it cannot be read'
}

const newline = 10
const carriageReturn = 13

/** Where the line after the one at `from` begins, and how many empty lines stand before that one. */
async function nextLine(source: Source, from: number): Promise<{ offset: number; emptyLines: number }> {
  let offset = from
  let emptyLines = 0
  let inLine = false
  for await (const chunk of source(from)) {
    for (const byte of chunk) {
      offset += 1
      if (byte === newline && inLine) return { offset, emptyLines }
      if (byte === newline) emptyLines += 1
      else if (byte !== carriageReturn) inLine = true
    }
  }
  return { offset, emptyLines }
}

/**
 * Reads whole rows that were read before.
 * @param row the number of the first
 * @param offset where they begin in the file
 */
export function readRowsOf(
  bytes: Buffer,
  start: { readonly offset: number; readonly row: number },
  delimiter: string,
): CsvRow[] {
  const rows: CsvRow[] = []
  const on_record = (cells: string[], { bytes: end, empty_lines }: InfoRecord): null => {
    rows.push({ cells, row: start.row + rows.length + empty_lines, end: start.offset + end })
    return null
  }
  parseSync(bytes, { ...options(delimiter), on_record })
  return rows
}
