import { type Database, type Executor, sql, type Transaction } from '#kernel/database'
import { newId } from '#kernel/id'
import { abandonedAfterSeconds } from './deps.ts'
import type { UseRow } from './gift-cards-store.ts'
import type { OperationRow, OrderMoneyRow, PaymentRow } from './payment.ts'
import type { Change } from './payment-state.ts'

export type NewAttempt = {
  readonly orderId: string
  readonly provider: string
  readonly amount: number
  readonly currency: string
  readonly captureNow: boolean
  readonly token: string | null
  readonly returnUrl: string
}

/** What makes an attempt of an order that had one legal: it was allowed again after a failure, and the order was not canceled. */
const reopened = sql`
  on conflict (order_id) do update
    set attempts = o.attempts + 1, open = false, look_at = excluded.look_at, looks = 0
    where o.open and o.canceled is null`

/** The same as `insertAttempts` for an order that gift cards pay alone: nobody else is asked. @returns its number, or null */
export async function openWithoutProvider(tx: Transaction, orderId: string): Promise<number | null> {
  const { rows } = await sql<{ attempts: number }>`
    insert into order_payments as o (order_id, attempts) values (${orderId}, 1) ${reopened} returning attempts`.execute(
    tx,
  )
  return rows[0]?.attempts ?? null
}

/**
 * Commits attempts of orders, one an order, each if its order may have one: the first, or one that `reopen` allowed after a failure,
 * and none once the order was canceled. All of it is one statement, so a cancellation or a second request comes before or after it.
 * @param firstLookSeconds when the reconciler may take one for lost
 * @returns for each the attempt, or null when none may begin
 */
export async function insertAttempts(
  db: Executor,
  attempts: readonly NewAttempt[],
  firstLookSeconds: number,
): Promise<(PaymentRow | null)[]> {
  const given = attempts.map((attempt) => ({ id: newId('payment'), ...attempt }))
  const { rows } = await sql<PaymentRow>`
    with given as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as g (
        id text, "orderId" text, provider text, currency text, amount bigint, "captureNow" boolean, token text,
        "returnUrl" text)),
    opened as (
      insert into order_payments as o (order_id, attempts, look_at)
      select "orderId", 1, now() + make_interval(secs => ${firstLookSeconds}) from given order by "orderId"
      ${reopened}
      returning order_id, attempts)
    insert into payments (id, order_id, attempt, attempt_key, provider, status, currency, amount, capture_now, token, return_url)
    select id, order_id, attempts, order_id || '-' || attempts, provider, 'processing', currency, amount, "captureNow", token,
           "returnUrl"
    from opened join given on "orderId" = order_id
    returning *`.execute(db)
  const begun = new Map(rows.map((row) => [row.order_id, row]))
  return attempts.map(({ orderId }) => begun.get(orderId) ?? null)
}

/** The last attempt of an order and what stands of its money. */
export type OrderMoney = {
  readonly order: OrderMoneyRow
  readonly payment: PaymentRow | null
  /** What gift cards pay beside it, or alone, in the order of use. */
  readonly uses: readonly UseRow[]
  /** Captures, refunds and voids of that attempt, oldest first. */
  readonly operations: readonly OperationRow[]
  /** The one in flight, and whether its own caller may still be at it. */
  readonly pending: (OperationRow & { readonly fresh: boolean }) | null
}

/** @param freshSeconds how long the caller of an operation in flight is left alone with it */
export async function readOrderMoney(db: Executor, orderId: string, freshSeconds: number): Promise<OrderMoney | null> {
  const [money] = await readOrdersMoney(db, [orderId], freshSeconds)
  return money ?? null
}

/** The same for many orders, in their order; null for one that nobody asked money for. */
export async function readOrdersMoney(
  db: Executor,
  orderIds: readonly string[],
  freshSeconds: number,
): Promise<(OrderMoney | null)[]> {
  type Operation = OperationRow & { readonly fresh: boolean }
  type Row = { order: OrderMoneyRow; uses: UseRow[]; operations: Operation[] } & (PaymentRow | { id: null })
  const { rows } = await sql<Row>`
    select p.*, to_jsonb(o) as "order", (
      select coalesce(jsonb_agg(to_jsonb(u) || jsonb_build_object('last4', g.last4) order by u.position), '[]')
      from gift_card_uses u join gift_cards g on g.id = u.gift_card_id
      where u.order_id = o.order_id and not u.undone) as uses, (
      select coalesce(jsonb_agg(to_jsonb(op) || jsonb_build_object(
               'fresh', op.created_at > now() - make_interval(secs => ${freshSeconds}),
               'fee_booked', exists (
                 select 1 from ledger_transactions t where t.operation_id = op.id and t.kind = 'fee')) order by op.created_at, op.id), '[]')
      from payment_operations op where op.order_id = o.order_id and op.payment_id = p.id) as operations
    from order_payments o
    left join lateral (select * from payments where order_id = o.order_id order by attempt desc limit 1) p on true
    where o.order_id = any(${orderIds}::text[])`.execute(db)
  const known = new Map(
    rows.map(({ order, uses, operations, ...payment }): [string, OrderMoney] => {
      const pending = operations.find(({ status }) => status === 'pending') ?? null
      if (payment.id !== null) return [order.order_id, { order, payment, uses, operations, pending }]
      return [order.order_id, { order, payment: null, uses, operations: [], pending: null }]
    }),
  )
  return orderIds.map((orderId) => known.get(orderId) ?? null)
}

export async function readLatest(db: Executor, orderId: string): Promise<PaymentRow | null> {
  const { rows } = await sql<PaymentRow>`
    select * from payments where order_id = ${orderId} order by attempt desc limit 1`.execute(db)
  return rows[0] ?? null
}

export async function readLatestOf(db: Executor, orderIds: readonly string[]): Promise<PaymentRow[]> {
  const { rows } = await sql<PaymentRow>`
    select distinct on (order_id) * from payments where order_id = any(${orderIds}::text[])
    order by order_id, attempt desc`.execute(db)
  return rows
}

export async function readAttempts(db: Executor, orderId: string): Promise<PaymentRow[]> {
  const { rows } = await sql<PaymentRow>`select * from payments where order_id = ${orderId} order by attempt`.execute(
    db,
  )
  return rows
}

/** What the order's row says, for telling why no attempt may begin. */
export async function readCanceled(db: Executor, orderId: string): Promise<boolean> {
  const { rows } = await sql<{ canceled: boolean }>`
    select canceled is not null as canceled from order_payments where order_id = ${orderId}`.execute(db)
  return rows[0]?.canceled ?? false
}

/** Allows another attempt after one that failed. @returns false when the last one can still succeed or has */
export async function openOrder(db: Executor, orderId: string): Promise<boolean> {
  const { rows } = await sql<{ live: boolean }>`
    with opened as (
      update order_payments o set open = true
      where order_id = ${orderId}
        and not exists (select 1 from payments p where p.order_id = o.order_id and p.status not in ('failed', 'voided'))
        and not exists (select 1 from gift_card_uses u where u.order_id = o.order_id and not u.undone))
    select exists (
      select 1 from payments where order_id = ${orderId} and status not in ('failed', 'voided'))
      or exists (select 1 from gift_card_uses where order_id = ${orderId} and not undone) as live`.execute(db)
  return rows[0]?.live === false
}

/** Leaves the tombstone; a stronger one replaces a weaker one, never the other way round. */
export async function markCanceled(
  db: Executor,
  cancellation: { orderId: string; mode: 'unpaid' | 'all'; reason: string; lookInSeconds: number },
): Promise<void> {
  const { orderId, mode, reason, lookInSeconds } = cancellation
  await sql`
    insert into order_payments as o (order_id, attempts, canceled, cancel_reason, canceled_at, look_at)
    values (${orderId}, 0, ${mode}, ${reason}, now(), null)
    on conflict (order_id) do update set
      canceled = case when o.canceled = 'all' then 'all' else excluded.canceled end,
      cancel_reason = coalesce(o.cancel_reason, excluded.cancel_reason),
      canceled_at = coalesce(o.canceled_at, excluded.canceled_at),
      look_at = now() + make_interval(secs => ${lookInSeconds})`.execute(db)
}

const isBeingAbandoned = sql`abandoned_at > now() - make_interval(secs => ${abandonedAfterSeconds})`

export type News = { readonly payment: PaymentRow; readonly change: Change }

/** Writes what was learned of one attempt: see `updatePayments`. */
export async function updatePayment(tx: Transaction, payment: PaymentRow, change: Change): Promise<PaymentRow | null> {
  const [now] = await updatePayments(tx, [{ payment, change }])
  return now ?? null
}

/**
 * Writes what was learned of attempts, each once, unless somebody else wrote first, and when to look again. Rows are locked by id.
 * @returns for each the attempt as it is now, or null then, and for an authorization while the provider is being told to let it go
 */
export async function updatePayments(tx: Transaction, news: readonly News[]): Promise<(PaymentRow | null)[]> {
  const given = news.map(({ payment, change }) => ({
    ...change.set,
    id: payment.id,
    seen: payment.version,
    captured: payment.captured + change.captured,
    refunded:
      payment.refunded +
      total(change.refunds.map(({ amount }) => amount)) -
      total(change.failedRefunds.map(({ amount }) => amount)),
    raw: change.raw,
  }))
  const { rows } = await sql<PaymentRow>`
    with given as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as g (
        id text, seen integer, status text, provider_payment_id text, authorized bigint, captured bigint, capturable bigint,
        refunded bigint, redirect_url text, client_secret text, failure text, authorized_until timestamptz,
        payable_until timestamptz, instructions text, card jsonb, raw jsonb)),
    locked as (
      select g.id from (select * from given order by id) g
      cross join lateral (select version, status, abandoned_at from payments p where p.id = g.id limit 1 for update) as p
      where p.version = g.seen
        and (g.status <> 'authorized' or p.status = 'authorized' or p.abandoned_at is null or not ${isBeingAbandoned})),
    updated as (
      update payments p set
        status = g.status, provider_payment_id = g.provider_payment_id, authorized = g.authorized,
        captured = g.captured, capturable = g.capturable, refunded = g.refunded,
        redirect_url = g.redirect_url, client_secret = g.client_secret, failure = g.failure,
        authorized_until = g.authorized_until, payable_until = g.payable_until,
        instructions = g.instructions, card = g.card, raw = coalesce(g.raw, p.raw),
        token = case when g.status in ('processing', 'requires_action') then p.token end,
        version = p.version + 1, updated_at = now()
      from given g join locked using (id)
      where p.id = any (array[g.id])
      returning p.*),
    looked as (${lookAfter})
    select * from updated`.execute(tx)
  const updated = new Map(rows.map((row) => [row.id, row]))
  return news.map(({ payment: { id } }) => updated.get(id) ?? null)
}

/**
 * Claims the right to tell the provider that it shall let an attempt go. Whoever hears of an authorization comes before that, or
 * after the answer: in between it may be voided at any moment.
 * @returns the attempt as it is now, or null when something was recorded first, or somebody waits for the answer already
 */
export async function markAbandoned(db: Executor, payment: PaymentRow): Promise<PaymentRow | null> {
  const { rows } = await sql<PaymentRow>`
    update payments set abandoned_at = now(), version = version + 1, updated_at = now()
    where id = ${payment.id} and version = ${payment.version} and status in ('processing', 'requires_action')
      and (abandoned_at is null or not ${isBeingAbandoned})
    returning *`.execute(db)
  return rows[0] ?? null
}

const total = (amounts: readonly number[]): number => amounts.reduce((sum, amount) => sum + amount, 0)

/** When to ask the provider next about an order that is open. */
export async function scheduleLook(db: Executor, orderId: string, inSeconds: number, looks = 0): Promise<void> {
  await sql`update order_payments set looks = ${looks}, look_at = now() + make_interval(secs => ${inSeconds})
            where order_id = ${orderId}`.execute(db)
}

/** The same by what is known of the payment. */
export async function scheduleSettled(db: Executor, orderIds: readonly string[]): Promise<void> {
  await sql`
    with updated as (
      select distinct on (order_id) * from payments where order_id = any(${orderIds}::text[]) order by order_id, attempt desc)
    ${lookAfter}`.execute(db)
}

/** The same for an order without an attempt: nothing is open but what gift cards of a canceled one have not got back. */
export async function scheduleWithoutPayment(db: Executor, orderId: string): Promise<void> {
  await sql`
    update order_payments o set looks = 0, look_at = case when o.canceled = 'all' and ${leftOnCards(sql`o.order_id`)} > 0 then now() end
    where order_id = ${orderId}`.execute(db)
}

/** What gift cards paid of an order and have not been given back, in minor units. */
export const leftOnCards = (orderId: ReturnType<typeof sql>) => sql`(
  select coalesce(sum(u.amount - u.refunded), 0) from gift_card_uses u where u.order_id = ${orderId} and not u.undone)`

/**
 * When to look again after a payment became what `updated` says. One that waits for the shopper or a bank: in some seconds. An
 * authorization: when it is said to lapse. Money of an order that was canceled has to go back: at once, so that this is not
 * forgotten whatever happens to this process. Else never.
 */
export const lookAfter = sql`
  update order_payments o set looks = 0, look_at = case
    when u.status in ('processing', 'requires_action') then now() + interval '5 seconds'
    when o.canceled = 'all' and ((u.capturable > 0 and u.captured = 0) or u.captured > u.refunded or ${leftOnCards(sql`o.order_id`)} > 0) then now()
    when u.status = 'authorized' then greatest(u.authorized_until + interval '1 minute', now() + interval '10 minutes') end
  from (
    select told.* from (select * from updated order by order_id) told
    cross join lateral (select 1 from order_payments o where o.order_id = told.order_id limit 1 for update) as locked
    offset 0) as u
  where o.order_id = any (array[u.order_id])`

/**
 * Takes orders whose time to look has come; other copies leave them alone for `leaseSeconds`, the longest pause between two
 * looks. Whoever looked at an order just before a money operation began may have put the next look off for days, knowing nothing
 * of it: such an order is due once the operation's own caller is not at it any more, after `abandonedSeconds`.
 */
export async function claimDue(
  db: Database,
  limit: number,
  { leaseSeconds, abandonedSeconds }: { readonly leaseSeconds: number; readonly abandonedSeconds: number },
): Promise<string[]> {
  const { rows } = await sql<{ order_id: string }>`
    with open as (
      (select order_id from order_payments where look_at <= now() order by look_at limit ${limit})
      union
      (select order_id from payment_operations op join order_payments o using (order_id)
       where op.status = 'pending' and op.created_at < now() - make_interval(secs => ${abandonedSeconds})
         and coalesce(o.look_at, 'infinity') > now() + make_interval(secs => ${leaseSeconds}) limit ${limit})),
    due as (
      select order_id from order_payments where order_id in (select order_id from open)
      order by order_id for update skip locked)
    update order_payments o set look_at = now() + make_interval(secs => ${leaseSeconds})
    from due where o.order_id = due.order_id returning o.order_id`.execute(db)
  return rows.map(({ order_id }) => order_id)
}

/**
 * The last attempt of an order whose authorization is over, which the provider is asked about at once.
 * @param said whether the provider says so; else what is known here has to
 */
export async function readLapsed(db: Executor, orderId: string, said: boolean): Promise<PaymentRow | null> {
  const { rows } = await sql<PaymentRow>`
    with last as (select * from payments where order_id = ${orderId} order by attempt desc limit 1),
    lapsed as (
      select * from last
      where ${said} or failure = 'authorization-lapsed' or (capturable > 0 and authorized_until <= now())),
    looked as (
      update order_payments o set look_at = now() from lapsed where o.order_id = lapsed.order_id and lapsed.capturable > 0)
    select * from lapsed`.execute(db)
  return rows[0] ?? null
}

/** Authorizations that lapse within so many hours or did, of orders that were not canceled, soonest first. */
export async function pageOfLapsing(
  db: Executor,
  page: { readonly withinHours: number; readonly after: readonly [string, string] | null; readonly limit: number },
): Promise<{ id: string; order_id: string; authorized_until: string; at: string }[]> {
  const [at, id] = page.after ?? ['-infinity', '']
  const { rows } = await sql<{ id: string; order_id: string; authorized_until: string; at: string }>`
    select p.id, p.order_id, p.authorized_until, p.authorized_until::text as at
    from payments p join order_payments o on o.order_id = p.order_id
    where (p.capturable > 0 or p.failure = 'authorization-lapsed')
      and p.authorized_until < now() + make_interval(hours => ${page.withinHours})
      and (p.authorized_until, p.id) > (${at}::timestamptz, ${id}) and o.canceled is null
    order by p.authorized_until, p.id limit ${page.limit}`.execute(db)
  return rows
}

/** Locks a payment before its operation: whoever claims the next one locks them in this order too. */
export async function lockPayment(tx: Transaction, id: string): Promise<void> {
  await sql`select 1 from payments where id = ${id} for update`.execute(tx)
}
