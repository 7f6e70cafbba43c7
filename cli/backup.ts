import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { startError } from '#kernel/data-folder'
import { startEmbeddedPostgres } from '#kernel/embedded-postgres'
import { copyFolder, copyRunningPostgres } from '#kernel/postgres-backup'
import { backUpCatalog } from '../services/catalog-move.ts'
import { ConfigurationError, type Environment } from './environment.ts'
import { say, startProgress } from './terminal.ts'
import { version } from './version.ts'

/** What says that a folder is a whole backup, and of what. */
type Manifest = { readonly format: 1; readonly version: string; readonly takenAt: string }

const manifestFile = 'backup.json'

/**
 * `stoa backup`: copies a data folder, with the database and the catalog as they are at one moment, to a new folder. The shop
 * may sell meanwhile.
 */
export async function backUp(environment: Environment, folder: string): Promise<number> {
  refuseWhatIsElsewhere(environment)
  const { dataFolder, secretsFolder } = environment
  if (!existsSync(join(dataFolder, 'postgres', 'PG_VERSION')))
    throw startError('backup-nothing', `There is no shop in ${dataFolder}. Name its data folder with STOA_DATA.`)
  const progress = startProgress()
  const to = resolve(folder)
  await whole(to, async (draft) => {
    const server = await openServer(dataFolder, progress.step)
    try {
      progress.step('copying')
      // The catalog's events are marked in the catalog, and their effects are in the database. Of two copies the catalog's must be the
      // older one: then an event is sent once more, and ignored; the other way round it would be lost.
      const database = { url: server.url, folder: join(dataFolder, 'postgres') }
      await copyRunningPostgres(database, join(draft, 'postgres'), () => backUpCatalog(dataFolder, draft))
    } finally {
      await server.stop()
    }
    // What the database was told by means of a secret is younger than the secret.
    await copyFolder(join(dataFolder, 'secrets'), join(draft, 'secrets'))
    const manifest: Manifest = { format: 1, version, takenAt: new Date().toISOString() }
    await writeFile(join(draft, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flush: true })
  }).finally(progress.end)
  say(`${to} has the shop as it is now, with its secrets: keep it where nobody reads it.`)
  if (secretsFolder) say(`The secrets in ${secretsFolder} are not in it: keep them too.`)
  return 0
}

/** `stoa restore`: makes a data folder of a backup. The shop that is started on it is the one of that moment. */
export async function restore(environment: Environment, folder: string): Promise<number> {
  refuseWhatIsElsewhere(environment)
  const from = resolve(folder)
  const { takenAt } = await readManifest(from)
  await whole(environment.dataFolder, async (draft) => {
    await cp(from, draft, { recursive: true, preserveTimestamps: true })
    await chmod(draft, 0o700)
    await rm(join(draft, manifestFile))
  })
  say(`${environment.dataFolder} has the shop as it was at ${takenAt}.`)
  return 0
}

/** What is not in the data folder has means of its own, and a backup without it would not be one. */
function refuseWhatIsElsewhere({ databases, mongodbUrl }: Environment): void {
  const elsewhere = [
    ...(databases.shared || Object.keys(databases.own).length > 0 ? ['the rows are in a PostgreSQL of your own'] : []),
    ...(mongodbUrl === null ? [] : ['the catalog is in a MongoDB of your own']),
  ]
  if (elsewhere.length > 0)
    throw new ConfigurationError(
      elsewhere.map((one) => `${one}: back it up by its own means, stoa backup copies a data folder`),
    )
}

/** The database that runs on this folder, for whomever; where none runs, for as long as it is needed. */
async function openServer(
  dataFolder: string,
  onProgress: (step: string) => void,
): Promise<{ url: string; stop: () => Promise<void> }> {
  try {
    return await startEmbeddedPostgres({ dataFolder, onProgress })
  } catch (error) {
    if ((error as { code?: string }).code !== 'postgres-in-use') throw error
    const { url } = JSON.parse(await readFile(join(dataFolder, 'postgres.json'), 'utf8')) as { url: string }
    return { url, stop: async () => undefined }
  }
}

/** Makes a folder that is there wholly or not at all. It must not have been there, or be empty. */
async function whole(folder: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return null
  })
  if (found && found.length > 0)
    throw startError('folder-not-empty', `${folder} is not empty: name a folder that is not there yet.`)
  const draft = join(dirname(folder), `.${basename(folder)}.unfinished-${process.pid}`)
  await mkdir(dirname(folder), { recursive: true })
  try {
    await mkdir(draft, { mode: 0o700 })
    await fill(draft)
    if (found) await rmdir(folder)
    await rename(draft, folder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function readManifest(folder: string): Promise<Manifest> {
  const manifest = await readFile(join(folder, manifestFile), 'utf8').then(
    (text) => JSON.parse(text) as Manifest,
    () => null,
  )
  if (manifest?.format !== 1) throw startError('backup-missing', `${folder} is no backup that "stoa backup" has made.`)
  return manifest
}
