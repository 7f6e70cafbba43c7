import { createHash } from 'node:crypto'
import type { Color } from './color.ts'

export type Attributes = Readonly<Record<string, string | number | undefined>>
export type Stop = readonly [offset: number, color: Color, opacity?: number]
export type Direction = 'down' | 'right' | 'diagonal' | readonly [x1: number, y1: number, x2: number, y2: number]

/** What a drawing keeps beside its visible marks: gradients, clips, filters. Each is stored once and named by a prefix
 *  of the picture's own, so that many pictures can stand inline in one page. */
export type Pen = {
  /** A paint from one color to the next across the shape's own box. */
  linear(stops: readonly Stop[], direction?: Direction): string
  /** A linear paint between two colors. */
  fade(from: Color, to: Color, direction?: Direction): string
  /** The paint of a ball lit from the upper left, its colors from the light to the shade. */
  ball(...colors: readonly Color[]): string
  /** A paint from the middle out; center and radius in shares of the shape's box. */
  radial(stops: readonly Stop[], center?: readonly [cx: number, cy: number, r: number]): string
  /** A tile repeated over a shape, in the drawing's units. */
  pattern(width: number, height: number, tile: string, transform?: string): string
  /** A soft edge; the deviation in the drawing's units. */
  blur(deviation: number): string
  /** Keeps what is drawn within the outline. */
  clip(outline: string): string
  /** An outline that is used more than once: the id to put into `<use href>`. */
  shape(outline: string): string
  definitions(): string
}

/** A picture needs few softnesses, and each that it has costs a filter. */
const blurSteps = [2, 3, 4, 6, 8, 11, 14, 18, 24]

const vectors = { down: [0, 0, 0, 1], right: [0, 0, 1, 0], diagonal: [0, 0, 1, 1] } as const

/** Three digits or so: finer than a screen's pixel at 1,200 px. */
export function short(value: number): string {
  const steps = Math.abs(value) >= 10 ? 10 : 100
  return String(Math.round(value * steps) / steps).replace(/^(-?)0\./, '$1.')
}

/** An element; attributes that are undefined are left out, numbers are rounded. */
export function tag(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? short(value) : value}"`)
    .join('')
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

/** Path data in as few characters as it takes, its numbers rounded to a tenth: d`M${x} ${y}`. */
export function d(text: TemplateStringsArray, ...values: readonly (number | string)[]): string {
  const rounded = values.map((value) => (typeof value === 'number' ? String(Math.round(value * 10) / 10) : value))
  return String.raw({ raw: text }, ...rounded)
    .replace(/\s+/g, ' ')
    .replace(/ -/g, '-')
    .replace(/(?<![\d.])0\./g, '.')
}

/** A filled outline. */
export function path(outline: string, fill: string, more: Attributes = {}): string {
  return tag('path', { d: outline, fill, ...more })
}

/** A line with flat ends. */
export function stroked(outline: string, stroke: string, width: number, more: Attributes = {}): string {
  return tag('path', { d: outline, fill: 'none', stroke, 'stroke-width': width, ...more })
}

/** A line with round ends. (Joins are round in the whole picture: its frame says so.) */
export function line(outline: string, stroke: string, width: number, more: Attributes = {}): string {
  return stroked(outline, stroke, width, { 'stroke-linecap': 'round', ...more })
}

/** A filled ellipse around (cx, cy). */
export function ellipse(cx: number, cy: number, rx: number, ry: number, fill: string, more: Attributes = {}): string {
  return tag('ellipse', { cx, cy, rx, ry, fill, ...more })
}

/** Elements that share their attributes. */
export function group(attributes: Attributes, ...children: readonly string[]): string {
  return tag('g', attributes, ...children)
}

/** Ten hexadecimal digits that stand for a text: the same text gives the same digits on every machine. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10)
}

/** A new pen, whose ids begin with the prefix. */
export function createPen(prefix: string): Pen {
  const known = new Map<string, string>()
  const bodies: string[] = []
  const define = (key: string, write: (id: string) => string) => {
    const id = known.get(key) ?? `${prefix}${known.size.toString(36)}`
    if (!known.has(key)) {
      known.set(key, id)
      bodies.push(write(id))
    }
    return id
  }
  const reference = (name: string, attributes: Attributes, ...children: readonly string[]) =>
    `url(#${define(tag(name, attributes, ...children), (id) => tag(name, { id, ...attributes }, ...children))})`
  const stopTags = (stops: readonly Stop[]) =>
    stops.map(([offset, color, opacity]) => tag('stop', { offset, 'stop-color': color, 'stop-opacity': opacity }))
  const unless = (usual: number, value: number) => (value === usual ? undefined : value)

  const pen: Pen = {
    linear(stops, direction = 'down') {
      const [x1, y1, x2, y2] = typeof direction === 'string' ? vectors[direction] : direction
      const vector = { x1: unless(0, x1), y1: unless(0, y1), x2: unless(1, x2), y2: unless(0, y2) }
      return reference('linearGradient', vector, ...stopTags(stops))
    },
    fade(from, to, direction) {
      return pen.linear(
        [
          [0, from],
          [1, to],
        ],
        direction,
      )
    },
    ball(...colors) {
      const last = colors.length - 1
      return pen.radial(
        colors.map((color, index) => [index / last, color] as const),
        [0.35, 0.3, 0.8],
      )
    },
    radial(stops, [cx, cy, r] = [0.5, 0.5, 0.5]) {
      return reference('radialGradient', { cx, cy, r }, ...stopTags(stops))
    },
    pattern(width, height, tile, transform) {
      const size = { width, height, patternUnits: 'userSpaceOnUse', patternTransform: transform }
      return reference('pattern', size, tile)
    },
    blur(deviation) {
      const step = blurSteps.find((candidate) => candidate >= deviation) ?? 24
      const area = { x: -0.4, y: -0.4, width: 1.8, height: 1.8 }
      return reference('filter', area, tag('feGaussianBlur', { stdDeviation: step }))
    },
    clip(outline) {
      const shape = pen.shape(outline)
      return reference('clipPath', {}, tag('use', { href: `#${shape}` }))
    },
    shape(outline) {
      return define(outline, (id) => tag('path', { id, d: outline }))
    },
    definitions() {
      return bodies.length === 0 ? '' : tag('defs', {}, ...bodies)
    },
  }
  return pen
}
