/** A record of cells, with what stands before and in it. */
export type RegularRecord = {
  readonly cells: string[]
  /** Bytes from the beginning of what was read, up to its end. */
  readonly end: number
  /** Empty lines before it, since that beginning. */
  readonly emptyLines: number
}

const quote = 34
const newline = 10
const carriageReturn = 13

/**
 * Reads the records of a CSV file that are as RFC 4180 has them, which in most files are all, and stops at the first that is not, or is
 * not whole: what is irregular is for a parser that can tell what is wrong with it.
 * @param isAll nothing follows, so that the last record needs no line end
 * @param recordBytesAtMost what is longer is irregular
 */
export function readRegular(
  bytes: Buffer,
  { delimiter, isAll, recordBytesAtMost }: { delimiter: string; isAll: boolean; recordBytesAtMost: number },
): { readonly records: RegularRecord[]; readonly isIrregular: boolean } {
  const records: RegularRecord[] = []
  const next = finder(bytes)
  let emptyLines = 0
  let at = 0
  while (at < bytes.length) {
    const quoted = next(quote, at)
    let stop = Math.min(next(newline, at), next(carriageReturn, at))
    let cells: string[] | null = null
    if (quoted < stop) {
      const read = quotedRecord(bytes, at, delimiter.charCodeAt(0))
      if (read === 'irregular') return { records, isIrregular: true }
      if (read === 'unfinished') break
      stop = read.stop
      cells = read.cells
    }
    if (stop >= bytes.length && !isAll) break
    // A line end of two bytes may be cut between them.
    if (bytes[stop] === carriageReturn && stop + 1 === bytes.length && !isAll) break
    if (stop - at > recordBytesAtMost) return { records, isIrregular: true }
    const end = Math.min(
      bytes[stop] === carriageReturn && bytes[stop + 1] === newline ? stop + 2 : stop + 1,
      bytes.length,
    )
    if (stop === at) emptyLines += 1
    else records.push({ cells: cells ?? bytes.toString('utf8', at, stop).split(delimiter), end, emptyLines })
    at = end
  }
  return { records, isIrregular: at < bytes.length && (isAll || bytes.length - at > recordBytesAtMost) }
}

/** Where a byte stands next; the length of all where it does not. Looks for each only when the last one found is passed. */
function finder(bytes: Buffer): (byte: number, from: number) => number {
  const found = new Map<number, number>()
  return (byte, from) => {
    const known = found.get(byte) ?? -1
    if (known >= from) return known
    const index = bytes.indexOf(byte, from)
    const at = index === -1 ? bytes.length : index
    found.set(byte, at)
    return at
  }
}

/** A record in which some cell is in quotes, and where its line ends. */
function quotedRecord(
  bytes: Buffer,
  from: number,
  delimiter: number,
): { readonly cells: string[]; readonly stop: number } | 'irregular' | 'unfinished' {
  const cells: string[] = []
  let at = from
  for (;;) {
    let stop: number
    if (bytes[at] === quote) {
      const closing = closingQuote(bytes, at + 1)
      if (closing === -1) return 'unfinished'
      const text = bytes.toString('utf8', at + 1, closing)
      cells.push(text.includes('"') ? text.replaceAll('""', '"') : text)
      stop = closing + 1
      if (stop < bytes.length && !isEnd(bytes[stop], delimiter)) return 'irregular'
    } else {
      stop = at
      while (stop < bytes.length && !isEnd(bytes[stop], delimiter)) {
        if (bytes[stop] === quote) return 'irregular'
        stop += 1
      }
      cells.push(bytes.toString('utf8', at, stop))
    }
    if (bytes[stop] !== delimiter) return { cells, stop }
    at = stop + 1
  }
}

const isEnd = (byte: number | undefined, delimiter: number): boolean =>
  byte === delimiter || byte === newline || byte === carriageReturn

/** The quote that ends a cell: the first that is not written twice. -1 where there is none. */
function closingQuote(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(quote, from)
  while (at !== -1 && bytes[at + 1] === quote) at = bytes.indexOf(quote, at + 2)
  return at
}
