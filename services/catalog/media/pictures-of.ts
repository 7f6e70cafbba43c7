import { type Accepted, type DeepReadonly, ok, refuse } from '#kernel/contract'
import type { CatalogProduct } from '../contract.ts'
import type { ProductWish } from '../product.ts'
import type { MediaStore } from '../store/port.ts'
import { mediaUrl } from './media-url.ts'

type Named = readonly { readonly mediaId: string; readonly alt: string }[]

/**
 * The pictures that a wish names, as a product keeps them: stored ones, and those that it has already, of which some are
 * known by their address alone. Nothing is said where nothing is wished.
 */
export async function picturesOf(
  store: Pick<MediaStore, 'mediaFacts'>,
  named: Named | undefined,
  present: DeepReadonly<CatalogProduct['media']>,
): Promise<Accepted<Pick<ProductWish, 'media'>> | ReturnType<typeof noPicture>> {
  if (named === undefined) return ok({})
  const known = new Map(present.map((one) => [one.id, one]))
  for (const { id, width, height } of await store.mediaFacts(named.map(({ mediaId }) => mediaId)))
    if (!known.has(id)) known.set(id, { id, url: mediaUrl(id), sourceUrl: null, alt: '', width, height })
  const media: DeepReadonly<CatalogProduct['media']>[number][] = []
  for (const [index, { mediaId, alt }] of named.entries()) {
    const picture = known.get(mediaId)
    if (!picture) return noPicture(index, 'is no stored picture')
    if (media.some(({ id }) => id === mediaId)) return noPicture(index, 'is named twice')
    media.push({ ...picture, alt })
  }
  return ok({ media })
}

const noPicture = (index: number, reason: string) =>
  refuse('catalog/invalid-product', `media/${index}/mediaId ${reason}.`, { field: `media/${index}/mediaId` })
