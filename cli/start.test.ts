import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeSecrets } from '#kernel/data-folder'
import { hostSecrets } from '#kernel/host'
import { registry } from '../services/registry.ts'
import { apiAt } from '../test/api.ts'
import { testDatabase } from '../test/database.ts'
import { freePorts } from './free-ports.ts'
import { secretNames } from './secrets.ts'

const root = join(import.meta.dirname, '..')
const folder = await mkdtemp(join(tmpdir(), 'stoa-start-'))
const children = new Set<ChildProcess>()
after(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

type Running = { readonly child: ChildProcess; readonly output: () => string; readonly ended: Promise<number | null> }

function stoa(args: readonly string[], environment: Record<string, string>): Running {
  const { DATABASE_URL: _, ...inherited } = process.env
  const child = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), ...args], {
    cwd: root,
    env: { ...inherited, STOA_LOG: 'silent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child)
    return code as number | null
  })
  return { child, output: () => output, ended }
}

async function untilOpen(url: string, running: Running): Promise<void> {
  const deadline = Date.now() + 90_000
  while (
    !(await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (running.child.exitCode !== null || Date.now() > deadline)
      throw new Error(`the shop did not start: ${running.output()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('what keeps a shop from starting is said in one line, with exit status 1', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const file = join(folder, 'a-file')
  await writeFile(file, '')
  const [free = 0] = await freePorts(1)
  const good = { PORT: String(free), STOA_DATA: join(folder, 'unused') }
  const cases: [environment: Record<string, string>, line: RegExp][] = [
    [
      { ...good, PORT: String(port) },
      new RegExp(`^stoa: Port ${port} on 127\\.0\\.0\\.1 is taken by another program\\. .*PORT\\.\\n$`),
    ],
    [
      { ...good, STOA_DATA: join(file, 'x') },
      /^stoa: The data folder .*a-file\/x cannot be written \(.*\)\. .*STOA_DATA\.\n$/,
    ],
    [
      { ...good, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/shop' },
      /^stoa: The database shop at 127\.0\.0\.1:1 does not answer \(.*\)\. Check DATABASE_URL\.\n$/,
    ],
    [
      { ...good, STOA_DATA: join(folder, 'no-mongodb'), MONGODB_URL: 'mongodb://shop:secret@127.0.0.1:1/goods' },
      /^stoa: The MongoDB database goods at 127\.0\.0\.1:1 does not answer \((?!.*secret).*\)\. Check MONGODB_URL\.\n$/,
    ],
    [
      { ...good, MONGODB_URL: 'localhost' },
      /^stoa: MONGODB_URL is no URL that begins with mongodb:\/\/ or mongodb\+srv:\/\/\n$/,
    ],
  ]
  for (const [environment, line] of cases) {
    const running = stoa(['start'], environment)
    assert.equal(await running.ended, 1, running.output())
    assert.match(running.output(), line)
  }
})

test('a secret that is too short keeps its service from starting, and is named', async (t) => {
  const database = await testDatabase()
  t.after(() => database.drop())
  const keys = join(folder, 'keys')
  await makeSecrets(keys, secretNames)
  const ofHosts = Object.values(hostSecrets).map((secret) => [secret, 'pricing'] as const)
  const ofServices = registry.flatMap(({ contract, secrets = [] }) =>
    secrets.map((secret) => [secret, contract.name] as const),
  )
  for (const [secret, service] of [...ofHosts, ...ofServices]) {
    const file = join(keys, secret)
    const whole = await readFile(file, 'utf8')
    await writeFile(file, whole.slice(0, -1))
    const running = stoa(['start', '--services', service], {
      STOA_DATA: join(folder, 'given'),
      STOA_SECRETS: keys,
      STOA_INTERNAL_PORT: '0',
      STOA_SANDBOX_PORT: '0',
      STOA_MESH_URL: 'http://127.0.0.1:1',
      DATABASE_URL: database.url,
    })
    running.child.stdout?.on('data', () => {
      if (running.output().includes(`${service} on http://`)) running.child.kill('SIGKILL')
    })
    assert.equal(await running.ended, 1, `${service} starts with such a ${secret}: ${running.output()}`)
    const line = `stoa: The secret in ${file} is damaged: restore it from a backup.\n`
    assert.ok(running.output().endsWith(line), running.output())
    await writeFile(file, whole)
  }
})

test('all faults of the configuration are told at once', async () => {
  const running = stoa(['start', '--services', 'orders,basket'], {
    PORT: 'http',
    STOA_PUBLIC_URL: 'shop.example',
    STOA_ADMIN_PASSWORD: 'short',
    STOA_DEMO: 'maybe',
  })
  assert.equal(await running.ended, 1)
  const told = running.output()
  assert.match(told, /The configuration has 6 faults:/)
  for (const part of [
    /"basket"/,
    /PORT is "http"/,
    /STOA_PUBLIC_URL/,
    /15 or more/,
    /without STOA_ADMIN_EMAIL/,
    /STOA_DEMO is "maybe"/,
  ]) {
    assert.match(told, part)
  }
})

test('a shop of its own: first start, kill -9 in the middle of selling, and it is all there again', async () => {
  const [port = 0, sandboxPort = 0] = await freePorts(2)
  const url = `http://127.0.0.1:${port}`
  const data = join(folder, 'shop')
  const environment = { PORT: String(port), STOA_SANDBOX_PORT: String(sandboxPort), STOA_DATA: data }
  const first = stoa(['start'], environment)
  await untilOpen(`${url}/health/ready`, first)
  const announced = async (): Promise<RegExpExecArray> => {
    for (;;) {
      const match = /staff: (\S+), password (\S+) /.exec(first.output())
      if (match) return match
      assert.equal(first.child.exitCode, null, first.output())
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const [, email, password] = await announced()
  assert.ok(first.output().includes(`http://localhost:${port}/admin`))
  assert.ok(first.output().includes(`http://localhost:${port}/api/docs`))
  const api = apiAt(url)
  const signedIn = await api('POST', '/api/auth/sign-in/email', { email, password })
  assert.equal(signedIn.status, 200)
  for (const secret of ['database', 'service-token', 'order-token']) {
    assert.equal((await stat(join(data, 'secrets', secret))).mode & 0o777, 0o600)
  }

  const second = stoa(['start'], { ...environment, PORT: '0' })
  assert.equal(await second.ended, 1)
  assert.match(second.output(), /is in use by process \d+/)

  const order = await buySomething(api)
  first.child.kill('SIGKILL')
  await first.ended

  const again = stoa(['start'], environment)
  await untilOpen(`${url}/health/ready`, again)
  const found = await api('GET', `/api/orders/${order.id}?token=${order.token}`)
  assert.deepEqual([found.status, found.body.status], [200, 'placed'])
  assert.equal((await api('GET', '/api/products?limit=100')).body.items.length, 63)
  assert.ok(!again.output().includes('password'), 'the password is shown once')

  const verified = stoa(['verify'], { STOA_DATA: data })
  assert.equal(await verified.ended, 0, verified.output())
  assert.match(verified.output(), /holds {3}I3/)
  again.child.kill('SIGINT')
  assert.equal(await again.ended, 0, again.output())

  // The command line opens the folder itself when no shop runs on it.
  const alone = stoa(['verify', '--json'], { STOA_DATA: data })
  assert.equal(await alone.ended, 0, alone.output())
  assert.equal(JSON.parse(alone.output().slice(alone.output().indexOf('{'))).holds, true)
})

async function buySomething(api: ReturnType<typeof apiAt>): Promise<{ id: string; token: string }> {
  const mug = await api('GET', '/api/products/agora-mug')
  assert.equal(mug.status, 200, JSON.stringify(mug.body))
  const cart = await api('POST', '/api/carts', {
    lines: [{ variantId: mug.body.variants[0].id, quantity: 1 }],
    email: 'ada@example.com',
    shippingAddress: { name: 'Ada', line1: 'Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' },
  })
  const answer = await api('POST', `/api/carts/${cart.body.id}/checkout`, {
    payment: { provider: 'sandbox', token: 'tok_ok' },
  })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return answer.body.order
}

test('help and unknown commands', async () => {
  const help = stoa(['help'], {})
  assert.equal(await help.ended, 0)
  assert.match(help.output(), /usage: stoa COMMAND/)
  const unknown = stoa(['sell'], {})
  assert.equal(await unknown.ended, 1)
  assert.match(unknown.output(), /there is no command "sell"/)
  const wrong = stoa(['import'], {})
  assert.equal(await wrong.ended, 1)
  assert.match(wrong.output(), /usage: stoa import FILE/)
})

test('a start loads nothing of the shop before PostgreSQL is on its way', async () => {
  const [port = 0] = await freePorts(1)
  const config = join(folder, 'config.mjs')
  const seen = join(folder, 'children')
  // What the shop is to be is read first of all that is loaded: it writes down which programs run under it then.
  await writeFile(
    config,
    `import { readFileSync, writeFileSync } from 'node:fs'
     export { default } from ${JSON.stringify(join(root, 'stoa.config.ts'))}
     const children = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').split(' ').filter(Boolean)
     writeFileSync(${JSON.stringify(seen)}, children.map((id) => readFileSync('/proc/' + id + '/cmdline', 'utf8')).join())`,
  )
  const running = stoa(['start'], {
    HOST: '127.0.0.1',
    PORT: String(port),
    STOA_DATA: join(folder, 'order-of-a-start'),
    STOA_DEMO: 'off',
    STOA_CONFIG: config,
  })
  await untilOpen(`http://127.0.0.1:${port}/api/products`, running)
  running.child.kill('SIGTERM')
  assert.equal(await running.ended, 0)
  assert.match(await readFile(seen, 'utf8'), /cluster_name=stoa-/)
})
