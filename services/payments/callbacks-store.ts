import { type Executor, sql } from '#kernel/database'
import type { PaymentRow } from './payment.ts'

/** What a callback is about. */
export type About = { readonly provider: string; readonly orderId: string; readonly providerPaymentId: string }

/** What was asked for by the attempts that callbacks are about, or by ones whose names at the provider are not known yet. */
export async function readAsked(
  db: Executor,
  about: readonly About[],
): Promise<(Pick<PaymentRow, 'amount' | 'currency'> | null)[]> {
  const { rows } = await sql<{ amount: number | null; currency: string }>`
    select asked.amount, asked.currency
    from unnest(${about.map((one) => one.provider)}::text[], ${about.map((one) => one.orderId)}::text[],
                ${about.map((one) => one.providerPaymentId)}::text[])
         with ordinality as told (provider, order_id, provider_payment_id, n)
    left join lateral (
      select amount, currency from payments p
      where p.order_id = told.order_id and p.provider = told.provider
        and coalesce(p.provider_payment_id, told.provider_payment_id) = told.provider_payment_id
      order by attempt desc limit 1) as asked on true
    order by n`.execute(db)
  return rows.map(({ amount, currency }) => (amount === null ? null : { amount, currency }))
}

export type Callback = {
  readonly provider: string
  readonly eventId: string
  readonly orderId: string | null
  /** Whether the provider has to be asked. */
  readonly isNews: boolean
}

/**
 * Keeps callbacks, each once, and makes the orders due of which they may tell something new.
 * @returns for each `new` when it may, `known` when it does not or came before, `foreign` when the order has no attempt here
 */
export async function insertCallbacks(
  db: Executor,
  callbacks: readonly Callback[],
): Promise<('new' | 'known' | 'foreign')[]> {
  const { rows } = await sql<{ kept: boolean; looked: boolean }>`
    with told as (
      select * from unnest(${callbacks.map(({ provider }) => provider)}::text[],
                           ${callbacks.map(({ eventId }) => eventId)}::text[],
                           ${callbacks.map(({ orderId }) => orderId)}::text[],
                           ${callbacks.map(({ isNews }) => isNews)}::boolean[])
                    with ordinality as t (provider, event_id, order_id, is_news, n)),
    kept as (
      insert into webhook_inbox (provider, event_id, order_id)
      select provider, event_id, order_id from told order by provider, event_id
      on conflict (provider, event_id) do nothing returning provider, event_id, order_id),
    due as (
      select o.order_id from (
        select distinct k.order_id from kept k join told using (provider, event_id) where is_news order by order_id) as news
      cross join lateral (select order_id from order_payments o where o.order_id = news.order_id limit 1 for update) as o),
    looked as (
      update order_payments o set look_at = least(look_at, now()) from due where o.order_id = any (array[due.order_id])
      returning o.order_id)
    select k.event_id is not null and is_news as kept, l.order_id is not null as looked
    from told left join kept k using (provider, event_id) left join looked l on l.order_id = k.order_id
    order by n`.execute(db)
  return rows.map(({ kept, looked }) => (kept ? (looked ? 'new' : 'foreign') : 'known'))
}

/** The order of a payment by the provider's own id, or null when it is none of ours. */
export async function readOrderOf(db: Executor, provider: string, providerPaymentId: string): Promise<string | null> {
  const { rows } = await sql<{ order_id: string }>`
    select order_id from payments where provider = ${provider} and provider_payment_id = ${providerPaymentId}`.execute(
    db,
  )
  return rows[0]?.order_id ?? null
}

/** Of these events, those that no callback brought and nobody heard. */
export async function unheard(db: Executor, provider: string, eventIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from unnest(${eventIds}::text[]) as told (id)
    where not exists (select 1 from webhook_inbox i where i.provider = ${provider} and i.event_id = told.id)`.execute(
    db,
  )
  return new Set(rows.map(({ id }) => id))
}

/**
 * Takes a provider's events over for `forSeconds`, unless another copy has them or they were read so lately.
 * @returns from when on they have to be read, or null then
 */
export async function claimEvents(
  db: Executor,
  provider: string,
  { forSeconds, firstSeconds }: { readonly forSeconds: number; readonly firstSeconds: number },
): Promise<string | null> {
  await sql`
    insert into event_marks (provider, heard_until, look_at)
    values (${provider}, now() - make_interval(secs => ${firstSeconds}), now() + make_interval(secs => ${forSeconds}))
    on conflict (provider) do nothing`.execute(db)
  const { rows } = await sql<{ heard_until: string }>`
    update event_marks set look_at = now() + make_interval(secs => ${forSeconds})
    where provider = ${provider} and look_at <= now() returning heard_until`.execute(db)
  return rows[0]?.heard_until ?? null
}

/** Notes that a provider's events are heard up to a time of its own clock. */
export async function markHeard(db: Executor, provider: string, until: string, forSeconds: number): Promise<void> {
  await sql`
    update event_marks set heard_until = greatest(heard_until, ${until}::timestamptz),
      look_at = now() + make_interval(secs => ${forSeconds})
    where provider = ${provider}`.execute(db)
}

/** Forgets callbacks that no provider sends again. */
export async function forgetCallbacks(db: Executor, afterDays: number): Promise<void> {
  await sql`delete from webhook_inbox where received_at < now() - make_interval(days => ${afterDays})`.execute(db)
}
