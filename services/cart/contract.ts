import T from 'typebox'
import { SellableVariant } from '#contracts/catalog'
import { GiftCardCode, GiftCardId, giftCardsAtMost, Last4 } from '#contracts/payments'
import {
  AppliedDiscount,
  CouponCode,
  CouponRefusal,
  CouponVerdict,
  MarketCode,
  NotSoldHere,
  PricedLine,
  Quote,
  Totals,
} from '#contracts/pricing'
import { NotServed, ShippingMethod, ShippingUnavailable } from '#contracts/shipping'
import { orderPlaced } from '#events/orders'
import { anyone, capability, command, contract, internal, query } from '#kernel/contract'
import { Address, Email, Nullable, Timestamp } from '#kernel/fields'
import { Id } from '#kernel/id'
import { Money } from '#kernel/money'
import { Written } from '#kernel/validation-words'

/** 128 random bits: whoever knows it may see and change the cart. */
export const CartId = Id('cart', 'An unguessable capability: whoever knows it may use the cart.')
export const CartLineId = Id('line')
/** Whatever stands in the path: what is no cart's id is no cart, and answered like one that is gone. */
const CartRef = T.String({ minLength: 1, maxLength: 60, description: 'The id of a cart.' })

/** Lines a cart: more is a purchase order, and statements over it must stay short. */
export const linesAtMost = 200
/** Units a line: beyond it is a typing error or an attack. */
export const quantityAtMost = 10_000

const Quantity = T.Integer({ minimum: 1, maximum: quantityAtMost })
const VariantRef = Written('^[A-Za-z0-9_-]{1,60}$', 'the id of a variant')

export const CartLine = T.Object({
  ...PricedLine.properties,
  id: CartLineId,
  variantId: T.String(),
  productId: T.String(),
  handle: T.String(),
  title: T.String(),
  variantTitle: T.String(),
  sku: Nullable(T.String()),
  imageUrl: Nullable(T.String()),
  quantity: T.Integer(),
  /** False when it is no longer sold, or not in this market: it costs nothing, and checkout refuses it until it is taken out. */
  sold: T.Boolean(),
  /** What can be promised now is less than `quantity`; also of a line that is not sold. Said early; checkout decides. */
  short: T.Boolean(),
})

export const Cart = T.Object(
  {
    id: CartId,
    market: MarketCode,
    currency: T.String(),
    taxIncluded: T.Boolean(),
    email: Nullable(Email),
    shippingAddress: Nullable(Address),
    billingAddress: Nullable(Address),
    /** The method chosen, or the default that will be taken; null while the destination is not known or nothing is shipped. */
    shippingMethod: Nullable(T.String()),
    requiresShipping: T.Boolean(),
    lines: T.Array(CartLine),
    coupons: T.Array(CouponVerdict),
    discounts: T.Array(AppliedDiscount),
    totals: Totals,
    /** Gift cards and what each would pay now, in the order of use; nothing, when nothing is left of it or of the total. */
    giftCards: T.Array(T.Object({ id: GiftCardId, last4: Last4, amount: Money })),
    /** What is left of the total for the payment provider. */
    due: Money,
    /**
     * What checkout still asks for: lines (none, or one that is not sold), email, shippingAddress, shippingMethod (the one
     * chosen is not offered any more, or none carries the goods there). Empty when the cart can be ordered.
     */
    missing: T.Array(T.String()),
    /** The order it became; then it can no longer change. */
    orderId: Nullable(T.String()),
    /** Rises with each change. */
    version: T.Integer(),
    updatedAt: Timestamp,
  },
  { title: 'Cart' },
)

const Details = {
  email: T.Optional(Email),
  shippingAddress: T.Optional(Address),
  billingAddress: T.Optional(Nullable(Address)),
  shippingMethod: T.Optional(T.String({ minLength: 1, maxLength: 40 })),
  couponCodes: T.Optional(T.Array(CouponCode, { maxItems: 5 })),
  /** Codes in the order of use, or ids of gift cards that the cart has already: nobody is told their codes again. */
  giftCards: T.Optional(T.Array(GiftCardCode, { maxItems: giftCardsAtMost })),
}

const FieldRefusal = T.Object({ field: T.String() })
const lineRefusals = {
  'cart/unknown-variant': [404, FieldRefusal],
  'pricing/not-sold-here': [409, NotSoldHere],
  'cart/too-many-lines': 422,
  'cart/quantity-too-large': [422, FieldRefusal],
} as const
const detailRefusals = {
  'shipping/destination-not-served': [422, NotServed],
  'shipping/unavailable': [503, ShippingUnavailable],
  'cart/unknown-shipping-method': [422, FieldRefusal],
  'pricing/unknown-coupon': [422, CouponRefusal],
  'pricing/coupon-spent': [409, CouponRefusal],
  'payments/gift-card-not-usable': [422, FieldRefusal],
} as const
const cartRefusals = { 'cart/unknown-cart': 404, 'cart/ordered': 409 } as const

/** A person fills a few carts an hour, a shop's whole office a few a minute. */
const createLimit = { max: 120, perSeconds: 60 }
/** Codes are guessed one after the other; refused ones are what counts, through whichever request they came. */
const couponLimit = {
  max: 20,
  perSeconds: 60,
  counts: ['pricing/unknown-coupon', 'pricing/coupon-spent'],
  field: 'couponCodes',
  bucket: 'coupons',
  exemptLoopback: false,
} as const

export const cart = contract(
  'cart',
  {
    create: command('POST /carts', {
      idempotency: 'with-effect',
      summary: 'Start a cart, with lines and all that checkout needs in one request if you like',
      access: anyone,
      importance: 'cart',
      status: 201,
      limit: [createLimit, couponLimit],
      input: T.Object({
        market: T.Optional(MarketCode),
        lines: T.Optional(T.Array(T.Object({ variantId: VariantRef, quantity: Quantity }), { maxItems: linesAtMost })),
        ...Details,
      }),
      output: Cart,
      refusals: { ...lineRefusals, ...detailRefusals, 'pricing/unknown-market': 404 },
    }),
    get: query('GET /carts/{cartId}', {
      summary: 'The cart, priced now',
      access: capability('cartId'),
      input: T.Object({ cartId: CartRef }),
      output: Cart,
      refusals: { 'cart/unknown-cart': 404 },
    }),
    update: command('PATCH /carts/{cartId}', {
      summary: 'Set e-mail, addresses, shipping method, coupon codes or gift cards',
      access: capability('cartId'),
      limit: couponLimit,
      input: T.Object({ cartId: CartRef, ...Details }),
      output: Cart,
      refusals: { ...cartRefusals, ...detailRefusals },
    }),
    addLine: command('POST /carts/{cartId}/lines', {
      idempotency: 'with-effect',
      summary: 'Put units of a variant into the cart; a variant that is in it already gets more',
      access: capability('cartId'),
      input: T.Object({ cartId: CartRef, variantId: VariantRef, quantity: Quantity }),
      output: Cart,
      refusals: { ...cartRefusals, ...lineRefusals },
    }),
    updateLine: command('PATCH /carts/{cartId}/lines/{lineId}', {
      summary: 'Set a line’s quantity',
      access: capability('cartId'),
      input: T.Object({ cartId: CartRef, lineId: CartLineId, quantity: Quantity }),
      output: Cart,
      refusals: { ...cartRefusals, 'cart/unknown-line': 404, 'cart/quantity-too-large': [422, FieldRefusal] },
    }),
    removeLine: command('DELETE /carts/{cartId}/lines/{lineId}', {
      summary: 'Take a line out',
      access: capability('cartId'),
      input: T.Object({ cartId: CartRef, lineId: CartLineId }),
      output: Cart,
      refusals: { ...cartRefusals, 'cart/unknown-line': 404 },
    }),
    shippingMethods: query('GET /carts/{cartId}/shipping-methods', {
      summary: 'How the cart’s goods can go to its address, and for how much',
      access: capability('cartId'),
      input: T.Object({ cartId: CartRef }),
      output: T.Object({ items: T.Array(ShippingMethod) }),
      refusals: {
        'cart/unknown-cart': 404,
        'cart/address-missing': 409,
        'shipping/destination-not-served': [422, NotServed],
        'shipping/unavailable': [503, ShippingUnavailable],
      },
    }),
    snapshot: query(null, {
      summary: 'All that an order needs of a cart, priced now, in one call',
      access: internal,
      input: T.Object({ cartId: CartRef }),
      output: T.Object({
        cart: Cart,
        quote: Quote,
        variants: T.Array(SellableVariant),
        shipping: Nullable(T.Object({ id: T.String(), name: T.String(), price: Money })),
        customerId: Nullable(T.String()),
      }),
      refusals: {
        'cart/unknown-cart': 404,
        'pricing/not-sold-here': [409, NotSoldHere],
        'shipping/destination-not-served': [422, NotServed],
        'shipping/unavailable': [503, ShippingUnavailable],
        'cart/unknown-variant': [404, FieldRefusal],
        'cart/unknown-shipping-method': [422, FieldRefusal],
      },
    }),
  },
  { subscribes: [orderPlaced] },
)
