import pg from 'pg'
import { byDatabase, type Databases } from './database-address.ts'
import { type InvariantCheck, violationsNamedAtMost } from './invariants.ts'

/** An event that waits longer than this has not taken effect, whatever may still become of it. */
const waitsAtMostMinutes = 15

/** A shop that is busy may keep whoever only judges it waiting. */
const connectWithinMs = 60_000

/** Events of a publisher that are compared in one statement: ids of some hundred kilobytes. */
const comparedAtOnce = 10_000

/** A question over all services' tables, in as many statements as there are schemas. */
type Asked = { readonly invariant: string; readonly what: string; readonly all: string; readonly wrong: string }

/** The schema of a service, in the database that has it. */
type Place = { readonly name: string; readonly schema: string; readonly client: pg.Client }

/**
 * I6: every committed event takes effect in every subscriber exactly once; and I9, one result for one idempotency key, over
 * every service's keys. What unique keys forbid is looked for all the same: an index may be broken, or gone.
 * @param databases of the services, as their owner
 * @param services those that keep rows; what has no events of its own is passed over
 */
export async function verifyEvents(databases: Databases, services: readonly string[]): Promise<InvariantCheck[]> {
  await using open = new AsyncDisposableStack()
  const places = new Map<string, Place>()
  for (const [{ directUrl }, names] of byDatabase(databases, services, (name) => name)) {
    const client = new pg.Client({ connectionString: directUrl, connectionTimeoutMillis: connectWithinMs })
    await client.connect()
    open.defer(() => client.end())
    const { rows } = await client.query<{ name: string }>(
      `select table_schema as name from information_schema.tables
       where table_name = 'outbox_deliveries' and table_schema = any($1) order by 1`,
      [names],
    )
    for (const { name } of rows) places.set(name, { name, schema: client.escapeIdentifier(name), client })
  }
  const found = new Map<string, InvariantCheck>()
  for (const place of places.values()) {
    for (const subscriber of await subscribersOf(place)) await compare(place, subscriber, places.get(subscriber), found)
    for (const asked of questionsOn(place.schema, place.name)) await ask(place.client, asked, found)
  }
  return [...found.values()]
}

async function ask(client: pg.Client, { invariant, what, all, wrong }: Asked, found: Found): Promise<void> {
  const { rows } = await client.query<{ checked: string; violated: string; violations: string[] }>(
    `with wrong as materialized (${wrong})
     select (${all}) as checked, (select count(*) from wrong) as violated,
            array(select said from wrong order by said limit $1) as violations`,
    [violationsNamedAtMost],
  )
  add(found, {
    invariant,
    what,
    checked: Number(rows[0]?.checked),
    violated: Number(rows[0]?.violated),
    violations: rows[0]?.violations ?? [],
  })
}

type Found = Map<string, InvariantCheck>

/** Adds what one schema says to what others have said to the same question. */
function add(found: Found, check: InvariantCheck): void {
  const known = found.get(check.what)
  found.set(check.what, {
    ...check,
    checked: (known?.checked ?? 0) + check.checked,
    violated: (known?.violated ?? 0) + check.violated,
    violations: [...(known?.violations ?? []), ...check.violations].slice(0, violationsNamedAtMost),
  })
}

/** What one schema can tell by itself. */
const questionsOn = (schema: string, name: string): Asked[] => [
  {
    invariant: 'I6',
    what: 'no event was given up',
    all: `select count(*) from ${schema}.outbox`,
    wrong: `select '${name} event ' || event_id || ' for ' || subscriber || ': ' || last_error as said from ${schema}.dead_letters`,
  },
  {
    invariant: 'I6',
    what: `no event waits longer than ${waitsAtMostMinutes} minutes`,
    all: `select count(*) from ${schema}.outbox_deliveries`,
    wrong: `select '${name} event ' || d.event_id || ' for ' || d.subscriber || ' since ' || o.occurred_at as said
      from ${schema}.outbox_deliveries d join ${schema}.outbox o on o.id = d.event_id
      where d.delivered_at is null and o.occurred_at < now() - interval '${waitsAtMostMinutes} minutes'`,
  },
  {
    // Who hears of an event type is known from those that were addressed before.
    invariant: 'I6',
    what: 'every event is addressed to every subscriber of its type',
    all: `select count(*) from ${schema}.outbox`,
    wrong: `with addressed as (
        select event_id, subscriber from ${schema}.outbox_deliveries
        union all select event_id, subscriber from ${schema}.dead_letters),
      hears as (
        select o.type, a.subscriber, min(o.occurred_at) as since from addressed a join ${schema}.outbox o on o.id = a.event_id
        group by o.type, a.subscriber)
      select '${name} event ' || o.id || ' (' || o.type || ') is not addressed to ' || h.subscriber as said
      from hears h join ${schema}.outbox o on o.type = h.type and o.occurred_at >= h.since
      where not exists (select 1 from addressed a where a.event_id = o.id and a.subscriber = h.subscriber)`,
  },
  {
    invariant: 'I6',
    what: 'no event took effect twice',
    all: `select count(*) from ${schema}.inbox`,
    wrong: `select '${name} handled event ' || event_id || ' ' || count(*) || ' times' as said
      from ${schema}.inbox group by event_id having count(*) > 1`,
  },
  {
    invariant: 'I9',
    what: 'a key has one result',
    all: `select count(*) from ${schema}.idempotency_keys`,
    wrong: `select '${name}: key ' || key || ' of "' || split_part(scope, ' ', 1) || '" has ' || count(*) || ' results' as said
      from ${schema}.idempotency_keys group by scope, key having count(*) > 1`,
  },
]

/** Who was handed events of a publisher. */
async function subscribersOf({ client, schema }: Place): Promise<string[]> {
  const { rows } = await client.query<{ subscriber: string }>(
    `select distinct subscriber from ${schema}.outbox_deliveries where delivered_at is not null`,
  )
  return rows.map(({ subscriber }) => subscriber)
}

/**
 * Deliveries of a publisher against the inbox of a subscriber, which may be in another database: so it is asked of the one what was
 * delivered, and of the other, after that, what took effect. An effect commits before its delivery is marked.
 */
async function compare(publisher: Place, subscriber: string, inbox: Place | undefined, found: Found): Promise<void> {
  const what = 'every delivered event took effect in its subscriber'
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const { rows: delivered } = await publisher.client.query<{ id: string }>(
      `select event_id as id from ${publisher.schema}.outbox_deliveries
       where subscriber = $1 and delivered_at is not null and event_id > $2 order by event_id limit $3`,
      [subscriber, after, comparedAtOnce],
    )
    const ids = delivered.map(({ id }) => id)
    const { rows: missing } = inbox
      ? await inbox.client.query<{ id: string }>(
          `select id from unnest($1::uuid[]) as delivered (id)
           where not exists (select 1 from ${inbox.schema}.inbox i where i.event_id = delivered.id) order by id`,
          [ids],
        )
      : { rows: delivered }
    const violations = missing.map(({ id }) => `${publisher.name} event ${id} had no effect in ${subscriber}`)
    add(found, { invariant: 'I6', what, checked: ids.length, violated: missing.length, violations })
    const last = ids.at(-1)
    if (last === undefined || ids.length < comparedAtOnce) return
    after = last
  }
}
