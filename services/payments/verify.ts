import type { Database } from '#kernel/database'
import { type InvariantCheck, violationsNamedAtMost } from '#kernel/invariants'
import * as store from './verify-store.ts'

/** I2 and I4 over what this service keeps: a row or a sum that does not agree is named. */
export async function verify(db: Database): Promise<InvariantCheck[]> {
  const [attempts, payments, operations, transactions, accounts] = await Promise.all([
    store.ordersWithTwoLivePayments(db, violationsNamedAtMost),
    store.paymentsOutOfBounds(db, violationsNamedAtMost),
    store.paymentsUnlikeTheirOperations(db, violationsNamedAtMost),
    store.unbalancedTransactions(db, violationsNamedAtMost),
    store.providersUnlikeTheirAccount(db),
  ])
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
}
