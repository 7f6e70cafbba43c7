import type { Media, Views } from '../views.ts'
import { NoPicture } from './icons.tsx'
import { Picture } from './picture.tsx'

/** Pictures side by side, to be swiped or reached by the small ones below, which are plain links to them. */
export function Gallery({ product, variant }: Pick<Views['product'], 'product' | 'variant'>) {
  const media = variantFirst(product.media, variant.mediaId).filter(({ url }) => url?.startsWith('/'))
  if (media.length === 0) {
    return (
      <div class="gallery">
        <div class="gallery-strip">
          <figure class="gallery-picture" data-shared={product.handle}>
            <NoPicture />
          </figure>
        </div>
      </div>
    )
  }
  return (
    <div class="gallery" data-gallery>
      {/* What scrolls must be reachable by keyboard (WCAG 2.1.1). */}
      <section class="gallery-strip" aria-label="Pictures" tabIndex={media.length > 1 ? 0 : undefined}>
        {media.map((one, index) => (
          <figure
            class="gallery-picture"
            id={`picture-${index + 1}`}
            data-shared={index === 0 ? product.handle : undefined}
          >
            <Picture
              url={one.url}
              alt={one.alt || product.title}
              width={one.width}
              height={one.height}
              sizes="(min-width: 56rem) 40rem, 100vw"
              isFirst={index === 0}
            />
          </figure>
        ))}
      </section>
      {media.length > 1 && (
        <ul class="thumbs">
          {media.map((one, index) => (
            <li>
              <a href={`#picture-${index + 1}`} aria-label={`Picture ${index + 1} of ${media.length}`}>
                <Picture url={one.url} alt="" sizes="5rem" />
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function variantFirst(media: readonly Media[], id: string | null): readonly Media[] {
  const own = media.find((one) => one.id === id)
  return own ? [own, ...media.filter((one) => one !== own)] : media
}
