import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { pricing } from '#contracts/pricing'
import { newId } from '#kernel/id'
import { money } from '#kernel/money'
import { berlin, type CartShop, paris, startCartShop } from './test-shop.ts'

for (const shape of ['plain', 'strict'] as const) {
  suite(`details, ${shape}`, () => {
    let shop: CartShop
    before(async () => {
      shop = await startCartShop(shape)
    })
    after(() => shop.host.stop())

    test('another address prices shipping anew, and drops a method that is not offered there', async () => {
      const variantId = await shop.sell()
      const cart = await shop.create({
        lines: [{ variantId, quantity: 1 }],
        shippingAddress: berlin,
        shippingMethod: 'express',
      })
      assert.deepEqual(cart.totals.shipping, money(1_490, 'EUR'))
      const { body } = await shop.patch(cart.id, { shippingAddress: paris })
      assert.equal(body.shippingMethod, 'standard')
      assert.deepEqual(body.totals, {
        items: money(2_000, 'EUR'),
        discount: money(0, 'EUR'),
        shipping: money(990, 'EUR'),
        tax: money(333 + 165, 'EUR'),
        total: money(2_990, 'EUR'),
      })
      const back = await shop.patch(cart.id, { shippingAddress: berlin })
      assert.equal(back.body.shippingMethod, 'standard')
    })

    test('a method must be one of those offered, and needs an address', async () => {
      const variantId = await shop.sell()
      const cart = await shop.create({ lines: [{ variantId, quantity: 1 }] })
      const methods = () => shop.api('GET', `/api/carts/${cart.id}/shipping-methods`)
      const early = await methods()
      assert.deepEqual([early.status, early.body.type], [409, '/problems/cart/address-missing'])
      const refused = { status: 422, type: '/problems/cart/unknown-shipping-method', field: 'shippingMethod' }
      const choose = async (body: Record<string, unknown>) => {
        const answer = await shop.patch(cart.id, body)
        return answer.status === 200
          ? answer.body.shippingMethod
          : { status: answer.status, type: answer.body.type, field: answer.body.field }
      }
      assert.deepEqual(await choose({ shippingMethod: 'express' }), refused)
      assert.deepEqual(await choose({ shippingMethod: 'express', shippingAddress: paris }), refused)
      assert.deepEqual(await choose({ shippingMethod: 'drone', shippingAddress: berlin }), refused)
      assert.equal((await shop.get(cart.id)).version, 1)
      assert.equal(await choose({ shippingMethod: 'express', shippingAddress: berlin }), 'express')
      const { body } = await methods()
      assert.deepEqual(
        body.items.map((one: { id: string; price: unknown; default: boolean }) => [one.id, one.price, one.default]),
        [
          ['standard', money(490, 'EUR'), true],
          ['express', money(1_490, 'EUR'), false],
        ],
      )
    })

    test('the default method follows the weight, and shipping is free from an amount after discounts', async () => {
      const variantId = await shop.sell({ grams: 1_000, prices: { eu: 2_500 }, categories: ['mugs-on-sale'] })
      const cart = await shop.create({ lines: [{ variantId, quantity: 3 }], shippingAddress: berlin })
      const path = `/api/carts/${cart.id}/lines/${cart.lines[0].id}`
      const shipped = async (quantity: number) => {
        const { body } = await shop.api('PATCH', path, { quantity })
        return [body.shippingMethod, body.totals.shipping.amount]
      }
      assert.deepEqual(await shipped(3), ['standard', 490])
      assert.deepEqual(await shipped(4), ['standard', 0])
      assert.deepEqual(await shipped(6), ['express', 1_490])
      const code = `FREE-${shape}`
      await shop.promote(code)
      await shipped(4)
      const { body } = await shop.patch(cart.id, { couponCodes: [code] })
      assert.deepEqual(body.totals, {
        items: money(10_000, 'EUR'),
        discount: money(1_000, 'EUR'),
        shipping: money(490, 'EUR'),
        tax: money(1_437 + 78, 'EUR'),
        total: money(9_490, 'EUR'),
      })
    })

    test('what weighs too much to be sent stays in the cart and says so', async () => {
      const variantId = await shop.sell({ grams: 20_000 })
      const cart = await shop.create({
        lines: [{ variantId, quantity: 1 }],
        email: 'ada@example.com',
        shippingAddress: berlin,
      })
      const { body } = await shop.api('POST', `/api/carts/${cart.id}/lines`, { variantId, quantity: 1 })
      assert.deepEqual([body.shippingMethod, body.missing], [null, ['shippingMethod']])
      const refused = { type: '/problems/shipping/destination-not-served', country: 'DE', field: 'lines' }
      const methods = await shop.api('GET', `/api/carts/${cart.id}/shipping-methods`)
      assert.partialDeepStrictEqual(methods.body, refused)
      assert.partialDeepStrictEqual((await shop.patch(cart.id, { shippingAddress: berlin })).body, refused)
      assert.partialDeepStrictEqual(await shop.snapshot(cart.id), {
        type: 'shipping/destination-not-served',
        data: { country: 'DE', field: 'lines' },
      })
    })

    test('a method that was chosen and is not offered any more is not exchanged in silence', async () => {
      const variantId = await shop.sell()
      const cart = await shop.create({
        lines: [{ variantId, quantity: 1 }],
        email: 'ada@example.com',
        shippingAddress: berlin,
        shippingMethod: 'standard',
      })
      shop.change(variantId, { grams: 20_000 })
      const later = await shop.get(cart.id)
      assert.deepEqual(
        [later.shippingMethod, later.missing, later.totals.shipping.amount],
        [null, ['shippingMethod'], 0],
      )
      assert.partialDeepStrictEqual(await shop.snapshot(cart.id), {
        type: 'cart/unknown-shipping-method',
        data: { field: 'shippingMethod' },
      })
      const chosen = await shop.patch(cart.id, { shippingMethod: 'express' })
      assert.deepEqual(chosen.body.missing, [])
    })

    test('goods that need no shipping need no address', async () => {
      const variantId = await shop.sell({ requiresShipping: false })
      const cart = await shop.create({ lines: [{ variantId, quantity: 1 }], email: 'ada@example.com' })
      assert.deepEqual([cart.requiresShipping, cart.missing, cart.shippingMethod], [false, [], null])
      const { body } = await shop.api('GET', `/api/carts/${cart.id}/shipping-methods`)
      assert.deepEqual(body, { items: [] })
      const billed = await shop.patch(cart.id, { billingAddress: paris })
      assert.deepEqual(billed.body.totals.tax, money(333, 'EUR'))
      const { body: cleared } = await shop.patch(cart.id, { billingAddress: null })
      assert.equal(cleared.billingAddress, null)
    })

    test('coupons: kept as the merchant writes them, with a verdict each time', async () => {
      const variantId = await shop.sell({ categories: ['mugs-on-sale'] })
      const code = `Tenth-${shape}`
      const promotionId = await shop.promote(code, { minimums: { eu: 4_000 } })
      const cart = await shop.create({ lines: [{ variantId, quantity: 1 }], couponCodes: [code.toUpperCase()] })
      assert.deepEqual(cart.coupons, [{ code, applied: false, reason: 'It applies from €40.00 of goods.' }])
      const { body } = await shop.api('POST', `/api/carts/${cart.id}/lines`, { variantId, quantity: 1 })
      assert.deepEqual(body.coupons, [{ code, applied: true, reason: null }])
      assert.deepEqual(body.discounts, [{ promotionId, label: 'A tenth off', code, amount: money(400, 'EUR') }])
      const without = await shop.patch(cart.id, { couponCodes: [] })
      assert.deepEqual(without.body.totals.discount, money(0, 'EUR'))
    })

    test('a coupon that is unknown or spent is refused by its place; one that was spent meanwhile is kept', async () => {
      const variantId = await shop.sell({ categories: ['mugs-on-sale'] })
      const code = `Single-${shape}`
      const promotionId = await shop.promote(code, { usageLimit: 1 })
      const early = await shop.create({ lines: [{ variantId, quantity: 1 }], couponCodes: [code] })
      await shop.host
        .client(pricing)
        .redeem({ orderId: newId('order'), promotionIds: [promotionId], customerKey: null })
      const cart = await shop.create({ lines: [{ variantId, quantity: 1 }] })
      const spent = await shop.patch(cart.id, { couponCodes: [code] })
      assert.equal(spent.status, 409)
      assert.partialDeepStrictEqual(spent.body, {
        type: '/problems/pricing/coupon-spent',
        code,
        field: 'couponCodes/0',
      })
      const unknown = await shop.patch(early.id, { couponCodes: [code, 'NEVER-WAS'] })
      assert.equal(unknown.status, 422)
      assert.partialDeepStrictEqual(unknown.body, {
        type: '/problems/pricing/unknown-coupon',
        code: 'NEVER-WAS',
        field: 'couponCodes/1',
      })
      assert.equal((await shop.get(cart.id)).version, 1)
      const kept = await shop.patch(early.id, { couponCodes: [code.toLowerCase()] })
      assert.deepEqual(kept.body.coupons, [{ code, applied: false, reason: 'It has been used up.' }])
    })

    test('a coupon once a customer is judged by the e-mail address', async () => {
      const variantId = await shop.sell({ categories: ['mugs-on-sale'] })
      const code = `Welcome-${shape}`
      const promotionId = await shop.promote(code, { usageLimitPerCustomer: 1 })
      await shop.host
        .client(pricing)
        .redeem({ orderId: newId('order'), promotionIds: [promotionId], customerKey: 'old@example.com' })
      const cart = await shop.create({ lines: [{ variantId, quantity: 1 }], couponCodes: [code] })
      assert.equal(cart.coupons[0].applied, true)
      const { body } = await shop.patch(cart.id, { email: 'Old@Example.com' })
      assert.deepEqual(body.coupons, [{ code, applied: false, reason: 'You have used it already.' }])
    })
  })
}
