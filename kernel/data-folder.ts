import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export type DataFolder = {
  /** Absolute. */
  readonly path: string
  /**
   * A secret of this shop: 32 random bytes as base64url (43 characters), made at the first use and kept in
   * `secrets/<name>`, readable by its owner alone. Processes that ask at the same time get the same one. Of secrets that were
   * given none is made: copies on several machines would each make another. Throws `secret-missing`.
   */
  secret(name: string): Promise<string>
  /**
   * Claims the folder for this process. Throws `data-folder-locked`, with the owner's `pid`, while another process holds it.
   * The claim ends with `release` or with the process, however it ends.
   */
  lock(): Promise<FolderLock>
}

export type FolderLock = { release(): Promise<void> }

/** Why a shop cannot start, in one line for the person who started it; `code` is stable. */
export type StartError = Error & { readonly code: string; readonly pid?: number }

/** @param facts what a program may want to read beside the line, such as the owner's `pid` */
export function startError(code: string, message: string, facts: { pid?: number; cause?: unknown } = {}): StartError {
  const { cause, ...rest } = facts
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), { code, ...rest })
}

/**
 * Opens the folder that holds everything a shop keeps on this machine, and makes it where it is missing.
 * Throws `data-folder-not-writable`.
 * @param givenSecrets another folder, only read, that has the shop's secrets, a file each; null: the shop makes its own
 */
export async function openDataFolder(folder: string, givenSecrets: string | null = null): Promise<DataFolder> {
  const path = resolve(folder)
  try {
    await makeFolder(join(path, 'secrets'))
    const probe = join(path, `.probe-${process.pid}-${randomBytes(4).toString('hex')}`)
    await (await open(probe, 'wx', 0o600)).close()
    await rm(probe)
  } catch (error) {
    throw notWritable(path, error)
  }
  const secrets = new Map<string, Promise<string>>()
  return {
    path,
    secret(name) {
      const known =
        secrets.get(name) ??
        (givenSecrets ? readGiven(givenSecrets, name) : readOrMakeSecret(join(path, 'secrets'), name))
      secrets.set(name, known)
      return known
    },
    lock: () => lockFolder(path),
  }
}

/**
 * Makes a folder and those above it that are missing. One step at a time: `mkdir` with `recursive` never ends where nothing
 * can be made but everything is said to be missing, as in `/proc`.
 */
async function makeFolder(path: string): Promise<void> {
  const above = dirname(path)
  if (above !== path && !existsSync(above)) await makeFolder(above)
  await mkdir(path, { mode: 0o700 }).catch(unlessThere)
}

function notWritable(path: string, error: unknown): StartError {
  const reason = (error as Error).message.split(',')[0]
  const who = process.getuid ? ` for user ${process.getuid()}` : ''
  return startError(
    'data-folder-not-writable',
    `The data folder ${path} cannot be written (${reason}). Make it writable${who}, or name another with STOA_DATA.`,
    { cause: error },
  )
}

/** Makes the secrets that `folder` lacks, and the folder: for copies that are given them. Throws `data-folder-not-writable`. */
export async function makeSecrets(folder: string, names: readonly string[]): Promise<void> {
  await makeFolder(folder).catch((error) => Promise.reject(notWritable(folder, error)))
  await Promise.all(names.map((name) => readOrMakeSecret(folder, name)))
}

async function readGiven(folder: string, name: string): Promise<string> {
  const file = join(folder, checkName(name))
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw startError(
      'secret-missing',
      `The secret ${file} cannot be read (${error.code}). "stoa secrets FOLDER" makes those that a folder lacks.`,
      { cause: error },
    )
  })
  return checkSecret(file, text.trim())
}

function checkName(name: string): string {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new Error(`data folder: ${JSON.stringify(name)} is no name for a secret`)
  return name
}

function checkSecret(file: string, secret: string): string {
  if (/^[\w-]{43}$/.test(secret)) return secret
  throw startError('secret-damaged', `The secret in ${file} is damaged: restore it from a backup.`)
}

async function readOrMakeSecret(folder: string, name: string): Promise<string> {
  const file = join(folder, checkName(name))
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`
  try {
    const handle = await open(draft, 'wx', 0o600)
    await handle.writeFile(randomBytes(32).toString('base64url'))
    await handle.sync()
    await handle.close()
    // A link is made once: whoever comes second reads what the first one wrote, never half of it.
    await link(draft, file).catch(unlessThere)
    const secret = checkSecret(file, await readFile(file, 'utf8'))
    if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600)
    return secret
  } catch (error) {
    throw 'code' in (error as object) && (error as StartError).code === 'secret-damaged'
      ? error
      : notWritable(folder, error)
  } finally {
    await rm(draft, { force: true })
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

async function lockFolder(path: string): Promise<FolderLock> {
  const owner = join(path, 'owner.json')
  const lock = lockFile(join(path, 'owner.lock'))
  if (!lock) {
    const { pid, startedAt } = await readOwner(owner)
    const since = startedAt ? `, running since ${startedAt}` : ''
    throw startError(
      'data-folder-locked',
      `The data folder ${path} is in use by process ${pid ?? 'of another shop'}${since}. Stop it, or name another folder with STOA_DATA.`,
      pid === undefined ? {} : { pid },
    )
  }
  const startedAt = new Date(performance.timeOrigin).toISOString()
  const handle = await open(owner, 'w', 0o600)
  await handle.writeFile(`${JSON.stringify({ pid: process.pid, startedAt })}\n`)
  await handle.close()
  return {
    async release() {
      await rm(owner, { force: true })
      lock.release()
    },
  }
}

async function readOwner(file: string): Promise<{ pid?: number; startedAt?: string }> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return {} // It claimed the folder this very moment and has not written its name yet.
  }
}

const heldLocks = new Set<DatabaseSync>()
const sqliteBusy = 5

/**
 * Claims a file until `release` or the end of this process; answers nothing while another claim holds, of this process or
 * of any other. The claim is the operating system's own, taken by SQLite, for process ids cannot be trusted: they are used
 * again, and two containers on one volume both see the other's as dead. Nobody else may open the file, since closing
 * it would drop the claim (POSIX).
 */
export function lockFile(file: string): { release(): void } | undefined {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
    heldLocks.add(database) // or the garbage collector would close it
  } catch (error) {
    database?.close()
    if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined
    throw startError('lock-failed', `The file ${file} cannot be locked (${(error as Error).message}).`, {
      cause: error,
    })
  }
  const held = database
  return {
    release() {
      if (heldLocks.delete(held)) held.close()
    },
  }
}
