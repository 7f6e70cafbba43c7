import { type Color, isPale, lit, mix, shaded } from './color.ts'
import { d, ellipse, group, type Pen, path, type Stop, short, stroked, tag } from './svg.ts'

/** The studio's light is warm and falls from the upper left; its shadows are a warm brown, never black. */
export const shadowColor: Color = '#3b2a22'

export type Solid = {
  /** The paint of the body; without it the color, a little lit from above. */
  readonly paint?: string
  /** A pattern laid over the body, under the shading. */
  readonly texture?: string
  /** Drawn on the body and cut at its outline. */
  readonly marks?: string
  /** How far the rounding of the edges reaches inward, in units. */
  readonly depth?: number
  /** Strength of the shade at the lower right and of the light at the upper left, 0 to 1. */
  readonly shade?: number
  readonly light?: number
}

/** A body with rounded edges: whatever the outline, it is lit at the upper left and shaded at the lower right. */
export function solid(pen: Pen, outline: string, color: Color, look: Solid = {}): string {
  const { texture, marks = '', depth = 36, shade = 0.5, light = 0.45 } = look
  const paint = look.paint ?? pen.fade(lit(color, 0.1), shaded(color, 0.08))
  const href = `#${pen.shape(outline)}`
  const edge = (stroke: Color, strength: number, offset: number) =>
    strength === 0 ? '' : tag('use', { href, stroke, opacity: strength, transform: `translate(${offset} ${offset})` })
  return group(
    { 'clip-path': pen.clip(outline) },
    tag('use', { href, fill: paint }),
    texture === undefined ? '' : tag('use', { href, fill: texture }),
    marks,
    group(
      { fill: 'none', 'stroke-width': depth, filter: pen.blur(depth * 0.4) },
      edge(lit(color, 0.75), light, Math.round(depth * 0.4)),
      edge(mix(shaded(color, 0.5), shadowColor, 0.35), shade, -Math.round(depth * 0.42)),
    ),
  )
}

/** The paint of a round body that stands upright: light a third from the left, shade to the right, and at the far
 *  right a little light that the wall gives back. */
export function round(pen: Pen, color: Color, gloss = 0.35): string {
  const stops: Stop[] = [
    [0, shaded(color, 0.2)],
    [0.1, shaded(color, 0.06)],
    [0.3, lit(color, gloss)],
    [0.5, color],
    [0.8, shaded(color, 0.28)],
    [0.94, shaded(color, 0.36)],
    [1, shaded(color, 0.26)],
  ]
  return pen.linear(stops, 'right')
}

/** The paint of polished metal that stands upright. */
export function metal(pen: Pen, color: Color, direction: 'right' | 'down' = 'right'): string {
  const stops: Stop[] = [
    [0, shaded(color, 0.42)],
    [0.12, color],
    [0.26, lit(color, 0.85)],
    [0.36, lit(color, 0.15)],
    [0.55, shaded(color, 0.16)],
    [0.78, shaded(color, 0.5)],
    [0.9, shaded(color, 0.2)],
    [1, shaded(color, 0.45)],
  ]
  return pen.linear(stops, direction)
}

export type Profile = readonly (readonly [radius: number, y: number])[]

/** The outline of a body turned on a wheel. The profile runs from the top to the foot, and the curve passes through each
 *  point. `tilt` is how far the foot bulges towards the viewer. */
export function turned(profile: Profile, tilt = 0.14): string {
  const mirrored = profile.map(([radius, y]) => [-radius, y] as const).reverse()
  const [top, foot] = [profile[0] ?? [0, 0], profile.at(-1) ?? [0, 0]]
  return `${d`M${top[0]} ${top[1]}`}${curve(profile)}${d`A${foot[0]} ${foot[0] * tilt} 0 0 1 ${-foot[0]} ${foot[1]}`}${curve(mirrored)}Z`
}

/** Cubic segments through the points (Catmull-Rom, which needs no handles). */
export function curve(points: readonly (readonly [number, number])[]): string {
  const at = (index: number) => points[Math.min(points.length - 1, Math.max(0, index))] ?? [0, 0]
  let drawn = ''
  for (let index = 0; index < points.length - 1; index++) {
    const [before, from, to, after] = [at(index - 1), at(index), at(index + 1), at(index + 2)]
    drawn += d`C${from[0] + (to[0] - before[0]) / 6} ${from[1] + (to[1] - before[1]) / 6} ${to[0] - (after[0] - from[0]) / 6} ${to[1] - (after[1] - from[1]) / 6} ${to[0]} ${to[1]}`
  }
  return drawn
}

/** A round bar bent along a line: a handle, a hoop, an arm of a lamp. */
export function bar(pen: Pen, outline: string, color: Color, width: number, gloss = 0.5): string {
  const href = `#${pen.shape(outline)}`
  const layer = (stroke: Color, share: number, lift: number, opacity?: number) =>
    tag('use', {
      href,
      stroke,
      'stroke-width': width * share,
      opacity,
      transform: lift === 0 ? undefined : `translate(${short(-lift * width)} ${short(-lift * width)})`,
    })
  return group(
    { fill: 'none', 'stroke-linecap': 'round' },
    layer(shaded(color, 0.38), 1, 0),
    layer(color, 0.8, 0.055),
    gloss === 0 ? '' : layer(lit(color, 0.6), 0.2, 0.17, gloss),
  )
}

/** The open mouth of a vessel: its lip, and the dark within. */
export function mouth(pen: Pen, y: number, rx: number, ry: number, lip: Color, inside: Color, lipWidth = 9): string {
  const depth = pen.linear(
    [
      [0, shaded(inside, 0.5)],
      [0.55, shaded(inside, 0.22)],
      [1, shaded(inside, 0.04)],
    ],
    'diagonal',
  )
  const rim = pen.linear(
    [
      [0, lit(lip, 0.2)],
      [0.3, lit(lip, 0.6)],
      [1, shaded(lip, 0.18)],
    ],
    'right',
  )
  return (
    ellipse(0, y, rx, ry, rim) +
    ellipse(0, y + lipWidth * 0.12, Math.max(1, rx - lipWidth), Math.max(1, ry - lipWidth * 0.45), depth)
  )
}

/** The shadow of a thing that stands at the origin: dark where it touches the floor, long and soft to the right. */
export function floorShadow(pen: Pen, halfWidth: number, strength = 1): string {
  const cast = ellipse(halfWidth * 0.42, 4, halfWidth * 1.35, Math.max(16, halfWidth * 0.17), shadowColor, {
    opacity: 0.26 * strength,
    filter: pen.blur(16),
  })
  const contact = ellipse(halfWidth * 0.04, 3, halfWidth * 1.02, Math.max(8, halfWidth * 0.09), shadowColor, {
    opacity: 0.5 * strength,
    filter: pen.blur(6),
  })
  return cast + contact
}

/** The shadow of a thing that lies flat or hangs close to a wall. */
export function dropShadow(pen: Pen, outline: string, height = 14, strength = 1): string {
  return (
    tag('use', {
      href: `#${pen.shape(outline)}`,
      fill: shadowColor,
      opacity: 0.3 * strength,
      filter: pen.blur(height),
      transform: `translate(${height * 0.9} ${height * 1.15})`,
    }) +
    tag('use', {
      href: `#${pen.shape(outline)}`,
      fill: shadowColor,
      opacity: 0.3 * strength,
      filter: pen.blur(4),
      transform: 'translate(3 4)',
    })
  )
}

/** A soft mark of light or shade on a body. */
export function glow(pen: Pen, outline: string, color: Color, opacity: number, softness: number): string {
  return path(outline, color, { opacity, filter: pen.blur(softness) })
}

/** A row of numbers from 0 to 1 that looks random and is the same each time (mulberry32). */
export function scatter(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296
  }
}

/** Flecks of iron in a glaze: dots of three sizes. */
export function speckle(pen: Pen, color: Color, seed = 1, density = 1): string {
  const next = scatter(seed)
  const dots = (width: number, count: number) => {
    const places = Array.from(
      { length: Math.round(count * density) },
      () => d`M${Math.round(next() * 236 + 5)} ${Math.round(next() * 206 + 5)}h0`,
    )
    return tag('path', { d: places.join(''), 'stroke-width': width })
  }
  const paint = { stroke: color, 'stroke-linecap': 'round', opacity: 0.5 }
  return pen.pattern(246, 216, group(paint, dots(1.6, 18), dots(2.6, 9), dots(4.2, 5)))
}

/** Woven cloth, seen close. */
export function weave(pen: Pen, color: Color, scale = 1): string {
  const dark = shaded(color, 0.3)
  const light = lit(color, 0.4)
  const tile =
    path('M0 0h4v1H0zM4 4h4v1H4z', dark, { opacity: 0.28 }) + path('M4 0h1v4H4zM0 4h1v4H0z', light, { opacity: 0.3 })
  return pen.pattern(8, 8, tile, `scale(${scale})`)
}

/** Knitted rows of small Vs. */
export function knit(pen: Pen, color: Color, scale = 1): string {
  const tile =
    tag('path', {
      d: 'M1 2l7 8 7-8',
      fill: 'none',
      stroke: shaded(color, 0.32),
      'stroke-width': 2.4,
      opacity: 0.5,
    }) + tag('path', { d: 'M1 6l7 8 7-8', fill: 'none', stroke: lit(color, 0.4), 'stroke-width': 2.4, opacity: 0.4 })
  return pen.pattern(16, 11, tile, `scale(${scale})`)
}

/** Upright ribs, as on a cuff. */
export function ribs(pen: Pen, color: Color, width = 12): string {
  const tile =
    path(`M0 0h${width * 0.3}v20H0z`, shaded(color, 0.4), { opacity: 0.4 }) +
    path(`M${width * 0.55} 0h${width * 0.2}v20h-${width * 0.2}z`, lit(color, 0.5), { opacity: 0.35 })
  return pen.pattern(width, 20, tile)
}

/** Wood grain running along x; turn it by the transform. */
export function grain(pen: Pen, color: Color, transform?: string): string {
  const stroke = { fill: 'none', 'stroke-width': 2 }
  const dark = (outline: string, opacity: number) =>
    tag('path', { d: outline, stroke: shaded(color, 0.38), opacity, ...stroke })
  const tile =
    dark('M0 9C60 3 120 16 180 9S300 4 360 9', 0.4) +
    dark('M0 26C80 34 130 18 200 25S320 33 360 26', 0.26) +
    dark('M0 47C50 40 110 52 190 46S310 40 360 47', 0.42) +
    dark('M70 58C120 52 190 54 230 60M230 60C190 66 120 66 70 58', 0.3) +
    dark('M0 72C90 80 140 68 220 74S330 70 360 72', 0.28) +
    tag('path', { d: 'M0 36C90 40 160 30 240 37S340 32 360 36', stroke: lit(color, 0.35), opacity: 0.5, ...stroke })
  return pen.pattern(360, 84, tile, transform)
}

/** The Greek key. One tile is 60 by 48 units. */
export function meander(pen: Pen, color: Color, transform?: string): string {
  const tile = tag('path', {
    d: 'M0 42H48V6H12V30H30V18M48 42H60',
    fill: 'none',
    stroke: color,
    'stroke-width': 6,
  })
  return pen.pattern(60, 48, tile, transform)
}

/** A sheet of glass tinted by what it is made of; `depth` 1 is clear glass, 2 is colored through and through. */
export function glass(pen: Pen, tint: Color, depth = 1): string {
  return pen.linear(
    [
      [0, shaded(tint, 0.3), Math.min(0.9, 0.6 * depth)],
      [0.08, tint, 0.34 * depth],
      [0.24, lit(tint, 0.55), 0.38 * depth],
      [0.5, mix(tint, '#ffffff', 0.2), 0.24 * depth],
      [0.82, tint, 0.38 * depth],
      [0.94, shaded(tint, 0.25), Math.min(0.9, 0.55 * depth)],
      [1, shaded(tint, 0.4), Math.min(0.9, 0.65 * depth)],
    ],
    'right',
  )
}

/** Folds of soft cloth: dark and light strokes, out of focus. */
export function folds(pen: Pen, outline: string, color: Color, width = 20, strength = 0.3): string {
  return (
    stroked(outline, shaded(color, 0.5), width, { opacity: strength, filter: pen.blur(width * 0.5) }) +
    stroked(outline, lit(color, 0.6), width * 0.7, {
      opacity: strength * 0.6,
      transform: `translate(${-width} 0)`,
      filter: pen.blur(width * 0.5),
    })
  )
}

/** A row of stitches, lighter than the cloth, or darker where the cloth is pale. */
export function stitches(outline: string, color: Color): string {
  const thread = isPale(color) ? shaded(color, 0.3) : lit(color, 0.42)
  return stroked(outline, thread, 2.8, { 'stroke-dasharray': '9 6', opacity: 0.8 })
}
