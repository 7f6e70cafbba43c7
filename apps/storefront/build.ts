import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import type { BuildOptions } from 'esbuild'
import type { Assets, Pages } from './views.ts'

/** A file for browsers. Its name carries the hash of its content, so it may be kept for ever. */
export type Asset = {
  readonly type: string
  readonly body: Buffer
  /** Null where compression gains nothing. */
  readonly brotli: Buffer | null
  readonly gzip: Buffer | null
}

export type Built = {
  readonly pages: Pages
  readonly assets: Assets
  readonly files: ReadonlyMap<string, Asset>
}

const here = import.meta.dirname
const root = join(here, '../..')
/** Where built files are found by browsers. */
export const assetsPath = '/assets/'
/** Browsers that know `light-dark()`, nesting, popovers and `:has()`; older ones get the page without its finer points. */
const browsers = ['chrome123', 'edge123', 'firefox128', 'safari17.5']

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  woff2: 'font/woff2',
  png: 'image/png',
  ico: 'image/x-icon',
  svg: 'image/svg+xml',
}

/**
 * The pages as a module and the files for browsers. Node strips types but knows no JSX, so esbuild compiles both, in a
 * fraction of a second; the result is kept under the hash of all sources, and esbuild is not even loaded the next time.
 */
export async function build(cache = join(root, 'node_modules/.cache/stoa-storefront')): Promise<Built> {
  const folder = join(cache, await sourcesHash())
  const kept = await load(folder).catch(() => null)
  if (kept) return kept
  const output = await compile()
  try {
    await keep(cache, folder, output)
    return await load(folder)
  } catch (error) {
    // A read-only installation starts all the same; it compiles at every start. Where even the folder above cannot be made, Node says
    // that it is not there.
    if (!['EACCES', 'ENOENT', 'EROFS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    const pages = output.get('pages.mjs') as Buffer
    return assemble(output, `data:text/javascript;base64,${pages.toString('base64')}`)
  }
}

/** One hash over everything that can change what is built. */
async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256')
  const names = (await readdir(here, { recursive: true })).filter((name) => /\.(tsx?|css|svg)$/.test(name)).sort()
  const files = [
    ...names.map((name) => join(here, name)),
    join(root, 'kernel/money.ts'),
    join(root, 'package-lock.json'),
  ]
  const contents = await Promise.all(files.map((file) => readFile(file)))
  for (const [index, content] of contents.entries()) hash.update(`${names[index]}\n`).update(content)
  return hash.digest('hex').slice(0, 20)
}

async function compile(): Promise<Map<string, Buffer>> {
  const [{ build: run }, { icons }] = await Promise.all([import('esbuild'), import('./icons.ts')])
  const shared = { absWorkingDir: root, bundle: true, write: false, minify: true, logLevel: 'silent' } as const
  const forServer: BuildOptions & { write: false } = {
    ...shared,
    entryPoints: [join(here, 'pages/entry.tsx')],
    outfile: join(here, 'pages.mjs'),
    platform: 'node',
    format: 'esm',
    target: 'node24',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: false,
  }
  const forBrowsers: BuildOptions & { write: false } = {
    ...shared,
    entryPoints: ['enhance/main.ts', 'styles/main.css'].map((name) => join(here, name)),
    outdir: join(here, 'out'),
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    publicPath: assetsPath.slice(0, -1),
    platform: 'browser',
    format: 'esm',
    target: browsers,
    loader: { '.woff2': 'file' },
  }
  const [server, browser, drawn] = await Promise.all([run(forServer), run(forBrowsers), icons()])
  const output = new Map<string, Buffer>(drawn)
  for (const file of [...server.outputFiles, ...browser.outputFiles]) {
    output.set(file.path.split(/[/\\]/).at(-1) ?? '', Buffer.from(file.contents))
  }
  await Promise.all([...output].map(([name, body]) => compress(output, name, body)))
  return output
}

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

async function compress(output: Map<string, Buffer>, name: string, body: Buffer): Promise<void> {
  if (!/\.(css|js|svg)$/.test(name)) return
  const [small, smaller] = await Promise.all([zip(body, { level: 9 }), brotli(body)])
  output.set(`${name}.gz`, small)
  output.set(`${name}.br`, smaller)
}

/** Old builds are removed after a day: another process may be about to read one. */
const keptMs = 24 * 3_600_000

async function keep(cache: string, folder: string, output: ReadonlyMap<string, Buffer>): Promise<void> {
  const draft = join(cache, `draft-${randomBytes(6).toString('hex')}`)
  await mkdir(draft, { recursive: true })
  await Promise.all([...output].map(([name, body]) => writeFile(join(draft, name), body)))
  // Another process that was first has written the same.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true, force: true }))
  for (const name of await readdir(cache)) {
    const { mtimeMs } = await stat(join(cache, name)).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > keptMs) await rm(join(cache, name), { recursive: true, force: true })
  }
}

async function load(folder: string): Promise<Built> {
  const names = await readdir(folder)
  const contents = await Promise.all(names.map((name) => readFile(join(folder, name))))
  return assemble(
    new Map(names.map((name, index) => [name, contents[index] as Buffer])),
    pathToFileURL(join(folder, 'pages.mjs')).href,
  )
}

async function assemble(output: ReadonlyMap<string, Buffer>, pagesUrl: string): Promise<Built> {
  const { pages } = (await import(pagesUrl)) as { pages: Pages }
  const files = new Map<string, Asset>()
  for (const [name, body] of output) {
    const type = types[name.split('.').at(-1) ?? '']
    if (type)
      files.set(name, { type, body, brotli: output.get(`${name}.br`) ?? null, gzip: output.get(`${name}.gz`) ?? null })
  }
  const find = (pattern: RegExp): string => {
    const name = [...files.keys()].find((one) => pattern.test(one))
    if (!name) throw new Error(`storefront: the build has no file ${pattern}`)
    return assetsPath + name
  }
  return {
    pages,
    files,
    assets: {
      style: find(/^main-\w+\.css$/),
      script: find(/^main-\w+\.js$/),
      // The two that every page needs at once; others follow when a text asks for them.
      fonts: [find(/^marcellus-latin-400.*\.woff2$/), find(/^figtree-latin-wght.*\.woff2$/)],
    },
  }
}
