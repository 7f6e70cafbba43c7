import { lit, shaded } from './color.ts'
import { shadowColor } from './material.ts'
import { frame, idPrefix, place, type Thing } from './picture.ts'
import { arch, type Tone, tones } from './studio.ts'
import { createPen, d, ellipse, type Pen, path, stroked } from './svg.ts'

const [width, height, floor] = [1600, 700, 560]

/** The sea and the far shore behind the arcade. */
function view(pen: Pen): string {
  return (
    path(
      'M600 0H1600V560H600Z',
      pen.linear(
        [
          [0, '#b4d3dd'],
          [0.75, '#f4ead4'],
        ],
        'down',
      ),
    ) +
    ellipse(1120, 262, 40, 40, '#fff4d6') +
    ellipse(
      1120,
      262,
      130,
      130,
      pen.radial([
        [0, '#fff1c9', 0.7],
        [1, '#fff1c9', 0],
      ]),
    ) +
    path('M600 396C720 330 800 350 900 384S1120 380 1220 392S1420 330 1600 372V440H600Z', '#a3b4a6') +
    path('M600 404H1600V560H600Z', pen.fade('#8fbcc4', '#5b97a4')) +
    stroked('M1040 430H1200M1080 448H1240M720 452H860M1300 470H1460M800 490H960M1120 500H1290', '#eef7f3', 3, {
      opacity: 0.55,
      'stroke-linecap': 'round',
    })
  )
}

/** The wall with its three arches cut out, their jambs, and the light they throw on the floor. */
function arcade(pen: Pen, tone: Tone): string {
  const stone = tones[tone]
  const openings = [690, 1000, 1310]
  const cut = openings.map((x) => arch(x, floor, 250, 470)).join('')
  const inner = openings.map((x) => arch(x + 30, floor, 220, 438)).join('')
  const light = openings.map((x) => d`M${x + 30} ${floor}H${x + 250}L${x - 30} 700H${x - 310}Z`).join('')
  const capitals = [...openings, 1620].map((x) => d`M${x - 66} 205H${x + 6}V222H${x - 66}Z`).join('')
  return (
    path(
      d`M0 0H${width}V${floor}H0Z${cut}`,
      pen.linear(
        [
          [0, lit(stone, 0.25)],
          [0.45, lit(stone, 0.42)],
          [1, lit(stone, 0.12)],
        ],
        'right',
      ),
      { 'fill-rule': 'evenodd' },
    ) +
    path(cut + inner, pen.fade(shaded(stone, 0.34), shaded(stone, 0.12)), { 'fill-rule': 'evenodd' }) +
    stroked(cut, lit(stone, 0.7), 5) +
    path(capitals, lit(stone, 0.7)) +
    path('M0 26H1600V52H0Z', lit(stone, 0.65)) +
    path('M-90 52H1690V64H-90Z', shadowColor, { opacity: 0.16, filter: pen.blur(4) }) +
    path(
      d`M0 ${floor}H${width}V${height}H0Z`,
      pen.linear(
        [
          [0, shaded(stone, 0.2)],
          [0.3, shaded(stone, 0.06)],
          [1, lit(stone, 0.25)],
        ],
        'down',
      ),
    ) +
    path(light, '#fff3d8', { opacity: 0.62, filter: pen.blur(3) })
  )
}

/** A block of stone to stand things on; the foot is at y. */
function plinth(pen: Pen, tone: Tone, x: number, y: number, wide: number, high: number): string {
  const stone = tones[tone]
  return (
    ellipse(x + wide * 0.4, y, wide * 0.75, 14, shadowColor, { opacity: 0.3, filter: pen.blur(8) }) +
    path(
      d`M${x - wide / 2} ${y - high}h${wide}v${high}h${-wide}z`,
      pen.fade(lit(stone, 0.3), shaded(stone, 0.1), 'right'),
    ) +
    path(d`M${x + wide / 2} ${y - high}l28-22v${high - 4}l-28 26z`, shaded(stone, 0.28)) +
    path(d`M${x - wide / 2} ${y - high}l28-22h${wide}l-28 22z`, lit(stone, 0.62))
  )
}

/** The wide picture of the home page, 1600 by 700: an arcade by the sea with the shop's things in it. The left third is
 *  a quiet wall, so that words can stand there. */
export function drawHero(tone: Tone, things: readonly Thing[]): string {
  const pen = createPen(idPrefix(JSON.stringify([tone, things])))
  const blocks = plinth(pen, tone, 1160, 630, 190, 150) + plinth(pen, tone, 900, 660, 220, 70)
  const drawn = view(pen) + arcade(pen, tone) + blocks + things.map((thing) => place(pen, thing, 660)).join('')
  return frame(width, height, pen, drawn)
}

/** The mark of the shop: an arch within an arch, on a step. 64 by 64 units, in one color. */
export function drawMark(color: string): string {
  const outline = 'M14 50V30a18 18 0 0 1 36 0v20M25 50V31a7 7 0 0 1 14 0v19M8 54h48'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64"><path d="${outline}" fill="none" stroke="${color}" stroke-width="5" stroke-linecap="round"/></svg>`
}

/** The mark on a tile, for a browser's tab. */
export function drawFavicon(tile: string, color: string): string {
  const outline = 'M17 46V30a15 15 0 0 1 30 0v16M27 46V31a5 5 0 0 1 10 0v15M13 50h38'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64"><rect width="64" height="64" rx="15" fill="${tile}"/><path d="${outline}" fill="none" stroke="${color}" stroke-width="4.5" stroke-linecap="round"/></svg>`
}
