import { createHash } from 'node:crypto'
import sharp, { type SharpOptions } from 'sharp'
import { TypeID } from 'typeid-js'
import { unavailable } from '#kernel/problem'
import { pictureBytesAtMost } from '../contract.ts'
import type { StoredMedia } from '../store/port.ts'
import { atMost } from './at-most.ts'
import { cleanSvg } from './svg.ts'

/** Decoded, 25 megapixels are 100 MB of memory; it is Shopify's limit too. All frames of an animation count. */
const pixelsAtMost = 25_000_000
/** No screen shows more; larger ones are kept at this size. */
const sideAtMost = 4_096
const svgBytesAtMost = 2 * 1024 * 1024
/** A drawing has no pixels of its own, but smaller copies of it have: at 640 wide, 20 times that high is the most. */
const drawingSideAtMost = 20_000
const drawingRatioAtMost = 20

/** Decoding takes a processor and much memory: two at a time, and a queue that ends within a caller's patience. */
const decode = atMost(2, 200, () => unavailable('Too many pictures are being worked on. Try again.', 2))
sharp.concurrency(1)
sharp.cache(false)

export type Checked =
  | { readonly ok: true; readonly picture: StoredMedia }
  /** Why it is no picture for a shop, to follow "The picture". */
  | { readonly ok: false; readonly reason: string }

type Kind = 'svg' | 'png' | 'jpeg' | 'webp' | 'avif' | 'gif'

/** The kind of a picture by its first bytes, whatever name or type it came under. */
function kindOf(bytes: Buffer): Kind | null {
  const ascii = (from: number, to: number): string => bytes.toString('latin1', from, to)
  if (bytes.length < 12) return null
  if (ascii(0, 8) === '\x89PNG\r\n\x1a\n') return 'png'
  if (ascii(0, 3) === '\xff\xd8\xff') return 'jpeg'
  if (ascii(0, 6) === 'GIF87a' || ascii(0, 6) === 'GIF89a') return 'gif'
  if (ascii(0, 4) === 'RIFF' && ascii(8, 12) === 'WEBP') return 'webp'
  if (ascii(4, 8) === 'ftyp' && /^avi[fs]/.test(ascii(8, 12))) return 'avif'
  return /^\ufeff?\s*<(?:svg[\s>]|\?xml|!--|!DOCTYPE\s+svg)/i.test(bytes.toString('utf8', 0, 512)) ? 'svg' : null
}

/** The same bytes have the same id, in every shop. */
export const mediaIdOf = (bytes: Uint8Array): string =>
  TypeID.fromUUIDBytes('media', createHash('sha256').update(bytes).digest().subarray(0, 16)).toString()

/**
 * Checks a picture and makes of it what the shop keeps: drawings cleaned, photographs encoded anew, so that nothing that
 * was hidden in the file (places, names, a second file behind the first) is ever served.
 */
export async function checkPicture(bytes: Buffer): Promise<Checked> {
  if (bytes.length > pictureBytesAtMost) return no(`has more than ${pictureBytesAtMost / 1024 / 1024} MB`)
  const kind = kindOf(bytes)
  if (kind === null) return no('is no SVG, PNG, JPEG, WebP, AVIF or GIF')
  const id = mediaIdOf(bytes)
  return decode(() => (kind === 'svg' ? drawing(id, bytes) : photograph(id, kind, bytes)))
}

const no = (reason: string): Checked => ({ ok: false, reason })

async function drawing(id: string, bytes: Buffer): Promise<Checked> {
  if (bytes.length > svgBytesAtMost)
    return no(`has more than ${svgBytesAtMost / 1024 / 1024} MB, too much for a drawing`)
  const cleaned = cleanSvg(bytes.toString('utf8'))
  if (cleaned === null) return no('is no SVG drawing')
  const clean = Buffer.from(cleaned)
  try {
    const { width, height } = await sharp(clean, { limitInputPixels: false }).metadata()
    const [short, long] = [Math.min(width, height), Math.max(width, height)]
    if (long > drawingSideAtMost || long > short * drawingRatioAtMost) {
      return no(`is ${width} × ${height}, too long or too large for a drawing`)
    }
    return { ok: true, picture: { id, contentType: 'image/svg+xml', width, height, bytes: clean } }
  } catch {
    return no('is no SVG drawing that can be read')
  }
}

async function photograph(id: string, kind: Exclude<Kind, 'svg'>, bytes: Buffer): Promise<Checked> {
  const animated = kind === 'gif' || kind === 'webp'
  const options: SharpOptions = { limitInputPixels: pixelsAtMost, animated, failOn: 'error' }
  try {
    const { width, height, pages = 1, pageHeight = height } = await sharp(bytes, options).metadata()
    if (width * pageHeight * pages > pixelsAtMost) return no(`has more than ${pixelsAtMost / 1e6} megapixels`)
    const fitted = sharp(bytes, options)
      .autoOrient()
      .resize({ width: sideAtMost, height: sideAtMost, fit: 'inside', withoutEnlargement: true })
    const encoded =
      kind === 'jpeg'
        ? fitted.jpeg({ quality: 88, progressive: true })
        : kind === 'png'
          ? fitted.png()
          : fitted.webp({ quality: 88 })
    const { data, info } = await encoded.toBuffer({ resolveWithObject: true })
    return {
      ok: true,
      picture: {
        id,
        contentType: kind === 'jpeg' || kind === 'png' ? `image/${kind}` : 'image/webp',
        width: info.width,
        height: info.pageHeight ?? info.height,
        bytes: data,
      },
    }
  } catch (error) {
    const tooLarge = /pixel limit/i.test((error as Error).message)
    return no(tooLarge ? `has more than ${pixelsAtMost / 1e6} megapixels` : 'is damaged and cannot be read')
  }
}

/** The picture as WebP, no wider than `width` pixels. */
export function renderPicture(picture: StoredMedia, width: number): Promise<Buffer> {
  const isDrawing = picture.contentType === 'image/svg+xml'
  // A drawing is drawn at the size that is asked for, not drawn small and blown up.
  const density = isDrawing && picture.width ? Math.min(Math.max((72 * width) / picture.width, 1), 2_400) : 72
  return decode(() =>
    sharp(Buffer.from(picture.bytes), { limitInputPixels: pixelsAtMost, animated: !isDrawing, density })
      .resize({ width, withoutEnlargement: !isDrawing })
      .webp({ quality: 80 })
      .toBuffer(),
  )
}
