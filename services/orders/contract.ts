import T from 'typebox'
import { Shortage } from '#contracts/inventory'
import { GiftCardShort, Last4, Payment, PaymentToken, ProviderName, ProviderUnavailable } from '#contracts/payments'
import { AppliedDiscount, CouponRefusal, MarketCode, NotSoldHere, Totals } from '#contracts/pricing'
import { NotServed, ShippingUnavailable } from '#contracts/shipping'
import {
  paymentAuthorized,
  paymentCaptured,
  paymentFailed,
  paymentRefunded,
  paymentRefundFailed,
} from '#events/payments'
import { capability, command, contract, customer, internal, query, staff } from '#kernel/contract'
import { Address, Cursor, Email, Limit, Nullable, Page, Timestamp } from '#kernel/fields'
import { Id } from '#kernel/id'
import { verifyOperation } from '#kernel/invariants'
import { Money } from '#kernel/money'
import { Written } from '#kernel/validation-words'

export const OrderId = Id('order')
export const OrderLineId = Id('line')

/** 128 bits that only the shopper and the shop know. */
export const OrderToken = Written('^[A-Za-z0-9_-]{22}$', 'the 22 characters that came with the order')

/** The part of `stoa.config.ts` that orders reads. */
export const OrderSettings = T.Object({
  /** What stands before an order's number: S-1001. */
  numberPrefix: Written('^[A-Za-z0-9-]*$', 'letters, digits and dashes', { maxLength: 10 }),
  /** Minutes an unpaid order keeps its stock. */
  paymentTimeLimitMinutes: T.Integer({ minimum: 1, maximum: 1_440 }),
})
export type OrderSettings = T.Static<typeof OrderSettings>

export const OrderStatus = T.Union([
  T.Literal('placing'),
  T.Literal('awaiting_payment'),
  T.Literal('placed'),
  T.Literal('fulfilled'),
  T.Literal('canceled'),
  T.Literal('declined'),
  T.Literal('expired'),
])
export type OrderStatus = T.Static<typeof OrderStatus>

export const OrderLine = T.Object({
  id: OrderLineId,
  variantId: T.String(),
  productId: T.String(),
  handle: T.String(),
  title: T.String(),
  variantTitle: T.String(),
  sku: Nullable(T.String()),
  imageUrl: Nullable(T.String()),
  quantity: T.Integer(),
  fulfilled: T.Integer(),
  unitPrice: Money,
  subtotal: Money,
  discount: Money,
  tax: Money,
  total: Money,
  requiresShipping: T.Boolean(),
})

export const Fulfillment = T.Object({
  id: T.String(),
  lines: T.Array(T.Object({ lineId: T.String(), quantity: T.Integer() })),
  carrier: Nullable(T.String()),
  trackingNumber: Nullable(T.String()),
  createdAt: Timestamp,
})

export const Order = T.Object(
  {
    id: OrderId,
    number: T.String(),
    status: OrderStatus,
    market: MarketCode,
    currency: T.String(),
    taxIncluded: T.Boolean(),
    email: Email,
    shippingAddress: Nullable(Address),
    billingAddress: Nullable(Address),
    shippingMethod: Nullable(T.Object({ id: T.String(), name: T.String() })),
    lines: T.Array(OrderLine),
    discounts: T.Array(AppliedDiscount),
    taxes: T.Array(T.Object({ name: T.String(), rate: T.Integer(), amount: Money })),
    totals: Totals,
    /** What gift cards pay of the total, in the order of use. */
    giftCards: T.Array(T.Object({ last4: Last4, amount: Money })),
    /** What is left of it for the payment provider. */
    due: Money,
    fulfillments: T.Array(Fulfillment),
    refunded: Money,
    createdAt: Timestamp,
    placedAt: Nullable(Timestamp),
  },
  { title: 'Order' },
)

/** What the shopper is told of the payment. */
export const PaymentView = T.Object(
  {
    status: T.Union([
      T.Literal('requires_action'),
      T.Literal('processing'),
      T.Literal('authorized'),
      T.Literal('captured'),
      T.Literal('failed'),
      T.Literal('voided'),
    ]),
    provider: T.Optional(ProviderName),
    clientSecret: T.Optional(T.String()),
    redirectUrl: T.Optional(T.String()),
    /** What the shopper has to do by hand, in plain text, and until when. */
    instructions: T.Optional(T.String()),
    payableUntil: T.Optional(Timestamp),
  },
  { title: 'PaymentView' },
)

export const PlacedOrder = T.Object(
  { order: T.Object({ ...Order.properties, token: OrderToken }), payment: PaymentView },
  { title: 'PlacedOrder' },
)

export const TimelineEntry = T.Object({
  at: Timestamp,
  /** placed, payment-captured, fulfilled, refunded, canceled, note … */
  kind: T.String(),
  detail: T.String(),
  /** Who: shopper, system, or a staff member's id. */
  by: T.String(),
})

/**
 * - `authorization-lapses`: the money has to be taken within two days, or the goods cannot leave;
 * - `authorization-lapsed`: it is no longer held, and nothing may leave;
 * - `could-not-be-fulfilled`: it was paid when there was nothing left to sell it, and its money goes back;
 * - `refund-failed`: what was given back came back, and nothing was given back since; or the provider does not give back what a canceled
 *   order was paid with.
 */
export const AttentionKind = T.Union([
  T.Literal('authorization-lapses'),
  T.Literal('authorization-lapsed'),
  T.Literal('could-not-be-fulfilled'),
  T.Literal('refund-failed'),
])

export const AdminOrder = T.Object(
  {
    ...Order.properties,
    customerId: Nullable(T.String()),
    cancelReason: Nullable(T.String()),
    payment: Nullable(Payment),
    timeline: T.Array(TimelineEntry),
    /** What staff may do now: mark-paid, capture, fulfill, cancel, refund. */
    actions: T.Array(T.String()),
    /** What somebody should look at, and by when where there is a time. */
    attention: T.Array(T.Object({ kind: AttentionKind, at: Nullable(Timestamp), detail: T.String() })),
  },
  { title: 'AdminOrder' },
)

const OrderSummary = T.Object(
  {
    id: OrderId,
    number: T.String(),
    status: OrderStatus,
    email: Email,
    name: Nullable(T.String()),
    total: Money,
    units: T.Integer(),
    createdAt: Timestamp,
    placedAt: Nullable(Timestamp),
  },
  { title: 'OrderSummary' },
)

const Field = T.Object({ field: T.String() })
const moneyRefusals = {
  'orders/unknown-order': 404,
  'orders/not-allowed-now': [409, T.Object({ orderStatus: OrderStatus })],
  'payments/nothing-to-capture': 409,
  'payments/authorization-lapsed': [409, T.Object({ authorizedUntil: Nullable(Timestamp) })],
  'payments/nothing-to-refund': 409,
  'payments/amount-too-large': [409, T.Object({ largest: Money })],
  'payments/operation-in-flight': 409,
  'payments/provider-refused': [409, T.Object({ reason: T.String() })],
  'payments/outcome-unknown': 503,
} as const

export const orders = contract(
  'orders',
  {
    checkout: command('POST /carts/{cartId}/checkout', {
      summary: 'Turn a cart into an order and ask for the money',
      access: capability('cartId'),
      importance: 'checkout',
      idempotency: 'use-case',
      status: 201,
      limit: { max: 60, perSeconds: 60 },
      timeoutMs: 30_000,
      input: T.Object({
        /** Whatever stands in the path: what is no cart's id is no cart. */
        cartId: T.String({ minLength: 1, maxLength: 60 }),
        payment: T.Object({ provider: ProviderName, token: T.Optional(PaymentToken) }),
        expectedTotal: T.Optional(Money),
        /** What the shopper was told the provider will be asked for; less may be left on a gift card by now. */
        expectedDue: T.Optional(Money),
        /**
         * Where a redirect of the provider ends; must be an address of the shop. The order's id and token are added to its
         * query as `order` and `token`. Without it shoppers come back to the order's page.
         */
        returnUrl: T.Optional(T.String({ maxLength: 2_048 })),
      }),
      output: PlacedOrder,
      refusals: {
        'cart/unknown-cart': 404,
        'cart/ordered': [409, T.Object({ orderId: T.String() })],
        'cart/unknown-variant': [404, Field],
        'cart/unknown-shipping-method': [422, Field],
        'orders/cart-empty': 409,
        'orders/cart-incomplete': [422, T.Object({ missing: T.Array(T.String()) })],
        'orders/price-changed': [409, T.Object({ total: Money, due: Money })],
        'orders/return-url-not-allowed': [422, Field],
        'orders/checkout-in-progress': 409,
        'pricing/not-sold-here': [409, NotSoldHere],
        'pricing/coupon-spent': [409, CouponRefusal],
        'inventory/insufficient-stock': [409, Shortage],
        'shipping/destination-not-served': [422, NotServed],
        'shipping/unavailable': [503, ShippingUnavailable],
        'payments/declined': [402, T.Object({ reason: T.String() })],
        'payments/unknown-provider': [422, Field],
        'payments/token-required': [422, Field],
        'payments/gift-card-short': [409, GiftCardShort],
        'payments/provider-unavailable': [503, ProviderUnavailable],
      },
    }),
    get: query('GET /orders/{orderId}', {
      summary: 'An order, for whoever has its token, or for the customer whose it is',
      access: [capability('token'), customer],
      // The last of the three requests that sell: a shopper who paid sees that they did.
      importance: 'checkout',
      input: T.Object({ orderId: OrderId, token: T.Optional(OrderToken) }),
      output: T.Object({ ...Order.properties, payment: Nullable(PaymentView) }, { title: 'OrderView' }),
      refusals: { 'orders/unknown-order': 404 },
    }),
    resume: command(null, {
      summary: 'The shopper came back from the provider: ask how the payment stands and drive the order on',
      access: internal,
      idempotency: 'natural',
      timeoutMs: 20_000,
      input: T.Object({ orderId: OrderId, token: OrderToken }),
      output: PlacedOrder,
      refusals: { 'orders/unknown-order': 404 },
    }),
    details: query(null, {
      summary: 'An order with the link that opens it, for the mails that other services send',
      access: internal,
      input: T.Object({ orderId: T.String() }),
      output: T.Object({ order: Order, url: T.String(), payment: Nullable(PaymentView) }),
      refusals: { 'orders/unknown-order': 404 },
    }),
    accountOrders: query('GET /account/orders', {
      summary: 'The signed-in customer’s orders, newest first',
      access: customer,
      input: T.Object({ cursor: Cursor, limit: Limit(20) }),
      output: Page(OrderSummary),
    }),
    adminOrders: query('GET /admin/orders', {
      summary: 'Orders, newest first; `q` matches number, e-mail and name',
      access: staff('orders:read'),
      input: T.Object({
        q: T.Optional(T.String({ maxLength: 200 })),
        status: T.Optional(OrderStatus),
        /** Orders that somebody should look at: whose authorization lapses or has lapsed, soonest first; that were paid and could not be fulfilled. */
        attention: T.Optional(T.Union([T.Literal('authorization-lapses'), T.Literal('could-not-be-fulfilled')])),
        cursor: Cursor,
        limit: Limit(50),
      }),
      output: Page(OrderSummary),
    }),
    adminOrder: query('GET /admin/orders/{orderId}', {
      summary: 'An order with payment and time line',
      access: staff('orders:read'),
      input: T.Object({ orderId: OrderId }),
      output: AdminOrder,
      refusals: { 'orders/unknown-order': 404 },
    }),
    capture: command('POST /admin/orders/{orderId}/capture', {
      summary: 'Take the authorized money, all or a part',
      access: staff('payments:capture'),
      importance: 'checkout',
      idempotency: 'required',
      timeoutMs: 20_000,
      input: T.Object({ orderId: OrderId, amount: T.Optional(Money) }),
      output: AdminOrder,
      refusals: moneyRefusals,
    }),
    markPaid: command('POST /admin/orders/{orderId}/mark-paid', {
      summary:
        'Note that the money of an order that is paid by transfer has arrived, all of it; the order is placed by that',
      access: staff('payments:capture'),
      idempotency: 'required',
      timeoutMs: 20_000,
      input: T.Object({
        orderId: OrderId,
        /** What arrived, if it is to be compared with what is due. */
        amount: T.Optional(Money),
      }),
      output: AdminOrder,
      refusals: {
        'orders/unknown-order': 404,
        'orders/not-allowed-now': [409, T.Object({ orderStatus: OrderStatus })],
        'payments/not-by-hand': 409,
        'payments/nothing-awaited': 409,
        'payments/amount-differs': [409, T.Object({ due: Money })],
      },
    }),
    fulfill: command('POST /admin/orders/{orderId}/fulfillments', {
      summary:
        'Send units of lines (all that is left when no lines are named); takes the money first where it was only authorized',
      access: staff('orders:fulfill'),
      importance: 'checkout',
      idempotency: 'required',
      status: 201,
      timeoutMs: 20_000,
      input: T.Object({
        orderId: OrderId,
        lines: T.Optional(
          T.Array(T.Object({ lineId: OrderLineId, quantity: T.Integer({ minimum: 1 }) }), {
            minItems: 1,
            maxItems: 200,
          }),
        ),
        carrier: T.Optional(T.String({ minLength: 1, maxLength: 80 })),
        trackingNumber: T.Optional(T.String({ minLength: 1, maxLength: 80 })),
      }),
      output: AdminOrder,
      refusals: { ...moneyRefusals, 'orders/nothing-to-fulfill': [409, Field] },
    }),
    cancel: command('POST /admin/orders/{orderId}/cancel', {
      summary: 'Cancel an order that has not left: stock goes back, money is voided or refunded',
      access: staff('orders:cancel'),
      importance: 'checkout',
      idempotency: 'required',
      timeoutMs: 20_000,
      input: T.Object({ orderId: OrderId, reason: T.String({ minLength: 1, maxLength: 200 }) }),
      output: AdminOrder,
      refusals: moneyRefusals,
    }),
    refund: command('POST /admin/orders/{orderId}/refunds', {
      summary: 'Give money back, all or a part',
      access: staff('payments:refund'),
      importance: 'checkout',
      idempotency: 'required',
      status: 201,
      timeoutMs: 20_000,
      input: T.Object({
        orderId: OrderId,
        amount: T.Optional(Money),
        reason: T.String({ minLength: 1, maxLength: 200 }),
      }),
      output: AdminOrder,
      refusals: moneyRefusals,
    }),
    verify: verifyOperation('I1, I2, I5, I8, I9: orders are complete, paid once, exact, and hold no stock too long'),
  },
  { subscribes: [paymentAuthorized, paymentCaptured, paymentFailed, paymentRefunded, paymentRefundFailed] },
)
