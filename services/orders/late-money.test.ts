import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { until } from '../payments/test-payments.ts'
import { buy, startShop, type TestShop, verdict } from './test-shop.ts'

for (const capture of ['on-fulfillment', 'at-once'] as const) {
  describe(`orders that are not paid in time (${capture})`, () => {
    let shop: TestShop
    before(async () => {
      shop = await startShop({ capture })
    })
    after(() => shop?.stop())

    const stateOf = async (orderId: string): Promise<string | undefined> =>
      (await shop.rows<{ state: string }>('select state from orders.orders where id = $1', [orderId]))[0]?.state
    const becomes = (orderId: string, state: string) =>
      until(
        () => stateOf(orderId),
        (now) => now === state,
      )
    const settled = (orderId: string) =>
      until(
        async () =>
          (
            await shop.rows<{ settled: boolean }>(
              'select settled_at is not null as settled from orders.orders where id = $1',
              [orderId],
            )
          )[0]?.settled,
        (is) => is === true,
      )
    const waiting = async (variantId: string, token = 'tok_3ds') => {
      const cartId = await shop.fill([{ variantId }])
      const outcome = await buy(shop, cartId, { token })
      assert.ok(outcome.ok && outcome.value.order.status === 'awaiting_payment', JSON.stringify(outcome))
      return { cartId, orderId: outcome.value.order.id, redirectUrl: outcome.value.payment.redirectUrl ?? '' }
    }
    const providerStatus = async (orderId: string) => (await shop.sandbox.paymentsOf(orderId))[0]?.status
    const holds = async () => {
      await shop.settle()
      const checks = [...(await verified(shop.orders.verify)), ...(await verified(shop.payments.verify))]
      assert.deepEqual(
        checks.flatMap(({ violations }) => violations),
        [],
      )
    }

    test('the shopper walks away: the provider is told first, then the stock goes back', async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const { cartId, orderId, redirectUrl } = await waiting(variantId)
      await shop.sandbox.challenge(redirectUrl, 'abandon')
      assert.equal(await stateOf(orderId), 'awaiting_payment')
      await shop.overdue(orderId)
      await becomes(orderId, 'expired')
      await settled(orderId)
      assert.equal(await providerStatus(orderId), 'voided')
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 0 })
      assert.deepEqual(await shop.events(orderId), [])
      assert.equal(verdict(await buy(shop, cartId)), 'placed')
      await holds()
    })

    for (const [why, isOverdue] of [
      ['its time limit', true],
      ['staff', false],
    ] as const)
      test(`given up for ${why} by a driver that stopped there: whoever finds its payment let go says so`, async () => {
        const variantId = await shop.sell({ onHand: 1 })
        const { orderId } = await waiting(variantId)
        // The next look of the recovery is far away: what takes the order up is the news of its payment.
        if (isOverdue)
          await shop.rows(
            "update orders.orders set expires_at = now(), look_at = now() + interval '1 hour' where id = $1",
            [orderId],
          )
        await shop.payments.cancel({ orderId, reason: 'The order was not paid.', onlyUnpaid: true })
        await settled(orderId)
        assert.equal(await stateOf(orderId), 'expired')
        assert.deepEqual((await shop.timeline(orderId)).slice(-2), ['payment-voided', 'expired'])
        assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 0 })
        const detail = await shop.orders.adminOrder({ orderId })
        assert.equal(
          detail.ok && detail.value.timeline.find(({ kind }) => kind === 'expired')?.detail,
          isOverdue ? 'It was not paid in time.' : 'The payment was canceled.',
        )
        await holds()
      })

    test('paid at the last moment, and nobody told us: it is placed', async () => {
      await shop.sandbox.behave({ webhooks: { drop: true } })
      const variantId = await shop.sell({ onHand: 1 })
      const { orderId, redirectUrl } = await waiting(variantId)
      await shop.sandbox.challenge(redirectUrl, 'approve')
      await shop.overdue(orderId)
      await becomes(orderId, 'placed')
      await shop.sandbox.behave({})
      await shop.settle()
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 1 })
      await holds()
    })

    test('the provider does not answer: the stock is kept some minutes, then goes back all the same', async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const { orderId } = await waiting(variantId)
      await shop.sandbox.behave({ down: true })
      await shop.overdue(orderId, 4)
      await new Promise((resolve) => setTimeout(resolve, 2_500))
      assert.equal(await stateOf(orderId), 'awaiting_payment')
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 1, allocated: 0 })
      await shop.overdue(orderId, 5)
      await becomes(orderId, 'expired')
      await until(
        () => shop.level(variantId),
        ({ reserved }) => reserved === 0,
      )
      const [row] = await shop.rows<{ settled_at: string | null }>(
        'select settled_at from orders.orders where id = $1',
        [orderId],
      )
      assert.equal(row?.settled_at, null)
      await shop.sandbox.behave({})
      await shop.lapse(orderId)
      await settled(orderId)
      assert.equal(await providerStatus(orderId), 'voided')
      await holds()
    })

    /** Money that is there when nobody waits for it any more: taken at once, or authorized before the shop could let go. */
    const late = async (variantId: string) => {
      await shop.sandbox.behave({ webhooks: { drop: true } })
      const { cartId, orderId, redirectUrl } = await waiting(variantId)
      await shop.sandbox.challenge(redirectUrl, 'approve')
      await shop.sandbox.behave({ down: true })
      await shop.overdue(orderId, 6)
      await becomes(orderId, 'expired')
      await until(
        () => shop.level(variantId),
        ({ reserved }) => reserved === 0,
      )
      return { cartId, orderId }
    }

    test('late money, and the goods are still there: the order is placed', async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const { orderId } = await late(variantId)
      await shop.sandbox.behave({})
      await shop.lapse(orderId)
      await becomes(orderId, 'placed')
      await shop.settle()
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 1 })
      assert.deepEqual(await shop.events(orderId), ['order.placed'])
      // What the expiry asked for lay with a process that stood still, and is done only now.
      await shop.inventory.release({ orderId, lease: 2 })
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 1 })
      await holds()
    })

    test('late money, and the goods are gone: it goes back, and both sides are told', async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const { orderId } = await late(variantId)
      await shop.sandbox.behave({})
      await shop.rows("update orders.orders set look_at = now() + interval '1 hour' where id = $1", [orderId])
      assert.equal(verdict(await buy(shop, await shop.fill([{ variantId }]))), 'placed')
      await shop.lapse(orderId)
      await becomes(orderId, 'canceled')
      await settled(orderId)
      await shop.settle()
      const [payment] = await shop.sandbox.paymentsOf(orderId)
      assert.ok(payment?.status === 'voided' || payment?.refunded.amount === 2_490, JSON.stringify(payment))
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 1 })
      assert.ok((await shop.events(orderId)).includes('order.canceled'))
      const detail = await shop.orders.adminOrder({ orderId })
      assert.match((detail.ok && detail.value.cancelReason) || '', /^The payment came too late: /)
      await holds()
    })

    test('late money, and the cart was ordered again: one of them lives', async () => {
      const variantId = await shop.sell({ onHand: 5 })
      const { cartId, orderId } = await late(variantId)
      await shop.sandbox.behave({})
      await shop.rows("update orders.orders set look_at = now() + interval '1 hour' where id = $1", [orderId])
      assert.equal(verdict(await buy(shop, cartId)), 'placed')
      await shop.lapse(orderId)
      await becomes(orderId, 'canceled')
      await settled(orderId)
      const live = await shop.rows(
        "select 1 from orders.orders where cart_id = $1 and state in ('placing', 'awaiting_payment', 'placed', 'fulfilled')",
        [cartId],
      )
      assert.equal(live.length, 1)
      await shop.settle()
      assert.deepEqual(await shop.level(variantId), { onHand: 5, reserved: 0, allocated: 1 })
      await holds()
    })

    test('the provider charged and went down: nothing is given back by guess, and the order is placed once it answers', async () => {
      await shop.sandbox.behave({ webhooks: { drop: true } })
      const variantId = await shop.sell({ onHand: 1 })
      const { orderId } = await waiting(variantId, 'tok_timeout_charged')
      await shop.sandbox.behave({ down: true })
      await shop.lapse(orderId)
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      assert.equal(await stateOf(orderId), 'awaiting_payment')
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 1, allocated: 0 })
      await shop.sandbox.behave({})
      await shop.lapse(orderId)
      await becomes(orderId, 'placed')
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, 1)
      await holds()
    })

    test('a coupon of an expired order may be used again', async () => {
      const variantId = await shop.sell({ onHand: 5 })
      const code = `LATE${newId('c').slice(-8)}`
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
      assert.ok(created.ok)
      const cartId = await shop.fill([{ variantId }], { couponCodes: [code] })
      const first = await buy(shop, cartId, { token: 'tok_3ds' })
      assert.ok(first.ok)
      await shop.overdue(first.value.order.id)
      await settled(first.value.order.id)
      const used = async () => {
        const promotions = await shop.pricing.promotions({})
        return promotions.ok && promotions.value.items.find(({ id }) => id === created.value.id)?.timesUsed
      }
      assert.equal(await used(), 0)
      const second = await buy(shop, cartId)
      assert.deepEqual(second.ok && second.value.order.discounts.map(({ code: applied }) => applied), [code])
      assert.equal(await used(), 1)
    })
  })
}
