import { type Environment, under } from './lmdb-environment.ts'
import type { ImportDocument, ImportStore, Rejection, RowGroup } from './port.ts'

/** Epoch milliseconds until which somebody drives it. */
export type Driven = ImportDocument & { readonly leaseUntil: number }

/** Keys deleted in one transaction, so that dropping a large upload holds nobody up. */
const deletedAtOnce = 500

/** Where imports are in LMDB. */
export function importTables(environment: Environment) {
  const imports = environment.table<Driven>('imports', 'json')
  /** Those that are not done, so that looking for work reads nothing else. */
  const open = environment.table<string>('open-imports', 'string')
  const parts = environment.table<Uint8Array>('parts', 'binary')
  const sizes = environment.table<number>('part-sizes', 'ordered-binary')
  const groups = environment.table<RowGroup>('row-groups', 'json')
  const groupOf = environment.table<number>('row-group-of', 'ordered-binary')
  const rejections = environment.table<Rejection>('rejections', 'json')
  return {
    imports,
    open,
    parts,
    sizes,
    groups,
    groupOf,
    rejections,
    /** Puts an import, and keeps the list of those that are not done. */
    keep(document: Driven): void {
      const { id, state } = document.report
      imports.putSync(id, document)
      if (state === 'uploading' || state === 'running') open.putSync(id, state)
      else open.removeSync(id)
    },
  }
}

/** Imports in LMDB: the uploaded parts, the index of their rows, how far each is, and the rows that were refused. */
export function lmdbImports(environment: Environment): ImportStore & { purgeUploads(time: string): Promise<number> } {
  const { imports, open, parts, sizes, groups, groupOf, rejections, keep } = importTables(environment)

  const write = (document: Omit<Driven, 'revision'>, revision: number): ImportDocument => {
    const next = { ...document, revision }
    keep(next)
    return withoutLease(next)
  }
  const now = (): string => new Date().toISOString()
  const findFree = (): Driven | undefined => {
    for (const { key, value: state } of open.getRange()) {
      const found = state === 'running' ? imports.get(key) : undefined
      if (found && found.leaseUntil <= Date.now()) return found
    }
    return undefined
  }

  const dropUpload = async (importId: string): Promise<void> => {
    for (const table of [parts, sizes, groups, groupOf] as const) {
      for (;;) {
        const keys = [...table.getKeys({ ...under(importId), limit: deletedAtOnce })]
        if (keys.length === 0) break
        await environment.write(() => {
          for (const key of keys) table.removeSync(key)
        })
      }
    }
  }

  return {
    createImport: (report) =>
      environment.write(() => {
        const progress = { phase: 'grouping', offset: 0, row: 1, header: null } as const
        write({ report, progress, brokenLines: 0, failures: 0, leaseUntil: 0 }, 1)
      }),
    getImport: async (importId) => {
      const found = imports.get(importId)
      return found ? withoutLease(found) : null
    },
    listImports: async (before, limit) =>
      [...imports.getRange({ start: before ?? '\u{10ffff}', exclusiveStart: true, reverse: true, limit })].map(
        ({ value }) => withoutLease(value),
      ),
    putPart: (importId, part, bytes) =>
      environment.write(() => {
        const found = imports.get(importId)
        if (found?.report.state !== 'uploading') return null
        const key = [importId, part]
        const total = found.report.bytes - (sizes.get(key) ?? 0) + bytes.byteLength
        parts.putSync(key, bytes)
        sizes.putSync(key, bytes.byteLength)
        return write({ ...found, report: { ...found.report, bytes: total, updatedAt: now() } }, found.revision + 1)
      }),
    partSizes: async (importId) =>
      [...sizes.getRange(under(importId))].map(({ key, value }) => ({
        part: (key as [string, number])[1],
        bytes: value,
      })),
    part: async (importId, part) => parts.get([importId, part]) ?? null,
    claimImport: async (leaseSeconds) => {
      // Every copy asks several times a second, and mostly there is nothing to do: that takes no lock.
      if (!findFree()) return null
      return environment.write(() => {
        const found = findFree()
        const leaseUntil = Date.now() + leaseSeconds * 1_000
        return found ? write({ ...found, leaseUntil }, found.revision + 1) : null
      })
    },
    saveImport: (document, revision, leaseSeconds) =>
      environment.write(() => {
        const found = imports.get(document.report.id)
        if (found?.revision !== revision) return null
        const leaseUntil = leaseSeconds === 0 ? 0 : Date.now() + leaseSeconds * 1_000
        const report = { ...document.report, updatedAt: now() }
        return write({ ...document, report, leaseUntil }, revision + 1)
      }),
    holdImport: (importId, revision, leaseSeconds) =>
      environment.write(() => {
        const found = imports.get(importId)
        if (found?.revision !== revision) return false
        write({ ...found, leaseUntil: Date.now() + leaseSeconds * 1_000 }, revision)
        return true
      }),
    addRows: (importId, runs, rowsAtMost) =>
      environment.write(() =>
        runs.filter(({ handle, ...run }) => {
          const firstRow = groupOf.get([importId, handle]) ?? run.row
          const known = groups.get([importId, firstRow]) ?? { handle, firstRow, runs: [] }
          if (known.runs.some((one) => one.offset === run.offset)) return false
          if (known.runs.reduce((rows, one) => rows + one.rows, run.rows) > rowsAtMost) return true
          groups.putSync([importId, firstRow], { ...known, runs: [...known.runs, run] })
          groupOf.putSync([importId, handle], firstRow)
          return false
        }),
      ),
    rowGroups: async (importId, afterRow, limit) =>
      [...groups.getRange({ ...under(importId, afterRow), limit })].map(({ value }) => value),
    reject: async (importId, list) => {
      if (list.length === 0) return 0
      return environment.write(() => {
        let added = 0
        for (const rejection of list) {
          if (!rejections.doesExist([importId, rejection.row])) added += 1
          rejections.putSync([importId, rejection.row], rejection)
        }
        return added
      })
    },
    rejections: async (importId, afterRow, limit) =>
      [...rejections.getRange({ ...under(importId, afterRow), limit })].map(({ value }) => value),
    countRejections: async (importId) => rejections.getKeysCount(under(importId)),
    dropUpload,
    async purgeUploads(time) {
      const left = [...open.getRange()].flatMap(({ key, value: state }) => {
        const found = imports.get(key)
        return state === 'uploading' && found && found.report.updatedAt < time ? [found] : []
      })
      for (const { report } of left) {
        const closed = await environment.write(() => {
          const found = imports.get(report.id)
          if (found?.report.state !== 'uploading') return false
          const error = 'The upload was not finished within a day.'
          write({ ...found, report: { ...found.report, state: 'failed', error, updatedAt: now() } }, found.revision + 1)
          return true
        })
        if (closed) await dropUpload(report.id)
      }
      return left.length
    },
  }
}

function withoutLease({ leaseUntil: _, ...document }: Driven): ImportDocument {
  return document
}
