import { join } from 'node:path'
import { digest } from '#kernel/id'
import { type Claim, type IdempotencyStore, keptHours, toKeep } from '#kernel/idempotency'
import { lmdbContents } from './lmdb-contents.ts'
import { type Environment, isKey, openEnvironment } from './lmdb-environment.ts'
import { lmdbImports } from './lmdb-imports.ts'
import { lmdbProducts } from './lmdb-products.ts'
import type { CatalogStore, CategoryStore, ExportStore, MediaFacts, MediaStore, StoredCategory } from './port.ts'

/** Opens the embedded store in `<dataFolder>/catalog`. Any number of processes of this host may have it open. */
export function openLmdbStore(dataFolder: string): CatalogStore {
  const environment = openEnvironment(join(dataFolder, 'catalog'))
  const marks = idempotencyMarks(environment)
  const exports = exportColumns(environment)
  const { purgeUploads, ...imports } = lmdbImports(environment)
  const goods = lmdbProducts(environment)
  return {
    ...goods.store,
    ...media(environment),
    ...categories(environment),
    ...imports,
    putExport: exports.putExport,
    exportColumns: exports.exportColumns,
    marks,
    contents: lmdbContents(environment, goods),
    purge: async (time) => (await marks.purge(time)) + (await exports.purge(time)) + (await purgeUploads(time)),
    // Files of this machine: whoever has opened them can read them.
    trouble: async () => null,
    async close() {
      await goods.close()
      await environment.close()
    },
  }
}

function media(environment: Environment): MediaStore {
  const facts = environment.table<MediaFacts>('media', 'json')
  const bytes = environment.table<Uint8Array>('media-bytes', 'binary')
  const renditions = environment.table<Uint8Array>('renditions', 'binary')
  return {
    putMedia: ({ bytes: content, ...rest }) =>
      environment.write(() => {
        if (facts.doesExist(rest.id)) return
        facts.putSync(rest.id, rest)
        bytes.putSync(rest.id, content)
      }),
    async media(mediaId) {
      const known = facts.get(mediaId)
      const content = bytes.get(mediaId)
      return known && content ? { ...known, bytes: content } : null
    },
    mediaFacts: async (ids) => ids.flatMap((id) => facts.get(id) ?? []),
    rendition: async (mediaId, width) => renditions.get([mediaId, width]) ?? null,
    // It can be made again, so nothing is lost where the catalog was moved.
    putRendition: (mediaId, width, content) =>
      environment.writeAlways(() => void renditions.putSync([mediaId, width], content)),
  }
}

function categories(environment: Environment): CategoryStore {
  const shop = environment.table<string>('shop', 'string')
  // Every product page asks, and they hardly ever change: read again only when the text is another.
  let known: { text: string; list: readonly StoredCategory[] } = { text: '[]', list: [] }
  const read = (): readonly StoredCategory[] => {
    const text = shop.get('categories') ?? '[]'
    if (text !== known.text) known = { text, list: JSON.parse(text) as StoredCategory[] }
    return known.list
  }
  const write = (list: readonly StoredCategory[]): void => {
    const sorted = list.toSorted((a, b) => a.position - b.position || (a.handle < b.handle ? -1 : 1))
    shop.putSync('categories', JSON.stringify(sorted))
  }
  return {
    categories: async () => read(),
    putCategories: (list) => environment.write(() => write(list)),
    addCategories: (list) =>
      environment.write(() => {
        const next = [...read()]
        let position = next.reduce((highest, one) => Math.max(highest, one.position), 0)
        for (const { handle, title } of list) {
          if (next.some((one) => one.handle === handle)) continue
          position += 1
          next.push({ handle, title, description: '', position, mediaUrl: null })
        }
        if (next.length > read().length) write(next)
      }),
  }
}

type Mark = {
  readonly fingerprint: string
  readonly outcome: unknown
  readonly leaseUntil: number
  readonly createdAt: number
}

/** As long as the kernel's own: a call still running after this died with its process. */
const markLeaseMs = 60_000

/** Answers by idempotency key. The key itself is not kept, only its digest. */
function idempotencyMarks(environment: Environment): IdempotencyStore & { purge(time: string): Promise<number> } {
  const marks = environment.table<Mark>('marks', 'json')
  const byTime = environment.table<true>('marks-by-time', 'ordered-binary')
  const idOf = (scope: string, key: string): string => digest(`${scope}\n${key}`)
  const remove = (id: string, createdAt: number): void => {
    marks.removeSync(id)
    byTime.removeSync([createdAt, id])
  }
  return {
    claim: (scope, key, fingerprint) =>
      environment.write((): Claim => {
        const id = idOf(scope, key)
        const now = Date.now()
        const kept = marks.get(id)
        const known = kept && kept.createdAt >= now - keptHours * 3_600_000 ? kept : undefined
        if (known && known.fingerprint !== fingerprint) return { kind: 'mismatch' }
        if (known && known.outcome !== null) return { kind: 'answered', outcome: known.outcome as never }
        if (known && known.leaseUntil > now) return { kind: 'running' }
        if (kept && !known) remove(id, kept.createdAt)
        const createdAt = known?.createdAt ?? now
        marks.putSync(id, { fingerprint, outcome: null, leaseUntil: now + markLeaseMs, createdAt })
        byTime.putSync([createdAt, id], true)
        return { kind: 'claimed' }
      }),
    answer: (scope, key, outcome) =>
      environment.write(() => {
        const id = idOf(scope, key)
        const known = marks.get(id)
        if (known && known.outcome === null) marks.putSync(id, { ...known, outcome: toKeep(outcome) })
      }),
    release: (scope, key) =>
      environment.write(() => {
        const id = idOf(scope, key)
        const known = marks.get(id)
        if (known && known.outcome === null) remove(id, known.createdAt)
      }),
    purge: (time) =>
      environment.write(() => {
        const old = [...byTime.getKeys({ start: [0], end: [Date.parse(time)] })] as [number, string][]
        for (const [createdAt, id] of old) remove(id, createdAt)
        return old.length
      }),
  }
}

function exportColumns(environment: Environment): ExportStore & { purge(time: string): Promise<number> } {
  const exports = environment.table<{ columns: string[]; createdAt: string }>('exports', 'json')
  return {
    putExport: (exportId, columns) =>
      environment.write(
        () => void exports.putSync(exportId, { columns: [...columns], createdAt: new Date().toISOString() }),
      ),
    exportColumns: async (exportId) => (isKey(exportId) ? (exports.get(exportId)?.columns ?? null) : null),
    purge: (time) =>
      environment.write(() => {
        const old = [...exports.getRange()].filter(({ value }) => value.createdAt < time)
        for (const { key } of old) exports.removeSync(key)
        return old.length
      }),
  }
}
