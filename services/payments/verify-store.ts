import { type Executor, sql } from '#kernel/database'
import type { Question } from '#kernel/verify'
import type { PaymentRow } from './payment.ts'

export const ordersWithTwoLivePayments: Question = {
  all: sql`select count(distinct order_id) from payments where status not in ('failed', 'voided')`,
  wrong: sql`
    select order_id || ' has ' || count(*) || ' live payments' as said from payments
    where status not in ('failed', 'voided') group by order_id having count(*) > 1`,
}

export const paymentsOutOfBounds: Question = {
  all: sql`select count(*) from payments`,
  wrong: sql`
    select id || ': amount ' || amount || ', authorized ' || authorized || ', captured ' || captured || ', refunded '
           || refunded as said
    from payments where refunded < 0 or refunded > captured or captured > authorized or authorized > amount`,
}

export const paymentsUnlikeTheirOperations: Question = {
  all: sql`select count(*) from payments`,
  wrong: sql`
    select p.id || ': captured ' || p.captured || ' in captures of ' || coalesce(s.captured, 0) || ', refunded ' || p.refunded
           || ' in refunds of ' || coalesce(s.refunded, 0) as said
    from payments p
    left join (
      select payment_id, coalesce(sum(amount) filter (where kind = 'capture'), 0) as captured,
             coalesce(sum(amount) filter (where kind = 'refund'), 0) as refunded
      from payment_operations where status = 'succeeded' group by payment_id) s on s.payment_id = p.id
    where p.captured <> coalesce(s.captured, 0) or p.refunded <> coalesce(s.refunded, 0)`,
}

export const unbalancedTransactions: Question = {
  all: sql`select count(*) from ledger_transactions`,
  wrong: sql`
    select transaction_id || ' is off by ' || sum(amount) || ' ' || currency as said from ledger_entries
    group by transaction_id, currency having sum(amount) <> 0`,
}

export const unbalancedCurrencies: Question = {
  all: sql`select count(distinct currency) from ledger_accounts`,
  wrong: sql`
    select 'all accounts sum to ' || sum(amount) || ' ' || currency as said from ledger_entries
    group by currency having sum(amount) <> 0`,
}

export const operationsUnlikeTheirBookings: Question = {
  all: sql`select count(*) from payment_operations where kind <> 'void' and amount > 0`,
  wrong: sql`
    select o.id || ': ' || o.kind || ' of ' || o.amount || ' ' || o.status || ', booked ' || coalesce(b.times, 0)
           || ' times, ' || coalesce(b.net, 0) || ' in all' as said
    from payment_operations o
    left join (
      select t.operation_id, count(distinct t.id) filter (where t.kind <> 'refund-failed') as times, sum(e.amount) as net
      from ledger_transactions t join ledger_entries e on e.transaction_id = t.id and e.account like 'provider:%'
      where t.kind <> 'fee'
      group by t.operation_id) b on b.operation_id = o.id
    where o.kind <> 'void' and o.amount > 0 and (
      coalesce(b.net, 0) <> case when o.status <> 'succeeded' then 0 when o.kind = 'capture' then o.amount else -o.amount end
      or (o.status = 'succeeded' and coalesce(b.times, 0) <> 1))`,
}

export const providersUnlikeTheirAccount: Question = {
  all: sql`select count(*) from ledger_accounts where name like 'provider:%'`,
  wrong: sql`
    select account || ' is booked with ' || coalesce(booked, 0) || ' ' || currency || ' and holds '
           || coalesce(held, 0) - coalesce(fees, 0) as said
    from (select 'provider:' || provider as account, currency, sum(captured - refunded) as held
          from payments where captured > 0 group by provider, currency) as held
    full join (select account, currency, sum(amount) as booked from ledger_entries where account like 'provider:%'
               group by account, currency) as booked using (account, currency)
    full join (select 'provider:' || p.provider as account, e.currency, sum(e.amount) as fees
               from ledger_entries e
               join ledger_transactions t on t.id = e.transaction_id and t.kind = 'fee'
               join payment_operations o on o.id = t.operation_id
               join payments p on p.id = o.payment_id
               where e.account = 'fees' group by 1, 2) as kept using (account, currency)
    where coalesce(held, 0) - coalesce(fees, 0) <> coalesce(booked, 0)`,
}

export const usesUnlikeTheirMovements: Question = {
  all: sql`select count(*) from gift_card_uses`,
  wrong: sql`
    select gift_card_id || ' of order ' || order_id || ': paid ' || coalesce(u.amount, 0) || ' and moved ' || coalesce(m.amount, 0)
           || ', got back ' || coalesce(u.refunded, 0) || ' and moved ' || coalesce(m.refunded, 0) as said
    from (
      select order_id, gift_card_id, sum(amount) filter (where not undone) as amount, sum(refunded) as refunded
      from gift_card_uses group by order_id, gift_card_id) u
    full join (
      select order_id, gift_card_id, -sum(amount) filter (where kind <> 'refund') as amount,
             sum(amount) filter (where kind = 'refund') as refunded
      from gift_card_movements where order_id is not null group by order_id, gift_card_id) m
      using (order_id, gift_card_id)
    where coalesce(u.amount, 0) <> coalesce(m.amount, 0) or coalesce(u.refunded, 0) <> coalesce(m.refunded, 0)
       or coalesce(u.refunded, 0) > coalesce(u.amount, 0)`,
}

export const cardsUnlikeTheirAccount: Question = {
  all: sql`select count(distinct currency) from gift_cards`,
  wrong: sql`
    select 'gift-cards is booked with ' || coalesce(booked, 0) || ' ' || currency || ' and the cards hold ' || coalesce(held, 0) as said
    from (select currency, sum(balance) as held from gift_cards group by currency) as held
    full join (select currency, -sum(amount) as booked from ledger_entries where account = 'gift-cards' group by currency) as booked
      using (currency)
    where coalesce(held, 0) <> coalesce(booked, 0)`,
}

export const cardsUnlikeTheirMovements: Question = {
  all: sql`select count(*) from gift_cards`,
  wrong: sql`
    select id || ' holds ' || balance || ', and its movements sum to ' || coalesce(moved, 0) as said
    from gift_cards
    left join (select gift_card_id, sum(amount) as moved from gift_card_movements group by gift_card_id) m on gift_card_id = id
    where balance < 0 or balance <> coalesce(moved, 0)`,
}

export const keysWithTwoOperations: Question = {
  all: sql`select count(*) from payment_operations where key is not null`,
  wrong: sql`
    select order_id || ': ' || count(*) || ' operations ' || kind || ' of one key: ' || string_agg(id, ', ' order by id) as said
    from payment_operations where key is not null group by order_id, kind, key having count(*) > 1`,
}

// ---- What is compared with the provider --------------------------------------------------------------------------

/** An attempt as far as a provider knows of it. Amounts in minor units. */
export type ComparedRow = Pick<
  PaymentRow,
  | 'id'
  | 'order_id'
  | 'attempt_key'
  | 'provider_payment_id'
  | 'status'
  | 'currency'
  | 'amount'
  | 'captured'
  | 'refunded'
  | 'created_at'
> & {
  /** Nothing changed lately and nothing is under way, so both sides have to tell the same. */
  readonly settled: boolean
}

// Counted, and not asked whether it exists: for that PostgreSQL would read all operations once a page.
const compared = (graceSeconds: number) => sql`
  p.id, p.order_id, p.attempt_key, p.provider_payment_id, p.status, p.currency, p.amount, p.captured, p.refunded, p.created_at,
  (p.updated_at < now() - make_interval(secs => ${graceSeconds})
   and (select count(*) = 0 from payment_operations o where o.order_id = p.order_id and o.payment_id = p.id
        and (o.status = 'pending' or o.updated_at > now() - make_interval(secs => ${graceSeconds})))) as settled`

/** Attempts at a provider by id, older than the grace. */
export async function pageOfAttempts(
  db: Executor,
  page: { readonly provider: string; readonly after: string; readonly graceSeconds: number; readonly limit: number },
): Promise<ComparedRow[]> {
  const { rows } = await sql<ComparedRow>`
    select ${compared(page.graceSeconds)} from payments p
    where p.provider = ${page.provider} and p.id > ${page.after}
      and p.created_at < now() - make_interval(secs => ${page.graceSeconds})
    order by p.id limit ${page.limit}`.execute(db)
  return rows
}

export async function attemptsByKey(
  db: Executor,
  attempts: { readonly provider: string; readonly keys: readonly string[]; readonly graceSeconds: number },
): Promise<ComparedRow[]> {
  const { rows } = await sql<ComparedRow>`
    select ${compared(attempts.graceSeconds)} from payments p
    where p.provider = ${attempts.provider} and p.attempt_key = any(${attempts.keys}::text[])`.execute(db)
  return rows
}

/** What is booked of what providers keep of payments, by the payment's id: `99 EUR`, or each currency's where there are more. */
export async function feesBooked(
  db: Executor,
  payments: readonly Pick<ComparedRow, 'id' | 'order_id'>[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ id: string; fee: string }>`
    select payment_id as id, string_agg(amount || ' ' || currency, ', ' order by currency) as fee
    from (
      select o.payment_id, e.currency, sum(e.amount) as amount
      from payment_operations o
      join ledger_transactions t on t.operation_id = o.id and t.kind = 'fee'
      join ledger_entries e on e.transaction_id = t.id and e.account = 'fees'
      where o.order_id = any(${payments.map(({ order_id }) => order_id)}::text[])
        and o.payment_id = any(${payments.map(({ id }) => id)}::text[])
      group by o.payment_id, e.currency) as booked
    group by payment_id`.execute(db)
  return new Map(rows.map(({ id, fee }) => [id, fee]))
}

/** Providers that took part in payments, whether the shop still names them or not. */
export async function providersOfPayments(db: Executor): Promise<string[]> {
  const { rows } = await sql<{ provider: string }>`select distinct provider from payments order by provider`.execute(db)
  return rows.map(({ provider }) => provider)
}

/** Orders that money was asked for, by id. */
export async function pageOfOrderIds(db: Executor, after: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ order_id: string }>`
    select order_id from order_payments where order_id > ${after} and attempts > 0 order by order_id limit ${limit}`.execute(
    db,
  )
  return rows.map(({ order_id }) => order_id)
}
