import type { Transaction } from '#kernel/database'
import type { OperationRow } from './payment.ts'
import { insertBooking } from './store.ts'

/**
 * The accounts. A provider owes us what it captured and has not given back. What shoppers paid is owed to them in goods;
 * what went back is booked apart, so that both can be read.
 */
const customers = 'customers'
const refunds = 'refunds'
const providerAccount = (provider: string): string => `provider:${provider}`

type Booked = Pick<OperationRow, 'id' | 'amount' | 'currency'>

/** Money was captured: the provider owes us, we owe the shopper. */
export const bookCapture = (tx: Transaction, provider: string, { id, amount, currency }: Booked): Promise<void> =>
  insertBooking(tx, {
    kind: 'capture',
    operationId: id,
    debit: providerAccount(provider),
    credit: customers,
    amount,
    currency,
  })

/** Money went back: the provider owes us less. */
export const bookRefund = (tx: Transaction, provider: string, { id, amount, currency }: Booked): Promise<void> =>
  insertBooking(tx, {
    kind: 'refund',
    operationId: id,
    debit: refunds,
    credit: providerAccount(provider),
    amount,
    currency,
  })

/** A refund came back, since the shopper's bank did not take it: the opposite of the refund. */
export const bookFailedRefund = (tx: Transaction, provider: string, { id, amount, currency }: Booked): Promise<void> =>
  insertBooking(tx, {
    kind: 'refund-failed',
    operationId: id,
    debit: providerAccount(provider),
    credit: refunds,
    amount,
    currency,
  })
