import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { until } from '../payments/test-payments.ts'
import { eur, giftCardsOf } from './test-gift-cards.ts'
import { buy, startShop, type TestShop, verdict } from './test-shop.ts'

describe('money of gift cards that goes back', () => {
  let shop: TestShop
  let cards: ReturnType<typeof giftCardsOf>
  before(async () => {
    shop = await startShop()
    cards = giftCardsOf(shop)
  })
  after(() => shop?.stop())

  /** An order of 24.90, of which cards of `amounts` pay their part. */
  const order = async (...amounts: number[]) => {
    const issued = await Promise.all(amounts.map((amount) => cards.issue(amount)))
    const variantId = await shop.sell({ onHand: 5 })
    const bought = await buy(shop, await shop.fill([{ variantId }], { giftCards: issued.map(({ code }) => code) }))
    assert.ok(bought.ok, JSON.stringify(bought))
    assert.equal(bought.value.order.status, 'placed')
    return { id: bought.value.order.id, cards: issued.map(({ id }) => id), variantId }
  }
  const captured = async (...amounts: number[]) => {
    const made = await order(...amounts)
    const taken = await shop.orders.capture({ orderId: made.id }, { key: newId('key') })
    assert.ok(taken.ok, JSON.stringify(taken))
    return made
  }
  const refund = (orderId: string, amount: number | null, key = newId('key')) =>
    shop.orders.refund({ orderId, ...(amount === null ? {} : { amount: eur(amount) }), reason: 'A scratch' }, { key })
  const cancel = (orderId: string) => shop.orders.cancel({ orderId, reason: 'Sold out' }, { key: newId('key') })
  const balances = (ids: readonly string[]) => Promise.all(ids.map((id) => cards.balance(id)))
  const settled = (orderId: string) =>
    until(
      async () =>
        (
          await shop.rows<{ done: boolean }>('select settled_at is not null as done from orders.orders where id = $1', [
            orderId,
          ])
        )[0]?.done,
      (done) => done === true,
    )

  test('first what the provider took, then the cards, the last one used first', async () => {
    const { id, cards: ids } = await captured(500, 1_000)
    const first = await refund(id, 900)
    assert.ok(first.ok, JSON.stringify(first))
    assert.deepEqual(
      [first.value.refunded, await cards.figures(id)],
      [eur(900), ['captured', 990, 900, [500, 0], [1_000, 0]]],
    )
    const second = await refund(id, 690)
    assert.deepEqual(
      [second.ok && second.value.refunded, await cards.figures(id)],
      [eur(1_590), ['captured', 990, 990, [500, 0], [1_000, 600]]],
    )
    assert.deepEqual(await balances(ids), [0, 600])
    const tooMuch = await refund(id, 901)
    assert.deepEqual(!tooMuch.ok && [tooMuch.refusal.type, tooMuch.refusal.data], [
      'payments/amount-too-large',
      { largest: eur(900) },
    ])
    const rest = await refund(id, null)
    assert.deepEqual(
      [rest.ok && rest.value.refunded, rest.ok && rest.value.actions.includes('refund')],
      [eur(2_490), false],
    )
    assert.deepEqual(await balances(ids), [500, 1_000])
    assert.equal(verdictOf(await refund(id, 1)), 'payments/nothing-to-refund')
    assert.equal((await shop.sandbox.paymentsOf(id))[0]?.refunded.amount, 990)
    assert.deepEqual((await cards.ledger(id)).slice(3), [
      'refund: refunds → provider:sandbox 900',
      'refund: refunds → provider:sandbox 90',
      'gift-card-refund: refunds → gift-cards 600',
      'gift-card-refund: refunds → gift-cards 400',
      'gift-card-refund: refunds → gift-cards 500',
    ])
    await cards.holds()
  })

  const verdictOf = (outcome: { ok: true } | { ok: false; refusal: { type: string } }) =>
    outcome.ok ? 'ok' : outcome.refusal.type

  test('an order that cards paid alone is refunded to them, in parts, once for each key', async () => {
    const { id, cards: ids } = await order(2_000, 5_000)
    const key = newId('key')
    const [one, two] = await Promise.all(
      [refund(id, 600, key), refund(id, 600, key)].map((made) => made.catch(() => null)),
    )
    assert.ok(one?.ok || two?.ok)
    assert.ok((await refund(id, 600, key)).ok)
    assert.deepEqual(await cards.figures(id), ['captured', 0, 0, [2_000, 110], [490, 490]])
    assert.deepEqual(await balances(ids), [110, 5_000])
    await shop.settle()
    const shown = await shop.orders.details({ orderId: id })
    assert.deepEqual(shown.ok && shown.value.order.refunded, eur(600))
    await cards.holds()
  })

  test('twenty refunds of a fifth at once never give back more than was paid, to anyone', async () => {
    const { id } = await captured(500, 1_000)
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => refund(id, 498)))
    const given = outcomes.filter(({ ok }) => ok).length
    assert.ok(given >= 1 && given <= 5, String(given))
    const figures = (await cards.figures(id)) ?? []
    const [, , provider, first, second] = figures as [string, number, number, [number, number], [number, number]]
    assert.equal(provider + first[1] + second[1], given * 498)
    assert.equal((await shop.sandbox.paymentsOf(id))[0]?.refunded.amount, provider)
    await cards.holds()
  })

  test('a refund whose outcome nobody knows gives the cards nothing until it is known', async () => {
    const { id, cards: ids } = await captured(1_000)
    await shop.sandbox.behave({
      faults: [{ kind: 'silent-after', operations: ['refund'], times: 1 }],
      webhooks: { drop: true },
    })
    const key = newId('key')
    assert.equal(verdictOf(await refund(id, 2_000, key)), 'payments/outcome-unknown')
    assert.deepEqual(await balances(ids), [0])
    assert.equal(verdictOf(await refund(id, 100)), 'payments/operation-in-flight')
    await shop.sandbox.behave({})
    const again = await refund(id, 2_000, key)
    assert.ok(again.ok, JSON.stringify(again))
    assert.deepEqual(await cards.figures(id), ['captured', 1_490, 1_490, [1_000, 510]])
    assert.deepEqual(await balances(ids), [510])
    await cards.holds()
  })

  test('cancel after capture gives all back, each to where it came from', async () => {
    const { id, cards: ids, variantId } = await captured(500, 1_000)
    assert.ok((await refund(id, 100)).ok)
    const canceled = await cancel(id)
    assert.ok(canceled.ok, JSON.stringify(canceled))
    await settled(id)
    assert.deepEqual(await cards.figures(id), ['captured', 990, 990, [500, 500], [1_000, 1_000]])
    assert.deepEqual(await balances(ids), [500, 1_000])
    assert.equal((await shop.sandbox.paymentsOf(id))[0]?.refunded.amount, 990)
    await cards.holds()
    assert.deepEqual(await shop.level(variantId), { onHand: 5, reserved: 0, allocated: 0 })
    const shown = await shop.orders.details({ orderId: id })
    assert.deepEqual(shown.ok && shown.value.order.refunded, eur(2_490))
    assert.equal(verdictOf(await refund(id, 1)), 'payments/nothing-to-refund')
  })

  test('cancel before capture releases the bank’s promise and gives the cards their money back', async () => {
    const { id, cards: ids } = await order(1_000)
    assert.ok((await cancel(id)).ok)
    await settled(id)
    assert.deepEqual(await cards.figures(id), ['voided', 0, 0, [1_000, 1_000]])
    assert.deepEqual(await balances(ids), [1_000])
    assert.equal((await shop.sandbox.paymentsOf(id))[0]?.status, 'voided')
    await cards.holds()
  })

  test('cancel of an order that cards paid alone', async () => {
    const { id, cards: ids } = await order(1_000, 2_000)
    assert.ok((await cancel(id)).ok)
    await settled(id)
    assert.deepEqual(await balances(ids), [1_000, 2_000])
    assert.deepEqual(await cards.movements(ids[1] ?? ''), ['refund 1490', 'use -1490', 'issue 2000'])
    // Nobody looks after it any more.
    await until(
      () => shop.rows('select 1 from payments.order_payments where order_id = $1 and look_at is null', [id]),
      ({ length }) => length === 1,
    )
    await cards.holds()
  })

  test('an authorization that lapses leaves the card’s money with the order, until staff cancel it', async () => {
    const { id, cards: ids } = await order(1_000)
    await shop.sandbox.call('POST', '/test/clock', { advanceSeconds: 8 * 24 * 3_600 })
    assert.equal(
      verdictOf(await shop.orders.capture({ orderId: id }, { key: newId('key') })),
      'payments/authorization-lapsed',
    )
    await until(
      async () => (await cards.figures(id))?.[0],
      (status) => status === 'voided',
    )
    assert.deepEqual(await balances(ids), [0])
    assert.equal(
      verdictOf(await shop.orders.fulfill({ orderId: id }, { key: newId('key') })),
      'payments/authorization-lapsed',
    )
    assert.ok((await cancel(id)).ok)
    await settled(id)
    assert.deepEqual(await balances(ids), [1_000])
    await cards.holds()
  })

  test('money that comes late places the order with the card that waited, or goes back with it', async () => {
    for (const stock of ['there', 'gone'] as const) {
      await shop.sandbox.behave({ webhooks: { drop: true } })
      const card = await cards.issue(1_000)
      const variantId = await shop.sell({ onHand: 1 })
      const cartId = await shop.fill([{ variantId }], { giftCards: [card.code] })
      const bought = await buy(shop, cartId, { token: 'tok_timeout_charged' })
      assert.ok(bought.ok)
      const { id } = bought.value.order
      await shop.sandbox.behave({ down: true, webhooks: { drop: true } })
      await shop.overdue(id, 10)
      const stateOf = async () =>
        (await shop.rows<{ state: string }>('select state from orders.orders where id = $1', [id]))[0]?.state
      await until(stateOf, (state) => state === 'expired')
      assert.equal(await cards.balance(card.id), 0)
      if (stock === 'gone') assert.equal(verdict(await buyElsewhere(variantId)), 'awaiting_payment')
      await shop.sandbox.behave({ webhooks: { drop: true } })
      const end = stock === 'there' ? 'placed' : 'canceled'
      await until(
        async () => {
          await shop.lapse(id)
          return stateOf()
        },
        (state) => state === end,
      )
      await settled(id)
      assert.equal(await cards.balance(card.id), stock === 'there' ? 0 : 1_000)
      assert.equal((await shop.sandbox.paymentsOf(id))[0]?.status, stock === 'there' ? 'authorized' : 'voided')
    }
    await shop.sandbox.behave({})
  })

  /** Somebody who buys the last unit while the provider is down. */
  const buyElsewhere = async (variantId: string) => buy(shop, await shop.fill([{ variantId }]))
})
