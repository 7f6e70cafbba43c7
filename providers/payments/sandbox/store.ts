import { readFile } from 'node:fs/promises'
import pg from 'pg'
import type { Behavior, Card } from './cards.ts'
import type { Payment, Refund } from './payment.ts'

export type Pool = pg.Pool
export type Tx = pg.PoolClient
type Queryable = Pool | Tx

/** An answer under an idempotency key, byte for byte. */
export type Remembered = { readonly fingerprint: string; readonly status: number | null; readonly body: string | null }
export type Request = {
  readonly key: string
  readonly fingerprint: string
  readonly status: number
  readonly body: string
}

export type Event = { readonly id: string; readonly type: string; readonly body: string }

/** How often and when an event is sent; tests command it. `dropped` events are kept and never sent. */
export type Sending = {
  readonly copies: number
  readonly delayMs: number
  readonly shuffleMs: number
  readonly drop: boolean
}

export type CardToken = Card & { readonly behavior: Behavior; readonly spent: boolean; readonly expired: boolean }

/** Keys are remembered for a day, as most providers promise. */
const keysRememberedMs = 24 * 3600_000
/** A card token waits for its checkout this long. */
const cardTokenMinutes = 15
/** Events are kept for people to look at, and no longer. */
const eventsKeptDays = 30

const columnOf = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const paymentFields = [
  'id',
  'orderId',
  'attemptKey',
  'status',
  'currency',
  'amount',
  'authorized',
  'captured',
  'refunded',
  'captureNow',
  'returnUrl',
  'pageSecret',
  'hosted',
  'cardTries',
  'behavior',
  'brand',
  'last4',
  'declineReason',
  'cardToken',
  'authorizedUntil',
  'movesAt',
  'createdAt',
  'updatedAt',
] as const satisfies readonly (keyof Payment)[]

const paymentColumns = paymentFields.map((field) => `${columnOf(field)} as "${field}"`).join(', ')

/** For jsonb_populate_record, which reads it as a row. */
const paymentRow = (payment: Payment) =>
  Object.fromEntries(paymentFields.map((field) => [columnOf(field), payment[field]]))

const int8 = 20
const types: pg.CustomTypesConfig = {
  // Amounts stay below 2^53 (the API refuses more), so they may be numbers.
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

export function openPool(databaseUrl: string, max: number): Pool {
  return new pg.Pool({
    connectionString: databaseUrl,
    max,
    types,
    application_name: 'sandbox-provider',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
  })
}

/** Creates what is missing. Several may start at once: the advisory lock lets one at a time through. */
export async function createSchema(pool: Pool): Promise<void> {
  const sql = await readFile(new URL('./schema.sql', import.meta.url), 'utf8')
  await inTransaction(pool, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('sandbox_provider', 0))`)
    const { rows } = await tx.query(`select to_regnamespace('sandbox_provider') is not null as exists`)
    if (!rows[0].exists) await tx.query('create schema sandbox_provider')
    await tx.query(sql)
  })
}

export async function inTransaction<T>(pool: Pool, work: (tx: Tx) => Promise<T>): Promise<T> {
  const tx = await pool.connect()
  try {
    await tx.query('begin')
    const result = await work(tx)
    await tx.query('commit')
    tx.release()
    return result
  } catch (error) {
    // A connection whose rollback fails is broken; the pool must not hand it out again.
    await tx.query('rollback').then(
      () => tx.release(),
      (broken) => tx.release(broken),
    )
    throw error
  }
}

// --- time and the shop ----------------------------------------------------------------------------------------------

export async function clock(db: Queryable): Promise<Date> {
  const { rows } = await db.query('select sandbox_provider.clock() as now')
  return rows[0].now
}

export async function advanceClock(db: Queryable, seconds: number): Promise<Date> {
  await db.query('update sandbox_provider.settings set clock_ahead = clock_ahead + make_interval(secs => $1)', [
    seconds,
  ])
  return clock(db)
}

export type Shop = { readonly webhookUrl: string | null; readonly origins: readonly string[] }

export async function readShop(db: Queryable): Promise<Shop> {
  const { rows } = await db.query('select webhook_url, shop_origins from sandbox_provider.settings')
  return { webhookUrl: rows[0].webhook_url, origins: rows[0].shop_origins }
}

export async function writeShop(db: Queryable, shop: Shop): Promise<void> {
  await db.query('update sandbox_provider.settings set webhook_url = $1, shop_origins = $2', [
    shop.webhookUrl,
    shop.origins,
  ])
}

// --- payments -------------------------------------------------------------------------------------------------------

const keyIsOld = `(requests.created_at <= sandbox_provider.clock() - interval '${keysRememberedMs} milliseconds')`

/** What a request to make a payment is looked up by. */
export type Wanted = { readonly key: string; readonly cardToken: string | null }
export type Known = {
  readonly now: Date
  readonly remembered: Remembered | null
  readonly token: CardToken | null
}

/** All that has to be known before payments are made, for many at once and in their order. */
export async function lookUp(db: Queryable, wanted: readonly Wanted[]): Promise<Known[]> {
  const { rows } = await db.query({
    name: 'look-up',
    text: `
      select sandbox_provider.clock() as now, requests.fingerprint, requests.status, requests.body,
             t.behavior, t.brand, t.last4, t.expires_at <= sandbox_provider.clock() as expired,
             exists (select from sandbox_provider.payments where card_token = any (array[t.id])) as spent
      from unnest($1::text[], $2::text[]) with ordinality as wanted (key, card_token, n)
      left join lateral (
        select * from sandbox_provider.requests where key = wanted.key and not ${keyIsOld} limit 1) as requests on true
      left join sandbox_provider.card_tokens t on t.id = wanted.card_token
      order by n`,
    values: [wanted.map(({ key }) => key), wanted.map(({ cardToken }) => cardToken)],
  })
  return rows.map((row) => ({
    now: row.now,
    remembered: row.fingerprint === null ? null : row,
    token: row.behavior === null ? null : row,
  }))
}

export type NewPayment = {
  readonly payment: Payment
  readonly request: Request
  readonly event: Event | null
  readonly sending: Sending
}

/**
 * Stores payments, each with its event and the answer under its key, in one statement: all of it or nothing, in one round trip,
 * since this is what a shop under load waits for. No two are of one key.
 *
 * @returns for each whether it was made: not when its key was taken meanwhile. Look again then.
 * Throws `isTokenSpent` when the card token of one was; then none was made.
 */
export async function insertPayments(db: Queryable, payments: readonly NewPayment[]): Promise<boolean[]> {
  const given = payments.map(({ payment, request, event, sending }) => ({
    ...request,
    payment: paymentRow(payment),
    eventId: event?.id ?? null,
    eventType: event?.type ?? null,
    eventBody: event?.body ?? null,
    ...sending,
  }))
  const { rows } = await db.query({
    name: 'insert-payments',
    text: `
      with given as materialized (
        select * from jsonb_to_recordset($1::jsonb) as g (
          key text, fingerprint text, status smallint, body text, payment jsonb, "eventId" text, "eventType" text, "eventBody" text,
          copies int, "delayMs" float8, "shuffleMs" float8, drop boolean)
      ), remembered as (
        ${rememberSql('select key, fingerprint, status, body, sandbox_provider.clock() from given order by key')} returning key
      ), made as (
        select given.* from given join remembered using (key)
      ), payment as (
        insert into sandbox_provider.payments
        select row.* from made, jsonb_populate_record(null::sandbox_provider.payments, payment) row
      ), event as (
        insert into sandbox_provider.events (id, payment_id, type, body, created_at)
        select "eventId", payment ->> 'id', "eventType", "eventBody", sandbox_provider.clock()
        from made where "eventId" is not null
      ), delivery as (
        insert into sandbox_provider.deliveries (event_id, state, due_at)
        select "eventId", ${deliverySql('drop', '"delayMs"', '"shuffleMs"')}
        from made, generate_series(1, copies) where "eventId" is not null
      )
      select key from made`,
    values: [JSON.stringify(given)],
  })
  const made = new Set(rows.map(({ key }) => key))
  return payments.map(({ request }) => made.has(request.key))
}

/** A card token pays once: whether an error says that somebody else was first. */
export const isTokenSpent = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.constraint === 'payments_card_token_once'

export type Found = { readonly payment: Payment; readonly refunds: readonly Refund[] }
export type Locked = Found & { readonly now: Date }

/** The payment, locked until the transaction ends, with its refunds. */
export async function lockPayment(tx: Tx, id: string): Promise<Locked | null> {
  const { rows } = await tx.query(`select ${paymentColumns} from sandbox_provider.payments where id = $1 for update`, [
    id,
  ])
  if (!rows[0]) return null
  return { payment: rows[0], refunds: await refundsOf(tx, [id]), now: await clock(tx) }
}

/** Writes back what may change after a payment was made. Its row is locked by `lockPayment`. */
export async function updatePayment(tx: Tx, payment: Payment): Promise<void> {
  await tx.query(
    `update sandbox_provider.payments p
     set (status, authorized, captured, refunded, card_tries, behavior, brand, last4, decline_reason, authorized_until, moves_at, updated_at)
       = (row.status, row.authorized, row.captured, row.refunded, row.card_tries, row.behavior, row.brand, row.last4,
          row.decline_reason, row.authorized_until, row.moves_at, row.updated_at)
     from jsonb_populate_record(null::sandbox_provider.payments, $1) row
     where p.id = row.id`,
    [JSON.stringify(paymentRow(payment))],
  )
}

export async function insertRefund(tx: Tx, refund: Refund): Promise<void> {
  await tx.query(
    'insert into sandbox_provider.refunds (id, payment_id, key, amount, created_at) values ($1, $2, $3, $4, $5)',
    [refund.id, refund.paymentId, refund.key, refund.amount, refund.createdAt],
  )
}

export async function findById(db: Queryable, id: string): Promise<Found | null> {
  const [found] = await withRefunds(
    db,
    await db.query({
      name: 'find-by-id',
      text: `select ${paymentColumns} from sandbox_provider.payments where id = $1`,
      values: [id],
    }),
  )
  return found ?? null
}

/** At most 100, oldest first: an order has a handful of attempts. */
export async function findByOrder(db: Queryable, orderId: string): Promise<Found[]> {
  return withRefunds(
    db,
    await db.query({
      name: 'find-by-order',
      text: `select ${paymentColumns} from sandbox_provider.payments where order_id = $1 order by created_at, id limit 100`,
      values: [orderId],
    }),
  )
}

/** A page of payments after a place in (created_at, id) order; `newestFirst` walks the other way. */
export async function listPayments(
  db: Queryable,
  page: { since: Date; after: { createdAt: Date; id: string } | null; limit: number; newestFirst?: boolean },
): Promise<Found[]> {
  const [beyond, order] = page.newestFirst ? ['<', 'desc'] : ['>', 'asc']
  const { after } = page
  return withRefunds(
    db,
    await db.query(
      `select ${paymentColumns} from sandbox_provider.payments
       where created_at >= $1 and ($2::timestamptz is null or (created_at, id) ${beyond} ($2, $3))
       order by created_at ${order}, id ${order} limit $4`,
      [page.since, after?.createdAt ?? null, after?.id ?? null, page.limit],
    ),
  )
}

/** Ids of what came of an attempt. More than one only when its key was forgotten and used again. */
export async function attemptIds(db: Queryable, attempt: { orderId: string; key: string }): Promise<string[]> {
  const { rows } = await db.query(
    'select id from sandbox_provider.payments where order_id = $1 and attempt_key = $2 order by id limit 100',
    [attempt.orderId, attempt.key],
  )
  return rows.map((row) => row.id)
}

/** Ids of payments that move on by themselves about now. */
export async function duePayments(db: Queryable, limit: number): Promise<string[]> {
  const { rows } = await db.query(
    'select id from sandbox_provider.payments where moves_at <= sandbox_provider.clock() order by moves_at limit $1',
    [limit],
  )
  return rows.map((row) => row.id)
}

async function withRefunds(db: Queryable, { rows: payments }: pg.QueryResult<Payment>): Promise<Found[]> {
  const refunded = payments.filter((payment) => payment.refunded > 0).map((payment) => payment.id)
  const refunds = refunded.length > 0 ? await refundsOf(db, refunded) : []
  return payments.map((payment) => ({ payment, refunds: refunds.filter((refund) => refund.paymentId === payment.id) }))
}

async function refundsOf(db: Queryable, paymentIds: readonly string[]): Promise<Refund[]> {
  const { rows } = await db.query(
    `select id, payment_id as "paymentId", key, amount, created_at as "createdAt"
     from sandbox_provider.refunds where payment_id = any($1) order by created_at, id`,
    [paymentIds],
  )
  return rows
}

// --- card tokens ----------------------------------------------------------------------------------------------------

export async function insertCardToken(
  db: Queryable,
  token: { id: string; behavior: Behavior; card: Card },
): Promise<void> {
  await db.query(
    `insert into sandbox_provider.card_tokens (id, behavior, brand, last4, expires_at)
     values ($1, $2, $3, $4, sandbox_provider.clock() + make_interval(mins => $5))`,
    [token.id, token.behavior, token.card.brand, token.card.last4, cardTokenMinutes],
  )
}

// --- idempotency keys -----------------------------------------------------------------------------------------------

const rememberSql = (rows: string): string => `
  insert into sandbox_provider.requests (key, fingerprint, status, body, created_at)
  ${rows}
  on conflict (key) do update
    set fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, created_at = excluded.created_at
    where requests.status is null or ${keyIsOld}`

/** @returns false when another request took the key first */
export async function remember(db: Queryable, request: Request): Promise<boolean> {
  const { rowCount } = await db.query(rememberSql('values ($1, $2, $3, $4, sandbox_provider.clock())'), [
    request.key,
    request.fingerprint,
    request.status,
    request.body,
  ])
  return rowCount === 1
}

export async function remembered(db: Queryable, key: string): Promise<Remembered | null> {
  const { rows } = await db.query(
    `select fingerprint, status, body from sandbox_provider.requests where key = $1 and not ${keyIsOld}`,
    [key],
  )
  return rows[0] ?? null
}

/** Marks a request as lost on its way. @returns false when it was lost (or answered) before */
export async function loseRequest(
  db: Queryable,
  { key, fingerprint }: { key: string; fingerprint: string },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into sandbox_provider.requests (key, fingerprint, created_at) values ($1, $2, sandbox_provider.clock())
     on conflict (key) do nothing`,
    [key, fingerprint],
  )
  return rowCount === 1
}

// --- events and their deliveries ------------------------------------------------------------------------------------

const deliverySql = (drop: string, delayMs: string, shuffleMs: string): string =>
  `case when ${drop} then 'dropped' else 'due' end,
   sandbox_provider.clock() + make_interval(secs => (${delayMs} + random() * ${shuffleMs}) / 1000)`

/** Stores an event and its deliveries in the transaction that made it true. */
export async function tell(
  tx: Tx,
  paymentId: string,
  event: Event,
  { drop, delayMs, shuffleMs, copies }: Sending,
): Promise<void> {
  await tx.query(
    `with event as (
       insert into sandbox_provider.events (id, payment_id, type, body, created_at)
       values ($1, $2, $3, $4, sandbox_provider.clock()) returning id
     )
     insert into sandbox_provider.deliveries (event_id, state, due_at)
     select event.id, ${deliverySql('$5::boolean', '$6::float8', '$7::float8')} from event, generate_series(1, $8::int)`,
    [event.id, paymentId, event.type, event.body, drop, delayMs, shuffleMs, copies],
  )
}

export type Delivery = {
  readonly id: number
  readonly eventId: string
  readonly body: string
  readonly attempts: number
}

/**
 * Takes deliveries to send now. They come due again by themselves after the lease, should this process die.
 *
 * @param onlyDue false takes those that are scheduled for later too
 */
export async function claimDeliveries(
  db: Queryable,
  { limit, leaseSeconds, onlyDue }: { limit: number; leaseSeconds: number; onlyDue: boolean },
): Promise<Delivery[]> {
  const { rows } = await db.query({
    name: 'claim-deliveries',
    text: `with claimed as (
       update sandbox_provider.deliveries d
       set due_at = sandbox_provider.clock() + make_interval(secs => $2), attempts = least(d.attempts + 1, 1000)
       from (
         select id, due_at from sandbox_provider.deliveries
         where state = 'due' and (not $3 or due_at <= sandbox_provider.clock())
         order by due_at, id limit $1 for update skip locked
       ) due
       where d.id = due.id
       returning d.id, d.event_id, d.attempts, due.due_at as was_due
     )
     select claimed.id, event_id as "eventId", attempts, body
     from claimed join sandbox_provider.events on events.id = event_id order by was_due, claimed.id`,
    values: [limit, leaseSeconds, onlyDue],
  })
  return rows
}

export type Delivered = { readonly id: number; readonly answer: string } & (
  | { readonly state: 'delivered' | 'given_up' }
  | { readonly state: 'due'; readonly againInMs: number }
)

export async function settleDeliveries(db: Queryable, settled: readonly Delivered[]): Promise<void> {
  await db.query({
    name: 'settle-deliveries',
    text: `update sandbox_provider.deliveries d
     set state = s.state, last_answer = s.answer, due_at = sandbox_provider.clock() + make_interval(secs => s.again / 1000.0)
     from unnest($1::bigint[], $2::text[], $3::text[], $4::float8[]) s (id, state, answer, again)
     where d.id = s.id and d.state = 'due'`,
    values: [
      settled.map(({ id }) => id),
      settled.map(({ state }) => state),
      settled.map(({ answer }) => answer),
      settled.map((one) => (one.state === 'due' ? one.againInMs : 0)),
    ],
  })
}

/** Milliseconds until the next delivery and the next payment come due, negative when they are; Infinity when none will. */
export async function nextDue(db: Queryable): Promise<{ deliveryMs: number; paymentMs: number }> {
  const { rows } = await db.query({
    name: 'next-due',
    text: `
    select
      extract(epoch from (select min(due_at) from sandbox_provider.deliveries where state = 'due') - sandbox_provider.clock())::float8 * 1000 as delivery,
      extract(epoch from (select min(moves_at) from sandbox_provider.payments) - sandbox_provider.clock())::float8 * 1000 as payment`,
  })
  return { deliveryMs: rows[0].delivery ?? Infinity, paymentMs: rows[0].payment ?? Infinity }
}

export type EventPlace = { readonly createdAt: Date; readonly id: string }

/** Events since a time whose every delivery has not arrived yet, or never will, oldest first. */
export async function listUndelivered(
  db: Queryable,
  page: { since: Date; after: EventPlace | null; limit: number },
): Promise<(EventPlace & { readonly body: string })[]> {
  const { since, after, limit } = page
  const { rows } = await db.query(
    `select id, body, created_at as "createdAt" from sandbox_provider.events e
     where created_at >= $1 and ($2::timestamptz is null or (created_at, id) > ($2, $3))
       and not exists (select from sandbox_provider.deliveries d where d.event_id = e.id and d.state = 'delivered')
     order by created_at, id limit $4`,
    [since, after?.createdAt ?? null, after?.id ?? null, limit],
  )
  return rows
}

export type EventStory = Event & { readonly createdAt: Date; readonly deliveries: readonly DeliveryStory[] }
export type DeliveryStory = { readonly state: string; readonly attempts: number; readonly answer: string | null }

/** What happened to a payment, and what the shop was told of it. */
export async function eventsOf(db: Queryable, paymentId: string): Promise<EventStory[]> {
  const { rows } = await db.query(
    `select e.id, e.type, e.body, e.created_at as "createdAt",
       (select coalesce(jsonb_agg(jsonb_build_object('state', d.state, 'attempts', d.attempts, 'answer', d.last_answer) order by d.id), '[]')
        from sandbox_provider.deliveries d where d.event_id = e.id) as deliveries
     from sandbox_provider.events e where payment_id = $1 order by e.created_at, e.id limit 200`,
    [paymentId],
  )
  return rows
}

/** Deletes what nobody may need again: old keys, spent tokens, old events. */
export async function forget(db: Queryable): Promise<void> {
  await db.query(`delete from sandbox_provider.requests where ${keyIsOld}`)
  await db.query(
    `delete from sandbox_provider.card_tokens where expires_at < sandbox_provider.clock() - interval '1 day'`,
  )
  await db.query(
    `delete from sandbox_provider.events where created_at < sandbox_provider.clock() - make_interval(days => $1)`,
    [eventsKeptDays],
  )
}
