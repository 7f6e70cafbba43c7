import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { idempotencyScope } from '#kernel/execute'
import { digest, newId } from '#kernel/id'
import { catalog } from './contract.ts'
import type { Deps } from './deps.ts'
import { picturesOf } from './media/pictures-of.ts'
import { composeProduct } from './product.ts'
import { saveProduct, taken } from './save-product.ts'
import { unknownCategory } from './unknown-category.ts'

type Create = (typeof catalog.operations)['createProduct']

/**
 * Creates a product. A retry under the same idempotency key whose first call wrote the product and died before it could
 * answer finds it by the mark in its document.
 */
export async function createProduct(deps: Deps, input: Input<Create>, call: Call): Promise<Outcome<Create>> {
  const { media, ...wish } = input
  const pictures = await picturesOf(deps.store, media, [])
  if (!pictures.ok) return pictures
  const facts = { now: new Date().toISOString(), variantId: () => newId('variant') }
  const composed = composeProduct(null, { ...wish, ...pictures.value, id: newId('prod') }, facts)
  if (!composed.ok)
    return refuse('catalog/invalid-product', `${composed.field} ${composed.message}.`, { field: composed.field })
  const { product } = composed
  const unknown = await unknownCategory(deps.store, product.categories)
  if (unknown) return unknown

  const createdBy = call.idempotencyKey === null ? null : markOf(input, call, call.idempotencyKey)
  const verdict = await saveProduct(deps, null, { product, source: null, createdBy })
  if (verdict.kind === 'written') return ok(product)
  if (verdict.kind === 'conflict') throw new Error(`catalog: the new id ${product.id} exists already`)
  const existing =
    verdict.kind === 'handle-taken' && createdBy !== null ? await deps.store.byHandle(product.handle) : null
  return existing?.createdBy === createdBy && existing ? ok(existing.product) : taken(product, verdict)
}

const markOf = (input: Input<Create>, call: Call, key: string): string =>
  digest(`${idempotencyScope('createProduct', catalog.operations.createProduct, input, call)}\n${key}`)
