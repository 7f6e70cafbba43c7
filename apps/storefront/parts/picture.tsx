import { NoPicture } from './icons.tsx'

/** The widths that catalog makes smaller pictures in. */
const widths = [320, 640, 1280] as const

export type PictureProps = {
  readonly url: string | null
  readonly alt: string
  /** How wide it is shown, as in the `sizes` attribute. */
  readonly sizes: string
  readonly width?: number | null
  readonly height?: number | null
  /** For what is seen first: fetched at once and before all else. */
  readonly isFirst?: boolean
  readonly isEager?: boolean
}

/**
 * A picture in the size the screen needs. Only pictures that the shop itself serves are shown, so no shopper's address
 * is told to strangers; for the others a drawing stands in.
 */
export function Picture({ url, alt, sizes, width, height, isFirst, isEager }: PictureProps) {
  if (!url?.startsWith('/')) {
    return (
      <>
        <NoPicture />
        {alt && <span class="visually-hidden">{alt}, not pictured yet</span>}
      </>
    )
  }
  const source = (at: number): string => `${url}?w=${at}`
  return (
    <img
      src={source(640)}
      srcset={widths.map((at) => `${source(at)} ${at}w`).join(', ')}
      sizes={sizes}
      alt={alt}
      width={width ?? 800}
      height={height ?? 800}
      loading={isFirst || isEager ? 'eager' : 'lazy'}
      fetchpriority={isFirst ? 'high' : undefined}
      decoding={isFirst ? 'sync' : 'async'}
    />
  )
}
