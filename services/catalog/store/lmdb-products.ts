import { type Delivery, type DeliveryMark, pauseSeconds } from '#kernel/outbox'
import { lettersAfter } from './dead-letters.ts'
import { type Environment, isKey, type Table, under } from './lmdb-environment.ts'
import type { ProductContent, ProductDocument, ProductStore, PutVerdict } from './port.ts'

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
}

/** Entries among which the oldest that waits is looked for: those that are due first. */
const judgedByAge = 1_000
/** Each batch is written when it is claimed and when it is confirmed, and both wait for the disk; an import owes thousands. */
const deliveriesABatch = 500
/** While search writes one batch, which takes it longest, the next is read. */
const batchesAtOnce = 2
/** Entries that a staff search looks at before others get their turn on the event loop. */
const entriesATurn = 2_000

/** Products in LMDB: a table of documents, one for each kind of key, and one for what is owed. */
export function lmdbProducts(environment: Environment): LmdbProducts {
  const documents = environment.table<ProductDocument>('products', 'json')
  const handles = environment.table<string>('handles', 'string')
  const formerHandles = environment.table<string>('former-handles', 'string')
  const skus = environment.table<string>('skus', 'string')
  const variants = environment.table<string>('variants', 'string')
  /** What a staff search reads: status, then title, handle and SKUs in lower case, a line each. */
  const lines = environment.table<string>('lines', 'string')
  const owed = owedEvents(environment)

  const get = (productId: string): ProductDocument | null =>
    isKey(productId) ? (documents.get(productId) ?? null) : null
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
    if (before) leave(before)
    if (before && before.handle !== product.handle) formerHandles.putSync(before.handle, product.id)
    enter(document)
    return { kind: 'written' }
  }
  /** Gives up the keys of a product. */
  const leave = (before: ProductDocument['product']): void => {
    handles.removeSync(before.handle)
    for (const sku of skusOf(before)) skus.removeSync(sku)
    for (const { id } of before.variants) variants.removeSync(id)
  }
  const enter = (document: ProductDocument): void => {
    const { product } = document
    handles.putSync(product.handle, product.id)
    formerHandles.removeSync(product.handle)
    for (const sku of skusOf(product)) skus.putSync(sku, product.id)
    for (const { id } of product.variants) variants.putSync(id, product.id)
    lines.putSync(product.id, lineOf(product))
    documents.putSync(product.id, document)
  }
  const remove = (productId: string): void => {
    const before = documents.get(productId)
    if (!before) return
    leave(before.product)
    owed.replace(productId, [])
    lines.removeSync(productId)
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
    if (before) leave(before.product)
    enter(document)
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
    async list({ words, status, before, limit }) {
      const found: ProductDocument[] = []
      let end = before ?? '\u{10ffff}'
      for (;;) {
        const turn = [...lines.getRange({ start: end, exclusiveStart: true, reverse: true, limit: entriesATurn })]
        for (const { key, value } of turn) {
          if (status !== null && !value.startsWith(`${status}\n`)) continue
          if (!words.every((word) => value.includes(word, value.indexOf('\n')))) continue
          const document = get(key as string)
          if (document) found.push(document)
          if (found.length === limit) return found
        }
        const last = turn.at(-1)
        if (!last || turn.length < entriesATurn) return found
        end = last.key as string
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    events: owed.source,
  }
  return { store, replace, remove, owedBy: owed.of }
}

const skusOf = (product: ProductDocument['product']): string[] =>
  product.variants.flatMap(({ sku }) => (sku === null ? [] : [sku]))

const lineOf = (product: ProductDocument['product']): string =>
  [
    product.status,
    product.title.toLowerCase(),
    product.handle,
    ...skusOf(product).map((sku) => sku.toLowerCase()),
  ].join('\n')

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
