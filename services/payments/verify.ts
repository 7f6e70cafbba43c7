import { type Database, inTransaction } from '#kernel/database'
import { type InvariantCheck, violationsNamedAtMost } from '#kernel/invariants'
import * as store from './verify-store.ts'

/** All payments are looked at, in the database: on a large shop that takes its time, in milliseconds. */
const verifyTimeoutMs = 300_000

/** I2, I4 and I7 over what this service keeps: a row or a sum that does not agree is named. */
export function verify(db: Database): Promise<InvariantCheck[]> {
  return inTransaction(db, async (tx) => {
    await store.allowTime(tx, verifyTimeoutMs)
    const attempts = await store.ordersWithTwoLivePayments(tx, violationsNamedAtMost)
    const payments = await store.paymentsOutOfBounds(tx, violationsNamedAtMost)
    const operations = await store.paymentsUnlikeTheirOperations(tx, violationsNamedAtMost)
    const transactions = await store.unbalancedTransactions(tx, violationsNamedAtMost)
    const accounts = await store.providersUnlikeTheirAccount(tx)
    const uses = await store.usesUnlikeTheirMovements(tx, violationsNamedAtMost)
    const cardAccounts = await store.cardsUnlikeTheirAccount(tx)
    const balances = await store.cardsUnlikeTheirMovements(tx, violationsNamedAtMost)
    return [
      { invariant: 'I2', what: 'at most one payment an order holds or took money', ...attempts },
      { invariant: 'I2', what: 'refunded ≤ captured ≤ authorized ≤ amount', ...payments },
      { invariant: 'I2', what: 'captures and refunds sum to what the payment says', ...operations },
      { invariant: 'I4', what: 'each ledger transaction balances to zero in each currency', ...transactions },
      {
        invariant: 'I4',
        what: 'each provider’s account is what its payments captured less what they refunded',
        ...accounts,
      },
      { invariant: 'I2', what: 'what gift cards paid of orders and got back is what moved from and to them', ...uses },
      { invariant: 'I4', what: 'the gift cards’ account is what is left on all of them', ...cardAccounts },
      { invariant: 'I7', what: 'no gift card is below zero, and each holds the sum of its movements', ...balances },
    ]
  })
}
