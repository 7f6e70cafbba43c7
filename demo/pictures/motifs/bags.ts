import { type Color, lit, shaded } from '../color.ts'
import { bar, dropShadow, floorShadow, grain, metal, shadowColor, solid, stitches, weave } from '../material.ts'
import { d, line, type Pen, path, stroked } from '../svg.ts'

const buckleBrass: Color = '#cda453'

export type RucksackLook = { readonly canvas: Color; readonly leather?: Color }

/** A canvas rucksack with a flap, two straps and a front pocket. */
export function rucksack(pen: Pen, { canvas, leather = '#8a5a36' }: RucksackLook): string {
  const body = d`M-176 -330C-180 -420 -130 -452 0 -452C130 -452 180 -420 176 -330L196 -60C198 -16 176 2 130 2H-130C-176 2 -198 -16 -196 -60Z`
  const flap = d`M-184 -350C-184 -430 -130 -468 0 -468C130 -468 184 -430 184 -350L178 -246C120 -216 -120 -216 -178 -246Z`
  const pocket = d`M-128 -190C-60 -180 60 -180 128 -190L140 -56C140 -30 126 -20 104 -20H-104C-126 -20 -140 -30 -140 -56Z`
  const strap = (x: number) =>
    solid(pen, d`M${x - 17} -300H${x + 17}L${x + 19} -150Q${x} -132 ${x - 19} -150Z`, leather, { depth: 10 }) +
    stroked(d`M${x - 25} -212h50v40h-50z`, shaded(buckleBrass, 0.4), 7, { transform: 'translate(1.5 2)' }) +
    stroked(d`M${x - 25} -212h50v40h-50z`, buckleBrass, 6) +
    line(d`M${x} -206v28`, buckleBrass, 5)
  return (
    floorShadow(pen, 196) +
    line(d`M-178 -120C-240 -140 -238 -280 -180 -360M178 -120C236 -140 232 -280 180 -360`, shaded(leather, 0.25), 24) +
    line(d`M-52 -456C-52 -520 52 -520 52 -456`, shaded(leather, 0.3), 22) +
    line(d`M-52 -458C-52 -520 52 -520 50 -460`, leather, 15) +
    solid(
      pen,
      d`M-190 -200C-236 -190 -244 -40 -206 -8L-170 -10V-206ZM190 -200C236 -190 244 -40 206 -8L170 -10V-206Z`,
      shaded(canvas, 0.12),
      { depth: 24, texture: weave(pen, canvas, 1.2) },
    ) +
    solid(pen, body, canvas, {
      texture: weave(pen, canvas, 1.2),
      depth: 44,
      marks: path(d`M-190 -250C-110 -210 110 -210 190 -250V-190C110 -160 -110 -160 -190 -190Z`, shadowColor, {
        opacity: 0.4,
        filter: pen.blur(12),
      }),
    }) +
    dropShadow(pen, pocket, 5, 0.9) +
    solid(pen, pocket, canvas, { texture: weave(pen, canvas, 1.2), depth: 26 }) +
    stitches(
      d`M-118 -178C-50 -170 50 -170 118 -178L128 -56C128 -38 120 -32 102 -32H-102C-120 -32 -128 -38 -128 -56Z`,
      canvas,
    ) +
    solid(pen, flap, canvas, { texture: weave(pen, canvas, 1.2), depth: 40 }) +
    stitches(
      d`M-166 -252C-116 -230 116 -230 166 -252L172 -350C172 -420 120 -454 0 -454C-120 -454 -172 -420 -172 -350Z`,
      canvas,
    ) +
    strap(-92) +
    strap(92) +
    path(d`M-38 -350h76v46h-76z`, leather) +
    stroked(d`M-13 -312V-324A13 13 0 0 1 13 -324V-312M-20 -311H20`, lit(leather, 0.55), 3.5)
  )
}

export type ToteLook = { readonly canvas: Color; readonly handles: Color; readonly print?: Color }

/** A market bag that stands by itself, with an arcade printed on it. */
export function tote(pen: Pen, { canvas, handles, print }: ToteLook): string {
  const body = d`M-200 -330C-120 -322 120 -322 200 -330L216 -30C218 -6 206 4 186 4H-186C-206 4 -218 -6 -216 -30Z`
  const handle = (dy: number, color: Color) =>
    bar(pen, d`M-96 ${-320 + dy}C-96 ${-520 + dy} 96 ${-520 + dy} 96 ${-320 + dy}`, color, 30, 0)
  const arcade = [-120, -40, 40, 120]
    .map((x) => d`M${x - 32} -80V-170A32 32 0 0 1 ${x + 32} -170V-80H${x + 18}V-168A18 18 0 0 0 ${x - 18} -168V-80Z`)
    .join('')
  return (
    floorShadow(pen, 212) +
    handle(-18, shaded(handles, 0.25)) +
    path(d`M-200 -330C-120 -352 120 -352 200 -330C120 -316 -120 -316 -200 -330Z`, shaded(canvas, 0.5)) +
    solid(pen, body, canvas, {
      texture: weave(pen, canvas, 1.4),
      marks:
        (print === undefined ? '' : path(`${arcade}${d`M-166 -72H166V-60H-166Z`}`, print, { opacity: 0.9 })) +
        stroked(
          d`M-120 -330C-140 -220 -120 -120 -150 0M130 -330C110 -240 150 -120 126 0M-210 -60C-120 -30 110 -40 210 -70`,
          shaded(canvas, 0.5),
          22,
          { opacity: 0.24, filter: pen.blur(12) },
        ),
      depth: 40,
    }) +
    stitches(d`M-196 -312C-120 -304 120 -304 196 -312`, shaded(canvas, 0.2)) +
    handle(0, handles) +
    [-96, 96]
      .map(
        (x) =>
          solid(pen, d`M${x - 24} -340h48v66h-48z`, handles, { depth: 8 }) +
          stroked(d`M${x - 16} -330h32v46h-32zM${x - 16} -330l32 46M${x + 16} -330l-32 46`, lit(handles, 0.55), 2.4),
      )
      .join('')
  )
}

export type LunchTinLook = { readonly tin: Color; readonly strap: Color; readonly wood?: Color }

/** A two-tier lunch tin held by a canvas strap. */
export function lunchTin(pen: Pen, { tin, strap, wood = '#c29b6b' }: LunchTinLook): string {
  const tier = (y: number, height: number) =>
    d`M-250 ${y + 14}Q-250 ${y} -236 ${y}H236Q250 ${y} 250 ${y + 14}V${y + height - 20}Q250 ${y + height} 230 ${y + height}H-230Q-250 ${y + height} -250 ${y + height - 20}Z`
  const shine = pen.linear(
    [
      [0, shaded(tin, 0.4)],
      [0.1, lit(tin, 0.2)],
      [0.24, lit(tin, 0.85)],
      [0.4, tin],
      [0.7, shaded(tin, 0.22)],
      [0.9, lit(tin, 0.2)],
      [1, shaded(tin, 0.4)],
    ],
    'right',
  )
  const lid = d`M-262 -292Q-262 -316 -240 -316H240Q262 -316 262 -292V-272H-262Z`
  return (
    floorShadow(pen, 250) +
    solid(pen, tier(-140, 144), tin, { paint: shine, depth: 16, light: 0.2 }) +
    solid(pen, tier(-276, 136), tin, { paint: shine, depth: 16, light: 0.2 }) +
    path('M-254 -146H254V-132H-254Z', shaded(tin, 0.45)) +
    path('M-254 -148H254V-142H-254Z', lit(tin, 0.6)) +
    solid(pen, lid, wood, { texture: grain(pen, wood), depth: 14 }) +
    path(d`M-240 -316L-200 -346H214L240 -316Z`, pen.fade(lit(wood, 0.5), lit(wood, 0.2), 'right')) +
    path(d`M-240 -316L-200 -346H214L240 -316Z`, grain(pen, wood)) +
    solid(pen, d`M-46 -348H46L52 -312V4H-52V-312Z`, strap, { texture: weave(pen, strap, 1.3), depth: 14 }) +
    stroked(d`M-36 -316V0M36 -316V0`, lit(strap, 0.4), 3, { 'stroke-dasharray': '8 6', opacity: 0.7 }) +
    path('M-66 -186H66V-128H-66Z', metal(pen, '#9da1a2')) +
    path('M-48 -174H48V-140H-48Z', strap) +
    path('M-12 -190H12V-124H-12Z', metal(pen, '#b9bdbe'))
  )
}
