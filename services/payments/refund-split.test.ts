import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Part, splitOverCards, splitRefund } from './refund-split.ts'

/** A refund as it is done: the provider's part is claimed, and what is left to the cards is split when it is booked. */
function refund(amount: number, left: { readonly provider: number; readonly cards: readonly Part[] }) {
  const { provider, giftCards } = splitRefund(amount, left.provider)
  return { provider, cards: splitOverCards(giftCards, left.cards) }
}

const lefts = fc.record({
  provider: fc.nat({ max: 1_000_000 }),
  amounts: fc.array(fc.nat({ max: 1_000_000 }), { maxLength: 5 }),
})
const leftOf = ({ provider, amounts }: { provider: number; amounts: number[] }) => ({
  provider,
  cards: amounts.map((amount, index) => ({ giftCardId: `gift_${index}`, amount })),
})
const sum = (amounts: readonly number[]): number => amounts.reduce((all, one) => all + one, 0)

test('a refund is split without a remainder, the provider first, the last card used first, nobody beyond what it paid', () => {
  fc.assert(
    fc.property(lefts, fc.double({ min: 0, max: 1, noNaN: true }), (given, share) => {
      const all = given.provider + sum(given.amounts)
      const amount = Math.floor(all * share)
      const left = leftOf(given)
      const split = refund(amount, left)
      assert.equal(split.provider + sum(split.cards.map((card) => card.amount)), amount)
      assert.equal(split.provider, Math.min(amount, given.provider))
      const parts = left.cards.map(
        ({ giftCardId }) => split.cards.find((one) => one.giftCardId === giftCardId)?.amount ?? 0,
      )
      for (const [index, part] of parts.entries()) {
        const most = given.amounts[index] ?? 0
        assert.ok(part >= 0 && part <= most)
        // A card gets something only when every card used after it has got all that it paid.
        if (part > 0) assert.deepEqual(parts.slice(index + 1), given.amounts.slice(index + 1))
      }
      assert.ok(split.cards.every((card) => card.amount > 0))
    }),
  )
})

test('splits of one refund after the other end where one refund of all does', () => {
  fc.assert(
    fc.property(lefts, fc.array(fc.nat({ max: 400_000 }), { maxLength: 8 }), (given, wanted) => {
      let left = leftOf(given)
      let refunded = 0
      for (const want of wanted) {
        const amount = Math.min(want, left.provider + sum(left.cards.map((card) => card.amount)))
        const split = refund(amount, left)
        refunded += amount
        left = {
          provider: left.provider - split.provider,
          cards: left.cards.map(({ giftCardId, amount: most }) => ({
            giftCardId,
            amount: most - (split.cards.find((one) => one.giftCardId === giftCardId)?.amount ?? 0),
          })),
        }
      }
      const atOnce = refund(refunded, leftOf(given))
      assert.equal(left.provider, given.provider - atOnce.provider)
      for (const [index, { giftCardId, amount }] of left.cards.entries())
        assert.equal(
          amount,
          (given.amounts[index] ?? 0) - (atOnce.cards.find((one) => one.giftCardId === giftCardId)?.amount ?? 0),
        )
    }),
  )
})

test('more than was paid cannot be split', () => {
  assert.throws(() => refund(11, leftOf({ provider: 5, amounts: [5] })), RangeError)
})
