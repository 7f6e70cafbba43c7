import { type Color, lit, mix, shaded } from './color.ts'
import { shadowColor } from './material.ts'
import { d, group, type Pen, path, tag } from './svg.ts'

/** The colors of the studio's walls. */
export const tones = {
  sand: '#e6d8c3',
  clay: '#dcb9a2',
  rose: '#e6cfc5',
  stone: '#d5d3cd',
  sage: '#ccd3bf',
  sky: '#c8d6db',
  oat: '#e2d9cb',
  lilac: '#d9d0d6',
  moss: '#9aa38a',
  slate: '#93a0a8',
  umber: '#a88d78',
} as const satisfies Record<string, Color>

export type Tone = keyof typeof tones
export type Light = 'one-arch' | 'two-arches' | 'high-arch' | 'wide-arch' | 'none'

/** An arch: straight sides and a half circle, as in a colonnade. */
export function arch(x: number, foot: number, width: number, height: number): string {
  const spring = foot - height + width / 2
  return d`M${x} ${foot}V${spring}A${width / 2} ${width / 2} 0 0 1 ${x + width} ${spring}V${foot}Z`
}

const patches = {
  'one-arch': [arch(400, 760, 270, 640)],
  'two-arches': [arch(300, 760, 210, 600), arch(548, 760, 210, 600)],
  'high-arch': [arch(430, 760, 330, 720)],
  'wide-arch': [arch(250, 760, 460, 640)],
  none: [],
} as const satisfies Record<Light, readonly string[]>

/** Sunlight that falls through the colonnade onto a wall. */
function sunlight(pen: Pen, wall: Color, light: Light): string {
  const beam = pen.linear(
    [
      [0, lit(wall, 0.75), 0.85],
      [0.75, lit(wall, 0.7), 0.5],
      [1, lit(wall, 0.6), 0],
    ],
    'down',
  )
  const arches = patches[light].map((outline) => path(outline, beam))
  return arches.length === 0 ? '' : group({ transform: 'skewX(-9) translate(60 0)', filter: pen.blur(3) }, ...arches)
}

/** A wall that runs into a floor in one sweep. Things stand on y = 640. */
export function studio(pen: Pen, tone: Tone, light: Light): string {
  const wall = tones[tone]
  const back = pen.linear(
    [
      [0, shaded(wall, 0.05)],
      [0.45, lit(wall, 0.12)],
      [0.7, lit(wall, 0.04)],
      [1, wall],
    ],
    'down',
  )
  const floor = pen.linear(
    [
      [0, shaded(wall, 0.13), 0],
      [0.16, shaded(wall, 0.12), 0.75],
      [0.45, shaded(wall, 0.04)],
      [1, lit(wall, 0.22)],
    ],
    'down',
  )
  const corner = pen.radial(
    [
      [0, shadowColor, 0],
      [0.62, shadowColor, 0],
      [1, shadowColor, 0.12],
    ],
    [0.42, 0.44, 0.8],
  )
  return (
    path('M0 0H800V800H0Z', back) +
    sunlight(pen, wall, light) +
    path('M0 520C220 556 580 556 800 520V800H0Z', floor) +
    path('M0 0H800V800H0Z', corner)
  )
}

/** A wall seen straight on, for what hangs. */
export function wall(pen: Pen, tone: Tone, light: Light): string {
  const color = tones[tone]
  const back = pen.fade(lit(color, 0.16), shaded(color, 0.1), 'diagonal')
  return path('M0 0H800V800H0Z', back) + sunlight(pen, color, light)
}

/** A tabletop seen from above, in the light of the same arches. */
export function tabletop(pen: Pen, tone: Tone): string {
  const color = tones[tone]
  const back = pen.linear(
    [
      [0, lit(color, 0.1)],
      [0.5, color],
      [1, shaded(color, 0.1)],
    ],
    'diagonal',
  )
  const beam = pen.linear(
    [
      [0, lit(color, 0.75), 0.55],
      [1, lit(color, 0.7), 0.9],
    ],
    'right',
  )
  const lights = group(
    { transform: 'rotate(-34 400 400) skewX(-8)', filter: pen.blur(4) },
    path('M-300 40H620A170 170 0 0 1 620 380H-300ZM-300 430H620A170 170 0 0 1 620 770H-300Z', beam),
  )
  return path('M0 0H800V800H0Z', back) + lights
}

/** A rail with wooden pegs; things hang from the peg at the origin. */
export function pegRail(pen: Pen, wood: Color): string {
  const board = pen.fade(lit(wood, 0.25), shaded(wood, 0.15))
  const peg = (x: number) =>
    tag('circle', { cx: x + 5, cy: 8, r: 19, fill: shadowColor, opacity: 0.3, filter: pen.blur(5) }) +
    tag('circle', {
      cx: x,
      cy: 0,
      r: 17,
      fill: pen.ball(lit(wood, 0.5), shaded(wood, 0.22)),
    })
  return (
    path('M-420 -22H420V30H-420Z', shadowColor, { opacity: 0.22, filter: pen.blur(8) }) +
    path('M-420 -30H420V22H-420Z', board) +
    path('M-420 -30H420V-26H-420Z', mix(wood, '#ffffff', 0.5), { opacity: 0.6 }) +
    [-280, 0, 280].map(peg).join('')
  )
}
