import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { freePorts } from '../cli/free-ports.ts'

/** The same folder as in `.ci/pgbouncer`, which fills it. */
const program = join(
  process.env.STOA_PGBOUNCER ??
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'stoa', 'pgbouncer-1.24.1'),
  'pgbouncer',
)

/** Why tests behind a pooler are skipped, or false. With `STOA_REQUIRE_PEERS=1`, as in CI, they are not, and fail. */
export const noPgBouncer: string | false =
  !existsSync(program) &&
  process.env.STOA_REQUIRE_PEERS !== '1' &&
  'there is no PgBouncer that knows prepared statements in transaction mode (.ci/pgbouncer builds one)'

export type TestPgBouncer = {
  /** The same database, through the pooler. */
  readonly url: string
  /** What the pooler says of itself, as in `show stats`. */
  show(what: string): Promise<Record<string, unknown>[]>
  /** Lets go of everything that is idle, and takes up again. */
  reconnect(): Promise<void>
  stop(): Promise<void>
}

/** Who it becomes, where the tests run as root: it refuses to be root. */
const nobody = 65_534
const answersWithinMs = 30_000

/**
 * Starts PgBouncer in transaction mode in front of the server of `databaseUrl`. It asks PostgreSQL itself for the passwords of roles,
 * as the superuser whom the URL names.
 * @param connections to PostgreSQL a role, at most: few, so that clients share them
 */
export async function startPgBouncer(databaseUrl: string, { connections = 2 } = {}): Promise<TestPgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-pgbouncer-'))
  const [port] = (await freePorts(1)) as [number]
  const server = new URL(databaseUrl)
  const owner = `"${decodeURIComponent(server.username)}" "${decodeURIComponent(server.password)}"`
  await writeFile(join(folder, 'users'), `${owner}\n`)
  await writeFile(
    join(folder, 'settings'),
    `[databases]
* = host=${server.hostname} port=${server.port} auth_user=${decodeURIComponent(server.username)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users')}
auth_query = select rolname, rolpassword from pg_authid where rolname = $1
admin_users = ${decodeURIComponent(server.username)}
pool_mode = transaction
max_client_conn = 500
default_pool_size = ${connections}
max_prepared_statements = 200
`,
  )
  const isRoot = process.getuid?.() === 0
  if (isRoot)
    for (const path of [folder, join(folder, 'users'), join(folder, 'settings')]) await chown(path, nobody, nobody)
  const becoming = isRoot ? ['--user', 'nobody'] : []
  const child = spawn(program, ['--quiet', ...becoming, join(folder, 'settings')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  url.searchParams.delete('host')
  const console = new URL(url)
  console.pathname = '/pgbouncer'
  const admin = await untilItAnswers(console.href, child, () => said)
  // Simple queries are all that its console knows.
  const ask = async (text: string) => (await admin.query(text)).rows as Record<string, unknown>[]
  return {
    url: url.href,
    show: (what) => ask(`show ${what}`),
    reconnect: async () => void (await ask('reconnect')),
    async stop() {
      await admin.end().catch(() => undefined)
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        await exited
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function untilItAnswers(url: string, child: ChildProcess, said: () => string): Promise<pg.Client> {
  for (const until = Date.now() + answersWithinMs; Date.now() < until; await pause(20)) {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended with status ${child.exitCode}: ${said()}`)
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    const answers = await client.connect().then(
      () => true,
      () => false,
    )
    if (answers) return client
  }
  child.kill('SIGKILL')
  throw new Error(`PgBouncer did not answer within ${answersWithinMs} ms: ${said()}`)
}
