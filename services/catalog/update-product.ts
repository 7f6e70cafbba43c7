import type { catalog } from '#contracts/catalog'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { newId } from '#kernel/id'
import type { Deps } from './deps.ts'
import { picturesOf } from './media/pictures-of.ts'
import { composeProduct } from './product.ts'
import { saveProduct, taken } from './save-product.ts'
import { unknownCategory } from './unknown-category.ts'

type Update = (typeof catalog.operations)['updateProduct']

/**
 * Changes a product that is at the version the caller saw. A change that is there already is no conflict, whatever the
 * version: so the same request twice has the effect and the answer of once.
 */
export async function updateProduct(
  deps: Deps,
  { productId, version, media, ...wish }: Input<Update>,
): Promise<Outcome<Update>> {
  const found = await deps.store.get(productId)
  if (!found) return unknownProduct(productId)
  const pictures = await picturesOf(deps.store, media, found.product.media)
  if (!pictures.ok) return pictures
  const facts = { now: new Date().toISOString(), variantId: () => newId('variant') }
  const composed = composeProduct(found.product, { ...wish, ...pictures.value, id: productId }, facts)
  if (!composed.ok)
    return refuse('catalog/invalid-product', `${composed.field} ${composed.message}.`, { field: composed.field })
  const { product } = composed
  if (product === found.product) return ok(product)
  if (found.product.version !== version) return outdated(found.product.version)
  const unknown = await unknownCategory(deps.store, product.categories, found.product.categories)
  if (unknown) return unknown

  const verdict = await saveProduct(deps, found, { ...found, product })
  if (verdict.kind === 'written') return ok(product)
  if (verdict.kind !== 'conflict') return taken(product, verdict)
  const now = await deps.store.get(productId)
  return now ? outdated(now.product.version) : unknownProduct(productId)
}

const unknownProduct = (productId: string) => refuse('catalog/unknown-product', `There is no product ${productId}.`)

const outdated = (version: number) =>
  refuse(
    'catalog/version-conflict',
    `The product was changed meanwhile: it is at version ${version}. Look at it again.`,
    { version },
  )
