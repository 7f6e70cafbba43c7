import type { EventEnvelope } from '#kernel/event'
import type { ProductDocument } from './port.ts'
import { entriesOf, lineOf, skusOf } from './product-words.ts'

/** A product as it is in its collection: what the port knows, and beside it what indexes and searches look at. */
export type StoredProduct = {
  readonly _id: string
  readonly product: ProductDocument['product']
  readonly source: ProductDocument['source']
  readonly createdBy: string | null
  /** Absent where there is none: the index over them leaves such products out. */
  readonly skus?: readonly string[]
  readonly variantIds?: readonly string[]
  /** Where a staff search looks for parts of words: title, handle and SKUs in lower case, a line each. */
  readonly line: string
  /** Its entries in the index of a staff search. A version that knows of none leaves them out, whatever was there. */
  readonly words?: readonly string[]
  /** Handles it had and gave up, and when, in epoch milliseconds: of several products the last one leads on. */
  readonly formerHandles?: readonly FormerHandle[]
  /** The events that it owes. */
  readonly owed: readonly Owed[]
  /** Raised by every write of the document, whoever makes it: a write names the one that it has read. */
  readonly revision: number
  /** Some key in it is written otherwise, since MongoDB would not have it. */
  readonly escaped?: true
}

export type FormerHandle = { readonly handle: string; readonly since: number }

/** An event owed to one subscriber. At most one a type and subscriber: a newer one takes its place. */
export type Owed = {
  /** The event's id and the subscriber, with a space between. */
  readonly id: string
  readonly event: EventEnvelope
  readonly subscriber: string
  readonly attempts: number
  /** How often the subscriber could not handle it. */
  readonly failures: number
  /** Epoch milliseconds, or `givenUp`. */
  readonly dueAt: number
  /** When it was given up. */
  readonly diedAt?: string
  readonly error: string | null
}

/** Due never: after all that can be due, so that one index finds both what is due and what was given up. */
export const givenUp = Number.MAX_SAFE_INTEGER

/** The document of a product. */
export function toStored(
  { product, source, createdBy }: ProductDocument,
  beside: Pick<StoredProduct, 'owed' | 'revision'> & { readonly formerHandles: readonly FormerHandle[] },
): StoredProduct {
  const skus = skusOf(product)
  const variantIds = product.variants.map(({ id }) => id)
  const { formerHandles, ...rest } = beside
  const told = { product, source }
  const written = isRefused(told) ? { ...(withSafeKeys(told) as typeof told), escaped: true as const } : told
  return {
    _id: product.id,
    ...written,
    createdBy,
    ...(skus.length > 0 ? { skus } : {}),
    ...(variantIds.length > 0 ? { variantIds } : {}),
    ...(formerHandles.length > 0 ? { formerHandles } : {}),
    line: lineOf(product),
    words: wordsOf(product),
    ...rest,
  }
}

/** Handles and SKUs with signs are among them: the indexes over these know no lower case. */
export const wordsOf = (product: ProductDocument['product']): string[] => [...entriesOf(product, () => false)]

/** The product of a document. */
export function toProduct({ product, source, createdBy, escaped }: StoredProduct): ProductDocument {
  if (!escaped) return { product, source, createdBy }
  const told = withOwnKeys({ product, source }) as Pick<ProductDocument, 'product' | 'source'>
  return { ...told, createdBy }
}

// Columns of an imported file become keys, and options are named by merchants. MongoDB takes every name but one with a NUL in
// it, and reads some that begin with a dollar as something else. A percent sign marks what was changed.

const refused = /^\$|%|\0/
const isRefused = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (Array.isArray(value)
    ? value.some(isRefused)
    : Object.entries(value).some(([key, inner]) => refused.test(key) || isRefused(inner)))

const withSafeKeys = (value: unknown): unknown =>
  withKeys(value, (key) => key.replaceAll('%', '%25').replace(/^\$/, '%24').replaceAll('\0', '%00'))

const withOwnKeys = (value: unknown): unknown =>
  withKeys(value, (key) => key.replaceAll('%00', '\0').replace(/^%24/, '$').replaceAll('%25', '%'))

function withKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one) => withKeys(one, rename))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [rename(key), withKeys(inner, rename)]))
}
