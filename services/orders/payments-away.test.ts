import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { until } from '../payments/test-payments.ts'
import { mortality } from './test-death.ts'
import { buy, startShop, type TestShop, verdict } from './test-shop.ts'

describe('payments do not answer themselves', () => {
  let shop: TestShop
  const { reached, dieAt } = mortality()
  before(async () => {
    shop = await startShop({ paymentsApart: true, reached })
    await shop.sandbox.behave({ webhooks: { drop: true } })
  })
  afterEach(() => shop.startPayments())
  after(() => shop?.stop())

  const rowOf = async (orderId: string) =>
    (
      await shop.rows<{ state: string; settled: boolean }>(
        'select state, settled_at is not null as settled from orders.orders where id = $1',
        [orderId],
      )
    )[0]
  const becomes = (orderId: string, state: string) =>
    until(
      () => rowOf(orderId),
      (now) => now?.state === state,
    )
  const settles = (orderId: string) =>
    until(
      () => rowOf(orderId),
      (now) => now?.settled === true,
    )
  const isFree = (variantId: string) =>
    until(
      () => shop.level(variantId),
      ({ reserved }) => reserved === 0,
    )
  /** A minute before the stock goes back all the same, it is held; then it goes back, and nothing else is given up. */
  const expires = async (orderId: string, variantId: string) => {
    await shop.overdue(orderId, 4)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    assert.notEqual((await rowOf(orderId))?.state, 'expired')
    assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 1, allocated: 0 })
    await shop.overdue(orderId, 5)
    await becomes(orderId, 'expired')
    await isFree(variantId)
    assert.equal((await rowOf(orderId))?.settled, false)
  }
  const holds = async () => {
    await shop.settle()
    const checks = [...(await verified(shop.orders.verify)), ...(await verified(shop.payments.verify))]
    assert.deepEqual(
      checks.flatMap(({ violations }) => violations),
      [],
    )
  }

  /** An order that is paid while payments are away, and has expired before they are back. */
  const paidInVain = async (variantId: string): Promise<string> => {
    const outcome = await buy(shop, await shop.fill([{ variantId }]), { token: 'tok_3ds' })
    assert.ok(outcome.ok && outcome.value.order.status === 'awaiting_payment', JSON.stringify(outcome))
    const { order, payment } = outcome.value
    await shop.stopPayments()
    await shop.sandbox.challenge(payment.redirectUrl ?? '', 'approve')
    await expires(order.id, variantId)
    return order.id
  }

  test('an order that waits for its money: past some minutes the stock goes back, and late money places it', async () => {
    const variantId = await shop.sell({ onHand: 1 })
    const orderId = await paidInVain(variantId)
    await shop.startPayments()
    await shop.lapse(orderId)
    await becomes(orderId, 'placed')
    await shop.settle()
    assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 1 })
    assert.deepEqual(await shop.events(orderId), ['order.placed'])
    await holds()
  })

  test('the goods were sold meanwhile: late money goes back', async () => {
    const variantId = await shop.sell({ onHand: 1 })
    const orderId = await paidInVain(variantId)
    await shop.rows("update orders.orders set look_at = now() + interval '1 hour' where id = $1", [orderId])
    await shop.startPayments()
    const other = await until(
      async () => buy(shop, await shop.fill([{ variantId }])).then(verdict, String),
      (told) => told === 'placed',
    )
    assert.equal(other, 'placed')
    await shop.lapse(orderId)
    await becomes(orderId, 'canceled')
    await settles(orderId)
    assert.equal((await shop.sandbox.paymentsOf(orderId))[0]?.status, 'voided')
    await shop.settle()
    assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 1 })
    await holds()
  })

  for (const [place, fate] of [
    ['coupons-redeemed', 'expired'],
    ['money-asked', 'placed'],
  ] as const) {
    test(`an order whose driver died at ${place}: its stock goes back in time, and it is ${fate} in the end`, async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const cartId = await shop.fill([{ variantId }])
      const key = newId('key')
      const dead = dieAt(place)
      void buy(shop, cartId, { key })
      const orderId = await dead
      await shop.stopPayments()
      await shop.lapse(orderId)
      await expires(orderId, variantId)
      assert.deepEqual((await shop.timeline(orderId)).slice(-2), ['awaiting-payment', 'expired'])
      await shop.startPayments()
      await shop.lapse(orderId)
      await becomes(orderId, fate)
      await settles(orderId)
      await shop.settle()
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: fate === 'placed' ? 1 : 0 })
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, fate === 'placed' ? 1 : 0)
      // Its checkout was told that the outcome is not known, under its key for ever; the order tells how it ended.
      assert.equal(verdict(await buy(shop, cartId, { key })), 'awaiting_payment')
      const again = await buy(shop, cartId)
      assert.ok(again.ok, JSON.stringify(again))
      assert.equal(again.value.order.status, 'placed')
      assert.equal(again.value.order.id === orderId, fate === 'placed')
      await holds()
    })
  }

  test('an order that was declined, and its driver died there: its stock goes back at once', async () => {
    const variantId = await shop.sell({ onHand: 1 })
    const dead = dieAt('order-decided')
    void buy(shop, await shop.fill([{ variantId }]), { token: 'tok_declined' })
    const orderId = await dead
    await shop.stopPayments()
    await shop.lapse(orderId)
    await isFree(variantId)
    await shop.startPayments()
    await shop.lapse(orderId)
    await settles(orderId)
    assert.equal((await rowOf(orderId))?.state, 'declined')
    await holds()
  })
})
