import { type Color, isPale, lit, mix, shaded } from '../color.ts'
import { dropShadow, floorShadow, glow, grain, scatter, shadowColor, solid } from '../material.ts'
import { d, ellipse, group, line, type Pen, path, stroked } from '../svg.ts'

export type PencilsLook = { readonly coats: readonly Color[] }

/** A row of hexagonal pencils, fanned out on the table. */
export function pencils(pen: Pen, { coats }: PencilsLook): string {
  const middle = (coats.length - 1) / 2
  return coats
    .map((coat, index) => {
      const turn = (index - middle) * 5 + 24
      const body = (from: number, to: number, color: Color) => path(d`M${from} -262H${to}V208H${from}Z`, color)
      const outline = d`M-19 -266H19V208L0 286L-19 208Z`
      return group(
        { transform: `translate(${(index - middle) * 66} ${(index % 2) * 22 - 10}) rotate(${turn})` },
        dropShadow(pen, outline, 9),
        body(-19, -8, lit(coat, 0.32)),
        body(-8, 9, coat),
        body(9, 19, shaded(coat, 0.3)),
        path(d`M-19 206Q-13 222 -8 206Q0 224 9 206Q14 220 19 206L7 258H-7Z`, pen.fade('#f0d9b0', '#c79a64', 'right')),
        path(d`M-7 257H7L0 286Z`, mix(coat, '#2b2725', 0.6)),
        path(
          d`M-19 -266H19V-246H-19Z`,
          pen.linear(
            [
              [0, '#f0d8a0'],
              [0.4, '#d2a550'],
              [1, '#8c6428'],
            ],
            'right',
          ),
        ),
        path(d`M-3 -210h6v4h-6zM-3 -200h6v60h-6z`, lit(coat, 0.75), { opacity: 0.55 }),
      )
    })
    .join('')
}

export type PenLook = { readonly barrel: Color; readonly trim: Color }

/** A fountain pen, uncapped, with its cap beside it. */
export function fountainPen(pen: Pen, { barrel, trim }: PenLook): string {
  const shine = (color: Color) =>
    pen.linear(
      [
        [0, shaded(color, 0.4)],
        [0.14, color],
        [0.28, lit(color, 0.8)],
        [0.42, lit(color, 0.1)],
        [0.75, shaded(color, 0.35)],
        [1, shaded(color, 0.5)],
      ],
      'right',
    )
  const body = d`M-32 -290C-30 -306 30 -306 32 -290L36 60C36 74 26 84 26 96L20 176H-20L-26 96C-26 84 -36 74 -36 60Z`
  const cap = d`M-36 -150C-34 -172 34 -172 36 -150L40 130C40 138 -40 138 -40 130Z`
  const nib = d`M-19 176H19C20 214 10 238 0 286C-10 238 -20 214 -19 176Z`
  return (
    group(
      { transform: 'translate(-74 10) rotate(38)' },
      dropShadow(pen, `${body}${nib}`, 12),
      path(
        nib,
        pen.linear(
          [
            [0, '#8a6a2c'],
            [0.4, '#f7e3ae'],
            [0.6, '#d8b25f'],
            [1, '#7c5c22'],
          ],
          'right',
        ),
      ),
      line('M0 214V280', '#5a4218', 2),
      ellipse(0, 212, 4.5, 4.5, '#5a4218'),
      path(body, shine(barrel)),
      path(d`M-36 52H36V66H-36Z`, shine(trim)),
      path(d`M-21 160H21V176H-21Z`, shine(trim)),
      path(d`M-32 -286H32V-276H-32Z`, shine(trim), { opacity: 0.9 }),
    ) +
    group(
      { transform: 'translate(168 -34) rotate(60)' },
      dropShadow(pen, cap, 12),
      path(cap, shine(barrel)),
      path(d`M-40 104H40V130C40 138 -40 138 -40 130Z`, shine(trim)),
      path(d`M-8 -160H10V-150L9 56C9 70 -7 70 -7 56Z`, shadowColor, {
        opacity: 0.35,
        transform: 'translate(7 5)',
        filter: pen.blur(3),
      }),
      path(d`M-8 -164H10L9 56C9 70 -7 70 -7 56Z`, shine(trim)),
    )
  )
}

export type CalendarLook = { readonly wood: Color; readonly block: Color; readonly ink?: Color }

/** A perpetual calendar: two cubes in an oak cradle. */
export function calendar(pen: Pen, { wood, block, ink = '#2e2c2b' }: CalendarLook): string {
  const cradle = d`M-262 -62Q-262 -74 -250 -74H250Q262 -74 262 -62V-8Q262 4 250 4H-250Q-262 4 -262 -8Z`
  const figure = { 1: d`M-30 -66L14 -96V96M-36 96H62`, 7: d`M-56 -92H58L-16 96` }
  const cube = (x: number, digit: 1 | 7) => {
    const face = d`M-118 -118Q-118 -128 -108 -128H108Q118 -128 118 -118V118Q118 128 108 128H-108Q-118 128 -118 118Z`
    return group(
      { transform: `translate(${x} -206)` },
      path(d`M-112 -128L-92 -152H136L118 -122Z`, lit(block, 0.5)),
      path(d`M118 -124L138 -150V96L118 122Z`, shaded(block, 0.3)),
      solid(pen, face, block, { depth: 18, texture: grain(pen, block) }),
      stroked(figure[digit], ink, 25, { 'stroke-linejoin': 'miter', opacity: 0.9 }),
    )
  }
  return (
    floorShadow(pen, 262) +
    cube(-124, 1) +
    cube(120, 7) +
    path(d`M-262 -70L-238 -96H268L262 -66Z`, lit(wood, 0.3), { opacity: 0.9 }) +
    solid(pen, cradle, wood, { texture: grain(pen, wood), depth: 16 }) +
    path(d`M-240 -70H240V-62H-240Z`, shadowColor, { opacity: 0.25, filter: pen.blur(4) })
  )
}

export type BookendsLook = { readonly stone: Color; readonly vein: Color; readonly books: readonly Color[] }

/** Two stone arches that hold a row of books between them. */
export function bookends(pen: Pen, { stone, vein, books }: BookendsLook): string {
  const next = scatter(books.length * 7)
  const end = (x: number, side: 1 | -1) => {
    const outline = d`M-92 0V-196A92 92 0 0 1 92 -196V0H46V-190A46 46 0 0 0 -46 -190V0Z`
    return group(
      { transform: `translate(${x} 0)` },
      path(d`M-46 0V-190A46 46 0 0 1 0 -236L20 -230A52 52 0 0 0 -22 -190V0Z`, shaded(stone, 0.42)),
      path(d`M92 0V-196A92 92 0 0 0 30 -282L50 -286A94 94 0 0 1 112 -200V-6Z`, shaded(stone, 0.34), {
        opacity: side === 1 ? 1 : 0,
      }),
      solid(pen, outline, stone, {
        depth: 18,
        marks: stroked(
          d`M-100 -240C-40 -200 -80 -120 -20 -60M20 -290C40 -200 60 -180 50 -20M-80 -60C-60 -40 -70 -20 -50 0`,
          vein,
          4,
          { opacity: 0.45 },
        ),
        paint: pen.fade(lit(stone, 0.3), shaded(stone, 0.14), 'diagonal'),
      }),
    )
  }
  const widths = books.map(() => 34 + Math.round(next() * 22))
  const total = widths.reduce((sum, width) => sum + width, 0)
  let left = -total / 2
  const row = books.map((cover, index) => {
    const width = widths[index] ?? 40
    const height = 330 + Math.round(next() * 90)
    const x = left
    left += width
    const foil = isPale(cover) ? shaded(cover, 0.5) : lit(cover, 0.6)
    return (
      path(
        d`M${x} 0V${-height + 6}Q${x} ${-height} ${x + width / 2} ${-height}T${x + width} ${-height + 6}V0Z`,
        pen.linear(
          [
            [0, shaded(cover, 0.3)],
            [0.3, lit(cover, 0.22)],
            [0.6, cover],
            [1, shaded(cover, 0.4)],
          ],
          'right',
        ),
      ) +
      path(
        d`M${x + 3} ${-height + 46}h${width - 6}v5h${-width + 6}zM${x + 3} ${-height + 58}h${width - 6}v2.5h${-width + 6}zM${x + width / 2 - 5} ${-height + 92}h10v${height * 0.36}h-10zM${x + 3} -52h${width - 6}v5h${-width + 6}z`,
        foil,
        { opacity: 0.7 },
      )
    )
  })
  return (
    floorShadow(pen, total / 2 + 150) +
    row.join('') +
    end(-total / 2 - 92, -1) +
    end(total / 2 + 92, 1) +
    glow(pen, d`M${-total / 2 - 60} 2H${total / 2 + 60}V10H${-total / 2 - 60}Z`, shadowColor, 0.4, 5)
  )
}
