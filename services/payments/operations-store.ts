import { type Executor, sql, type Transaction } from '#kernel/database'
import { newId } from '#kernel/id'
import type { OperationRow, PaymentRow } from './payment.ts'
import { leftOnCards, lockPayment, lookAfter } from './store.ts'

// Captures, refunds and voids.

export type NewOperation = {
  readonly paymentId: string
  readonly kind: OperationRow['kind']
  readonly amount: number
  /** Of a refund, what goes to gift cards beside it. */
  readonly giftCards: number
  readonly key: string
  readonly asked: string
  readonly reason: string | null
  readonly by: string
}

/**
 * Claims the one place for a money operation in flight, if the money is there. The payment's row is locked while it is
 * judged: an operation that ends at this moment has changed the row before, or waits. Its version is raised: whoever asked the
 * provider before that and hears of the operation's money may not take it for the provider's own doing.
 * @returns the operation, or null when another is in flight or the money is not there
 */
export async function insertOperation(
  db: Executor,
  operation: NewOperation,
  firstLookSeconds: number,
): Promise<OperationRow | null> {
  const { kind, amount } = operation
  const { rows } = await sql<OperationRow>`
    with payment as (
      select id, order_id, currency from payments
      where id = ${operation.paymentId} and case ${kind}::text
        when 'refund' then captured - refunded >= ${amount}
        when 'void' then capturable >= ${amount}
        else capturable >= ${amount} and coalesce(authorized_until > now(), true)
          and not exists (select 1 from order_payments o where o.order_id = payments.order_id and o.canceled = 'all') end
      for update),
    claimed as (
      insert into payment_operations (
        id, payment_id, order_id, kind, status, amount, gift_cards, currency, key, asked, reason, by)
      select ${newId(kind)}, id, order_id, ${kind}, 'pending', ${amount}, ${operation.giftCards}, currency, ${operation.key},
             ${operation.asked}, ${operation.reason}, ${operation.by}
      from payment where ${operation.giftCards} <= ${leftOnCards(sql`payment.order_id`)}
      on conflict do nothing
      returning *),
    raised as (update payments p set version = version + 1 from claimed where p.id = claimed.payment_id),
    looked as (
      update order_payments o set look_at = now() + make_interval(secs => ${firstLookSeconds}), looks = 0
      from claimed where o.order_id = claimed.order_id)
    select * from claimed`.execute(db)
  return rows[0] ?? null
}

/**
 * Records a refund that goes to gift cards alone, as done: no provider is asked. An attempt that is undecided keeps what cards paid
 * beside it, as it may have to give all of that back. The order's row is locked, and its payment's
 * as by `insertOperation`, so that no other operation is under way or begins before this transaction ends.
 * @returns the operation, or null when another is in flight, an attempt is undecided, or less is left on what the cards paid
 */
export async function insertCardRefund(
  tx: Transaction,
  orderId: string,
  operation: Omit<NewOperation, 'paymentId' | 'kind' | 'amount'> & { readonly paymentId: string | null },
): Promise<OperationRow | null> {
  const { paymentId, giftCards } = operation
  if (paymentId !== null) await lockPayment(tx, paymentId)
  await sql`select 1 from order_payments where order_id = ${orderId} for update`.execute(tx)
  const { rows } = await sql<OperationRow>`
    insert into payment_operations (
      id, payment_id, order_id, kind, status, amount, gift_cards, currency, key, asked, reason, by)
    select ${newId('refund')}, ${paymentId}, ${orderId}, 'refund', 'succeeded', 0, ${giftCards}, min(u.currency),
           ${operation.key}, ${operation.asked}, ${operation.reason}, ${operation.by}
    from gift_card_uses u where u.order_id = ${orderId} and not u.undone
      and not exists (select 1 from payment_operations p where p.order_id = ${orderId} and p.status = 'pending')
      and not exists (select 1 from payments p where p.order_id = ${orderId} and p.status in ('processing', 'requires_action'))
    having sum(u.amount - u.refunded) >= ${giftCards}
    on conflict do nothing
    returning *`.execute(tx)
  return rows[0] ?? null
}

/** How many refunds an order has, which is the version of the money of one that has no attempt. */
export async function countRefunds(tx: Transaction, orderId: string): Promise<number> {
  const { rows } = await sql<{ refunds: number }>`
    select count(*)::int as refunds from payment_operations where order_id = ${orderId} and kind = 'refund'`.execute(tx)
  return rows[0]?.refunds ?? 0
}

export async function readOperation(
  db: Executor,
  orderId: string,
  kind: OperationRow['kind'],
  key: string,
): Promise<OperationRow | null> {
  const { rows } = await sql<OperationRow>`
    select * from payment_operations where order_id = ${orderId} and kind = ${kind} and key = ${key}`.execute(db)
  return rows[0] ?? null
}

/** Settles an operation once. @returns false when its outcome was recorded before */
export async function finishOperation(
  tx: Executor,
  id: string,
  outcome: { status: 'succeeded'; providerRefundId: string | null } | { status: 'failed'; error: string },
): Promise<boolean> {
  const refundId = outcome.status === 'succeeded' ? outcome.providerRefundId : null
  const error = outcome.status === 'failed' ? outcome.error : null
  const { rows } = await sql`
    update payment_operations set status = ${outcome.status}, provider_refund_id = ${refundId}, error = ${error}, updated_at = now()
    where id = ${id} and status = 'pending' returning id`.execute(tx)
  return rows.length === 1
}

/**
 * Counts an operation that succeeded against its payment, and says when to look again.
 * @param last whether nothing more can be captured after it
 */
export async function countOperation(
  tx: Transaction,
  paymentId: string,
  operation: OperationRow,
  last: boolean,
): Promise<PaymentRow> {
  const { kind, amount } = operation
  const { rows } = await sql<PaymentRow>`
    with updated as (
      update payments set version = version + 1, updated_at = now(),
        captured = captured + case when ${kind} = 'capture' then ${amount}::bigint else 0 end,
        refunded = refunded + case when ${kind} = 'refund' then ${amount}::bigint else 0 end,
        capturable = case when ${kind} = 'refund' then capturable
                          when ${kind} = 'void' or ${last} then 0 else capturable - ${amount} end,
        status = case ${kind} when 'capture' then 'captured' when 'void' then 'voided' else status end,
        failure = case ${kind} when 'void' then 'canceled' else failure end
      where id = ${paymentId} and (${kind} <> 'void' or status = 'authorized')
      returning *),
    looked as (${lookAfter})
    select * from updated`.execute(tx)
  const payment = rows[0]
  if (!payment) throw new Error(`payments: ${kind} ${operation.id} succeeded on a payment that has no such money`)
  return payment
}

/** Records money that the provider moved by itself, or with the authorization. @returns the operation's id */
export async function insertSettled(
  tx: Transaction,
  payment: PaymentRow,
  operation: { kind: 'capture' | 'refund'; amount: number; providerRefundId: string | null; by: string },
): Promise<string> {
  const id = newId(operation.kind)
  await sql`
    insert into payment_operations (id, payment_id, order_id, kind, status, amount, currency, by, provider_refund_id)
    values (${id}, ${payment.id}, ${payment.order_id}, ${operation.kind}, 'succeeded', ${operation.amount},
            ${payment.currency}, ${operation.by}, ${operation.providerRefundId})`.execute(tx)
  return id
}

/** Takes back that a refund succeeded: the bank did not accept it. */
export async function unsettleRefund(tx: Transaction, id: string): Promise<void> {
  await sql`update payment_operations set status = 'failed', error = 'refused-by-bank', updated_at = now()
            where id = ${id} and status = 'succeeded'`.execute(tx)
}

export async function readOperations(db: Executor, orderId: string): Promise<OperationRow[]> {
  const { rows } = await sql<OperationRow>`
    select * from payment_operations where order_id = ${orderId} order by created_at, id`.execute(db)
  return rows
}
