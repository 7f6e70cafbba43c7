import { type Color, lit, mix, shaded } from '../color.ts'
import {
  dropShadow,
  floorShadow,
  glow,
  grain,
  metal,
  round,
  scatter,
  shadowColor,
  solid,
  turned,
  weave,
} from '../material.ts'
import { d, ellipse, group, line, type Pen, path, stroked, tag } from '../svg.ts'

export type ChairLook = { readonly wood: Color; readonly seat: Color }

/** A klismos, the Greek chair with sabre legs and a curved back, seen from the side. */
export function chair(pen: Pen, { wood, seat }: ChairLook): string {
  const limb = (outline: string, color: Color) =>
    solid(pen, outline, color, {
      texture: grain(pen, color, 'rotate(78)'),
      depth: 12,
      paint: pen.fade(lit(color, 0.25), shaded(color, 0.2), 'right'),
    })
  const frontLeg = d`M-150 -246C-132 -160 -150 -70 -236 -4L-206 4C-110 -58 -84 -150 -96 -246Z`
  const backLeg = d`M118 -246C106 -150 128 -66 222 4L250 -4C176 -76 154 -160 164 -246Z`
  const back = d`M118 -238C118 -330 150 -430 216 -510L246 -500C192 -420 166 -330 164 -238Z`
  const shift = (dx: number, dy: number, ...inner: string[]) => group({ transform: `translate(${dx} ${dy})` }, ...inner)
  const far = shaded(wood, 0.3)
  return (
    floorShadow(pen, 232, 0.75) +
    shift(40, -26, limb(frontLeg, far), limb(backLeg, far), limb(back, far)) +
    limb(frontLeg, wood) +
    limb(backLeg, wood) +
    solid(pen, d`M-168 -286C-60 -270 90 -270 196 -290L210 -262C90 -234 -70 -234 -172 -252Z`, wood, {
      texture: grain(pen, wood),
      depth: 12,
    }) +
    solid(
      pen,
      d`M-184 -288C-196 -322 -150 -336 -60 -334L150 -336C196 -334 214 -312 200 -288C80 -268 -70 -268 -184 -288Z`,
      seat,
      { texture: weave(pen, seat, 0.9), depth: 26 },
    ) +
    stroked(d`M-178 -292C-70 -276 90 -276 198 -294`, shaded(seat, 0.35), 3, {
      opacity: 0.6,
      'stroke-dasharray': '9 6',
    }) +
    limb(back, wood) +
    solid(
      pen,
      d`M146 -520C160 -556 262 -578 318 -552C328 -522 316 -470 292 -446C246 -462 190 -452 156 -440C140 -460 138 -494 146 -520Z`,
      wood,
      { texture: grain(pen, wood, 'rotate(-6)'), depth: 24 },
    ) +
    glow(pen, d`M168 -522C200 -548 250 -554 290 -546L288 -536C250 -542 206 -536 176 -512Z`, '#fff6e8', 0.5, 4)
  )
}

export type DrumLook = { readonly stone: Color; readonly vein: Color; readonly seed?: number }

/** A side table in the shape of a column drum: fluted, with a round top. */
export function drumTable(pen: Pen, { stone, vein, seed = 2 }: DrumLook): string {
  const [half, height] = [176, 400]
  const outline = d`M${-half} ${-height}V-16C${-half + 40} 30 ${half - 40} 30 ${half} -16V${-height}Z`
  const flutes = Array.from({ length: 13 }, (_, index) => {
    const angle = ((index + 0.5) / 13) * Math.PI
    const [x, w] = [-Math.cos(angle) * half, Math.sin(angle) * half * 0.095]
    const sink = Math.sin(angle) * 26
    return d`M${x - w} ${-height + 70 + sink}Q${x} ${-height + 42 + sink} ${x + w} ${-height + 70 + sink}V${-44 + sink}Q${x} ${-24 + sink} ${x - w} ${-44 + sink}Z`
  }).join('')
  const next = scatter(seed)
  const veins = Array.from({ length: 6 }, () => {
    const x = (next() - 0.5) * 380
    return d`M${x} -430C${x + 60 * next()} -300 ${x - 70 * next()} -180 ${x + 90 * next()} 30`
  }).join('')
  const top = d`M-206 -424V-396C-206 -362 206 -362 206 -396V-424Z`
  const veining = (opacity: number) =>
    stroked(veins, vein, 3, { opacity }) + stroked(veins, vein, 12, { opacity: opacity * 0.35, filter: pen.blur(6) })
  return (
    floorShadow(pen, 182) +
    solid(pen, outline, stone, {
      paint: round(pen, stone, 0.3),
      marks:
        veining(0.4) +
        path(
          flutes,
          pen.linear(
            [
              [0, shaded(stone, 0.45), 0.6],
              [0.55, shaded(stone, 0.25), 0.35],
              [1, lit(stone, 0.6), 0.65],
            ],
            'right',
          ),
        ),
      depth: 26,
      light: 0.1,
    }) +
    path(d`M-176 -380C-120 -350 120 -350 176 -380V-340C120 -312 -120 -312 -176 -340Z`, shadowColor, {
      opacity: 0.3,
      filter: pen.blur(8),
    }) +
    solid(pen, top, stone, { paint: round(pen, stone, 0.3), marks: veining(0.4), depth: 14, light: 0.1 }) +
    ellipse(0, -424, 206, 44, pen.fade(shaded(stone, 0.06), lit(stone, 0.5), 'diagonal')) +
    stroked(d`M-150 -440C-60 -420 -20 -440 60 -410S140 -420 180 -412`, vein, 3, { opacity: 0.4 }) +
    stroked(d`M-206 -424A206 44 0 0 0 206 -424`, lit(stone, 0.8), 3, { opacity: 0.7 })
  )
}

export type BenchLook = { readonly wood: Color; readonly iron?: Color }

/** A slatted garden bench, seen from the front. */
export function bench(pen: Pen, { wood, iron = '#3a3a38' }: BenchLook): string {
  const slat = (x: number, y: number, width: number, height: number) =>
    solid(
      pen,
      d`M${x} ${y + 6}Q${x} ${y} ${x + 8} ${y}H${x + width - 8}Q${x + width} ${y} ${x + width} ${y + 6}V${y + height - 5}Q${x + width} ${y + height} ${x + width - 8} ${y + height}H${x + 8}Q${x} ${y + height} ${x} ${y + height - 5}Z`,
      wood,
      { texture: grain(pen, wood, `translate(${y * 3} ${y})`), depth: 10 },
    )
  const leg = (x: number, lean: number) =>
    solid(pen, d`M${x - 15} -190H${x + 15}L${x + 15 + lean} 4H${x - 15 + lean}Z`, iron, { depth: 10 })
  const shadow = (y: number) =>
    path(d`M-300 ${y}H300V${y + 18}H-300Z`, shadowColor, { opacity: 0.35, filter: pen.blur(6) })
  return (
    floorShadow(pen, 310, 0.8) +
    leg(-262, -14) +
    leg(262, 14) +
    solid(pen, d`M-280 -420H-250V-160H-280ZM250 -420H280V-160H250Z`, iron, { depth: 10 }) +
    [-404, -342, -280].map((y) => slat(-316, y, 632, 44)).join('') +
    shadow(-196) +
    slat(-324, -226, 648, 24) +
    slat(-332, -198, 664, 30) +
    line(d`M-322 -226C-336 -260 -326 -300 -284 -300M322 -226C336 -260 326 -300 284 -300`, iron, 15) +
    line(d`M-324 -232C-334 -262 -322 -296 -288 -298`, lit(iron, 0.5), 4, { opacity: 0.6 }) +
    path(d`M-262 -70H262V-58H-262Z`, iron)
  )
}

export type MirrorLook = { readonly frame: Color }

/** An arched mirror that leans against the wall; in it, the arches of the other side. */
export function mirror(pen: Pen, { frame }: MirrorLook): string {
  const outer = d`M-186 0V-372A186 186 0 0 1 186 -372V0Z`
  const inner = d`M-164 -20V-372A164 164 0 0 1 164 -372V-20Z`
  const far = d`M-40 -20V-250A70 70 0 0 1 100 -250V-20ZM130 -20V-250A70 70 0 0 1 270 -250V-20ZM-210 -20V-250A70 70 0 0 1 -70 -250V-20Z`
  return (
    floorShadow(pen, 190, 0.8) +
    path(d`M-176 0V-372A186 186 0 0 1 216 -372L236 0Z`, shadowColor, { opacity: 0.25, filter: pen.blur(14) }) +
    solid(pen, outer, frame, {
      paint: pen.linear(
        [
          [0, lit(frame, 0.6)],
          [0.35, frame],
          [0.6, shaded(frame, 0.25)],
          [1, lit(frame, 0.15)],
        ],
        'diagonal',
      ),
      depth: 14,
    }) +
    group(
      { 'clip-path': pen.clip(inner) },
      path(
        inner,
        pen.linear(
          [
            [0, '#cfdad8'],
            [0.5, '#e9ebe4'],
            [1, '#c3c9c4'],
          ],
          'down',
        ),
      ),
      path(far, pen.fade('#f9f3e2', '#dbe3dc'), { opacity: 0.85 }),
      path(d`M-164 -70C-60 -96 60 -60 164 -86V-20H-164Z`, '#a9b3a0', { opacity: 0.5 }),
      path(d`M-200 -60L40 -600H110L-130 -20ZM-70 -20L150 -520H176L-40 -20Z`, '#ffffff', { opacity: 0.34 }),
      tag('use', {
        href: `#${pen.shape(inner)}`,
        fill: 'none',
        stroke: shadowColor,
        'stroke-width': 16,
        opacity: 0.35,
        filter: pen.blur(6),
      }),
    ) +
    stroked(inner, shaded(frame, 0.45), 3, { opacity: 0.7 })
  )
}

export type ClockLook = { readonly face: Color; readonly ring: Color; readonly hand?: Color }

/** A wall clock with a rim and twelve strokes, at ten past ten. */
export function clock(pen: Pen, { face, ring, hand = '#c4704f' }: ClockLook): string {
  const ink = mix(face, '#1d1a18', 0.82)
  const rim = d`M-270 0A270 270 0 1 1 270 0A270 270 0 1 1 -270 0Z`
  const strokes = Array.from({ length: 12 }, (_, hour) =>
    path(hour % 3 === 0 ? 'M-7 -214h14v52h-14z' : 'M-3.5 -212h7v28h-7z', ink, { transform: `rotate(${hour * 30})` }),
  ).join('')
  const pointer = (outline: string, color: Color, degrees: number) =>
    path(outline, shadowColor, { opacity: 0.35, transform: `translate(7 9) rotate(${degrees})`, filter: pen.blur(4) }) +
    path(outline, color, { transform: `rotate(${degrees})` })
  return (
    dropShadow(pen, rim, 18) +
    solid(pen, rim, ring, {
      texture: grain(pen, ring, 'rotate(20)'),
      depth: 22,
      paint: pen.fade(lit(ring, 0.4), shaded(ring, 0.25), 'diagonal'),
    }) +
    ellipse(0, 0, 236, 236, shaded(face, 0.3)) +
    ellipse(
      2,
      3,
      233,
      233,
      pen.linear(
        [
          [0, shaded(face, 0.1)],
          [0.4, face],
          [1, lit(face, 0.4)],
        ],
        'diagonal',
      ),
    ) +
    strokes +
    pointer('M-9 26L-6 -122Q0 -132 6 -122L9 26Z', ink, 305) +
    pointer('M-7 34L-4 -186Q0 -194 4 -186L7 34Z', ink, 60) +
    pointer('M-2.5 60V-196H2.5V60Z', hand, 210) +
    ellipse(0, 0, 14, 14, hand) +
    ellipse(-3, -3, 5, 5, lit(hand, 0.6)) +
    path(d`M-190 -110A220 220 0 0 1 60 -212L46 -176A190 190 0 0 0 -160 -92Z`, '#ffffff', { opacity: 0.14 })
  )
}

export type BoardLook = { readonly wood: Color; readonly form?: 'paddle' | 'round' }

/** A serving board seen from above. */
export function board(pen: Pen, { wood, form = 'paddle' }: BoardLook): string {
  const outline =
    form === 'paddle'
      ? d`M-150 -130C-150 -176 -96 -176 -62 -196C-42 -210 -44 -250 -44 -296C-44 -336 44 -336 44 -296C44 -250 42 -210 62 -196C96 -176 150 -176 150 -130V250C150 300 112 316 70 316H-70C-112 316 -150 300 -150 250Z`
      : d`M-250 40C-250 -90 -160 -160 -66 -190C-44 -200 -40 -230 -40 -274C-40 -316 40 -316 40 -274C40 -230 44 -200 66 -190C160 -160 250 -90 250 40C250 180 140 290 0 290C-140 290 -250 180 -250 40Z`
  const y = form === 'paddle' ? -286 : -264
  return (
    dropShadow(pen, outline, 16) +
    solid(pen, outline, wood, {
      texture: grain(pen, wood, 'rotate(88) scale(1.5)'),
      marks:
        stroked(
          d`M-60 320C-40 120 -90 40 -30 -120S10 -260 0 -330M70 320C60 200 110 80 70 -60S30 -180 22 -300`,
          shaded(wood, 0.45),
          7,
          { opacity: 0.45 },
        ) + ellipse(-66, 120, 26, 44, shaded(wood, 0.4), { opacity: 0.35, filter: pen.blur(5) }),
      depth: 18,
      paint: pen.linear(
        [
          [0, lit(wood, 0.22)],
          [0.5, wood],
          [1, shaded(wood, 0.16)],
        ],
        'diagonal',
      ),
    }) +
    ellipse(0, y, 15, 15, shaded(wood, 0.62)) +
    stroked(d`M0 ${y}C-46 ${y - 70} 60 ${y - 60} 8 ${y - 6}`, '#4b3526', 5, { 'stroke-linecap': 'round' })
  )
}

export type StoolLook = { readonly wood: Color }

/** A three-legged stool with a turned seat. */
export function stool(pen: Pen, { wood }: StoolLook): string {
  const leg = (x: number, foot: number, color: Color) =>
    solid(pen, d`M${x - 17} -330H${x + 17}L${foot + 13} 4H${foot - 13}Z`, color, {
      texture: grain(pen, color, 'rotate(84)'),
      depth: 10,
    })
  const seat = turned(
    [
      [188, -376],
      [194, -352],
      [176, -326],
      [150, -318],
    ],
    0.12,
  )
  return (
    floorShadow(pen, 176, 0.7) +
    leg(14, 34, shaded(wood, 0.3)) +
    path(d`M-120 -132L128 -150L126 -132L-120 -114Z`, metal(pen, shaded(wood, 0.2), 'down')) +
    leg(-104, -158, wood) +
    leg(116, 168, wood) +
    solid(pen, seat, wood, { paint: round(pen, wood, 0.3), depth: 16 }) +
    ellipse(0, -376, 188, 38, pen.fade(shaded(wood, 0.06), lit(wood, 0.35), 'diagonal')) +
    ellipse(0, -376, 188, 38, grain(pen, wood)) +
    ellipse(0, -371, 140, 25, shaded(wood, 0.3), { opacity: 0.3, filter: pen.blur(9) })
  )
}
