import type { cart } from '#contracts/cart'
import { type Accepted, type Output, ok, refuse } from '#kernel/contract'
import { newId } from '#kernel/id'
import { type Money, subtract } from '#kernel/money'
import type { GiftCardPart, LineRow } from './order.ts'

type Snapshot = Output<(typeof cart.operations)['snapshot']>

/** An order that is about to be placed: the cart as it was priced at this moment, which is what the shopper agreed to. */
export type Draft = {
  readonly id: string
  readonly cartId: string
  readonly cartVersion: number
  readonly customerId: string | null
  readonly market: string
  readonly currency: string
  readonly taxIncluded: boolean
  readonly email: string
  readonly shippingAddress: unknown
  readonly billingAddress: unknown
  readonly shippingMethod: { readonly id: string; readonly name: string } | null
  readonly discounts: unknown
  readonly taxes: unknown
  readonly items: number
  readonly discount: number
  readonly shipping: number
  readonly tax: number
  readonly total: number
  /** What gift cards pay of the total, in the order of use, and in all. */
  readonly giftCards: readonly GiftCardPart[]
  readonly giftCardAmount: number
  readonly units: number
  readonly lines: readonly Omit<LineRow, 'fulfilled'>[]
  /** What staff search by, in lower case. */
  readonly words: string
}

/** Makes an order of a cart, or says what is missing. */
export function draftOrder(
  { cart: goods, quote, variants, shipping, customerId }: Snapshot,
  expected: { readonly expectedTotal?: Money | undefined; readonly expectedDue?: Money | undefined },
) {
  if (goods.orderId !== null)
    return refuse('cart/ordered', 'This cart has been ordered already.', { orderId: goods.orderId })
  if (goods.lines.length === 0) return refuse('orders/cart-empty', 'There is nothing in this cart.')
  if (goods.missing.length > 0 || goods.email === null) {
    const missing = goods.missing.length > 0 ? goods.missing : ['email']
    return refuse('orders/cart-incomplete', `This cart cannot be ordered without ${missing.join(' and ')}.`, {
      missing,
    })
  }
  const lines = draftLines(goods.lines, quote.lines, variants)
  if (!lines.ok) return lines
  const { totals } = quote
  const { total } = totals
  const { due } = goods
  if (differs(expected.expectedTotal, total) || differs(expected.expectedDue, due)) {
    return refuse('orders/price-changed', 'The price has changed since it was shown. Look at it again.', { total, due })
  }
  const draft: Draft = {
    id: newId('order'),
    cartId: goods.id,
    cartVersion: goods.version,
    customerId,
    market: goods.market,
    currency: quote.currency,
    taxIncluded: quote.taxIncluded,
    email: goods.email,
    shippingAddress: goods.shippingAddress,
    billingAddress: goods.billingAddress,
    shippingMethod: shipping ? { id: shipping.id, name: shipping.name } : null,
    discounts: quote.discounts,
    taxes: quote.taxes,
    items: totals.items.amount,
    discount: totals.discount.amount,
    shipping: totals.shipping.amount,
    tax: totals.tax.amount,
    total: total.amount,
    giftCards: goods.giftCards.flatMap(({ id, last4, amount: { amount } }) =>
      amount > 0 ? [{ id, last4, amount }] : [],
    ),
    giftCardAmount: subtract(total, due).amount,
    units: lines.value.reduce((units, { quantity }) => units + quantity, 0),
    lines: lines.value,
    words: wordsOf(goods.email, goods.shippingAddress?.name, goods.billingAddress?.name),
  }
  return ok(draft)
}

/** Each word once: the first six of names have an index (migration 0007), and both addresses mostly tell the same name. */
const wordsOf = (email: string, ...names: readonly (string | undefined)[]): string =>
  [...new Set([email, ...names].join(' ').toLowerCase().split(/\s+/).filter(Boolean))].join(' ')

const differs = (expected: Money | undefined, now: Money): boolean =>
  expected !== undefined && (expected.amount !== now.amount || expected.currency !== now.currency)

function draftLines(
  goods: Snapshot['cart']['lines'],
  prices: Snapshot['quote']['lines'],
  variants: Snapshot['variants'],
): Accepted<Draft['lines']> | ReturnType<typeof noLonger> {
  const lines: Omit<LineRow, 'fulfilled'>[] = []
  for (const [index, line] of goods.entries()) {
    const price = prices.find(({ id }) => id === line.id)
    const variant = variants.find(({ variantId }) => variantId === line.variantId)
    if (!price || !variant?.active) return noLonger(line.title, index)
    lines.push({
      id: line.id,
      variant_id: line.variantId,
      product_id: variant.productId,
      handle: variant.handle,
      title: variant.title,
      variant_title: variant.variantTitle,
      sku: variant.sku,
      image_url: variant.imageUrl,
      quantity: line.quantity,
      unit_price: price.unitPrice.amount,
      subtotal: price.subtotal.amount,
      discount: price.discount.amount,
      tax: price.tax.amount,
      total: price.total.amount,
      requires_shipping: variant.requiresShipping,
      tracked: variant.inventoryTracked,
      backorder: variant.inventoryPolicy === 'continue',
    })
  }
  return ok(lines)
}

const noLonger = (title: string, index: number) =>
  refuse('cart/unknown-variant', `${title} is not sold any more.`, { field: `lines/${index}/variantId` })
