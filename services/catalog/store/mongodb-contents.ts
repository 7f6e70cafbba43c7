import type { AnyBulkWriteOperation, Collection } from 'mongodb'
import type { StoredBytes, StoredFacts, StoredMark } from './mongodb.ts'
import {
  type Connection,
  isDuplicate,
  type Keyed,
  residenceKey,
  type StoredResidence,
  sealedAfterMs,
} from './mongodb-connection.ts'
import { givenUp, type StoredProduct, toProduct, toStored } from './mongodb-document.ts'
import type { StoredGroup, StoredImport, StoredPart } from './mongodb-imports.ts'
import {
  type ContentItem,
  type ContentPart,
  type Contents,
  fromRowKey,
  type MediaFacts,
  type ProductContent,
  type Rejection,
  type RowGroup,
  rowKey,
  type StoredCategory,
} from './port.ts'

type PartAccess = {
  read(after: string, limit: number): Promise<ContentItem[]>
  write(items: readonly ContentItem[]): Promise<void>
  remove(keys: readonly string[]): Promise<void>
}
type StoredRejection = Rejection & Keyed & { readonly importId: string }
type StoredExport = Keyed & { readonly columns: readonly string[]; readonly createdAt: string }
type StoredCategories = Keyed & { readonly list: readonly StoredCategory[]; readonly revision: number }

const item = (key: string, value: unknown, bytes: Uint8Array | null = null): ContentItem => ({ key, value, bytes })

/** All that is in MongoDB, for moving it. */
export function mongodbContents(connection: Connection): Contents {
  const { ask, collection } = connection
  const shop = collection<StoredCategories>('shop')
  const residences = collection<StoredResidence>('shop')
  const access: Readonly<Record<ContentPart, PartAccess>> = {
    media: mediaAccess(connection),
    categories: {
      async read(after) {
        const found = after === '' ? await ask(() => shop.findOne({ _id: 'categories' })) : null
        return found ? [item('categories', found.list)] : []
      },
      async write([one]) {
        if (!one) return
        const list = one.value as readonly StoredCategory[]
        await ask(() => shop.replaceOne({ _id: 'categories' }, { list, revision: 1 }, { upsert: true }))
      },
      remove: async () => void (await ask(() => shop.deleteOne({ _id: 'categories' }))),
    },
    products: productAccess(connection),
    imports: importAccess(connection),
    parts: uploadAccess(connection),
    'row-groups': byRow(
      connection,
      collection<StoredGroup>('row-groups'),
      'firstRow',
      ({ importId, handle, firstRow, runs }) => item(rowKey(importId, firstRow), { handle, firstRow, runs }),
      ({ key, value }) => {
        const group = value as RowGroup
        const [importId] = fromRowKey(key)
        const rows = group.runs.reduce((sum, run) => sum + run.rows, 0)
        return { _id: `${importId} ${group.handle}`, importId, ...group, rows }
      },
    ),
    rejections: byRow(
      connection,
      collection<StoredRejection>('rejections'),
      'row',
      ({ importId, row, handle, column, reason }) => item(rowKey(importId, row), { row, handle, column, reason }),
      ({ key, value }) => ({ _id: key, importId: fromRowKey(key)[0], ...(value as Rejection) }),
    ),
    marks: byKey(
      connection,
      collection<StoredMark>('marks'),
      ({ _id, fingerprint, outcome, leaseUntil, createdAt }) =>
        item(_id, { fingerprint, outcome, leaseUntil, createdAt }),
      ({ key, value }) => ({ _id: key, ...(value as Omit<StoredMark, '_id'>) }),
    ),
    exports: byKey(
      connection,
      collection<StoredExport>('exports'),
      ({ _id, columns, createdAt }) => item(_id, { columns, createdAt }),
      ({ key, value }) => ({ _id: key, ...(value as Omit<StoredExport, '_id'>) }),
    ),
  }
  return {
    read: (part, after, limit) => access[part].read(after, limit),
    write: (part, items) => access[part].write(items),
    remove: (part, keys) => access[part].remove(keys),
    async residence() {
      const found = await ask(() => residences.findOne({ _id: residenceKey }))
      return found && { catalogId: found.catalogId, state: found.state }
    },
    async setResidence(next) {
      await ask(() => residences.replaceOne({ _id: residenceKey }, { ...next }, { upsert: true }))
    },
    closesWithinMs: sealedAfterMs,
  }
}

/** Documents whose key is the same in every kind of store. */
function byKey<D extends Keyed>(
  { ask }: Connection,
  documents: Collection<D>,
  toItem: (document: D) => ContentItem,
  toDocument: (content: ContentItem) => D,
): PartAccess {
  return {
    async read(after, limit) {
      const found = await ask(() =>
        documents
          .find(after === '' ? {} : ({ _id: { $gt: after } } as object))
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      )
      return found.map((one) => toItem(one as D))
    },
    async write(items) {
      const writes = items.map((one) => {
        const document = toDocument(one)
        return { replaceOne: { filter: { _id: document._id }, replacement: document, upsert: true } }
      })
      await ask(() => documents.bulkWrite(writes as unknown as AnyBulkWriteOperation<D>[], { ordered: false }))
    },
    remove: async (keys) => void (await ask(() => documents.deleteMany({ _id: { $in: keys } } as object))),
  }
}

/** Documents that stand in rows of imports, whose key says so; here they may have another. */
function byRow<D extends Keyed & { readonly importId: string }>(
  connection: Connection,
  documents: Collection<D>,
  row: 'row' | 'firstRow',
  toItem: (document: D) => ContentItem,
  toDocument: (content: ContentItem) => D,
): PartAccess {
  const { ask } = connection
  return {
    ...byKey(connection, documents, toItem, toDocument),
    async read(after, limit) {
      const [importId, last] = fromRowKey(after)
      const filter = after === '' ? {} : { $or: [{ importId, [row]: { $gt: last } }, { importId: { $gt: importId } }] }
      const found = await ask(() =>
        documents
          .find(filter as object)
          .sort({ importId: 1, [row]: 1 })
          .limit(limit)
          .toArray(),
      )
      return found.map((one) => toItem(one as D))
    },
    async remove(keys) {
      const rows = keys.map(fromRowKey).map(([importId, number]) => ({ importId, [row]: number }))
      await ask(() => documents.deleteMany({ $or: rows } as object))
    },
  }
}

function mediaAccess(connection: Connection): PartAccess {
  const { ask, collection } = connection
  const contents = collection<StoredBytes>('media-bytes')
  const facts = byKey(
    connection,
    collection<StoredFacts>('media'),
    ({ _id, contentType, width, height }) => item(_id, { id: _id, contentType, width, height }),
    ({ key, value }) => {
      const { contentType, width, height } = value as MediaFacts
      return { _id: key, contentType, width, height }
    },
  )
  return {
    async read(after, limit) {
      const page = await facts.read(after, limit)
      const found = await ask(() => contents.find({ _id: { $in: page.map(({ key }) => key) } }).toArray())
      const bytesOf = new Map(found.map(({ _id, bytes }) => [_id, bytes]))
      return page.map((one) => ({ ...one, bytes: bytesOf.get(one.key) ?? new Uint8Array() }))
    },
    async write(items) {
      // One at a time: several are more than one message may have.
      for (const { key, bytes } of items)
        await ask(() => contents.replaceOne({ _id: key }, { bytes: bytes ?? new Uint8Array() }, { upsert: true }))
      await facts.write(items)
    },
    async remove(keys) {
      await facts.remove(keys)
      await ask(() => contents.deleteMany({ _id: { $in: [...keys] } }))
    },
  }
}

function productAccess(connection: Connection): PartAccess {
  const { ask, now } = connection
  const documents = connection.collection<StoredProduct>('products')

  /** The former handles that lead to each product: nobody has them now, and it had them last. */
  const leadingTo = async (page: readonly StoredProduct[]): Promise<Map<string, string[]>> => {
    const handles = page.flatMap(({ formerHandles = [] }) => formerHandles.map(({ handle }) => handle))
    const leading = new Map<string, string[]>()
    if (handles.length === 0) return leading
    const [current, former] = await ask(() =>
      Promise.all([
        documents.find({ 'product.handle': { $in: handles } }).toArray(),
        documents.find({ 'formerHandles.handle': { $in: handles } }).toArray(),
      ]),
    )
    const taken = new Set(current.map(({ product }) => product.handle))
    const last = new Map<string, { since: number; id: string }>()
    for (const { _id: id, formerHandles = [] } of former)
      for (const { handle, since } of formerHandles)
        if ((last.get(handle)?.since ?? -1) < since) last.set(handle, { since, id })
    for (const handle of new Set(handles)) {
      const { id = '' } = last.get(handle) ?? {}
      if (!taken.has(handle)) leading.set(id, [...(leading.get(id) ?? []), handle].sort())
    }
    return leading
  }
  const documentOf = ({ value }: ContentItem): StoredProduct => {
    const { document, formerHandles, owed } = value as ProductContent
    const since = now()
    return toStored(document, {
      formerHandles: formerHandles.map((handle) => ({ handle, since })),
      owed: owed.map(({ diedAt, dueAt, ...one }) => ({
        id: `${one.event.id} ${one.subscriber}`,
        ...one,
        dueAt: dueAt ?? givenUp,
        ...(diedAt === null ? {} : { diedAt }),
      })),
      revision: 1,
    })
  }
  const makeRoom = (next: StoredProduct) => {
    const { _id, product, skus = [], variantIds = [] } = next
    const keys = [
      { 'product.handle': product.handle },
      { skus: { $in: [...skus] } },
      { variantIds: { $in: [...variantIds] } },
    ]
    return ask(() => documents.deleteMany({ _id: { $ne: _id }, $or: keys }))
  }
  return {
    async read(after, limit) {
      const filter = after === '' ? {} : { _id: { $gt: after } }
      const page = await ask(() => documents.find(filter).sort({ _id: 1 }).limit(limit).toArray())
      const leading = await leadingTo(page)
      return page.map((stored) => {
        const owed = stored.owed
          .map(({ event, subscriber, attempts, failures, dueAt, diedAt = null, error }) => {
            return { event, subscriber, attempts, failures, dueAt: dueAt === givenUp ? null : dueAt, diedAt, error }
          })
          .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
        const content: ProductContent = {
          document: toProduct(stored),
          formerHandles: leading.get(stored._id) ?? [],
          owed,
        }
        return item(stored._id, content)
      })
    },
    async write(items) {
      const page = items.map(documentOf)
      const writes = page.map((next) => ({
        replaceOne: { filter: { _id: next._id }, replacement: next, upsert: true },
      }))
      try {
        await ask(() => documents.bulkWrite(writes, { ordered: false }))
      } catch (error) {
        if (!isDuplicate(error)) throw error
        for (const next of page) {
          await makeRoom(next)
          await ask(() => documents.replaceOne({ _id: next._id }, next, { upsert: true }))
        }
      }
    },
    remove: async (keys) => void (await ask(() => documents.deleteMany({ _id: { $in: [...keys] } }))),
  }
}

const sortKey = ({ event, subscriber }: ProductContent['owed'][number]): string => `${event.type}\n${subscriber}`

/** Imports without their parts, which are another part of the catalog and stay as they are. */
function importAccess(connection: Connection): PartAccess {
  const { ask } = connection
  const imports = connection.collection<StoredImport>('imports')
  return {
    async read(after, limit) {
      const filter = after === '' ? {} : { _id: { $gt: after } }
      const found = await ask(() => imports.find(filter).sort({ _id: 1 }).limit(limit).toArray())
      return found.map(({ _id, report, progress, brokenLines, failures, revision, leaseUntil }) =>
        item(_id, { report, progress, brokenLines, failures, revision, leaseUntil }),
      )
    },
    async write(items) {
      for (const { key, value } of items) {
        const changes = { $set: value as Omit<StoredImport, '_id' | 'parts'>, $setOnInsert: { parts: {} } }
        await ask(() => imports.updateOne({ _id: key }, changes, { upsert: true }))
      }
    },
    remove: async (keys) => void (await ask(() => imports.deleteMany({ _id: { $in: [...keys] } }))),
  }
}

function uploadAccess(connection: Connection): PartAccess {
  const { ask } = connection
  const imports = connection.collection<StoredImport>('imports')
  const parts = connection.collection<StoredPart>('parts')
  const remove = async (key: string): Promise<void> => {
    const [importId, part] = fromRowKey(key)
    const found = await ask(() => imports.findOne({ _id: importId }))
    await ask(() => imports.updateOne({ _id: importId }, { $unset: { [`parts.${part}`]: 1 } }))
    const stored = found?.parts[part]
    if (stored) await ask(() => parts.deleteOne({ _id: stored.key }))
  }
  return {
    async read(after, limit) {
      const keys: { key: string; stored: string }[] = []
      const [first] = after === '' ? [''] : fromRowKey(after)
      await ask(async () => {
        for await (const { _id, parts: own } of imports.find({ _id: { $gte: first } }).sort({ _id: 1 })) {
          const numbers = Object.keys(own)
            .map(Number)
            .sort((a, b) => a - b)
          for (const part of numbers) {
            const key = rowKey(_id, part)
            if (key > after) keys.push({ key, stored: own[part]?.key ?? '' })
          }
          if (keys.length >= limit) break
        }
      })
      const page = keys.slice(0, limit)
      const found = await ask(() => parts.find({ _id: { $in: page.map(({ stored }) => stored) } }).toArray())
      const bytesOf = new Map(found.map(({ _id, bytes }) => [_id, bytes]))
      return page.map(({ key, stored }) => item(key, null, bytesOf.get(stored) ?? new Uint8Array()))
    },
    async write(items) {
      for (const { key, bytes } of items) {
        const [importId, part] = fromRowKey(key)
        const content = bytes ?? new Uint8Array()
        await remove(key)
        await ask(() => parts.replaceOne({ _id: key }, { importId, bytes: content }, { upsert: true }))
        const stored = { bytes: content.byteLength, key }
        await ask(() => imports.updateOne({ _id: importId }, { $set: { [`parts.${part}`]: stored } }))
      }
    },
    async remove(keys) {
      for (const key of keys) await remove(key)
    },
  }
}
