import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { until } from '../payments/test-payments.ts'
import { mortality, type Place } from './test-death.ts'
import { giftCardsOf } from './test-gift-cards.ts'
import { buy, type ShopHost, startShop, type TestShop, verdict } from './test-shop.ts'

describe('a process that dies on the way of an order', () => {
  let shop: TestShop
  let cards: ReturnType<typeof giftCardsOf>
  let mortal: ShopHost
  const { reached, dieAt } = mortality()
  before(async () => {
    // The shop's first process survives and recovers; the second one is the one that dies.
    shop = await startShop()
    cards = giftCardsOf(shop)
    mortal = await shop.another({ reached })
  })
  after(() => shop?.stop())

  /**
   * Dies at a place of a cancellation of the order that `buyOne` makes. The recovery of another process may be faster and give
   * everything back before: then nobody died, and another order is canceled.
   */
  async function dieCanceling<V extends { readonly orderId: string }>(at: Place, buyOne: () => Promise<V>): Promise<V> {
    for (let attempt = 1; attempt <= 10; attempt++) {
      const bought = await buyOne()
      const dead = dieAt(at).then(() => 'dead' as const)
      const canceled = mortal.orders.cancel({ orderId: bought.orderId, reason: 'Sold twice' }, { key: newId('key') })
      if ((await Promise.race([dead, canceled])) === 'dead') return bought
      dead.catch(() => undefined)
    }
    throw new Error(`nobody came to ${at}`)
  }
  const stateOf = async (orderId: string): Promise<string | undefined> =>
    (await shop.rows<{ state: string }>('select state from orders.orders where id = $1', [orderId]))[0]?.state
  const isSettled = async (orderId: string): Promise<boolean> =>
    (
      await shop.rows<{ settled: boolean }>(
        'select settled_at is not null and lease_until <= now() as settled from orders.orders where id = $1',
        [orderId],
      )
    )[0]?.settled ?? false
  const holds = () => cards.holds()

  /** What must become of an order whose process died there: the recovery's part, without the shopper coming back. */
  const fates: [Place, 'placed' | 'declined'][] = [
    ['order-inserted', 'declined'],
    ['stock-reserved', 'declined'],
    ['coupons-redeemed', 'declined'],
    ['attempt-committed', 'placed'],
    ['attempt-answered', 'placed'],
    ['money-asked', 'placed'],
    ['order-decided', 'placed'],
  ]
  for (const [place, fate] of fates) {
    test(`at ${place}: the order is ${fate} without the shopper`, async () => {
      const variantId = await shop.sell({ onHand: 3 })
      const cartId = await shop.fill([{ variantId }])
      const dead = dieAt(place)
      void buy(mortal, cartId)
      const orderId = await dead
      await shop.lapse(orderId)
      assert.equal(
        await until(
          () => stateOf(orderId),
          (state) => state === fate,
        ),
        fate,
      )
      await until(() => isSettled(orderId), Boolean)
      await shop.settle()
      const promised = fate === 'placed' ? 1 : 0
      assert.deepEqual(await shop.level(variantId), { onHand: 3, reserved: 0, allocated: promised })
      assert.equal((await shop.sandbox.paymentsOf(orderId)).length, promised)
      assert.deepEqual(await shop.events(orderId), fate === 'placed' ? ['order.placed'] : [])
      await holds()
    })

    test(`at ${place}: the shopper's retry with the same key gets one order and one charge`, async () => {
      const variantId = await shop.sell({ onHand: 3 })
      const cartId = await shop.fill([{ variantId }])
      const key = newId('key')
      const dead = dieAt(place)
      void buy(mortal, cartId, { key })
      const orderId = await dead
      if (place !== 'order-decided') await assert.rejects(buy(shop, cartId, { key }), /in-progress/)
      await shop.lapse(orderId)
      const answer = await until(
        () => buy(shop, cartId, { key }).catch((error: Error) => error),
        (outcome) => !(outcome instanceof Error),
      )
      assert.ok(!(answer instanceof Error))
      assert.ok(answer.ok, JSON.stringify(answer))
      const { order } = answer.value
      await until(
        () => stateOf(order.id),
        (state) => state === 'placed',
      )
      await shop.settle()
      assert.deepEqual(await shop.level(variantId), { onHand: 3, reserved: 0, allocated: 1 })
      const charged = await shop.rows<{ count: number }>(
        "select count(*)::int as count from payments.payments where order_id = any(select id from orders.orders where cart_id = $1) and status in ('authorized', 'captured')",
        [cartId],
      )
      assert.equal(charged[0]?.count, 1)
      assert.deepEqual(await buy(shop, cartId, { key }), answer)
      await holds()
    })
  }

  for (const place of [
    'order-inserted',
    'coupons-redeemed',
    'attempt-committed',
    'attempt-answered',
    'money-asked',
  ] as const) {
    test(`at ${place} of an order with a gift card: its money is with the order or on the card, once`, async () => {
      // One that pays a part, and one that pays it all, of which no provider hears.
      for (const amount of [1_000, 5_000]) {
        if (amount === 5_000 && place === 'attempt-answered') continue
        const card = await cards.issue(amount)
        const cartId = await shop.fill([{ variantId: await shop.sell({ onHand: 3 }) }], { giftCards: [card.code] })
        const key = newId('key')
        const dead = dieAt(place)
        void buy(mortal, cartId, { key })
        const orderId = await dead
        await shop.lapse(orderId)
        await until(() => isSettled(orderId), Boolean)
        const began = place !== 'order-inserted' && place !== 'coupons-redeemed'
        assert.equal(await stateOf(orderId), began ? 'placed' : 'declined')
        const used = Math.min(amount, 2_490)
        assert.equal(await cards.balance(card.id), began ? amount - used : amount)
        assert.deepEqual(await cards.movements(card.id), [...(began ? [`use -${used}`] : []), `issue ${amount}`])
        // The shopper's retry: the same order, or a new one with the card's money.
        const again = await buy(shop, cartId, { key })
        assert.ok(again.ok, JSON.stringify(again))
        // Whoever took it up may have had to wait for the provider's word, and that was the answer then.
        const answers = began ? ['placed', 'awaiting_payment'] : ['placed']
        assert.ok(answers.includes(again.value.order.status), again.value.order.status)
        assert.equal(again.value.order.id === orderId, began)
        assert.equal(await cards.balance(card.id), amount - used)
        await holds()
      }
    })
  }

  test('at money-returned of a canceled order with a gift card: it gets its money back once', async () => {
    const { card, orderId } = await dieCanceling('money-returned', async () => {
      const card = await cards.issue(1_000)
      const cartId = await shop.fill([{ variantId: await shop.sell({ onHand: 3 }) }], { giftCards: [card.code] })
      const bought = await buy(shop, cartId)
      assert.ok(bought.ok)
      return { card, orderId: bought.value.order.id }
    })
    await shop.lapse(orderId)
    await until(() => isSettled(orderId), Boolean)
    assert.deepEqual(await cards.movements(card.id), ['refund 1000', 'use -1000', 'issue 1000'])
    await holds()
  })

  for (const place of ['order-decided', 'stock-released', 'coupons-returned'] as const) {
    test(`at ${place} of a declined order: what it held goes back`, async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const cartId = await shop.fill([{ variantId }])
      const key = newId('key')
      const dead = dieAt(place)
      void buy(mortal, cartId, { key, token: 'tok_declined' })
      const orderId = await dead
      assert.equal(await stateOf(orderId), 'declined')
      await shop.lapse(orderId)
      await until(() => isSettled(orderId), Boolean)
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 0 })
      assert.equal(verdict(await buy(shop, cartId, { key, token: 'tok_declined' })), 'payments/declined')
      assert.equal(verdict(await buy(shop, cartId)), 'placed')
      await holds()
    })
  }

  for (const place of ['operation-committed', 'operation-answered'] as const) {
    test(`at ${place} of a dispatch: the money is taken once, and the goods leave once`, async () => {
      const variantId = await shop.sell({ onHand: 1 })
      const bought = await buy(shop, await shop.fill([{ variantId }]))
      assert.ok(bought.ok)
      const orderId = bought.value.order.id
      const dead = dieAt(place)
      void mortal.orders.fulfill({ orderId }, { key: newId('key') })
      await dead
      await shop.lapse(orderId)
      await until(
        async () => (await shop.sandbox.paymentsOf(orderId))[0]?.status,
        (status) => status === 'captured',
      )
      const again = await until(
        () => shop.orders.fulfill({ orderId }, { key: newId('key') }),
        (outcome) => outcome.ok,
      )
      assert.equal(again.ok && again.value.status, 'fulfilled')
      await shop.settle()
      assert.deepEqual(await shop.level(variantId), { onHand: 0, reserved: 0, allocated: 0 })
      await holds()
    })
  }

  for (const place of ['stock-released', 'operation-committed', 'operation-answered', 'money-returned'] as const) {
    test(`at ${place} of a cancellation: stock and money go back once`, async () => {
      const { variantId, orderId } = await dieCanceling(place, async () => {
        const variantId = await shop.sell({ onHand: 1 })
        const bought = await buy(shop, await shop.fill([{ variantId }]))
        assert.ok(bought.ok)
        const orderId = bought.value.order.id
        const captured = await shop.orders.capture({ orderId }, { key: newId('key') })
        assert.ok(captured.ok, JSON.stringify(captured))
        return { variantId, orderId }
      })
      await shop.lapse(orderId)
      await until(() => isSettled(orderId), Boolean)
      assert.deepEqual(
        (await shop.sandbox.paymentsOf(orderId)).map(({ refunded }) => refunded.amount),
        [2_490],
      )
      await shop.settle()
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 0 })
      await holds()
    })
  }

  test('a driver that slept and wakes finishes nothing', async () => {
    const variantId = await shop.sell({ onHand: 1 })
    const cartId = await shop.fill([{ variantId }])
    const asleep = Promise.withResolvers<void>()
    const orderIds: string[] = []
    const sleeper = await shop.another({
      reached: async (place, orderId) => {
        if (place !== 'coupons-redeemed' || orderIds.length > 0) return
        orderIds.push(orderId)
        await asleep.promise
      },
    })
    const slept = buy(sleeper, cartId).then(verdict, (error: Error) => error.message)
    const orderId = await until(
      async () => orderIds[0] ?? '',
      (id) => id !== '',
    )
    await shop.lapse(orderId)
    await until(() => isSettled(orderId), Boolean)
    assert.equal(verdict(await buy(shop, cartId)), 'placed')
    asleep.resolve()
    assert.match(await slept, /idempotency-key-in-progress|placed/)
    assert.deepEqual(await shop.sandbox.paymentsOf(orderId), [])
    assert.equal(await stateOf(orderId), 'declined')
    await shop.settle()
    assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 1 })
    await holds()
  })

  test('of two who drive one order, the one with the older lease decides nothing', async () => {
    const variantId = await shop.sell({ onHand: 2 })
    const cartId = await shop.fill([{ variantId }])
    const key = newId('key')
    const wakes = { first: Promise.withResolvers<void>(), second: Promise.withResolvers<void>() }
    const reached: string[] = []
    const first = await shop.another({
      reached: async (place, orderId) => {
        if (place !== 'coupons-redeemed') return
        reached.push(orderId)
        await wakes.first.promise
      },
    })
    const second = await shop.another({
      reached: async (place) => {
        if (place !== 'money-asked') return
        reached.push(place)
        await wakes.second.promise
      },
    })
    const slept = buy(first, cartId, { key }).then(verdict, (error: Error) => error.message)
    const orderId = await until(
      async () => reached[0] ?? '',
      (id) => id !== '',
    )
    await shop.rows('update orders.orders set lease_until = now() where id = $1', [orderId])
    const retried = buy(second, cartId, { key })
    await until(
      async () => reached.length,
      (count) => count === 2,
    )
    wakes.first.resolve()
    assert.match(await slept, /idempotency-key-in-progress/)
    assert.equal(await stateOf(orderId), 'placing')
    wakes.second.resolve()
    assert.equal(verdict(await retried), 'placed')
    assert.deepEqual(await buy(shop, cartId, { key }), await retried)
    assert.equal((await shop.sandbox.paymentsOf(orderId)).length, 1)
    await holds()
  })

  test('news of the payment that come while it is still being placed are not forgotten', async () => {
    await shop.sandbox.behave({ webhooks: { drop: true } })
    const cartId = await shop.fill([{ variantId: await shop.sell() }])
    const goesOn = Promise.withResolvers<void>()
    const asked: string[] = []
    const slow = await shop.another({
      reached: async (place, orderId) => {
        if (place !== 'money-asked') return
        asked.push(orderId)
        await goesOn.promise
      },
    })
    const bought = buy(slow, cartId, { token: 'tok_timeout_charged' })
    const orderId = await until(
      async () => asked[0] ?? '',
      (id) => id !== '',
    )
    const found = await shop.payments.reconcile({ orderId })
    assert.equal(found.ok && found.value.payment?.status, 'authorized')
    await until(
      () => shop.timeline(orderId),
      (kinds) => kinds.includes('payment-authorized'),
    )
    goesOn.resolve()
    assert.equal(verdict(await bought), 'awaiting_payment')
    await until(
      () => stateOf(orderId),
      (state) => state === 'placed',
    )
    await shop.sandbox.behave({})
  })
})
