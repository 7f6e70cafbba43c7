import type T from 'typebox'
import { TypeID } from 'typeid-js'
import type { inventory, Level as LevelSchema, Shortage as ShortageSchema } from '#contracts/inventory'
import { availabilityChanged } from '#events/inventory'
import { currentCall, newTraceId } from '#kernel/call'
import type { Input, Output } from '#kernel/contract'
import {
  type Database,
  databaseFacts,
  type Executor,
  inTransaction,
  later,
  sql,
  type Transaction,
} from '#kernel/database'
import { again } from '#kernel/gather'
import { newId } from '#kernel/id'

type Operations = typeof inventory.operations
export type Level = T.Static<typeof LevelSchema>
type Shortage = T.Static<typeof ShortageSchema>
type Location = Output<Operations['locations']>['items'][number]
type Movement = Output<Operations['movements']>['items'][number]

export type HoldRequest = Input<Operations['reserve']>
export type HoldVerdict =
  | { readonly kind: 'held' }
  /** The order was released before: it may hold again only after it was reopened. */
  | { readonly kind: 'released' }
  | { readonly kind: 'short'; readonly lines: Shortage['lines'] }

/**
 * Holds stock for every request in one round trip, each whole or not at all, and says which is which; an order that holds
 * already holds once. Requests are judged in their order, and lines of one variant count together. Rows are locked in key
 * order, since two orders for the same two goods would otherwise lock crosswise. At most one request an order.
 * @param lowStock from this many units down a variant counts as low; others are told when it becomes so
 */
export async function hold(
  db: Executor,
  requests: readonly HoldRequest[],
  lowStock: number,
): Promise<(HoldVerdict | typeof again)[]> {
  const lines = requests.flatMap((request, index) => request.lines.map((line) => ({ ...line, order: index + 1 })))
  const { rows } = await sql<{
    verdicts: ('held' | 'short' | 'released' | 'again')[]
    shortages: ({ request: number } & Shortage['lines'][number])[]
    published: boolean
  }>`
    select verdicts, shortages, published from hold(
      ${requests.map(({ orderId }) => orderId)}::text[], ${lines.map(({ order }) => order)}::integer[],
      ${lines.map(({ variantId }) => variantId)}::text[], ${lines.map(({ quantity }) => quantity)}::bigint[],
      ${lines.map(({ backorder }) => backorder)}::boolean[], ${announcement(db, lowStock)}::jsonb)`.execute(db)
  const { verdicts, shortages, published } = theOnly(rows)
  if (published) databaseFacts(db).onPublished()
  const short = Map.groupBy(shortages, ({ request }) => request)
  return verdicts.map((verdict, index) => {
    if (verdict === 'again') return again
    if (verdict !== 'short') return { kind: verdict }
    const found = short.get(index + 1) ?? []
    return { kind: 'short', lines: found.map(({ request, ...line }) => line) }
  })
}

export type ReleaseRequest = Input<Operations['release']>

/**
 * Gives back what orders hold or were promised and has not left, in one round trip; a later `hold` is refused. What is older than
 * the lease by which its order was reopened changes nothing.
 */
export async function release(
  db: Executor,
  requests: readonly ReleaseRequest[],
  lowStock: number,
): Promise<('released' | typeof again)[]> {
  const { rows } = await sql<{ verdicts: ('released' | 'again')[]; published: boolean }>`
    select verdicts, published from release(
      ${requests.map(({ orderId }) => orderId)}::text[], ${requests.map(({ lease }) => lease ?? null)}::bigint[],
      ${announcement(db, lowStock)}::jsonb)`.execute(db)
  const { verdicts, published } = theOnly(rows)
  if (published) databaseFacts(db).onPublished()
  return verdicts.map((verdict) => (verdict === 'again' ? again : verdict))
}

/**
 * Forgets that an order was released. An order of which something left can no longer begin anew.
 * @param lease of the driver that has it hold anew: what an earlier one asked to be released comes too late from now on
 */
export async function reopen(db: Executor, { orderId, lease }: Input<Operations['reopen']>): Promise<void> {
  const since = lease ?? null
  await sql`
    with told as (
      insert into reopened as r (order_id, lease) select ${orderId}, ${since}::bigint where ${since}::bigint is not null
      on conflict (order_id) do update set lease = greatest(r.lease, excluded.lease))
    delete from holds h where order_id = ${orderId} and state = 'released'
      and not exists (select from hold_lines l where l.order_id = h.order_id and l.fulfilled > 0)`.execute(db)
}

/** Turns what orders hold into what they were promised; those that hold nothing stay as they are. */
export async function allocate(tx: Transaction, orderIds: readonly string[]): Promise<void> {
  await later(tx, sql`select allocate(${orderIds}::text[])`)
}

/** Takes units of an order that left off the shelf, at most as many as it was promised. */
export async function ship(
  tx: Transaction,
  shipment: {
    readonly orderId: string
    readonly fulfillmentId: string
    readonly lines: readonly { readonly variantId: string; readonly quantity: number }[]
  },
  lowStock: number,
): Promise<void> {
  const { rows } = await sql<{ published: boolean }>`
    select ship(${shipment.orderId}, ${shipment.lines.map(({ variantId }) => variantId)}::text[],
                ${shipment.lines.map(({ quantity }) => quantity)}::bigint[], ${shipment.fulfillmentId},
                ${announcement(tx, lowStock)}::jsonb) as published`.execute(tx)
  if (theOnly(rows).published) databaseFacts(tx).onPublished()
}

/**
 * Sets counted stock of levels, each with a movement of the difference. Locations must exist; null is the default one.
 * @param isNew nobody knows the variants yet: of those that are opened nobody is told
 */
export async function setLevels(
  db: Executor,
  levels: readonly { readonly variantId: string; readonly locationId: string | null; readonly onHand: number }[],
  reason: string | null,
  lowStock: number,
  isNew = false,
): Promise<void> {
  const { rows } = await sql<{ published: boolean }>`
    select ${isNew ? sql`open_levels` : sql`set_levels`}(
      ${levels.map(({ variantId }) => variantId)}::text[],
      ${levels.map(({ locationId }) => locationId)}::text[],
      ${levels.map(({ onHand }) => onHand)}::bigint[], ${reason},
      ${announcement(db, lowStock)}::jsonb) as published`.execute(db)
  if (theOnly(rows).published) databaseFacts(db).onPublished()
}

/** What the functions need to tell others of a variant by themselves, within their one round trip. */
function announcement(db: Executor, lowStock: number): string {
  const { type, version } = availabilityChanged
  const subscribers = databaseFacts(db).subscribersOf(type)
  return JSON.stringify({ type, version, subscribers, traceId: currentCall()?.traceId ?? newTraceId(), lowStock })
}

function theOnly<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (!row) throw new Error('inventory: a function of the database returned no row')
  return row
}

// ---- What is there -----------------------------------------------------------------------------------------------

/** Units of each variant that can be promised now, by id; those that are owed at one location are not promised at another. */
export async function availability(
  db: Executor,
  variantIds: readonly string[],
): Promise<{ variantId: string; available: number }[]> {
  // A subquery hides how many they are: knowing that, PostgreSQL takes a plan of its own for each time, which costs twice what it does.
  const { rows } = await sql<{ variantId: string; available: number }>`
    select v.variant_id as "variantId", greatest(0, coalesce(sum(on_hand - reserved - allocated), 0))::bigint as available
    from (select distinct variant_id from unnest((select ${variantIds}::text[])) as given (variant_id)) v
    left join levels l on l.variant_id = v.variant_id
    group by v.variant_id order by v.variant_id`.execute(db)
  return rows
}

const levelColumns = sql`
  variant_id as "variantId", location_id as "locationId", on_hand as "onHand", reserved, allocated,
  on_hand - reserved - allocated as available`

export async function levelsOf(db: Executor, variantIds: readonly string[]): Promise<Level[]> {
  const { rows } = await sql<Level>`
    select ${levelColumns} from levels where variant_id = any(${variantIds}::text[])
    order by variant_id, location_id`.execute(db)
  return rows
}

/** Levels by variant and location, after the one that `after` names. */
export async function pageOfLevels(
  db: Executor,
  page: {
    readonly variantId: string | null
    readonly state: 'in-stock' | 'low' | 'out-of-stock' | null
    readonly after: readonly [string, string] | null
    readonly limit: number
  },
): Promise<Level[]> {
  const [variantId, locationId] = page.after ?? ['', '']
  // From where the page begins, or each page would go through those before it.
  const inState = sql`
    variant_id in (select s.variant_id from stock s where s.state = ${page.state} and s.variant_id >= ${variantId})`
  const { rows } = await sql<Level>`
    select ${levelColumns} from levels
    where (variant_id, location_id) > (${variantId}, ${locationId})
      and ${page.variantId === null ? sql`true` : sql`variant_id = ${page.variantId}`}
      and ${page.state === null ? sql`true` : inState}
    order by variant_id, location_id limit ${page.limit}`.execute(db)
  return rows
}

/** The ledger of a variant, newest first, before the movement whose id is `before`. */
export async function pageOfMovements(
  db: Executor,
  page: { readonly variantId: string; readonly before: string | null; readonly limit: number },
): Promise<Movement[]> {
  const { rows } = await sql<Movement>`
    select id, variant_id as "variantId", location_id as "locationId", kind, quantity, order_id as "orderId", reason, at
    from movements
    where variant_id = ${page.variantId}
      and ${page.before === null ? sql`true` : sql`id < ${TypeID.fromString(page.before, 'move').toUUID()}::uuid`}
    order by id desc limit ${page.limit}`.execute(db)
  return rows.map((row) => ({ ...row, id: TypeID.fromUUID('move', row.id).toString() }))
}

/** What orders hold or were promised in all; a released one holds nothing. */
export async function holdsOf(
  db: Executor,
  orderIds: readonly string[],
): Promise<Output<Operations['holdsOf']>['items']> {
  const { rows } = await sql<Output<Operations['holdsOf']>['items'][number]>`
    select h.order_id as "orderId", h.state,
           coalesce(sum(l.quantity) filter (where h.state <> 'released'), 0)::bigint as units
    from holds h left join hold_lines l using (order_id)
    where h.order_id = any(${orderIds}::text[])
    group by h.order_id`.execute(db)
  return rows
}

// ---- Locations ---------------------------------------------------------------------------------------------------

/** Makes the location that every shop begins with, unless there is one. */
export async function ensureDefaultLocation(db: Database): Promise<void> {
  await sql`
    insert into locations (id, name, is_default, is_unnamed)
    select ${newId('loc')}, 'Main location', true, true where not exists (select from locations)
    on conflict do nothing`.execute(db)
}

export async function locations(db: Executor): Promise<Location[]> {
  const { rows } = await sql<Location>`
    select id, name, is_default as "default" from locations order by is_default desc, position`.execute(db)
  return rows
}

/** Those of `locationIds` that do not exist. */
export async function unknownLocations(db: Executor, locationIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select given.id from unnest(${locationIds}::text[]) as given (id)
    where not exists (select from locations l where l.id = given.id)`.execute(db)
  return rows.map(({ id }) => id)
}

/** Adds a location, or returns null when its name is taken. */
export async function createLocation(db: Executor, name: string): Promise<Location | null> {
  const { rows } = await sql<Location>`
    insert into locations (id, name) values (${newId('loc')}, ${name}) on conflict do nothing
    returning id, name, is_default as "default"`.execute(db)
  return rows[0] ?? null
}

/** Finds or makes locations by name, in the order of the names. The first name is given to the unnamed default location. */
export async function ensureLocations(db: Database, names: readonly string[]): Promise<{ id: string; name: string }[]> {
  return inTransaction(db, async (tx) => {
    await sql`
      update locations set name = ${names[0]}, is_unnamed = false
      where is_unnamed and not exists (
        select from locations where lower(name) = lower(${names[0]}) and not is_unnamed)`.execute(tx)
    await sql`
      insert into locations (id, name)
      select id, name from unnest(${names.map(() => newId('loc'))}::text[], ${names}::text[])
        with ordinality as given (id, name, n) order by n
      on conflict do nothing`.execute(tx)
    const { rows } = await sql<{ id: string; name: string }>`
      select l.id, l.name from unnest(${names}::text[]) with ordinality as given (name, n)
      join locations l on lower(l.name) = lower(given.name) order by n`.execute(tx)
    return rows
  })
}
