import { randomUUID } from 'node:crypto'
import type { AnyBulkWriteOperation } from 'mongodb'
import type T from 'typebox'
import type { ImportReport } from '../contract.ts'
import { type Connection, isDuplicate, type Keyed } from './mongodb-connection.ts'
import { type HandleRun, type ImportDocument, type ImportStore, type Rejection, type RowGroup, rowKey } from './port.ts'

/** Somebody else wrote the same document each time between reading and writing; more in a row is not chance. */
const roundsAtMost = 100

export type StoredPart = Keyed & { readonly importId: string; readonly bytes: Uint8Array }
export type StoredGroup = RowGroup & Keyed & { readonly importId: string; readonly rows: number }

type Part = { readonly bytes: number; readonly key: string }

export type StoredImport = Omit<ImportDocument, 'revision'> & {
  readonly _id: string
  readonly revision: number
  /** Epoch milliseconds until which somebody drives it. */
  readonly leaseUntil: number
  /**
   * Its parts by number. A part's bytes are written under a key of their own first, and belong to the import from the write of
   * this document on: so no part of an import that has been started can be replaced.
   */
  readonly parts: Readonly<Record<string, Part>>
}

/** Imports in MongoDB: the uploaded parts, the index of their rows, how far each is, and the rows that were refused. */
export function mongodbImports(connection: Connection): ImportStore & { purgeUploads(time: string): Promise<number> } {
  const { ask, change, now } = connection
  const imports = connection.collection<StoredImport>('imports')
  const parts = connection.collection<StoredPart>('parts')
  const groups = connection.collection<StoredGroup>('row-groups')
  const rejections = connection.collection<Rejection & Keyed & { readonly importId: string }>('rejections')
  const withoutParts = { projection: { parts: 0 } } as const
  const after = { returnDocument: 'after', ...withoutParts } as const

  const touched = (report: T.Static<typeof ImportReport>) => ({ ...report, updatedAt: new Date(now()).toISOString() })

  const dropUpload = async (importId: string): Promise<void> => {
    await change(() => groups.deleteMany({ importId }))
    await change(() => imports.updateOne({ _id: importId }, { $set: { parts: {} } }))
    await change(() => parts.deleteMany({ importId }))
  }

  return {
    async createImport(report) {
      const progress = { phase: 'grouping', offset: 0, row: 1, header: null } as const
      const stored: StoredImport = {
        _id: report.id,
        report,
        progress,
        brokenLines: 0,
        failures: 0,
        leaseUntil: 0,
        revision: 1,
        parts: {},
      }
      await change(() => imports.insertOne(stored))
    },
    async getImport(importId) {
      const found = await ask(() => imports.findOne({ _id: importId }, withoutParts))
      return found && toDocument(found)
    },
    async listImports(before, limit) {
      const filter = before === null ? {} : { _id: { $lt: before } }
      const found = await ask(() => imports.find(filter, withoutParts).sort({ _id: -1 }).limit(limit).toArray())
      return found.map(toDocument)
    },
    async putPart(importId, part, bytes) {
      const key = `${importId} ${part} ${randomUUID()}`
      await change(() => parts.insertOne({ _id: key, importId, bytes }))
      for (let round = 0; round < roundsAtMost; round++) {
        const found = await ask(() => imports.findOne({ _id: importId }, { readConcern: { level: 'local' } }))
        if (found?.report.state !== 'uploading') {
          await change(() => parts.deleteOne({ _id: key }))
          return null
        }
        const next: StoredImport['parts'] = { ...found.parts, [part]: { bytes: bytes.byteLength, key } }
        const total = Object.values(next).reduce((sum, one) => sum + one.bytes, 0)
        const written = await change(() =>
          imports.findOneAndUpdate(
            { _id: importId, revision: found.revision },
            { $set: { parts: next, report: touched({ ...found.report, bytes: total }) }, $inc: { revision: 1 } },
            after,
          ),
        )
        if (!written) continue
        const replaced = found.parts[part]
        if (replaced) await change(() => parts.deleteOne({ _id: replaced.key }))
        return toDocument(written)
      }
      throw new Error(`catalog: import ${importId} was changed by others ${roundsAtMost} times in a row`)
    },
    async partSizes(importId) {
      const found = await ask(() => imports.findOne({ _id: importId }))
      return Object.entries(found?.parts ?? {})
        .map(([part, { bytes }]) => ({ part: Number(part), bytes }))
        .sort((a, b) => a.part - b.part)
    },
    async part(importId, part) {
      const found = await ask(() =>
        imports.findOne<Pick<StoredImport, 'parts'>>({ _id: importId }, { projection: { [`parts.${part}`]: 1 } }),
      )
      const key = found?.parts?.[part]?.key
      const content = key === undefined ? null : await ask(() => parts.findOne({ _id: key }))
      return content?.bytes ?? null
    },
    async claimImport(leaseSeconds) {
      const at = now()
      const found = await change(() =>
        imports.findOneAndUpdate(
          { 'report.state': 'running', leaseUntil: { $lte: at } },
          { $set: { leaseUntil: at + leaseSeconds * 1_000 }, $inc: { revision: 1 } },
          { ...after, sort: { _id: 1 } },
        ),
      )
      return found && toDocument(found)
    },
    async saveImport({ report, progress, brokenLines, failures }, revision, leaseSeconds) {
      const leaseUntil = leaseSeconds === 0 ? 0 : now() + leaseSeconds * 1_000
      const changes = { report: touched(report), progress, brokenLines, failures, leaseUntil, revision: revision + 1 }
      const found = await change(() => imports.findOneAndUpdate({ _id: report.id, revision }, { $set: changes }, after))
      return found && toDocument(found)
    },
    async holdImport(importId, revision, leaseSeconds) {
      const leaseUntil = now() + leaseSeconds * 1_000
      const { matchedCount } = await change(() =>
        imports.updateOne({ _id: importId, revision }, { $set: { leaseUntil } }),
      )
      return matchedCount === 1
    },
    async addRows(importId, runs, rowsAtMost) {
      const byHandle = Map.groupBy(runs, ({ handle }) => handle)
      const keyOf = (handle: string): string => `${importId} ${handle}`
      for (let round = 0; round < roundsAtMost; round++) {
        const keys = [...byHandle.keys()].map(keyOf)
        const found = await ask(() =>
          groups.find({ _id: { $in: keys } }, { readConcern: { level: 'local' } }).toArray(),
        )
        const known = new Map(found.map((one) => [one._id, one]))
        const refused: HandleRun[] = []
        const writes = [...byHandle].flatMap(([handle, own]): AnyBulkWriteOperation<StoredGroup>[] => {
          const before = known.get(keyOf(handle))
          const next = withRuns(before ?? null, own, rowsAtMost)
          refused.push(...next.refused)
          if (next.rows === (before?.rows ?? 0)) return []
          const { rows, runs, firstRow } = next
          const document = { importId, handle, firstRow, runs, rows }
          return before
            ? [{ replaceOne: { filter: { _id: before._id, rows: before.rows }, replacement: document } }]
            : [{ insertOne: { document: { _id: keyOf(handle), ...document } } }]
        })
        if (writes.length === 0) return refused
        try {
          const { matchedCount, insertedCount } = await change(() => groups.bulkWrite(writes, { ordered: false }))
          if (matchedCount + insertedCount === writes.length) return refused
        } catch (error) {
          if (!isDuplicate(error)) throw error
        }
      }
      throw new Error(`catalog: the rows of ${importId} were changed by others ${roundsAtMost} times in a row`)
    },
    async rowGroups(importId, afterRow, limit) {
      const found = await ask(() =>
        groups
          .find({ importId, firstRow: { $gt: afterRow } })
          .sort({ firstRow: 1 })
          .limit(limit)
          .toArray(),
      )
      return found.map(({ handle, firstRow, runs }) => ({ handle, firstRow, runs }))
    },
    async reject(importId, list) {
      if (list.length === 0) return 0
      const writes = list.map(({ row, handle, column, reason }) => ({
        updateOne: {
          filter: { _id: rowKey(importId, row) },
          update: { $set: { importId, row, handle, column, reason } },
          upsert: true,
        },
      }))
      return (await change(() => rejections.bulkWrite(writes))).upsertedCount
    },
    async rejections(importId, afterRow, limit) {
      const found = await ask(() =>
        rejections
          .find({ importId, row: { $gt: afterRow } })
          .sort({ row: 1 })
          .limit(limit)
          .toArray(),
      )
      return found.map(({ row, handle, column, reason }) => ({ row, handle, column, reason }))
    },
    countRejections: (importId) => ask(() => rejections.countDocuments({ importId })),
    dropUpload,
    async purgeUploads(time) {
      const filter = { 'report.state': 'uploading', 'report.updatedAt': { $lt: time } } as const
      const left = await ask(() => imports.find(filter, withoutParts).toArray())
      for (const { _id, revision } of left) {
        const error = 'The upload was not finished within a day.'
        const { matchedCount } = await change(() =>
          imports.updateOne(
            { _id, revision, 'report.state': 'uploading' },
            {
              $set: {
                'report.state': 'failed',
                'report.error': error,
                'report.updatedAt': new Date(now()).toISOString(),
              },
              $inc: { revision: 1 },
            },
          ),
        )
        if (matchedCount === 1) await dropUpload(_id)
      }
      return left.length
    },
  }
}

const toDocument = ({
  report,
  progress,
  brokenLines,
  failures,
  revision,
}: Omit<StoredImport, 'parts'>): ImportDocument => ({
  report,
  progress,
  brokenLines,
  failures,
  revision,
})

/** The rows of a handle with those runs that are new and have room. */
function withRuns(
  before: (RowGroup & { readonly rows: number }) | null,
  added: readonly HandleRun[],
  rowsAtMost: number,
) {
  const runs = [...(before?.runs ?? [])]
  const refused: HandleRun[] = []
  let rows = before?.rows ?? 0
  for (const { handle, ...run } of added) {
    if (runs.some(({ offset }) => offset === run.offset)) continue
    if (rows + run.rows > rowsAtMost) {
      refused.push({ handle, ...run })
      continue
    }
    runs.push(run)
    rows += run.rows
  }
  return { runs, rows, refused, firstRow: before?.firstRow ?? added[0]?.row ?? 0 }
}
