import { type CatalogProduct, mediaAtMost } from '../contract.ts'
import { mediaUrl } from '../media/media-url.ts'
import { mediaIdOf } from '../media/picture.ts'
import type { MediaFacts } from '../store/port.ts'
import type { Columns } from './columns.ts'
import { type Row, RowReader } from './row-reader.ts'

type Media = CatalogProduct['media'][number]

export type Pictures = {
  /** In the shop's order; null when the file has no column for pictures. */
  readonly media: Media[] | null
  /** By row: what its variant shows. */
  readonly ofVariant: ReadonlyMap<number, string>
  /** Rows whose picture cannot be taken. */
  readonly faults: readonly RowReader[]
}

/** Where pictures of this shop are known: what it stored, by id, and its own address. */
export type KnownPictures = { readonly publicUrl: string; readonly stored: ReadonlyMap<string, MediaFacts> }

const addressCharactersAtMost = 2_048
const altCharactersAtMost = 512

/** The id of a picture of which only the address is known. */
const idOfAddress = (address: string): string => mediaIdOf(Buffer.from(`address ${address}`))

/** The stored picture that an address of this shop leads to: an export of our own comes back. */
export function ownMediaId(address: string, publicUrl: string): string | null {
  const own = `${publicUrl}${mediaUrl('')}`
  const id = address.startsWith(own) ? address.slice(own.length) : ''
  return /^media_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(id) ? id : null
}

/** A picture's address as it can be fetched and kept, or null. */
export function pictureAddress(text: string): string | null {
  const address = text.startsWith('//') ? `https:${text}` : text
  if (address.length > addressCharactersAtMost || !URL.canParse(address)) return null
  const { protocol, username, password } = new URL(address)
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '' ? address : null
}

/** Collects a product's pictures from its rows: those of the gallery by position, then those that only a variant shows. */
export function readPictures(
  columns: Columns,
  rows: readonly Row[],
  before: CatalogProduct | null,
  known: KnownPictures,
): Pictures {
  if (columns.indexOf.imageSrc === undefined && columns.indexOf.variantImage === undefined) {
    return { media: null, ofVariant: new Map(), faults: [] }
  }
  const readers = rows.map((row) => new RowReader(columns, row))
  const gallery = new Map<string, { readonly media: Media; readonly position: number }>()
  for (const reader of readers) {
    const address = readAddress(reader, 'imageSrc')
    const position = reader.position('imagePosition') ?? Number.MAX_SAFE_INTEGER
    const alt = reader.line('imageAlt', altCharactersAtMost)
    if (address === null || reader.fault || gallery.has(address)) continue
    const media = knownMedia(address, before, known)
    gallery.set(address, { media: alt === undefined ? media : { ...media, alt: alt ?? '' }, position })
  }
  const others = new Map<string, Media>()
  const ofVariant = new Map<number, string>()
  for (const reader of readers) {
    const address = readAddress(reader, 'variantImage')
    if (address === null) continue
    const media = gallery.get(address)?.media ?? others.get(address) ?? knownMedia(address, before, known)
    if (!gallery.has(address)) others.set(address, media)
    ofVariant.set(reader.row, media.id)
  }
  const ordered = [...gallery.values()].sort((a, b) => a.position - b.position).map(({ media }) => media)
  return {
    media: [...ordered, ...others.values()].slice(0, mediaAtMost),
    ofVariant,
    faults: readers.filter(({ fault }) => fault !== null),
  }
}

function readAddress(reader: RowReader, field: 'imageSrc' | 'variantImage'): string | null {
  const text = reader.text(field)
  if (text === '') return null
  const address = pictureAddress(text)
  if (address === null) reader.fail(field, `"${text.slice(0, 60)}" is no address of a picture: it begins with https://`)
  return address
}

/** What is known of the picture at an address: as the product has it, as this shop stored it, or nothing yet. */
function knownMedia(address: string, before: CatalogProduct | null, { publicUrl, stored }: KnownPictures): Media {
  const ownId = ownMediaId(address, publicUrl)
  const had = before?.media.find((one) => (ownId ? one.id === ownId : one.sourceUrl === address))
  if (had) return had
  const own = ownId ? stored.get(ownId) : undefined
  if (own) return { id: own.id, url: mediaUrl(own.id), sourceUrl: null, alt: '', width: own.width, height: own.height }
  return { id: idOfAddress(address), url: null, sourceUrl: address, alt: '', width: null, height: null }
}
