import { type Color, isPale, lit, mix, shaded } from '../color.ts'
import { dropShadow, shadowColor, solid, weave } from '../material.ts'
import { d, ellipse, group, type Pen, path, stroked, tag } from '../svg.ts'

const paper: Color = '#f4ecdc'

export type NotebookLook = { readonly cover: Color; readonly band: Color; readonly ribbon?: Color }

/** A cloth-bound notebook with an elastic band, lying at a slight angle. */
export function notebook(pen: Pen, { cover, band, ribbon = band }: NotebookLook): string {
  const board = d`M-190 -272Q-190 -286 -176 -286H178Q192 -286 192 -272V272Q192 286 178 286H-176Q-190 286 -190 272Z`
  const pages = d`M-180 -278H200Q206 -278 206 -270V282Q206 294 196 294H-172Z`
  const foil = mix(isPale(cover) ? shaded(cover, 0.5) : lit(cover, 0.7), '#d9b36a', 0.5)
  return group(
    { transform: 'rotate(-7)' },
    dropShadow(pen, pages, 16),
    path(d`M30 280L44 356L60 338L78 352L62 280Z`, shaded(ribbon, 0.1)),
    path(pages, shaded(cover, 0.3)),
    path(d`M-172 -272H196Q200 -272 200 -266V286H-172Z`, pen.fade(shaded(paper, 0.08), shaded(paper, 0.2), 'diagonal')),
    stroked(d`M194 -260V284M198 -260V286M-160 289H196M-160 285H192`, shaded(paper, 0.38), 1.2, { opacity: 0.7 }),
    solid(pen, board, cover, {
      texture: weave(pen, cover, 1.1),
      marks:
        path(d`M-190 -286H-140V286H-190Z`, shaded(cover, 0.2), { opacity: 0.55 }) +
        stroked(d`M-139 -286V286`, shaded(cover, 0.5), 5, { opacity: 0.5 }) +
        stroked(d`M-134 -286V286`, lit(cover, 0.5), 3, { opacity: 0.4 }),
      depth: 20,
      paint: pen.fade(lit(cover, 0.2), shaded(cover, 0.12), 'diagonal'),
    }),
    stroked(d`M-46 -60V-126A62 62 0 0 1 78 -126V-60M-20 -60V-126A36 36 0 0 1 52 -126V-60M-62 -52H94`, foil, 6, {
      'stroke-linecap': 'round',
    }),
    path(
      d`M128 -288H154V292H128Z`,
      pen.linear(
        [
          [0, shaded(band, 0.28)],
          [0.35, lit(band, 0.3)],
          [1, shaded(band, 0.22)],
        ],
        'right',
      ),
    ),
    path(d`M154 -284H164V284H154Z`, shadowColor, { opacity: 0.22, filter: pen.blur(4) }),
  )
}

export type CardsLook = { readonly envelope: Color; readonly lining: Color; readonly wax: Color }

/** Envelopes and cards, one sealed with wax. */
export function cards(pen: Pen, { envelope, lining, wax }: CardsLook): string {
  const rectangle = (w: number, h: number) => d`M${-w} ${-h}H${w}V${h}H${-w}Z`
  const sheet = rectangle(224, 156)
  const open = d`M-230 -140H230L20 -330Q0 -346 -20 -330Z`
  const seal = d`M0 -52C22 -58 34 -40 46 -30C62 -18 56 8 50 22C40 46 14 54 -6 52C-32 54 -50 34 -54 12C-58 -12 -44 -34 -26 -44C-16 -50 -8 -50 0 -52Z`
  const card = d`M-206 -170H206V120H-206Z`
  return (
    group(
      { transform: 'translate(60 -20) rotate(11)' },
      dropShadow(pen, open, 8),
      path(open, shaded(lining, 0.05)),
      path(
        open,
        pen.pattern(26, 26, ellipse(7, 7, 3.4, 3.4, lit(lining, 0.6)) + ellipse(20, 20, 3.4, 3.4, lit(lining, 0.6))),
      ),
      dropShadow(pen, rectangle(230, 156), 12),
      path(d`M-230 -140H230V170H-230Z`, shaded(envelope, 0.1)),
      dropShadow(pen, card, 5, 0.6),
      solid(pen, card, paper, { depth: 10, texture: weave(pen, paper, 0.7) }),
      stroked(
        d`M-150 -110C-100 -126 -80 -90 -20 -108S60 -100 130 -108M-150 -66C-110 -80 -60 -54 -10 -66S90 -58 150 -68`,
        '#5a5750',
        3.4,
        { opacity: 0.55, 'stroke-linecap': 'round' },
      ),
      path(d`M-230 -140L0 40L230 -140V170H-230Z`, pen.fade(lit(envelope, 0.12), shaded(envelope, 0.06))),
      stroked(d`M-230 -140L0 40L230 -140`, shaded(envelope, 0.3), 3, { opacity: 0.5 }),
    ) +
    group(
      { transform: 'translate(-56 118) rotate(-8)' },
      dropShadow(pen, sheet, 14),
      solid(pen, sheet, envelope, {
        depth: 16,
        texture: weave(pen, envelope, 0.7),
        paint: pen.fade(lit(envelope, 0.25), shaded(envelope, 0.08), 'diagonal'),
      }),
      stroked(d`M-224 156L-30 10M224 156L30 10`, shaded(envelope, 0.3), 3, { opacity: 0.4 }),
      path(d`M-224 -156H224L24 26Q0 44 -24 26Z`, shadowColor, {
        opacity: 0.2,
        filter: pen.blur(7),
        transform: 'translate(0 7)',
      }),
      path(d`M-224 -156H224L24 26Q0 44 -24 26Z`, pen.fade(lit(envelope, 0.3), shaded(envelope, 0.1))),
      group(
        { transform: 'translate(0 22)' },
        dropShadow(pen, seal, 5),
        solid(pen, seal, wax, { depth: 16, light: 0.7 }),
        stroked(d`M-17 22V-8A17 17 0 0 1 17 -8V22M-26 26H26`, shaded(wax, 0.4), 5, { 'stroke-linecap': 'round' }),
      ),
    )
  )
}

export type DeskPadLook = { readonly felt: Color; readonly edge: Color }

/** A felt pad with a leather edge, one corner turned up. */
export function deskPad(pen: Pen, { felt, edge }: DeskPadLook): string {
  const pad = d`M-316 -190Q-316 -206 -300 -206H300Q316 -206 316 -190V120C280 130 250 160 236 206H-300Q-316 206 -316 190Z`
  const curl = d`M316 120C280 130 250 160 236 206C270 190 284 170 316 120Z`
  return group(
    { transform: 'rotate(-5)' },
    dropShadow(pen, pad, 9),
    solid(pen, pad, felt, {
      depth: 18,
      paint: pen.fade(lit(felt, 0.2), shaded(felt, 0.1), 'diagonal'),
      texture: weave(pen, felt, 0.8),
    }),
    path(
      d`M-316 -190Q-316 -206 -300 -206H-250V206H-300Q-316 206 -316 190Z`,
      pen.fade(lit(edge, 0.2), shaded(edge, 0.2)),
    ),
    stroked(d`M-262 -194V194`, lit(edge, 0.5), 3.4, { 'stroke-dasharray': '11 7', opacity: 0.9 }),
    path(d`M316 124C290 140 262 170 240 206L262 210C286 180 300 160 322 140Z`, shadowColor, {
      opacity: 0.3,
      filter: pen.blur(7),
    }),
    path(curl, pen.fade(lit(felt, 0.45), shaded(felt, 0.2), 'diagonal')),
    group(
      { transform: 'translate(40 10) rotate(14) scale(.8)' },
      tag('use', {
        href: `#${pen.shape('M-150 -100H150V100H-150Z')}`,
        fill: shadowColor,
        opacity: 0.25,
        filter: pen.blur(8),
        transform: 'translate(6 8)',
      }),
      path('M-150 -100H150V100H-150Z', paper),
      stroked('M-120 -50H60M-120 -14H110M-120 22H90M-120 58H20', '#8a8378', 4, { opacity: 0.5 }),
    ),
  )
}
