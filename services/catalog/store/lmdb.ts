import { join } from 'node:path'
import type { DeadLetter, LetterPlace } from '#kernel/dead-letters'
import { digest } from '#kernel/id'
import { type Claim, type IdempotencyStore, keptHours, toKeep } from '#kernel/idempotency'
import { type Delivery, type DeliveryMark, pauseSeconds } from '#kernel/outbox'
import { type Environment, isKey, openEnvironment, type Table } from './lmdb-environment.ts'
import { lmdbImports } from './lmdb-imports.ts'
import type {
  CatalogStore,
  CategoryStore,
  ExportStore,
  MediaFacts,
  MediaStore,
  ProductDocument,
  ProductStore,
  PutVerdict,
  StoredCategory,
} from './port.ts'

/** Opens the embedded store in `<dataFolder>/catalog`. Any number of processes of this host may have it open. */
export function openLmdbStore(dataFolder: string): CatalogStore {
  const environment = openEnvironment(join(dataFolder, 'catalog'))
  const marks = idempotencyMarks(environment)
  const exports = exportColumns(environment)
  const { purgeUploads, ...imports } = lmdbImports(environment)
  return {
    ...products(environment),
    ...media(environment),
    ...categories(environment),
    ...imports,
    putExport: exports.putExport,
    exportColumns: exports.exportColumns,
    marks,
    purge: async (time) => (await marks.purge(time)) + (await exports.purge(time)) + (await purgeUploads(time)),
    // Files of this machine: whoever has opened them can read them.
    trouble: async () => null,
    close: () => environment.close(),
  }
}

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

/** Entries among which the oldest that waits is looked for: those that are due first. */
const judgedByAge = 1_000
/** Entries that a staff search looks at before others get their turn on the event loop. */
const entriesATurn = 2_000

function products(environment: Environment): ProductStore {
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
    if (before) {
      if (before.handle !== product.handle) {
        handles.removeSync(before.handle)
        formerHandles.putSync(before.handle, product.id)
      }
      for (const sku of skusOf(before)) skus.removeSync(sku)
      for (const { id } of before.variants) variants.removeSync(id)
    }
    handles.putSync(product.handle, product.id)
    formerHandles.removeSync(product.handle)
    for (const sku of skusOf(product)) skus.putSync(sku, product.id)
    for (const { id } of product.variants) variants.putSync(id, product.id)
    lines.putSync(product.id, lineOf(product))
    documents.putSync(product.id, document)
    return { kind: 'written' }
  }

  return {
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

  const letterOf = (key: OwedKey): DeadLetter | null => {
    const found = owed.get(key)
    if (!found) return null
    const { id: eventId, type, subject, source: publisher, time: occurredAt } = found.event
    const diedAt = (found.diedAt ?? occurredAt).replace(/(\.\d{3})Z$/, '$1000Z')
    const error = found.error ?? ''
    return {
      eventId,
      type,
      subject,
      publisher,
      subscriber: key[2],
      attempts: found.attempts,
      error,
      occurredAt,
      diedAt,
    }
  }

  const source: ProductStore['events'] = {
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
      const letters = [...dead.getKeys()].flatMap((key) => letterOf(key as OwedKey) ?? [])
      const place = ({ diedAt, eventId, subscriber }: LetterPlace): string => `${diedAt} ${eventId} ${subscriber}`
      return letters
        .filter((one) => after === null || place(one) < place(after))
        .sort((a, b) => (place(a) < place(b) ? 1 : -1))
        .slice(0, limit)
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
  return { add, source }
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
    putRendition: (mediaId, width, content) =>
      environment.write(() => void renditions.putSync([mediaId, width], content)),
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
