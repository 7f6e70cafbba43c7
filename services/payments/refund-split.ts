/** What a gift card gets or paid, in minor units. */
export type Part = { readonly giftCardId: string; readonly amount: number }

/**
 * Where a refund goes, in minor units: first to the provider's money, up to what is left of it, and the rest to the gift cards. So money
 * goes back to where it came from.
 * @param providerLeft what the provider captured and has not given back
 */
export function splitRefund(amount: number, providerLeft: number): { provider: number; giftCards: number } {
  const provider = Math.min(amount, providerLeft)
  return { provider, giftCards: amount - provider }
}

/**
 * Which card gets how much of a refund: the last one used first, none more than is left of what it paid.
 * @param cards what is left of each, in the order of use
 * @throws when it is more than is left
 */
export function splitOverCards(amount: number, cards: readonly Part[]): Part[] {
  let open = amount
  const parts = cards.toReversed().flatMap(({ giftCardId, amount: most }) => {
    const part = Math.min(open, most)
    open -= part
    return part > 0 ? [{ giftCardId, amount: part }] : []
  })
  if (open !== 0) throw new RangeError(`payments: ${open} of ${amount} came from no gift card`)
  return parts
}
