import type T from 'typebox'
import type { EventEnvelope } from '#kernel/event'
import type { IdempotencyStore } from '#kernel/idempotency'
import type { EventSource } from '#kernel/outbox'
import type { CatalogProduct, Category, ImportReport, ProductStatus } from '../contract.ts'

/**
 * Where catalog keeps its documents. An adapter must hold what each function says when any number of processes use it at
 * the same time, and after a process was killed in the middle; `store-suite.ts` tries it.
 *
 * One document is the largest thing that is ever written at once, so a store without transactions over several documents
 * will do. Uniqueness is part of that same write: in MongoDB by unique indexes over `product.handle` and over the arrays of
 * SKUs and variant ids (sparse, since a product may have no SKU), in LMDB by index entries in one transaction.
 * A product's pending events belong to its document in the same sense: they are written with it or not at all.
 */
export type CatalogStore = ProductStore &
  MediaStore &
  CategoryStore &
  ImportStore &
  ExportStore &
  Housekeeping & {
    readonly contents: Contents
  }

/** A product as it is kept: what callers see, and beside it what only catalog needs. */
export type ProductDocument = {
  readonly product: CatalogProduct
  /** What it was imported from; null when it never was. */
  readonly source: ProductSource | null
  /** The digest of the idempotency key that created it: a retry after a crash finds what the first call made. */
  readonly createdBy: string | null
}

export type ProductSource = {
  /** For each market, the rows of the last file it came from. */
  readonly markets: Readonly<Record<string, SourceRows>>
  /** Variant id → the stock that the last file said. Only another number there counts anew: what was sold since stays sold. */
  readonly quantities: Readonly<Record<string, number>>
  /** The variants that the last file had. One of them that the next file has no more is taken out; others are left alone. */
  readonly variantIds: readonly string[]
}

export type SourceRows = {
  /** Digest of the rows' cells; '' when one of them was refused, so that the next run tells of it again. */
  readonly digest: string
  readonly importId: string
  /** What that import counted it as, so that a run that is repeated after a crash counts the same. */
  readonly outcome: 'created' | 'changed' | 'unchanged'
}

/** An event to be kept with a product until each subscriber has confirmed it. */
export type NewEvent = { readonly event: EventEnvelope; readonly subscribers: readonly string[] }

export type PutVerdict =
  | { readonly kind: 'written' }
  /** The product is not at the expected version (any more). */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'handle-taken'; readonly handle: string }
  | { readonly kind: 'sku-taken'; readonly sku: string }

export type ProductStore = {
  get(productId: string): Promise<ProductDocument | null>
  /** In the order of the ids; unknown ones are missing. */
  getMany(productIds: readonly string[]): Promise<ProductDocument[]>
  byHandle(handle: string): Promise<ProductDocument | null>
  /**
   * The product that had this handle last, before it took another: links to it are still about. A handle that some product
   * has now is nobody's former one.
   */
  byFormerHandle(handle: string): Promise<ProductDocument | null>
  /** The products that have these variants, each once; unknown ids are missing. */
  byVariants(variantIds: readonly string[]): Promise<ProductDocument[]>
  /** The product that has this SKU. */
  bySku(sku: string): Promise<ProductDocument | null>
  /**
   * Writes the whole product if it is at `expectedVersion` now (null: if there is none), its handle is free and so are its
   * SKUs, all in one atomic write together with `event`. An event of the same type that still waits for the same
   * subscriber is replaced: it says "ask again", and once is enough. Throws when a variant id belongs to another product.
   */
  put(document: ProductDocument, expectedVersion: number | null, event: NewEvent | null): Promise<PutVerdict>
  /** By id, oldest first; `after` is an id or '' for the beginning. */
  scan(after: string, limit: number): Promise<ProductDocument[]>
  /**
   * For staff, by id, newest first; `before` is an id or null. One of the words, which is rare, begins a word of title, handle or SKUs,
   * or a piece of one between its signs, and each other is part of one. Where no product is found so, all are looked for as parts.
   */
  list(filter: ListFilter): Promise<ProductDocument[]>
  /** The events that products still owe. A confirmation or a failure of an event that was replaced meanwhile does nothing. */
  readonly events: EventSource & {
    /** Products that owe an event since before `time`, or whose event was given up: for `verify`. At most `limit`. */
    overdue(time: string, limit: number): Promise<{ productId: string; type: string; subscriber: string }[]>
  }
}

export type ListFilter = {
  readonly words: readonly string[]
  readonly status: T.Static<typeof ProductStatus> | null
  readonly before: string | null
  readonly limit: number
}

export type StoredMedia = {
  readonly id: string
  readonly contentType: string
  readonly width: number | null
  readonly height: number | null
  readonly bytes: Uint8Array
}
export type MediaFacts = Omit<StoredMedia, 'bytes'>

export type MediaStore = {
  /** The same id is the same picture: writing it again changes nothing. */
  putMedia(media: StoredMedia): Promise<void>
  media(mediaId: string): Promise<StoredMedia | null>
  /** In the order of the ids; unknown ones are missing. */
  mediaFacts(mediaIds: readonly string[]): Promise<MediaFacts[]>
  /** A smaller copy that was made of it before. */
  rendition(mediaId: string, width: number): Promise<Uint8Array | null>
  putRendition(mediaId: string, width: number, bytes: Uint8Array): Promise<void>
}

export type StoredCategory = T.Static<typeof Category>

export type CategoryStore = {
  /** By position, then handle. */
  categories(): Promise<readonly StoredCategory[]>
  putCategories(categories: readonly StoredCategory[]): Promise<void>
  /** Adds those whose handle is not there yet, behind the others. */
  addCategories(categories: readonly Pick<StoredCategory, 'handle' | 'title'>[]): Promise<void>
}

/** How far the reading of an import is; every field is where to go on. */
export type ImportProgress =
  /** First the whole file is read once, to learn which rows belong together. `offset` is in bytes. */
  | { readonly phase: 'grouping'; readonly offset: number; readonly row: number; readonly header: ImportHeader | null }
  /** Then product after product is written; `afterRow` is the first row of the last one. */
  | { readonly phase: 'writing'; readonly afterRow: number; readonly header: ImportHeader }
  | { readonly phase: 'pictures'; readonly afterRow: number; readonly header: ImportHeader }

export type ImportHeader = { readonly columns: readonly string[]; readonly delimiter: string }

export type ImportDocument = {
  readonly report: T.Static<typeof ImportReport>
  readonly progress: ImportProgress
  /** Lines that were no readable CSV so far. */
  readonly brokenLines: number
  /** Attempts in a row that ended with an error, such as a service that does not answer. */
  readonly failures: number
  /** Raised by every write, so that a driver whose lease was taken over cannot write any more. */
  readonly revision: number
}

export type Rejection = {
  readonly row: number
  readonly handle: string | null
  readonly column: string | null
  readonly reason: string
}

/** Rows that stand together in the file: where they begin, in bytes and in rows, and how many there are. */
export type RowRun = { readonly offset: number; readonly bytes: number; readonly row: number; readonly rows: number }
export type HandleRun = RowRun & { readonly handle: string }
/** All rows of one handle. */
export type RowGroup = { readonly handle: string; readonly firstRow: number; readonly runs: readonly RowRun[] }

export type ImportStore = {
  createImport(report: T.Static<typeof ImportReport>): Promise<void>
  getImport(importId: string): Promise<ImportDocument | null>
  /** Newest first; `before` is an id or null. */
  listImports(before: string | null, limit: number): Promise<ImportDocument[]>
  /** Stores or replaces a part while the import is uploading, and counts its bytes; null when it has been started. */
  putPart(importId: string, part: number, bytes: Uint8Array): Promise<ImportDocument | null>
  /** The sizes of the parts that are there, by number. */
  partSizes(importId: string): Promise<{ part: number; bytes: number }[]>
  part(importId: string, part: number): Promise<Uint8Array | null>
  /** Takes an import that runs and that nobody drives, or the one named, for `leaseSeconds`. */
  claimImport(leaseSeconds: number): Promise<ImportDocument | null>
  /** Writes it if it is at `revision` still, and holds the lease on (0: gives it back). Returns the new one, else null. */
  saveImport(
    document: Omit<ImportDocument, 'revision'>,
    revision: number,
    leaseSeconds: number,
  ): Promise<ImportDocument | null>
  /** Holds the lease on while a step takes long. False when the import is not at `revision` any more. */
  holdImport(importId: string, revision: number, leaseSeconds: number): Promise<boolean>
  /**
   * Notes where rows of handles stand. The same run again changes nothing. A handle has at most `rowsAtMost` rows: runs
   * that would go beyond are not taken, and returned.
   */
  addRows(importId: string, runs: readonly HandleRun[], rowsAtMost: number): Promise<HandleRun[]>
  /** By first row. */
  rowGroups(importId: string, afterRow: number, limit: number): Promise<RowGroup[]>
  /** One line a row: the same row again replaces it. Returns how many rows are new. */
  reject(importId: string, rejections: readonly Rejection[]): Promise<number>
  rejections(importId: string, afterRow: number, limit: number): Promise<Rejection[]>
  countRejections(importId: string): Promise<number>
  /** Deletes the uploaded bytes and the index of rows; report and rejections stay. */
  dropUpload(importId: string): Promise<void>
}

export type ExportStore = {
  /** The columns of an export, which must stay the same from its first page to its last. */
  putExport(exportId: string, columns: readonly string[]): Promise<void>
  exportColumns(exportId: string): Promise<string[] | null>
}

export type Housekeeping = {
  readonly marks: IdempotencyStore
  /** Deletes marks and exports made before `time`, and uploads that were never started. Returns how many it deleted. */
  purge(time: string): Promise<number>
  /** Why the store can serve nobody now, in a sentence, or null. */
  trouble(): Promise<string | null>
  close(): Promise<void>
}

/** What a store keeps, in the order in which it is moved: what others refer to comes first. Renditions are made anew. */
export const contentParts = [
  'media',
  'categories',
  'products',
  'imports',
  'parts',
  'row-groups',
  'rejections',
  'marks',
  'exports',
] as const
export type ContentPart = (typeof contentParts)[number]

/** A document as every kind of store tells it: two stores that hold the same tell the same, value for value and in the same order. */
export type ContentItem = { readonly key: string; readonly value: unknown; readonly bytes: Uint8Array | null }

/** A product with all that is written with it. */
export type ProductContent = {
  readonly document: ProductDocument
  /** Sorted; those that lead to this product still. */
  readonly formerHandles: readonly string[]
  /** By type and subscriber. */
  readonly owed: readonly {
    readonly event: EventEnvelope
    readonly subscriber: string
    readonly attempts: number
    readonly failures: number
    /** Epoch milliseconds; null when it was given up. */
    readonly dueAt: number | null
    readonly diedAt: string | null
    readonly error: string | null
  }[]
}

/** Whether the catalog lives in this store. One that was moved away is not changed any more, by nobody and in no process. */
export type Residence = {
  /** The same wherever the catalog is moved. */
  readonly catalogId: string
  readonly state: 'home' | 'arriving' | 'moved'
}

/** All that a store keeps, for moving it to another kind of store. */
export type Contents = {
  /** By key, from after `after` on ('' is the beginning). */
  read(part: ContentPart, after: string, limit: number): Promise<ContentItem[]>
  /** Puts documents there as they are. Whoever has a handle, a SKU or a variant of theirs is taken out, and comes again later. */
  write(part: ContentPart, items: readonly ContentItem[]): Promise<void>
  remove(part: ContentPart, keys: readonly string[]): Promise<void>
  /** Null where no catalog was ever moved from or to. */
  residence(): Promise<Residence | null>
  setResidence(next: Residence): Promise<void>
  /** How long after it was marked as moved some process may still change it, in milliseconds. */
  readonly closesWithinMs: number
}

/** The key of what stands in a row of an import: sorts as rows do. */
export const rowKey = (importId: string, row: number): string => `${importId} ${String(row).padStart(10, '0')}`
/** The import and the row of such a key; for '' all keys come after. */
export function fromRowKey(key: string): [importId: string, row: number] {
  const [importId = '', row = '-1'] = key.split(' ')
  return [importId, Number(row)]
}
