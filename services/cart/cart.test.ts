import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import pg from 'pg'
import { newId } from '#kernel/id'
import { money } from '#kernel/money'
import { berlin, type CartShop, paris, startCartShop } from './test-shop.ts'

for (const shape of ['plain', 'strict'] as const) {
  suite(`carts, ${shape}`, () => {
    let shop: CartShop
    let database: pg.Client
    before(async () => {
      shop = await startCartShop(shape, (credential) => ({
        kind: 'customer',
        customerId: `customer_${credential}`,
        sessionId: 'session',
      }))
      database = new pg.Client({ connectionString: shop.host.databaseUrl })
      await database.connect()
    })
    after(async () => {
      await database.end()
      await shop.host.stop()
    })

    test('one request makes a cart that can be ordered', async () => {
      const variantId = await shop.sell({ prices: { eu: 1_990 } })
      const cart = await shop.create({
        lines: [{ variantId, quantity: 2 }],
        email: 'ada@example.com',
        shippingAddress: berlin,
        shippingMethod: 'express',
      })
      assert.match(cart.id, /^cart_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
      assert.deepEqual(cart, {
        id: cart.id,
        market: 'eu',
        currency: 'EUR',
        taxIncluded: true,
        email: 'ada@example.com',
        shippingAddress: berlin,
        billingAddress: null,
        shippingMethod: 'express',
        requiresShipping: true,
        lines: [
          {
            id: cart.lines[0].id,
            variantId,
            productId: cart.lines[0].productId,
            handle: 'mug',
            title: 'Mug',
            variantTitle: 'Red',
            sku: 'MUG-RED',
            imageUrl: '/media/mug.svg',
            quantity: 2,
            sold: true,
            short: false,
            unitPrice: money(1_990, 'EUR'),
            compareAtPrice: null,
            subtotal: money(3_980, 'EUR'),
            discount: money(0, 'EUR'),
            tax: money(635, 'EUR'),
            total: money(3_980, 'EUR'),
          },
        ],
        coupons: [],
        discounts: [],
        totals: {
          items: money(3_980, 'EUR'),
          discount: money(0, 'EUR'),
          shipping: money(1_490, 'EUR'),
          tax: money(635 + 238, 'EUR'),
          total: money(5_470, 'EUR'),
        },
        giftCards: [],
        due: money(5_470, 'EUR'),
        missing: [],
        orderId: null,
        version: 1,
        updatedAt: cart.updatedAt,
      })
      assert.deepEqual(await shop.get(cart.id), cart)
    })

    test('an empty cart says what is missing, and fills up step by step', async () => {
      const variantId = await shop.sell()
      const cart = await shop.create()
      assert.deepEqual([cart.market, cart.totals.total, cart.missing], ['eu', money(0, 'EUR'), ['lines', 'email']])
      const filled = await shop.api('POST', `/api/carts/${cart.id}/lines`, { variantId, quantity: 1 })
      assert.equal(filled.status, 200)
      assert.deepEqual(filled.body.missing, ['email', 'shippingAddress'])
      assert.equal(filled.body.shippingMethod, null)
      const { body } = await shop.patch(cart.id, { email: 'ada@example.com', shippingAddress: berlin })
      assert.deepEqual([body.missing, body.shippingMethod, body.version], [[], 'standard', 3])
    })

    test('a cart in a market where tax comes on top', async () => {
      const variantId = await shop.sell({ prices: { us: 1_000 } })
      const cart = await shop.create({
        market: 'us',
        lines: [{ variantId, quantity: 3 }],
        shippingAddress: { ...berlin, city: 'New York', region: 'NY', country: 'US' },
      })
      assert.deepEqual(cart.totals, {
        items: money(3_000, 'USD'),
        discount: money(0, 'USD'),
        shipping: money(800, 'USD'),
        tax: money(266 + 71, 'USD'),
        total: money(4_137, 'USD'),
      })
      assert.equal(cart.taxIncluded, false)
    })

    test('a state counts however it is written, and is kept as its code', async () => {
      const variantId = await shop.sell({ prices: { us: 10_000 } })
      const lines = [{ variantId, quantity: 1 }]
      const us = { ...berlin, city: 'Fresno', country: 'US' }
      for (const region of ['CA', 'california', ' ca ', 'California']) {
        const shippingAddress = { ...us, region }
        const cart = await shop.create({ market: 'us', lines, shippingAddress })
        assert.deepEqual([cart.totals.tax, cart.shippingAddress.region], [money(725, 'USD'), 'CA'], region)
        const bare = await shop.create({ market: 'us', lines })
        const { body } = await shop.patch(bare.id, { shippingAddress, billingAddress: shippingAddress })
        assert.deepEqual(body.totals.tax, money(725, 'USD'), region)
        assert.deepEqual([body.shippingAddress.region, body.billingAddress.region], ['CA', 'CA'])
      }
      const without = await shop.create({ market: 'us', lines, shippingAddress: us })
      assert.deepEqual([without.totals.tax, without.shippingAddress], [money(0, 'USD'), us])
    })

    test('a country without a list of states takes any region as it is written', async () => {
      const variantId = await shop.sell()
      for (const region of ['Calif.', ' be ', 'CA']) {
        const shippingAddress = { ...berlin, region }
        const cart = await shop.create({ lines: [{ variantId, quantity: 1 }], shippingAddress })
        assert.deepEqual(cart.shippingAddress, shippingAddress)
        assert.deepEqual(cart.totals.tax, money(319 + 78, 'EUR'))
      }
    })

    test('the same request sent again gets the same cart, also with a state by its name', async () => {
      const variantId = await shop.sell({ prices: { us: 10_000 } })
      const request = {
        market: 'us',
        lines: [{ variantId, quantity: 1 }],
        shippingAddress: { ...berlin, country: 'US', region: 'california' },
      }
      const send = () => shop.api('POST', '/api/carts', request, { key: `by-name-${shape}` })
      const [first, second] = [await send(), await send()]
      assert.deepEqual([first.status, second.status, second.body], [201, 201, first.body])
      assert.equal(second.body.shippingAddress.region, 'CA')
    })

    test('a cart that keeps a state by its name is taxed by it', async () => {
      const variantId = await shop.sell({ prices: { us: 10_000 } })
      const shippingAddress = { ...berlin, country: 'US', region: 'CA' }
      const cart = await shop.create({ market: 'us', lines: [{ variantId, quantity: 1 }], shippingAddress })
      const kept = JSON.stringify({ ...shippingAddress, region: 'california' })
      await database.query('update cart.carts set shipping_address = $1 where id = $2', [kept, cart.id])
      const later = await shop.get(cart.id)
      assert.deepEqual([later.shippingAddress.region, later.totals], ['california', cart.totals])
    })

    test('a snapshot holds all that an order needs', async () => {
      const variantId = await shop.sell({ grams: 250 })
      const cart = await shop.create({
        lines: [{ variantId, quantity: 2 }],
        email: 'ada@example.com',
        shippingAddress: berlin,
      })
      const whole = await shop.snapshot(cart.id)
      assert.ok('cart' in whole)
      assert.deepEqual(whole.cart, cart)
      assert.deepEqual(whole.quote.totals, cart.totals)
      assert.deepEqual(whole.quote.taxes, [{ name: 'VAT 19 %', rate: 190_000, amount: money(639 + 78, 'EUR') }])
      assert.deepEqual(whole.shipping, { id: 'standard', name: 'Standard', price: money(490, 'EUR') })
      assert.deepEqual(
        whole.variants.map((variant) => [variant.variantId, variant.grams, variant.inventoryPolicy]),
        [[variantId, 250, 'deny']],
      )
      assert.equal(whole.customerId, null)
      assert.partialDeepStrictEqual(await shop.snapshot('cart_00000000000000000000000000'), {
        type: 'cart/unknown-cart',
      })
    })

    test('a cart becomes an order once, cannot change then, and keeps nothing personal', async () => {
      const variantId = await shop.sell()
      const cart = await shop.create({
        lines: [{ variantId, quantity: 1 }],
        email: 'ada@example.com',
        shippingAddress: berlin,
        billingAddress: paris,
      })
      const [orderId, other] = [newId('order'), newId('order')]
      await shop.placeOrder(cart.id, orderId)
      await shop.placeOrder(cart.id, other)
      const later = await shop.get(cart.id)
      assert.deepEqual(
        [later.orderId, later.missing, later.email, later.shippingAddress, later.billingAddress],
        [orderId, [], null, null, null],
      )
      const line = `/api/carts/${cart.id}/lines/${cart.lines[0].id}`
      const tries = [
        await shop.patch(cart.id, { email: 'eve@example.com' }),
        await shop.api('POST', `/api/carts/${cart.id}/lines`, { variantId, quantity: 1 }),
        await shop.api('PATCH', line, { quantity: 2 }),
        await shop.api('DELETE', line),
      ]
      for (const { status, body } of tries) assert.deepEqual([status, body.type], [409, '/problems/cart/ordered'])
      assert.deepEqual(await shop.get(cart.id), later)
    })

    test('a cart is the customer’s who changed it last; without one it is nobody’s', async () => {
      const owner = async (id: string) =>
        (await database.query('select customer_id from cart.carts where id = $1', [id])).rows[0]?.customer_id
      const mine = await shop.api('POST', '/api/carts', {}, { token: 'ann' })
      assert.equal(await owner(mine.body.id), 'customer_ann')
      const cart = await shop.create()
      assert.equal(await owner(cart.id), null)
      await shop.api('PATCH', `/api/carts/${cart.id}`, { email: 'bob@example.com' }, { token: 'bob' })
      assert.equal(await owner(cart.id), 'customer_bob')
      await shop.patch(cart.id, { email: 'guest@example.com' })
      assert.equal(await owner(cart.id), 'customer_bob')
      const whole = await shop.snapshot(cart.id)
      assert.equal('customerId' in whole && whole.customerId, 'customer_bob')
    })
  })
}
