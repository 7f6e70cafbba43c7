import type { Color } from './color.ts'
import { motifs } from './motifs.ts'
import { cloth, courtyard, hillside, rail, shelf, sill, table, type View } from './scenery.ts'
import { type Light, studio, type Tone, tabletop, wall } from './studio.ts'
import { createPen, fingerprint, group, type Pen, short, tag } from './svg.ts'

type MotifName = keyof typeof motifs

/** What is drawn, with the choices its drawing function takes. */
export type Drawing = {
  [Name in MotifName]: { readonly motif: Name; readonly look: Parameters<(typeof motifs)[Name]>[1] }
}[MotifName]

/** A drawing and where it goes: its origin (the foot of what stands, the middle of what lies, the peg of what hangs). */
export type Thing = Drawing & {
  readonly x?: number
  readonly y?: number
  readonly scale?: number
  /** Clockwise, in degrees. */
  readonly turn?: number
}

export type Backdrop =
  | { readonly place: 'studio' | 'wall'; readonly tone: Tone; readonly light: Light }
  | { readonly place: 'tabletop' | 'courtyard'; readonly tone: Tone }
  | { readonly place: 'sill'; readonly tone: Tone; readonly view: View }
  | { readonly place: 'table' | 'shelf' | 'rail'; readonly tone: Tone; readonly wood: Color }
  | { readonly place: 'hillside'; readonly view: View }
  | { readonly place: 'cloth'; readonly wood: Color; readonly linen: Color }

/** All that a picture shows, as plain data: the same data always gives the same picture, byte for byte. */
export type PictureSpec = { readonly backdrop: Backdrop; readonly things: readonly Thing[] }

/** Where a thing stands, lies or hangs when the spec does not say. */
const grounds: Record<Backdrop['place'], number> = {
  studio: 655,
  wall: 400,
  tabletop: 400,
  cloth: 400,
  courtyard: 690,
  sill: 668,
  table: 690,
  shelf: 606,
  rail: 150,
  hillside: 646,
}

function drawBackdrop(pen: Pen, backdrop: Backdrop): string {
  switch (backdrop.place) {
    case 'studio':
      return studio(pen, backdrop.tone, backdrop.light)
    case 'wall':
      return wall(pen, backdrop.tone, backdrop.light)
    case 'tabletop':
      return tabletop(pen, backdrop.tone)
    case 'courtyard':
      return courtyard(pen, backdrop.tone)
    case 'sill':
      return sill(pen, backdrop.tone, backdrop.view)
    case 'table':
      return table(pen, backdrop.tone, backdrop.wood)
    case 'shelf':
      return shelf(pen, backdrop.tone, backdrop.wood)
    case 'rail':
      return rail(pen, backdrop.tone, backdrop.wood)
    case 'hillside':
      return hillside(pen, backdrop.view)
    case 'cloth':
      return cloth(pen, backdrop.wood, backdrop.linen)
  }
}

/** Draws a thing where it belongs. */
export function place(pen: Pen, thing: Thing, ground: number): string {
  const { x = 400, y = ground, scale = 1, turn = 0 } = thing
  const draw = motifs[thing.motif] as (pen: Pen, look: Drawing['look']) => string // the union pairs each name with its own look
  const spin = turn === 0 ? '' : ` rotate(${short(turn)})`
  const size = scale === 1 ? '' : ` scale(${short(scale)})`
  return group({ transform: `translate(${short(x)} ${short(y)})${spin}${size}` }, draw(pen, thing.look))
}

/** The SVG text of a picture, 800 by 800 units. It refers to nothing outside itself, carries no script, and its ids are
 *  its own, so that it can stand in a file or inline beside others. */
export function drawPicture(spec: PictureSpec): string {
  const pen = createPen(idPrefix(JSON.stringify(spec)))
  const ground = grounds[spec.backdrop.place]
  const drawn = drawBackdrop(pen, spec.backdrop) + spec.things.map((thing) => place(pen, thing, ground)).join('')
  return frame(800, 800, pen, drawn)
}

/** Ids stay short, because each picture repeats them a hundred times; a test says that no two of the shop's pictures
 *  share one. */
export function idPrefix(text: string): string {
  return `s${Number.parseInt(fingerprint(text), 16).toString(36).slice(-4)}`
}

/** Joins of lines are round everywhere. */
export function frame(width: number, height: number, pen: Pen, drawn: string): string {
  const size = { viewBox: `0 0 ${width} ${height}`, width, height }
  return tag(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', ...size, 'stroke-linejoin': 'round' },
    pen.definitions(),
    drawn,
  )
}
