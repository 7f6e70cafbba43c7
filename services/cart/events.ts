import T from 'typebox'
import { event } from '#kernel/event'

/** Nobody touched a cart with an e-mail address for a day. `subject` is the cart's row id, not its capability. */
export const cartAbandoned = event('cart.abandoned', {
  version: 1,
  data: T.Object({ market: T.String(), lines: T.Integer() }),
})
