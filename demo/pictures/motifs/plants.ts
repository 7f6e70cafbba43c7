import { type Color, lit, shaded } from '../color.ts'
import { floorShadow, round, scatter, shadowColor, solid, speckle, turned } from '../material.ts'
import { d, ellipse, group, line, type Pen, path, stroked, tag } from '../svg.ts'

export type Plant = 'olive' | 'snake-plant' | 'herb' | 'cactus'

const leaf: Color = '#6d8a5a'

/** A blade of an agave or a snake plant, from its root at the origin. */
function swordLeaf(height: number, lean: number, width: number, color: Color, pen: Pen): string {
  const tip = d`${lean} ${-height}`
  const outline = d`M${-width} 0C${-width * 1.3} ${-height * 0.4} ${lean * 0.6 - width} ${-height * 0.7} ${tip}C${lean * 0.7 + width} ${-height * 0.66} ${width * 1.4} ${-height * 0.36} ${width} 0Z`
  return (
    path(
      outline,
      pen.linear(
        [
          [0, '#c9c88a'],
          [0.1, lit(color, 0.2)],
          [0.5, color],
          [0.9, shaded(color, 0.3)],
          [1, '#b9b877'],
        ],
        'right',
      ),
    ) +
    stroked(d`M0 -10Q${lean * 0.25} ${-height * 0.5} ${lean * 0.94} ${-height * 0.94}`, lit(color, 0.4), 3, {
      opacity: 0.5,
    })
  )
}

/** Leaves at the given places, each turned by its own angle. */
export function twig(
  pen: Pen,
  places: readonly (readonly [x: number, y: number, turn: number])[],
  color: Color,
  size: number,
): string {
  const blade = pen.shape(
    d`M0 0C${size * 0.4} ${-size * 0.35} ${size * 1.1} ${-size * 0.35} ${size * 1.6} 0C${size * 1.1} ${size * 0.32} ${size * 0.4} ${size * 0.32} 0 0Z`,
  )
  const shades = [shaded(color, 0.3), color, lit(color, 0.22)]
  const leavesOf = (shade: number) =>
    places
      .filter((_, index) => index % shades.length === shade)
      .map(([x, y, turn]) =>
        tag('use', {
          href: `#${blade}`,
          transform: `translate(${Math.round(x)} ${Math.round(y)})rotate(${Math.round(turn)})`,
        }),
      )
  return shades.map((fill, shade) => group({ fill }, ...leavesOf(shade))).join('')
}

/** A round crown of leaves on a stem: the little tree of every courtyard. */
function crown(
  pen: Pen,
  count: number,
  cy: number,
  rx: number,
  ry: number,
  color: Color,
  size: number,
  seed: number,
): string {
  const next = scatter(seed)
  const leaves = Array.from({ length: count }, (_, index) => {
    const angle = index * 2.39996
    const r = Math.sqrt((index + 0.6) / count)
    return [
      Math.cos(angle) * rx * r,
      cy + Math.sin(angle) * ry * r,
      (angle * 180) / Math.PI + (next() - 0.5) * 90,
    ] as const
  })
  return twig(pen, leaves, color, size)
}

function plantOf(pen: Pen, plant: Plant): string {
  switch (plant) {
    case 'olive':
      return (
        line(
          d`M0 0C-8 -80 12 -140 2 -230M2 -150C-20 -190 -40 -200 -60 -240M4 -160C24 -200 44 -206 58 -246`,
          '#6f5840',
          12,
        ) +
        line(d`M-2 0C-10 -80 10 -140 0 -220`, '#a58a68', 4, { opacity: 0.8 }) +
        ellipse(0, -290, 118, 104, shaded(leaf, 0.35), { opacity: 0.55, filter: pen.blur(14) }) +
        crown(pen, 62, -290, 138, 116, '#7c9270', 27, 4)
      )
    case 'snake-plant':
      return [
        [250, -130, 22],
        [330, -70, 24],
        [390, 16, 26],
        [300, 86, 24],
        [220, 150, 20],
        [240, -20, 24],
        [190, 50, 22],
      ]
        .map(([height = 0, lean = 0, width = 0]) => swordLeaf(height, lean, width, '#4f7350', pen))
        .join('')
    case 'herb':
      return (
        ellipse(0, -66, 128, 76, shaded(leaf, 0.4), { opacity: 0.7, filter: pen.blur(12) }) +
        crown(pen, 52, -96, 150, 94, '#7da05e', 34, 9)
      )
    case 'cactus': {
      const body = d`M-74 10C-92 -80 -86 -250 0 -254C86 -250 92 -80 74 10Z`
      const ridges = [-50, -24, 0, 24, 50].map((x) => d`M${x} 10C${x * 1.25} -80 ${x * 1.15} -200 ${x * 0.3} -250`)
      const ridge = `#${pen.shape(ridges.join(''))}`
      return (
        solid(pen, body, '#5f8560', {
          paint: round(pen, '#5f8560'),
          marks: group(
            { fill: 'none' },
            tag('use', { href: ridge, stroke: '#3f5f45', 'stroke-width': 7, opacity: 0.5 }),
            tag('use', { href: ridge, stroke: '#e8e3c2', 'stroke-width': 2.4, 'stroke-dasharray': '2 13' }),
          ),
          depth: 30,
        }) +
        twig(
          pen,
          [
            [0, -256, -150],
            [0, -256, -120],
            [0, -256, -90],
            [0, -256, -60],
            [0, -256, -30],
          ],
          '#d98a86',
          22,
        )
      )
    }
  }
}

export type PotLook = { readonly clay: Color; readonly plant: Plant; readonly band?: Color; readonly seed?: number }

/** A terracotta pot with a rolled rim, a saucer and something growing in it. */
export function pot(pen: Pen, { clay, plant, band, seed = 31 }: PotLook): string {
  const body = turned(
    [
      [132, -206],
      [124, -120],
      [98, 0],
    ],
    0.12,
  )
  const rim = turned(
    [
      [154, -258],
      [152, -212],
      [146, -200],
    ],
    0.16,
  )
  const saucer = turned(
    [
      [150, -22],
      [140, 4],
      [118, 8],
    ],
    0.12,
  )
  return (
    floorShadow(pen, 150) +
    solid(pen, saucer, clay, { paint: round(pen, shaded(clay, 0.08)), depth: 10 }) +
    ellipse(0, -22, 150, 18, shaded(clay, 0.32)) +
    group(
      { transform: 'translate(0 -8)' },
      solid(pen, body, clay, {
        paint: round(pen, clay, 0.25),
        texture: speckle(pen, shaded(clay, 0.5), seed, 0.7),
        marks:
          (band === undefined
            ? ''
            : path(d`M-160 -120C-60 -96 60 -96 160 -120V-70C60 -46 -60 -46 -160 -70Z`, band, { opacity: 0.75 })) +
          path(d`M-150 -206H150V-168C60 -150 -60 -150 -150 -168Z`, shadowColor, { opacity: 0.4, filter: pen.blur(8) }),
        depth: 26,
        light: 0.15,
      }),
      solid(pen, rim, clay, { paint: round(pen, clay, 0.3), depth: 16, light: 0.2 }),
      ellipse(0, -258, 154, 34, pen.fade(lit(clay, 0.3), shaded(clay, 0.1), 'right')),
      ellipse(0, -255, 136, 27, '#46352a'),
      ellipse(-20, -250, 100, 16, '#5d4838', { opacity: 0.8 }),
      group({ transform: 'translate(0 -250)' }, plantOf(pen, plant)),
    )
  )
}
