import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openEnding } from '../ending.ts'
import { noHaproxy, openTestCluster, type TestCluster } from './test-cluster.ts'

describe('copies come and go while people browse and buy', { skip: noHaproxy }, () => {
  const ending = openEnding((error) => assert.fail(error))
  let cluster: TestCluster
  before(async () => {
    cluster = await openTestCluster(ending)
  })
  after(() => ending.end())

  test('every copy is restarted, one by one, and nobody notices', async () => {
    const before = new Set((await cluster.status()).filter(({ name }) => name !== 'sandbox.1').map(({ pid }) => pid))
    assert.equal(before.size, 5)
    assert.deepEqual(await cluster.failuresDuring(() => cluster.stoa('cluster', 'restart')), [])
    const now = await cluster.status()
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
    const counts = async (): Promise<number[]> => [
      (await cluster.pidsOf('edge')).length,
      (await cluster.pidsOf('orders')).length,
    ]
    assert.deepEqual(await cluster.failuresDuring(() => cluster.stoa('cluster', 'scale', 'orders=4', 'edge=2')), [])
    assert.deepEqual(await counts(), [2, 4])
    assert.deepEqual(await cluster.failuresDuring(() => pause(2_000)), [])
    assert.deepEqual(await cluster.failuresDuring(() => cluster.stoa('cluster', 'scale', 'orders=1', 'edge=1')), [])
    assert.deepEqual(await counts(), [1, 1])
  })

  test('copies are killed, and every buyer who asks again with the same key is told one thing', async () => {
    await cluster.stoa('cluster', 'scale', 'orders=2')
    for (const service of ['orders', 'edge', 'payments']) {
      const [pid] = await cluster.pidsOf(service)
      process.kill(pid as number, 'SIGKILL')
      for (let well = false; !well; await pause(500)) {
        const copies = (await cluster.status()).filter(({ services }) => services.includes(service))
        well =
          copies.length === (service === 'orders' ? 2 : 1) &&
          copies.every((one) => one.state === 'ready' && one.pid !== pid)
      }
    }
    const { wrong, orders } = await cluster.judge()
    assert.deepEqual(wrong, [])
    assert.ok(orders > 0)
  })

  test('after a kill -9 of all, the next start ends what was left, and all is there', async () => {
    const orders = async (): Promise<number> =>
      (await cluster.database.query<{ count: number }>('select count(*)::int as count from orders.orders')).rows[0]
        ?.count ?? 0
    const [count, left] = [await orders(), (await cluster.status()).map(({ pid }) => pid)]
    await cluster.kill()
    assert.deepEqual(left.filter(isAlive), left, 'nobody ended them')
    await cluster.start()
    assert.match(cluster.said(), /ended \d+ processes that an earlier cluster left behind/)
    assert.deepEqual(left.filter(isAlive), [])
    assert.equal(await orders(), count)
    assert.match(await cluster.stoa('verify'), /holds/)
    const now = (await cluster.status()).map(({ pid }) => pid)
    assert.equal(await cluster.stoa('cluster', 'stop'), 'done\n')
    assert.equal(await cluster.ended(), 0)
    assert.deepEqual(now.filter(isAlive), [])
    assert.deepEqual(
      (await readdir(join(cluster.folder, 'data', 'cluster'))).filter((name) => name === 'control.sock'),
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
