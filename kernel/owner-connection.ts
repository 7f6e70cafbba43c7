import pg from 'pg'
import { startError } from './data-folder.ts'

/** Signs in as whoever the address names: the owner of what is in the database. */
export const connectAsOwner = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 15_000,
    application_name: 'stoa-migrate',
  })
  await client.connect()
  return client
}

/**
 * A lock of a session, as the one under which copies take turns, is nobody's where a pooler gives each transaction another session.
 * PostgreSQL tells a client the process that serves it, and a pooler tells its own number.
 */
export async function refusePooler(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  // Known to the driver, and not to its types.
  if (rows[0]?.pid === Reflect.get(client, 'processID')) return
  throw startError(
    'database-pooled',
    `The database ${client.database} at ${client.host}:${client.port} is reached through a pooler, and migrations need PostgreSQL itself: name it with DATABASE_DIRECT_URL.`,
  )
}
