import type { catalog } from '#contracts/catalog'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { newId } from '#kernel/id'
import type { Deps } from './deps.ts'
import { picturesOf } from './media/pictures-of.ts'
import { composeProduct } from './product.ts'
import { saveProduct, taken } from './save-product.ts'

type Put = (typeof catalog.operations)['putProduct']

/** Each round somebody else changed the product in between; more in a row is not chance. */
const roundsAtMost = 10

/** Creates or changes a product by its handle. Variants without an id are found by their option values or SKU. */
export async function putProduct(deps: Deps, { product: wish, media }: Input<Put>): Promise<Outcome<Put>> {
  const pictures = await picturesOf(deps.store, media, [])
  if (!pictures.ok) return pictures
  for (let round = 0; round < roundsAtMost; round++) {
    const before = await deps.store.byHandle(wish.handle)
    const facts = { now: new Date().toISOString(), variantId: () => newId('variant') }
    const composed = composeProduct(
      before?.product ?? null,
      { ...wish, ...pictures.value, id: before?.product.id ?? newId('prod') },
      facts,
    )
    if (!composed.ok)
      return refuse('catalog/invalid-product', `${composed.field} ${composed.message}.`, { field: composed.field })
    const { product } = composed
    if (product === before?.product) return ok(product)
    const verdict = await saveProduct(deps, before, { source: null, createdBy: null, ...before, product })
    if (verdict.kind === 'written') return ok(product)
    if (verdict.kind === 'sku-taken') return taken(product, verdict)
  }
  throw new Error(`catalog: ${wish.handle} changed ${roundsAtMost} times while it was to be written`)
}
