import { type Color, lit, mix, shaded } from '../color.ts'
import { bar, floorShadow, glow, metal, round, solid, turned } from '../material.ts'
import { d, ellipse, line, type Pen, path, stroked, tag } from '../svg.ts'

const lamplight: Color = '#ffe2a6'

function halo(pen: Pen, cx: number, cy: number, r: number, strength: number): string {
  return ellipse(
    cx,
    cy,
    r,
    r * 0.9,
    pen.radial([
      [0, lamplight, strength],
      [0.45, lamplight, strength * 0.35],
      [1, lamplight, 0],
    ]),
  )
}

export type TableLampLook = { readonly shade: Color; readonly foot: Color }

/** A dome on a turned foot. */
export function tableLamp(pen: Pen, { shade, foot }: TableLampLook): string {
  const dome = d`M-222 -300C-222 -420 -126 -492 0 -492C126 -492 222 -420 222 -300C150 -276 -150 -276 -222 -300Z`
  const stem = turned(
    [
      [34, -330],
      [36, -250],
      [52, -150],
      [96, -40],
      [112, -14],
      [112, 2],
    ],
    0.13,
  )
  return (
    floorShadow(pen, 116) +
    halo(pen, 0, -200, 340, 0.55) +
    solid(pen, stem, foot, { paint: round(pen, foot), depth: 24, light: 0.15 }) +
    path(d`M-40 -296H40L34 -200C12 -192 -12 -192 -34 -200Z`, lamplight, { opacity: 0.5, filter: pen.blur(10) }) +
    ellipse(0, -299, 221, 28, shaded(mix(shade, lamplight, 0.6), 0.12)) +
    ellipse(0, -296, 170, 18, '#fff6dd', { filter: pen.blur(7) }) +
    solid(pen, dome, shade, {
      paint: pen.radial(
        [
          [0, lit(shade, 0.6)],
          [0.4, lit(shade, 0.12)],
          [0.8, shaded(shade, 0.16)],
          [1, shaded(shade, 0.32)],
        ],
        [0.34, 0.22, 0.9],
      ),
      depth: 34,
      shade: 0.4,
    }) +
    stroked(d`M-221 -300C-150 -276 150 -276 221 -300`, mix(lit(shade, 0.5), lamplight, 0.6), 5, { opacity: 0.9 }) +
    glow(pen, d`M-150 -418C-190 -384 -200 -346 -202 -324L-182 -320C-180 -350 -160 -386 -130 -408Z`, '#fffaf0', 0.5, 6) +
    ellipse(0, -492, 18, 8, shaded(foot, 0.2)) +
    ellipse(0, -497, 12, 8, pen.ball(lit(foot, 0.6), shaded(foot, 0.25)))
  )
}

export type PendantLook = { readonly shade: Color; readonly inside: Color }

/** A bell that hangs from its cord; the origin is the middle of its rim. */
export function pendant(pen: Pen, { shade, inside }: PendantLook): string {
  const bell = turned(
    [
      [30, -318],
      [40, -286],
      [74, -234],
      [148, -160],
      [214, -66],
      [240, 0],
    ],
    0.001,
  )
  const reeds = [-0.78, -0.52, -0.26, 0, 0.26, 0.52, 0.78]
    .map((share) => d`M${share * 40} -280C${share * 90} -220 ${share * 190} -130 ${share * 240} 26`)
    .join('')
  return (
    line(d`M0 -700V-330`, shaded(shade, 0.5), 5) +
    halo(pen, 0, 60, 380, 0.6) +
    path(
      d`M-200 20L-330 420H330L200 20Z`,
      pen.linear(
        [
          [0, lamplight, 0.34],
          [1, lamplight, 0],
        ],
        'down',
      ),
      { filter: pen.blur(12) },
    ) +
    ellipse(0, 0, 240, 46, pen.fade(shaded(inside, 0.25), lit(mix(inside, lamplight, 0.5), 0.4))) +
    ellipse(0, 4, 66, 17, '#fffbe9', { filter: pen.blur(5) }) +
    ellipse(0, 4, 120, 26, '#fff1c9', { opacity: 0.8, filter: pen.blur(12) }) +
    solid(pen, bell, shade, {
      paint: round(pen, shade, 0.4),
      marks:
        stroked(reeds, shaded(shade, 0.45), 5, { opacity: 0.28 }) +
        stroked(reeds, lit(shade, 0.6), 3, { opacity: 0.28, transform: 'translate(5 0)' }),
      depth: 26,
      light: 0.2,
    }) +
    path(d`M-30 -346C-30 -360 30 -360 30 -346L34 -312C16 -304 -16 -304 -34 -312Z`, metal(pen, '#c49a4a')) +
    glow(pen, d`M-92 -190C-140 -140 -176 -86 -190 -44L-172 -42C-154 -86 -120 -136 -74 -180Z`, '#fffaf0', 0.45, 6)
  )
}

export type TaskLampLook = { readonly enamel: Color; readonly joint?: Color }

/** A desk lamp on two arms with a round foot. */
export function taskLamp(pen: Pen, { enamel, joint = '#c49a4a' }: TaskLampLook): string {
  const foot = turned(
    [
      [122, -26],
      [128, -12],
      [126, 4],
    ],
    0.16,
  )
  const [elbow, head] = [
    [116, -260],
    [-70, -440],
  ] as const
  const arm = (outline: string) => bar(pen, outline, enamel, 22)
  const knob = (x: number, y: number, r: number) =>
    tag('circle', {
      cx: x,
      cy: y,
      r,
      fill: pen.ball(lit(joint, 0.7), joint, shaded(joint, 0.5)),
    })
  const shadeOutline = d`M-62 -128C-30 -140 30 -140 62 -128C66 -80 120 -30 146 14C90 34 -90 34 -146 14C-120 -30 -66 -80 -62 -128Z`
  return (
    floorShadow(pen, 130) +
    path(
      d`M-300 0L-168 -356L-48 -322L80 0Z`,
      pen.linear(
        [
          [0, lamplight, 0.6],
          [1, lamplight, 0.05],
        ],
        'down',
      ),
      { filter: pen.blur(14) },
    ) +
    ellipse(-130, 6, 190, 22, lamplight, { opacity: 0.5, filter: pen.blur(14) }) +
    solid(pen, foot, enamel, { paint: round(pen, enamel), depth: 16 }) +
    ellipse(0, -26, 122, 20, pen.fade(lit(enamel, 0.4), shaded(enamel, 0.12), 'diagonal')) +
    arm(d`M40 -34L${elbow[0]} ${elbow[1]}`) +
    arm(d`M${elbow[0]} ${elbow[1]}L${head[0]} ${head[1]}`) +
    knob(40, -36, 20) +
    knob(elbow[0], elbow[1], 23) +
    tag(
      'g',
      { transform: `translate(-94 -382) rotate(14)` },
      ellipse(0, 14, 146, 24, '#fff3cf'),
      ellipse(0, 14, 92, 14, '#ffffff', { filter: pen.blur(5) }),
      solid(pen, shadeOutline, enamel, { paint: round(pen, enamel, 0.45), depth: 26, light: 0.25 }),
      path(d`M-30 -134C-30 -168 30 -168 30 -134C14 -128 -14 -128 -30 -134Z`, metal(pen, joint)),
      glow(pen, d`M-54 -84C-76 -52 -94 -28 -108 -4L-92 0C-76 -28 -58 -50 -40 -80Z`, '#fffaf0', 0.55, 5),
    ) +
    knob(head[0] + 2, head[1] - 2, 22)
  )
}

export type LanternLook = { readonly frame: Color; readonly wax?: Color }

/** A lantern with glass sides and a candle burning in it. */
export function lantern(pen: Pen, { frame, wax = '#f3e7cf' }: LanternLook): string {
  const bar = metal(pen, frame)
  const post = (x: number) => path(d`M${x - 9} -296H${x + 9}V-26H${x - 9}Z`, bar)
  return (
    floorShadow(pen, 150) +
    stroked(d`M-76 -390C-84 -500 84 -500 76 -390`, shaded(frame, 0.2), 11, { 'stroke-linecap': 'round' }) +
    stroked(d`M-76 -392C-82 -496 78 -496 74 -400`, lit(frame, 0.5), 3, { opacity: 0.7 }) +
    path(d`M-140 -296H140V-26H-140Z`, '#fff4d8', { opacity: 0.3 }) +
    halo(pen, 0, -168, 250, 0.85) +
    path(d`M-52 -34V-140C-30 -150 30 -150 52 -140V-34C20 -26 -20 -26 -52 -34Z`, round(pen, wax, 0.5)) +
    ellipse(0, -142, 52, 10, '#fff6df') +
    stroked(d`M0 -142V-158`, '#4a382a', 4) +
    path(
      d`M0 -232C20 -196 24 -176 0 -154C-24 -176 -20 -196 0 -232Z`,
      pen.linear(
        [
          [0, '#fff3bd'],
          [0.6, '#ffc35a'],
          [1, '#f08a2c'],
        ],
        'down',
      ),
    ) +
    path(d`M0 -204C9 -186 10 -174 0 -162C-10 -174 -9 -186 0 -204Z`, '#fffdf0') +
    path(d`M-128 -290L-40 -290L-112 -34H-128Z`, '#ffffff', { opacity: 0.22 }) +
    post(-140) +
    post(140) +
    path(d`M-160 -30H160L172 0C60 14 -60 14 -172 0Z`, bar) +
    path(d`M-164 -294C-158 -322 -96 -356 -78 -384H78C96 -356 158 -322 164 -294C60 -282 -60 -282 -164 -294Z`, bar) +
    path(d`M-84 -384C-84 -402 84 -402 84 -384C40 -376 -40 -376 -84 -384Z`, bar) +
    path([-48, -16, 16, 48].map((x) => d`M${x - 6} -318a6 12 0 0 1 12 0v8h-12z`).join(''), '#ffdf9a', { opacity: 0.9 })
  )
}

export type CandleLook = { readonly wax: Color; readonly count?: 1 | 2 | 3; readonly flames?: boolean }

/** Fluted pillar candles, like small columns. */
export function candles(pen: Pen, { wax, count = 3, flames = true }: CandleLook): string {
  const places = [
    { x: -138, width: 68, height: 250 },
    { x: 128, width: 68, height: 190 },
    { x: -4, width: 72, height: 350 },
  ].slice(3 - count)
  return places
    .map(({ x, width, height }) =>
      tag('g', { transform: `translate(${x} ${height === 350 ? 0 : 12})` }, pillar(pen, wax, width, height, flames)),
    )
    .join('')
}

function pillar(pen: Pen, wax: Color, halfWidth: number, height: number, flame: boolean): string {
  const outline = d`M${-halfWidth} ${-height}V-6C${-halfWidth * 0.6} 16 ${halfWidth * 0.6} 16 ${halfWidth} -6V${-height}Z`
  const flutes = Array.from({ length: 9 }, (_, index) => {
    const angle = ((index + 0.5) / 9) * Math.PI
    const [x, w] = [-Math.cos(angle) * halfWidth, Math.sin(angle) * halfWidth * 0.13]
    return d`M${x - w} ${-height + 22}Q${x} ${-height + 12} ${x + w} ${-height + 22}V-14H${x - w}Z`
  }).join('')
  return (
    floorShadow(pen, halfWidth, 0.9) +
    (flame ? halo(pen, 0, -height - 44, 190, 0.6) : '') +
    solid(pen, outline, wax, {
      paint: round(pen, wax, 0.5),
      marks: path(
        flutes,
        pen.linear(
          [
            [0, shaded(wax, 0.4), 0.5],
            [0.6, shaded(wax, 0.2), 0.25],
            [1, lit(wax, 0.7), 0.5],
          ],
          'right',
        ),
      ),
      depth: 18,
      light: 0.1,
    }) +
    (flame
      ? path(
          d`M${-halfWidth} ${-height}H${halfWidth}V${-height + 90}H${-halfWidth}Z`,
          pen.linear(
            [
              [0, '#fff1cd', 0.75],
              [1, '#fff1cd', 0],
            ],
            'down',
          ),
        )
      : '') +
    ellipse(0, -height, halfWidth, halfWidth * 0.2, pen.fade(shaded(wax, 0.08), lit(wax, 0.5), 'diagonal')) +
    stroked(d`M0 ${-height}C2 ${-height - 10} -2 ${-height - 14} 1 ${-height - 24}`, '#3d2d22', 4, {
      'stroke-linecap': 'round',
    }) +
    (flame
      ? path(
          d`M0 ${-height - 92}C19 ${-height - 58} 22 ${-height - 38} 0 ${-height - 16}C-22 ${-height - 38} -19 ${-height - 58} 0 ${-height - 92}Z`,
          pen.linear(
            [
              [0, '#fff3bd'],
              [0.6, '#ffc35a'],
              [1, '#f08a2c'],
            ],
            'down',
          ),
        ) +
        path(
          d`M0 ${-height - 62}C9 ${-height - 44} 10 ${-height - 34} 0 ${-height - 24}C-10 ${-height - 34} -9 ${-height - 44} 0 ${-height - 62}Z`,
          '#fffdf0',
        )
      : '')
  )
}
