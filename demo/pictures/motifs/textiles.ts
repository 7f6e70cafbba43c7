import { type Color, lit, shaded } from '../color.ts'
import { bar, dropShadow, floorShadow, knit, meander, shadowColor, solid, weave } from '../material.ts'
import { d, ellipse, group, line, type Pen, path, stroked, tag } from '../svg.ts'

export type Weave = 'plain' | 'stripe' | 'check' | 'herringbone' | 'meander'

/** The figure woven into a cloth, as a paint for the whole of it. */
export function clothPattern(pen: Pen, figure: Weave, second: Color, transform?: string): string | undefined {
  switch (figure) {
    case 'plain':
      return undefined
    case 'stripe':
      return pen.pattern(10, 96, path('M0 12h10v22H0zM0 44h10v6H0z', second, { opacity: 0.9 }), transform)
    case 'check':
      return pen.pattern(
        92,
        92,
        path('M0 10h92v30H0z', second, { opacity: 0.5 }) +
          path('M10 0h30v92H10z', second, { opacity: 0.5 }) +
          path('M0 64h92v4H0zM64 0h4v92h-4z', second, { opacity: 0.75 }),
        transform,
      )
    case 'herringbone':
      return pen.pattern(
        44,
        16,
        tag('path', {
          d: 'M0 16L22 0L44 16M0 24L22 8L44 24M0 8L22 -8L44 8',
          fill: 'none',
          stroke: second,
          'stroke-width': 3,
          opacity: 0.55,
        }),
        transform,
      )
    case 'meander':
      return meander(pen, second, transform)
  }
}

function fringe(from: number, to: number, y: number, length: number, color: Color): string {
  const count = Math.round((to - from) / 11)
  const threads = Array.from({ length: count }, (_, index) => {
    const x = from + ((index + 0.5) * (to - from)) / count
    const lean = ((index * 37) % 9) - 4
    return d`M${x} ${y}Q${x + lean} ${y + length * 0.6} ${x + lean * 0.5} ${y + length + ((index * 53) % 7) - 3}`
  }).join('')
  return (
    stroked(threads, shaded(color, 0.3), 5, { transform: 'translate(1.5 1)' }) + stroked(threads, lit(color, 0.08), 4)
  )
}

export type ThrowLook = { readonly wool: Color; readonly second: Color; readonly figure: Weave; readonly rod?: Color }

/** A blanket that hangs in folds over a rod; the origin is the middle of the rod. */
export function throwBlanket(pen: Pen, { wool, second, figure, rod = '#a8774a' }: ThrowLook): string {
  const front = d`M-190 -22C-190 -44 -176 -52 -150 -52H150C176 -52 192 -44 192 -22C200 120 194 300 202 436C120 452 -110 452 -204 436C-194 300 -198 120 -190 -22Z`
  const back = d`M-150 -40H170C196 0 214 200 226 352H-170Z`
  const folds = (offset: number) =>
    [-128, -52, 34, 118]
      .map(
        (x, index) =>
          d`M${x + offset} -30C${x - 10 + offset} 120 ${x + 16 + offset + index * 4} 280 ${x + offset + (index - 1.5) * 10} 444`,
      )
      .join('')
  return (
    path(d`M-160 0H230L260 460H-130Z`, shadowColor, { opacity: 0.26, filter: pen.blur(22) }) +
    solid(pen, back, shaded(wool, 0.3), { depth: 20 }) +
    fringe(150, 224, 350, 40, shaded(wool, 0.3)) +
    line(d`M-420 -34H420`, shaded(rod, 0.35), 34) +
    line(d`M-420 -37H420`, pen.fade(lit(rod, 0.5), rod), 26, { stroke: rod }) +
    line(d`M-420 -43H420`, lit(rod, 0.5), 5, { opacity: 0.7 }) +
    fringe(-198, 198, 436, 46, wool) +
    solid(pen, front, wool, {
      marks:
        (figure === 'plain' ? '' : path(front, clothPattern(pen, figure, second) ?? 'none')) +
        path(front, weave(pen, wool, 1.1)) +
        stroked(folds(0), shaded(wool, 0.55), 26, { opacity: 0.34, filter: pen.blur(12) }) +
        stroked(folds(-30), lit(wool, 0.6), 22, { opacity: 0.3, filter: pen.blur(12) }) +
        path(d`M-210 -60H210V-26C100 -14 -100 -14 -210 -26Z`, lit(wool, 0.5), { opacity: 0.35, filter: pen.blur(8) }),
      depth: 26,
      light: 0.25,
    })
  )
}

export type CushionLook = { readonly cloth: Color; readonly second: Color; readonly figure: Weave }

/** A square cushion that stands on its edge, with a piped seam. */
export function cushion(pen: Pen, { cloth, second, figure }: CushionLook): string {
  const outline = d`M-232 -440C-190 -410 -120 -420 0 -420C120 -420 190 -410 232 -440C250 -452 258 -444 250 -424C228 -370 236 -300 236 -216C236 -130 230 -70 250 -20C258 4 248 12 228 2C180 -20 110 -12 0 -12C-110 -12 -180 -20 -228 2C-248 12 -258 4 -250 -20C-230 -70 -236 -130 -236 -216C-236 -300 -228 -370 -250 -424C-258 -444 -250 -452 -232 -440Z`
  return (
    floorShadow(pen, 224) +
    solid(pen, outline, cloth, {
      paint: pen.radial(
        [
          [0, lit(cloth, 0.22)],
          [0.5, cloth],
          [1, shaded(cloth, 0.22)],
        ],
        [0.4, 0.36, 0.75],
      ),
      marks:
        (figure === 'plain'
          ? ''
          : path(
              outline,
              clothPattern(
                pen,
                figure,
                second,
                figure === 'meander' ? 'translate(-240 -424) scale(1.36)' : 'translate(0 8)',
              ) ?? 'none',
            )) +
        path(outline, weave(pen, cloth, 1.2)) +
        stroked(
          d`M-240 -430C-200 -380 -190 -350 -150 -330M240 -430C200 -380 186 -350 150 -334M-240 -4C-204 -46 -186 -80 -140 -96M240 -4C204 -46 190 -76 150 -92`,
          shaded(cloth, 0.5),
          16,
          { opacity: 0.4, filter: pen.blur(8) },
        ),
      depth: 60,
      shade: 0.55,
      light: 0.3,
    }) +
    stroked(outline, shaded(second, 0.12), 7, { 'stroke-linejoin': 'round' }) +
    stroked(outline, lit(second, 0.4), 2, { transform: 'translate(-1.5 -1.5)', opacity: 0.8 })
  )
}

export type NapkinsLook = { readonly linen: Color; readonly hem: Color }

/** Four folded napkins and one in a ring, seen from above. */
export function napkins(pen: Pen, { linen, hem }: NapkinsLook): string {
  const square = d`M-196 -192Q-190 -200 -180 -198L180 -192Q194 -192 194 -180L198 178Q198 194 184 194L-182 198Q-196 198 -196 184Z`
  const folded = (turn: number, dx: number, dy: number) =>
    group(
      { transform: `translate(${dx} ${dy}) rotate(${turn})` },
      dropShadow(pen, square, 9),
      solid(pen, square, linen, {
        texture: weave(pen, linen, 1.1),
        depth: 18,
        marks:
          stroked(d`M-178 -178H178V178H-178Z`, hem, 4, { 'stroke-dasharray': '10 6', opacity: 0.8 }) +
          path(d`M-4 -200H6V200H-4Z`, shaded(linen, 0.35), { opacity: 0.28, filter: pen.blur(5) }),
      }),
    )
  const roll = d`M-236 -52C-250 -20 -250 20 -236 52C-120 36 -60 24 0 24S120 36 236 52C250 20 250 -20 236 -52C120 -36 60 -24 0 -24S-120 -36 -236 -52Z`
  return (
    folded(-7, -34, -44) +
    folded(5, 6, -20) +
    group(
      { transform: 'translate(20 70) rotate(-28)' },
      dropShadow(pen, roll, 10),
      solid(pen, roll, linen, {
        texture: weave(pen, linen, 1.1),
        depth: 22,
        marks: stroked(
          d`M-240 -20C-120 -14 -60 -6 0 -6S120 -14 240 -20M-240 24C-120 16 -60 8 0 8S120 16 240 22`,
          shaded(linen, 0.5),
          5,
          { opacity: 0.4, filter: pen.blur(3) },
        ),
      }),
      solid(pen, d`M-26 -40C-16 -46 16 -46 26 -40V40C16 46 -16 46 -26 40Z`, '#b8874f', {
        paint: pen.linear(
          [
            [0, '#8a5c30'],
            [0.3, '#e2bd8a'],
            [0.6, '#b8874f'],
            [1, '#7a4e28'],
          ],
          'down',
        ),
        depth: 8,
      }),
    )
  )
}

export type BlanketRollLook = { readonly cloth: Color; readonly second: Color; readonly leather?: Color }

/** A rolled picnic blanket in a leather carrier. */
export function blanketRoll(pen: Pen, { cloth, second, leather = '#8a5a36' }: BlanketRollLook): string {
  const roll = d`M-236 -236H220C262 -236 290 -180 290 -116C290 -52 262 4 220 4H-236C-278 4 -300 -52 -300 -116C-300 -180 -278 -236 -236 -236Z`
  const strap = (x: number) =>
    solid(
      pen,
      d`M${x - 22} -240C${x - 34} -180 ${x - 34} -60 ${x - 22} 8H${x + 22}C${x + 10} -60 ${x + 10} -180 ${x + 22} -240Z`,
      leather,
      { depth: 10 },
    ) +
    stroked(d`M${x - 22} -110h26v-34h-26z`, '#d8b25f', 6) +
    line(d`M${x - 10} -127h16`, '#d8b25f', 4)
  const spiral = d`M222 -116m0 0c0 -22 34 -22 34 6c0 34 -66 34 -66 -8c0 -52 84 -52 88 2c2 60 -84 70 -104 20c-20 -62 26 -116 70 -106`
  const handle = d`M-122 -240C-120 -350 104 -350 106 -240`
  return (
    floorShadow(pen, 288) +
    bar(pen, handle, leather, 32, 0) +
    line(d`M-116 -262C-100 -330 84 -332 96 -262`, lit(leather, 0.5), 3, { 'stroke-dasharray': '8 6', opacity: 0.8 }) +
    solid(pen, roll, cloth, {
      marks:
        path(roll, clothPattern(pen, 'check', second, 'translate(0 -20)') ?? 'none') +
        path(roll, weave(pen, cloth, 1.2)),
      paint: pen.linear(
        [
          [0, lit(cloth, 0.2)],
          [0.3, lit(cloth, 0.3)],
          [1, shaded(cloth, 0.3)],
        ],
        'down',
      ),
      depth: 50,
      shade: 0.6,
    }) +
    ellipse(222, -116, 68, 118, pen.fade(shaded(cloth, 0.08), shaded(cloth, 0.34), 'diagonal')) +
    stroked(spiral, shaded(cloth, 0.5), 7, { opacity: 0.75 }) +
    stroked(d`M222 -234A68 118 0 0 1 222 2`, second, 9, { opacity: 0.6 }) +
    strap(-122) +
    strap(106)
  )
}

export type ScarfLook = { readonly wool: Color; readonly second: Color; readonly figure: Weave }

/** A scarf laid in a loop with both ends out, as it would sit at the neck. */
export function scarf(pen: Pen, { wool, second, figure }: ScarfLook): string {
  const panel = d`M-74 -150C-60 -60 -92 40 -96 214C-40 222 40 222 96 214C92 80 76 -40 72 -150Z`
  const far = d`M-196 -196C-190 -330 190 -330 196 -196C120 -246 -120 -246 -196 -196Z`
  const near = d`M-204 -214C-214 -120 -120 -74 0 -72C120 -74 214 -120 204 -214C196 -236 178 -232 170 -214C130 -186 70 -176 0 -176C-70 -176 -130 -186 -170 -214C-178 -232 -196 -236 -204 -214Z`
  const stripes = (shift: number) =>
    figure === 'plain' ? '' : (clothPattern(pen, figure, second, `translate(0 ${shift})`) ?? '')
  const end = (turn: number, dx: number, dy: number, shift: number) =>
    group(
      { transform: `translate(${dx} ${dy}) rotate(${turn})` },
      dropShadow(pen, panel, 12),
      fringe(-94, 94, 212, 58, wool),
      solid(pen, panel, wool, {
        marks:
          (figure === 'plain' ? '' : path(panel, stripes(shift))) +
          path(panel, knit(pen, wool, 0.9)) +
          stroked(d`M-30 -160C-20 -40 -44 80 -34 220M34 -160C26 -20 44 80 40 220`, shaded(wool, 0.5), 18, {
            opacity: 0.3,
            filter: pen.blur(10),
          }) +
          path(d`M-140 -170H140V-76C60 -50 -60 -50 -140 -76Z`, shadowColor, { opacity: 0.4, filter: pen.blur(14) }),
        depth: 34,
      }),
    )
  const band = (outline: string, color: Color, dark: number) =>
    solid(pen, outline, color, {
      marks:
        path(outline, knit(pen, color, 0.9)) +
        stroked(
          d`M-190 -170C-90 -110 90 -112 190 -180M-180 -210C-80 -140 80 -146 180 -216M-180 -250C-80 -290 80 -290 180 -250`,
          shaded(color, 0.5),
          14,
          { opacity: dark, filter: pen.blur(8) },
        ),
      depth: 40,
    })
  return group(
    { transform: 'translate(0 30)' },
    stroked(d`M-180 -196C-174 -312 174 -312 180 -196C174 -90 -174 -90 -180 -196Z`, shadowColor, 56, {
      opacity: 0.34,
      transform: 'translate(14 18)',
      filter: pen.blur(14),
    }),
    band(far, shaded(wool, 0.14), 0.3),
    end(-13, 78, 6, 30),
    end(9, -44, 24, 52),
    dropShadow(pen, near, 9, 0.8),
    band(near, wool, 0.34),
    figure === 'plain'
      ? ''
      : stroked(d`M-118 -196L-140 -106M118 -196L140 -106M-30 -178L-34 -74`, second, 15, { opacity: 0.8 }),
  )
}
