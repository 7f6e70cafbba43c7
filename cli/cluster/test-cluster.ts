import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { createClient } from '#kernel/client'
import { openDataFolder } from '#kernel/data-folder'
import { databaseOf } from '#kernel/database-address'
import { httpMesh } from '#kernel/mesh'
import { type Audited, audit, settle } from '../chaos/audit.ts'
import { openBuyers } from '../chaos/buyers.ts'
import { signIn, stockShop } from '../chaos/goods.ts'
import { openHttp } from '../chaos/http.ts'
import { openJournal } from '../chaos/journal.ts'
import { providerOf } from '../chaos/provider.ts'
import { seeded } from '../chaos/random.ts'
import type { Ending } from '../ending.ts'
import { freePorts } from '../free-ports.ts'
import { loadSettings } from '../settings.ts'
import type { RunningShop } from '../shop.ts'
import type { CopyHealth } from './health.ts'

const root = join(import.meta.dirname, '..', '..')
const isMissing = spawnSync('haproxy', ['-v']).error !== undefined
if (isMissing) assert.notEqual(process.env.STOA_REQUIRE_PEERS, '1', 'HAProxy is not installed')
/** For `skip`: why no cluster can be tried here, or false. */
export const noHaproxy = isMissing && 'HAProxy is not installed'

/** A split shop in which people browse and buy, run by the command line alone. */
export type TestCluster = {
  readonly folder: string
  readonly database: pg.Pool
  /** Runs a command as its operator. @returns what it says */
  stoa(...parameters: string[]): Promise<string>
  status(): Promise<CopyHealth[]>
  pidsOf(service: string): Promise<number[]>
  /** What clients were not answered while `work` was done, as they saw it. Fails where nobody came meanwhile. */
  failuresDuring(work: () => Promise<unknown>): Promise<string[]>
  /** Everybody leaves; then all that they were told is judged. @returns what is not so, and how many orders were looked at */
  judge(): Promise<{ readonly wrong: string[]; readonly orders: number }>
  /** As if the machine's power went, but for the copies. */
  kill(): Promise<void>
  start(): Promise<void>
  /** The status with which it ended, once it has. */
  ended(): Promise<number | null>
  /** What it said since its last start. */
  readonly said: () => string
}

/** Fewer processes than usual, so that two cores are not busy with starting them; what each exercise replaces is apart. */
const groups = 'edge,orders,payments+inventory+pricing,catalog+search+cart+identity+shipping,notifications'
/** Half a dozen processes on two busy cores. */
const startWithinMs = 180_000
const staff = { email: 'owner@cluster.example', password: 'a staff password for a cluster' }
/** Buyers a second; each of them asks three times. */
const rate = 2
const browsingEveryMs = 100

export async function openTestCluster(ending: Ending): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-cluster-'))
  ending.add(() => rm(folder, { recursive: true, force: true }))
  const [port, sandboxPort] = (await freePorts(2)) as [number, number]
  const environment = {
    PATH: process.env.PATH ?? '',
    PORT: String(port),
    STOA_PUBLIC_URL: `http://127.0.0.1:${port}`,
    STOA_SANDBOX_PORT: String(sandboxPort),
    STOA_DATA: join(folder, 'data'),
    STOA_CONFIG: join(root, 'cli', 'chaos', 'stoa.config.ts'),
    STOA_ADMIN_EMAIL: staff.email,
    STOA_ADMIN_PASSWORD: staff.password,
    STOA_DEMO: 'off',
  }
  let words = ''
  let shop: ChildProcess
  const start = async (): Promise<void> => {
    words = ''
    shop = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), 'cluster', '--groups', groups], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [shop.stdout, shop.stderr])
      stream?.on('data', (chunk) => {
        words += chunk
      })
    for (const until = Date.now() + startWithinMs; !words.includes('In other terminals'); await pause(50))
      assert.ok(shop.exitCode === null && Date.now() < until, `the cluster did not start: ${words}`)
  }
  const hasEnded = (): boolean => shop.exitCode !== null || shop.signalCode !== null
  ending.add(async () => {
    if (hasEnded()) return
    shop.kill('SIGTERM')
    await once(shop, 'exit')
  })
  await start()

  const stoa = async (...parameters: string[]): Promise<string> => {
    const program = [join(root, 'cli', 'stoa.ts'), ...parameters]
    return (await promisify(execFile)(process.execPath, program, { env: environment })).stdout
  }
  const status = async (): Promise<CopyHealth[]> => JSON.parse(await stoa('cluster', 'status', '--json'))
  const { audited, leave } = await openLoad(environment, folder, sandboxPort, ending)
  return {
    folder,
    database: audited.ground.database,
    stoa,
    status,
    pidsOf: async (service) =>
      (await status()).filter(({ services }) => services.includes(service)).map(({ pid }) => pid),
    async failuresDuring(work) {
      const { samples } = audited.http
      const from = samples.length
      const orders = audited.journal.purchases.length
      await work()
      const seen = samples.slice(from)
      assert.ok(seen.filter(({ what }) => what === 'browse').length > 10, 'somebody browsed meanwhile')
      assert.ok(audited.journal.purchases.length > orders, 'somebody bought meanwhile')
      return seen
        .filter((one) => one.status === 0 || one.status >= 500)
        .map((one) => `${one.what}: ${one.status} ${one.problem ?? ''}`)
    },
    async judge() {
      await leave()
      const { purchases } = audited.journal
      const undecided = purchases.filter(({ answer }) => answer === null)
      const open = await settle(audited, { untilExpired: false })
      const findings = await audit(audited, purchases)
      return {
        wrong: [
          ...undecided.map(({ cartId }) => `nobody was told what became of ${cartId}`),
          ...(open === null ? [] : [open]),
          ...findings.flatMap(({ invariant, violations }) => violations.map((one) => `${invariant}: ${one}`)),
        ],
        orders: findings.find(({ invariant }) => invariant === 'J1')?.checked ?? 0,
      }
    },
    async kill() {
      shop.kill('SIGKILL')
      await once(shop, 'exit')
    },
    start,
    async ended() {
      if (!hasEnded()) await once(shop, 'exit')
      return shop.exitCode
    },
    said: () => words,
  }
}

/** Stocks the shop, and lets people in until they are asked to leave. */
async function openLoad(
  environment: { readonly STOA_DATA: string; readonly STOA_CONFIG: string },
  folder: string,
  sandboxPort: number,
  ending: Ending,
): Promise<{ audited: Audited; leave(): Promise<void> }> {
  const data = await openDataFolder(environment.STOA_DATA)
  const running = JSON.parse(await readFile(join(data.path, 'running.json'), 'utf8')) as RunningShop
  const mesh = httpMesh({ urlOf: () => running.internalUrl, secret: await data.secret('service-token') })
  ending.add(mesh.close)
  const { url: databaseUrl } = databaseOf(running.databases, 'orders')
  const database = new pg.Pool({ connectionString: databaseUrl, max: 4 })
  // The database goes with the cluster that is killed.
  database.on('error', () => undefined)
  ending.add(() => database.end())
  const http = openHttp()
  ending.add(http.close)
  const journal = openJournal(join(folder, 'journal.jsonl'))
  ending.add(journal.close)
  const ground: Audited['ground'] = {
    url: running.publicUrl,
    database,
    databaseUrl,
    ask: (work) => work((contract) => createClient(contract, 'test', mesh)),
  }
  const key = `sk_sandbox_${await data.secret('sandbox-key')}`
  const provider = providerOf({ provider: { url: `http://127.0.0.1:${sandboxPort}`, key, webhookSecret: '' } }, http)
  const settings = await loadSettings(root, environment.STOA_CONFIG)
  const goods = await stockShop(await signIn({ url: ground.url, staff }, http), settings)
  const buyers = openBuyers({ url: ground.url, http, journal, goods, random: seeded(11), rate })
  buyers.open()
  let isBrowsing = true
  const browsing = (async () => {
    for (let page = 0; isBrowsing; page++) {
      await http.send('browse', 'GET', `${ground.url}${page % 2 === 0 ? '/' : '/api/products?limit=5'}`)
      await pause(browsingEveryMs)
    }
  })()
  const leave = async (): Promise<void> => {
    isBrowsing = false
    buyers.close()
    await Promise.all([buyers.gone(), browsing])
  }
  ending.add(leave)
  return { audited: { ground, provider, http, journal, goods }, leave }
}
