import T from 'typebox'
import { event } from '#kernel/event'

/** An order can no longer be undone by checkout: stock is held, money is authorized. `subject` is the order's id. */
export const orderPlaced = event('order.placed', {
  version: 1,
  data: T.Object({
    orderId: T.String(),
    number: T.String(),
    cartId: T.String(),
    market: T.String(),
    customerId: T.Union([T.String(), T.Null()]),
  }),
})

/** An order waits for money that its shopper has to transfer; its goods are kept until then. */
export const paymentRequested = event('order.payment-requested', {
  version: 1,
  data: T.Object({ orderId: T.String(), number: T.String() }),
})

/** An order was given up after it was placed, or could not be fulfilled. Its stock goes back. */
export const orderCanceled = event('order.canceled', {
  version: 1,
  data: T.Object({ orderId: T.String(), number: T.String(), reason: T.String() }),
})

/** All units of some lines left. */
export const orderFulfilled = event('order.fulfilled', {
  version: 1,
  data: T.Object({
    orderId: T.String(),
    number: T.String(),
    fulfillmentId: T.String(),
    lines: T.Array(T.Object({ variantId: T.String(), quantity: T.Integer() })),
  }),
})

/** Money went back to the shopper. */
export const orderRefunded = event('order.refunded', {
  version: 1,
  data: T.Object({
    orderId: T.String(),
    number: T.String(),
    refundId: T.String(),
    amount: T.Integer(),
    currency: T.String(),
  }),
})
