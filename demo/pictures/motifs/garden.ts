import { type Color, lit, mix, shaded } from '../color.ts'
import {
  bar,
  dropShadow,
  floorShadow,
  glow,
  grain,
  metal,
  mouth,
  round,
  shadowColor,
  solid,
  turned,
  weave,
} from '../material.ts'
import { d, ellipse, group, line, type Pen, path, stroked, tag } from '../svg.ts'
import { twig } from './plants.ts'

export type WateringCanLook = { readonly enamel: Color; readonly brass?: Color }

/** A watering can with a long spout and a brass rose. */
export function wateringCan(pen: Pen, { enamel, brass = '#c49a4a' }: WateringCanLook): string {
  const body = turned(
    [
      [124, -270],
      [140, -130],
      [150, -8],
      [148, 2],
    ],
    0.14,
  )
  const spout = d`M118 -96C180 -120 226 -220 262 -338L290 -326C268 -196 214 -60 126 -30Z`
  const rose = d`M232 -352L326 -312C336 -306 330 -290 316 -292L222 -328C210 -334 216 -356 232 -352Z`
  const hoop = d`M-104 -262C-270 -306 -300 -70 -140 -56`
  const top = d`M-92 -276C-60 -380 70 -384 96 -278`

  return (
    floorShadow(pen, 152) +
    bar(pen, hoop, enamel, 24) +
    solid(pen, spout, enamel, {
      depth: 18,
      paint: pen.linear(
        [
          [0, lit(enamel, 0.3)],
          [0.5, enamel],
          [1, shaded(enamel, 0.35)],
        ],
        'diagonal',
      ),
    }) +
    path(rose, metal(pen, brass, 'down')) +
    ellipse(276, -334, 56, 12, lit(brass, 0.35), { transform: 'rotate(23 276 -334)' }) +
    path(
      Array.from({ length: 7 }, (_, index) => d`M${236 + index * 13} ${-351 + index * 5.6}h4v3h-4z`).join(''),
      shaded(brass, 0.6),
    ) +
    solid(pen, body, enamel, {
      paint: round(pen, enamel, 0.4),
      marks: path(d`M-170 -58C-60 -34 60 -34 170 -58V-44C60 -20 -60 -20 -170 -44Z`, metal(pen, brass)),
      depth: 28,
      light: 0.2,
    }) +
    mouth(pen, -270, 124, 27, enamel, enamel, 8) +
    path(d`M-122 -274A124 27 0 0 1 40 -296L30 -270C-30 -276 -80 -268 -100 -262Z`, lit(enamel, 0.16)) +
    bar(pen, top, enamel, 22) +
    glow(pen, d`M-94 -226C-106 -150 -112 -90 -112 -66L-92 -64C-92 -96 -84 -160 -74 -222Z`, '#fffaf0', 0.5, 5)
  )
}

export type ApronLook = { readonly canvas: Color; readonly leather?: Color }

/** An apron on its peg; the origin is the peg. */
export function apron(pen: Pen, { canvas, leather = '#8a5a36' }: ApronLook): string {
  const outline = d`M-82 62C-40 74 40 74 82 62C90 130 120 176 178 196C190 320 186 420 192 520C100 536 -100 536 -192 520C-186 420 -190 320 -178 196C-120 176 -90 130 -82 62Z`
  const pocket = d`M-118 300H118V404Q118 424 98 424H-98Q-118 424 -118 404Z`
  const strap = (outlineOf: string) =>
    line(outlineOf, shaded(leather, 0.35), 17) + line(outlineOf, leather, 12, { transform: 'translate(-1 -1)' })
  return (
    strap(d`M-66 70C-60 20 -30 -6 0 -8M66 70C60 20 30 -6 0 -8`) +
    line(d`M-174 206C-230 220 -250 300 -226 380M174 206C230 220 240 280 232 350`, leather, 9) +
    dropShadow(pen, outline, 16) +
    solid(pen, outline, canvas, {
      texture: weave(pen, canvas, 1.2),
      marks:
        stroked(
          d`M-60 90C-80 240 -60 400 -90 540M90 130C70 280 110 420 84 540M10 80C20 140 -6 200 6 270`,
          shaded(canvas, 0.5),
          26,
          { opacity: 0.28, filter: pen.blur(13) },
        ) +
        stroked(
          d`M-174 204C-112 182 -78 136 -72 72M174 204C112 182 78 136 72 72M-184 508C-90 522 90 522 184 508`,
          lit(canvas, 0.45),
          3,
          { 'stroke-dasharray': '9 6', opacity: 0.7 },
        ),
      depth: 34,
    }) +
    dropShadow(pen, pocket, 4, 0.8) +
    solid(pen, pocket, canvas, { texture: weave(pen, canvas, 1.2), depth: 14 }) +
    stroked(d`M-108 310H108V402Q108 414 96 414H-96Q-108 414 -108 402ZM30 310V414`, lit(canvas, 0.45), 3, {
      'stroke-dasharray': '9 6',
      opacity: 0.8,
    }) +
    [-66, 66].map((x) => ellipse(x, 74, 10, 10, pen.ball('#f5e2b4', '#c49a4a', '#7a5a24'))).join('') +
    path(d`M-28 236h56v34h-56z`, leather) +
    stroked(d`M-10 264V252A10 10 0 0 1 10 252V264M-15 265H15`, lit(leather, 0.5), 3)
  )
}

export type BirdhouseLook = { readonly paint: Color; readonly roof: Color; readonly wood?: Color }

/** A nesting box on a post, with an arched front like a small temple. */
export function birdhouse(pen: Pen, { paint, roof, wood = '#b88a58' }: BirdhouseLook): string {
  const front = d`M-140 -176V-400L0 -508L140 -400V-176Z`
  const eaves = d`M-186 -386L0 -532L186 -386L166 -362L0 -492L-166 -362Z`
  const post = d`M-24 -176H24V4H-24Z`
  return (
    floorShadow(pen, 96, 0.9) +
    solid(pen, d`M-78 -16H78V4H-78Z`, wood, { texture: grain(pen, wood), depth: 8 }) +
    solid(pen, post, wood, {
      texture: grain(pen, wood, 'rotate(88)'),
      depth: 14,
      paint: pen.fade(lit(wood, 0.25), shaded(wood, 0.3), 'right'),
    }) +
    path(d`M140 -176V-400L166 -380V-196Z`, shaded(paint, 0.45)) +
    solid(pen, front, paint, {
      marks:
        stroked([-84, -28, 28, 84].map((x) => d`M${x} -520V-160`).join(''), shaded(paint, 0.5), 3, { opacity: 0.5 }) +
        path(d`M-160 -400L0 -524L160 -400L160 -350L0 -470L-160 -350Z`, shadowColor, {
          opacity: 0.4,
          filter: pen.blur(9),
        }),
      texture: grain(pen, paint, 'rotate(90)'),
      depth: 22,
    }) +
    solid(pen, eaves, roof, { depth: 12, texture: grain(pen, roof, 'rotate(38)') }) +
    ellipse(2, -328, 48, 48, lit(wood, 0.15)) +
    ellipse(0, -330, 40, 40, '#231a15') +
    path(d`M-38 -322A40 40 0 0 0 38 -322A40 34 0 0 1 -38 -322Z`, lit(wood, 0.5), { opacity: 0.7 }) +
    solid(pen, d`M-160 -182H172V-160H-160Z`, wood, { texture: grain(pen, wood), depth: 8 }) +
    path(d`M-8 -254H8V-196H-8Z`, shadowColor, { opacity: 0.4, transform: 'translate(6 6)', filter: pen.blur(3) }) +
    path(d`M-6 -258H6V-226H-6Z`, pen.fade(lit(wood, 0.4), shaded(wood, 0.3), 'right')) +
    group(
      { transform: 'translate(-4 -258)' },
      path(d`M-40 -6C-36 -34 -8 -46 14 -38C28 -34 34 -24 46 -22L32 -14C30 2 8 12 -12 10L-62 22Z`, '#8a5f3e'),
      path(d`M-2 -4C14 -8 28 -16 31 -14C28 2 8 12 -12 10C-18 6 -12 -2 -2 -4Z`, '#ead9bb'),
      path(d`M-40 -6C-24 -16 -4 -14 6 -4C-10 8 -34 8 -62 22Z`, mix('#8a5f3e', '#3a2618', 0.5)),
      ellipse(22, -26, 3.4, 3.4, '#1d1512'),
    )
  )
}

export type SeedTinLook = { readonly tin: Color; readonly paper: Color; readonly flower: Color }

/** A tin of seed packets, three of them looking out. */
export function seedTin(pen: Pen, { tin, paper, flower }: SeedTinLook): string {
  const box = d`M-204 -226H204V-10Q204 4 190 4H-190Q-204 4 -204 -10Z`
  const packet = (x: number, y: number, turn: number, petal: Color, plant: 'bloom' | 'leaf') =>
    group(
      { transform: `translate(${x} ${y}) rotate(${turn})` },
      path('M-74 -190H84V60H-74Z', shadowColor, { opacity: 0.3, filter: pen.blur(7) }),
      path(
        'M-80 -194L-72 -202L-64 -194L-56 -202L-48 -194L-40 -202L-32 -194L-24 -202L-16 -194L-8 -202L0 -194L8 -202L16 -194L24 -202L32 -194L40 -202L48 -194L56 -202L64 -194L72 -202L80 -194V60H-80Z',
        pen.fade(lit(paper, 0.3), shaded(paper, 0.12), 'diagonal'),
      ),
      path('M-58 -170H58V-148H-58Z', petal, { opacity: 0.9 }),
      line('M0 40C4 0 -4 -40 0 -76', '#5f7d4c', 6),
      twig(
        pen,
        [
          [0, 0, -40],
          [0, -8, 215],
          [0, -36, -30],
        ],
        '#6f9158',
        24,
      ),
      plant === 'bloom'
        ? Array.from({ length: 7 }, (_, index) =>
            ellipse(0, -28, 13, 25, index % 2 === 0 ? petal : lit(petal, 0.3), {
              transform: `translate(0 -84) rotate(${index * 51.4})`,
            }),
          ).join('') + ellipse(0, -84, 15, 15, '#e6b84a')
        : twig(
            pen,
            [
              [0, -70, -90],
              [0, -64, -140],
              [0, -64, -40],
            ],
            petal,
            36,
          ),
    )
  return (
    floorShadow(pen, 206) +
    path(d`M-196 -232L-176 -262H216L204 -226Z`, shaded(tin, 0.5)) +
    packet(110, -232, 9, '#7da05e', 'leaf') +
    packet(-112, -226, -8, lit(flower, 0.25), 'bloom') +
    packet(2, -246, 1, flower, 'bloom') +
    path(d`M204 -226L216 -258V-24L204 -8Z`, shaded(tin, 0.45)) +
    solid(pen, box, tin, { depth: 26, marks: path('M-204 -226H204V-196H-204Z', shaded(tin, 0.2), { opacity: 0.5 }) }) +
    path('M-122 -150H122V-50H-122Z', lit(tin, 0.7)) +
    stroked('M-114 -142H114V-58H-114Z', shaded(tin, 0.1), 3) +
    stroked(
      'M-22 -76V-108A22 22 0 0 1 22 -108V-76M-10 -76V-106A10 10 0 0 1 10 -106V-76M-32 -74H32',
      shaded(tin, 0.25),
      4,
    ) +
    glow(pen, d`M-186 -206H-168V-30H-186Z`, '#ffffff', 0.4, 6)
  )
}

export type TrugLook = { readonly willow: Color; readonly harvest?: boolean }

/** A willow basket with a hooped handle, with apples or empty. */
export function trug(pen: Pen, { willow, harvest = true }: TrugLook): string {
  const body = d`M-276 -196C-262 -110 -236 -40 -196 -4C-100 14 100 14 196 -4C236 -40 262 -110 276 -196C140 -156 -140 -156 -276 -196Z`
  const tile =
    path('M0 0h34v17H0z', shaded(willow, 0.3)) +
    path('M1 2c10 -5 22 -5 32 0v12c-10 5 -22 5 -32 0z', willow) +
    path(
      'M18 19c10 -5 22 -5 32 0v12c-10 5 -22 5 -32 0zM-16 19c10 -5 22 -5 32 0v12c-10 5 -22 5 -32 0z',
      shaded(willow, 0.12),
    ) +
    path('M3 4c8 -3 18 -3 28 0v3c-10 -3 -20 -3 -28 0z', lit(willow, 0.4), { opacity: 0.7 })
  const hoop = d`M-236 -190C-220 -490 220 -490 236 -190`
  const apple = (x: number, y: number, color: Color) =>
    ellipse(
      x,
      y,
      52,
      48,
      pen.radial(
        [
          [0, lit(color, 0.5)],
          [0.5, color],
          [1, shaded(color, 0.4)],
        ],
        [0.36, 0.3, 0.8],
      ),
    ) + stroked(d`M${x} ${y - 40}q4 -14 12 -20`, '#5a4028', 4)
  return (
    floorShadow(pen, 216) +
    ellipse(0, -196, 276, 50, pen.fade(shaded(willow, 0.62), shaded(willow, 0.28), 'diagonal')) +
    ellipse(0, -192, 240, 34, shaded(willow, 0.6), { opacity: 0.5, filter: pen.blur(11) }) +
    (harvest
      ? apple(-150, -208, '#b8432f') +
        apple(150, -204, '#c9a23a') +
        apple(-66, -232, '#c9583a') +
        apple(72, -230, '#a8382c') +
        apple(4, -214, '#b9962f')
      : '') +
    solid(pen, body, willow, { paint: pen.pattern(34, 34, tile), depth: 60, shade: 0.75, light: 0.25 }) +
    stroked(d`M-276 -196C-140 -150 140 -150 276 -196`, shaded(willow, 0.35), 22, { 'stroke-linecap': 'round' }) +
    stroked(d`M-276 -198C-140 -152 140 -152 276 -198`, lit(willow, 0.25), 16, {
      'stroke-linecap': 'round',
      'stroke-dasharray': '20 5',
    }) +
    bar(pen, hoop, willow, 24, 0) +
    line(hoop, lit(willow, 0.45), 6, { transform: 'translate(-4 -5)', 'stroke-dasharray': '4 15' }) +
    tag('circle', { cx: -236, cy: -186, r: 15, fill: shaded(willow, 0.25) }) +
    tag('circle', { cx: 236, cy: -186, r: 15, fill: shaded(willow, 0.35) })
  )
}
