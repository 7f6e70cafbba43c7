import { type Database, inTransaction } from '#kernel/database'
import { type InvariantCheck, violationsNamedAtMost } from '#kernel/invariants'
import * as store from './verify-store.ts'

/** All payments are looked at, in the database: on a large shop that takes its time, in milliseconds. */
const verifyTimeoutMs = 300_000

/** I2 and I4 over what this service keeps: a row or a sum that does not agree is named. */
export function verify(db: Database): Promise<InvariantCheck[]> {
  return inTransaction(db, async (tx) => {
    await store.allowTime(tx, verifyTimeoutMs)
    const attempts = await store.ordersWithTwoLivePayments(tx, violationsNamedAtMost)
    const payments = await store.paymentsOutOfBounds(tx, violationsNamedAtMost)
    const operations = await store.paymentsUnlikeTheirOperations(tx, violationsNamedAtMost)
    const transactions = await store.unbalancedTransactions(tx, violationsNamedAtMost)
    const accounts = await store.providersUnlikeTheirAccount(tx)
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
    ]
  })
}
