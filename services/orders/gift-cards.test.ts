import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { until } from '../payments/test-payments.ts'
import { eur, giftCardsOf } from './test-gift-cards.ts'
import { buy, startShop, type TestShop, verdict } from './test-shop.ts'

/** A mug of 20.00 and 4.90 shipping. */
const total = 2_490

describe('orders paid with gift cards', () => {
  let shop: TestShop
  let cards: ReturnType<typeof giftCardsOf>
  /** What happens just before payments are asked for an order's money. */
  let beforeMoney: () => Promise<void> = async () => undefined
  before(async () => {
    shop = await startShop({
      reached: async (place) => {
        if (place === 'coupons-redeemed') await beforeMoney()
      },
    })
    cards = giftCardsOf(shop)
  })
  after(() => shop?.stop())

  const fill = async (...codes: string[]) =>
    shop.fill([{ variantId: await shop.sell({ onHand: 5 }) }], { giftCards: codes })
  const stateOf = async (orderId: string) =>
    (await shop.rows<{ state: string }>('select state from orders.orders where id = $1', [orderId]))[0]?.state

  test('a card that is worth enough pays it all: no provider is asked, and it is booked', async () => {
    const card = await cards.issue(5_000)
    const bought = await buy(shop, await fill(card.code))
    assert.ok(bought.ok, JSON.stringify(bought))
    const { order, payment } = bought.value
    assert.deepEqual(
      [order.status, payment, order.totals.total, order.giftCards, order.due],
      ['placed', { status: 'captured' }, eur(total), [{ last4: card.last4, amount: eur(total) }], eur(0)],
    )
    assert.equal(await cards.balance(card.id), 2_510)
    assert.deepEqual(await shop.sandbox.paymentsOf(order.id), [])
    const attempts = await shop.payments.attempts({ orderId: order.id })
    assert.deepEqual(attempts.ok && [attempts.value.payments, attempts.value.operations], [[], []])
    assert.deepEqual(await cards.ledger(order.id), ['gift-card-use: gift-cards → customers 2490'])
    const sent = await shop.orders.fulfill({ orderId: order.id }, { key: newId('key') })
    assert.equal(sent.ok && sent.value.status, 'fulfilled')
    await cards.holds()
  })

  test('cards pay in their order, and the provider gets what is due', async () => {
    const [first, second] = [await cards.issue(500), await cards.issue(1_000)]
    const bought = await buy(shop, await fill(second.code, first.code), {
      expectedTotal: eur(total),
      expectedDue: eur(990),
    })
    assert.ok(bought.ok, JSON.stringify(bought))
    const { order, payment } = bought.value
    assert.deepEqual(
      [order.totals.total, order.giftCards, order.due, payment.status],
      [
        eur(total),
        [
          { last4: second.last4, amount: eur(1_000) },
          { last4: first.last4, amount: eur(500) },
        ],
        eur(990),
        'authorized',
      ],
    )
    assert.deepEqual(await cards.figures(order.id), ['authorized', 0, 0, [1_000, 0], [500, 0]])
    assert.deepEqual([await cards.balance(first.id), await cards.balance(second.id)], [0, 0])
    const sent = await shop.orders.fulfill({ orderId: order.id }, { key: newId('key') })
    assert.equal(sent.ok && sent.value.status, 'fulfilled')
    assert.equal((await shop.sandbox.paymentsOf(order.id))[0]?.captured.amount, 990)
    assert.deepEqual(await cards.ledger(order.id), [
      'gift-card-use: gift-cards → customers 1000',
      'gift-card-use: gift-cards → customers 500',
      'capture: provider:sandbox → customers 990',
    ])
    await cards.holds()
  })

  test('a part that is sent takes the provider’s money first, since gift cards have paid', async () => {
    const card = await cards.issue(2_000)
    const variantId = await shop.sell({ onHand: 5 })
    const bought = await buy(shop, await shop.fill([{ variantId, quantity: 2 }], { giftCards: [card.code] }))
    assert.ok(bought.ok)
    const { id, lines } = bought.value.order
    const lineId = lines[0]?.id ?? ''
    const sent = await shop.orders.fulfill({ orderId: id, lines: [{ lineId, quantity: 1 }] }, { key: newId('key') })
    assert.ok(sent.ok, JSON.stringify(sent))
    assert.deepEqual(await cards.figures(id), ['captured', 2_490, 0, [2_000, 0]])
    const rest = await shop.orders.fulfill({ orderId: id }, { key: newId('key') })
    assert.equal(rest.ok && rest.value.status, 'fulfilled')
    await cards.holds()
  })

  test('a declined payment gives the card its money back, once, and the cart lives on', async () => {
    const card = await cards.issue(1_000)
    const cartId = await fill(card.code)
    const key = newId('key')
    assert.equal(verdict(await buy(shop, cartId, { key, token: 'tok_declined' })), 'payments/declined')
    assert.equal(await cards.balance(card.id), 1_000)
    assert.equal(verdict(await buy(shop, cartId, { key, token: 'tok_declined' })), 'payments/declined')
    assert.deepEqual(await cards.movements(card.id), ['return 1000', 'use -1000', 'issue 1000'])
    const bought = await buy(shop, cartId)
    assert.deepEqual(bought.ok && bought.value.order.giftCards, [{ last4: card.last4, amount: eur(1_000) }])
    assert.equal(await cards.balance(card.id), 0)
    await cards.holds()
  })

  test('the same key takes the money once, whatever the number of requests', async () => {
    const card = await cards.issue(5_000)
    const cartId = await fill(card.code)
    const key = newId('key')
    const bought = await buy(shop, cartId, { key })
    assert.equal(verdict(bought), 'placed')
    assert.deepEqual(await buy(shop, cartId, { key }), bought)
    assert.equal(verdict(await buy(shop, cartId)), 'placed')
    assert.deepEqual(await cards.movements(card.id), ['use -2490', 'issue 5000'])
  })

  test('3-D Secure keeps the card’s money while it waits; not confirmed in time, it goes back', async () => {
    const [kept, lost] = [await cards.issue(1_000), await cards.issue(1_000)]
    const confirmed = await buy(shop, await fill(kept.code), { token: 'tok_3ds' })
    assert.ok(confirmed.ok)
    assert.equal(confirmed.value.order.status, 'awaiting_payment')
    assert.equal(await cards.balance(kept.id), 0)
    await shop.sandbox.challenge(confirmed.value.payment.redirectUrl ?? '', 'approve')
    await until(
      () => stateOf(confirmed.value.order.id),
      (state) => state === 'placed',
    )
    assert.equal(await cards.balance(kept.id), 0)

    const waiting = await buy(shop, await fill(lost.code), { token: 'tok_3ds' })
    assert.ok(waiting.ok)
    // Until it is decided whether there is an order, nothing goes back: what the card paid may have to, and as a whole.
    const request = { orderId: waiting.value.order.id, amount: eur(100), reason: 'Too early' }
    const early = await shop.orders.refund(request, { key: newId('key') })
    assert.equal(!early.ok && early.refusal.type, 'payments/nothing-to-refund')
    await shop.overdue(waiting.value.order.id)
    await until(
      () => stateOf(waiting.value.order.id),
      (state) => state === 'expired',
    )
    assert.equal(await cards.balance(lost.id), 1_000)
    assert.deepEqual(await cards.movements(lost.id), ['return 1000', 'use -1000', 'issue 1000'])
    await cards.holds()
  })

  test('while nobody knows what became of the payment, the card’s money stays where it is', async () => {
    await shop.sandbox.behave({ down: true, webhooks: { drop: true } })
    const card = await cards.issue(1_000)
    const bought = await buy(shop, await fill(card.code))
    assert.deepEqual(bought.ok && [bought.value.order.status, bought.value.payment.status], [
      'awaiting_payment',
      'processing',
    ])
    const orderId = bought.ok ? bought.value.order.id : ''
    // The time limit and the provider's minutes are over: the stock goes back, the money waits.
    await shop.overdue(orderId, 10)
    await until(
      () => stateOf(orderId),
      (state) => state === 'expired',
    )
    assert.equal(await cards.balance(card.id), 0)
    await shop.sandbox.behave({})
    await until(
      async () => {
        await shop.lapse(orderId)
        return cards.balance(card.id)
      },
      (balance) => balance === 1_000,
    )
    assert.deepEqual(await shop.sandbox.paymentsOf(orderId), [])
    assert.deepEqual(await cards.movements(card.id), ['return 1000', 'use -1000', 'issue 1000'])
  })

  const ends: Readonly<Record<string, (giftCardId: string) => Promise<unknown>>> = {
    'was turned off': (giftCardId) => shop.payments.updateGiftCard({ giftCardId, disabled: true }),
    'ran out of time': (id) => shop.rows('update payments.gift_cards set expires_at = now() where id = $1', [id]),
  }
  for (const [what, end] of Object.entries(ends))
    test(`a card that ${what} meanwhile refuses the order, and nothing is taken`, async () => {
      const [sound, other] = [await cards.issue(1_000), await cards.issue(1_000)]
      const variantId = await shop.sell({ onHand: 1 })
      const cartId = await shop.fill([{ variantId }], { giftCards: [sound.code, other.code] })
      beforeMoney = async () => void (await end(other.id))
      const refused = await buy(shop, cartId)
      beforeMoney = async () => undefined
      assert.deepEqual(!refused.ok && [refused.refusal.type, refused.refusal.data], [
        'payments/gift-card-short',
        { last4: other.last4 },
      ])
      assert.deepEqual([await cards.balance(sound.id), await cards.balance(other.id)], [1_000, 1_000])
      assert.deepEqual(await cards.movements(sound.id), ['issue 1000'])
      assert.deepEqual(await shop.level(variantId), { onHand: 1, reserved: 0, allocated: 0 })
      const cart = await shop.carts.get({ cartId })
      assert.deepEqual(cart.ok && [cart.value.giftCards.map(({ amount }) => amount.amount), cart.value.due], [
        [1_000, 0],
        eur(1_490),
      ])
      assert.equal(verdict(await buy(shop, cartId)), 'placed')
      await cards.holds()
    })

  test('nobody is charged more than they were shown: less on a card is told before anything happens', async () => {
    const card = await cards.issue(1_000)
    const cartId = await fill(card.code)
    assert.equal(verdict(await buy(shop, await fill(card.code))), 'placed')
    const refused = await buy(shop, cartId, { expectedTotal: eur(total), expectedDue: eur(1_490) })
    assert.deepEqual(!refused.ok && [refused.refusal.type, refused.refusal.data], [
      'orders/price-changed',
      { total: eur(total), due: eur(total) },
    ])
    assert.equal(verdict(await buy(shop, cartId, { expectedDue: eur(total) })), 'placed')
  })

  test('a hundred checkouts on one card: as many as it is worth, and it is never below zero', async () => {
    const card = await cards.issue(7 * total + 100)
    const carts = await Promise.all(Array.from({ length: 100 }, () => fill(card.code)))
    // Each cart was told that the card pays it all: whoever is late is refused, not charged.
    const outcomes = (await Promise.all(carts.map((cartId) => buy(shop, cartId, { expectedDue: eur(0) })))).map(verdict)
    assert.equal(outcomes.filter((one) => one === 'placed').length, 7)
    const late = new Set(outcomes.filter((one) => one !== 'placed'))
    assert.deepEqual([...late.difference(new Set(['payments/gift-card-short', 'orders/price-changed']))], [])
    assert.equal(await cards.balance(card.id), 100)
    assert.equal((await cards.movements(card.id)).filter((one) => one === `use -${total}`).length, 7)
    await cards.holds()
  })
})
