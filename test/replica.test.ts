import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { databaseFacts, openDatabase, openServicePool, sql } from '#kernel/database'
import { migrate, serviceUrl } from '#kernel/migrate'
import { openReplica, type Replica, replicaBehindAtMostMs } from '#kernel/replica'
import { buy, eventually, sell } from './goods.ts'
import { noSignals } from './postgres-signals.ts'
import { startShop, type TestShop } from './shop.ts'
import { startPair, type TestPair } from './standby.ts'

const skip = noSignals

/** A figure that the process shows of the service, or null. */
async function figure(shop: TestShop, name: string, labels: string): Promise<number | null> {
  const text = await (await fetch(`${shop.url}/metrics`)).text()
  const value = text
    .split('\n')
    .find((line) => line.startsWith(`${name}{${labels}}`))
    ?.split(' ')
    .at(-1)
  return value === undefined ? null : Number(value)
}

const handlesOf = async (shop: TestShop, query: string): Promise<string[]> => {
  const answer = await shop.api('GET', `/api/products?${query}`)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body.items.map((item: { handle: string }) => item.handle)
}

describe('a shop with a copy of its database', { skip }, () => {
  let pair: TestPair
  let shop: TestShop
  const used = () => figure(shop, 'stoa_replica_up', 'service="search"')
  const answeredBy = async (by: 'replica' | 'primary') =>
    (await figure(shop, 'stoa_replica_reads_total', `service="search",by="${by}"`)) ?? 0
  before(async () => {
    pair = await startPair()
    shop = await startShop('one', {
      environment: { DATABASE_URL: pair.primaryUrl, DATABASE_REPLICA_URL: pair.standbyUrl },
    })
  })
  after(async () => {
    await shop?.stop()
    await pair?.stop()
  })

  test('listing, suggestions and what staff search are read there, and the books hold', async () => {
    const goods = await sell(shop, { handle: 'copied-mug', title: 'Copied mug', onHand: 9 })
    await eventually(1, used)
    await eventually(['copied-mug'], () => handlesOf(shop, 'q=copied'))
    await eventually(['copied-mug'], () => handlesOf(shop, 'q=copeid&inStock=true&sort=price-asc'))
    await eventually(['copied-mug'], async () => {
      const answer = await shop.api('GET', '/api/search/suggest?q=copi')
      return answer.body.products.map((one: { handle: string }) => one.handle)
    })
    assert.ok((await answeredBy('replica')) > 0)
    const { checkout } = await buy(shop, goods.variantId, { email: 'grace@example.com' })
    assert.equal(checkout.body.order.status, 'placed', JSON.stringify(checkout.body))
    const staff = { token: shop.staffToken }
    // At once: the first page is what staff look at after they did something.
    const newest = await shop.api('GET', '/api/admin/orders', undefined, staff)
    assert.equal(newest.body.items[0].id, checkout.body.order.id)
    await eventually([checkout.body.order.id], async () => {
      const answer = await shop.api('GET', '/api/admin/orders?q=grace', undefined, staff)
      return answer.body.items.map((one: { id: string }) => one.id)
    })
    assert.ok(((await figure(shop, 'stoa_replica_reads_total', 'service="orders",by="replica"')) ?? 0) > 0)
  })

  test('one that lags is read while it is near enough, then the database itself is, until it has caught up', async () => {
    await eventually(1, used)
    await pair.onStandby('select pg_wal_replay_pause()')
    await sell(shop, { handle: 'late-mug', onHand: 1 })
    // Within the ceiling a shopper does not see it yet; beyond it, everybody is shown what is there.
    await eventually(0, used, 30_000)
    await eventually(['late-mug'], () => handlesOf(shop, 'q=late-mug'))
    const behind = await figure(shop, 'stoa_replica_behind_seconds', 'service="search"')
    assert.ok(behind !== null && behind * 1_000 > replicaBehindAtMostMs, `${behind} s`)
    const { body, status } = await shop.api('GET', '/api/admin/health', undefined, { token: shop.staffToken })
    assert.equal(status, 200)
    const said = body.processes[0].dependencies.find(({ name }: { name: string }) => name === 'replica of search')
    assert.equal(said.state, 'open')
    assert.match(said.lastError, /^It is \d+ s old\.$/)
    assert.equal((await fetch(`${shop.url}/health/ready`)).status, 200)
    await pair.onStandby('select pg_wal_replay_resume()')
    await eventually(1, used, 30_000)
  })

  test('one that falls silent keeps nobody waiting, and one that is gone is not missed', async () => {
    await eventually(1, used)
    await pair.signalStandby('SIGSTOP')
    const since = performance.now()
    const passedOn = await answeredBy('primary')
    assert.deepEqual(await handlesOf(shop, 'q=copied-mug'), ['copied-mug'])
    assert.ok((await answeredBy('primary')) > passedOn)
    // Waiting for the copy is a second at most, of which a busy machine makes some; without an end it would be eight.
    assert.ok(performance.now() - since < 6_000, `${performance.now() - since} ms`)
    assert.equal(await used(), 0)
    assert.equal((await fetch(`${shop.url}/health/ready`)).status, 200)
    await pair.signalStandby('SIGCONT')
    await eventually(1, used, 30_000)

    await pair.stopStandby()
    assert.deepEqual(await handlesOf(shop, 'q=late-mug'), ['late-mug'])
    await eventually(0, used)
    await pair.startStandby()
    await eventually(1, used, 60_000)
  })
})

describe('reads that may be stale', { skip }, () => {
  let pair: TestPair
  let replica: Replica
  const secret = 'secret-of-this-test-file-alone'
  const services = [{ service: 'cart', folder: new URL('../services/cart/migrations', import.meta.url).pathname }]
  const open = (url: string) => ({ service: 'cart', url: serviceUrl(url, secret, 'cart'), connections: 2 })
  let primary: ReturnType<typeof openDatabase>
  before(async () => {
    pair = await startPair()
    const shared = { url: pair.primaryUrl, directUrl: pair.primaryUrl, replicaUrl: pair.standbyUrl }
    await migrate({ databases: { shared, own: {} }, secret, services })
    primary = openDatabase(open(pair.primaryUrl))
  })
  after(async () => {
    await replica?.close()
    await primary?.destroy()
    await pair?.stop()
  })

  test('write nothing, whoever answers them', async () => {
    await pair.caughtUp()
    replica = openReplica({ service: 'cart', pool: openServicePool(open(pair.standbyUrl)), primary })
    await eventually(true, async () => replica.state().isUsed)
    await assert.rejects(sql`delete from idempotency_keys`.execute(replica.reads), { code: '25006' })
    assert.equal(replica.state().passedOn, 0)
  })

  test('a copy that is no standby is not believed: it may have gone its own way', async (t) => {
    const other = openReplica({ service: 'cart', pool: openServicePool(open(pair.primaryUrl)), primary })
    t.after(() => other.close())
    await eventually('it is no standby of any primary', async () => other.state().trouble)
    const { rows } = await sql<{ n: number }>`select ${7}::int as n`.execute(other.reads)
    assert.deepEqual([rows, other.state().answered, other.state().passedOn], [[{ n: 7 }], 0, 1])
    assert.equal(databaseFacts(primary).pool.usedCount, 0)
  })
})
