import { execFileSync, spawn } from 'node:child_process'
import { chown, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { startError } from './data-folder.ts'
import type { RunAs } from './postgres-binaries.ts'
import { type Cluster, dataArgument, serverEnvironment, summary } from './postgres-process.ts'

/** The user id that every Linux gives to the user `nobody`. */
const nobody: RunAs = { uid: 65_534, gid: 65_534 }

/**
 * Whom PostgreSQL shall run as, since it refuses to run as root: the owner of the folder, else nobody; nothing where this
 * process is an ordinary user's. Throws `postgres-folder-foreign`, `postgres-as-root`.
 */
export async function chooseUser(folder: string): Promise<RunAs | undefined> {
  const user = process.getuid?.()
  if (user === undefined) return undefined
  const owner = await stat(folder).catch(() => undefined)
  if (user !== 0) {
    if (owner && owner.uid !== user)
      throw startError(
        'postgres-folder-foreign',
        `The database in ${folder} belongs to user ${owner.uid}, and this is user ${user}: start the shop as its owner, or as root where root made it.`,
      )
    return undefined
  }
  if (process.platform !== 'linux')
    throw startError(
      'postgres-as-root',
      'PostgreSQL refuses to run as root: start the shop as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.',
    )
  if (!owner) return nobody
  if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  // Restored from a backup by root, who became the owner of it all.
  execFileSync('chown', ['-R', `${nobody.uid}:${nobody.gid}`, folder])
  return nobody
}

/**
 * Makes the files of a new database beside their place and moves them there, so that they are whole or not there.
 * @param sync whether they must be on the disk before this returns
 * @throws `postgres-initdb-failed`
 */
export async function createCluster(cluster: Cluster, password: string, { sync }: { sync: boolean }): Promise<void> {
  const { folder, runAs } = cluster
  cluster.onProgress('Creating the database')
  const draft = { ...cluster, folder: `${folder}.new` }
  const passwordFile = `${folder}.password`
  await rm(draft.folder, { recursive: true, force: true })
  await mkdir(draft.folder, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (runAs) for (const path of [draft.folder, passwordFile]) await chown(path, runAs.uid, runAs.gid)
  const input = await open(passwordFile)
  try {
    await initdb(draft, input.fd, [
      `--pwfile=${runAs ? '/dev/stdin' : passwordFile}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Sorts by code point and knows the case of every letter, the same on each system and in each version.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--data-checksums',
      ...(sync ? [] : ['--no-sync']),
    ])
    await rename(draft.folder, folder)
  } finally {
    await input.close()
    await rm(passwordFile)
  }
}

async function initdb(cluster: Cluster, stdin: number, parameters: string[]): Promise<void> {
  const child = spawn(cluster.binaries.initdb, [`--pgdata=${dataArgument(cluster)}`, ...parameters], {
    ...cluster.runAs,
    cwd: cluster.folder,
    env: serverEnvironment(),
    stdio: [stdin, 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr?.on('data', (chunk) => {
    words += chunk
  })
  const failure = await new Promise<string | undefined>((answer) => {
    child.once('error', (error) => answer(error.message))
    child.once('close', (status) => answer(status === 0 ? undefined : summary(words)))
  })
  if (failure !== undefined)
    throw startError('postgres-initdb-failed', `The database could not be created in ${cluster.folder}: ${failure}`)
}
