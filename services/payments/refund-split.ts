/** What is left of each tender, in minor units; cards in the order in which they were used. */
export type Left = { readonly provider: number; readonly cards: readonly Part[] }
export type Part = { readonly giftCardId: string; readonly amount: number }

/**
 * Where a refund goes: first to the provider's money, which the shopper paid with this order, up to what is left of it; then to
 * the gift cards, the last one used first. So money goes back to where it came from, and a card is never given what it did
 * not pay. The parts sum to `amount`, which must not be more than all that is left.
 */
export function splitRefund(amount: number, left: Left): Left {
  const provider = Math.min(amount, left.provider)
  const cards = splitOverCards(amount - provider, left.cards)
  return { provider, cards }
}

/** The last one used first. @throws when it is more than the cards paid */
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
