import { execFile } from 'node:child_process'
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#kernel/embedded-postgres'
import { signalPostgres } from './postgres-signals.ts'

/** A PostgreSQL and a copy of it that follows by streaming, both real and of this machine. */
export type TestPair = {
  readonly primaryUrl: string
  readonly standbyUrl: string
  /** As the owner. */
  onPrimary(text: string): Promise<pg.QueryResult>
  onStandby(text: string): Promise<pg.QueryResult>
  /** Resolves when the copy has everything that is committed now. */
  caughtUp(): Promise<void>
  signalStandby(name: 'SIGSTOP' | 'SIGCONT'): Promise<void>
  stopStandby(): Promise<void>
  startStandby(): Promise<void>
  stop(): Promise<void>
}

const settings = { fsync: 'off', max_connections: 100, wal_keep_size: '512MB' }
const caughtUpWithinMs = 60_000

export async function startPair(): Promise<TestPair> {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-pair-'))
  const [primaryFolder, standbyFolder] = [join(folder, 'primary'), join(folder, 'standby')]
  const primary = await startEmbeddedPostgres({ dataFolder: primaryFolder, settings })
  const database = new URL(primary.url)
  database.pathname = '/shop'
  await query(primary.url, 'create database shop')
  await copyFiles(primary, primaryFolder, standbyFolder)

  const at = (port: number): string => {
    const url = new URL(database)
    url.searchParams.delete('host')
    url.port = String(port)
    return url.href
  }
  let standby = await startEmbeddedPostgres({ dataFolder: standbyFolder, settings })
  const { port } = standby
  const standbyUrl = at(port)
  const signalStandby = async (name: 'SIGSTOP' | 'SIGCONT'): Promise<void> => {
    const { pid } = JSON.parse(await readFile(join(standbyFolder, 'postgres.json'), 'utf8')) as { pid: number }
    await signalPostgres(pid, name)
  }
  return {
    primaryUrl: database.href,
    standbyUrl,
    onPrimary: (text) => query(database.href, text),
    onStandby: (text) => query(standbyUrl, text),
    async caughtUp() {
      const { rows } = await query(database.href, 'select pg_current_wal_lsn() as log')
      for (const until = Date.now() + caughtUpWithinMs; Date.now() < until; await pause(20)) {
        const { rows: seen } = await query(standbyUrl, `select pg_last_wal_replay_lsn() >= '${rows[0].log}' as all`)
        if (seen[0].all === true) return
      }
      throw new Error('the standby does not follow')
    },
    signalStandby,
    stopStandby: () => standby.stop(),
    async startStandby() {
      standby = await startEmbeddedPostgres({ dataFolder: standbyFolder, settings, port })
    },
    async stop() {
      await signalStandby('SIGCONT').catch(() => undefined)
      await standby.stop()
      await primary.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Copies a running server's files as a backup does, and makes a standby of the copy. */
async function copyFiles(primary: EmbeddedPostgres, from: string, to: string): Promise<void> {
  const client = new pg.Client({ connectionString: primary.url })
  await client.connect()
  try {
    await client.query("select pg_backup_start('standby', fast => true)")
    // With owners: the server refuses files of somebody else.
    await promisify(execFile)('cp', ['--archive', from, to])
    const { rows } = await client.query('select labelfile from pg_backup_stop()')
    const data = join(to, 'postgres')
    const { username, password } = new URL(primary.url)
    for (const file of ['postmaster.pid', 'postmaster.opts']) await rm(join(data, file), { force: true })
    for (const file of ['postgres.json', 'postgres.lock']) await rm(join(to, file), { force: true })
    const source = `host=127.0.0.1 port=${primary.port} user=${username} password=${password}`
    await writeFile(join(data, 'backup_label'), rows[0].labelfile, { mode: 0o644 })
    await writeFile(join(data, 'standby.signal'), '', { mode: 0o644 })
    await appendFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`)
    await cp(join(from, 'secrets'), join(to, 'secrets'), { recursive: true })
    if (process.getuid?.() === 0) await promisify(execFile)('chown', ['--recursive', '--reference', data, data])
  } finally {
    await client.end()
  }
}

async function query(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}
