import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { until } from '../payments/test-payments.ts'
import { buy, startShop, type TestShop, verdict } from './test-shop.ts'

const inProgress = { message: /idempotency-key-in-progress/ }

describe('a checkout that comes more than once', () => {
  let shop: TestShop
  before(async () => {
    shop = await startShop()
  })
  after(() => shop?.stop())

  const ordersOf = (cartId: string) =>
    shop.rows<{ id: string; state: string }>(
      'select id, state from orders.orders where cart_id = $1 order by created_at',
      [cartId],
    )
  const addOne = async (cartId: string, variantId: string) => {
    const changed = await shop.carts.addLine({ cartId, variantId, quantity: 1 })
    assert.ok(changed.ok)
  }

  test('the same key and request give the same answer, long after and from another process', async () => {
    const variantId = await shop.sell({ onHand: 5 })
    const cartId = await shop.fill([{ variantId }])
    const key = newId('key')
    const first = await buy(shop, cartId, { key })
    assert.equal(verdict(first), 'placed')
    await shop.settle()
    const other = await shop.another()
    assert.deepEqual(await buy(shop, cartId, { key }), first)
    assert.deepEqual(await buy(other, cartId, { key }), first)
    assert.equal((await ordersOf(cartId)).length, 1)
    assert.deepEqual(await shop.level(variantId), { onHand: 5, reserved: 0, allocated: 1 })
  })

  test('over HTTP it is the same byte for byte', async () => {
    const variantId = await shop.sell()
    const cartId = await shop.fill([{ variantId }])
    const key = newId('key')
    const post = async () => {
      const answer = await fetch(`${shop.url}/api/carts/${cartId}/checkout`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ payment: { provider: 'sandbox', token: 'tok_ok' } }),
      })
      return [answer.status, await answer.text()]
    }
    const first = await post()
    assert.equal(first[0], 201)
    assert.deepEqual(await post(), first)
  })

  test('a refusal is an answer too', async () => {
    const variantId = await shop.sell({ onHand: 0 })
    const cartId = await shop.fill([{ variantId }])
    const key = newId('key')
    const first = await buy(shop, cartId, { key })
    assert.equal(verdict(first), 'inventory/insufficient-stock')
    await shop.inventory.setLevels({ levels: [{ variantId, locationId: null, onHand: 1 }], reason: 'count' })
    const again = await buy(shop, cartId, { key })
    assert.ok(!first.ok && !again.ok)
    assert.deepEqual(again.refusal, first.refusal)
    assert.equal(verdict(await buy(shop, cartId)), 'placed')
  })

  test('the same key with another request is refused', async () => {
    const cartId = await shop.fill([{ variantId: await shop.sell() }])
    const key = newId('key')
    assert.equal(verdict(await buy(shop, cartId, { key })), 'placed')
    await assert.rejects(buy(shop, cartId, { key, token: 'tok_3ds' }), { message: /idempotency-key-reused/ })
  })

  test('the same key of another cart is another key', async () => {
    const variantId = await shop.sell()
    const key = newId('key')
    const first = await buy(shop, await shop.fill([{ variantId }]), { key })
    const second = await buy(shop, await shop.fill([{ variantId }]), { key })
    assert.ok(first.ok && second.ok)
    assert.notEqual(first.value.order.id, second.value.order.id)
  })

  test('ten with the same key at once: one order, one charge, and the others are told to wait or get its answer', async () => {
    const variantId = await shop.sell()
    const cartId = await shop.fill([{ variantId }])
    const key = newId('key')
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => buy(shop, cartId, { key })))
    const answers = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    assert.ok(answers.length >= 1)
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    for (const one of outcomes) if (one.status === 'rejected') assert.match(String(one.reason), /in-progress/)
    const [order, ...more] = await ordersOf(cartId)
    assert.deepEqual(more, [])
    assert.equal((await shop.sandbox.paymentsOf(order?.id ?? '')).length, 1)
    assert.deepEqual(await buy(shop, cartId, { key }), answers[0])
  })

  test('ten with keys of their own at once: one order, one charge, one answer', async () => {
    const variantId = await shop.sell()
    const cartId = await shop.fill([{ variantId }])
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => buy(shop, cartId)))
    const ids = new Set(outcomes.map((outcome) => (outcome.ok ? outcome.value.order.id : outcome.refusal.type)))
    assert.equal(ids.size, 1)
    const [order, ...more] = await ordersOf(cartId)
    assert.deepEqual([order?.state, more], ['placed', []])
    assert.equal((await shop.sandbox.paymentsOf(order?.id ?? '')).length, 1)
    await shop.settle()
    assert.deepEqual(await shop.level(variantId), { onHand: 10, reserved: 0, allocated: 1 })
  })

  test('another key with the same cart gets the order that waits for its payment', async () => {
    const cartId = await shop.fill([{ variantId: await shop.sell() }])
    const first = await buy(shop, cartId, { token: 'tok_3ds' })
    const second = await buy(shop, cartId, { token: 'tok_ok' })
    assert.deepEqual(second, first)
    assert.equal(verdict(second), 'awaiting_payment')
  })

  test('a cart that was changed gives its attempt up first', async () => {
    const variantId = await shop.sell({ onHand: 5 })
    const cartId = await shop.fill([{ variantId }])
    const first = await buy(shop, cartId, { token: 'tok_3ds' })
    await addOne(cartId, variantId)
    const second = await buy(shop, cartId)
    assert.equal(verdict(second), 'placed')
    assert.ok(first.ok && second.ok)
    assert.equal(second.value.order.lines[0]?.quantity, 2)
    assert.deepEqual(
      (await ordersOf(cartId)).map(({ state }) => state),
      ['expired', 'placed'],
    )
    assert.equal((await shop.sandbox.paymentsOf(first.value.order.id))[0]?.status, 'voided')
    await shop.settle()
    assert.deepEqual(await shop.level(variantId), { onHand: 5, reserved: 0, allocated: 2 })
  })

  test('a cart that was changed after its order was paid is that order', async () => {
    await shop.sandbox.behave({ webhooks: { drop: true } })
    const variantId = await shop.sell({ onHand: 5 })
    const cartId = await shop.fill([{ variantId }])
    const first = await buy(shop, cartId, { token: 'tok_3ds' })
    assert.ok(first.ok)
    await shop.sandbox.challenge(first.value.payment.redirectUrl ?? '', 'approve')
    await addOne(cartId, variantId)
    const second = await buy(shop, cartId)
    await shop.sandbox.behave({})
    assert.deepEqual(!second.ok && [second.refusal.type, second.refusal.data], [
      'cart/ordered',
      { orderId: first.value.order.id },
    ])
    assert.equal((await ordersOf(cartId)).length, 1)
  })

  test('while nobody knows whether it was paid, a changed cart is not charged again', async () => {
    await shop.sandbox.behave({ webhooks: { drop: true } })
    const variantId = await shop.sell({ onHand: 5 })
    const cartId = await shop.fill([{ variantId }])
    const first = await buy(shop, cartId, { token: 'tok_3ds' })
    assert.ok(first.ok)
    await addOne(cartId, variantId)
    await shop.sandbox.behave({ down: true })
    assert.equal(verdict(await buy(shop, cartId)), 'orders/checkout-in-progress')
    await shop.sandbox.behave({})
    const second = await until(
      () => buy(shop, cartId),
      (outcome) => outcome.ok,
    )
    assert.equal(verdict(second), 'placed')
    assert.deepEqual(
      (await ordersOf(cartId)).map(({ state }) => state),
      ['expired', 'placed'],
    )
  })

  test('a cart that became an order stays that order', async () => {
    const variantId = await shop.sell()
    const cartId = await shop.fill([{ variantId }])
    const first = await buy(shop, cartId)
    assert.ok(first.ok)
    await shop.settle()
    const again = await buy(shop, cartId)
    assert.deepEqual(again.ok && [again.value.order.id, again.value.payment], [
      first.value.order.id,
      { status: 'authorized' },
    ])
    const canceled = await shop.orders.cancel(
      { orderId: first.value.order.id, reason: 'Changed mind' },
      { key: newId('key') },
    )
    assert.ok(canceled.ok)
    const later = await buy(shop, cartId)
    assert.deepEqual(!later.ok && later.refusal.type, 'cart/ordered')
  })

  test('a key whose request still runs is told so', async () => {
    await shop.sandbox.behave({ webhooks: { drop: true } })
    const cartId = await shop.fill([{ variantId: await shop.sell() }])
    const key = newId('key')
    const slow = buy(shop, cartId, { key, token: 'tok_slow' })
    await until(
      () => ordersOf(cartId),
      (orders) => orders.length === 1,
    )
    await assert.rejects(buy(shop, cartId, { key, token: 'tok_slow' }), inProgress)
    assert.equal(verdict(await slow), 'awaiting_payment')
    await shop.sandbox.behave({})
  })
})
