import { constants, type Dirent } from 'node:fs'
import { copyFile, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { startError } from './data-folder.ts'

// What a server without `pg_basebackup` is copied by: PostgreSQL's own functions for who copies its files, and the log of what
// changed while they were copied, by which a server that starts on the copy brings it to one moment.

/** Folders that belong to the running server: a copy has them, empty. */
const emptyFolders = new Set([
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_wal',
  'pgsql_tmp',
])
/** Files that say which server runs, and what it can make again; the last to be copied is written by hand. */
const leftOut = /^(postmaster\.(pid|opts)|pg_internal\.init.*|pgsql_tmp.*|\.s\.PGSQL\..*|backup_label|pg_control)$/
/** Files copied and put on the disk at once: enough to keep a disk busy beside a shop that uses it too. */
const filesAtOnce = 4
/** Between two looks at a file of 8 KiB that is written whole. */
const looksAtMost = 100

/**
 * Copies the data of a running server, which goes on writing, from its folder to a new one. The copy is of the moment when this
 * ends; a server that starts on it finds itself as after a crash at that moment.
 * @param url the superuser's
 * @param meanwhile runs while the copy is made: what it copies is older than the copy
 */
export async function copyRunningPostgres(
  { url, folder }: { readonly url: string; readonly folder: string },
  to: string,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'stoa backup' })
  // Whoever waits for an answer is told; between two questions nobody is.
  client.on('error', () => undefined)
  await client.connect()
  try {
    // It keeps the log that the copy will need, and is gone with this connection.
    await client.query('select pg_create_physical_replication_slot($1, true, true)', [`stoa_backup_${process.pid}`])
    const began = await client.query<{ segment: string }>(
      `select pg_walfile_name(pg_backup_start('stoa backup', fast => true)) as segment`,
    )
    await meanwhile()
    await copyFolder(folder, to)
    await writeDurably(join(to, 'global', 'pg_control'), await readSettled(join(folder, 'global', 'pg_control')))
    const ended = await client.query<{ segment: string; label: string; tablespaces: string }>(
      `select pg_walfile_name(lsn) as segment, labelfile as label, spcmapfile as tablespaces
       from pg_backup_stop(wait_for_archive => false)`,
    )
    const [first, last] = [began.rows[0], ended.rows[0]]
    if (!first || !last) throw new Error('backup: PostgreSQL did not say what it has written')
    if (last.tablespaces !== '')
      throw startError(
        'backup-tablespaces',
        'The database has tablespaces outside of its folder, which are not copied.',
      )
    await copyLog(join(folder, 'pg_wal'), join(to, 'pg_wal'), first.segment, last.segment)
    await writeDurably(join(to, 'backup_label'), Buffer.from(last.label))
  } finally {
    await client.end()
  }
}

/** Copies a folder that changes meanwhile, and puts the copy on the disk. */
export async function copyFolder(from: string, to: string): Promise<void> {
  const files: [from: string, to: string][] = []
  const folders: string[] = []
  const walk = async (source: string, target: string): Promise<void> => {
    await mkdir(target, { mode: 0o700 })
    folders.push(target)
    for (const entry of await entriesOf(source)) {
      const paths = [join(source, entry.name), join(target, entry.name)] as const
      if (entry.isDirectory()) {
        if (emptyFolders.has(entry.name)) await mkdir(paths[1], { mode: 0o700 })
        else await walk(...paths)
      } else if (entry.isFile() && !leftOut.test(entry.name)) files.push([...paths])
    }
  }
  await walk(from, to)
  await Promise.all(
    Array.from({ length: filesAtOnce }, async () => {
      for (let next = files.pop(); next; next = files.pop()) await copyDurably(...next)
    }),
  )
  for (const folder of folders) await sync(folder)
}

/** The log from one file to another, both included. */
async function copyLog(from: string, to: string, first: string, last: string): Promise<void> {
  const names = (await readdir(from)).filter((name) => /^[0-9A-F]{24}$/.test(name) && name >= first && name <= last)
  if (!names.includes(first) || !names.includes(last))
    throw startError('backup-log-missing', `PostgreSQL no longer has its log from ${first} to ${last}: try again.`)
  for (const name of names) await copyDurably(join(from, name), join(to, name))
  await sync(to)
}

/** What was dropped meanwhile is in nobody's copy: the log drops it there too. */
const unlessGone = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error
}

const entriesOf = async (folder: string): Promise<Dirent[]> =>
  (await readdir(folder, { withFileTypes: true }).catch(unlessGone)) ?? []

async function copyDurably(from: string, to: string): Promise<void> {
  const copied = await copyFile(from, to, constants.COPYFILE_FICLONE).then(() => true, unlessGone)
  if (copied) await sync(to)
}

async function writeDurably(file: string, content: Buffer): Promise<void> {
  await writeFile(file, content, { mode: 0o600 })
  await sync(file)
}

async function sync(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What is read twice alike was not being written. */
async function readSettled(file: string): Promise<Buffer> {
  let before = await readFile(file)
  for (let look = 1; look <= looksAtMost; look++) {
    const now = await readFile(file)
    if (now.equals(before)) return now
    before = now
  }
  throw new Error(`backup: ${file} changes all the time`)
}
