import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** Where the sources are, and where the bundle goes. */
export const adminFolder = import.meta.dirname
export const bundleFolder = join(adminFolder, 'dist')
const stampName = 'sources.sha256'

/**
 * Builds the browser bundle with Vite when it is missing or its sources have changed since. The result appears whole: it
 * is built beside and moved into place.
 * @returns whether it had to be built
 */
export async function buildAdmin(): Promise<boolean> {
  const stamp = await sourcesStamp(adminFolder)
  if (await isBuilt(stamp)) return false
  await removeDrafts()
  const draft = join(adminFolder, `dist-${process.pid}`)
  try {
    const { build } = await import('vite')
    await build({
      root: adminFolder,
      configFile: join(adminFolder, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: draft },
    })
    await compress(join(draft, 'assets'))
    await writeFile(join(draft, stampName), stamp)
    // Another process may have been quicker; its bundle is the same.
    if (await isBuilt(stamp)) return true
    await rm(bundleFolder, { recursive: true, force: true })
    await rename(draft, bundleFolder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    return true
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** What a process left that ended while it built. */
async function removeDrafts(): Promise<void> {
  for (const name of await readdir(adminFolder)) {
    const [, pid] = /^dist-(\d+)$/.exec(name) ?? []
    if (pid && !isAlive(Number(pid))) await rm(join(adminFolder, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const isBuilt = async (stamp: string): Promise<boolean> =>
  (await readFile(join(bundleFolder, stampName), 'utf8').catch(() => '')) === stamp

/** Compressed once here, so that no request pays for it. */
async function compress(folder: string): Promise<void> {
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }
  const names = (await readdir(folder)).filter((name) => /\.(?:js|css|svg)$/.test(name))
  await Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(folder, name))
      await writeFile(join(folder, `${name}.br`), await promisify(brotliCompress)(bytes, brotli))
      await writeFile(join(folder, `${name}.gz`), await promisify(gzip)(bytes))
    }),
  )
}

/** A digest of everything the bundle is made of: sources, contracts' types aside, and the versions of its packages. */
export async function sourcesStamp(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const names = (await readdir(join(folder, 'src'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of [
    ...names.sort(),
    ...['index.html', 'vite.config.ts', 'build.ts', 'package.json'].map((name) => join(folder, name)),
  ]) {
    // With lengths, so that no file's end can pass for the next one's beginning.
    const bytes = await readFile(file)
    hash.update(`${file.slice(folder.length)} ${bytes.length}\n`).update(bytes)
  }
  return hash.digest('hex')
}
