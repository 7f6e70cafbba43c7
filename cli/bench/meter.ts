import { readdir, readFile } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'
import pg from 'pg'

// What a run took from the machine, seen from outside of who worked. Linux: processor time and memory are read from /proc.

/** Clock ticks a second in /proc/<pid>/stat: fixed at 100 for programs. */
const ticksASecond = 100

type Stat = { readonly parent: number; readonly ownMs: number; readonly endedChildrenMs: number }

async function statOf(pid: number | string): Promise<Stat | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (text === null) return null
  // The name, in parentheses, may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ms = (...indexes: number[]): number =>
    indexes.reduce((sum, index) => sum + (Number(fields[index]) * 1_000) / ticksASecond, 0)
  return { parent: Number(fields[1]), ownMs: ms(11, 12), endedChildrenMs: ms(13, 14) }
}

export const processorMs = async (pid: number): Promise<number> => (await statOf(pid))?.ownMs ?? 0

/** To the nanosecond, of one thread: `/proc/<pid>` tells of the first one. */
async function threadMs(folder: string): Promise<number> {
  const text = await readFile(`${folder}/schedstat`, 'utf8').catch(() => '0')
  return Number(text.split(' ')[0]) / 1e6
}

/** To the nanosecond, of the threads that live: for runs so short that ticks of ten milliseconds would be felt. */
export async function threadsMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`)
  const each = await Promise.all(threads.map((id) => threadMs(`/proc/${pid}/task/${id}`)))
  return each.reduce((sum, ms) => sum + ms, 0)
}

/**
 * Of a PostgreSQL server with all of its backends, each of them one thread, to the nanosecond: a tick for each of twenty would be a
 * tenth of what fifty orders take. Those that have ended count in their parent.
 */
export async function postgresMs(postmaster: number): Promise<number> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const parents = await Promise.all(names.map(async (name) => (await statOf(name))?.parent))
  const all = [String(postmaster), ...names.filter((_, n) => parents[n] === postmaster)]
  const each = await Promise.all(all.map((pid) => threadMs(`/proc/${pid}`)))
  return each.reduce((sum, ms) => sum + ms, (await statOf(postmaster))?.endedChildrenMs ?? 0)
}

/** Of a process and all that it started and they started in turn; those that have ended count in who started them. */
export async function familyMs(pid: number): Promise<number> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(names.map(async (name) => [Number(name), await statOf(name)] as const))
  const isOfFamily = (id: number, stat: Stat | null): boolean =>
    id === pid || (stat !== null && stat.parent > 1 && isOfFamily(stat.parent, parents.get(stat.parent) ?? null))
  const parents = new Map(stats)
  return stats
    .filter(([id, stat]) => isOfFamily(id, stat))
    .reduce((sum, [, stat]) => sum + (stat?.ownMs ?? 0) + (stat?.endedChildrenMs ?? 0), 0)
}

const statusMegabytes = async (pid: number, field: 'VmRSS' | 'VmHWM' | 'RssAnon'): Promise<number> =>
  Number(
    new RegExp(`${field}:\\s+(\\d+)`).exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 0,
  ) / 1_024

export const residentMegabytes = (pid: number): Promise<number> => statusMegabytes(pid, 'VmRSS')
/** The most since the process began. */
export const peakMegabytes = (pid: number): Promise<number> => statusMegabytes(pid, 'VmHWM')

/** Without mapped files: the catalog in LMDB is one, of which the system takes back what it needs. */
export const ownMegabytes = (pid: number): Promise<number> => statusMegabytes(pid, 'RssAnon')

/** What it was measured on. */
export const machineHere = () => ({
  processors: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
  memoryMegabytes: Math.round(totalmem() / 2 ** 20),
  system: `${type()} ${release()}`,
  node: process.version,
})

export type Counts = { readonly statements: number; readonly transactions: number; readonly commits: number }

/**
 * Statements as PostgreSQL counts them, transactions of more than one of them, each of which has a `begin` and a `commit` among these, and
 * commits that wrote: transactions that only read get no number and flush nothing.
 */
export async function countsOf(database: pg.Client): Promise<Counts> {
  const { rows } = await database.query<{ statements: string; transactions: string; commits: string }>(
    `select coalesce(sum(calls), 0) as statements, coalesce(sum(calls) filter (where query ilike 'commit%'), 0) as transactions,
            pg_snapshot_xmax(pg_current_snapshot())::text as commits
     from pg_stat_statements s join pg_database d on d.oid = s.dbid
     where d.datname = current_database() and s.query not like '%pg_stat_statements%'`,
  )
  const [row] = rows
  return {
    statements: Number(row?.statements),
    transactions: Number(row?.transactions),
    commits: Number(row?.commits),
  }
}

/** PostgreSQL loads what counts statements when it starts the next time. */
export async function askForCounts(serverUrl: string): Promise<void> {
  await withClient(serverUrl, (client) =>
    client.query("alter system set shared_preload_libraries = 'pg_stat_statements'"),
  )
}

export async function withClient<R>(url: string, work: (client: pg.Client) => Promise<R>): Promise<R> {
  const client = new pg.Client({ connectionString: url })
  // A server that is stopped under it is told to whoever asks next; nobody is there to be told now.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
