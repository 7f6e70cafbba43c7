import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { until } from '../payments/test-payments.ts'
import { buy, startShop, type TestShop, verdict } from './test-shop.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })

for (const shape of ['plain', 'strict'] as const) {
  describe(`checkout (${shape})`, () => {
    let shop: TestShop
    before(async () => {
      shop = await startShop({ shape })
    })
    after(() => shop?.stop())

    const placed = async (cartId: string, more: Parameters<typeof buy>[2] = {}) => {
      const outcome = await buy(shop, cartId, more)
      assert.ok(outcome.ok, JSON.stringify(outcome))
      return outcome.value
    }
    const get = async (order: { id: string; token: string }) => {
      const outcome = await shop.orders.get({ orderId: order.id, token: order.token })
      assert.ok(outcome.ok, JSON.stringify(outcome))
      return outcome.value
    }
    const statusOf = async (order: { id: string; token: string }) => (await get(order)).status
    const holds = async () => {
      await shop.settle()
      const checks = await verified(shop.orders.verify)
      assert.deepEqual(
        checks.flatMap(({ violations }) => violations),
        [],
      )
      return checks
    }

    test('a cart becomes an order: priced, held, authorized, told', async () => {
      const variantId = await shop.sell({ onHand: 5, price: 1_990 })
      const { order, payment } = await placed(await shop.fill([{ variantId, quantity: 2 }]))
      assert.deepEqual(payment, { status: 'authorized' })
      assert.match(order.number, /^S-\d{4,}$/)
      assert.match(order.token, /^[A-Za-z0-9_-]{22}$/)
      assert.deepEqual(
        [order.status, order.email, order.shippingMethod, order.totals],
        [
          'placed',
          'ada@example.com',
          { id: 'standard', name: 'Standard' },
          { items: eur(3_980), discount: eur(0), shipping: eur(490), tax: eur(713), total: eur(4_470) },
        ],
      )
      assert.deepEqual(
        order.lines.map((line) => [line.variantId, line.quantity, line.fulfilled, line.unitPrice, line.total]),
        [[variantId, 2, 0, eur(1_990), eur(3_980)]],
      )
      const { token, ...shown } = order
      assert.deepEqual(await get({ id: order.id, token }), { ...shown, payment })
      await shop.settle()
      assert.deepEqual(await shop.level(variantId), { onHand: 5, reserved: 0, allocated: 2 })
      assert.deepEqual(await shop.events(order.id), ['order.placed'])
      // The payment's event and our own decision come at the same moment.
      assert.deepEqual((await shop.timeline(order.id)).sort(), ['payment-authorized', 'placed'])
      assert.equal((await shop.sandbox.paymentsOf(order.id)).length, 1)
    })

    test('a declined card: the answer says why, the stock is free, the cart lives on', async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const cartId = await shop.fill([{ variantId }])
      const refused = await buy(shop, cartId, { token: 'tok_declined' })
      assert.deepEqual(!refused.ok && refused.refusal, {
        type: 'payments/declined',
        detail: 'The card was declined. Try another card.',
        data: { reason: 'card-declined' },
      })
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 0 })
      assert.equal((await placed(cartId)).order.status, 'placed')
      await holds()
    })

    test('3-D Secure: the order waits, and is placed when the shopper approves', async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const { order, payment } = await placed(await shop.fill([{ variantId }]), { token: 'tok_3ds' })
      assert.deepEqual([order.status, payment.status], ['awaiting_payment', 'requires_action'])
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 1, allocated: 0 })
      assert.deepEqual((await get(order)).payment, payment)
      await shop.sandbox.challenge(payment.redirectUrl ?? '', 'approve')
      await until(
        () => statusOf(order),
        (status) => status === 'placed',
      )
      await shop.settle()
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 1 })
      assert.deepEqual(await shop.events(order.id), ['order.placed'])
    })

    test('3-D Secure: declined by the shopper ends the order and frees the stock', async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const cartId = await shop.fill([{ variantId }])
      const { order, payment } = await placed(cartId, { token: 'tok_3ds' })
      await shop.sandbox.challenge(payment.redirectUrl ?? '', 'decline')
      await until(
        () => statusOf(order),
        (status) => status === 'declined',
      )
      await until(
        () => shop.level(variantId),
        ({ reserved }) => reserved === 0,
      )
      assert.equal((await placed(cartId)).order.status, 'placed')
    })

    test('3-D Secure: the shopper comes back before any callback', async () => {
      await shop.sandbox.behave({ webhooks: { drop: true } })
      const variantId = await shop.sell()
      const { order, payment } = await placed(await shop.fill([{ variantId }]), { token: 'tok_3ds' })
      await shop.sandbox.challenge(payment.redirectUrl ?? '', 'approve')
      const resumed = await shop.orders.resume({ orderId: order.id, token: order.token })
      assert.deepEqual(resumed.ok && [resumed.value.order.status, resumed.value.payment], [
        'placed',
        { status: 'authorized' },
      ])
      await shop.sandbox.behave({})
      const foreign = await shop.orders.resume({ orderId: order.id, token: 'A'.repeat(22) })
      assert.equal(!foreign.ok && foreign.refusal.type, 'orders/unknown-order')
    })

    test('charged, but nobody said so: the order waits, and is placed when the provider is asked', async () => {
      await shop.sandbox.behave({ webhooks: { drop: true } })
      const variantId = await shop.sell({ onHand: 1 })
      const { order, payment } = await placed(await shop.fill([{ variantId }]), { token: 'tok_timeout_charged' })
      assert.deepEqual([order.status, payment], ['awaiting_payment', { status: 'processing' }])
      await until(
        () => statusOf(order),
        (status) => status === 'placed',
      )
      assert.equal((await shop.sandbox.paymentsOf(order.id)).length, 1)
      await shop.sandbox.behave({})
    })

    test('lost on the way: the order waits, and ends as declined', async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const { order } = await placed(await shop.fill([{ variantId }]), { token: 'tok_timeout_not_charged' })
      assert.equal(order.status, 'awaiting_payment')
      await until(
        () => statusOf(order),
        (status) => status === 'declined',
      )
      await until(
        () => shop.level(variantId),
        ({ reserved }) => reserved === 0,
      )
    })

    test('20 buyers, 7 units: exactly 7 orders, and the others are told what is left', async () => {
      const variantId = await shop.sell({ onHand: 7 })
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async () => buy(shop, await shop.fill([{ variantId }]))),
      )
      const told = Map.groupBy(outcomes, verdict)
      assert.deepEqual(Object.fromEntries([...told].map(([one, group]) => [one, group.length])), {
        placed: 7,
        'inventory/insufficient-stock': 13,
      })
      await shop.settle()
      assert.deepEqual(await shop.level(variantId), { onHand: 7, reserved: 0, allocated: 7 })
      await holds()
    })

    test('a coupon with one use goes to one of ten', async () => {
      const variantId = await shop.sell({ onHand: 20 })
      const code = `ONCE${newId('c').slice(-8)}`
      const created = await shop.pricing.createPromotion({
        label: 'Once',
        code,
        kind: 'percentage',
        rate: 100_000,
        amounts: {},
        minimums: {},
        categories: [],
        startsAt: null,
        endsAt: null,
        usageLimit: 1,
        usageLimitPerCustomer: null,
        active: true,
      })
      assert.ok(created.ok, JSON.stringify(created))
      // All have the coupon in their carts before one of them spends it: after that it would be refused there.
      const carts = await Promise.all(
        Array.from({ length: 10 }, () => shop.fill([{ variantId }], { couponCodes: [code] })),
      )
      const outcomes = await Promise.all(carts.map((cartId) => buy(shop, cartId)))
      // Who was priced after the coupon was spent pays the full price; who was promised the discount gets it or is refused.
      const discounted = outcomes.filter(({ ok: placed, ...rest }) => placed && JSON.stringify(rest).includes(code))
      assert.equal(discounted.length, 1)
      const verdicts = new Set(outcomes.map(verdict))
      assert.ok(verdicts.isSubsetOf(new Set(['placed', 'pricing/coupon-spent'])), [...verdicts].join())
      await shop.settle()
      const orders = outcomes.filter(({ ok: placed }) => placed).length
      assert.deepEqual(await shop.level(variantId), { onHand: 20, reserved: 0, allocated: orders })
    })

    test('goods without stock of their own, and goods that may be back-ordered', async () => {
      const download = await shop.sell({ onHand: 0, tracked: false, shipped: false })
      const backordered = await shop.sell({ onHand: 1, policy: 'continue' })
      const { order } = await placed(
        await shop.fill([
          { variantId: download, quantity: 3 },
          { variantId: backordered, quantity: 4 },
        ]),
      )
      assert.equal(order.status, 'placed')
      await shop.settle()
      assert.deepEqual(await shop.level(backordered), { onHand: 1, reserved: 0, allocated: 4 })
      assert.deepEqual(await shop.level(download), { onHand: 0, reserved: 0, allocated: 0 })
      await holds()
    })

    test('an order that costs nothing is placed without a payment', async () => {
      const variantId = await shop.sell({ price: 0, shipped: false })
      const { order, payment } = await placed(await shop.fill([{ variantId }]))
      assert.deepEqual([order.status, order.totals.total, payment], ['placed', eur(0), { status: 'captured' }])
      assert.deepEqual(await shop.sandbox.paymentsOf(order.id), [])
      assert.equal((await get(order)).payment, null)
      await holds()
    })

    test('what cannot be ordered is refused, and no order is left of it', async () => {
      const before = await shop.rows<{ count: string }>('select count(*) from orders.orders')
      const variantId = await shop.sell()
      const nameless = async (lines: { variantId: string; quantity?: number }[]): Promise<string> => {
        const created = await shop.carts.create({ lines: lines.map((line) => ({ quantity: 1, ...line })) })
        assert.ok(created.ok)
        return created.value.id
      }
      const cases: [string, Parameters<typeof buy>[2], string][] = [
        ['cart_00000000000000000000000000', {}, 'cart/unknown-cart'],
        [await shop.fill([]), {}, 'orders/cart-empty'],
        [await nameless([{ variantId }]), {}, 'orders/cart-incomplete'],
        [await shop.fill([{ variantId }]), { expectedTotal: eur(2_489) }, 'orders/price-changed'],
        [
          await shop.fill([{ variantId }]),
          { expectedTotal: { amount: 2_490, currency: 'USD' } },
          'orders/price-changed',
        ],
        [await shop.fill([{ variantId }]), { returnUrl: 'https://evil.example/' }, 'orders/return-url-not-allowed'],
        [
          await shop.fill([{ variantId }]),
          { returnUrl: 'http://127.0.0.1@evil.example/' },
          'orders/return-url-not-allowed',
        ],
        [await shop.fill([{ variantId }]), { returnUrl: 'javascript:alert(1)' }, 'orders/return-url-not-allowed'],
        [await shop.fill([{ variantId }]), { returnUrl: '/orders' }, 'orders/return-url-not-allowed'],
      ]
      for (const [cartId, options, expected] of cases) assert.equal(verdict(await buy(shop, cartId, options)), expected)
      assert.deepEqual(await shop.rows('select count(*) from orders.orders'), before)
      const changed = await buy(shop, await shop.fill([{ variantId }]), { expectedTotal: eur(1) })
      assert.deepEqual(!changed.ok && changed.refusal.data, { total: eur(2_490), due: eur(2_490) })
      assert.equal(
        (
          await placed(await shop.fill([{ variantId }]), {
            expectedTotal: eur(2_490),
            returnUrl: 'http://127.0.0.1/back?x=1',
          })
        ).order.status,
        'placed',
      )
    })

    test('an unknown provider is refused by name, and nothing is held', async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const cartId = await shop.fill([{ variantId }])
      const outcome = await shop.orders.checkout({ cartId, payment: { provider: 'nobody' } }, { key: newId('key') })
      assert.deepEqual(!outcome.ok && [outcome.refusal.type, outcome.refusal.data], [
        'payments/unknown-provider',
        { field: 'payment/provider' },
      ])
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 0 })
    })

    test('every invariant holds after all of this, and something was judged', async () => {
      const checks = await holds()
      for (const { what, checked } of checks) assert.ok(checked > 0, what)
    })
  })
}
