import { type ChangeEvent, type FormEvent, useState } from 'react'
import type { catalog } from '../../../../services/catalog/contract.ts'
import { type Answer, patch, postFile } from '../api.ts'
import type { Product } from '../product.ts'
import { useCommand } from '../ui/command.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, linkClass, Notice, Sheet, TextField } from '../ui/kit.tsx'

type Picture = Product['media'][number]
type Named = { readonly mediaId: string; readonly alt: string }

/** What the catalog takes, said before somebody waits for an upload. */
const types = 'image/png,image/jpeg,image/webp,image/avif,image/gif,image/svg+xml'
const megabytesAtMost = 15
/** At once; more pictures of one product are rare, and one after the other is easier on everybody. */
const filesAtMost = 20

const named = (media: readonly Picture[]): Named[] => media.map(({ id, alt }) => ({ mediaId: id, alt }))

/** The product's pictures in the order in which shoppers see them. Each change is saved at once. */
export function PicturesSheet({ product, readOnly }: { product: Product; readOnly: boolean }) {
  const save = useCommand((media: readonly Named[]) =>
    patch<Product>(`/api/admin/products/${product.id}`, { version: product.version, media }),
  )
  const add = useCommand(async (files: readonly File[]) => {
    const added: Named[] = []
    for (const file of files) {
      if (file.size > megabytesAtMost * 1024 * 1024)
        throw new Error(`${file.name} has more than ${megabytesAtMost} MB. Nothing was added.`)
      const { mediaId } = await postFile<Answer<typeof catalog, 'uploadMedia'>>('/api/admin/media', file).catch(
        (error: Error) => {
          throw new Error(`${file.name}: ${error.message} Nothing was added.`)
        },
      )
      if (![...named(product.media), ...added].some((one) => one.mediaId === mediaId)) added.push({ mediaId, alt: '' })
    }
    return patch<Product>(`/api/admin/products/${product.id}`, {
      version: product.version,
      media: [...named(product.media), ...added],
    })
  })
  const isBusy = save.running || add.running
  const choose = (event: ChangeEvent<HTMLInputElement>): void => {
    const files = [...(event.target.files ?? [])].slice(0, filesAtMost)
    event.target.value = ''
    if (files.length > 0) add.run(files)
  }
  const failure = add.message ?? save.message
  if (readOnly && product.media.length === 0) return null
  return (
    <Sheet title="Pictures">
      <div className="flex flex-col gap-4">
        {failure ? <Notice>{failure}</Notice> : null}
        {product.media.length > 0 ? (
          <ul className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3">
            {product.media.map((picture, index) => (
              <PictureRow
                key={`${picture.id} ${picture.alt}`}
                picture={picture}
                place={index + 1}
                readOnly={readOnly}
                disabled={isBusy}
                isFirst={index === 0}
                onEarlier={() => save.run(moved(named(product.media), index))}
                onRemove={() => save.run(named(product.media).toSpliced(index, 1))}
                onAlt={(alt) => save.run(named(product.media).with(index, { mediaId: picture.id, alt }))}
              />
            ))}
          </ul>
        ) : (
          <p className="text-soft">None yet. Shoppers see a drawn placeholder.</p>
        )}
        {readOnly ? null : (
          <label className="inline-flex flex-col gap-1 text-sm font-medium">
            {add.running ? 'Adding …' : 'Add pictures'}
            <input
              type="file"
              multiple
              accept={types}
              disabled={isBusy}
              onChange={choose}
              className="max-w-full rounded-lg border border-dashed border-edge p-3 font-normal"
            />
            <span className="font-normal text-soft">
              PNG, JPEG, WebP, AVIF, GIF or SVG, up to {megabytesAtMost} MB and 25 megapixels each. The first one stands
              in lists.
            </span>
          </label>
        )}
      </div>
    </Sheet>
  )
}

/** The list with the picture at `index` one place earlier. */
const moved = (media: readonly Named[], index: number): Named[] => {
  const picture = media[index]
  return picture ? media.toSpliced(index, 1).toSpliced(index - 1, 0, picture) : [...media]
}

function PictureRow({
  picture: { url, sourceUrl, alt },
  place,
  readOnly,
  disabled,
  isFirst,
  onEarlier,
  onRemove,
  onAlt,
}: {
  picture: Picture
  place: number
  readOnly: boolean
  disabled: boolean
  isFirst: boolean
  onEarlier: () => void
  onRemove: () => void
  onAlt: (alt: string) => void
}) {
  const [typed, setTyped] = useState(alt)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (typed.trim() !== alt) onAlt(typed.trim())
  }
  return (
    <li className="flex min-w-0 gap-3">
      {url ? (
        <img
          src={`${url}?w=320`}
          alt={alt}
          width="112"
          height="112"
          loading="lazy"
          className="size-28 shrink-0 rounded-lg border border-line object-cover"
        />
      ) : (
        <a
          href={sourceUrl ?? ''}
          rel="noreferrer"
          className={`grid size-28 shrink-0 place-items-center rounded-lg border border-line bg-ground p-2 text-center text-sm ${linkClass}`}
        >
          Only its address is known
        </a>
      )}
      {readOnly ? (
        <p className="text-sm text-soft">{alt || 'Without a description'}</p>
      ) : (
        <form onSubmit={submit} className="flex min-w-0 flex-1 flex-col gap-2">
          <TextField
            label={`What picture ${place} shows`}
            maxLength={512}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <div className="flex flex-wrap gap-2">
            {typed.trim() === alt ? null : (
              <Button type="submit" disabled={disabled}>
                Save
              </Button>
            )}
            {isFirst ? null : (
              <Button onClick={onEarlier} disabled={disabled} aria-label={`Move picture ${place} one place earlier`}>
                Earlier
              </Button>
            )}
            <Button kind="danger" onClick={onRemove} disabled={disabled} aria-label={`Remove picture ${place}`}>
              <Icon name="close" className="size-4" /> Remove
            </Button>
          </div>
        </form>
      )}
    </li>
  )
}
