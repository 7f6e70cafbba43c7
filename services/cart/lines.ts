import { type cart, linesAtMost, quantityAtMost } from '#contracts/cart'
import { type Accepted, ok, type RefusalsOf, type Refused, refuse } from '#kernel/contract'
import { newId } from '#kernel/id'
import type { PricedCart } from './price-cart.ts'
import type { StoredCart } from './store.ts'

/** A variant that a request names, and where in the request. */
export type WantedLine = { readonly variantId: string; readonly quantity: number; readonly field: string }

type Operations = typeof cart.operations
type Refusals = Operations['addLine']['refusals'] & Operations['updateLine']['refusals']
type Changed<Names extends keyof Refusals> = Accepted<StoredCart> | Refused<RefusalsOf<Pick<Refusals, Names>>>

/** Taken-out lines that are remembered: more than one page of a cart can have sent twice. */
const removedAtMost = 50

/** Puts units into a cart: more of a variant that is in it already, else a new line. */
export function addUnits(
  cart: StoredCart,
  wanted: readonly WantedLine[],
): Changed<'cart/too-many-lines' | 'cart/quantity-too-large'> {
  let { lines } = cart
  for (const { variantId, quantity, field } of wanted) {
    const known = lines.find((line) => line.variantId === variantId)
    const units = (known?.quantity ?? 0) + quantity
    if (units > quantityAtMost) {
      return refuse('cart/quantity-too-large', `A line has at most ${quantityAtMost} units; these would be ${units}.`, {
        field: `${field}quantity`,
      })
    }
    if (known) lines = lines.map((line) => (line === known ? { ...line, quantity: units } : line))
    else {
      const id = newId('line')
      lines = [...lines, { id, variantId, quantity, productId: '', handle: '', title: '' }]
    }
  }
  if (lines.length > linesAtMost) {
    return refuse('cart/too-many-lines', `A cart has at most ${linesAtMost} lines. Order these first.`)
  }
  return ok({ ...cart, lines })
}

export function setQuantity(cart: StoredCart, lineId: string, quantity: number): Changed<'cart/unknown-line'> {
  const known = cart.lines.find((line) => line.id === lineId)
  if (!known) return unknownLine(lineId)
  if (known.quantity === quantity) return ok(cart)
  return ok({ ...cart, lines: cart.lines.map((line) => (line === known ? { ...line, quantity } : line)) })
}

/** Takes a line out. One that was taken out before is no mistake: the request came twice. */
export function takeOut(cart: StoredCart, lineId: string): Changed<'cart/unknown-line'> {
  if (cart.removedLines.includes(lineId)) return ok(cart)
  if (!cart.lines.some((line) => line.id === lineId)) return unknownLine(lineId)
  return ok({
    ...cart,
    lines: cart.lines.filter((line) => line.id !== lineId),
    removedLines: [lineId, ...cart.removedLines].slice(0, removedAtMost),
  })
}

const unknownLine = (lineId: string) => refuse('cart/unknown-line', `There is no line ${lineId} in this cart.`)

/** Refuses what was put in and is not sold, or not in this market, by its place in the request. */
export function refuseUnsold(
  wanted: readonly WantedLine[],
  priced: PricedCart,
): Refused<RefusalsOf<Pick<Refusals, 'cart/unknown-variant' | 'pricing/not-sold-here'>>> | null {
  for (const { variantId, field } of wanted) {
    if (!priced.variants.get(variantId)?.active) {
      return refuse('cart/unknown-variant', `There is no variant ${variantId} for sale.`, {
        field: `${field}variantId`,
      })
    }
    if (priced.notSoldHere.includes(variantId)) {
      return refuse('pricing/not-sold-here', `${variantId} is not sold in this market.`, {
        variantIds: [variantId],
        field: `${field}variantId`,
      })
    }
  }
  return null
}
