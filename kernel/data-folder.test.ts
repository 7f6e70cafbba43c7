import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { lockFile, makeSecrets, openDataFolder } from './data-folder.ts'

const root = await mkdtemp(join(tmpdir(), 'stoa-data-folder-'))
after(() => rm(root, { recursive: true }))
let folders = 0
const newFolder = () => join(root, `shop-${folders++}`, 'data')

test('a secret is 32 random bytes, made once and readable by its owner alone', async () => {
  const path = newFolder()
  const folder = await openDataFolder(path)
  const secret = await folder.secret('sessions')
  assert.equal(Buffer.from(secret, 'base64url').length, 32)
  assert.equal(await folder.secret('sessions'), secret)
  assert.equal(await (await openDataFolder(path)).secret('sessions'), secret)
  assert.notEqual(await folder.secret('webhooks'), secret)
  assert.equal((await stat(join(path, 'secrets', 'sessions'))).mode & 0o777, 0o600)
  assert.equal((await stat(path)).mode & 0o777, 0o700)
})

test('a place where nothing can be made is refused, and not tried for ever', {
  skip: process.platform !== 'linux' && 'only Linux has /proc',
  timeout: 10_000,
}, async () => {
  await assert.rejects(openDataFolder('/proc/stoa/data'), {
    code: 'data-folder-not-writable',
    message:
      /^The data folder \/proc\/stoa\/data cannot be written \(ENOENT: no such file or directory\)\. .*STOA_DATA\.$/,
  })
})

test('a secret that others could read is closed to them', async () => {
  const path = newFolder()
  const secret = await (await openDataFolder(path)).secret('sessions')
  const file = join(path, 'secrets', 'sessions')
  await chmod(file, 0o644)
  assert.equal(await (await openDataFolder(path)).secret('sessions'), secret)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
})

test('many who ask for a new secret at once get the same one, and no draft is left', async () => {
  const path = newFolder()
  const opened = await Promise.all(Array.from({ length: 20 }, () => openDataFolder(path)))
  const secrets = await Promise.all(opened.map((folder) => folder.secret('sessions')))
  assert.equal(new Set(secrets).size, 1)
  assert.deepEqual(await readdir(join(path, 'secrets')), ['sessions'])
})

test('a damaged secret is refused, not replaced', async () => {
  const path = newFolder()
  await (await openDataFolder(path)).secret('sessions')
  const file = join(path, 'secrets', 'sessions')
  await writeFile(file, 'half of a sec')
  const again = await openDataFolder(path)
  await assert.rejects(again.secret('sessions'), {
    code: 'secret-damaged',
    message: `The secret in ${file} is damaged: restore it from a backup.`,
  })
  assert.equal(await readFile(file, 'utf8'), 'half of a sec')
})

test('a secret cannot be named out of its folder', async () => {
  const folder = await openDataFolder(newFolder())
  await assert.rejects(folder.secret('../owner'), /is no name for a secret/)
})

test('a folder that cannot be made says which and why', async () => {
  const file = join(root, 'a-file')
  await writeFile(file, '')
  const path = join(file, 'data')
  await assert.rejects(openDataFolder(path), (error: Error & { code: string }) => {
    assert.equal(error.code, 'data-folder-not-writable')
    assert.match(
      error.message,
      new RegExp(`^The data folder ${path} cannot be written \\(ENOTDIR: not a directory\\)\\.`),
    )
    assert.match(error.message, /STOA_DATA/)
    return true
  })
})

test('one owner at a time, in this process too', async () => {
  const path = newFolder()
  const lock = await (await openDataFolder(path)).lock()
  await assert.rejects((await openDataFolder(path)).lock(), { code: 'data-folder-locked', pid: process.pid })
  await lock.release()
  const again = await (await openDataFolder(path)).lock()
  await again.release()
})

test('the owner is named to another process, and a killed owner holds nothing', async () => {
  const path = newFolder()
  const owner = spawn(process.execPath, [
    '--input-type=module-typescript',
    '--eval',
    `import { openDataFolder } from ${JSON.stringify(new URL('./data-folder.ts', import.meta.url).href)}
     await (await openDataFolder(${JSON.stringify(path)})).lock()
     process.stdout.write('locked')
     setInterval(() => undefined, 1_000)`,
  ])
  assert.equal(String((await once(owner.stdout, 'data'))[0]), 'locked')
  const folder = await openDataFolder(path)
  await assert.rejects(folder.lock(), (error: Error & { code: string; pid: number }) => {
    assert.equal(error.code, 'data-folder-locked')
    assert.equal(error.pid, owner.pid)
    assert.match(
      error.message,
      new RegExp(`^The data folder ${path} is in use by process ${owner.pid}, running since 20`),
    )
    return true
  })
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  const lock = await folder.lock()
  assert.equal(JSON.parse(await readFile(join(path, 'owner.json'), 'utf8')).pid, process.pid)
  await lock.release()
})

test('a file in a folder that does not exist cannot be locked, and says so', () => {
  assert.throws(() => lockFile(join(root, 'nowhere', 'owner.lock')), { code: 'lock-failed' })
})

test('secrets that are given are read, and one that is missing is not made', async () => {
  const given = join(root, 'given')
  await makeSecrets(given, ['sessions', 'webhooks'])
  const sessions = await readFile(join(given, 'sessions'), 'utf8')
  await makeSecrets(given, ['sessions', 'orders'])
  assert.equal(await readFile(join(given, 'sessions'), 'utf8'), sessions, 'what is there stays')
  const path = newFolder()
  const folder = await openDataFolder(path, given)
  assert.equal(await folder.secret('sessions'), sessions)
  await assert.rejects(folder.secret('pricing'), {
    code: 'secret-missing',
    message: `The secret ${join(given, 'pricing')} cannot be read (ENOENT). "stoa secrets FOLDER" makes those that a folder lacks.`,
  })
  assert.deepEqual((await readdir(given)).sort(), ['orders', 'sessions', 'webhooks'])
  assert.deepEqual(await readdir(join(path, 'secrets')), [])
})
