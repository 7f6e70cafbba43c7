import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const folder = import.meta.dirname
export const bundleFolder = join(folder, 'dist')
const stampFile = join(bundleFolder, 'sources.sha256')

/**
 * Builds the browser bundle with Vite when it is missing or its sources have changed since. The result appears whole: it
 * is built beside and moved into place.
 * @returns whether it had to be built
 */
export async function buildAdmin(): Promise<boolean> {
  const stamp = await sourcesStamp()
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return false
  const draft = join(folder, `dist-${process.pid}`)
  const { build } = await import('vite')
  await build({ root: folder, configFile: join(folder, 'vite.config.ts'), logLevel: 'error', build: { outDir: draft } })
  await writeFile(join(draft, 'sources.sha256'), stamp)
  await rm(bundleFolder, { recursive: true, force: true })
  await rename(draft, bundleFolder).catch(async (error: NodeJS.ErrnoException) => {
    // Another process was quicker; its bundle is the same.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    await rm(draft, { recursive: true, force: true })
  })
  return true
}

/** A digest of everything the bundle is made of: sources, contracts' types aside, and the versions of its packages. */
async function sourcesStamp(): Promise<string> {
  const hash = createHash('sha256')
  const names = (await readdir(join(folder, 'src'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of [
    ...names.sort(),
    ...['index.html', 'vite.config.ts', 'package.json'].map((name) => join(folder, name)),
  ]) {
    hash.update(file.slice(folder.length)).update(await readFile(file))
  }
  return hash.digest('hex')
}
