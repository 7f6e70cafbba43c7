import type { Filter } from 'mongodb'
import type { EventEnvelope } from '#kernel/event'
import { validationFailed } from '#kernel/problem'
import { type Connection, isDuplicate, isTooLarge } from './mongodb-connection.ts'
import { type FormerHandle, type Owed, type StoredProduct, toProduct, toStored } from './mongodb-document.ts'
import { owedEvents } from './mongodb-events.ts'
import { mongodbWords } from './mongodb-words.ts'
import type { NewEvent, ProductDocument, ProductStore, PutVerdict } from './port.ts'

/** Somebody else changed the document each time between reading and writing; more in a row is not chance. */
const roundsAtMost = 100

/** What a text has that can be looked up: MongoDB's keys may hold all but a NUL, and ours are shorter. */
const isKey = (text: string): boolean => !text.includes('\0') && text.length <= 1_000

/** Products in MongoDB: a document each, with all that has to be written together; `close` ends what goes on behind calls. */
export function mongodbProducts(connection: Connection): { readonly store: ProductStore; close(): Promise<void> } {
  const { ask, change } = connection
  const documents = connection.collection<StoredProduct>('products')
  const search = mongodbWords(connection)

  const find = async (filter: Filter<StoredProduct>): Promise<ProductDocument | null> => {
    const found = await ask(() => documents.findOne(filter))
    return found && toProduct(found)
  }
  const byHandle = async (handle: string) => (isKey(handle) ? find({ 'product.handle': handle }) : null)
  const bySku = async (sku: string) => (isKey(sku) ? find({ skus: sku }) : null)

  /** Which of its keys another product has, after a unique index refused it; null when that has changed meanwhile. */
  const whatIsTaken = async ({ product }: ProductDocument): Promise<PutVerdict | null> => {
    const isOther = (owner: ProductDocument | null): boolean => owner !== null && owner.product.id !== product.id
    if (isOther(await byHandle(product.handle))) return { kind: 'handle-taken', handle: product.handle }
    for (const { sku } of product.variants)
      if (sku !== null && isOther(await bySku(sku))) return { kind: 'sku-taken', sku }
    for (const { id } of product.variants) {
      const owner = await find({ variantIds: id })
      if (owner && isOther(owner)) throw new Error(`catalog: ${id} belongs to ${owner.product.id} already`)
    }
    return null
  }

  /** Writes `next` over what was read, unless somebody else has written meanwhile. */
  const write = async (next: StoredProduct, readRevision: number | null): Promise<'written' | 'stale' | 'taken'> => {
    try {
      if (readRevision === null) {
        await change(() => documents.insertOne(next))
        return 'written'
      }
      const { matchedCount } = await change(() => documents.replaceOne({ _id: next._id, revision: readRevision }, next))
      return matchedCount === 1 ? 'written' : 'stale'
    } catch (error) {
      if (isDuplicate(error)) return 'taken'
      if (isTooLarge(error))
        throw validationFailed([{ field: 'variants', message: 'and all else of the product is more than 16 MB' }])
      throw error
    }
  }

  const store: ProductStore = {
    get: (productId) => find({ _id: productId }),
    async getMany(productIds) {
      const found = await ask(() => documents.find({ _id: { $in: [...productIds] } }).toArray())
      const byId = new Map(found.map((one) => [one._id, one]))
      return productIds.flatMap((id) => byId.get(id) ?? []).map(toProduct)
    },
    byHandle,
    async byFormerHandle(handle) {
      if (!isKey(handle)) return null
      const [current, former] = await ask(() =>
        Promise.all([
          documents.countDocuments({ 'product.handle': handle }, { limit: 1 }),
          documents.find({ 'formerHandles.handle': handle }).toArray(),
        ]),
      )
      const [last] = former.toSorted((a, b) => sinceOf(b, handle) - sinceOf(a, handle))
      return current === 0 && last ? toProduct(last) : null
    },
    async byVariants(variantIds) {
      const found = await ask(() => documents.find({ variantIds: { $in: variantIds.filter(isKey) } }).toArray())
      return found.map(toProduct)
    },
    bySku,
    async put(document, expectedVersion, event) {
      const { id } = document.product
      for (let round = 0; round < roundsAtMost; round++) {
        // What this read may have missed is found out by the write, which names the revision.
        const before = await ask(() => documents.findOne({ _id: id }, { readConcern: { level: 'local' } }))
        if ((before?.product.version ?? null) !== expectedVersion) return { kind: 'conflict' }
        const now = connection.now()
        const next = toStored(document, {
          formerHandles: formerHandles(before, document, now),
          owed: owedAfter(before?.owed ?? [], event, now),
          revision: (before?.revision ?? 0) + 1,
        })
        const outcome = await write(next, before?.revision ?? null)
        if (outcome === 'written') return { kind: 'written' }
        const verdict = outcome === 'taken' ? await whatIsTaken(document) : null
        if (verdict) return verdict
      }
      throw new Error(`catalog: ${id} was changed by others ${roundsAtMost} times in a row`)
    },
    async scan(after, limit) {
      const page = await ask(() =>
        documents
          .find({ _id: { $gt: after } })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      )
      return page.map(toProduct)
    },
    list: search.list,
    events: owedEvents(connection),
  }
  return { store, close: search.close }
}

const sinceOf = ({ formerHandles = [] }: StoredProduct, handle: string): number =>
  formerHandles.find((one) => one.handle === handle)?.since ?? 0

/** The handles it gave up before, without the one that it takes again, and with the one that it gives up now. */
function formerHandles(before: StoredProduct | null, { product }: ProductDocument, now: number): FormerHandle[] {
  const given = before?.formerHandles ?? []
  const old = before?.product.handle
  const kept = given.filter(({ handle }) => handle !== product.handle && handle !== old)
  return old === undefined || old === product.handle ? kept : [...kept, { handle: old, since: now }]
}

/** What a product owes after a write: a newer event takes the place of one of its type for the same subscriber. */
function owedAfter(before: readonly Owed[], event: NewEvent | null, now: number): Owed[] {
  if (!event) return [...before]
  const added = event.subscribers.map((subscriber) => newlyOwed(event.event, subscriber, now))
  const isReplaced = (one: Owed): boolean =>
    one.event.type === event.event.type && event.subscribers.includes(one.subscriber)
  return [...before.filter((one) => !isReplaced(one)), ...added]
}

const newlyOwed = (event: EventEnvelope, subscriber: string, dueAt: number): Owed => ({
  id: `${event.id} ${subscriber}`,
  event,
  subscriber,
  attempts: 0,
  failures: 0,
  dueAt,
  error: null,
})
