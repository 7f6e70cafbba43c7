import { type Delivery, type DeliveryMark, pauseSeconds } from '#kernel/outbox'
import { lettersAfter } from './dead-letters.ts'
import { type Environment, isKey, type Table, under } from './lmdb-environment.ts'
import { lmdbWords } from './lmdb-words.ts'
import type { ProductContent, ProductDocument, ProductStore, PutVerdict } from './port.ts'
import { skusOf } from './product-words.ts'

/** An event owed to one subscriber. At most one a product, type and subscriber: a newer one takes its place. */
type Owed = {
  readonly event: Delivery['event']
  readonly attempts: number
  /** How often the subscriber could not handle it. Entries of an older version do not say. */
  readonly failures?: number
  /** Epoch milliseconds; null when it was given up. */
  readonly dueAt: number | null
  readonly diedAt?: string
  readonly error: string | null
}
type OwedKey = [productId: string, type: string, subscriber: string]

/** Products as their store, and as a whole for who moves them; `replace` and `remove` are for the inside of a write. */
export type LmdbProducts = {
  readonly store: ProductStore
  replace(content: ProductContent): void
  remove(productId: string): void
  owedBy(productId: string): ProductContent['owed']
  /** Ends what goes on behind calls. */
  close(): Promise<void>
}

/** Entries among which the oldest that waits is looked for: those that are due first. */
const judgedByAge = 1_000
/** Each batch is written when it is claimed and when it is confirmed, and both wait for the disk; an import owes thousands. */
const deliveriesABatch = 500
/** While search writes one batch, which takes it longest, the next is read. */
const batchesAtOnce = 2

/** Products in LMDB: a table of documents, one for each kind of key, and one for what is owed. */
export function lmdbProducts(environment: Environment): LmdbProducts {
  const documents = environment.table<ProductDocument>('products', 'json')
  const handles = environment.table<string>('handles', 'string')
  const formerHandles = environment.table<string>('former-handles', 'string')
  const skus = environment.table<string>('skus', 'string')
  const variants = environment.table<string>('variants', 'string')
  const owed = owedEvents(environment)

  const get = (productId: string): ProductDocument | null =>
    isKey(productId) ? (documents.get(productId) ?? null) : null
  const words = lmdbWords(environment, get)
  const throughIndex = (index: Table<string>, key: string): ProductDocument | null => {
    const productId = isKey(key) ? index.get(key) : undefined
    return productId === undefined ? null : get(productId)
  }

  const put = (document: ProductDocument, expectedVersion: number | null): PutVerdict => {
    const { product } = document
    const before = documents.get(product.id)?.product ?? null
    if ((before?.version ?? null) !== expectedVersion) return { kind: 'conflict' }
    const handleOwner = handles.get(product.handle)
    if (handleOwner !== undefined && handleOwner !== product.id) return { kind: 'handle-taken', handle: product.handle }
    for (const sku of skusOf(product)) {
      const owner = skus.get(sku)
      if (owner !== undefined && owner !== product.id) return { kind: 'sku-taken', sku }
    }
    for (const { id } of product.variants) {
      const owner = variants.get(id)
      if (owner !== undefined && owner !== product.id) throw new Error(`catalog: ${id} belongs to ${owner} already`)
    }
    if (before && before.handle !== product.handle) formerHandles.putSync(before.handle, product.id)
    enter(document, before)
    return { kind: 'written' }
  }
  /** Gives `id` the keys of its product after a write for those before it; what it keeps is not written again. */
  const exchange = (id: string, before: ProductDocument['product'] | null, next: ProductDocument['product'] | null) => {
    exchangeKeys(handles, id, before ? [before.handle] : [], next ? [next.handle] : [])
    exchangeKeys(skus, id, before ? skusOf(before) : [], next ? skusOf(next) : [])
    exchangeKeys(variants, id, before ? variantIdsOf(before) : [], next ? variantIdsOf(next) : [])
  }
  const enter = (document: ProductDocument, before: ProductDocument['product'] | null): void => {
    const { product } = document
    exchange(product.id, before, product)
    formerHandles.removeSync(product.handle)
    words.enter(product, before)
    documents.putSync(product.id, document)
  }
  const remove = (productId: string): void => {
    const before = documents.get(productId)
    if (!before) return
    exchange(productId, before.product, null)
    owed.replace(productId, [])
    words.remove(before.product)
    documents.removeSync(productId)
  }
  const replace = ({ document, owed: events }: ProductContent): void => {
    const { product } = document
    const owners = [
      handles.get(product.handle),
      ...skusOf(product).map((sku) => skus.get(sku)),
      ...product.variants.map(({ id }) => variants.get(id)),
    ]
    for (const owner of owners) if (owner !== undefined && owner !== product.id) remove(owner)
    const before = documents.get(product.id)
    enter(document, before?.product ?? null)
    owed.replace(product.id, events)
  }

  const store: ProductStore = {
    get: async (productId) => get(productId),
    getMany: async (productIds) => productIds.map(get).filter((one) => one !== null),
    byHandle: async (handle) => throughIndex(handles, handle),
    byFormerHandle: async (handle) => throughIndex(formerHandles, handle),
    byVariants: async (variantIds) => {
      const ids = variantIds.flatMap((id) => (isKey(id) ? (variants.get(id) ?? []) : []))
      return [...new Set(ids)].map(get).filter((one) => one !== null)
    },
    bySku: async (sku) => throughIndex(skus, sku),
    put: (document, expectedVersion, event) =>
      environment.write(() => {
        const verdict = put(document, expectedVersion)
        if (verdict.kind === 'written' && event) owed.add(document.product.id, event.event, event.subscribers)
        return verdict
      }),
    scan: async (after, limit) =>
      [...documents.getRange({ start: after, exclusiveStart: true, limit })].map(({ value }) => value),
    list: words.list,
    events: owed.source,
  }
  return { store, replace, remove, owedBy: owed.of, close: words.close }
}

const variantIdsOf = ({ variants }: ProductDocument['product']): string[] => variants.map(({ id }) => id)

function exchangeKeys(table: Table<string>, id: string, before: readonly string[], next: readonly string[]): void {
  if (before.length > 0) {
    const kept = new Set(next)
    for (const key of before) if (!kept.has(key)) table.removeSync(key)
  }
  const there = new Set(before)
  for (const key of next) if (!there.has(key)) table.putSync(key, id)
}

/** The events of products, beside their documents and written in the same transaction. */
function owedEvents(environment: Environment) {
  const owed = environment.table<Owed>('owed', 'json')
  /** When each is due, so that nobody reads what is not. */
  const due = environment.table<true>('due', 'ordered-binary')
  const dead = environment.table<true>('dead', 'ordered-binary')

  const write = (key: OwedKey, next: Owed): void => {
    forget(key)
    owed.putSync(key, next)
    if (next.dueAt === null) dead.putSync(key, true)
    else due.putSync([next.dueAt, ...key], true)
  }
  const forget = (key: OwedKey): void => {
    const before = owed.get(key)
    if (!before) return
    owed.removeSync(key)
    if (before.dueAt === null) dead.removeSync(key)
    else due.removeSync([before.dueAt, ...key])
  }
  const keyOf = ({ subscriber, event }: DeliveryMark): OwedKey => [event.subject, event.type, subscriber]
  /** Null when a newer event took its place: that one is still owed. */
  const current = (delivery: DeliveryMark): Owed | null => {
    const found = owed.get(keyOf(delivery))
    return found?.event.id === delivery.event.id ? found : null
  }

  const source: ProductStore['events'] = {
    batchAtMost: deliveriesABatch,
    batchesAtOnce,
    claim: (limit, leaseSeconds) =>
      environment.write(() => {
        const now = Date.now()
        const keys = [...due.getKeys({ start: [0], end: [now + 1], limit })] as [number, ...OwedKey][]
        return keys.flatMap(([, ...key]) => {
          const found = owed.get(key)
          if (!found) return []
          const attempts = found.attempts + 1
          write(key, { ...found, attempts, dueAt: now + leaseSeconds * 1_000 })
          return [{ subscriber: key[2], event: found.event, attempts }]
        })
      }),
    confirm: (deliveries) =>
      environment.write(() => {
        for (const delivery of deliveries) if (current(delivery)) forget(keyOf(delivery))
      }),
    postpone: (failures) =>
      environment.write(() => {
        for (const { delivery, error, kind } of failures) {
          const found = current(delivery)
          if (!found || found.attempts !== delivery.attempts) continue
          const failures = (found.failures ?? 0) + (kind === 'failed' ? 1 : 0)
          const seconds = pauseSeconds(kind, found.attempts, failures)
          const next =
            seconds === null
              ? { dueAt: null, diedAt: new Date().toISOString() }
              : { dueAt: Date.now() + seconds * 1_000 }
          write(keyOf(delivery), { ...found, failures, error, ...next })
        }
      }),
    async backlog() {
      const now = Date.now()
      const ages = [...due.getKeys({ start: [0], limit: judgedByAge })].map((key) => {
        const found = owed.get((key as [number, ...OwedKey]).slice(1))
        return found ? now - Date.parse(found.event.time) : 0
      })
      const oldestSeconds = Math.floor(Math.max(0, ...ages) / 1_000)
      return { pending: due.getKeysCount(), dead: dead.getKeysCount(), oldestSeconds }
    },
    async deadLetters(after, limit) {
      const all = ([...dead.getKeys()] as OwedKey[]).flatMap((key) => {
        const found = owed.get(key)
        return found ? [{ ...found, subscriber: key[2] }] : []
      })
      return lettersAfter(all, after, limit)
    },
    replay: (eventId) =>
      environment.write(() => {
        const keys = ([...dead.getKeys()] as OwedKey[]).filter(
          (key) => eventId === null || owed.get(key)?.event.id === eventId,
        )
        for (const key of keys) {
          const found = owed.get(key)
          if (found) write(key, { event: found.event, attempts: 0, failures: 0, dueAt: Date.now(), error: null })
        }
        return keys.length
      }),
    async overdue(time, limit) {
      const found: { productId: string; type: string; subscriber: string }[] = []
      for (const { key, value } of owed.getRange()) {
        const [productId, type, subscriber] = key as OwedKey
        if (value.dueAt === null || value.event.time < time) found.push({ productId, type, subscriber })
        if (found.length === limit) break
      }
      return found
    },
  }
  const add = (productId: string, event: Delivery['event'], subscribers: readonly string[]): void => {
    const dueAt = Date.now()
    for (const subscriber of subscribers)
      write([productId, event.type, subscriber], { event, attempts: 0, dueAt, error: null })
  }
  /** What a product owes, by type and subscriber. */
  const of = (productId: string): ProductContent['owed'] =>
    [...owed.getRange(under(productId))].map(({ key, value }) => {
      const { event, attempts, failures = 0, dueAt, diedAt = null, error } = value
      return { event, subscriber: (key as OwedKey)[2], attempts, failures, dueAt, diedAt, error }
    })
  const replace = (productId: string, events: ProductContent['owed']): void => {
    for (const { event, subscriber } of of(productId)) forget([productId, event.type, subscriber])
    for (const { subscriber, diedAt, ...rest } of events)
      write([productId, rest.event.type, subscriber], { ...rest, ...(diedAt === null ? {} : { diedAt }) })
  }
  return { add, source, of, replace }
}
