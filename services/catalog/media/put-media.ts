import type { catalog } from '#contracts/catalog'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { Deps } from '../deps.ts'
import { mediaUrl } from './media-url.ts'
import { checkPicture, mediaIdOf } from './picture.ts'

type Put = (typeof catalog.operations)['putMedia']

/** Stores a picture. The id comes from its bytes, so the same picture is never worked on or kept twice. */
export async function putMedia({ store }: Pick<Deps, 'store'>, { base64 }: Input<Put>): Promise<Outcome<Put>> {
  const bytes = Buffer.from(base64, 'base64')
  const id = mediaIdOf(bytes)
  const [known] = await store.mediaFacts([id])
  if (known) return ok({ mediaId: id, url: mediaUrl(id), width: known.width, height: known.height })
  const checked = await checkPicture(bytes)
  if (!checked.ok) return refuse('catalog/invalid-media', `The picture ${checked.reason}.`)
  await store.putMedia(checked.picture)
  const { width, height } = checked.picture
  return ok({ mediaId: id, url: mediaUrl(id), width, height })
}
