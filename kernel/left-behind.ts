import type pg from 'pg'
import { startError } from './data-folder.ts'
import type { DatabaseAddress, Databases } from './database-address.ts'
import { connectAsOwner } from './owner-connection.ts'

// A service has its rows in one place: what a start refuses where they are in another one than it was told.

/** Stands at a service's schema for as long as `stoa move` has not brought all of its rows to it. */
export const unfinishedMove = 'stoa move: not all of it is here'

/** The comment of a schema, or null where there is neither. */
export async function markOf(client: pg.Client, schema: string): Promise<string | null> {
  const { rows } = await client.query<{ mark: string | null }>(
    `select obj_description(oid, 'pg_namespace') as mark from pg_namespace where nspname = $1`,
    [schema],
  )
  return rows[0]?.mark ?? null
}

/**
 * A service whose rows are still in the database of all would begin anew, or with some of them, in its own.
 * @param client signed in to its own
 * @param isNew whether there is nothing of it yet
 */
export async function refuseLeftBehind(
  client: pg.Client,
  { shared, own }: Databases,
  service: string,
  isNew: boolean,
): Promise<void> {
  if (!shared || !own[service] || own[service].directUrl === shared.directUrl) return
  // The other database is not asked by every start: it may be away while this one is there.
  const isLeftBehind = isNew ? await hasRowsOf(shared, service) : (await markOf(client, service)) === unfinishedMove
  if (isLeftBehind)
    throw startError(
      'database-left-behind',
      `The rows of ${service} are in the database of all services: move them to its own with "stoa move ${service}", or drop the schema ${service} there (docs/databases.md).`,
    )
}

async function hasRowsOf({ directUrl }: DatabaseAddress, service: string): Promise<boolean> {
  const client = await connectAsOwner(directUrl)
  try {
    return await hasTables(client, service)
  } finally {
    await client.end()
  }
}

/** Whether a service's tables are in this database. */
export async function hasTables(client: pg.Client, service: string): Promise<boolean> {
  const { rows } = await client.query(
    `select 1 from information_schema.tables where table_schema = $1 and table_name = 'outbox'`,
    [service],
  )
  return rows.length > 0
}

/** Where a service was, it does not begin anew: whoever starts it there has forgotten the address of its own database. */
export async function refuseMovedAway(client: pg.Client, service: string): Promise<void> {
  const { rows } = await client.query('select 1 from pg_namespace where nspname = $1', [service])
  if (rows.length > 0) return
  throw startError(
    'database-moved-away',
    `The rows of ${service} were here and are in a database of their own now: name it with STOA_${service.toUpperCase()}_DATABASE_URL.`,
  )
}
