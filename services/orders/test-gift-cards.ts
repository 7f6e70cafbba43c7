import assert from 'node:assert/strict'
import { newId } from '#kernel/id'
import type { TestShop } from './test-shop.ts'

export const eur = (amount: number) => ({ amount, currency: 'EUR' })

/** Gift cards of a shop, and what its books say of them. */
export function giftCardsOf(shop: TestShop) {
  const read = async (giftCardId: string) => {
    const card = await shop.payments.giftCard({ giftCardId })
    assert.ok(card.ok)
    return card.value
  }
  return {
    async issue(amount: number, { currency = 'EUR', ...more }: { currency?: string; expiresAt?: string } = {}) {
      const issued = await shop.payments.issueGiftCard({ amount: { amount, currency }, ...more }, { key: newId('key') })
      assert.ok(issued.ok, JSON.stringify(issued))
      return issued.value
    },
    balance: async (id: string): Promise<number> => (await read(id)).balance.amount,
    /** What happened to a card, newest first. */
    movements: async (id: string): Promise<string[]> =>
      (await read(id)).movements.map(({ kind, amount }) => `${kind} ${amount.amount}`),
    /** The order's payment: its state, what the provider captured and gave back, and the same of each card. */
    async figures(orderId: string) {
      const found = await shop.payments.find({ orderIds: [orderId] })
      assert.ok(found.ok)
      const [payment] = found.value.items
      if (!payment) return null
      const { status, captured, refunded, giftCards } = payment
      return [
        status,
        captured.amount,
        refunded.amount,
        ...giftCards.map((one) => [one.amount.amount, one.refunded.amount]),
      ]
    },
    /** What the ledger has of an order, in the order in which it was booked: kind, debit, credit, amount. */
    ledger: async (orderId: string): Promise<string[]> =>
      (
        await shop.rows<{ line: string }>(
          `select t.kind || ': ' || string_agg(e.account, ' → ' order by e.amount desc) || ' ' || max(e.amount) as line
           from payments.ledger_transactions t join payments.ledger_entries e on e.transaction_id = t.id
           left join payments.payment_operations o on o.id = t.operation_id
           left join payments.gift_card_movements m on m.id = t.movement_id
           where o.order_id = $1 or m.order_id = $1 group by t.id, t.kind order by min(e.id)`,
          [orderId],
        )
      ).map(({ line }) => line),
    /** Every invariant of orders and payments, once events have arrived. */
    async holds(): Promise<void> {
      await shop.settle()
      const [orders, payments] = await Promise.all([shop.orders.verify({}), shop.payments.verify({})])
      assert.ok(orders.ok && payments.ok)
      const checks = [...orders.value.checks, ...payments.value.checks]
      assert.deepEqual(
        checks.flatMap(({ violations }) => violations),
        [],
      )
    },
  }
}
