import type { cart } from '#contracts/cart'
import type { Output } from '#kernel/contract'
import { type Money, money, subtract } from '#kernel/money'
import type { PricedCart } from './price-cart.ts'
import type { StoredCart, StoredGiftCard, StoredLine } from './store.ts'

type Cart = Output<(typeof cart.operations)['get']>
type Line = Cart['lines'][number]

/** A cart as its owner sees it. */
export function viewCart(cart: StoredCart, priced: PricedCart): Cart {
  const { quote, delivery, requiresShipping, balances } = priced
  const lines = cart.lines.map((line) => viewLine(line, priced))
  const chosen = requiresShipping && delivery.kind === 'offered' ? delivery.chosen : null
  const giftCards = payByCards(cart.giftCards, quote.totals.total, balances)
  return {
    id: cart.id,
    market: cart.market,
    currency: quote.currency,
    taxIncluded: quote.taxIncluded,
    email: cart.email,
    shippingAddress: cart.shippingAddress,
    billingAddress: cart.billingAddress,
    shippingMethod: chosen?.id ?? (delivery.kind === 'unavailable' ? cart.shippingMethod : null),
    requiresShipping,
    lines,
    coupons: quote.coupons,
    discounts: quote.discounts,
    totals: quote.totals,
    giftCards,
    due: giftCards.reduce((due, { amount }) => subtract(due, amount), quote.totals.total),
    missing: cart.orderId === null ? missing(cart, lines, requiresShipping, chosen !== null) : [],
    orderId: cart.orderId,
    version: cart.version,
    updatedAt: cart.updatedAt,
  }
}

/** What each gift card pays of a total: the first one what it can, the next one of what is left. */
export function payByCards(
  cards: readonly StoredGiftCard[],
  total: Money,
  balances: PricedCart['balances'],
): Cart['giftCards'] {
  let due = total.amount
  return cards.map((card) => {
    const amount = Math.min(due, balances.get(card.id) ?? 0)
    due -= amount
    return { ...card, amount: money(amount, total.currency) }
  })
}

function missing(cart: StoredCart, lines: readonly Line[], requiresShipping: boolean, isDelivered: boolean): string[] {
  const asks = {
    lines: lines.length === 0 || lines.some(({ sold }) => !sold),
    email: cart.email === null,
    shippingAddress: requiresShipping && cart.shippingAddress === null,
    shippingMethod: requiresShipping && cart.shippingAddress !== null && !isDelivered,
  }
  return Object.entries(asks).flatMap(([name, isMissing]) => (isMissing ? [name] : []))
}

function viewLine(line: StoredLine, { quote, variants, available }: PricedCart): Line {
  const { id, variantId, quantity } = line
  const variant = variants.get(variantId)
  const price = quote.lines.find((one) => one.id === id)
  const nothing = money(0, quote.currency)
  const isCounted = variant?.inventoryTracked === true && variant.inventoryPolicy === 'deny'
  return {
    ...(price ?? {
      unitPrice: nothing,
      compareAtPrice: null,
      subtotal: nothing,
      discount: nothing,
      tax: nothing,
      total: nothing,
    }),
    id,
    variantId,
    quantity,
    productId: variant?.productId ?? line.productId,
    handle: variant?.handle ?? line.handle,
    title: variant?.title ?? line.title,
    variantTitle: variant?.variantTitle ?? '',
    sku: variant?.sku ?? null,
    imageUrl: variant?.imageUrl ?? null,
    sold: price !== undefined,
    short: price === undefined || (isCounted && (available.get(variantId) ?? 0) < quantity),
  }
}
