import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { appendFile, chown, cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startEmbeddedPostgres } from './embedded-postgres.ts'

const root = await mkdtemp(join(tmpdir(), 'stoa-postgres-'))
after(() => rm(root, { recursive: true }))

// Making a database takes a second, copying one does not. Root may look into the folder, others own theirs anyway.
const made = join(root, 'made')
const quick = { fsync: 'off' }
const first = await startEmbeddedPostgres({ dataFolder: made, settings: quick })
await first.stop()
let copies = 0

/** A data folder with a database that was stopped cleanly. */
async function dataFolder(): Promise<string> {
  const folder = join(root, `data-${copies++}`)
  execFileSync('cp', ['-a', made, folder])
  return folder
}

async function start(t: TestContext, folder: string, more: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {}) {
  const postgres = await startEmbeddedPostgres({ dataFolder: folder, settings: quick, ...more })
  t.after(() => postgres.stop())
  return postgres
}

async function query(url: string, sql: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}

/** Starts a database in a process of its own, which is killed when the test ends. */
async function startElsewhere(t: TestContext, folder: string): Promise<{ url: string; kill(): Promise<void> }> {
  const owner = spawn(process.execPath, [
    '--input-type=module-typescript',
    '--eval',
    `import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./embedded-postgres.ts', import.meta.url).href)}
     const { url } = await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(folder)} })
     process.stdout.write(url)
     setInterval(() => undefined, 1_000)`,
  ])
  owner.stderr.pipe(process.stderr)
  const kill = async () => {
    if (!owner.kill('SIGKILL')) return
    await once(owner, 'exit')
  }
  t.after(kill)
  return { url: String((await once(owner.stdout, 'data'))[0]), kill }
}

const serverPid = async (folder: string): Promise<number> =>
  JSON.parse(await readFile(join(folder, 'postgres.json'), 'utf8')).pid

/** Also false for a process that has ended and only waits to be noticed. */
function runs(pid: number): boolean {
  if (!onLinux()) return spawnSync('ps', ['-p', String(pid)]).status === 0
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function until(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `not within ${withinMs} ms: ${condition}`)
    await sleep(20)
  }
}

test('the first start makes a database that is safe, and the second finds it again on the same port', async (t) => {
  const folder = join(root, 'fresh')
  const progress: string[] = []
  const before = performance.now()
  const created = await startEmbeddedPostgres({ dataFolder: folder, onProgress: (line) => progress.push(line) })
  const createdMs = performance.now() - before
  assert.equal(created.firstStart, true)
  assert.deepEqual(progress, ['Creating the database'])
  const names = ['fsync', 'synchronous_commit', 'data_checksums', 'server_encoding', 'password_encryption']
  const settings = names.map((name) => `current_setting('${name}')`).join()
  assert.deepEqual(await query(created.url, `select ${settings}`), [['on', 'on', 'on', 'UTF8', 'scram-sha-256']])
  assert.deepEqual(await query(created.url, "select lower('ÄÖÅ'), 'Z' < 'a', current_user, current_database()"), [
    ['äöå', true, 'postgres', 'postgres'],
  ])
  await query(created.url, 'create table kept as select 7 as number')
  await created.stop()

  const again = performance.now()
  const restarted = await start(t, folder, { onProgress: (line) => progress.push(line) })
  const restartedMs = performance.now() - again
  assert.deepEqual([restarted.firstStart, restarted.port, restarted.url], [false, created.port, created.url])
  assert.deepEqual(await query(restarted.url, 'select number from kept'), [[7]])
  assert.equal(progress.length, 1)
  assert.ok(restartedMs < 1_000, `the second start took ${restartedMs.toFixed(0)} ms`)
  t.diagnostic(`first start ${createdMs.toFixed(0)} ms, second ${restartedMs.toFixed(0)} ms`)
})

test('what it keeps is closed to other users', async (t) => {
  const folder = await dataFolder()
  await start(t, folder)
  const mode = async (name: string) => ((await stat(join(folder, name))).mode & 0o777).toString(8)
  assert.equal(await mode('postgres'), '700')
  assert.equal(await mode('postgres.json'), '600')
  assert.equal(await mode('postgres.log'), '600')
  assert.equal(await mode('secrets/postgres'), '600')
  assert.ok(!existsSync(join(folder, 'postgres.password')))
})

test('nobody signs in without the password, by the socket or by TCP', async (t) => {
  const postgres = await start(t, await dataFolder())
  const wrong = new URL(postgres.url)
  wrong.password = 'wrong'
  await assert.rejects(query(wrong.href, 'select 1'), { code: '28P01' })
  const byTcp = new URL(postgres.url)
  byTcp.search = ''
  assert.deepEqual(await query(byTcp.href, 'select inet_server_port()'), [[postgres.port]])
  byTcp.password = 'wrong'
  await assert.rejects(query(byTcp.href, 'select 1'), { code: '28P01' })
})

test('where the path is too long for a socket, the URL uses TCP', async (t) => {
  const folder = join(root, 'long'.repeat(25))
  await cp(await dataFolder(), folder, { recursive: true })
  const postgres = await start(t, folder)
  assert.equal(new URL(postgres.url).search, '')
  assert.deepEqual(await query(postgres.url, 'select inet_server_port()'), [[postgres.port]])
})

test('where a socket cannot be made, the URL uses TCP', async (t) => {
  const folder = await dataFolder()
  const { port } = JSON.parse(await readFile(join(folder, 'postgres.json'), 'utf8'))
  await mkdir(join(folder, 'postgres', `.s.PGSQL.${port}`, 'in-the-way'), { recursive: true })
  const postgres = await start(t, folder)
  assert.equal(postgres.port, port)
  assert.deepEqual(await query(postgres.url, 'select inet_server_port()'), [[port]])
})

test('a database runs once', async (t) => {
  const folder = await dataFolder()
  await start(t, folder)
  await assert.rejects(startEmbeddedPostgres({ dataFolder: folder }), {
    code: 'postgres-in-use',
    message: `Another process runs the database in ${folder}: stop it first.`,
  })
})

test('a killed shop takes its database along, and the next start has what was committed', async (t) => {
  const folder = await dataFolder()
  const elsewhere = await startElsewhere(t, folder)
  const pid = await serverPid(folder)
  await query(elsewhere.url, 'create table kept as select 7 as number')
  await elsewhere.kill()
  const before = performance.now()
  const postgres = await start(t, folder)
  const tookMs = performance.now() - before
  assert.deepEqual(await query(postgres.url, 'select number from kept'), [[7]])
  assert.equal(postgres.url, elsewhere.url)
  assert.ok(!runs(pid))
  assert.ok(tookMs < 2_000, `the start after kill -9 took ${tookMs.toFixed(0)} ms`)
  t.diagnostic(`start after kill -9 of the shop ${tookMs.toFixed(0)} ms`)
})

test('a database that outlived its shop is ended before another is started', { skip: !onLinux() }, async (t) => {
  const folder = await dataFolder()
  const elsewhere = await startElsewhere(t, folder)
  const pid = await serverPid(folder)
  await query(elsewhere.url, 'create table kept as select 7 as number')
  for (const guard of guardsOf(pid)) process.kill(guard, 'SIGKILL')
  await elsewhere.kill()
  await sleep(200)
  assert.ok(runs(pid), 'the database should have outlived its shop here')
  const postgres = await start(t, folder)
  assert.ok(!runs(pid))
  assert.notEqual(await serverPid(folder), pid)
  assert.deepEqual(await query(postgres.url, 'select number from kept'), [[7]])
})

/** The shells that would end that server together with its shop. */
function guardsOf(server: number): number[] {
  const name = /cluster_name=(\S+?)\0/.exec(readFileSync(`/proc/${server}/cmdline`, 'utf8'))?.[1] ?? 'no name'
  const guards = readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== server)
    .filter((pid) => {
      const line = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''
      return line.includes(name) && line.startsWith('/bin/sh')
    })
  assert.equal(guards.length, 1)
  return guards.map(Number)
}

function onLinux(): boolean {
  return process.platform === 'linux'
}

test('a lock file that names another program is no obstacle, and that program lives on', async (t) => {
  const folder = await dataFolder()
  const elsewhere = await startElsewhere(t, folder)
  const pid = await serverPid(folder)
  const lockFile = join(folder, 'postgres', 'postmaster.pid')
  const lines = (await readFile(lockFile, 'utf8')).split('\n')
  const { uid, gid } = await stat(lockFile)
  await elsewhere.kill()
  await until(() => !runs(pid), 5_000)
  // Of the same user, since PostgreSQL already knows that a server of another user is not its own.
  const bystander = spawn('/bin/sleep', ['60'], process.getuid?.() === 0 ? { uid, gid } : {})
  t.after(() => bystander.kill())
  await writeFile(lockFile, [bystander.pid, ...lines.slice(1)].join('\n'))
  if (process.getuid?.() === 0) await chown(lockFile, uid, gid)

  const postgres = await start(t, folder)
  assert.deepEqual(await query(postgres.url, 'select 7'), [[7]])
  assert.equal(bystander.exitCode ?? bystander.signalCode, null)
})

test('a killed server is started again on the same address', async (t) => {
  const folder = await dataFolder()
  const progress: string[] = []
  const postgres = await start(t, folder, { onProgress: (line) => progress.push(line) })
  await query(postgres.url, 'create table kept as select 7 as number')
  const pid = await serverPid(folder)
  process.kill(pid, 'SIGKILL')
  const before = performance.now()
  const answers = () =>
    query(postgres.url, 'select number from kept').then(
      ([row]) => row?.[0] === 7,
      () => false,
    )
  await until(async () => !runs(pid) && (await answers()), 10_000)
  t.diagnostic(`back after kill -9 of the server in ${(performance.now() - before).toFixed(0)} ms`)
  assert.equal(progress[0], 'PostgreSQL ended unexpectedly and is started again')
  // It answers a moment before its place is written down.
  await until(async () => (await serverPid(folder)) !== pid, 10_000)
})

test('a port that is asked for and taken is an error, a port of last time that is taken is not', async (t) => {
  const folder = await dataFolder()
  const { port } = JSON.parse(await readFile(join(folder, 'postgres.json'), 'utf8'))
  const taken = createServer().listen(port, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  await assert.rejects(startEmbeddedPostgres({ dataFolder: folder, port }), (error: Error & { code: string }) => {
    assert.equal(error.code, 'postgres-port-taken')
    assert.match(error.message, /^PostgreSQL did not start: .*could not create any TCP\/IP sockets/)
    return true
  })
  const postgres = await start(t, folder)
  assert.notEqual(postgres.port, port)
  assert.deepEqual(await query(postgres.url, 'select 7'), [[7]])
})

test('a server that refuses to start says why, in one line', async () => {
  const folder = await dataFolder()
  const settings = { shared_buffers: 'plenty' }
  await assert.rejects(startEmbeddedPostgres({ dataFolder: folder, settings }), {
    code: 'postgres-refused',
    message: `PostgreSQL did not start: FATAL: invalid value for parameter "shared_buffers": "plenty" (its log: ${folder}/postgres.log)`,
  })
})

test('a start that failed leaves nothing running and nothing locked', async (t) => {
  const folder = await dataFolder()
  await assert.rejects(startEmbeddedPostgres({ dataFolder: folder, settings: { shared_buffers: 'plenty' } }))
  const postgres = await start(t, folder)
  await postgres.stop()
  await postgres.stop()
  assert.ok(!existsSync(join(folder, 'postgres', 'postmaster.pid')))
})

test('what an interrupted first start left is made anew', async (t) => {
  const folder = join(root, 'interrupted')
  await mkdir(join(folder, 'postgres.new', 'base'), { recursive: true })
  const postgres = await start(t, folder)
  assert.equal(postgres.firstStart, true)
  assert.deepEqual(await query(postgres.url, 'select 7'), [[7]])
})

test('a log that has grown is kept once and begun anew', async (t) => {
  const folder = await dataFolder()
  const log = join(folder, 'postgres.log')
  await appendFile(log, 'a bad week\n'.repeat(1_000_000))
  const { size } = await stat(log)
  await start(t, folder)
  assert.equal((await stat(`${log}.1`)).size, size)
  assert.ok((await stat(log)).size < 10_000)
})

test('as root it runs as nobody, below folders that only root may enter', { skip: !asRoot() }, async (t) => {
  const folder = await dataFolder()
  assert.equal((await stat(root)).mode & 0o777, 0o700)
  const postgres = await start(t, folder)
  const status = readFileSync(`/proc/${await serverPid(folder)}/status`, 'utf8')
  assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m)
  assert.match(status, /^Groups:\s*$/m)
  assert.deepEqual(await query(postgres.url, 'select 7'), [[7]])
})

test('as root it takes over a database that root restored from a backup', { skip: !asRoot() }, async (t) => {
  const folder = join(root, 'restored')
  await cp(await dataFolder(), folder, { recursive: true })
  assert.equal((await stat(join(folder, 'postgres'))).uid, 0)
  const postgres = await start(t, folder)
  assert.deepEqual(await query(postgres.url, 'select 7'), [[7]])
})

function asRoot(): boolean {
  return process.getuid?.() === 0
}

test('a database that cannot start is tried again until it can', async (t) => {
  const folder = await dataFolder()
  const progress: string[] = []
  const postgres = await start(t, folder, { onProgress: (line) => progress.push(line) })
  await query(postgres.url, 'create table kept as select 7 as number')
  const control = join(folder, 'postgres', 'global', 'pg_control')
  await rename(control, `${control}.away`)
  process.kill(await serverPid(folder), 'SIGKILL')
  const refusals = () => progress.filter((line) => line.startsWith('PostgreSQL did not start'))
  await until(() => refusals().length >= 2, 15_000)
  await rename(`${control}.away`, control)
  const answers = () =>
    query(postgres.url, 'select number from kept').then(
      (rows) => rows.length === 1,
      () => false,
    )
  await until(answers, 15_000)
})
