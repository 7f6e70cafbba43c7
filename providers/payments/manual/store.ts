import { type Database, sql } from '#kernel/database'

/** What staff know of one attempt. Amounts in minor units. `given_up` without an amount: it was never heard of. */
export type ManualRow = {
  readonly id: string
  readonly order_id: string
  readonly attempt_key: string
  readonly status: 'awaited' | 'received' | 'given_up'
  readonly currency: string | null
  readonly amount: number | null
  readonly payable_until: string | null
  readonly instructions: string | null
  readonly created_at: string
  readonly refunds: readonly { readonly id: string; readonly key: string; readonly amount: number }[]
}

const whole = sql`m.*, (
  select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'key', r.key, 'amount', r.amount) order by r.created_at, r.id), '[]')
  from manual_refunds r where r.payment_id = m.id) as refunds`

export type NewManual = {
  readonly id: string
  readonly orderId: string
  readonly attemptKey: string
  readonly amount: number
  readonly currency: string
  readonly days: number
  readonly instructions: string
}

/** Begins to wait for an attempt's money, once. @returns what is known under its key */
export async function insertAwaited(db: Database, attempt: NewManual): Promise<ManualRow | null> {
  await sql`
    insert into manual_payments (id, order_id, attempt_key, status, amount, currency, payable_until, instructions)
    values (${attempt.id}, ${attempt.orderId}, ${attempt.attemptKey}, 'awaited', ${attempt.amount}, ${attempt.currency},
            now() + make_interval(days => ${attempt.days}), ${attempt.instructions})
    on conflict (attempt_key) do nothing`.execute(db)
  return readByKey(db, attempt.attemptKey)
}

/** Gives an attempt up, also one that was never heard of; money that is there stays. @returns what is known then */
export async function giveUp(
  db: Database,
  attempt: { readonly id: string; readonly orderId: string; readonly attemptKey: string },
): Promise<ManualRow | null> {
  await sql`
    insert into manual_payments as m (id, order_id, attempt_key, status)
    values (${attempt.id}, ${attempt.orderId}, ${attempt.attemptKey}, 'given_up')
    on conflict (attempt_key) do update set status = 'given_up' where m.status = 'awaited'`.execute(db)
  return readByKey(db, attempt.attemptKey)
}

/** The same by the payment's id. */
export async function giveUpById(db: Database, id: string): Promise<ManualRow | null> {
  await sql`update manual_payments set status = 'given_up' where id = ${id} and status = 'awaited'`.execute(db)
  return readById(db, id)
}

/** Notes that the money is there, if it is awaited and is as much. @returns what is known then */
export async function markReceived(
  db: Database,
  received: { readonly id: string; readonly amount: number; readonly currency: string },
): Promise<ManualRow | null> {
  await sql`
    update manual_payments set status = 'received', received_at = now()
    where id = ${received.id} and status = 'awaited' and amount = ${received.amount} and currency = ${received.currency}`.execute(
    db,
  )
  return readById(db, received.id)
}

/** Notes what was sent back, never more than came; the same key once. @returns whether it is noted under this key */
export async function insertRefund(
  db: Database,
  refund: { readonly id: string; readonly key: string; readonly paymentId: string; readonly amount: number },
): Promise<boolean> {
  const { rows } = await sql`
    with locked as (
      select id from manual_payments where id = ${refund.paymentId} and status = 'received' for update),
    counted as (
      update manual_payments m set refunded = refunded + ${refund.amount} from locked
      where m.id = locked.id and refunded + ${refund.amount} <= amount
        and not exists (select 1 from manual_refunds where key = ${refund.key})
      returning m.id)
    insert into manual_refunds (id, key, payment_id, amount)
    select ${refund.id}, ${refund.key}, id, ${refund.amount} from counted
    returning id`
    .execute(db)
    // The same key a moment before: what it noted counts, and this statement counted nothing.
    .catch((error: unknown) => {
      if ((error as { code?: string }).code !== '23505') throw error
      return { rows: [] }
    })
  return rows.length === 1
}

export async function readById(db: Database, id: string): Promise<ManualRow | null> {
  const { rows } = await sql<ManualRow>`select ${whole} from manual_payments m where id = ${id}`.execute(db)
  return rows[0] ?? null
}

async function readByKey(db: Database, attemptKey: string): Promise<ManualRow | null> {
  const { rows } = await sql<ManualRow>`
    select ${whole} from manual_payments m where attempt_key = ${attemptKey}`.execute(db)
  return rows[0] ?? null
}

export async function readOfOrder(db: Database, orderId: string): Promise<ManualRow[]> {
  const { rows } = await sql<ManualRow>`
    select ${whole} from manual_payments m where order_id = ${orderId} and amount is not null
    order by created_at, id`.execute(db)
  return rows
}

/** Payments since a time, after the last one of the page before. */
export async function readSince(
  db: Database,
  {
    since,
    after,
    limit,
  }: { readonly since: string; readonly after: readonly [string, string] | null; readonly limit: number },
): Promise<ManualRow[]> {
  const [at, id] = after ?? [since, '']
  const { rows } = await sql<ManualRow>`
    select ${whole} from manual_payments m
    where (created_at, id) > (${at}::timestamptz, ${id}) and created_at >= ${since}::timestamptz and amount is not null
    order by created_at, id limit ${limit}`.execute(db)
  return rows
}
