import { type Color, lit, mix, shaded } from '../color.ts'
import {
  bar,
  floorShadow,
  glow,
  metal,
  mouth,
  round,
  shadowColor,
  solid,
  speckle,
  stitches,
  turned,
} from '../material.ts'
import { d, ellipse, group, line, type Pen, path, stroked } from '../svg.ts'

const buckleBrass: Color = '#cda453'

export type FlaskLook = { readonly coat: Color; readonly cap?: Color }

/** A vacuum flask with a cup for a cap and a strap of leather. */
export function flask(pen: Pen, { coat, cap = '#b7babb' }: FlaskLook): string {
  const body = turned(
    [
      [74, -350],
      [98, -318],
      [104, -280],
      [104, -18],
      [94, 2],
    ],
    0.16,
  )
  const lid = turned(
    [
      [74, -480],
      [82, -466],
      [84, -372],
    ],
    0.16,
  )
  return (
    floorShadow(pen, 106) +
    solid(pen, body, coat, {
      paint: round(pen, coat, 0.4),
      marks: path(d`M-120 -40C-40 -18 40 -18 120 -40V40H-120Z`, metal(pen, cap)),
      texture: speckle(pen, lit(coat, 0.4), 5, 2),
      depth: 20,
      light: 0.1,
    }) +
    path(d`M-86 -372C-60 -352 60 -352 86 -372V-346C60 -326 -60 -326 -86 -346Z`, shaded(coat, 0.45)) +
    path(lid, metal(pen, cap)) +
    stroked(d`M-84 -400C-50 -386 50 -386 84 -400M-84 -388C-50 -374 50 -374 84 -388`, shaded(cap, 0.5), 2.5, {
      opacity: 0.6,
    }) +
    ellipse(0, -480, 74, 15, pen.fade(lit(cap, 0.6), shaded(cap, 0.1), 'diagonal')) +
    line(d`M82 -420C150 -420 150 -300 102 -296`, '#6b452a', 15) +
    line(d`M82 -422C146 -422 146 -304 100 -299`, '#9a6a42', 9) +
    stroked(
      d`M-28 -130V-186A28 28 0 0 1 28 -186V-130M-13 -130V-184A13 13 0 0 1 13 -184V-130M-40 -127H40`,
      lit(coat, 0.75),
      5,
      { opacity: 0.85, 'stroke-linecap': 'round' },
    ) +
    glow(pen, d`M-70 -300C-74 -200 -74 -120 -72 -60H-56C-58 -120 -58 -200 -54 -306Z`, '#ffffff', 0.5, 4)
  )
}

export type BootsLook = { readonly leather: Color; readonly sole?: Color; readonly lace?: Color }

/** A pair of walking boots, the near one whole, the far one half hidden. */
export function boots(pen: Pen, { leather, sole = '#3c332c', lace = '#c9a15e' }: BootsLook): string {
  return (
    floorShadow(pen, 240) +
    group({ transform: 'translate(74 -34) scale(.94)' }, boot(pen, shaded(leather, 0.16), sole, lace)) +
    group({ transform: 'translate(-46 0)' }, boot(pen, leather, sole, lace))
  )
}

function boot(pen: Pen, leather: Color, sole: Color, lace: Color): string {
  const upper = d`M-148 -376C-100 -396 -30 -396 10 -376C6 -320 8 -280 30 -244C56 -204 130 -196 178 -164C212 -140 222 -100 218 -56H-160C-172 -120 -138 -200 -142 -280Z`
  const outsole = d`M-170 -62H226C232 -40 232 -20 224 0H150L140 -10H112L104 0H-60L-68 -16H-92L-98 0H-168C-178 -20 -176 -44 -170 -62Z`
  const eyelets = [
    [4, -352],
    [0, -316],
    [8, -280],
    [30, -246],
    [64, -222],
  ] as const
  const laces = eyelets
    .map(
      ([x, y], index) =>
        d`M${x} ${y}C${x - 30} ${y + 14} ${x - 56} ${y + (index > 2 ? 8 : 2)} ${x - 66 + index * 2} ${y + 20}`,
    )
    .join('')
  return (
    ellipse(-68, -380, 78, 17, shaded(leather, 0.62)) +
    path(d`M-30 -400C-6 -420 20 -412 18 -380L10 -340C-10 -350 -26 -370 -30 -400Z`, shaded(leather, 0.3)) +
    solid(pen, upper, leather, {
      marks:
        path(d`M96 -190C150 -176 208 -160 222 -50H92C70 -100 74 -150 96 -190Z`, lit(leather, 0.1)) +
        stitches(d`M98 -186C72 -146 72 -100 92 -60M-150 -190C-110 -180 -80 -140 -84 -60`, leather) +
        path(d`M-160 -190C-110 -180 -78 -140 -80 -50H-170Z`, shaded(leather, 0.18), { opacity: 0.7 }) +
        stroked(d`M-20 -210C10 -190 40 -180 70 -176M-110 -270C-70 -254 -40 -258 -20 -262`, shaded(leather, 0.5), 12, {
          opacity: 0.4,
          filter: pen.blur(6),
        }),
      depth: 36,
    }) +
    path(d`M-150 -378C-100 -400 -30 -398 12 -378V-350C-30 -366 -100 -368 -148 -348Z`, mix(leather, '#2f2622', 0.45)) +
    stroked(laces, shaded(lace, 0.45), 8, { transform: 'translate(1.5 2.5)', 'stroke-linecap': 'round' }) +
    stroked(laces, lace, 7, { 'stroke-linecap': 'round' }) +
    eyelets.map(([x, y]) => ellipse(x, y, 6.5, 6.5, buckleBrass)).join('') +
    line(d`M-26 -346C-70 -330 -96 -300 -80 -284M-26 -346C-40 -300 -30 -276 -10 -270`, lace, 5) +
    path(d`M-166 -70H224V-52H-168Z`, lit(sole, 0.25)) +
    path(outsole, pen.fade(lit(sole, 0.12), shaded(sole, 0.4))) +
    glow(pen, d`M120 -166C160 -156 190 -136 200 -110L184 -108C170 -130 146 -144 116 -150Z`, '#fff3e0', 0.5, 6)
  )
}

export type UmbrellaLook = { readonly canopy: Color; readonly handle?: Color }

/** An open umbrella that rests on its rim and its crook. */
export function umbrella(pen: Pen, { canopy, handle = '#8a5a36' }: UmbrellaLook): string {
  const ribs = [-290, -174, -58, 58, 174, 290]
  const hem = ribs
    .slice(1)
    .map((x, index) => d`Q${(x + (ribs[index] ?? 0)) / 2} ${-26} ${x} 0`)
    .join('')
  const dome = `M-290 0C-290 -180 -160 -276 0 -276C160 -276 290 -180 290 0${ribs
    .slice(0, -1)
    .reverse()
    .map((x, index) => d`Q${(x + (ribs[5 - index] ?? 0)) / 2} -34 ${x} 0`)
    .join('')}Z`
  const panel = (from: number, to: number, fill: string) =>
    path(
      d`M0 -276C${from * 0.62} -262 ${from} -150 ${from} 0Q${(from + to) / 2} -34 ${to} 0C${to} -150 ${to * 0.62} -262 0 -276Z`,
      fill,
    )
  const panels = ribs
    .slice(1)
    .map((x, index) =>
      panel(
        ribs[index] ?? 0,
        x,
        pen.fade(
          [lit(canopy, 0.2), lit(canopy, 0.3), canopy, shaded(canopy, 0.18), shaded(canopy, 0.34)][index] ?? canopy,
          [canopy, lit(canopy, 0.08), shaded(canopy, 0.16), shaded(canopy, 0.34), shaded(canopy, 0.48)][index] ??
            canopy,
          'right',
        ),
      ),
    )
  return (
    floorShadow(pen, 250, 0.8) +
    group(
      { transform: 'translate(-10 -246) rotate(-27)' },
      path(d`M-270 0${hem}C200 40 -180 40 -270 0Z`, shaded(canopy, 0.62)),
      line(d`M0 -20V236`, '#5f5a55', 10),
      line(d`M-2 -20V236`, '#b9b4ad', 4),
      line(d`M0 214V268C0 320 76 320 76 268`, shaded(handle, 0.35), 26),
      line(d`M0 214V268C0 320 76 320 76 268`, handle, 20, { transform: 'translate(-2 -2)' }),
      line(d`M-6 222V268`, lit(handle, 0.6), 4, { opacity: 0.7 }),
      line(d`M0 -320V-270`, '#5f5a55', 10),
      path(dome, canopy),
      ...panels,
      stroked(
        ribs
          .slice(1, -1)
          .map((x) => d`M0 -276C${x * 0.62} -262 ${x} -150 ${x} 0`)
          .join(''),
        shaded(canopy, 0.5),
        2.5,
        { opacity: 0.5 },
      ),
      stroked(
        ribs
          .slice(1, -1)
          .map((x) => d`M0 -276C${x * 0.62} -262 ${x} -150 ${x} 0`)
          .join(''),
        lit(canopy, 0.5),
        2,
        { opacity: 0.4, transform: 'translate(-3 0)' },
      ),
      glow(pen, d`M-210 -110C-180 -190 -120 -230 -60 -246L-70 -226C-120 -206 -166 -170 -190 -104Z`, '#ffffff', 0.4, 8),
      ellipse(0, -276, 17, 7, shaded(canopy, 0.4)),
    )
  )
}

export type StickLook = { readonly wood: Color; readonly collar?: Color }

/** A walking stick with a crook, leaning on the wall. */
export function walkingStick(pen: Pen, { wood, collar = '#c49a4a' }: StickLook): string {
  const stick = d`M70 0L-8 -420C-30 -540 -170 -520 -150 -420C-148 -408 -142 -400 -136 -392`
  return (
    ellipse(96, 4, 90, 10, shadowColor, { opacity: 0.4, filter: pen.blur(7) }) +
    line(stick, shadowColor, 26, { opacity: 0.26, transform: 'translate(42 4)', filter: pen.blur(9) }) +
    bar(pen, stick, wood, 32) +
    stroked(d`M62 -20L-6 -410M54 -120C40 -160 50 -200 36 -260`, shaded(wood, 0.4), 2.5, { opacity: 0.5 }) +
    [
      [52, -110],
      [24, -260],
      [8, -350],
    ]
      .map(([x = 0, y = 0]) => ellipse(x, y, 6, 10, shaded(wood, 0.5), { opacity: 0.7 }))
      .join('') +
    path(d`M4 -348L-28 -342L-34 -376L-3 -382Z`, metal(pen, collar)) +
    path(d`M56 -40L82 -44L86 2Q74 8 62 2Z`, metal(pen, collar)) +
    line(d`M2 -372C60 -360 74 -300 40 -270C20 -254 6 -280 22 -300`, '#5f4029', 6)
  )
}

export type CampMugLook = { readonly enamel: Color; readonly rim?: Color }

/** An enamelled tin mug with a dark rim. */
export function campMug(pen: Pen, { enamel, rim = '#2b3442' }: CampMugLook): string {
  const outline = turned(
    [
      [172, -350],
      [166, -40],
      [158, -8],
      [146, 0],
    ],
    0.13,
  )
  const ear = d`M164 -290C272 -308 290 -232 272 -170C258 -122 214 -92 160 -84`
  return (
    floorShadow(pen, 166) +
    bar(pen, ear, enamel, 32) +
    line(ear, rim, 4, { transform: 'translate(9 6)', opacity: 0.7 }) +
    solid(pen, outline, enamel, {
      paint: round(pen, enamel, 0.55),
      texture: speckle(pen, rim, 17, 0.7),
      marks:
        path(d`M-60 -120L-8 -216L22 -166L44 -200L92 -120Z`, rim, { opacity: 0.85 }) +
        path(d`M-22 -190L-8 -216L8 -189L-4 -180ZM32 -182L44 -200L56 -180L44 -174Z`, enamel) +
        ellipse(62, -238, 15, 15, rim, { opacity: 0.85 }),
      depth: 24,
      light: 0.1,
    }) +
    mouth(pen, -350, 174, 38, rim, mix(enamel, '#ffffff', 0.4), 8) +
    glow(pen, d`M-124 -300C-128 -200 -126 -110 -120 -60L-102 -62C-108 -120 -110 -210 -104 -302Z`, '#ffffff', 0.7, 4)
  )
}
