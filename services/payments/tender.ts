import { ok, refuse } from '#kernel/contract'
import type { Transaction } from '#kernel/database'
import * as cards from './gift-cards-store.ts'
import { bookCardRefunds, bookReturns, bookUses } from './ledger.ts'
import type { OperationRow, PaymentRow } from './payment.ts'
import { type Part, splitOverCards } from './refund-split.ts'

/**
 * Takes what gift cards pay of an order, in the transaction that begins its payment: all of them as they were told, or none. A card
 * that holds less than the cart was shown, or was turned off since, refuses it.
 */
export async function takeFromCards(tx: Transaction, use: cards.NewUse, parts: readonly Part[]) {
  const taken = await cards.insertUses(tx, use, parts)
  if ('short' in taken) {
    const card = await cards.readGiftCard(tx, taken.short)
    const last4 = card?.last4 ?? ''
    return refuse(
      'payments/gift-card-short',
      `The gift card ending in ${last4} can no longer pay as much as was shown.`,
      {
        last4,
      },
    )
  }
  await bookUses(tx, taken.moved)
  return ok({})
}

/** Gives back what cards paid beside an attempt that can no longer succeed. */
export async function giveUsesBack(tx: Transaction, payment: PaymentRow, by: string): Promise<void> {
  await bookReturns(tx, await cards.undoUses(tx, payment, by))
}

/** Gives cards back their part of a refund. */
export async function refundToCards(
  tx: Transaction,
  refund: Pick<OperationRow, 'id' | 'order_id' | 'gift_cards' | 'by'>,
): Promise<void> {
  const left = (await cards.usesOf(tx, [refund.order_id])).map(({ gift_card_id, amount, refunded }) => ({
    giftCardId: gift_card_id,
    amount: amount - refunded,
  }))
  await bookCardRefunds(tx, await cards.refundUses(tx, refund, splitOverCards(refund.gift_cards, left)))
}
