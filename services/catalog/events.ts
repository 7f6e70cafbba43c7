import T from 'typebox'
import { event } from '#kernel/event'

/** A product was created or changed. `subject` is its id, `sequence` its version. Ask catalog for what it is now. */
export const productChanged = event('product.changed', { version: 1, data: T.Object({ productId: T.String() }) })

/** A product is no longer sold (archived, or back to draft). */
export const productRetired = event('product.retired', { version: 1, data: T.Object({ productId: T.String() }) })
