import { setImmediate as aTurn } from 'node:timers/promises'
import type { ImportStore, RowGroup } from '../store/port.ts'
import type { Group } from './assemble.ts'
import { readRowsOf, type Source } from './csv-rows.ts'

/** Read at once before others get their turn; a part has fourteen times as much. */
const bytesATurn = 64 * 1024

/** An uploaded file, read from its parts. */
export type Upload = {
  readonly source: Source
  /** Bytes from the middle of it. */
  read(offset: number, bytes: number): Promise<Buffer>
}

export async function openUpload(store: ImportStore, importId: string): Promise<Upload> {
  let offset = 0
  const parts = (await store.partSizes(importId)).map(({ part, bytes }) => {
    offset += bytes
    return { part, start: offset - bytes, end: offset }
  })
  // Neighboring rows are read one after the other, and come from the same part.
  let last: { part: number; bytes: Buffer } | null = null
  const load = async (part: number): Promise<Buffer> => {
    if (last?.part === part) return last.bytes
    const found = await store.part(importId, part)
    if (!found) throw new Error(`catalog: part ${part} of ${importId} is gone`)
    last = { part, bytes: Buffer.from(found.buffer, found.byteOffset, found.byteLength) }
    return last.bytes
  }
  const source = async function* (from: number): AsyncGenerator<Buffer> {
    for (const { part, start, end } of parts) {
      if (end <= from) continue
      const bytes = await load(part)
      for (let at = Math.max(from - start, 0); at < bytes.length; at += bytesATurn) {
        yield bytes.subarray(at, at + bytesATurn)
        await aTurn()
      }
    }
  }
  return {
    source,
    async read(from, length) {
      const found: Buffer[] = []
      let left = length
      for (const { part, start, end } of parts) {
        if (left === 0 || end <= from) continue
        const bytes = await load(part)
        const piece = bytes.subarray(Math.max(from - start, 0), Math.max(from - start, 0) + left)
        found.push(piece)
        left -= piece.length
      }
      return found.length === 1 && found[0] ? found[0] : Buffer.concat(found)
    },
  }
}

type Span = { offset: number; bytes: number; row: number }

/** Runs that follow each other are parsed at once, up to this size. */
const spanBytesAtMost = 2 * 1024 * 1024

/** Reads the rows of groups, wherever they stand. */
export async function readGroups(upload: Upload, groups: readonly RowGroup[], delimiter: string): Promise<Group[]> {
  const read = groups.map(({ handle }) => ({ handle, rows: [] as { row: number; cells: readonly string[] }[] }))
  const runs = groups
    .flatMap(({ runs: own }, index) => own.map((run) => ({ ...run, index })))
    .sort((a, b) => a.offset - b.offset)
  const spans: Span[] = []
  for (const { offset, bytes, row } of runs) {
    const last = spans.at(-1)
    if (last && last.offset + last.bytes === offset && last.bytes < spanBytesAtMost) last.bytes += bytes
    else spans.push({ offset, bytes, row })
  }
  let at = 0
  for (const span of spans) {
    for (const { row, cells, end } of readRowsOf(await upload.read(span.offset, span.bytes), span, delimiter)) {
      while ((runs[at]?.offset ?? 0) + (runs[at]?.bytes ?? 0) < end) at += 1
      // Empty rows are of nobody.
      if (cells.some((cell) => cell.trim() !== '')) read[runs[at]?.index ?? 0]?.rows.push({ row, cells })
    }
  }
  return read.map(({ handle, rows }) => ({ handle, rows: rows.sort((a, b) => a.row - b.row) }))
}
