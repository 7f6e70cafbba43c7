import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { createClient } from '#kernel/client'
import { openDataFolder } from '#kernel/data-folder'
import { httpMesh } from '#kernel/mesh'
import { checkout } from '../../test/checkout.ts'
import { type Audited, audit, settle } from '../chaos/audit.ts'
import { type Buyers, openBuyers } from '../chaos/buyers.ts'
import { signIn, stockShop } from '../chaos/goods.ts'
import { openHttp } from '../chaos/http.ts'
import { openJournal } from '../chaos/journal.ts'
import { providerOf } from '../chaos/provider.ts'
import { seeded } from '../chaos/random.ts'
import { openEnding } from '../ending.ts'
import { freePorts } from '../free-ports.ts'
import { faultsOfMigrations } from '../migration-rules.ts'
import { loadSettings } from '../settings.ts'
import type { RunningShop } from '../shop.ts'
import type { CopyHealth } from './health.ts'

const root = join(import.meta.dirname, '..', '..')
const isMissing = spawnSync('haproxy', ['-v']).error !== undefined
if (isMissing) assert.notEqual(process.env.STOA_REQUIRE_PEERS, '1', 'HAProxy is not installed')

/** Fewer processes than usual, so that two cores are not busy with starting them; what each exercise replaces is apart. */
const groups = 'edge,orders,payments+inventory+pricing,catalog+search+cart+identity+shipping,notifications'
/** Twelve processes on two busy cores. */
const startWithinMs = 180_000
const staff = { email: 'owner@cluster.example', password: 'a staff password for a cluster' }
/** Buyers a second; each of them asks three times. */
const rate = 4
const browsingEveryMs = 100

describe('a split shop under a load of browsing and buying', { skip: isMissing && 'HAProxy is not installed' }, () => {
  const ending = openEnding((error) => assert.fail(error))
  let folder: string
  let environment: Record<string, string>
  let shop: ChildProcess
  let said: () => string
  let audited: Audited
  let buyers: Buyers
  let isBrowsing = true

  const stoa = async (...parameters: string[]): Promise<string> => {
    const program = [join(root, 'cli', 'stoa.ts'), ...parameters]
    return (await promisify(execFile)(process.execPath, program, { env: environment })).stdout
  }
  const status = async (): Promise<CopyHealth[]> => JSON.parse(await stoa('cluster', 'status', '--json'))
  const pidsOf = async (service: string): Promise<number[]> =>
    (await status()).filter(({ services }) => services.includes(service)).map(({ pid }) => pid)

  /** What clients were not answered while `work` was done, as they saw it; and that they were there. */
  const failuresDuring = async (work: () => Promise<unknown>): Promise<string[]> => {
    const { samples } = audited.http
    const from = samples.length
    const orders = audited.journal.purchases.length
    await work()
    const seen = samples.slice(from)
    assert.ok(seen.filter(({ what }) => what === 'browse').length > 10, 'somebody browsed meanwhile')
    assert.ok(audited.journal.purchases.length > orders, 'somebody bought meanwhile')
    return seen.filter((one) => one.status === 0 || one.status >= 500).map((one) => `${one.what}: ${one.status}`)
  }

  const startCluster = async (): Promise<void> => {
    shop = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), 'cluster', '--groups', groups], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let words = ''
    said = () => words
    for (const stream of [shop.stdout, shop.stderr])
      stream?.on('data', (chunk) => {
        words += chunk
      })
    for (const until = Date.now() + startWithinMs; !words.includes('In other terminals'); await pause(50))
      assert.ok(shop.exitCode === null && Date.now() < until, `the cluster did not start: ${words}`)
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stoa-cluster-'))
    ending.add(() => rm(folder, { recursive: true, force: true }))
    const [port, sandboxPort] = (await freePorts(2)) as [number, number]
    const { PATH = '' } = process.env
    environment = {
      PATH,
      PORT: String(port),
      STOA_PUBLIC_URL: `http://127.0.0.1:${port}`,
      STOA_SANDBOX_PORT: String(sandboxPort),
      STOA_DATA: join(folder, 'data'),
      STOA_CONFIG: join(root, 'cli', 'chaos', 'stoa.config.ts'),
      STOA_ADMIN_EMAIL: staff.email,
      STOA_ADMIN_PASSWORD: staff.password,
      STOA_DEMO: 'off',
    }
    await startCluster()
    ending.add(async () => {
      if (shop.exitCode !== null || shop.signalCode !== null) return
      shop.kill('SIGTERM')
      await once(shop, 'exit')
    })

    const data = await openDataFolder(join(folder, 'data'))
    const running = JSON.parse(await readFile(join(data.path, 'running.json'), 'utf8')) as RunningShop
    const mesh = httpMesh({ urlOf: () => running.internalUrl, token: await data.secret('service-token') })
    ending.add(mesh.close)
    const database = new pg.Pool({ connectionString: running.databaseUrl, max: 4 })
    database.on('error', () => undefined)
    ending.add(() => database.end())
    const http = openHttp()
    ending.add(http.close)
    const journal = openJournal(join(folder, 'journal.jsonl'))
    ending.add(journal.close)
    const ground = {
      url: running.publicUrl,
      staff,
      database,
      databaseUrl: running.databaseUrl,
      ask: <R>(work: (client: Parameters<Parameters<Audited['ground']['ask']>[0]>[0]) => Promise<R>) =>
        work((contract) => createClient(contract, 'test', mesh)),
    }
    const key = `sk_sandbox_${await data.secret('sandbox-key')}`
    const provider = providerOf({ provider: { url: `http://127.0.0.1:${sandboxPort}`, key, webhookSecret: '' } }, http)
    const goods = await stockShop(await signIn(ground, http), await loadSettings(root, environment.STOA_CONFIG))
    audited = { ground, provider, http, journal, goods }
    buyers = openBuyers({ url: ground.url, http, journal, goods, random: seeded(11), rate })
    buyers.open()
    const browsing = (async () => {
      for (let page = 0; isBrowsing; page++) {
        await http.send('browse', 'GET', `${ground.url}${page % 2 === 0 ? '/' : '/api/products?limit=5'}`)
        await pause(browsingEveryMs)
      }
    })()
    ending.add(() => browsing)
    ending.add(async () => {
      isBrowsing = false
      buyers.close()
      await buyers.gone()
    })
  })
  after(() => ending.end())

  test('every copy is restarted, one by one, and nobody notices', async () => {
    const before = new Set((await status()).filter(({ name }) => name !== 'sandbox.1').map(({ pid }) => pid))
    assert.equal(before.size, 5)
    assert.deepEqual(await failuresDuring(() => stoa('cluster', 'restart')), [])
    const now = await status()
    assert.deepEqual(
      now.map(({ state }) => state),
      Array(6).fill('ready'),
    )
    assert.deepEqual(
      now.filter(({ pid }) => before.has(pid)).map(({ name }) => name),
      [],
    )
  })

  test('from one copy to four and back, and nobody notices', async () => {
    const counts = async (): Promise<number[]> => [(await pidsOf('edge')).length, (await pidsOf('orders')).length]
    assert.deepEqual(await failuresDuring(() => stoa('cluster', 'scale', 'orders=4', 'edge=4')), [])
    assert.deepEqual(await counts(), [4, 4])
    assert.deepEqual(await failuresDuring(() => pause(2_000)), [])
    assert.deepEqual(await failuresDuring(() => stoa('cluster', 'scale', 'orders=1', 'edge=1')), [])
    assert.deepEqual(await counts(), [1, 1])
  })

  test('a column is renamed in four releases, each beside the one before, and nobody notices', async () => {
    const versionsOf = async () =>
      Object.fromEntries((await status()).map(({ name, version }) => [name.split('.')[0], version]))
    const columns = async (): Promise<string[]> =>
      (
        await audited.ground.database.query<{ name: string }>(
          `select column_name as name from information_schema.columns
           where table_schema = 'notifications' and table_name = 'mails' and column_name in ('subject', 'headline') order by 1`,
        )
      ).rows.map(({ name }) => name)
    const release = await openRelease(join(folder, 'next'))

    await release.write('1.0.1', expand)
    assert.deepEqual(await failuresDuring(() => stoa('cluster', 'deploy', release.folder)), [])
    const { sandbox, ...replaced } = await versionsOf()
    assert.deepEqual(replaced, {
      edge: '1.0.1',
      orders: '1.0.1',
      payments: '1.0.1',
      catalog: '1.0.1',
      notifications: '1.0.1',
    })
    assert.notEqual(sandbox, '1.0.1', 'the provider is somebody else')

    await release.write('1.0.2', change)
    assert.deepEqual(await failuresDuring(() => stoa('cluster', 'deploy', release.folder, 'notifications')), [])
    await release.write('1.0.3', leave)
    assert.deepEqual(await failuresDuring(() => stoa('cluster', 'deploy', release.folder, 'notifications')), [])
    assert.deepEqual(await columns(), ['headline', 'subject'])
    await release.write('1.0.4', contract)
    assert.deepEqual(await failuresDuring(() => stoa('cluster', 'deploy', release.folder, 'notifications')), [])
    assert.deepEqual(await columns(), ['headline'])
    const own = (await readdir(join(release.folder, 'services/notifications/migrations'))).filter((name) =>
      /^9/.test(name),
    )
    assert.equal(own.length, 4)
    const files = own.map((name) => `services/notifications/migrations/${name}`)
    assert.deepEqual(await faultsOfMigrations(release.folder, files), [], 'the check of migrations lets them through')
    assert.equal((await versionsOf()).notifications, '1.0.4')
  })

  test('a release that does not start is put back, and nobody notices', async () => {
    const before = await pidsOf('notifications')
    const release = await openRelease(join(folder, 'broken'))
    await release.write('1.0.5', {
      'services/notifications/service.ts': [
        ['start: async (host) => {', "start: async (host) => {\n    throw new Error('broken')"],
      ],
    })
    let complaint = ''
    const deploying = () =>
      stoa('cluster', 'deploy', release.folder, 'notifications').catch((error: { stderr: string }) => {
        complaint = error.stderr
      })
    assert.deepEqual(await failuresDuring(deploying), [])
    assert.equal(complaint, 'stoa: Version 1.0.5 was not deployed: every copy is what it was before.\n')
    assert.deepEqual(await pidsOf('notifications'), before)
  })

  test('copies are killed, and every buyer who asks again with the same key is told one thing', async () => {
    await stoa('cluster', 'scale', 'orders=2')
    for (const service of ['orders', 'edge', 'payments']) {
      const [pid] = await pidsOf(service)
      process.kill(pid as number, 'SIGKILL')
      for (let well = false; !well; await pause(500)) {
        const copies = (await status()).filter(({ services }) => services.includes(service))
        well =
          copies.length === (service === 'orders' ? 2 : 1) &&
          copies.every((one) => one.state === 'ready' && one.pid !== pid)
      }
    }
    buyers.close()
    isBrowsing = false
    await buyers.gone()
    const { purchases } = audited.journal
    assert.deepEqual(
      purchases.filter(({ answer }) => answer === null).map(({ cartId }) => cartId),
      [],
    )
    assert.ok(purchases.some(({ order }) => order?.status === 'placed'))
    assert.equal(await settle(audited, { untilExpired: false }), null)
    const findings = await audit(audited, purchases)
    assert.deepEqual(
      findings.flatMap(({ invariant, violations }) => violations.map((one) => `${invariant}: ${one}`)),
      [],
    )
    assert.ok(findings.find(({ invariant }) => invariant === 'J1')?.checked)
    const { rows } = await audited.ground.database.query<{ orders: number; mails: number }>(
      `select (select count(*)::int from orders.orders where state in ('placed', 'fulfilled')) as orders,
         (select count(*)::int from notifications.mails where template = 'order-confirmation' and headline is not null) as mails`,
    )
    assert.equal(rows[0]?.mails, rows[0]?.orders, 'every order has its mail, whichever release wrote it')
  })

  test('after a kill -9 of all, the next start ends what was left, and all is there', async () => {
    const orders = async (): Promise<number> =>
      (await audited.ground.database.query<{ count: number }>('select count(*)::int as count from orders.orders'))
        .rows[0]?.count ?? 0
    const [count, left] = [await orders(), (await status()).map(({ pid }) => pid)]
    shop.kill('SIGKILL')
    await once(shop, 'exit')
    assert.deepEqual(left.filter(isAlive), left, 'nobody ended them')
    await startCluster()
    assert.match(said(), /ended \d+ processes that an earlier cluster left behind/)
    assert.deepEqual(left.filter(isAlive), [])
    assert.equal(await orders(), count)
    assert.match(await stoa('verify'), /holds/)
    const now = (await status()).map(({ pid }) => pid)
    assert.equal(await stoa('cluster', 'stop'), 'done\n')
    if (shop.exitCode === null) await once(shop, 'exit')
    assert.equal(shop.exitCode, 0)
    assert.deepEqual(now.filter(isAlive), [])
    assert.deepEqual(
      (await readdir(join(folder, 'data', 'cluster'))).filter((name) => name === 'control.sock'),
      [],
    )
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

// ---- The releases ------------------------------------------------------------------------------------------------------

/** By file: what stands there, and what stands there instead. A file that is new has no text before. */
type Changes = Readonly<Record<string, string | readonly (readonly [before: string, after: string])[]>>

/** A checkout beside this one, in which releases are written. */
async function openRelease(
  folder: string,
): Promise<{ folder: string; write(version: string, changes: Changes): Promise<void> }> {
  await checkout(folder)
  // The admin is made at an edge's first start; this one is made already.
  const bundle = join('apps', 'admin', 'dist')
  if (existsSync(join(root, bundle)))
    await cp(join(root, bundle), join(folder, bundle), { recursive: true, preserveTimestamps: true })
  return {
    folder,
    async write(version, changes) {
      const manifest = join(folder, 'package.json')
      const parsed = JSON.parse(await readFile(manifest, 'utf8')) as object
      await writeFile(manifest, JSON.stringify({ ...parsed, version }))
      for (const [file, change] of Object.entries(changes)) {
        const path = join(folder, file)
        if (typeof change === 'string') {
          await writeFile(path, change)
          continue
        }
        let text = await readFile(path, 'utf8')
        for (const [old, now] of change) {
          assert.ok(text.includes(old), `${file} has ${old}`)
          text = text.replace(old, now)
        }
        await writeFile(path, text)
      }
    },
  }
}

const store = 'services/notifications/store.ts'
const values = (...fields: string[]): string => fields.map((field) => `\${mail.${field}}`).join(', ')
const migration = (name: string): string => `services/notifications/migrations/${name}.sql`

/** The new column is there and written, and the old one is read. */
const expand: Changes = {
  [migration('9001-headline')]: 'alter table mails add column headline text;\n',
  [store]: [
    ['recipient, subject, html, text, state)', 'recipient, subject, headline, html, text, state)'],
    [values('subject', 'html'), values('subject', 'subject', 'html')],
  ],
}
/** What the release before the last wrote is filled in; the new one is read; both are written, as the last release reads the old one. */
const change: Changes = {
  [migration('9002-headline-filled')]: 'update mails set headline = subject where headline is null;\n',
  [store]: [
    [
      'template, recipient, subject, state, attempts, error',
      'template, recipient, headline as subject, state, attempts, error',
    ],
    ['m.recipient, m.subject, m.state', 'm.recipient, m.headline as subject, m.state'],
  ],
}
/** The old one is no longer written, and may be empty for that. */
const leave: Changes = {
  [migration('9003-subject-unused')]:
    '-- contract: no release reads it since 1.0.2\nalter table mails alter column subject drop not null;\n',
  [store]: [
    ['recipient, subject, headline, html', 'recipient, headline, html'],
    [values('subject', 'subject', 'html'), values('subject', 'html')],
  ],
}
/** No copy knows it any more. */
const contract: Changes = {
  [migration('9004-subject-gone')]:
    '-- contract: no release writes or reads it since 1.0.3\nalter table mails drop column subject;\n',
}
