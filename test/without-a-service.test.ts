import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { pricing } from '#contracts/pricing'
import { shipping } from '#contracts/shipping'
import { readEnvironment } from '../cli/environment.ts'
import { freePorts } from '../cli/free-ports.ts'
import { loadSettings } from '../cli/settings.ts'
import { openShop, type Shop } from '../cli/shop.ts'
import { allServiceNames } from '../services/names.ts'
import { berlin, sell } from './goods.ts'
import { startShop, type TestShop } from './shop.ts'

// A shop whose shipping and pricing are elsewhere, reached over HTTP, and go away. What they declare to be done without them is done,
// and staff see both.

const root = join(import.meta.dirname, '..')
const elsewhere = ['shipping', 'pricing'] as const
type Elsewhere = (typeof elsewhere)[number]

type Dependency = { kind: string; name: string; state: string; lastError: string | null; fallback: string }
type Health = { processes: { dependencies: Dependency[] }[]; silent: string[] }

let shop: TestShop
let variantId: string
const parts = new Map<Elsewhere, Shop>()
const ports = new Map<Elsewhere, number>()
let internalPort: number

before(async () => {
  const [own, ...others] = (await freePorts(1 + elsewhere.length)) as [number, ...number[]]
  internalPort = own
  for (const [n, name] of elsewhere.entries()) ports.set(name, others[n] as number)
  const here = allServiceNames.filter((name) => !elsewhere.some((one) => one === name))
  shop = await startShop('one', {
    environment: {
      STOA_SERVICES: [...here, 'edge'].join(),
      STOA_INTERNAL_PORT: String(own),
      ...Object.fromEntries(
        elsewhere.map((name) => [`STOA_${name.toUpperCase()}_URL`, `http://127.0.0.1:${ports.get(name)}`]),
      ),
    },
  })
  for (const name of elsewhere) await start(name)
  variantId = (await sell(shop, { handle: 'mug', onHand: 100 })).variantId
})
after(async () => {
  for (const part of parts.values()) await part.stop()
  await shop?.stop()
})

/** Starts a service at its address, as an operator would. */
async function start(name: Elsewhere): Promise<void> {
  const environment = readEnvironment({
    ...shop.environment,
    STOA_SERVICES: name,
    STOA_INTERNAL_PORT: String(ports.get(name)),
    STOA_MESH_URL: `http://127.0.0.1:${internalPort}`,
  })
  const options = { edge: false, onProgress: () => undefined }
  parts.set(name, await openShop(environment, () => loadSettings(root, environment.configFile), options))
}

async function stop(name: Elsewhere): Promise<void> {
  await parts.get(name)?.stop()
  parts.delete(name)
}

const lines = () => [{ variantId, quantity: 1 }]
const createCart = () =>
  shop.api('POST', '/api/carts', { lines: lines(), email: 'ada@example.com', shippingAddress: berlin })
const payment = { provider: 'sandbox', token: 'tok_ok' }
const checkOut = (cartId: string) => shop.api('POST', `/api/carts/${cartId}/checkout`, { payment })
const ordersPlaced = async (): Promise<number> => {
  const answer = await shop.api('GET', '/api/admin/orders?limit=100', undefined, { token: shop.staffToken })
  assert.equal(answer.status, 200)
  return answer.body.items.length
}

async function filledCart(): Promise<string> {
  const cart = await createCart()
  assert.deepEqual([cart.status, cart.body.missing], [201, []], JSON.stringify(cart.body))
  return cart.body.id
}

/** What staff see of a service, in every process that asked it. */
async function seenOf(name: Elsewhere): Promise<{ dependencies: Dependency[]; isSilent: boolean }> {
  const answer = await shop.api('GET', '/api/admin/health', undefined, { token: shop.staffToken })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  const { processes, silent } = answer.body as Health
  const dependencies = processes.flatMap((one) => one.dependencies)
  return {
    dependencies: dependencies.filter((one) => one.kind === 'service' && one.name === name),
    isSilent: silent.includes(name),
  }
}

const withinMs = 30_000

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await holds()); await pause(50))
    if (Date.now() > deadline) assert.fail(`not within ${withinMs} ms: ${what}`)
}

/** Asks for a cart until the service is not asked any more, and staff are told so, with what is done without it. */
async function untilOpen(name: Elsewhere, cartId: string, fallback: string | undefined): Promise<void> {
  await until(`${name} is not asked any more`, async () => {
    await shop.api('GET', `/api/carts/${cartId}/shipping-methods`)
    const { dependencies } = await seenOf(name)
    return dependencies.some(({ state }) => state === 'open')
  })
  const { dependencies, isSilent } = await seenOf(name)
  assert.ok(isSilent)
  for (const one of dependencies) assert.deepEqual([one.fallback, one.lastError === null], [fallback, false])
}

async function untilSold(name: Elsewhere, cartId: string): Promise<void> {
  await start(name)
  await until(`a cart is sold with ${name}`, async () => (await checkOut(cartId)).status === 201)
  const { dependencies, isSilent } = await seenOf(name)
  assert.ok(!isSilent && dependencies.every(({ state }) => state === 'closed'), JSON.stringify(dependencies))
}

describe('a shop of which a service is gone', () => {
  test('without shipping carts are kept and shown, nothing that has to be sent is sold, and staff see why', async () => {
    const cartId = await filledCart()
    const placed = await ordersPlaced()
    await stop('shipping')

    const shown = await shop.api('GET', `/api/carts/${cartId}`)
    const { totals, missing } = shown.body
    assert.deepEqual([shown.status, totals.items.amount, totals.shipping.amount], [200, 2_000, 0])
    assert.deepEqual(missing, ['shippingMethod'])
    const created = await createCart()
    assert.deepEqual([created.status, created.body.missing], [201, ['shippingMethod']])
    for (const refused of [await shop.api('GET', `/api/carts/${cartId}/shipping-methods`), await checkOut(cartId)]) {
      assert.deepEqual([refused.status, refused.body.type], [503, '/problems/shipping/unavailable'])
      assert.ok(Number(refused.headers.get('retry-after')) > 0)
    }

    await untilOpen('shipping', cartId, shipping.fallback)
    // Now that nobody asks, nobody waits.
    const [still, refused] = [await shop.api('GET', `/api/carts/${cartId}`), await checkOut(cartId)]
    assert.deepEqual([still.status, refused.status], [200, 503])
    assert.equal(await ordersPlaced(), placed)
    await untilSold('shipping', cartId)
    assert.equal(await ordersPlaced(), placed + 1)
  })

  test('without pricing, and with it tax, nothing is priced by guess, and staff see why', async () => {
    const cartId = await filledCart()
    const placed = await ordersPlaced()
    await stop('pricing')

    const isRefused = async (): Promise<void> => {
      for (const refused of [
        await shop.api('GET', `/api/carts/${cartId}`),
        await createCart(),
        await checkOut(cartId),
      ]) {
        assert.deepEqual([refused.status, refused.body.type], [503, '/problems/unavailable'])
        assert.ok(Number(refused.headers.get('retry-after')) > 0)
      }
    }
    await isRefused()
    await untilOpen('pricing', cartId, pricing.fallback)
    await isRefused()
    assert.equal(await ordersPlaced(), placed)
    await untilSold('pricing', cartId)
    assert.equal(await ordersPlaced(), placed + 1)
  })
})
