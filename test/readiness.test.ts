import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import T from 'typebox'
import { contract } from '#kernel/contract'
import { service } from '#kernel/service'
import { inventoryService } from '../services/inventory/service.ts'
import { buy, eventually, sell } from './goods.ts'
import { asOwner, startTestHost, type TestHost } from './host.ts'
import { shapes, startShop } from './shop.ts'

type Readiness = { readonly status: number; readonly body: { status: string; reasons?: string[] } }

async function readinessAt(port: number): Promise<Readiness> {
  const answer = await fetch(`http://127.0.0.1:${port}/health/ready`)
  return { status: answer.status, body: (await answer.json()) as Readiness['body'] }
}

/** Waits for it: on a busy machine a database may not answer within the second that a load balancer is given. */
const becomes = (port: number, expected: Readiness): Promise<void> =>
  eventually(expected, () => readinessAt(port), 60_000)

const ready: Readiness = { status: 200, body: { status: 'ready' } }
const notReady = (...reasons: string[]): Readiness => ({ status: 503, body: { status: 'not-ready', reasons } })

/** A service whose code brings the schema to these files. */
async function shelves(t: TestContext, files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-shelves-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return service({
    contract: contract('shelves', {}),
    settings: T.Object({}),
    connections: 2,
    migrations: folder,
    start: async () => ({ operations: {} }),
  })
}

const first = { '0001-shelves.sql': 'create table shelves (name text, height integer)' }
const wider = { ...first, '0002-depth.sql': 'alter table shelves add column depth integer' }
const narrower = {
  ...wider,
  '0003-no-height.sql': '-- narrows: nobody reads it since the last version\nalter table shelves drop column height',
}

test('of two copies with different schema versions, the older stays while the schema widened, and leaves with the reason when it narrowed', async (t) => {
  const old = await startTestHost([await shelves(t, first)])
  // Stopped last: the others share its database.
  const others: TestHost[] = []
  t.after(async () => {
    for (const one of others) await one.stop()
    await old.stop()
  })
  const beside = async (files: Readonly<Record<string, string>>): Promise<TestHost> => {
    const host = await startTestHost([await shelves(t, files)], { beside: old })
    others.push(host)
    return host
  }
  await becomes(old.internalPort, ready)
  const newer = await beside(wider)
  for (const host of [old, newer]) await becomes(host.internalPort, ready)

  const newest = await beside(narrower)
  const reason = '0003-no-height.sql took away what this version of shelves needs: update it.'
  await becomes(newest.internalPort, ready)
  for (const host of [old, newer]) await becomes(host.internalPort, notReady(reason))
  const late = await beside(first)
  await becomes(late.internalPort, notReady(reason))
})

test('a schema that is older than the code, or gone, makes a copy not ready, with the reason in answer and log, until it is mended', async (t) => {
  const log: string[] = []
  const host = await startTestHost([await shelves(t, wider)], { edge: true, onLog: (line) => log.push(line) })
  t.after(() => host.stop())
  const doors = [host.internalPort, host.publicPort as number]
  const expectAtBoth = async (expected: Readiness): Promise<void> => {
    for (const port of doors) await becomes(port, expected)
  }
  await expectAtBoth(ready)
  const told = () => log.map((line) => JSON.parse(line)).filter(({ msg }) => /ready/.test(msg))

  // As after a restore from before the last version.
  await asOwner(host, `delete from stoa.migrations where name = '0002-depth.sql'`)
  const reason = 'The database of shelves lacks 0002-depth.sql: run "stoa migrate".'
  await expectAtBoth(notReady(reason))
  const { level, reasons } = told().at(-1)
  assert.deepEqual([level, reasons], ['error', [reason]])
  await asOwner(host, `insert into stoa.migrations values ('shelves', '0002-depth.sql', '', now(), false)`)
  await expectAtBoth(ready)
  assert.equal(told().at(-1)?.msg, 'ready again')

  await asOwner(host, 'drop schema shelves cascade')
  await expectAtBoth(notReady('The database has no schema of shelves.'))
})

test('without a unique index that holds an invariant a copy is not ready; without one that only makes it fast it is', async (t) => {
  const host = await startTestHost([inventoryService], { settings: { inventory: { lowStock: 1 } } })
  t.after(() => host.stop())
  await becomes(host.internalPort, ready)
  await asOwner(host, 'drop index inventory.movements_of_variant')
  await becomes(host.internalPort, ready)
  // As a concurrent build leaves one that failed.
  await asOwner(host, `update pg_index set indisvalid = false where indexrelid = 'inventory.locations_name'::regclass`)
  const invalid = notReady('The database of inventory lacks the index locations_name, or it is invalid.')
  await becomes(host.internalPort, invalid)
  await asOwner(host, 'drop index inventory.locations_name')
  await becomes(host.internalPort, invalid)
  await asOwner(host, 'create unique index locations_name on inventory.locations (lower(name))')
  await becomes(host.internalPort, ready)
})

for (const shape of shapes) {
  test(`${shape}: a mail server and a payment provider that are down make nobody unready`, async (t) => {
    const nowhere = '127.0.0.1:1'
    const environment = {
      SMTP_URL: `smtp://${nowhere}`,
      STOA_SANDBOX_URL: `http://${nowhere}`,
      STOA_SANDBOX_PUBLIC_URL: `http://${nowhere}`,
    }
    const shop = await startShop(shape, { environment })
    t.after(() => shop.stop())
    const { variantId } = await sell(shop, { handle: 'mug', onHand: 1 })
    const { checkout } = await buy(shop, variantId)
    assert.equal(checkout.body.order?.status ?? checkout.status, 'awaiting_payment')
    await becomes(Number(new URL(shop.url).port), ready)
    const services = Object.entries(shop.environment).filter(
      ([name]) => /^STOA_[A-Z]+_URL$/.test(name) && !/SANDBOX|PUBLIC/.test(name),
    )
    for (const [, url] of services) await becomes(Number(new URL(url).port), ready)
  })
}
