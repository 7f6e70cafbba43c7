import T from 'typebox'
import { event } from '#kernel/event'

const Fact = T.Object({
  orderId: T.String(),
  paymentId: T.String(),
  amount: T.Integer(),
  currency: T.String(),
  /** The payment's status after it. */
  status: T.String(),
  /** A staff member's id, `shopper`, `provider` or `system`. */
  by: T.String(),
})

/** The provider has promised the money. `subject` is the payment's id. */
export const paymentAuthorized = event('payment.authorized', { version: 1, data: Fact })

/** The money is ours. `amount` is what this capture took. */
export const paymentCaptured = event('payment.captured', { version: 1, data: Fact })

/** The attempt can no longer succeed, or what was authorized is no longer held (status `voided`). */
export const paymentFailed = event('payment.failed', {
  version: 1,
  data: T.Object({ ...Fact.properties, reason: T.String() }),
})

/** Money went back. `amount` is what this refund gave. */
export const paymentRefunded = event('payment.refunded', {
  version: 1,
  data: T.Object({ ...Fact.properties, refundId: T.String() }),
})

/** A refund that was told came back, since the shopper's bank did not take it. `amount` is ours again. */
export const paymentRefundFailed = event('payment.refund-failed', {
  version: 1,
  data: T.Object({ ...Fact.properties, refundId: T.String() }),
})
