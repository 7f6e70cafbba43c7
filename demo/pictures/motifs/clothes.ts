import { type Color, lit, mix, shaded } from '../color.ts'
import { dropShadow, folds, shadowColor, solid, stitches, weave } from '../material.ts'
import { d, ellipse, group, type Pen, path, stroked } from '../svg.ts'

export type JacketLook = { readonly cloth: Color; readonly button?: Color }

/** A chore jacket with three patch pockets, laid flat. */
export function jacket(pen: Pen, { cloth, button = '#4a3626' }: JacketLook): string {
  const sleeve = (side: 1 | -1) =>
    d`M${side * 158} -226C${side * 216} -210 ${side * 244} -120 ${side * 264} 30L${side * 284} 226Q${side * 244} 242 ${side * 200} 236C${side * 194} 110 ${side * 174} 0 ${side * 140} -90Z`
  const torso = d`M-70 -268C-110 -254 -146 -242 -172 -224C-156 -140 -160 40 -166 262Q0 276 166 262C160 40 156 -140 172 -224C146 -242 110 -254 70 -268C40 -240 -40 -240 -70 -268Z`
  const pocket = (x: number, y: number, w: number, h: number) => {
    const outline = d`M${x} ${y}H${x + w}V${y + h - 16}Q${x + w} ${y + h} ${x + w - 16} ${y + h}H${x + 16}Q${x} ${y + h} ${x} ${y + h - 16}Z`
    return (
      dropShadow(pen, outline, 3, 0.7) +
      solid(pen, outline, cloth, { texture: weave(pen, cloth, 1.1), depth: 12 }) +
      stitches(
        d`M${x + 6} ${y + 16}H${x + w - 6}M${x + 7} ${y + 6}V${y + h - 18}Q${x + 7} ${y + h - 7} ${x + 18} ${y + h - 7}H${x + w - 18}Q${x + w - 7} ${y + h - 7} ${x + w - 7} ${y + h - 18}V${y + 6}`,
        cloth,
      )
    )
  }
  const collar = (side: 1 | -1) =>
    d`M${side * 4} -226L${side * 74} -276C${side * 96} -270 ${side * 112} -240 ${side * 112} -206L${side * 46} -166Z`
  return group(
    { transform: 'translate(0 4)' },
    dropShadow(pen, torso + sleeve(1) + sleeve(-1), 15),
    ...([-1, 1] as const).map(
      (side) =>
        solid(pen, sleeve(side), cloth, {
          texture: weave(pen, cloth, 1.1),
          depth: 36,
          marks: folds(
            pen,
            d`M${side * 172} -50C${side * 204} -20 ${side * 226} -24 ${side * 256} -44M${side * 196} 110C${side * 226} 124 ${side * 248} 112 ${side * 272} 90`,
            cloth,
            18,
          ),
        }) + stitches(d`M${side * 200} 196Q${side * 244} 202 ${side * 281} 188`, cloth),
    ),
    path(d`M-74 -268C-40 -300 40 -300 74 -268C40 -220 -40 -220 -74 -268Z`, shaded(cloth, 0.5)),
    solid(pen, torso, cloth, {
      texture: weave(pen, cloth, 1.1),
      depth: 40,
      marks: folds(
        pen,
        d`M-140 260C-130 160 -146 40 -128 -50M134 260C142 140 122 40 136 -60M60 260C54 200 66 160 58 60`,
        cloth,
        22,
        0.26,
      ),
    }),
    stroked('M6 -224V266', shaded(cloth, 0.5), 4, { opacity: 0.8 }),
    stitches('M-22 -214V262M18 -216V264M-160 246Q0 260 160 246', cloth),
    pocket(-138, 90, 104, 118),
    pocket(40, 90, 104, 118),
    pocket(48, -96, 84, 92),
    ...([-1, 1] as const).map(
      (side) =>
        dropShadow(pen, collar(side), 5, 0.8) +
        solid(pen, collar(side), cloth, { texture: weave(pen, cloth, 1.1), depth: 14 }) +
        stitches(
          d`M${side * 14} -226L${side * 74} -266C${side * 92} -256 ${side * 102} -230 ${side * 102} -210L${side * 48} -178`,
          cloth,
        ),
    ),
    ...[-150, -66, 18, 102, 186].map(
      (y) =>
        ellipse(-4, y + 2, 11, 11, shadowColor, { opacity: 0.4 }) +
        ellipse(-6, y, 11, 11, pen.ball(lit(button, 0.4), shaded(button, 0.2))) +
        path(d`M-9 ${y - 2}h2v2h-2zM-5 ${y + 1}h2v2h-2z`, shaded(button, 0.6)),
    ),
  )
}

export type ShirtLook = { readonly linen: Color; readonly stripe?: Color; readonly button?: Color }

/** A linen shirt, folded for the shelf. */
export function shirt(pen: Pen, { linen, stripe, button = '#efe8da' }: ShirtLook): string {
  const body = d`M-196 -216C-150 -244 -110 -256 -78 -262H78C110 -256 150 -244 196 -216L204 262Q204 278 188 278H-188Q-204 278 -204 262Z`
  const collar = (side: 1 | -1) =>
    d`M${side * 2} -206L${side * 22} -284C${side * 60} -296 ${side * 96} -286 ${side * 112} -262C${side * 120} -220 ${side * 110} -176 ${side * 84} -138Z`
  const lines =
    stripe === undefined ? '' : path(body, pen.pattern(26, 10, path('M4 0h5v10H4z', stripe, { opacity: 0.75 })))
  const pocket = d`M58 -66H148V20L103 42L58 20Z`
  const placket = d`M-26 -210H26V278H-26Z`
  return (
    dropShadow(pen, d`M-188 -190H198V290H-188Z`, 15) +
    path(d`M-192 250L-186 292H190L198 250Z`, shaded(linen, 0.16)) +
    stroked(d`M-186 284H188`, shaded(linen, 0.4), 2.5, { opacity: 0.6 }) +
    solid(pen, body, linen, {
      texture: weave(pen, linen, 1.2),
      marks:
        lines +
        folds(
          pen,
          d`M-150 278C-140 160 -160 40 -136 -80M150 278C160 190 140 120 150 60M-70 278C-60 200 -84 120 -66 20`,
          linen,
          22,
          0.26,
        ) +
        stroked(d`M-204 -60C-150 -40 -110 -70 -60 -60`, shaded(linen, 0.4), 10, { opacity: 0.25, filter: pen.blur(6) }),
      depth: 38,
    }) +
    path(d`M-78 -264C-50 -294 50 -294 78 -264L30 -200H-30Z`, shaded(linen, 0.42)) +
    path(d`M-20 -230H20L26 -204H-26Z`, mix(shaded(linen, 0.2), '#8a5a36', 0.4)) +
    dropShadow(pen, placket, 3, 0.4) +
    solid(pen, placket, linen, {
      texture: weave(pen, linen, 1.2),
      depth: 8,
      marks:
        stripe === undefined
          ? ''
          : path(placket, pen.pattern(26, 10, path('M14 0h5v10h-5z', stripe, { opacity: 0.75 }))),
    }) +
    stitches('M-20 -204V274M20 -204V274', linen) +
    dropShadow(pen, pocket, 3, 0.6) +
    solid(pen, pocket, linen, {
      texture: weave(pen, linen, 1.2),
      depth: 10,
      marks:
        stripe === undefined ? '' : path(pocket, pen.pattern(26, 10, path('M4 0h5v10H4z', stripe, { opacity: 0.75 }))),
    }) +
    stitches('M64 -50H142M64 -58V16L103 34L142 16V-58', linen) +
    ([-1, 1] as const)
      .map(
        (side) =>
          dropShadow(pen, collar(side), 6) +
          solid(pen, collar(side), linen, { texture: weave(pen, linen, 1.2), depth: 18 }) +
          stitches(
            d`M${side * 10} -206L${side * 28} -276C${side * 60} -286 ${side * 92} -276 ${side * 104} -256C${side * 110} -220 ${side * 102} -184 ${side * 82} -152Z`,
            linen,
          ),
      )
      .join('') +
    [-176, -100, -24, 52, 128, 204]
      .map(
        (y) =>
          ellipse(2, y + 2, 10, 10, shadowColor, { opacity: 0.35 }) +
          ellipse(0, y, 10, 10, pen.ball('#ffffff', shaded(button, 0.16))) +
          path(d`M-3 ${y - 3}h2v2h-2zM2 ${y + 1}h2v2h-2z`, shaded(button, 0.5)),
      )
      .join('')
  )
}
