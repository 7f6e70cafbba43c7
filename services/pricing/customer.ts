import { createHmac } from 'node:crypto'

/** Makes what pricing keeps of a customer's key. */
export type CustomerDigest = (customerKey: string | null) => string | null

/**
 * Limits a customer need to know the same customer again, not who it is: e-mail addresses are kept as keyed digests,
 * which nobody can read or try out without the shop's secret.
 */
export const customerDigest =
  (secret: string): CustomerDigest =>
  (customerKey) =>
    customerKey === null ? null : createHmac('sha256', secret).update(customerKey).digest('base64url')
