import pg from 'pg'
import { type InvariantCheck, violationsNamedAtMost } from './invariants.ts'

/** An event that waits longer than this has not taken effect, whatever may still become of it. */
const waitsAtMostMinutes = 15

/** A shop that is busy may keep whoever only judges it waiting. */
const connectWithinMs = 60_000

/** A question over all services' tables, in as many statements as there are schemas. */
type Asked = { readonly invariant: string; readonly what: string; readonly all: string; readonly wrong: string }

/**
 * I6: every committed event takes effect in every subscriber exactly once; and I9, one result for one idempotency key, over
 * every service's keys. What unique keys forbid is looked for all the same: an index may be broken, or gone.
 * @param ownerUrl the database of all services, as its owner
 */
export async function verifyEvents(ownerUrl: string): Promise<InvariantCheck[]> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: connectWithinMs })
  await client.connect()
  try {
    const { rows } = await client.query<{ schema: string }>(
      `select table_schema as schema from information_schema.tables where table_name = 'outbox_deliveries' order by 1`,
    )
    const found = new Map<string, InvariantCheck>()
    for (const { schema } of rows) {
      for (const asked of [
        ...(await questionsOf(client, schema)),
        ...questionsOn(client.escapeIdentifier(schema), schema),
      ])
        await ask(client, asked, found)
    }
    return [...found.values()]
  } finally {
    await client.end()
  }
}

async function ask(client: pg.Client, asked: Asked, found: Map<string, InvariantCheck>): Promise<void> {
  const { invariant, what, all, wrong } = asked
  const { rows } = await client.query<{ checked: string; violated: string; violations: string[] }>(
    `with wrong as materialized (${wrong})
     select (${all}) as checked, (select count(*) from wrong) as violated,
            array(select said from wrong order by said limit $1) as violations`,
    [violationsNamedAtMost],
  )
  const known = found.get(what)
  found.set(what, {
    invariant,
    what,
    checked: (known?.checked ?? 0) + Number(rows[0]?.checked),
    violated: (known?.violated ?? 0) + Number(rows[0]?.violated),
    violations: [...(known?.violations ?? []), ...(rows[0]?.violations ?? [])].slice(0, violationsNamedAtMost),
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

/** Deliveries of one publisher against the inbox of each subscriber. */
async function questionsOf(client: pg.Client, publisher: string): Promise<Asked[]> {
  const outbox = client.escapeIdentifier(publisher)
  const { rows } = await client.query<{ subscriber: string }>(
    `select distinct subscriber from ${outbox}.outbox_deliveries where delivered_at is not null`,
  )
  return rows.map(({ subscriber }) => {
    const delivered = `${outbox}.outbox_deliveries d where d.subscriber = ${client.escapeLiteral(subscriber)} and d.delivered_at is not null`
    return {
      invariant: 'I6',
      what: 'every delivered event took effect in its subscriber',
      all: `select count(*) from ${delivered}`,
      wrong: `select ${client.escapeLiteral(publisher)} || ' event ' || d.event_id || ' had no effect in ' || d.subscriber as said
        from ${delivered} and not exists (
          select 1 from ${client.escapeIdentifier(subscriber)}.inbox i where i.event_id = d.event_id)`,
    }
  })
}
