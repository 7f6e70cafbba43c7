import type { CatalogProduct } from '../contract.ts'
import type { Deps } from '../deps.ts'
import { mediaUrl } from '../media/media-url.ts'
import { checkPicture } from '../media/picture.ts'
import { composeProduct } from '../product.ts'
import { saveProduct } from '../save-product.ts'
import type { StoredMedia } from '../store/port.ts'
import type { FetchPicture } from './fetch-picture.ts'

type Media = CatalogProduct['media'][number]

/** Each round somebody else changed the product in between. */
const roundsAtMost = 10

export type PictureCount = { readonly stored: number; readonly addresses: number }

/**
 * Fetches the pictures of a product of which only the address is known, and puts those that could be had in their place.
 * Answers how many of its imported pictures the shop has now, and of how many it still knows the address only.
 */
export async function storePictures(deps: Deps, fetchPicture: FetchPicture, handle: string): Promise<PictureCount> {
  const fetched = new Map<string, StoredMedia>()
  const tried = new Set<string>()
  for (let round = 0; round < roundsAtMost; round++) {
    const before = await deps.store.byHandle(handle)
    if (!before) return { stored: 0, addresses: 0 }
    const { product } = before
    const wanted = product.media.flatMap(({ url, sourceUrl }) => (url === null && sourceUrl ? sourceUrl : []))
    await fetchAll(
      deps,
      fetchPicture,
      wanted.filter((address) => !tried.has(address)),
      fetched,
    )
    for (const address of wanted) tried.add(address)
    const next = withPictures(product, fetched)
    if (next === product || (await saveProduct(deps, before, { ...before, product: next })).kind === 'written') {
      const imported = next.media.filter(({ sourceUrl }) => sourceUrl !== null)
      const addresses = imported.filter(({ url }) => url === null).length
      return { stored: imported.length - addresses, addresses }
    }
  }
  throw new Error(`catalog: ${handle} changed ${roundsAtMost} times while its pictures were stored`)
}

async function fetchAll(
  { store, log }: Deps,
  fetchPicture: FetchPicture,
  addresses: readonly string[],
  into: Map<string, StoredMedia>,
): Promise<void> {
  await Promise.all(
    addresses.map(async (address) => {
      const answer = await fetchPicture(address)
      if (!answer.ok) return
      const checked = await checkPicture(answer.bytes)
      if (!checked.ok) {
        log.info({ address, reason: checked.reason }, 'picture of an import not stored')
        return
      }
      await store.putMedia(checked.picture)
      into.set(address, checked.picture)
    }),
  )
}

/** The product with what was fetched in place of the addresses; the same object when nothing was. */
function withPictures(product: CatalogProduct, fetched: ReadonlyMap<string, StoredMedia>): CatalogProduct {
  const renamed = new Map<string, string>()
  const media = product.media.flatMap((one): Media[] => {
    const picture = one.url === null && one.sourceUrl ? fetched.get(one.sourceUrl) : undefined
    if (!picture) return [one]
    renamed.set(one.id, picture.id)
    const { id, width, height } = picture
    return [{ ...one, id, url: mediaUrl(id), width, height }]
  })
  if (renamed.size === 0) return product
  const variants = product.variants.map(({ id, mediaId }) => ({
    id,
    mediaId: mediaId === null ? null : (renamed.get(mediaId) ?? mediaId),
  }))
  const facts = { now: new Date().toISOString(), variantId: () => '' }
  const composed = composeProduct(product, { id: product.id, media, variants }, facts)
  if (!composed.ok) throw new Error(`catalog: ${product.handle}: ${composed.field} ${composed.message}`)
  return composed.product
}
