import { type Color, lightness, lit, mix, shaded } from '../color.ts'
import { dropShadow, floorShadow, glow, metal, round, shadowColor, solid, weave } from '../material.ts'
import { d, ellipse, group, line, type Pen, path, stroked } from '../svg.ts'

export type BeltLook = { readonly leather: Color; readonly buckle?: Color }

/** A rolled belt that stands on its edge. */
export function belt(pen: Pen, { leather, buckle = '#cda453' }: BeltLook): string {
  const [rx, ry, height] = [240, 82, 116]
  const band = (r: number, s: number, color: Color) =>
    path(d`M${-r} ${-height}A${r} ${s} 0 0 0 ${r} ${-height}V0A${r} ${s} 0 0 1 ${-r} 0Z`, round(pen, color, 0.3))
  const inner = (r: number, s: number) =>
    path(
      d`M${-r} ${-height}A${r} ${s} 0 0 1 ${r} ${-height}V${-height + 60}A${r} ${s} 0 0 0 ${-r} ${-height + 60}Z`,
      pen.linear(
        [
          [0, shaded(leather, 0.2)],
          [0.5, lit(leather, 0.14)],
          [1, shaded(leather, 0.4)],
        ],
        'right',
      ),
    )
  const edges = [1, 0.93, 0.84, 0.74]
    .map((share) =>
      ellipse(0, -height, rx * share, ry * share, 'none', {
        stroke: mix(lit(leather, 0.35), '#c79a6a', 0.35),
        'stroke-width': 9,
      }),
    )
    .join('')
  return (
    floorShadow(pen, 236) +
    ellipse(0, 14, rx * 0.9, ry * 0.8, shadowColor, { opacity: 0.35, filter: pen.blur(10) }) +
    ellipse(0, -height, rx, ry, shaded(leather, 0.6)) +
    inner(rx * 0.7, ry * 0.7) +
    edges +
    band(rx, ry, leather) +
    stroked(
      d`M${-rx} ${-height + 14}A${rx} ${ry} 0 0 0 ${rx} ${-height + 14}M${-rx} -12A${rx} ${ry} 0 0 0 ${rx} -12`,
      lit(leather, 0.45),
      3,
      { 'stroke-dasharray': '10 7', opacity: 0.85 },
    ) +
    group(
      { transform: 'translate(-24 18) skewX(2)' },
      path(d`M-80 -132H96V16H-80Z`, shadowColor, { opacity: 0.35, filter: pen.blur(7), transform: 'translate(5 7)' }),
      path(d`M-60 -116H170V-2H-60Z`, round(pen, leather, 0.2)),
      stroked(d`M-60 -102H170M-60 -16H170`, lit(leather, 0.45), 3, { 'stroke-dasharray': '10 7', opacity: 0.85 }),
      stroked(
        d`M-78 -138H58Q74 -138 74 -122V4Q74 20 58 20H-78Q-94 20 -94 4V-122Q-94 -138 -78 -138Z`,
        shaded(buckle, 0.5),
        21,
        { transform: 'translate(2 3)' },
      ),
      stroked(
        d`M-78 -138H58Q74 -138 74 -122V4Q74 20 58 20H-78Q-94 20 -94 4V-122Q-94 -138 -78 -138Z`,
        pen.linear(
          [
            [0, lit(buckle, 0.7)],
            [0.4, buckle],
            [0.6, lit(buckle, 0.4)],
            [1, shaded(buckle, 0.4)],
          ],
          'diagonal',
        ) as Color,
        18,
      ),
      line('M-92 -59H82', shaded(buckle, 0.45), 16),
      line('M-92 -61H80', lit(buckle, 0.2), 11),
      [110, 142].map((x) => ellipse(x, -59, 6, 7, shaded(leather, 0.65))).join(''),
    )
  )
}

export type SlippersLook = { readonly felt: Color; readonly sole?: Color; readonly stitch: Color }

/** A pair of felt slippers, seen from above. */
export function slippers(pen: Pen, { felt, sole = '#8a5a36', stitch }: SlippersLook): string {
  const outline = d`M-86 -190C-96 -270 -40 -300 6 -298C66 -294 100 -240 104 -170C108 -90 92 -20 92 70C94 160 84 280 0 284C-82 284 -96 170 -88 70C-82 -20 -78 -110 -86 -190Z`
  const opening = d`M-56 40C-64 -10 -40 -46 4 -46C50 -46 72 -10 66 40C66 140 60 244 2 248C-56 246 -64 140 -56 40Z`
  const one = (side: 1 | -1, dx: number, turn: number) =>
    group(
      { transform: `translate(${dx} 0) rotate(${turn}) scale(${side} 1)` },
      dropShadow(pen, outline, 15),
      path(outline, sole, { transform: 'translate(4 7)' }),
      solid(pen, outline, felt, {
        texture: weave(pen, felt, 0.7),
        depth: 54,
        shade: side === 1 ? 0.5 : 0.3,
        light: side === 1 ? 0.45 : 0.2,
      }),
      stroked(outline, stitch, 4, { 'stroke-dasharray': '12 10', transform: 'scale(.94)', opacity: 0.9 }),
      path(opening, shaded(felt, 0.62)),
      path(
        d`M-44 70C-50 10 -30 -10 4 -12C40 -10 58 10 54 70C54 150 46 230 2 234C-42 232 -50 150 -44 70Z`,
        pen.linear(
          [
            [0, shaded(mix(felt, '#e9dcc4', 0.6), 0.42)],
            [0.4, mix(felt, '#e9dcc4', 0.7)],
            [1, shaded(mix(felt, '#e9dcc4', 0.6), 0.12)],
          ],
          'down',
        ),
      ),
      stroked(opening, lit(felt, 0.3), 8),
      stroked(opening, shaded(felt, 0.25), 2.5, { 'stroke-dasharray': '6 5' }),
      path(d`M-18 -214h44v32h-44z`, sole),
    )
  return one(-1, -122, -6) + one(1, 122, 6)
}

export type WatchLook = { readonly strap: Color; readonly case: Color; readonly dial: Color }

/** A wristwatch with a single line for noon, like a sundial. */
export function watch(pen: Pen, { strap, case: steel, dial }: WatchLook): string {
  const ink: Color = lightness(dial) > 0.5 ? mix(dial, '#1f1c1a', 0.85) : '#f0e7d6'
  const upper = d`M-66 -96L-52 -296Q-52 -312 -36 -312H36Q52 -312 52 -296L66 -96Z`
  const lower = d`M-66 96L-54 270C-50 306 -24 330 0 332C24 330 50 306 54 270L66 96Z`
  const caseOutline = d`M-156 0A156 156 0 1 1 156 0A156 156 0 1 1 -156 0Z`
  const marks = Array.from({ length: 12 }, (_, hour) =>
    path(hour === 0 ? 'M-4 -118h8v34h-8z' : 'M-2 -117h4v14h-4z', hour === 0 ? '#b8502f' : ink, {
      transform: `rotate(${hour * 30})`,
    }),
  ).join('')
  return group(
    { transform: 'rotate(14)' },
    dropShadow(pen, upper, 11) + dropShadow(pen, lower, 11) + dropShadow(pen, caseOutline, 14),
    solid(pen, upper, strap, { depth: 22 }) + solid(pen, lower, strap, { depth: 22 }),
    stroked(
      d`M-54 -104L-42 -290M54 -104L42 -290M-54 104L-43 270C-40 294 -22 314 0 318C22 314 40 294 43 270L54 104`,
      lit(strap, 0.5),
      3,
      { 'stroke-dasharray': '9 6', opacity: 0.8 },
    ),
    [190, 222, 254].map((y) => ellipse(0, y, 6, 8, shaded(strap, 0.6))).join(''),
    stroked('M-60 -318H60V-286H-60Z', shaded(steel, 0.2), 9, { 'stroke-linejoin': 'round' }),
    line('M0 -320V-286', lit(steel, 0.4), 7),
    path('M152 -16h22q6 0 6 6v20q0 6 -6 6h-22z', metal(pen, steel, 'down')),
    path('M-74 -150H-46V-110H-74ZM46 -150H74V-110H46ZM-74 110H-46V150H-74ZM46 110H74V150H46Z', metal(pen, steel)),
    solid(pen, caseOutline, steel, {
      depth: 18,
      paint: pen.linear(
        [
          [0, lit(steel, 0.8)],
          [0.3, steel],
          [0.5, lit(steel, 0.5)],
          [0.8, shaded(steel, 0.35)],
          [1, lit(steel, 0.1)],
        ],
        'diagonal',
      ),
    }),
    ellipse(0, 0, 132, 132, shaded(steel, 0.45)),
    ellipse(1, 2, 128, 128, pen.fade(shaded(dial, 0.12), lit(dial, 0.35), 'diagonal')),
    marks,
    stroked('M-12 88V70A12 12 0 0 1 12 70V88M-18 89H18', ink, 3),
    path('M-5 14L-3.5 -66H3.5L5 14Z', ink, { transform: 'rotate(-58)' }),
    path('M-4 18L-2.5 -100H2.5L4 18Z', ink, { transform: 'rotate(62)' }),
    ellipse(0, 0, 8, 8, '#b8502f'),
    path(d`M-104 -58A118 118 0 0 1 44 -110L24 -80A90 90 0 0 0 -82 -44Z`, '#ffffff', { opacity: 0.22 }),
  )
}

export type HatLook = { readonly straw: Color; readonly ribbon: Color }

/** A wide straw hat with a ribbon. */
export function hat(pen: Pen, { straw, ribbon }: HatLook): string {
  const brim = d`M-326 -60C-300 -110 -160 -140 0 -140C160 -140 300 -110 326 -60C330 -20 170 20 0 20C-170 20 -330 -20 -326 -60Z`
  const crown = d`M-166 -86C-172 -200 -150 -292 -96 -306C-60 -322 -30 -300 0 -298C30 -300 60 -322 96 -306C150 -292 172 -200 166 -86C100 -48 -100 -48 -166 -86Z`
  const band = d`M-168 -140C-100 -100 100 -100 168 -140L167 -84C100 -46 -100 -46 -167 -84Z`
  const tile =
    path('M0 0l9 9M9 0l9 9', 'none', { stroke: shaded(straw, 0.35), 'stroke-width': 2, opacity: 0.5 }) +
    path('M18 0l-9 9M9 0L0 9', 'none', { stroke: lit(straw, 0.5), 'stroke-width': 2, opacity: 0.5 })
  const plait = pen.pattern(18, 9, tile)
  const rings = [0.94, 0.86, 0.78, 0.7, 0.62]
    .map((share) =>
      ellipse(0, -64, 326 * share, 80 * share, 'none', {
        stroke: shaded(straw, 0.4),
        'stroke-width': 2.4,
        opacity: 0.4,
      }),
    )
    .join('')
  return (
    floorShadow(pen, 300) +
    solid(pen, brim, straw, {
      texture: plait,
      marks: rings + ellipse(24, -62, 196, 44, shadowColor, { opacity: 0.4, filter: pen.blur(14) }),
      depth: 26,
      paint: pen.fade(shaded(straw, 0.08), lit(straw, 0.25)),
    }) +
    solid(pen, crown, straw, {
      paint: round(pen, straw, 0.35),
      texture: plait,
      marks:
        stroked(
          [-250, -214, -178].map((y) => d`M-180 ${y}C-100 ${y + 34} 100 ${y + 34} 180 ${y}`).join(''),
          shaded(straw, 0.4),
          2.4,
          { opacity: 0.4 },
        ) +
        path(d`M-70 -310C-40 -280 40 -280 70 -310C40 -262 -40 -262 -70 -310Z`, shadowColor, {
          opacity: 0.35,
          filter: pen.blur(8),
        }),
      depth: 40,
    }) +
    solid(pen, band, ribbon, { paint: round(pen, ribbon, 0.25), depth: 10, texture: weave(pen, ribbon, 0.9) }) +
    path(d`M120 -118C150 -150 200 -150 206 -128C210 -106 160 -92 124 -96Z`, ribbon) +
    path(d`M118 -104C150 -84 196 -70 210 -40L176 -36C160 -64 130 -84 112 -92Z`, shaded(ribbon, 0.2)) +
    path(d`M104 -122h26q6 0 6 6v22q0 6 -6 6h-26q-6 0 -6 -6v-22q0 -6 6 -6z`, lit(ribbon, 0.12)) +
    glow(pen, d`M-120 -250C-138 -210 -146 -170 -148 -140L-128 -132C-128 -170 -118 -214 -100 -254Z`, '#fffaf0', 0.4, 7)
  )
}
