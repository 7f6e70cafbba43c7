import { type Color, lit, shaded } from '../color.ts'
import { dropShadow, folds, glow, knit, ribs, shadowColor, solid } from '../material.ts'
import { d, group, type Pen, path, stroked } from '../svg.ts'

export type SweaterLook = { readonly wool: Color; readonly yoke?: Color }

/** A crew-neck sweater, laid flat. */
export function sweater(pen: Pen, { wool, yoke }: SweaterLook): string {
  const sleeve = (side: 1 | -1) =>
    d`M${side * 150} -226C${side * 214} -214 ${side * 244} -120 ${side * 262} 20L${side * 276} 186L${side * 200} 196C${side * 192} 90 ${side * 172} 0 ${side * 134} -90Z`
  const cuff = (side: 1 | -1) =>
    d`M${side * 278} 182L${side * 282} 240Q${side * 240} 254 ${side * 202} 246L${side * 199} 192Q${side * 240} 200 ${side * 278} 182Z`
  const torso = d`M-78 -262C-110 -250 -140 -240 -166 -222C-150 -140 -152 20 -160 214H160C152 20 150 -140 166 -222C140 -240 110 -250 78 -262C40 -226 -40 -226 -78 -262Z`
  const hem = d`M-160 210C-60 220 60 220 160 210L156 268Q0 282 -156 268Z`
  const stitch = knit(pen, wool, 1)
  const rib = ribs(pen, wool, 13)
  const zigzag = (y: number) =>
    stroked(
      Array.from(
        { length: 17 },
        (_, index) => `${index === 0 ? 'M' : 'L'}${-200 + index * 25} ${index % 2 === 0 ? y : y + 26}`,
      ).join(''),
      yoke ?? wool,
      9,
    )
  return group(
    { transform: 'translate(0 4)' },
    dropShadow(pen, torso + sleeve(1) + sleeve(-1) + hem, 15),
    ...([-1, 1] as const).map(
      (side) =>
        solid(pen, sleeve(side), wool, {
          texture: stitch,
          depth: 38,
          marks: folds(
            pen,
            d`M${side * 170} -60C${side * 200} -30 ${side * 220} -30 ${side * 250} -50M${side * 190} 90C${side * 220} 100 ${side * 240} 90 ${side * 262} 70`,
            wool,
            18,
          ),
        }) + solid(pen, cuff(side), wool, { texture: rib, depth: 16 }),
    ),
    path(d`M-78 -262C-40 -290 40 -290 78 -262C40 -226 -40 -226 -78 -262Z`, shaded(wool, 0.5)),
    solid(pen, torso, wool, {
      texture: stitch,
      marks:
        (yoke === undefined ? '' : zigzag(-150) + zigzag(-112) + stroked('M-200 -176H200M-200 -70H200', yoke, 7)) +
        folds(
          pen,
          d`M-120 220C-110 120 -130 20 -110 -60M110 220C120 100 96 40 118 -70M-20 220C-10 160 -30 120 -16 60`,
          wool,
          24,
          0.26,
        ),
      depth: 44,
    }),
    solid(pen, hem, wool, { texture: rib, depth: 20 }),
    solid(
      pen,
      d`M-84 -264C-40 -300 40 -300 84 -264C92 -256 88 -240 78 -238C40 -196 -40 -196 -78 -238C-88 -240 -92 -256 -84 -264ZM-62 -256C-30 -228 30 -228 62 -256C30 -276 -30 -276 -62 -256Z`,
      wool,
      { texture: rib, depth: 10, light: 0.3 },
    ),
    path(d`M-62 -256C-30 -228 30 -228 62 -256C30 -276 -30 -276 -62 -256Z`, shaded(wool, 0.52)),
  )
}

export type SocksLook = { readonly wool: Color; readonly toe: Color }

/** A pair of ribbed socks. */
export function socks(pen: Pen, { wool, toe }: SocksLook): string {
  const outline = d`M-58 -290C-30 -298 40 -298 66 -290C70 -190 66 -90 78 -10C92 50 170 120 196 170C216 216 190 262 144 262C84 262 -10 172 -44 110C-66 68 -62 -40 -60 -120Z`
  const one = (dx: number, dy: number, turn: number) =>
    group(
      { transform: `translate(${dx} ${dy}) rotate(${turn})` },
      dropShadow(pen, outline, 13),
      solid(pen, outline, wool, {
        texture: ribs(pen, wool, 15),
        marks:
          path(d`M110 300C90 210 140 170 200 130L240 300Z`, toe) +
          path(d`M-80 40C-20 40 30 70 20 130L-60 180Z`, toe) +
          path(
            d`M-80 -300H80V-262C30 -254 -30 -254 -80 -262ZM-80 -240C-30 -232 30 -232 80 -240V-222C30 -214 -30 -214 -80 -222Z`,
            toe,
          ) +
          folds(pen, d`M-50 20C-10 0 30 4 70 -20M-40 60C0 30 40 40 84 20`, wool, 14, 0.3),
        depth: 34,
      }),
    )
  return one(56, -16, 6) + one(-118, 30, -4)
}

export type BeanieLook = { readonly wool: Color }

/** A ribbed fisherman's beanie with a turned-up brim. */
export function beanie(pen: Pen, { wool }: BeanieLook): string {
  const crown = d`M-216 70C-226 -110 -150 -250 0 -256C150 -250 226 -110 216 70Z`
  const brim = d`M-232 60C-120 30 120 30 232 60C246 110 246 160 234 204C120 234 -120 234 -234 204C-246 160 -246 110 -232 60Z`
  const lines = (count: number, top: (share: number) => string, foot: (share: number) => string) =>
    Array.from(
      { length: count },
      (_, index) => `${top((index / (count - 1)) * 2 - 1)}${foot((index / (count - 1)) * 2 - 1)}`,
    ).join('')
  const crownRibs = lines(
    17,
    (share) => d`M${share * 24} -254`,
    (share) => d`C${share * 150} -220 ${share * 214} -90 ${share * 222} 80`,
  )
  const brimRibs = lines(
    21,
    (share) => d`M${share * 232} ${38 + Math.abs(share) * 20}`,
    (share) => d`Q${share * 246} 130 ${share * 236} ${222 - Math.abs(share) * 16}`,
  )
  const rib = (outline: string, width: number) =>
    stroked(outline, shaded(wool, 0.45), width, { opacity: 0.5 }) +
    stroked(outline, lit(wool, 0.45), width * 0.5, { opacity: 0.45, transform: 'translate(6 0)' })
  return (
    dropShadow(pen, crown + brim, 16) +
    solid(pen, crown, wool, {
      marks:
        rib(crownRibs, 6) +
        path(d`M-240 20C-120 -10 120 -10 240 20V90H-240Z`, shadowColor, { opacity: 0.35, filter: pen.blur(10) }),
      depth: 60,
      shade: 0.6,
    }) +
    solid(pen, brim, wool, {
      marks: rib(brimRibs, 7),
      depth: 36,
      paint: pen.fade(lit(wool, 0.2), shaded(wool, 0.1)),
    }) +
    path(d`M96 104h74v58h-74z`, shadowColor, { opacity: 0.35, filter: pen.blur(3), transform: 'translate(3 4)' }) +
    path(d`M96 104h74v58h-74z`, '#efe4d0') +
    stroked(d`M121 150V136A12 12 0 0 1 145 136V150M114 151H152`, '#5a4a3c', 4)
  )
}

export type MittensLook = { readonly wool: Color; readonly figure: Color }

/** A pair of mittens on a cord. */
export function mittens(pen: Pen, { wool, figure }: MittensLook): string {
  const hand = d`M-84 150C-96 60 -104 -40 -96 -130C-86 -220 -44 -256 4 -256C56 -254 92 -210 96 -130C98 -90 96 -60 94 -30C120 -70 150 -96 174 -84C200 -68 176 -10 140 40C116 74 98 110 92 150Z`
  const cuff = d`M-92 146C-30 156 40 156 98 146L104 262C40 274 -40 274 -98 262Z`
  const band = (y: number) =>
    stroked(
      Array.from(
        { length: 13 },
        (_, index) => `${index === 0 ? 'M' : 'L'}${-130 + index * 22} ${index % 2 === 0 ? y : y - 22}`,
      ).join(''),
      figure,
      7,
    )
  const one = (side: 1 | -1, dx: number, dy: number, turn: number) =>
    group(
      { transform: `translate(${dx} ${dy}) rotate(${turn}) scale(${side} 1)` },
      dropShadow(pen, hand + cuff, 12),
      solid(pen, hand, wool, {
        texture: knit(pen, wool, 1),
        marks: band(-80) + band(-46) + stroked('M-140 -112H130M-140 -24H130', figure, 6),
        depth: 44,
        shade: side === 1 ? 0.5 : 0.35,
      }),
      solid(pen, cuff, wool, { texture: ribs(pen, wool, 16), depth: 26 }),
      stroked(d`M-98 244C-30 256 40 256 104 244`, figure, 10, { opacity: 0.9 }),
    )
  return (
    stroked(d`M-130 270C-140 340 120 350 140 280`, shadowColor, 9, {
      opacity: 0.3,
      transform: 'translate(4 7)',
      filter: pen.blur(4),
    }) +
    stroked(d`M-130 266C-140 340 120 346 140 270`, figure, 8, { 'stroke-dasharray': '14 3' }) +
    one(-1, -124, -10, -10) +
    one(1, 128, 0, 9) +
    glow(pen, 'M-210 -140C-210 -200 -180 -230 -150 -240L-150 -226C-180 -210 -194 -180 -196 -136Z', '#fff6ea', 0.3, 6)
  )
}
