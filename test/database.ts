import { randomBytes } from 'node:crypto'
import { after } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { startTestPostgres } from './postgres.ts'

export type TestDatabase = {
  /** Signs in to it as the superuser. */
  readonly url: string
  /** Removes it, and ends whatever is still connected. */
  drop(): Promise<void>
}

/**
 * Makes an empty database that nobody else knows of. It is made in the PostgreSQL of the test run; in a test file that is run by
 * itself, in one that is started for that file and removed with it. Roles belong to the whole server: name them after the
 * database, or tests that run at the same time share them.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const server = await serverUrl()
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  databases += 1
  let dropped = false
  return {
    url: url.href,
    async drop() {
      await execute(server, `drop database if exists ${name} with (force)`)
      if (!dropped) databases -= 1
      dropped = true
    },
  }
}

let own: ReturnType<typeof startTestPostgres> | undefined
let databases = 0

/** A file whose own clean-up failed must not keep the run waiting. */
const waitAtMostMs = 20_000

// Runs before the hooks of the file that uses this, which drop their databases: so the server is ended beside them, not here.
after(() => {
  void endWhenUnused()
})

async function endWhenUnused(): Promise<void> {
  if (!own) return
  const deadline = Date.now() + waitAtMostMs
  while (databases > 0 && Date.now() < deadline) await pause(20)
  await (await own).stop()
}

async function serverUrl(): Promise<string> {
  const given = process.env.STOA_TEST_POSTGRES
  if (given) return given
  own ??= startTestPostgres()
  return (await own).url
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
