import { type Color, lit, mix, shaded } from '../color.ts'
import { floorShadow, glass, glow, round, turned } from '../material.ts'
import { d, ellipse, group, type Pen, path, type Stop, stroked } from '../svg.ts'

/** Light that a glass throws onto the floor beside it, in the glass's own color. */
function caustic(pen: Pen, tint: Color, x: number, halfWidth: number): string {
  return ellipse(x, 12, halfWidth, 13, lit(tint, 0.35), { opacity: 0.55, filter: pen.blur(9) })
}

/** A rim of clear glass, front and back. */
function glassRim(y: number, rx: number, ry: number, tint: Color): string {
  return (
    ellipse(0, y, rx, ry, tint, { opacity: 0.16 }) +
    ellipse(0, y, rx, ry, 'none', { stroke: shaded(tint, 0.22), 'stroke-width': 4, opacity: 0.5 }) +
    stroked(d`M${-rx} ${y}A${rx} ${ry} 0 0 0 ${rx * 0.5} ${y + ry * 0.87}`, '#ffffff', 4, {
      opacity: 0.85,
      'stroke-linecap': 'round',
    })
  )
}

const edgeShine: readonly Stop[] = [
  [0, '#ffffff', 0.5],
  [0.07, '#ffffff', 0.05],
  [0.2, '#ffffff', 0.3],
  [0.34, '#ffffff', 0.02],
  [0.9, '#ffffff', 0],
  [1, '#ffffff', 0.35],
]

export type TumblerLook = {
  readonly tint: Color
  readonly depth?: number
  readonly count?: 1 | 2
  readonly water?: boolean
}

/** Fluted tumblers with a heavy foot. */
export function tumbler(pen: Pen, { tint, depth = 1, count = 2, water = true }: TumblerLook): string {
  const one = count === 1
  return one
    ? singleTumbler(pen, tint, depth, water)
    : group({ transform: 'translate(104 -46) scale(.86)' }, singleTumbler(pen, tint, depth, false)) +
        group({ transform: 'translate(-100 0)' }, singleTumbler(pen, tint, depth, water))
}

function singleTumbler(pen: Pen, tint: Color, depth: number, water: boolean): string {
  const [top, foot, height] = [142, 108, 400]
  const outline = d`M${-top} ${-height}L${-foot - 4} -14C${-foot} 8 ${-foot + 20} 16 0 18C${foot - 20} 16 ${foot} 8 ${foot + 4} -14L${top} ${-height}Z`
  const flutes = Array.from({ length: 11 }, (_, index) => {
    const angle = ((index + 0.5) / 11) * Math.PI
    const [x0, x1, w] = [-Math.cos(angle) * top, -Math.cos(angle) * foot, Math.sin(angle) * 17]
    return d`M${x0 - w * 0.3} ${-height * 0.7}Q${x0} ${-height * 0.78} ${x0 + w * 0.3} ${-height * 0.7}L${x1 + w * 0.3} -42L${x1 - w * 0.3} -42Z`
  }).join('')
  const level = -height * 0.58
  const half = foot + (top - foot) * 0.58
  return (
    floorShadow(pen, 112, 0.7) +
    caustic(pen, tint, 110, 96) +
    path(outline, glass(pen, tint, depth)) +
    (water
      ? path(
          d`M${-half} ${level}L${-foot} -34C${-foot + 14} -14 ${foot - 14} -14 ${foot} -34L${half} ${level}Z`,
          mix(tint, '#cfe3e4', 0.5),
          { opacity: 0.42 },
        ) + ellipse(0, level, half, 24, lit(tint, 0.5), { opacity: 0.6 })
      : '') +
    path(
      flutes,
      pen.linear(
        [
          [0, '#ffffff', 0.55],
          [0.5, '#ffffff', 0.12],
          [1, shaded(tint, 0.3), 0.4],
        ],
        'right',
      ),
    ) +
    path(
      d`M${-foot - 2} -34C-60 -20 60 -20 ${foot + 2} -34L${foot + 4} -14C${foot} 8 ${foot - 20} 16 0 18C${-foot + 20} 16 ${-foot} 8 ${-foot - 4} -14Z`,
      pen.linear(
        [
          [0, shaded(tint, 0.4), 0.75],
          [0.25, '#ffffff', 0.75],
          [0.55, tint, 0.5],
          [1, shaded(tint, 0.45), 0.8],
        ],
        'right',
      ),
    ) +
    path(outline, pen.linear(edgeShine, 'right')) +
    glassRim(-height, top, 32, tint)
  )
}

export type CarafeLook = { readonly tint: Color; readonly depth?: number; readonly stopper?: Color }

/** A round carafe with water in it and a ball of cork on top. */
export function carafe(pen: Pen, { tint, depth = 1, stopper = '#b98a58' }: CarafeLook): string {
  const outline = turned([
    [62, -430],
    [42, -372],
    [42, -300],
    [96, -226],
    [158, -128],
    [156, -60],
    [122, -4],
    [100, 6],
  ])
  const water = turned([
    [104, -214],
    [149, -128],
    [147, -62],
    [116, -12],
    [96, -4],
  ])
  const fill = mix(tint, '#d7e8e8', 0.45)
  return (
    floorShadow(pen, 140, 0.75) +
    caustic(pen, tint, 130, 130) +
    path(outline, glass(pen, tint, depth)) +
    path(
      water,
      pen.linear(
        [
          [0, shaded(fill, 0.2), 0.7],
          [0.3, lit(fill, 0.4), 0.5],
          [0.7, fill, 0.5],
          [1, shaded(fill, 0.3), 0.75],
        ],
        'right',
      ),
    ) +
    ellipse(0, -214, 104, 17, lit(fill, 0.5), { opacity: 0.8 }) +
    ellipse(0, 0, 96, 10, shaded(tint, 0.35), { opacity: 0.35 }) +
    path(outline, pen.linear(edgeShine, 'right')) +
    glow(pen, d`M-116 -190C-142 -140 -140 -80 -116 -40L-98 -48C-118 -84 -118 -140 -92 -186Z`, '#ffffff', 0.7, 4) +
    glow(pen, d`M104 -150C124 -110 120 -70 104 -44L98 -48C110 -76 112 -110 98 -146Z`, '#ffffff', 0.5, 3) +
    ellipse(
      0,
      -462,
      58,
      56,
      pen.radial(
        [
          [0, lit(stopper, 0.45)],
          [0.5, stopper],
          [1, shaded(stopper, 0.42)],
        ],
        [0.35, 0.3, 0.75],
      ),
    ) +
    path(
      d`M-22 -480h6v4h-6zM8 -492h5v4h-5zM20 -462h7v4h-7zM-36 -454h5v4h-5zM-4 -446h6v4h-6zM30 -440h5v3h-5z`,
      shaded(stopper, 0.5),
      { opacity: 0.6 },
    ) +
    glassRim(-428, 62, 13, tint)
  )
}

export type CruetLook = { readonly tint: Color; readonly oil: Color; readonly label?: Color }

/** A tall bottle for oil with a metal pourer. */
export function cruet(pen: Pen, { tint, oil, label = '#efe6d6' }: CruetLook): string {
  const outline = turned([
    [34, -400],
    [31, -330],
    [44, -296],
    [104, -250],
    [110, -200],
    [108, -30],
    [92, 6],
  ])
  const inside = turned([
    [82, -262],
    [102, -236],
    [101, -40],
    [86, -4],
  ])
  const steel: Color = '#c8c6c0'
  return (
    floorShadow(pen, 110, 0.9) +
    caustic(pen, tint, 110, 90) +
    path(outline, glass(pen, tint)) +
    path(
      inside,
      pen.linear(
        [
          [0, shaded(oil, 0.5), 0.9],
          [0.25, lit(oil, 0.25), 0.8],
          [0.55, oil, 0.85],
          [1, shaded(oil, 0.55), 0.95],
        ],
        'right',
      ),
    ) +
    path(outline, tint, { opacity: 0.3 }) +
    path(outline, pen.linear(edgeShine, 'right')) +
    path(d`M-108 -188C-50 -170 50 -170 108 -188V-72C50 -54 -50 -54 -108 -72Z`, round(pen, label, 0.3)) +
    path(d`M-30 -78V-124A30 30 0 0 1 30 -124V-78H18V-124A18 18 0 0 0 -18 -124V-78Z`, shaded(tint, 0.35), {
      opacity: 0.9,
    }) +
    path(d`M-40 -76H40V-70H-40Z`, shaded(tint, 0.35), { opacity: 0.9 }) +
    path(
      d`M-24 -398C-24 -440 -8 -452 6 -474C20 -494 40 -506 58 -512L64 -500C46 -490 34 -478 26 -456C20 -438 24 -420 24 -398Z`,
      pen.linear(
        [
          [0, shaded(steel, 0.4)],
          [0.35, lit(steel, 0.8)],
          [0.6, steel],
          [1, shaded(steel, 0.5)],
        ],
        'right',
      ),
    ) +
    path(
      d`M-38 -420H38V-380C20 -374 -20 -374 -38 -380Z`,
      pen.linear(
        [
          [0, shaded(steel, 0.4)],
          [0.3, lit(steel, 0.8)],
          [0.55, steel],
          [1, shaded(steel, 0.5)],
        ],
        'right',
      ),
    ) +
    ellipse(0, -420, 38, 8, lit(steel, 0.3)) +
    glow(pen, d`M-84 -240C-94 -220 -94 -212 -92 -200H-78C-78 -212 -76 -226 -68 -240Z`, '#ffffff', 0.7, 3)
  )
}
