import { sql, type Transaction } from '#kernel/database'

/** A transaction of the ledger: of an operation, or of a gift card's movement. */
export type Booking = {
  readonly kind:
    | 'capture'
    | 'fee'
    | 'refund'
    | 'refund-failed'
    | 'gift-card-issue'
    | 'gift-card-use'
    | 'gift-card-return'
    | 'gift-card-refund'
    | 'gift-card-adjust'
  readonly of: { readonly operationId: string } | { readonly movementId: string }
  readonly debit: string
  readonly credit: string
  readonly amount: number
  readonly currency: string
}

/**
 * Books amounts from one account to another, each once an operation and kind, or once a movement. That both sides sum to zero
 * is judged by the database at commit. Accounts are made in the order of their names, which all who need a new one keep.
 */
export async function insertBookings(tx: Transaction, bookings: readonly Booking[]): Promise<void> {
  if (bookings.length === 0) return
  const rows = bookings.map(({ of, ...booking }) => ({ ...booking, ...of }))
  await sql`
    with booking as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as b (
        kind text, "operationId" text, "movementId" uuid, debit text, credit text, amount bigint, currency text)),
    accounts as (
      insert into ledger_accounts (name, currency)
      select debit, currency from booking union select credit, currency from booking order by 1, 2
      on conflict do nothing),
    booked as (
      insert into ledger_transactions (kind, operation_id, movement_id)
      select kind, "operationId", "movementId" from booking returning id, operation_id, movement_id)
    insert into ledger_entries (transaction_id, account, currency, amount)
    select booked.id, side.account, b.currency, side.amount
    from booking b
    join booked on booked.operation_id = b."operationId" or booked.movement_id = b."movementId"
    cross join lateral (values (b.debit, b.amount), (b.credit, -b.amount)) as side (account, amount)`.execute(tx)
}
