import type T from 'typebox'
import type { Order, OrderStatus, PaymentView, PlacedOrder } from '#contracts/orders'
import { timeOfJson } from '#kernel/database'
import type { Address } from '#kernel/fields'
import { money } from '#kernel/money'
import type { KnownPayment } from './lease.ts'

/** An order's row. Amounts in minor units of `currency`. */
export type OrderRow = {
  readonly id: string
  readonly number: string
  readonly state: OrderStatus
  readonly version: number
  readonly lease: number
  readonly looks: number
  readonly settled_at: string | null
  readonly cart_id: string
  readonly cart_version: number
  readonly key_scope: string | null
  readonly key: string | null
  readonly customer_id: string | null
  readonly market: string
  readonly currency: string
  readonly tax_included: boolean
  readonly email: string
  readonly shipping_address: Address | null
  readonly billing_address: Address | null
  readonly shipping_method: { readonly id: string; readonly name: string } | null
  readonly discounts: readonly Discount[]
  readonly taxes: readonly Tax[]
  readonly items: number
  readonly discount: number
  readonly shipping: number
  readonly tax: number
  readonly total: number
  readonly gift_cards: readonly GiftCardPart[]
  readonly gift_card_amount: number
  readonly units: number
  readonly units_fulfilled: number
  readonly payment_status: PaymentStatus | null
  readonly payment_version: number
  readonly refunded: number
  readonly reason: string | null
  readonly created_at: string
  readonly placed_at: string | null
}

/** What a gift card pays of an order, in minor units of the order's currency. */
export type GiftCardPart = { readonly id: string; readonly last4: string; readonly amount: number }

type Discount = {
  promotionId: string
  label: string
  code: string | null
  amount: { amount: number; currency: string }
}
type Tax = { name: string; rate: number; amount: { amount: number; currency: string } }
type PaymentStatus = T.Static<typeof PaymentView>['status']

export type LineRow = {
  readonly id: string
  readonly variant_id: string
  readonly product_id: string
  readonly handle: string
  readonly title: string
  readonly variant_title: string
  readonly sku: string | null
  readonly image_url: string | null
  readonly quantity: number
  readonly fulfilled: number
  readonly unit_price: number
  readonly subtotal: number
  readonly discount: number
  readonly tax: number
  readonly total: number
  readonly requires_shipping: boolean
  readonly tracked: boolean
  readonly backorder: boolean
}

export type FulfillmentRow = {
  readonly id: string
  readonly lines: readonly { readonly lineId: string; readonly quantity: number }[]
  readonly carrier: string | null
  readonly tracking_number: string | null
  readonly created_at: string
}

/** An order with its lines in order and its fulfillments, oldest first. */
export type StoredOrder = OrderRow & {
  readonly lines: readonly LineRow[]
  readonly fulfillments: readonly FulfillmentRow[]
}

/**
 * What an order needs of the stock that is kept: one demand a variant, however many lines name it, since two of them judged by
 * themselves would both fit where only one does.
 */
export function demandOf(lines: readonly Pick<LineRow, 'variant_id' | 'quantity' | 'tracked' | 'backorder'>[]) {
  const demand = new Map<string, { variantId: string; quantity: number; backorder: boolean }>()
  for (const { variant_id: variantId, quantity, tracked, backorder } of lines) {
    const known = demand.get(variantId)
    if (tracked) demand.set(variantId, { variantId, quantity: quantity + (known?.quantity ?? 0), backorder })
  }
  return [...demand.values()]
}

/** What was taken of an order's money and given back, by the provider and on gift cards together, in minor units. */
export function takenOf({ captured, refunded, giftCards }: Pick<KnownPayment, 'captured' | 'refunded' | 'giftCards'>) {
  return {
    taken: giftCards.reduce((all, { amount }) => all + amount.amount, captured.amount),
    refunded: giftCards.reduce((all, card) => all + card.refunded.amount, refunded.amount),
  }
}

/** What the payment provider is asked for, in minor units. */
export const dueOf = (order: Pick<OrderRow, 'total' | 'gift_card_amount'>): number =>
  order.total - order.gift_card_amount

type OrderOutput = T.Static<typeof Order>

/** An order as its shopper and other services see it. */
export function toOrder(order: StoredOrder): OrderOutput {
  const amount = (minorUnits: number) => money(minorUnits, order.currency)
  return {
    id: order.id,
    number: order.number,
    status: order.state,
    market: order.market,
    currency: order.currency,
    taxIncluded: order.tax_included,
    email: order.email,
    shippingAddress: order.shipping_address,
    billingAddress: order.billing_address,
    shippingMethod: order.shipping_method,
    lines: order.lines.map((line) => toLine(line, amount)),
    discounts: [...order.discounts],
    taxes: [...order.taxes],
    totals: {
      items: amount(order.items),
      discount: amount(order.discount),
      shipping: amount(order.shipping),
      tax: amount(order.tax),
      total: amount(order.total),
    },
    giftCards: order.gift_cards.map(({ last4, amount: paid }) => ({ last4, amount: amount(paid) })),
    due: amount(dueOf(order)),
    fulfillments: order.fulfillments.map(({ id, lines, carrier, tracking_number, created_at }) => ({
      id,
      lines: [...lines],
      carrier,
      trackingNumber: tracking_number,
      createdAt: timeOfJson(created_at),
    })),
    // Below zero while it was heard that a refund came back, and not yet of the refund.
    refunded: amount(Math.max(0, order.refunded)),
    createdAt: order.created_at,
    placedAt: order.placed_at,
  }
}

function toLine(line: LineRow, amount: (minorUnits: number) => { amount: number; currency: string }) {
  return {
    id: line.id,
    variantId: line.variant_id,
    productId: line.product_id,
    handle: line.handle,
    title: line.title,
    variantTitle: line.variant_title,
    sku: line.sku,
    imageUrl: line.image_url,
    quantity: line.quantity,
    fulfilled: line.fulfilled,
    unitPrice: amount(line.unit_price),
    subtotal: amount(line.subtotal),
    discount: amount(line.discount),
    tax: amount(line.tax),
    total: amount(line.total),
    requiresShipping: line.requires_shipping,
  }
}

/** What the shopper is told of a payment; what to do about it only while there is something to do. */
export function toPaymentView(payment: KnownPayment): T.Static<typeof PaymentView> {
  const { status, provider, redirectUrl, clientSecret, instructions, payableUntil } = payment
  if (status === 'processing' && instructions !== null)
    return {
      status,
      instructions,
      ...(provider ? { provider } : {}),
      ...(payableUntil === null ? {} : { payableUntil }),
    }
  if (status !== 'requires_action') return { status }
  return {
    status,
    ...(provider === null ? {} : { provider }),
    ...(redirectUrl === null ? {} : { redirectUrl }),
    ...(clientSecret === null ? {} : { clientSecret }),
  }
}

/**
 * The answer of a checkout.
 * @param payment how the payment stands, where it was just asked; else what the order remembers. An order that costs nothing
 *   is as good as paid
 */
export function toPlacedOrder(
  order: StoredOrder,
  token: string,
  payment: KnownPayment | null,
): T.Static<typeof PlacedOrder> {
  const remembered = order.payment_status ?? (order.total === 0 ? 'captured' : 'processing')
  return {
    order: { ...toOrder(order), token },
    payment: payment ? toPaymentView(payment) : { status: remembered },
  }
}
