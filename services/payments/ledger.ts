import type { Transaction } from '#kernel/database'
import type { Moved } from './gift-cards-store.ts'
import { type Booking, insertBookings } from './ledger-store.ts'
import type { OperationRow } from './payment.ts'

/**
 * The accounts. A provider owes us what it captured and has not given back. What shoppers paid is owed to them in goods;
 * what went back is booked apart, so that both can be read. What is left on gift cards is owed to whoever holds them; what
 * they were issued for was paid outside of the shop, or is a cost, which the accountant tells apart.
 */
const customers = 'customers'
const refunds = 'refunds'
const fees = 'fees'
const giftCards = 'gift-cards'
const giftCardsIssued = 'gift-cards-issued'
const providerAccount = (provider: string): string => `provider:${provider}`

type Booked = Pick<OperationRow, 'id' | 'amount' | 'currency'>

const book = (
  tx: Transaction,
  kind: Booking['kind'],
  { id, amount, currency }: Booked,
  debit: string,
  credit: string,
): Promise<void> => insertBookings(tx, [{ kind, of: { operationId: id }, debit, credit, amount, currency }])

/** Money was captured: the provider owes us, we owe the shopper. */
export const bookCapture = (tx: Transaction, provider: string, booked: Booked): Promise<void> =>
  book(tx, 'capture', booked, providerAccount(provider), customers)

/** What the provider keeps for itself of a capture: it owes us less, and the shopper nothing. */
export const bookFee = (tx: Transaction, provider: string, booked: Booked): Promise<void> =>
  book(tx, 'fee', booked, fees, providerAccount(provider))

/** Money went back: the provider owes us less. */
export const bookRefund = (tx: Transaction, provider: string, booked: Booked): Promise<void> =>
  book(tx, 'refund', booked, refunds, providerAccount(provider))

/** A refund came back, since the shopper's bank did not take it: the opposite of the refund. */
export const bookFailedRefund = (tx: Transaction, provider: string, booked: Booked): Promise<void> =>
  book(tx, 'refund-failed', booked, providerAccount(provider), refunds)

const bookMoved = (
  tx: Transaction,
  kind: Booking['kind'],
  moved: readonly Moved[],
  debit: string,
  credit: string,
): Promise<void> =>
  insertBookings(
    tx,
    moved.map(({ id, amount, currency }) => ({ kind, of: { movementId: id }, debit, credit, amount, currency })),
  )

/** A card was issued: we owe its holder. */
export const bookIssue = (tx: Transaction, issued: Moved): Promise<void> =>
  bookMoved(tx, 'gift-card-issue', [issued], giftCardsIssued, giftCards)

/** Staff changed what is left on a card: as an issue of more, or the opposite. */
export const bookAdjustment = (tx: Transaction, moved: Moved, isMore: boolean): Promise<void> =>
  isMore
    ? bookMoved(tx, 'gift-card-adjust', [moved], giftCardsIssued, giftCards)
    : bookMoved(tx, 'gift-card-adjust', [moved], giftCards, giftCardsIssued)

/** Cards paid for an order: what we owed their holders we owe the shopper in goods. */
export const bookUses = (tx: Transaction, moved: readonly Moved[]): Promise<void> =>
  bookMoved(tx, 'gift-card-use', moved, giftCards, customers)

/** The order came to nothing: the opposite of the use. */
export const bookReturns = (tx: Transaction, moved: readonly Moved[]): Promise<void> =>
  bookMoved(tx, 'gift-card-return', moved, customers, giftCards)

/** Money of a paid order went back to its cards. */
export const bookCardRefunds = (tx: Transaction, moved: readonly Moved[]): Promise<void> =>
  bookMoved(tx, 'gift-card-refund', moved, refunds, giftCards)
