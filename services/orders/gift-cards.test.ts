import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { until } from '../payments/test-payments.ts'
import { buy, startShop, type TestShop, verdict } from './test-shop.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })

describe('orders paid with gift cards', () => {
  let shop: TestShop
  before(async () => {
    shop = await startShop()
  })
  after(() => shop?.stop())

  const issue = async (amount: number, more: { currency?: string; expiresAt?: string } = {}) => {
    const { currency = 'EUR', ...rest } = more
    const issued = await shop.payments.issueGiftCard({ amount: { amount, currency }, ...rest }, { key: newId('key') })
    assert.ok(issued.ok)
    return issued.value
  }
  const balanceOf = async (id: string): Promise<number> => {
    const card = await shop.payments.giftCard({ giftCardId: id })
    assert.ok(card.ok)
    return card.value.balance.amount
  }
  const movementsOf = async (id: string): Promise<[string, number][]> => {
    const card = await shop.payments.giftCard({ giftCardId: id })
    assert.ok(card.ok)
    return card.value.movements.map(({ kind, amount }) => [kind, amount.amount])
  }
  const paymentOf = async (orderId: string) => {
    const found = await shop.payments.find({ orderIds: [orderId] })
    assert.ok(found.ok && found.value.items[0])
    return found.value.items[0]
  }
  const ledger = async (orderId: string): Promise<string[]> =>
    (
      await shop.rows<{ line: string }>(
        `select t.kind || ' ' || e.account || ' ' || e.amount as line
         from payments.ledger_transactions t join payments.ledger_entries e on e.transaction_id = t.id
         left join payments.payment_operations o on o.id = t.operation_id
         left join payments.gift_card_movements m on m.id = t.movement_id
         where o.order_id = $1 or m.order_id = $1 order by t.occurred_at, t.id, e.id`,
        [orderId],
      )
    ).map(({ line }) => line)
  const holds = async (): Promise<void> => {
    await shop.settle()
    const [orders, payments] = await Promise.all([shop.orders.verify({}), shop.payments.verify({})])
    assert.ok(orders.ok && payments.ok)
    assert.deepEqual(
      [...orders.value.checks, ...payments.value.checks].flatMap(({ violations }) => violations),
      [],
    )
  }

  test('a card that is worth enough pays it all: nobody else is asked, and it is booked', async () => {
    const card = await issue(5_000)
    const cartId = await shop.fill([{ variantId: await shop.sell() }], { giftCards: [card.code] })
    const bought = await buy(shop, cartId)
    assert.ok(bought.ok, JSON.stringify(bought))
    const { order, payment } = bought.value
    assert.deepEqual(
      [order.status, payment, order.totals.total, order.giftCards, order.due],
      ['placed', { status: 'captured' }, eur(2_490), [{ last4: card.last4, amount: eur(2_490) }], eur(0)],
    )
    assert.equal(await balanceOf(card.id), 2_510)
    assert.deepEqual(await shop.sandbox.paymentsOf(order.id), [])
    const attempts = await shop.payments.attempts({ orderId: order.id })
    assert.deepEqual(attempts.ok && attempts.value.payments, [])
    assert.deepEqual(await ledger(order.id), ['gift-card-use gift-cards 2490', 'gift-card-use customers -2490'])
    await holds()
  })
})
