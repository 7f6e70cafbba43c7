import T from 'typebox'
import { event } from '#kernel/event'

/**
 * A variant crossed a threshold (sold out, low, in stock), or was counted. Not sent for every order, or each would
 * rewrite a listing row. `subject` is the variant's id.
 */
export const availabilityChanged = event('availability.changed', {
  version: 1,
  data: T.Object({
    variantId: T.String(),
    state: T.Union([T.Literal('in-stock'), T.Literal('low'), T.Literal('out-of-stock')]),
  }),
})
