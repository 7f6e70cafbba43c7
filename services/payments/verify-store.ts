import { type Executor, sql } from '#kernel/database'

/** How many rows were judged, and those that do not agree. */
export type Judged = { readonly checked: number; readonly violations: string[] }

type Row = { readonly checked: number; readonly violations: string[] | null }

const judged = (rows: readonly Row[]): Judged => ({
  checked: rows[0]?.checked ?? 0,
  violations: rows[0]?.violations ?? [],
})

/** Lets the statements of a transaction take longer than those that somebody waits for. */
export async function allowTime(tx: Executor, timeoutMs: number): Promise<void> {
  await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(tx)
}

export async function ordersWithTwoLivePayments(db: Executor, named: number): Promise<Judged> {
  const { rows } = await sql<Row>`
    with live as (
      select order_id, count(*) as payments from payments where status not in ('failed', 'voided') group by order_id),
    bad as (select order_id, payments from live where payments > 1 order by order_id limit ${named})
    select (select count(*) from live) as checked,
           (select array_agg(order_id || ' has ' || payments || ' live payments') from bad) as violations`.execute(db)
  return judged(rows)
}

export async function paymentsOutOfBounds(db: Executor, named: number): Promise<Judged> {
  const { rows } = await sql<Row>`
    with bad as (
      select id, amount, authorized, captured, refunded from payments
      where refunded < 0 or refunded > captured or captured > authorized or authorized > amount order by id limit ${named})
    select (select count(*) from payments) as checked,
           (select array_agg(id || ': amount ' || amount || ', authorized ' || authorized || ', captured ' || captured
                             || ', refunded ' || refunded) from bad) as violations`.execute(db)
  return judged(rows)
}

export async function paymentsUnlikeTheirOperations(db: Executor, named: number): Promise<Judged> {
  const { rows } = await sql<Row>`
    with summed as (
      select payment_id, coalesce(sum(amount) filter (where kind = 'capture'), 0) as captured,
             coalesce(sum(amount) filter (where kind = 'refund'), 0) as refunded
      from payment_operations where status = 'succeeded' group by payment_id),
    bad as (
      select p.id, p.captured, p.refunded, coalesce(s.captured, 0) as captures, coalesce(s.refunded, 0) as refunds
      from payments p left join summed s on s.payment_id = p.id
      where p.captured <> coalesce(s.captured, 0) or p.refunded <> coalesce(s.refunded, 0) order by p.id limit ${named})
    select (select count(*) from payments) as checked,
           (select array_agg(id || ': captured ' || captured || ' in captures of ' || captures || ', refunded ' || refunded
                             || ' in refunds of ' || refunds) from bad) as violations`.execute(db)
  return judged(rows)
}

export async function unbalancedTransactions(db: Executor, named: number): Promise<Judged> {
  const { rows } = await sql<Row>`
    with bad as (
      select transaction_id, currency, sum(amount) as off from ledger_entries
      group by transaction_id, currency having sum(amount) <> 0 limit ${named})
    select (select count(*) from ledger_transactions) as checked,
           (select array_agg(transaction_id || ' is off by ' || off || ' ' || currency) from bad) as violations`.execute(
    db,
  )
  return judged(rows)
}

export async function providersUnlikeTheirAccount(db: Executor): Promise<Judged> {
  const { rows } = await sql<Row>`
    with held as (
      select 'provider:' || provider as account, currency, sum(captured - refunded) as held
      from payments where captured > 0 group by provider, currency),
    booked as (
      select account, currency, sum(amount) as booked from ledger_entries where account like 'provider:%'
      group by account, currency),
    compared as (
      select account, currency, coalesce(held, 0) as held, coalesce(booked, 0) as booked
      from held full join booked using (account, currency))
    select (select count(*) from compared) as checked,
           (select array_agg(account || ' is booked with ' || booked || ' ' || currency || ' and holds ' || held)
            from compared where held <> booked) as violations`.execute(db)
  return judged(rows)
}

export async function usesUnlikeTheirMovements(db: Executor, named: number): Promise<Judged> {
  const { rows } = await sql<Row>`
    with used as (
      select order_id, gift_card_id, sum(amount) filter (where not undone) as amount, sum(refunded) as refunded
      from gift_card_uses group by order_id, gift_card_id),
    moved as (
      select order_id, gift_card_id, -sum(amount) filter (where kind <> 'refund') as amount,
             sum(amount) filter (where kind = 'refund') as refunded
      from gift_card_movements where order_id is not null group by order_id, gift_card_id),
    compared as (
      select order_id, gift_card_id, coalesce(u.amount, 0) as paid, coalesce(m.amount, 0) as moved,
             coalesce(u.refunded, 0) as refunded, coalesce(m.refunded, 0) as given
      from used u full join moved m using (order_id, gift_card_id)),
    bad as (
      select * from compared where paid <> moved or refunded <> given or refunded > paid
      order by order_id, gift_card_id limit ${named})
    select (select count(*) from compared) as checked,
           (select array_agg(gift_card_id || ' of order ' || order_id || ': paid ' || paid || ' and moved ' || moved
                             || ', got back ' || refunded || ' and moved ' || given) from bad) as violations`.execute(
    db,
  )
  return judged(rows)
}

export async function cardsUnlikeTheirAccount(db: Executor): Promise<Judged> {
  const { rows } = await sql<Row>`
    with held as (select currency, sum(balance) as held from gift_cards group by currency),
    booked as (
      select currency, -sum(amount) as booked from ledger_entries where account = 'gift-cards' group by currency),
    compared as (
      select currency, coalesce(held, 0) as held, coalesce(booked, 0) as booked from held full join booked using (currency))
    select (select count(*) from compared) as checked,
           (select array_agg('gift-cards is booked with ' || booked || ' ' || currency || ' and the cards hold ' || held)
            from compared where held <> booked) as violations`.execute(db)
  return judged(rows)
}

export async function cardsUnlikeTheirMovements(db: Executor, named: number): Promise<Judged> {
  const { rows } = await sql<Row>`
    with summed as (select gift_card_id, sum(amount) as moved from gift_card_movements group by gift_card_id),
    bad as (
      select id, balance, coalesce(moved, 0) as moved from gift_cards left join summed on gift_card_id = id
      where balance < 0 or balance <> coalesce(moved, 0) order by id limit ${named})
    select (select count(*) from gift_cards) as checked,
           (select array_agg(id || ' holds ' || balance || ', and its movements sum to ' || moved) from bad) as violations`.execute(
    db,
  )
  return judged(rows)
}
