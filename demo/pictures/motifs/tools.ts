import { type Color, lit, shaded } from '../color.ts'
import { dropShadow, floorShadow, glow, grain, metal, mouth, round, solid, speckle, turned } from '../material.ts'
import { d, ellipse, group, type Pen, path, stroked, tag } from '../svg.ts'

const steel: Color = '#bfc3c4'

function blade(pen: Pen, color: Color = steel): string {
  return pen.linear(
    [
      [0, lit(color, 0.75)],
      [0.3, color],
      [0.5, lit(color, 0.5)],
      [0.75, shaded(color, 0.3)],
      [1, shaded(color, 0.45)],
    ],
    'right',
  )
}

export type ShearsLook = { readonly handle: Color }

/** Paper shears, a little open. */
export function shears(pen: Pen, { handle }: ShearsLook): string {
  const half = (side: 1 | -1) => {
    const cut = d`M-4 8C-20 -90 -16 -220 10 -322C26 -250 34 -100 30 8Z`
    const bow = d`M4 0C30 40 34 70 24 104C-10 120 -60 150 -62 214C-62 262 -24 292 20 284C66 276 84 232 78 184C74 148 56 120 56 96C58 60 52 30 36 0ZM16 140C40 146 46 170 46 194C46 226 32 248 12 250C-14 252 -30 236 -28 208C-26 172 -6 146 16 140Z`
    return group(
      { transform: `scale(${side} 1) rotate(11)` },
      dropShadow(pen, cut, 9),
      path(cut, blade(pen)),
      stroked(d`M12 -312C24 -240 30 -110 26 4`, '#ffffff', 2.5, { opacity: 0.8 }),
      group(
        { transform: 'rotate(17)' },
        tag('use', {
          href: `#${pen.shape(bow)}`,
          'fill-rule': 'evenodd',
          fill: '#3b2a22',
          opacity: 0.35,
          filter: pen.blur(7),
          transform: 'translate(9 11)',
        }),
        path(
          bow,
          pen.linear(
            [
              [0, lit(handle, 0.3)],
              [0.5, handle],
              [1, shaded(handle, 0.35)],
            ],
            'diagonal',
          ),
          { 'fill-rule': 'evenodd' },
        ),
        stroked(d`M-52 206C-48 156 -12 128 20 114`, lit(handle, 0.7), 5, {
          opacity: 0.6,
          filter: pen.blur(2),
          'stroke-linecap': 'round',
        }),
      ),
    )
  }
  return group(
    { transform: 'rotate(28) translate(0 20)' },
    half(1),
    half(-1),
    ellipse(0, 4, 15, 15, pen.ball('#fff2cc', '#cfa552', '#7c5a24')),
    stroked('M-8 -2L8 10', '#6a4c1c', 3),
  )
}

export type PencilCupLook = { readonly glaze: Color; readonly pencils: readonly Color[]; readonly seed?: number }

/** A fluted cup with pencils in it. */
export function pencilCup(pen: Pen, { glaze, pencils, seed = 21 }: PencilCupLook): string {
  const outline = turned([
    [142, -312],
    [140, -180],
    [132, -20],
    [122, 2],
  ])
  const flutes = Array.from({ length: 11 }, (_, index) => {
    const angle = ((index + 0.5) / 11) * Math.PI
    const [x, w] = [-Math.cos(angle) * 138, Math.sin(angle) * 12]
    const sag = Math.sin(angle) * 22
    return d`M${x - w} ${-262 + sag}Q${x} ${-278 + sag} ${x + w} ${-262 + sag}L${x * 0.95 + w} ${-34 + sag}H${x * 0.95 - w}Z`
  }).join('')
  const upright = pencils.map((coat, index) => {
    const spread = index - (pencils.length - 1) / 2
    return group(
      { transform: `translate(${spread * 42} -250) rotate(${spread * 8})` },
      path(
        'M-13 0V-182L0 -226L13 -182V0Z',
        pen.linear(
          [
            [0, lit(coat, 0.4)],
            [0.35, lit(coat, 0.1)],
            [0.4, coat],
            [0.66, coat],
            [0.7, shaded(coat, 0.3)],
            [1, shaded(coat, 0.35)],
          ],
          'right',
        ),
      ),
      path('M-13 -182Q-9 -194 -5 -182Q0 -196 5 -182Q9 -192 13 -182L4.5 -211H-4.5Z', '#e6c592'),
      path('M-4.5 -211H4.5L0 -226Z', shaded(coat, 0.4)),
    )
  })
  return (
    floorShadow(pen, 138) +
    mouth(pen, -312, 142, 32, glaze, glaze, 9) +
    group({ 'clip-path': pen.clip(d`M-300 -700H300V-312H132A132 27 0 0 1 -132 -312H-300Z`) }, ...upright) +
    solid(pen, `${outline.slice(0, -1)}A142 32 0 0 0 142 -312Z`, glaze, {
      paint: round(pen, glaze),
      texture: speckle(pen, shaded(glaze, 0.6), seed),
      marks: path(
        flutes,
        pen.linear(
          [
            [0, shaded(glaze, 0.4), 0.5],
            [0.6, shaded(glaze, 0.2), 0.2],
            [1, lit(glaze, 0.7), 0.5],
          ],
          'right',
        ),
      ),
      depth: 22,
      light: 0.15,
    }) +
    stroked(d`M-141 -312A142 32 0 0 0 141 -312`, lit(glaze, 0.45), 6)
  )
}

export type HandToolsLook = { readonly handle: Color; readonly metal?: Color }

/** A trowel and a hand fork, side by side. */
export function handTools(pen: Pen, { handle, metal: iron = '#7d8486' }: HandToolsLook): string {
  const grip = d`M-22 -300C-26 -312 26 -312 22 -300C34 -240 18 -200 28 -130C30 -100 16 -84 14 -74H-14C-16 -84 -30 -100 -28 -130C-18 -200 -34 -240 -22 -300Z`
  const handleOf = () =>
    dropShadow(pen, grip, 10) +
    solid(pen, grip, handle, { paint: round(pen, handle, 0.4), texture: grain(pen, handle, 'rotate(86)'), depth: 12 }) +
    ellipse(0, -288, 5, 5, '#3a2a1e') +
    stroked('M0 -288C-40 -360 46 -360 4 -292', '#6b4b30', 5) +
    path('M-16 -92H16L13 -50H-13Z', metal(pen, '#c49a4a'))
  const spade = d`M-11 -54H11L14 -2C60 10 76 40 74 90C70 180 30 250 0 296C-30 250 -70 180 -74 90C-76 40 -60 10 -14 -2Z`
  const tines = d`M-11 -54H11L12 20C60 26 74 50 76 90L72 282L58 232L50 100C46 70 30 62 13 60V236L0 290L-13 236V60C-30 62 -46 70 -50 100L-58 232L-72 282L-76 90C-74 50 -60 26 -12 20Z`
  return (
    group(
      { transform: 'translate(-130 10) rotate(-14)' },
      dropShadow(pen, spade, 10),
      solid(pen, spade, iron, { paint: blade(pen, iron), depth: 18 }),
      stroked(d`M0 10C4 90 2 190 0 270`, shaded(iron, 0.4), 4, { opacity: 0.5 }),
      glow(pen, d`M-54 60C-56 110 -40 170 -22 206L-10 200C-28 160 -40 110 -36 56Z`, '#ffffff', 0.6, 6),
      handleOf(),
    ) +
    group(
      { transform: 'translate(140 -4) rotate(12)' },
      dropShadow(pen, tines, 10),
      solid(pen, tines, iron, { paint: blade(pen, iron), depth: 10 }),
      handleOf(),
    )
  )
}

export type SecateursLook = { readonly grip: Color }

/** Secateurs with a curved blade and leather-colored grips. */
export function secateurs(pen: Pen, { grip }: SecateursLook): string {
  const upper = d`M-30 -34C-60 -110 -60 -210 16 -300C64 -240 76 -120 40 -20Z`
  const hook = d`M26 -40C96 -80 130 -170 112 -262C104 -286 84 -280 86 -258C88 -190 62 -120 6 -70Z`
  const handle = (side: 1 | -1) =>
    side === 1
      ? d`M-4 -20C40 -20 62 10 84 80C110 160 122 230 106 296C98 320 60 318 58 292C60 220 30 140 -6 70C-24 34 -30 -16 -4 -20Z`
      : d`M10 -16C-30 -22 -62 10 -84 80C-110 160 -126 230 -116 290C-108 316 -72 314 -68 290C-66 220 -34 140 8 70C28 34 34 -10 10 -16Z`
  const part = (outline: string) =>
    dropShadow(pen, outline, 10) +
    solid(pen, outline, grip, {
      depth: 22,
      paint: pen.linear(
        [
          [0, lit(grip, 0.35)],
          [0.5, grip],
          [1, shaded(grip, 0.35)],
        ],
        'right',
      ),
    })
  return group(
    { transform: 'rotate(24) translate(0 4)' },
    dropShadow(pen, hook, 9),
    path(hook, blade(pen, '#a9adab')),
    part(handle(1)),
    dropShadow(pen, upper, 9),
    path(upper, blade(pen)),
    stroked(d`M-40 -60C-64 -130 -50 -216 16 -296`, '#ffffff', 5, { opacity: 0.75 }),
    part(handle(-1)),
    stroked(d`M-46 92C-20 100 20 84 40 96M-42 104C-16 112 22 98 44 110M-40 116C-14 124 24 110 46 122`, '#8c9092', 6, {
      'stroke-linecap': 'round',
    }),
    ellipse(2, -22, 27, 27, pen.ball('#ffffff', '#b9bdbe', '#63686a')),
    path('M-10 -22L-4 -33H8L14 -22L8 -11H-4Z', '#8b5e24'),
    path('M-8 -23L-3 -32H7L12 -23L7 -14H-3Z', '#d8ae5c'),
  )
}

export type CompassLook = { readonly brass: Color; readonly dial: Color }

/** A pocket compass with its lid open. */
export function compass(pen: Pen, { brass, dial }: CompassLook): string {
  const disc = (r: number) => d`M${-r} 0A${r} ${r} 0 1 1 ${r} 0A${r} ${r} 0 1 1 ${-r} 0Z`
  const ink: Color = '#2c2a28'
  const shine = pen.linear(
    [
      [0, lit(brass, 0.75)],
      [0.3, brass],
      [0.5, lit(brass, 0.4)],
      [0.75, shaded(brass, 0.35)],
      [1, shaded(brass, 0.1)],
    ],
    'diagonal',
  )
  const ticks = Array.from({ length: 36 }, (_, index) =>
    path(index % 9 === 0 ? 'M-3 -150h6v26h-6z' : index % 3 === 0 ? 'M-2 -150h4v18h-4z' : 'M-1 -150h2v10h-2z', ink, {
      transform: `rotate(${index * 10})`,
    }),
  ).join('')
  const star = Array.from(
    { length: 4 },
    (_, index) =>
      path('M0 -104L18 -18L0 0Z', shaded(dial, 0.35), { transform: `rotate(${index * 90})` }) +
      path('M0 -104L-18 -18L0 0Z', shaded(dial, 0.12), { transform: `rotate(${index * 90})` }),
  ).join('')
  return (
    group(
      { transform: 'translate(0 -196)' },
      dropShadow(pen, disc(170), 14),
      solid(pen, disc(170), brass, { paint: shine, depth: 20 }),
      ellipse(0, 0, 144, 144, pen.fade(shaded(brass, 0.3), lit(brass, 0.45), 'diagonal')),
      stroked(d`M-54 44V-24A54 54 0 0 1 54 -24V44M-26 44V-22A26 26 0 0 1 26 -22V44M-74 54H74`, shaded(brass, 0.5), 7, {
        opacity: 0.8,
        'stroke-linecap': 'round',
      }),
    ) +
    path('M-44 -46H44V-14H-44Z', metal(pen, brass)) +
    group(
      { transform: 'translate(0 128)' },
      dropShadow(pen, disc(200), 16),
      solid(pen, disc(200), brass, { paint: shine, depth: 20 }),
      ellipse(0, 0, 168, 168, shaded(brass, 0.45)),
      ellipse(1, 2, 162, 162, pen.fade(shaded(dial, 0.1), lit(dial, 0.4), 'diagonal')),
      ticks,
      star,
      group(
        { transform: 'rotate(32)' },
        path('M0 -124L15 0H-15Z', '#b8432f'),
        path('M0 124L15 0H-15Z', '#43474a'),
        path('M0 -124L15 0H0Z', '#7e2a1e', { opacity: 0.6 }),
        ellipse(0, 0, 13, 13, brass),
        ellipse(-3, -3, 5, 5, lit(brass, 0.7)),
      ),
      path(d`M-130 -70A148 148 0 0 1 60 -136L30 -90A110 110 0 0 0 -96 -46Z`, '#ffffff', { opacity: 0.3 }),
    )
  )
}
