import T from 'typebox'
import { event } from '#kernel/event'

/** Somebody opened an account. `subject` is the customer's id. */
export const customerRegistered = event('customer.registered', {
  version: 1,
  data: T.Object({ customerId: T.String() }),
})
