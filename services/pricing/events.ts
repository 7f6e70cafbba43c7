import T from 'typebox'
import { event } from '#kernel/event'

/** Prices of some variants of one product changed. `subject` is the product's id. */
export const priceChanged = event('price.changed', {
  version: 1,
  data: T.Object({ productId: T.String(), variantIds: T.Array(T.String()) }),
})
