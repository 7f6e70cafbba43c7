import type { catalog } from '#contracts/catalog'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { newId } from '#kernel/id'
import type { Deps } from './deps.ts'
import { mediaUrl } from './media/media-url.ts'
import { composeProduct, type ProductWish } from './product.ts'
import { saveProduct, taken } from './save-product.ts'

type Put = (typeof catalog.operations)['putProduct']

/** Each round somebody else changed the product in between; more in a row is not chance. */
const roundsAtMost = 10

/** Creates or changes a product by its handle. Variants without an id are found by their option values or SKU. */
export async function putProduct(deps: Deps, { product: wish, media }: Input<Put>): Promise<Outcome<Put>> {
  const pictures = media ? await picturesOf(deps, media) : {}
  if ('missing' in pictures) {
    return refuse('catalog/invalid-product', `media/${pictures.missing} is no stored picture.`, {
      field: `media/${pictures.missing}/mediaId`,
    })
  }
  for (let round = 0; round < roundsAtMost; round++) {
    const before = await deps.store.byHandle(wish.handle)
    const facts = { now: new Date().toISOString(), variantId: () => newId('variant') }
    const composed = composeProduct(
      before?.product ?? null,
      { ...wish, ...pictures, id: before?.product.id ?? newId('prod') },
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

async function picturesOf(
  { store }: Deps,
  media: NonNullable<Input<Put>['media']>,
): Promise<{ media: NonNullable<ProductWish['media']> } | { missing: number }> {
  const facts = new Map((await store.mediaFacts(media.map(({ mediaId }) => mediaId))).map((one) => [one.id, one]))
  const missing = media.findIndex(({ mediaId }) => !facts.has(mediaId))
  if (missing !== -1) return { missing }
  return {
    media: media.map(({ mediaId, alt }) => ({
      id: mediaId,
      url: mediaUrl(mediaId),
      sourceUrl: null,
      alt,
      width: facts.get(mediaId)?.width ?? null,
      height: facts.get(mediaId)?.height ?? null,
    })),
  }
}
