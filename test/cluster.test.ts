import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import T from 'typebox'
import { contract } from '#kernel/contract'
import { service } from '#kernel/service'
import { freePorts } from '../cli/free-ports.ts'
import { testDatabase } from './database.ts'
import { startTestHost } from './host.ts'

// A process of the shop as a pod of the chart runs it: given secrets, a database that somebody else migrates, and no password of its owner.

const root = join(import.meta.dirname, '..')
const readyWithinMs = 90_000

function stoa(parameters: string[], variables: Record<string, string>): { child: ChildProcess; said: () => string } {
  const child = spawn(process.execPath, [join(root, 'cli/stoa.ts'), ...parameters], {
    env: { PATH: process.env.PATH, STOA_LOG: 'error', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let words = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      words += chunk
    })
  return { child, said: () => words }
}

async function run(parameters: string[], variables: Record<string, string>): Promise<{ status: number; said: string }> {
  const { child, said } = stoa(parameters, variables)
  const [status] = await once(child, 'close')
  return { status, said: said() }
}

test('a pod starts after the migrations, with given secrets and without the owner’s password', {
  timeout: 240_000,
}, async (t) => {
  const database = await testDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'stoa-cluster-'))
  const [internal = 0, other = 0] = await freePorts(2)
  const keys = join(folder, 'keys')
  const address = new URL(database.url)
  address.username = ''
  address.password = ''
  const pod = {
    STOA_DATA: join(folder, 'pod'),
    STOA_SECRETS: keys,
    STOA_MIGRATE: 'off',
    DATABASE_URL: address.href,
    STOA_MESH_URL: `http://127.0.0.1:${other}`,
    STOA_INTERNAL_PORT: String(internal),
  }
  const started: ChildProcess[] = []
  t.after(async () => {
    for (const child of started) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'close')
      }
    }
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const without = await run(['start', '--services', 'pricing'], pod)
  assert.equal(without.status, 1)
  assert.match(without.said, /The secret \S+\/keys\/service-token cannot be read \(ENOENT\)/)

  assert.equal((await run(['secrets', keys], {})).status, 0)
  await chmod(keys, 0o500)
  const behind = await run(['start', '--services', 'pricing'], pod)
  assert.equal(behind.status, 1)
  assert.match(behind.said, /The database of pricing lacks .*: run "stoa migrate" as its owner first\./)

  const job = { STOA_DATA: join(folder, 'job'), STOA_SECRETS: keys, DATABASE_URL: database.url }
  const migrated = await run(['migrate'], job)
  assert.equal(migrated.status, 0, migrated.said)
  assert.match(migrated.said, /applied pricing\/0001-/)

  const { child, said } = stoa(['start', '--services', 'pricing'], pod)
  started.push(child)
  const url = `http://127.0.0.1:${internal}`
  for (const until = Date.now() + readyWithinMs; ; await pause(100)) {
    if (
      await fetch(`${url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break
    assert.ok(child.exitCode === null && Date.now() < until, said())
  }
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^# TYPE stoa_requests_in_flight gauge$/m)
  assert.deepEqual(await readdir(join(folder, 'pod', 'secrets')), [], 'it made none of its own')
  await chmod(keys, 0o700)
})

test('a service has no client of a service, and no secret, that it did not declare', async () => {
  const other = contract('other', {})
  const asking = (declares: { calls?: [typeof other]; secrets?: string[] }) =>
    service({
      contract: contract('asking', {}),
      settings: T.Object({}),
      ...declares,
      connections: null,
      migrations: null,
      start: async (host) => {
        host.client(other as never)
        await host.secret('word')
        return { operations: {} }
      },
    })
  await assert.rejects(startTestHost([asking({})]), { message: 'service: asking did not declare that it calls other' })
  await assert.rejects(startTestHost([asking({ calls: [other] })]), {
    message: 'service: asking did not declare the secret word',
  })
  await (await startTestHost([asking({ calls: [other], secrets: ['word'] })])).stop()
})
