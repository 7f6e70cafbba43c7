import { type Color, lit, mix, shaded } from '../color.ts'
import { bar, floorShadow, glow, mouth, type Profile, round, solid, speckle, turned } from '../material.ts'
import { d, ellipse, group, type Pen, path, stroked, tag } from '../svg.ts'

const bisque: Color = '#c9ab88'

export type MugLook = { readonly glaze: Color; readonly clay?: Color; readonly drink?: Color; readonly seed?: number }

/** A straight mug with an ear for a handle, dipped so that the foot shows its clay. */
export function mug(pen: Pen, { glaze, clay = bisque, drink, seed = 1 }: MugLook): string {
  const outline = turned([
    [176, -390],
    [174, -230],
    [168, -64],
    [156, -18],
    [130, 2],
  ])
  const waterline = d`M-220 -92C-130 -58 -60 -78 10 -60S150 -66 220 -90`
  const ear = d`M164 -312C262 -334 304 -270 292 -194C282 -126 226 -94 158 -104`
  return (
    floorShadow(pen, 172) +
    bar(pen, ear, glaze, 46) +
    solid(pen, outline, glaze, {
      paint: round(pen, glaze),
      texture: speckle(pen, shaded(glaze, 0.6), seed),
      marks:
        path(`${waterline}V60H-220Z`, round(pen, clay, 0.25)) +
        stroked(waterline, shaded(glaze, 0.3), 5, { opacity: 0.6 }),
      depth: 30,
      light: 0.2,
    }) +
    mouth(pen, -390, 176, 40, glaze, mix(glaze, '#fff6e8', 0.25)) +
    (drink === undefined
      ? ''
      : ellipse(0, -376, 158, 28, pen.fade(shaded(drink, 0.35), lit(drink, 0.16), 'diagonal')) +
        ellipse(-30, -374, 96, 12, lit(drink, 0.5), { opacity: 0.18 })) +
    glow(pen, d`M-122 -330C-132 -240 -130 -160 -116 -110L-96 -112C-110 -164 -110 -246 -100 -332Z`, '#fffaf0', 0.45, 5)
  )
}

export type VaseLook = {
  readonly glaze: Color
  readonly form?: 'ionic' | 'bottle' | 'globe'
  readonly stems?: Color
  readonly seed?: number
}

const vaseForms: Record<
  'ionic' | 'bottle' | 'globe',
  { profile: Profile; lip: number; height: number; ears?: string }
> = {
  ionic: {
    lip: 74,
    height: 420,
    profile: [
      [74, -420],
      [58, -392],
      [54, -350],
      [128, -282],
      [156, -206],
      [132, -96],
      [84, -22],
      [82, 0],
    ],
    ears: d`M58 -392C140 -420 168 -340 118 -282M-58 -392C-140 -420 -168 -340 -118 -282`,
  },
  bottle: {
    lip: 44,
    height: 430,
    profile: [
      [44, -430],
      [32, -400],
      [34, -300],
      [96, -222],
      [122, -130],
      [106, -36],
      [78, 0],
    ],
  },
  globe: {
    lip: 58,
    height: 330,
    profile: [
      [58, -330],
      [52, -312],
      [130, -266],
      [172, -170],
      [146, -62],
      [84, -2],
    ],
  },
}

/** Dry grasses that lean out of a vase whose mouth is at the given height. */
function stems(pen: Pen, height: number, color: Color): string {
  const leaning = [
    [-150, -260],
    [-76, -330],
    [-6, -300],
    [70, -346],
    [134, -236],
  ] as const
  const stalks = leaning.map(
    ([x, rise]) => d`M${x * 0.06} ${20 - height}Q${x * 0.25} ${rise + 150 - height} ${x} ${rise - height}`,
  )
  const grain = `#${pen.shape('M0 0C-9-8-9-24 0-36C9-24 9-8 0 0Z')}`
  const grains = leaning.flatMap(([x, rise], stalk) =>
    Array.from({ length: stalk === 2 ? 0 : 6 }, (_, step) => {
      const side = step % 2 === 0 ? 1 : -1
      const [cx, cy] = [Math.round(x * (1 - step * 0.06)), Math.round(rise - height + step * 19)]
      return tag('use', {
        href: grain,
        transform: `translate(${cx} ${cy})rotate(${Math.round(side * 34 + x * 0.14)})`,
        fill: step % 3 === 0 ? lit(color, 0.3) : undefined,
      })
    }),
  )
  return stroked(stalks.join(''), shaded(color, 0.25), 4) + group({ fill: color }, ...grains)
}

/** A vase in one of three forms, empty or with dry grasses in it. */
export function vase(pen: Pen, { glaze, form = 'ionic', stems: straw, seed = 3 }: VaseLook): string {
  const { profile, lip, height, ears } = vaseForms[form]
  const handles = ears === undefined ? '' : bar(pen, ears, glaze, 24)
  return (
    floorShadow(pen, 108) +
    (straw === undefined ? '' : stems(pen, height, straw)) +
    handles +
    solid(pen, turned(profile), glaze, {
      paint: round(pen, glaze),
      texture: speckle(pen, shaded(glaze, 0.6), seed),
      light: 0.25,
    }) +
    mouth(pen, -height, lip, lip * 0.24, glaze, glaze, 7) +
    glow(pen, d`M-88 -262C-118 -214 -116 -150 -92 -100L-74 -106C-94 -150 -94 -206 -68 -256Z`, '#fffaf0', 0.42, 6)
  )
}

export type JugLook = { readonly glaze: Color; readonly clay?: Color; readonly seed?: number }

/** A pouring jug with a pulled lip and a strap handle. */
export function jug(pen: Pen, { glaze, clay = bisque, seed = 8 }: JugLook): string {
  const outline = d`M-112 -452C-96 -410 -92 -380 -100 -344C-116 -286 -166 -240 -168 -160C-170 -84 -138 -30 -110 0C-70 22 70 22 110 0C142 -34 168 -86 164 -160C160 -240 112 -286 98 -344C92 -380 94 -412 104 -436C40 -424 -40 -428 -112 -452Z`
  const strap = d`M92 -400C196 -432 236 -344 214 -262C202 -216 180 -190 150 -176`
  const waterline = d`M-200 -64C-130 -34 -70 -50 0 -38S150 -44 210 -66`
  return (
    floorShadow(pen, 140) +
    bar(pen, strap, glaze, 40) +
    path(
      d`M-112 -452C-60 -478 60 -470 104 -436C60 -420 -50 -416 -112 -452Z`,
      pen.fade(shaded(glaze, 0.5), shaded(glaze, 0.15), 'right'),
    ) +
    solid(pen, outline, glaze, {
      paint: round(pen, glaze),
      texture: speckle(pen, shaded(glaze, 0.6), seed),
      marks:
        path(`${waterline}V60H-220Z`, round(pen, clay, 0.25)) +
        stroked(waterline, shaded(glaze, 0.3), 5, { opacity: 0.6 }),
      light: 0.22,
    }) +
    stroked(d`M-112 -452C-40 -424 40 -422 104 -436`, lit(glaze, 0.5), 7, { 'stroke-linecap': 'round' }) +
    glow(pen, d`M-112 -250C-142 -200 -142 -140 -124 -92L-104 -98C-120 -144 -116 -200 -90 -248Z`, '#fffaf0', 0.42, 6)
  )
}
