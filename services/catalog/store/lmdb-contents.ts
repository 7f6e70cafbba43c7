import type { Key } from 'lmdb'
import type { Environment } from './lmdb-environment.ts'
import { type Driven, importTables } from './lmdb-imports.ts'
import type { LmdbProducts } from './lmdb-products.ts'
import {
  type ContentItem,
  type ContentPart,
  type Contents,
  fromRowKey,
  type MediaFacts,
  type ProductContent,
  type ProductDocument,
  type Rejection,
  type RowGroup,
  rowKey,
} from './port.ts'

/** How one part of the catalog is read, and how a document of it is put and removed inside of a write. */
type PartAccess = {
  read(after: string, limit: number): ContentItem[]
  put(item: ContentItem): void
  remove(key: string): void
}
type Mark = { fingerprint: string; outcome: unknown; leaseUntil: number; createdAt: number }

/** All that is in LMDB, for moving it. */
export function lmdbContents(environment: Environment, goods: LmdbProducts): Contents {
  const { imports, open, parts, sizes, groups, groupOf, rejections, keep } = importTables(environment)
  const marks = environment.table<Mark>('marks', 'json')
  const marksByTime = environment.table<true>('marks-by-time', 'ordered-binary')
  const exports = environment.table<{ columns: string[]; createdAt: string }>('exports', 'json')
  const media = environment.table<MediaFacts>('media', 'json')
  const mediaBytes = environment.table<Uint8Array>('media-bytes', 'binary')
  const shop = environment.table<string>('shop', 'string')

  const behind = (after: string, limit: number) => ({ start: after as Key, exclusiveStart: after !== '', limit })
  const rowsBehind = (after: string, limit: number) =>
    after === '' ? { limit } : { start: fromRowKey(after) as Key, exclusiveStart: true, limit }
  const item = (key: string, value: unknown, bytes: Uint8Array | null = null): ContentItem => ({ key, value, bytes })
  const ofRow = (key: Key): string => rowKey(...(key as [string, number]))

  const access: Readonly<Record<ContentPart, PartAccess>> = {
    media: {
      read: (after, limit) =>
        [...media.getRange(behind(after, limit))].map(({ key, value: { id, contentType, width, height } }) =>
          item(key as string, { id, contentType, width, height }, mediaBytes.get(key) ?? new Uint8Array()),
        ),
      put: ({ key, value, bytes }) => {
        media.putSync(key, value as MediaFacts)
        mediaBytes.putSync(key, bytes ?? new Uint8Array())
      },
      remove: (key) => {
        media.removeSync(key)
        mediaBytes.removeSync(key)
      },
    },
    categories: {
      read: (after) => {
        const text = shop.get('categories')
        return after === '' && text !== undefined ? [item('categories', JSON.parse(text))] : []
      },
      put: ({ value }) => shop.putSync('categories', JSON.stringify(value)),
      remove: () => shop.removeSync('categories'),
    },
    products: productAccess(environment, goods, item),
    imports: {
      read: (after, limit) =>
        [...imports.getRange(behind(after, limit))].map(({ key, value }) => {
          const { report, progress, brokenLines, failures, revision, leaseUntil } = value
          return item(key as string, { report, progress, brokenLines, failures, revision, leaseUntil })
        }),
      put: ({ value }) => keep(value as Driven),
      remove: (key) => {
        imports.removeSync(key)
        open.removeSync(key)
      },
    },
    parts: {
      read: (after, limit) =>
        [...parts.getRange(rowsBehind(after, limit))].map(({ key, value }) => item(ofRow(key), null, value)),
      put: ({ key, bytes }) => {
        parts.putSync(fromRowKey(key), bytes ?? new Uint8Array())
        sizes.putSync(fromRowKey(key), bytes?.byteLength ?? 0)
      },
      remove: (key) => {
        parts.removeSync(fromRowKey(key))
        sizes.removeSync(fromRowKey(key))
      },
    },
    'row-groups': {
      read: (after, limit) =>
        [...groups.getRange(rowsBehind(after, limit))].map(({ key, value: { handle, firstRow, runs } }) =>
          item(ofRow(key), { handle, firstRow, runs }),
        ),
      put: ({ key, value }) => {
        const group = value as RowGroup
        groups.putSync(fromRowKey(key), group)
        groupOf.putSync([fromRowKey(key)[0], group.handle], group.firstRow)
      },
      remove: (key) => {
        const group = groups.get(fromRowKey(key))
        if (group) groupOf.removeSync([fromRowKey(key)[0], group.handle])
        groups.removeSync(fromRowKey(key))
      },
    },
    rejections: {
      read: (after, limit) =>
        [...rejections.getRange(rowsBehind(after, limit))].map(({ key, value: { row, handle, column, reason } }) =>
          item(ofRow(key), { row, handle, column, reason }),
        ),
      put: ({ key, value }) => rejections.putSync(fromRowKey(key), value as Rejection),
      remove: (key) => rejections.removeSync(fromRowKey(key)),
    },
    marks: {
      read: (after, limit) =>
        [...marks.getRange(behind(after, limit))].map(
          ({ key, value: { fingerprint, outcome, leaseUntil, createdAt } }) =>
            item(key as string, {
              fingerprint,
              outcome: outcome === null ? null : JSON.stringify(outcome),
              leaseUntil,
              createdAt,
            }),
        ),
      put: ({ key, value }) => {
        const { outcome, ...mark } = value as Mark & { readonly outcome: string | null }
        marks.putSync(key, { ...mark, outcome: outcome === null ? null : JSON.parse(outcome) })
        marksByTime.putSync([mark.createdAt, key], true)
      },
      remove: (key) => {
        const mark = marks.get(key)
        if (mark) marksByTime.removeSync([mark.createdAt, key])
        marks.removeSync(key)
      },
    },
    exports: {
      read: (after, limit) =>
        [...exports.getRange(behind(after, limit))].map(({ key, value: { columns, createdAt } }) =>
          item(key as string, { columns, createdAt }),
        ),
      put: ({ key, value }) => exports.putSync(key, value as { columns: string[]; createdAt: string }),
      remove: (key) => exports.removeSync(key),
    },
  }

  return {
    read: async (part, after, limit) => access[part].read(after, limit),
    write: (part, items) =>
      environment.write(() => {
        for (const one of items) access[part].put(one)
      }),
    remove: (part, keys) =>
      environment.write(() => {
        for (const key of keys) access[part].remove(key)
      }),
    residence: async () => environment.residence(),
    setResidence: environment.setResidence,
    // The mark is looked at inside of every write.
    closesWithinMs: 0,
  }
}

/** A product together with the handles it had, which are a table of their own: read once for each time through all products. */
function productAccess(
  environment: Environment,
  goods: LmdbProducts,
  item: (key: string, value: ProductContent) => ContentItem,
): PartAccess {
  const documents = environment.table<ProductDocument>('products', 'json')
  const formerHandles = environment.table<string>('former-handles', 'string')
  let handlesOf = new Map<string, string[]>()
  return {
    read(after, limit) {
      if (after === '') {
        const all = [...formerHandles.getRange()]
        handlesOf = new Map()
        for (const { key, value } of all) handlesOf.set(value, [...(handlesOf.get(value) ?? []), key as string])
      }
      const start = { start: after, exclusiveStart: after !== '', limit }
      return [...documents.getRange(start)].map(({ key, value: { product, source, createdBy } }) => {
        const id = key as string
        const document = { product, source, createdBy }
        return item(id, { document, formerHandles: (handlesOf.get(id) ?? []).sort(), owed: goods.owedBy(id) })
      })
    },
    put({ key, value }) {
      const content = value as ProductContent
      goods.replace(content)
      for (const handle of handlesOf.get(key) ?? [])
        if (!content.formerHandles.includes(handle)) formerHandles.removeSync(handle)
      for (const handle of content.formerHandles) formerHandles.putSync(handle, key)
    },
    remove: goods.remove,
  }
}
