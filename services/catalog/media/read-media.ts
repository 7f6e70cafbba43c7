import type { catalog } from '#contracts/catalog'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { Deps } from '../deps.ts'
import type { StoredMedia } from '../store/port.ts'

type Read = (typeof catalog.operations)['media']

/** Copies being made in this process, so that a page's visitors do not all make the same one. */
const underWay = new Map<string, Promise<Buffer>>()

/** The bytes of a picture; with `width` as WebP, made at the first request and kept. */
export async function readMedia(
  { store }: Pick<Deps, 'store'>,
  { mediaId, width }: Input<Read>,
): Promise<Outcome<Read>> {
  if (width !== undefined) {
    const kept = await store.rendition(mediaId, width)
    if (kept) return ok(webp(mediaId, width, kept))
  }
  const picture = await store.media(mediaId)
  if (!picture) return refuse('catalog/unknown-media', `There is no picture ${mediaId}.`)
  if (width === undefined) {
    const { contentType, bytes } = picture
    return ok({ contentType, base64: Buffer.from(bytes).toString('base64'), etag: mediaId })
  }
  return ok(webp(mediaId, width, await rendered(store, picture, width)))
}

const webp = (mediaId: string, width: number, bytes: Uint8Array) => ({
  contentType: 'image/webp',
  base64: Buffer.from(bytes).toString('base64'),
  etag: `${mediaId}-${width}`,
})

function rendered(store: Deps['store'], picture: StoredMedia, width: number): Promise<Buffer> {
  const key = `${picture.id} ${width}`
  const running = underWay.get(key)
  if (running) return running
  const making = render(store, picture, width).finally(() => underWay.delete(key))
  underWay.set(key, making)
  return making
}

async function render(store: Deps['store'], picture: StoredMedia, width: number): Promise<Buffer> {
  const { renderPicture } = await import('./picture.ts')
  const bytes = await renderPicture(picture, width)
  await store.putRendition(picture.id, width, bytes)
  return bytes
}
