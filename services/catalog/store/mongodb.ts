import type { Binary } from 'mongodb'
import { type Breaker, createBreaker } from '#kernel/dependency'
import { digest } from '#kernel/id'
import { type IdempotencyStore, keptHours, toKeep } from '#kernel/idempotency'
import { type Connection, connect, isDuplicate, type Keyed, mongodbBreaker } from './mongodb-connection.ts'
import { mongodbContents } from './mongodb-contents.ts'
import { mongodbImports } from './mongodb-imports.ts'
import { mongodbProducts } from './mongodb-products.ts'
import type { CatalogStore, CategoryStore, ExportStore, MediaFacts, MediaStore, StoredCategory } from './port.ts'

/** Somebody else changed the categories each time between reading and writing; more in a row is not chance. */
const roundsAtMost = 100

/**
 * Opens the catalog in a MongoDB database, with the indexes that it stands on. Any number of processes of any number of hosts
 * may have it open. Throws `mongodb-unreachable` or `mongodb-index`, with one line for a person.
 */
export async function openMongodbStore(
  url: string,
  breaker: Breaker = createBreaker(mongodbBreaker),
): Promise<CatalogStore> {
  const connection = await connect(url, breaker)
  const marks = idempotencyMarks(connection)
  const exports = exportColumns(connection)
  const { purgeUploads, ...imports } = mongodbImports(connection)
  const goods = mongodbProducts(connection)
  return {
    ...goods.store,
    ...media(connection),
    ...categories(connection),
    ...imports,
    putExport: exports.putExport,
    exportColumns: exports.exportColumns,
    marks,
    contents: mongodbContents(connection),
    purge: async (time) => (await marks.purge(time)) + (await exports.purge(time)) + (await purgeUploads(time)),
    trouble: connection.trouble,
    async close() {
      await goods.close()
      await connection.close()
    },
  }
}

export type StoredFacts = Omit<MediaFacts, 'id'> & Keyed
export type StoredBytes = Keyed & { readonly bytes: Uint8Array }

/** What the driver gives for bytes, as it was told to. */
const bytesOf = (found: { readonly bytes: Uint8Array | Binary } | null): Uint8Array | null =>
  found === null ? null : (found.bytes as Uint8Array)

/** A picture is 15 MB at most, which a document of 16 MB holds. Its facts are apart, since lists of them are read all the time. */
function media({ ask, change, collection }: Connection): MediaStore {
  const facts = collection<StoredFacts>('media')
  const contents = collection<StoredBytes>('media-bytes')
  const renditions = collection<StoredBytes>('renditions')
  const factsOf = ({ _id: id, contentType, width, height }: StoredFacts): MediaFacts => ({
    id,
    contentType,
    width,
    height,
  })
  return {
    async putMedia({ bytes, id, ...rest }) {
      // Whose facts are there is there: the bytes come first.
      await change(() => unlessThere(contents.insertOne({ _id: id, bytes })))
      await change(() => unlessThere(facts.insertOne({ _id: id, ...rest })))
    },
    async media(mediaId) {
      const [known, content] = await ask(() =>
        Promise.all([facts.findOne({ _id: mediaId }), contents.findOne({ _id: mediaId })]),
      )
      const bytes = bytesOf(content)
      return known && bytes ? { ...factsOf(known), bytes } : null
    },
    async mediaFacts(ids) {
      const found = await ask(() => facts.find({ _id: { $in: [...ids] } }).toArray())
      const byId = new Map(found.map((one) => [one._id, factsOf(one)]))
      return ids.flatMap((id) => byId.get(id) ?? [])
    },
    rendition: async (mediaId, width) => bytesOf(await ask(() => renditions.findOne({ _id: `${mediaId} ${width}` }))),
    async putRendition(mediaId, width, bytes) {
      const _id = `${mediaId} ${width}`
      await ask(() => renditions.replaceOne({ _id }, { bytes }, { upsert: true }))
    },
  }
}

/** A picture that is there already stays as it is. */
async function unlessThere(insert: Promise<unknown>): Promise<void> {
  try {
    await insert
  } catch (error) {
    if (!isDuplicate(error)) throw error
  }
}

/** All categories are one document: they are read together and replaced together. */
function categories({ ask, change, collection }: Connection): CategoryStore {
  type Stored = Keyed & { readonly list: readonly StoredCategory[]; readonly revision: number }
  const shop = collection<Stored>('shop')
  const _id = 'categories'

  const replace = async (next: (list: readonly StoredCategory[]) => readonly StoredCategory[]): Promise<void> => {
    for (let round = 0; round < roundsAtMost; round++) {
      const before = await ask(() => shop.findOne({ _id }, { readConcern: { level: 'local' } }))
      const list = next(before?.list ?? []).toSorted(
        (a, b) => a.position - b.position || (a.handle < b.handle ? -1 : 1),
      )
      const revision = (before?.revision ?? 0) + 1
      try {
        const { matchedCount } = before
          ? await change(() => shop.replaceOne({ _id, revision: before.revision }, { list, revision }))
          : await change(async () => {
              await shop.insertOne({ _id, list, revision })
              return { matchedCount: 1 }
            })
        if (matchedCount === 1) return
      } catch (error) {
        if (!isDuplicate(error)) throw error
      }
    }
    throw new Error(`catalog: the categories were changed by others ${roundsAtMost} times in a row`)
  }
  return {
    categories: async () => (await ask(() => shop.findOne({ _id })))?.list ?? [],
    putCategories: (list) => replace(() => list),
    addCategories: (added) =>
      replace((list) => {
        const next = [...list]
        let position = next.reduce((highest, one) => Math.max(highest, one.position), 0)
        for (const { handle, title } of added) {
          if (next.some((one) => one.handle === handle)) continue
          position += 1
          next.push({ handle, title, description: '', position, mediaUrl: null })
        }
        return next
      }),
  }
}

export type StoredMark = Keyed & {
  readonly fingerprint: string
  /** As JSON, since a repeat is answered byte for byte. */
  readonly outcome: string | null
  readonly leaseUntil: number
  readonly createdAt: number
}

/** A call that still runs after this died with its process. */
const markLeaseMs = 60_000

/** Keys and the answers to what was asked under them. */
function idempotencyMarks({
  ask,
  change,
  collection,
  now,
}: Connection): IdempotencyStore & { purge(time: string): Promise<number> } {
  const marks = collection<StoredMark>('marks')
  const idOf = (scope: string, key: string): string => digest(`${scope}\n${key}`)
  return {
    async claim(scope, key, fingerprint) {
      const _id = idOf(scope, key)
      const at = now()
      const fresh: StoredMark = { _id, fingerprint, outcome: null, leaseUntil: at + markLeaseMs, createdAt: at }
      try {
        await change(() => marks.insertOne(fresh))
        return { kind: 'claimed' }
      } catch (error) {
        if (!isDuplicate(error)) throw error
      }
      const kept = await ask(() => marks.findOne({ _id }, { readConcern: { level: 'local' } }))
      // It was released in between: who asks again may have it.
      if (!kept) return { kind: 'running' }
      const isOld = kept.createdAt < at - keptHours * 3_600_000
      if (!isOld && kept.fingerprint !== fingerprint) return { kind: 'mismatch' }
      if (!isOld && kept.outcome !== null) return { kind: 'answered', outcome: JSON.parse(kept.outcome) }
      if (!isOld && kept.leaseUntil > at) return { kind: 'running' }
      const { matchedCount } = await change(() =>
        marks.replaceOne(
          { _id, leaseUntil: kept.leaseUntil, createdAt: kept.createdAt, outcome: kept.outcome },
          { ...fresh, createdAt: isOld ? at : kept.createdAt },
        ),
      )
      return { kind: matchedCount === 1 ? 'claimed' : 'running' }
    },
    async answer(scope, key, outcome) {
      const kept = JSON.stringify(toKeep(outcome))
      await change(() => marks.updateOne({ _id: idOf(scope, key), outcome: null }, { $set: { outcome: kept } }))
    },
    async release(scope, key) {
      await change(() => marks.deleteOne({ _id: idOf(scope, key), outcome: null }))
    },
    purge: async (time) =>
      (await change(() => marks.deleteMany({ createdAt: { $lt: Date.parse(time) } }))).deletedCount,
  }
}

function exportColumns({
  ask,
  change,
  collection,
  now,
}: Connection): ExportStore & { purge(time: string): Promise<number> } {
  const exports = collection<Keyed & { readonly columns: readonly string[]; readonly createdAt: string }>('exports')
  return {
    async putExport(_id, columns) {
      await change(() =>
        exports.replaceOne(
          { _id },
          { columns: [...columns], createdAt: new Date(now()).toISOString() },
          { upsert: true },
        ),
      )
    },
    async exportColumns(_id) {
      const found = await ask(() => exports.findOne({ _id }))
      return found ? [...found.columns] : null
    },
    purge: async (time) => (await change(() => exports.deleteMany({ createdAt: { $lt: time } }))).deletedCount,
  }
}
