import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { berlin, type CartShop, startCartShop } from './test-shop.ts'

let shop: CartShop
before(async () => {
  shop = await startCartShop('plain', undefined, false)
})
after(() => shop?.host.stop())

test('while shipping does not answer a cart is kept and shown without it, and no price is guessed', async () => {
  const variantId = await shop.sell()
  const cart = await shop.create({
    lines: [{ variantId, quantity: 1 }],
    email: 'ada@example.com',
    shippingAddress: berlin,
  })
  assert.deepEqual(
    [cart.totals.items.amount, cart.totals.shipping.amount, cart.shippingMethod, cart.missing],
    [2_000, 0, null, ['shippingMethod']],
  )
  const more = await shop.api('POST', `/api/carts/${cart.id}/lines`, { variantId, quantity: 2 })
  assert.equal(more.body.totals.items.amount, 6_000)

  const methods = await shop.api('GET', `/api/carts/${cart.id}/shipping-methods`)
  assert.deepEqual([methods.status, methods.body.type], [503, '/problems/shipping/unavailable'])
  assert.equal(methods.headers.get('retry-after'), '2')
  const chosen = await shop.patch(cart.id, { shippingMethod: 'standard' })
  assert.deepEqual([chosen.status, chosen.body.type], [503, '/problems/shipping/unavailable'])
  assert.equal((await shop.get(cart.id)).version, more.body.version)
  assert.deepEqual(await shop.snapshot(cart.id), {
    type: 'shipping/unavailable',
    detail: 'Shipping cannot be calculated just now. Try again in a moment.',
    data: { retryAfterSeconds: 2 },
  })
})

test('what is not sent anywhere is sold without shipping', async () => {
  const variantId = await shop.sell({ requiresShipping: false })
  const cart = await shop.create({ lines: [{ variantId, quantity: 1 }], email: 'ada@example.com' })
  const snapshot = await shop.snapshot(cart.id)
  assert.ok('cart' in snapshot && snapshot.cart.missing.length === 0 && snapshot.shipping === null)
})
