import { type Color, lit, shaded } from '../color.ts'
import { bar, floorShadow, glow, mouth, round, solid, speckle, turned } from '../material.ts'
import { d, ellipse, line, type Pen, path, stroked } from '../svg.ts'

export type BowlLook = {
  readonly glaze: Color
  readonly inside: Color
  readonly filled?: 'lemons' | 'none'
  readonly seed?: number
}

/** A wide bowl on a foot, seen a little from above. */
export function bowl(pen: Pen, { glaze, inside, filled = 'none', seed = 5 }: BowlLook): string {
  const outline = turned(
    [
      [272, -236],
      [262, -180],
      [206, -82],
      [118, -32],
      [104, -24],
      [110, 2],
    ],
    0.16,
  )
  const fruit = (x: number, y: number, turn: number) =>
    path(
      d`M-66 0C-60 -40 -26 -50 6 -48C40 -46 60 -26 72 -2C58 30 30 46 0 46C-34 46 -58 28 -66 0Z`,
      pen.ball('#f7dc7c', '#e9b93c', '#b57f1d'),
      {
        transform: `translate(${x} ${y}) rotate(${turn})`,
      },
    )
  return (
    floorShadow(pen, 190) +
    solid(pen, outline, glaze, {
      paint: round(pen, glaze),
      texture: speckle(pen, shaded(glaze, 0.6), seed),
      depth: 40,
      light: 0.2,
    }) +
    mouth(pen, -236, 272, 78, glaze, inside, 12) +
    ellipse(-20, -216, 190, 44, lit(inside, 0.5), { opacity: 0.28, filter: pen.blur(12) }) +
    (filled === 'lemons'
      ? ellipse(0, -216, 160, 30, shaded(inside, 0.6), { opacity: 0.45, filter: pen.blur(10) }) +
        fruit(-92, -228, -18) +
        fruit(90, -226, 24) +
        fruit(-2, -240, -4)
      : '') +
    glow(pen, d`M-226 -176C-206 -116 -160 -76 -112 -56L-118 -76C-156 -96 -190 -130 -206 -182Z`, '#fffaf0', 0.4, 5)
  )
}

export type TeapotLook = { readonly glaze: Color; readonly seed?: number }

/** A round teapot with a leather-wound hoop. */
export function teapot(pen: Pen, { glaze, seed = 11 }: TeapotLook): string {
  const body = d`M-196 -160C-196 -250 -120 -306 0 -306C120 -306 196 -250 196 -160C196 -78 140 -16 106 0C60 16 -60 16 -106 0C-140 -16 -196 -78 -196 -160Z`
  const spout = d`M-150 -92C-216 -96 -240 -150 -262 -226C-272 -254 -288 -268 -304 -276L-262 -302C-236 -286 -220 -262 -208 -236C-194 -208 -178 -196 -150 -196Z`
  const hoop = d`M-118 -272C-124 -404 -70 -452 0 -452C70 -452 124 -404 118 -272`
  return (
    floorShadow(pen, 180) +
    solid(pen, spout, glaze, {
      paint: pen.linear(
        [
          [0, lit(glaze, 0.35)],
          [0.6, glaze],
          [1, shaded(glaze, 0.3)],
        ],
        'diagonal',
      ),
      depth: 20,
    }) +
    ellipse(-283, -289, 25, 8, shaded(glaze, 0.55), { transform: 'rotate(-32 -283 -289)' }) +
    solid(pen, body, glaze, {
      paint: round(pen, glaze),
      texture: speckle(pen, shaded(glaze, 0.6), seed),
      depth: 44,
      light: 0.25,
    }) +
    ellipse(0, -292, 92, 17, shaded(glaze, 0.42)) +
    solid(pen, d`M-88 -296C-84 -322 -50 -338 0 -338C50 -338 84 -322 88 -296C60 -282 -60 -282 -88 -296Z`, glaze, {
      paint: round(pen, glaze),
      depth: 14,
    }) +
    solid(pen, d`M-20 -336C-14 -346 -24 -356 -22 -366C-16 -384 16 -384 22 -366C24 -356 14 -346 20 -336Z`, glaze, {
      paint: round(pen, glaze, 0.5),
      depth: 10,
    }) +
    line(hoop, '#6f4a2c', 19) +
    line(hoop, '#a8774a', 13, { transform: 'translate(-2 -2)' }) +
    line(hoop, '#d9b083', 3, { transform: 'translate(-4 -4)', opacity: 0.7, 'stroke-dasharray': '2 9' }) +
    glow(pen, d`M-128 -236C-164 -200 -166 -140 -144 -92L-122 -100C-140 -146 -136 -194 -102 -230Z`, '#fffaf0', 0.45, 6)
  )
}

export type DripperLook = { readonly glaze: Color; readonly wood?: Color }

/** A ceramic filter cone on a glass server with coffee in it. */
export function dripper(pen: Pen, { glaze, wood = '#a8774a' }: DripperLook): string {
  const cone = d`M-150 -440C-132 -352 -92 -272 -62 -250H62C92 -272 132 -352 150 -440Z`
  const ribs = [-84, -42, 0, 42, 84].map((x) => d`M${x * 1.5} -436Q${x} -330 ${x * 0.62} -254`).join('')
  return (
    floorShadow(pen, 146, 0.8) +
    coffeeServer(pen) +
    path(
      d`M-96 -222H96V-196C50 -186 -50 -186 -96 -196Z`,
      pen.linear(
        [
          [0, shaded(wood, 0.35)],
          [0.3, lit(wood, 0.3)],
          [1, shaded(wood, 0.4)],
        ],
        'right',
      ),
    ) +
    bar(pen, d`M138 -400C206 -408 226 -350 196 -318C176 -298 146 -296 118 -310`, glaze, 26) +
    path(d`M-134 -248C-60 -228 60 -228 134 -248V-232C60 -208 -60 -208 -134 -232Z`, shaded(glaze, 0.32)) +
    ellipse(0, -248, 134, 22, round(pen, glaze)) +
    solid(pen, cone, glaze, {
      paint: round(pen, glaze),
      marks:
        stroked(ribs, shaded(glaze, 0.35), 4, { opacity: 0.35 }) +
        stroked(ribs, lit(glaze, 0.7), 3, { opacity: 0.4, transform: 'translate(4 0)' }),
      depth: 28,
      light: 0.2,
    }) +
    mouth(pen, -440, 150, 36, glaze, glaze, 8) +
    path(d`M-134 -440C-90 -462 90 -462 134 -440C100 -418 40 -404 0 -402C-40 -404 -100 -418 -134 -440Z`, '#efe3cf', {
      opacity: 0.92,
    }) +
    ellipse(0, -428, 92, 17, '#3a1f12')
  )
}

/** A round glass pot, a third full of coffee. */
function coffeeServer(pen: Pen): string {
  const server = turned([
    [92, -214],
    [84, -196],
    [140, -120],
    [150, -60],
    [136, -10],
    [116, 2],
  ])
  const coffee = turned([
    [138, -104],
    [144, -60],
    [131, -14],
    [112, -4],
  ])
  return (
    path(server, '#f5fbfa', { opacity: 0.35 }) +
    path(
      coffee,
      pen.linear(
        [
          [0, '#2a140a'],
          [0.3, '#7a4524'],
          [0.6, '#4a2612'],
          [1, '#241008'],
        ],
        'right',
      ),
      { opacity: 0.94 },
    ) +
    ellipse(0, -104, 138, 18, '#8a5430') +
    ellipse(-24, -105, 88, 8, '#c08a58', { opacity: 0.5 }) +
    path(
      server,
      pen.linear(
        [
          [0, '#9fb2b0', 0.7],
          [0.08, '#ffffff', 0.35],
          [0.2, '#ffffff', 0.08],
          [0.85, '#ffffff', 0.05],
          [1, '#86999a', 0.7],
        ],
        'right',
      ),
    ) +
    glow(pen, d`M-112 -130C-126 -90 -122 -50 -108 -28L-96 -34C-108 -58 -108 -92 -92 -128Z`, '#ffffff', 0.75, 3)
  )
}

export type PlateLook = { readonly glaze: Color; readonly rim: Color; readonly seed?: number; readonly radius?: number }

/** A plate seen from above. */
export function plate(pen: Pen, { glaze, rim, seed = 13, radius = 290 }: PlateLook): string {
  const ring = (r: number, fill: string, more = {}) => ellipse(0, 0, r, r, fill, more)
  return (
    ellipse(22, 28, radius, radius, '#3b2a22', { opacity: 0.34, filter: pen.blur(18) }) +
    ellipse(6, 8, radius, radius, '#3b2a22', { opacity: 0.4, filter: pen.blur(5) }) +
    ring(radius, pen.fade(lit(rim, 0.35), shaded(rim, 0.3), 'diagonal')) +
    ring(
      radius - 9,
      pen.linear(
        [
          [0, shaded(glaze, 0.12)],
          [0.5, glaze],
          [1, lit(glaze, 0.35)],
        ],
        'diagonal',
      ),
    ) +
    ring(
      radius - 66,
      pen.linear(
        [
          [0, shaded(glaze, 0.3)],
          [0.35, shaded(glaze, 0.1)],
          [1, lit(glaze, 0.6)],
        ],
        'diagonal',
      ),
      { filter: pen.blur(3) },
    ) +
    ring(
      radius - 76,
      pen.linear(
        [
          [0, shaded(glaze, 0.1)],
          [0.5, glaze],
          [1, lit(glaze, 0.2)],
        ],
        'diagonal',
      ),
    ) +
    [0.72, 0.6, 0.47, 0.33, 0.18]
      .map((share) =>
        ellipse(0, 0, (radius - 76) * share, (radius - 76) * share, 'none', {
          stroke: shaded(glaze, 0.3),
          'stroke-width': 1.6,
          opacity: 0.22,
        }),
      )
      .join('') +
    ring(radius - 9, speckle(pen, shaded(glaze, 0.6), seed)) +
    glow(pen, d`M-196 -130C-150 -204 -60 -240 20 -236L10 -222C-60 -222 -134 -190 -178 -124Z`, '#fffaf0', 0.5, 5)
  )
}
