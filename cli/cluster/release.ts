import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { startError } from '#kernel/data-folder'

/** A checkout of the shop's code, of which copies are started. */
export type Release = { readonly folder: string; readonly version: string }

/** Waits for tables that live traffic uses, one file after the other. */
const migrateWithinMs = 600_000

/** @throws `no-release` */
export async function readRelease(folder: string): Promise<Release> {
  const path = resolve(folder)
  try {
    const { name, version } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as Record<string, unknown>
    await readFile(programOf({ folder: path, version: '' }))
    if (name === 'stoa' && typeof version === 'string') return { folder: path, version }
  } catch {
    // Said below, whatever it was.
  }
  throw startError('no-release', `${path} is no checkout of Stoa: it has no package.json of it, or no cli/stoa.ts.`)
}

export const programOf = ({ folder }: Release): string => join(folder, 'cli', 'stoa.ts')

/** Brings the databases to a release's version, while copies of another run. @returns what it said */
export async function migrateTo(release: Release, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [programOf(release), 'migrate'], {
    env: environment,
    timeout: migrateWithinMs,
  }).catch((error: Error & { stderr?: string }) => {
    throw startError(
      'migration-failed',
      `The migration failed, and every copy is as it was: ${error.stderr?.trim() || error.message}`,
    )
  })
  return stdout.trim().split('\n')
}
