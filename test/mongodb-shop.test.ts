import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { catalog } from '#contracts/catalog'
import { berlin, eventually, sell } from './goods.ts'
import { noMongodb, startTestMongodb, type TestMongodb } from './mongodb.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

const root = join(import.meta.dirname, '..')

async function buy(shop: TestShop, variantId: string): Promise<number> {
  const cart = await shop.api('POST', '/api/carts', {
    lines: [{ variantId, quantity: 1 }],
    email: 'ada@example.com',
    shippingAddress: berlin,
  })
  if (cart.status !== 201) return cart.status
  const payment = { provider: 'sandbox', token: 'tok_ok' }
  return (await shop.api('POST', `/api/carts/${cart.body.id}/checkout`, { payment }, { key: cart.body.id })).status
}

async function run(command: string[], shop: TestShop, url: string): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), ...command], {
    env: { ...process.env, ...shop.environment, MONGODB_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const [status] = await once(child, 'close')
  return `${status}: ${output}`
}

for (const shape of shapes) {
  describe(`${shape}: a shop whose catalog is in MongoDB`, { skip: noMongodb }, () => {
    let server: TestMongodb
    let url: string
    let shop: TestShop
    let client: MongoClient
    before(async () => {
      server = await startTestMongodb()
      url = server.database()
      client = await MongoClient.connect(url)
      shop = await startShop(shape, { environment: { MONGODB_URL: url } })
    })
    after(async () => {
      server?.process?.kill('SIGCONT')
      await shop?.stop()
      await client?.close()
      await server?.stop()
    })
    /** Of catalog's own process, where it has one. */
    const readiness = async () => {
      const { STOA_CATALOG_URL = shop.url } = shop.environment
      const answer = await fetch(`${STOA_CATALOG_URL}/health/ready`)
      return { status: answer.status, body: (await answer.json()) as { status: string; reasons?: string[] } }
    }

    test('sells, tells search of every change, and verifies', async () => {
      const mug = await sell(shop, { handle: 'mug', onHand: 5 })
      assert.equal(await buy(shop, mug.variantId), 201)
      const { body } = await shop.api('GET', '/api/products/mug?market=eu')
      assert.deepEqual([body.title, body.variants[0].price.amount], ['Goods mug', 2_000])
      const staff = { token: shop.staffToken }
      const path = `/api/admin/products/${mug.productId}`
      const changed = await shop.api('PATCH', path, { title: 'Better mug', version: body.version ?? 1 }, staff)
      assert.equal(changed.status, 200, JSON.stringify(changed.body))
      await eventually(
        'Better mug',
        async () => (await shop.api('GET', '/api/products?market=eu')).body.items[0]?.title,
      )
      const stored = await client
        .db()
        .collection<{ _id: string; owed: unknown[] }>('products')
        .findOne({ _id: mug.productId })
      assert.deepEqual(stored?.owed, [], 'every event was confirmed')
      const verified = await shop.client(catalog).verify({})
      assert.ok(verified.ok)
      assert.deepEqual(
        verified.value.checks.map(({ checked, violated }) => [checked, violated]),
        [[1, 0]],
      )
    })

    test('without an index nobody is served and readiness says which; "stoa migrate" makes it, and all goes on', async () => {
      await client.db().collection('products').dropIndex('handle')
      await eventually(503, async () => (await readiness()).status)
      const { body } = await readiness()
      assert.match(body.reasons?.join() ?? '', /the index products\.handle is missing/)
      const detail = await shop.api('GET', '/api/products/mug?market=eu')
      assert.equal(detail.status, 503)
      assert.equal(detail.body.type, '/problems/unavailable')
      const staff = { token: shop.staffToken }
      const doubled = await shop.api(
        'POST',
        '/api/admin/products',
        { handle: 'mug', title: 'Twice', variants: [{}] },
        staff,
      )
      assert.equal(doubled.status, 503)
      assert.equal(await client.db().collection('products').countDocuments(), 1)
      assert.match(await run(['doctor'], shop, url), /WRONG {2}catalog: the index products\.handle is missing/)
      assert.match(await run(['migrate'], shop, url), /^0: .*catalog: index products\.handle/s)
      await eventually(200, async () => (await readiness()).status)
      await eventually(200, async () => (await shop.api('GET', '/api/products/mug?market=eu')).status)
    })

    test('a MongoDB that falls silent is told at once, and the shop recovers by itself', async (t) => {
      if (!server.process) return t.skip('the MongoDB is not ours to stop')
      server.process.kill('SIGSTOP')
      await eventually(503, async () => (await readiness()).status)
      // Once the breaker is open nobody waits any more.
      await eventually(true, async () => {
        const since = performance.now()
        const { status } = await shop.api('GET', '/api/products/mug?market=eu')
        return status === 503 && performance.now() - since < 1_000
      })
      assert.equal((await shop.api('GET', '/api/products?market=eu')).status, 200, 'the listing is search’s')
      const health = await shop.api('GET', '/api/admin/health', undefined, { token: shop.staffToken })
      const states = (health.body.processes as { dependencies: { name: string; state: string }[] }[])
        .flatMap(({ dependencies }) => dependencies)
        .filter(({ name }) => name === 'MongoDB of catalog')
        .map(({ state }) => state)
      assert.equal(states.length, 1)
      assert.notEqual(states[0], 'closed')
      await pause(100)
      server.process.kill('SIGCONT')
      await eventually(200, async () => (await readiness()).status)
      await eventually(201, () => sellOne())
    })
    const sellOne = async (): Promise<number> => {
      const { body } = await shop.api('GET', '/api/products/mug?market=eu')
      return body.variants ? buy(shop, body.variants[0].id) : 0
    }
  })
}
