import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { checkInvariants } from '../cli/verify.ts'
import { berlin, buy, eventually, levels, sell } from './goods.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

for (const shape of shapes) {
  describe(`a shop in the shape "${shape}"`, () => {
    let shop: TestShop
    before(async () => {
      shop = await startShop(shape)
    })
    after(async () => {
      await shop?.stop()
    })

    test('three requests sell: cart, checkout, order', async () => {
      const goods = await sell(shop, { handle: 'mug', onHand: 5, prices: { eu: 1_990 } })
      const { cart, checkout } = await buy(shop, goods.variantId, { quantity: 2 })
      // 2 × 19.90 + 4.90 shipping = 44.70, of which 19 % VAT: 7.13 (6.35 in 39.80 and 0.78 in 4.90, each rounded).
      assert.deepEqual(cart.totals, {
        items: { amount: 3_980, currency: 'EUR' },
        discount: { amount: 0, currency: 'EUR' },
        shipping: { amount: 490, currency: 'EUR' },
        tax: { amount: 713, currency: 'EUR' },
        total: { amount: 4_470, currency: 'EUR' },
      })
      assert.equal(checkout.status, 201, JSON.stringify(checkout.body))
      assert.equal(checkout.body.order.status, 'placed')
      assert.equal(checkout.body.payment.status, 'authorized')
      assert.deepEqual(checkout.body.order.totals, cart.totals)

      const { id, token } = checkout.body.order
      const order = await shop.api('GET', `/api/orders/${id}?token=${token}`)
      assert.equal(order.status, 200)
      assert.equal(order.body.status, 'placed')
      assert.equal(order.body.lines.length, 1)
      await eventually({ onHand: 5, reserved: 0, allocated: 2 }, () => levels(shop, goods.variantId))
    })

    test('an order is shown to nobody without its token', async () => {
      const goods = await sell(shop, { handle: 'secret-mug', onHand: 5 })
      const { checkout } = await buy(shop, goods.variantId)
      const { id, token } = checkout.body.order
      const wrong = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`
      for (const path of [`/api/orders/${id}?token=${wrong}`, `/api/orders/${id}?token=`, `/api/orders/${id}`]) {
        const answer = await shop.api('GET', path)
        assert.ok([401, 404, 422].includes(answer.status), `${path} answered ${answer.status}`)
        assert.equal(answer.body.lines, undefined)
      }
    })

    test('a declined card leaves the cart alive and the stock free', async () => {
      const goods = await sell(shop, { handle: 'declined-mug', onHand: 1 })
      const { cart, checkout } = await buy(shop, goods.variantId, { token: 'tok_declined' })
      assert.equal(checkout.status, 402)
      assert.equal(checkout.body.type, '/problems/payments/declined')
      await eventually({ onHand: 1, reserved: 0, allocated: 0 }, () => levels(shop, goods.variantId))
      const again = await shop.api('POST', `/api/carts/${cart.id}/checkout`, {
        payment: { provider: 'sandbox', token: 'tok_ok' },
      })
      assert.equal(again.status, 201, JSON.stringify(again.body))
      assert.equal(again.body.order.status, 'placed')
    })

    test('the same idempotency key gives the same order, byte for byte', async () => {
      const goods = await sell(shop, { handle: 'twice-mug', onHand: 5 })
      const key = randomUUID()
      const { cart, checkout } = await buy(shop, goods.variantId, { key })
      const body = { payment: { provider: 'sandbox', token: 'tok_ok' } }
      const again = await shop.api('POST', `/api/carts/${cart.id}/checkout`, body, { key })
      assert.equal(again.status, checkout.status)
      assert.deepEqual(again.body, checkout.body)
      const other = await shop.api(
        'POST',
        `/api/carts/${cart.id}/checkout`,
        { payment: { provider: 'sandbox', token: 'tok_3ds' } },
        { key },
      )
      assert.equal(other.status, 422)
      assert.equal(other.body.type, '/problems/idempotency-key-reused')
      await eventually({ onHand: 5, reserved: 0, allocated: 1 }, () => levels(shop, goods.variantId))
    })

    test('staff fulfill an order: the money is taken, the stock leaves', async () => {
      const goods = await sell(shop, { handle: 'shipped-mug', onHand: 3, prices: { eu: 1_000 } })
      const { checkout } = await buy(shop, goods.variantId)
      const staff = { token: shop.staffToken }
      const { id } = checkout.body.order
      const fulfilled = await shop.api(
        'POST',
        `/api/admin/orders/${id}/fulfillments`,
        { carrier: 'DHL', trackingNumber: '00340' },
        staff,
      )
      assert.equal(fulfilled.status, 201, JSON.stringify(fulfilled.body))
      assert.equal(fulfilled.body.status, 'fulfilled')
      assert.equal(fulfilled.body.payment.captured.amount, fulfilled.body.totals.total.amount)
      await eventually({ onHand: 2, reserved: 0, allocated: 0 }, () => levels(shop, goods.variantId))

      const refunded = await shop.api(
        'POST',
        `/api/admin/orders/${id}/refunds`,
        { amount: { amount: 500, currency: 'EUR' }, reason: 'A scratch' },
        staff,
      )
      assert.equal(refunded.status, 201, JSON.stringify(refunded.body))
      assert.equal(refunded.body.refunded.amount, 500)
      const tooMuch = await shop.api(
        'POST',
        `/api/admin/orders/${id}/refunds`,
        { amount: { amount: 99_999, currency: 'EUR' }, reason: 'Greed' },
        staff,
      )
      assert.equal(tooMuch.status, 409)
    })

    test('a canceled order gives stock and money back', async () => {
      const goods = await sell(shop, { handle: 'canceled-mug', onHand: 1 })
      const { checkout } = await buy(shop, goods.variantId)
      await eventually({ onHand: 1, reserved: 0, allocated: 1 }, () => levels(shop, goods.variantId))
      const canceled = await shop.api(
        'POST',
        `/api/admin/orders/${checkout.body.order.id}/cancel`,
        { reason: 'Wrong address' },
        { token: shop.staffToken },
      )
      assert.equal(canceled.status, 200, JSON.stringify(canceled.body))
      assert.equal(canceled.body.status, 'canceled')
      await eventually({ onHand: 1, reserved: 0, allocated: 0 }, () => levels(shop, goods.variantId))
    })

    test('200 buyers, 7 units: exactly 7 orders', async () => {
      const goods = await sell(shop, { handle: 'last-units', onHand: 7 })
      const outcomes = await Promise.all(Array.from({ length: 200 }, () => buy(shop, goods.variantId)))
      const told = Map.groupBy(outcomes, ({ checkout }) =>
        checkout.status === 201 ? checkout.body.order.status : checkout.body.type,
      )
      assert.deepEqual(Object.fromEntries([...told].map(([verdict, group]) => [verdict, group.length])), {
        placed: 7,
        '/problems/inventory/insufficient-stock': 193,
      })
      await eventually({ onHand: 7, reserved: 0, allocated: 7 }, () => levels(shop, goods.variantId))
    })

    test('goods are found once events have arrived', async () => {
      await sell(shop, { handle: 'findable-lantern', onHand: 4 })
      const found = async (query: string): Promise<string[]> => {
        const answer = await shop.api('GET', `/api/products?${query}`)
        return answer.body.items.map((item: { handle: string }) => item.handle)
      }
      await eventually(['findable-lantern'], () => found('q=lantern'))
      await eventually(['findable-lantern'], () => found('q=lantren'))
      const detail = await shop.api('GET', '/api/products/findable-lantern')
      assert.equal(detail.status, 200)
      assert.equal(detail.body.variants[0].available, true)
      assert.deepEqual(detail.body.variants[0].price, { amount: 2_000, currency: 'EUR' })
    })

    test('a cart of another market and a country nobody ships to are refused by name', async () => {
      const goods = await sell(shop, { handle: 'european-mug', onHand: 4 })
      const elsewhere = await shop.api('POST', '/api/carts', {
        market: 'us',
        lines: [{ variantId: goods.variantId, quantity: 1 }],
      })
      assert.equal(elsewhere.status, 409)
      assert.equal(elsewhere.body.type, '/problems/pricing/not-sold-here')
      const far = await shop.api('POST', '/api/carts', {
        lines: [{ variantId: goods.variantId, quantity: 1 }],
        shippingAddress: { ...berlin, country: 'AQ' },
      })
      assert.equal(far.status, 422)
      assert.equal(far.body.type, '/problems/shipping/destination-not-served')
    })

    test('every invariant holds after all of this', async () => {
      const checks = await checkInvariants(shop.client, shop.databases)
      assert.deepEqual(
        checks.filter(({ violations }) => violations.length > 0),
        [],
      )
      assert.ok(checks.some(({ invariant, checked }) => invariant === 'I3' && checked > 0))
    })
  })
}
