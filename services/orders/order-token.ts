import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** Makes the token that opens an order. */
export type TokenOf = (orderId: string) => string

/** 16 bytes are 128 bits, which nobody guesses, and 22 characters in an address. */
const tokenBytes = 16

/**
 * The token of an order is derived from its id and a secret of the shop: nothing is stored that could leak, and mails can
 * carry it years later.
 */
export const orderTokens =
  (secret: string): TokenOf =>
  (orderId) =>
    createHmac('sha256', secret).update(`order ${orderId}`).digest().subarray(0, tokenBytes).toString('base64url')

/** Whether `given` opens the order. Takes the same time for every token; none and the empty one open nothing. */
export function opens(tokenOf: TokenOf, orderId: string, given: string | null | undefined): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given ?? ''), digest(tokenOf(orderId)))
}
