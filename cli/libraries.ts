import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..')

/**
 * Libraries that come as hundreds of small files each, 1,500 together, by the names they are imported by, and what each is kept as. A
 * file costs whoever loads it a sixth of a millisecond and thirty kilobytes, whatever is in it.
 */
export const libraries: Readonly<Record<string, string>> = {
  typebox: 'typebox',
  'typebox/compile': 'typebox-compile',
  kysely: 'kysely',
  'better-auth': 'better-auth',
}

export const librariesCache = join(root, 'node_modules/.cache/stoa-libraries')

/** Where these versions of the libraries are kept, or will be. */
export function keptLibraries(cache = librariesCache): string {
  const hash = createHash('sha256')
  for (const file of [join(root, 'package-lock.json'), import.meta.filename]) hash.update(readFileSync(file))
  return join(cache, hash.digest('hex').slice(0, 20))
}

/**
 * From here on whoever imports one of the libraries, be it another library, gets the file that is kept of it. To be called before one is
 * loaded, or there would be two of it.
 * @returns false where nothing is kept: they load as they come
 */
export function loadKeptLibraries(folder = keptLibraries()): boolean {
  if (!existsSync(folder)) return false
  const kept = new Map(
    Object.entries(libraries).map(([name, file]) => [
      import.meta.resolve(name),
      pathToFileURL(join(folder, `${file}.mjs`)).href,
    ]),
  )
  registerHooks({
    resolve(name, context, next) {
      const resolved = next(name, context)
      const url = kept.get(resolved.url)
      return url === undefined ? resolved : { ...resolved, url }
    },
  })
  return true
}

/** A process that ended in the middle leaves its draft, which another takes over after this. */
const draftKeptMs = 60_000
/** A shop that was started before an update may still load what it has not loaded yet. */
const keptMs = 24 * 3_600_000

/**
 * Makes one file of each library, and of what they share, unless another process is at it: the draft is the claim.
 * @returns whether they were made here
 */
export async function keepLibraries(cache = librariesCache): Promise<boolean> {
  const folder = keptLibraries(cache)
  const draft = `${folder}.draft`
  await mkdir(cache, { recursive: true })
  if (existsSync(folder)) return false
  if ((await ageOf(draft)) > draftKeptMs) await rm(draft, { recursive: true, force: true })
  try {
    await mkdir(draft)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  const { build } = await import('esbuild')
  await build({
    absWorkingDir: root,
    entryPoints: Object.entries(libraries).map(([name, file]) => ({ in: name, out: file })),
    outdir: draft,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // What two of them share stays one: kysely knows its own by their classes.
    splitting: true,
    // Two classes of one name would be told apart by a number, and errors are known by their names.
    keepNames: true,
    // V8 keeps a program's text as long as it runs, comments and all.
    minifyWhitespace: true,
    legalComments: 'none',
    platform: 'node',
    format: 'esm',
    target: 'node26',
    logLevel: 'silent',
  })
  await rename(draft, folder)
  for (const name of await readdir(cache))
    if (join(cache, name) !== folder && (await ageOf(join(cache, name))) > keptMs)
      await rm(join(cache, name), { recursive: true, force: true })
  return true
}

/** In milliseconds; none where nothing is. */
const ageOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  )
