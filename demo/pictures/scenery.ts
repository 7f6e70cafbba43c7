import { type Color, lit, mix, shaded } from './color.ts'
import { grain, scatter, shadowColor, solid, weave } from './material.ts'
import { arch, pegRail, type Tone, tones, wall } from './studio.ts'
import { d, ellipse, group, type Pen, path, stroked, tag } from './svg.ts'

export type View = 'sea' | 'hills' | 'dusk'

const skies = {
  sea: ['#bcd9e2', '#e9f0e6'],
  hills: ['#cfe0e0', '#f3ead6'],
  dusk: ['#8d8fae', '#f2b88f'],
} as const satisfies Record<View, readonly [Color, Color]>

/** What is seen through an arch: sky, a far shore or hills. Drawn to fill 800 by 640 units. */
function outlook(pen: Pen, view: View): string {
  const [top, horizon] = skies[view]
  const sky = path(
    'M0 0H800V640H0Z',
    pen.linear(
      [
        [0, top],
        [0.8, horizon],
      ],
      'down',
    ),
  )
  const sun =
    ellipse(540, view === 'dusk' ? 380 : 210, 46, 46, '#fff4d6', { opacity: 0.9 }) +
    ellipse(
      540,
      view === 'dusk' ? 380 : 210,
      120,
      120,
      pen.radial([
        [0, '#fff1c9', 0.6],
        [1, '#fff1c9', 0],
      ]),
    )
  if (view === 'sea') {
    return (
      sky +
      sun +
      path('M0 400C120 360 200 372 300 396S460 410 520 398V440H0Z', '#9fb3a9') +
      path('M0 408H800V640H0Z', pen.fade('#8fbcc4', '#5f9aa6')) +
      stroked('M440 440H640M480 462H600M120 470H260M520 500H690M200 520H380', '#eaf5f2', 4, {
        opacity: 0.55,
        'stroke-linecap': 'round',
      })
    )
  }
  const far = view === 'dusk' ? '#8c7f9b' : '#b4c3b0'
  return (
    sky +
    sun +
    path('M0 420C120 340 220 350 340 410S600 340 800 400V640H0Z', far) +
    path('M0 480C160 420 320 450 460 490S700 450 800 470V640H0Z', mix(far, '#5f7a5c', 0.45)) +
    path('M0 550C200 500 380 530 520 556S720 540 800 530V640H0Z', mix(far, '#4d6b4c', 0.75))
  )
}

/** A deep arched window; things stand on its sill at y = 660. */
export function sill(pen: Pen, tone: Tone, view: View): string {
  const color = tones[tone]
  const outer = arch(96, 640, 608, 590)
  const inner = arch(140, 640, 560, 560)
  return (
    path('M0 0H800V800H0Z', pen.fade(shaded(color, 0.1), shaded(color, 0.02), 'diagonal')) +
    path(
      outer,
      pen.linear(
        [
          [0, shaded(color, 0.32)],
          [0.5, lit(color, 0.25)],
          [1, lit(color, 0.55)],
        ],
        'right',
      ),
    ) +
    group({ 'clip-path': pen.clip(inner) }, outlook(pen, view)) +
    path('M40 636H760L800 700H0Z', pen.fade(lit(color, 0.45), lit(color, 0.18))) +
    path('M0 700H800V800H0Z', pen.fade(shaded(color, 0.14), shaded(color, 0.26))) +
    path('M0 697H800V703H0Z', lit(color, 0.6))
  )
}

/** A wooden table before a wall; things stand on it at y = 680. */
export function table(pen: Pen, tone: Tone, wood: Color): string {
  const top = d`M0 560H800V772H0Z`
  return (
    wall(pen, tone, 'two-arches') +
    path(
      'M0 520H800V566H0Z',
      pen.linear(
        [
          [0, shadowColor, 0],
          [1, shadowColor, 0.22],
        ],
        'down',
      ),
    ) +
    path(
      top,
      pen.linear(
        [
          [0, shaded(wood, 0.2)],
          [0.5, wood],
          [1, lit(wood, 0.22)],
        ],
        'down',
      ),
    ) +
    path(top, grain(pen, wood, 'translate(0 560) scale(1.6 .9)')) +
    path('M0 560H800V563H0Z', lit(wood, 0.4), { opacity: 0.6 }) +
    path('M0 772H800V800H0Z', shaded(wood, 0.42)) +
    path('M0 770H800V774H0Z', lit(wood, 0.45), { opacity: 0.7 })
  )
}

/** A shelf on a wall; things stand on it at y = 620. */
export function shelf(pen: Pen, tone: Tone, wood: Color): string {
  const board = 'M60 610H740V646H60Z'
  const bracket = (x: number) =>
    path(
      d`M${x} 646H${x + 22}V724C${x + 22} 744 ${x} 744 ${x} 724Z`,
      pen.linear(
        [
          [0, '#e2bd74'],
          [0.5, '#b98a3c'],
          [1, '#85602a'],
        ],
        'right',
      ),
    )
  return (
    wall(pen, tone, 'high-arch') +
    path('M80 640H780V700H80Z', shadowColor, { opacity: 0.28, filter: pen.blur(16) }) +
    bracket(150) +
    bracket(628) +
    path('M60 610L84 592H716L740 610Z', lit(wood, 0.35)) +
    solid(pen, board, wood, { texture: grain(pen, wood), depth: 8 })
  )
}

/** A courtyard with an arcade behind it; things stand on its pavement at y = 690. */
export function courtyard(pen: Pen, tone: Tone): string {
  const stone = tones[tone]
  const arches = [-90, 130, 350, 570].map((x) => arch(x, 560, 180, 380))
  const joints =
    'M0 560H800M0 606H800M0 676H800M0 776H800M330 560L250 800M470 560L550 800M200 560L-60 800M600 560L860 800M70 560L-340 800M730 560L1140 800'
  return (
    path(
      'M0 0H800V800H0Z',
      pen.linear(
        [
          [0, '#bcd5de'],
          [0.4, '#edf0e4'],
        ],
        'down',
      ),
    ) +
    path('M0 96H800V560H0Z', pen.fade(lit(stone, 0.45), lit(stone, 0.12))) +
    path('M-10 84H810V112H-10Z', lit(stone, 0.7)) +
    path('M0 112H800V128H0Z', shadowColor, { opacity: 0.22, filter: pen.blur(5) }) +
    path(arches.join(''), pen.fade(shaded(stone, 0.46), shaded(stone, 0.2)), {
      stroke: lit(stone, 0.75),
      'stroke-width': 7,
    }) +
    path(
      arch(156, 560, 128, 330) + arch(376, 560, 128, 330) + arch(596, 560, 128, 330) + arch(-64, 560, 128, 330),
      pen.linear(
        [
          [0, '#c4d8d6'],
          [0.7, '#e6ead8'],
          [1, '#a9b894'],
        ],
        'down',
      ),
    ) +
    path(
      'M110 336H150V350H110ZM330 336H370V350H330ZM550 336H590V350H550ZM770 336H810V350H770ZM-10 336H-50V350Z',
      lit(stone, 0.75),
    ) +
    path(
      'M0 560H800V800H0Z',
      pen.linear(
        [
          [0, shaded(stone, 0.16)],
          [0.4, lit(stone, 0.1)],
          [1, lit(stone, 0.4)],
        ],
        'down',
      ),
    ) +
    stroked(joints, shaded(stone, 0.25), 2.5, { opacity: 0.5 }) +
    path('M-60 800L420 560H620L260 800Z', '#fff6df', { opacity: 0.4 })
  )
}

/** The courses of a dry stone wall, from the top: where each begins, and its light and shaded side. */
const courses = [
  { x: -30, y: 664, lit: '#b9b1a4', shaded: '#99918a' },
  { x: -52, y: 712, lit: '#a8a094', shaded: '#8b847b' },
  { x: -74, y: 760, lit: '#989085', shaded: '#7b746c' },
] as const

/** Open country and a dry stone wall in front of it; things stand on the wall at y = 646. */
export function hillside(pen: Pen, view: View): string {
  const next = scatter(6)
  const stones = courses.map((course) => {
    let drawn = ''
    for (let x: number = course.x; x < 800; ) {
      const [width, height] = [64 + next() * 74, 28 + next() * 5]
      drawn += d`M${x + 8} ${course.y}h${width - 14}q6 0 6 8v${height}q0 8 -6 8h${14 - width}q-6 0 -6 -8v${-height}q0 -8 6 -8z`
      x += width + 4
    }
    return path(drawn, pen.fade(course.lit, course.shaded, 'diagonal'))
  })
  const track = path(
    'M392 640C330 600 470 580 430 556C400 538 452 528 440 512C430 500 448 494 452 486L460 486C464 496 470 502 476 512C492 530 470 540 500 556C560 584 480 606 560 640Z',
    '#ecdfc2',
  )
  return (
    outlook(pen, view) +
    (view === 'sea' ? '' : track) +
    path('M0 636H800V800H0Z', '#77716a') +
    stones.join('') +
    path('M0 630C200 622 600 624 800 630V668C600 660 200 660 0 668Z', pen.fade('#d4ccbe', '#aaa296'))
  )
}

/** A peg rail; things hang from y = 150. */
export function rail(pen: Pen, tone: Tone, wood: Color): string {
  return wall(pen, tone, 'two-arches') + group({ transform: 'translate(400 150)' }, pegRail(pen, wood))
}

/** A tabletop seen from above, with a cloth laid across it. */
export function cloth(pen: Pen, wood: Color, linen: Color): string {
  const sheet = d`M-60 150C160 130 500 190 880 130V690C560 640 240 720 -60 660Z`
  return (
    path('M0 0H800V800H0Z', pen.fade(lit(wood, 0.3), shaded(wood, 0.1), 'diagonal')) +
    path('M0 0H800V800H0Z', grain(pen, wood, 'rotate(90) scale(1.7)')) +
    stroked('M196 0V800M402 0V800M606 0V800', shaded(wood, 0.45), 4, { opacity: 0.5 }) +
    tag('use', {
      href: `#${pen.shape(sheet)}`,
      fill: shadowColor,
      opacity: 0.35,
      filter: pen.blur(12),
      transform: 'translate(8 12)',
    }) +
    solid(pen, sheet, linen, {
      texture: weave(pen, linen, 1.4),
      marks:
        stroked(
          'M-60 190C160 170 500 230 880 170M-60 206C160 186 500 246 880 186M-60 622C240 682 560 602 880 652M-60 606C240 666 560 586 880 636',
          shaded(linen, 0.3),
          5,
          { opacity: 0.7 },
        ) +
        stroked('M120 120C150 300 90 500 130 700M640 120C600 320 680 480 650 700', shaded(linen, 0.4), 26, {
          opacity: 0.2,
          filter: pen.blur(12),
        }),
      depth: 24,
    })
  )
}
