import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { untilMinuteHasRoom } from '../../test/rate-window.ts'
import { type CartShop, startCartShop } from './test-shop.ts'

/** As the contract says. */
const guessesAtMost = 20

suite('who guesses coupon codes', () => {
  let shop: CartShop
  let variantId: string
  before(async () => {
    shop = await startCartShop('plain')
    variantId = await shop.sell()
    await shop.promote('GOODCODE')
  })
  after(() => shop.host.stop())

  test('has as few guesses through new carts as through an old one, also when all are sent at once', async () => {
    const lines = [{ variantId, quantity: 1 }]
    const { id } = await shop.create({ lines })
    await untilMinuteHasRoom()

    // What is no guess costs nothing: right codes, and what is refused for another reason.
    for (let n = 0; n < guessesAtMost + 5; n++) {
      assert.equal((await shop.api('POST', '/api/carts', { lines, couponCodes: ['GOODCODE'] })).status, 201)
      const unknown = [{ variantId: 'variant_none', quantity: 1 }]
      assert.equal((await shop.api('POST', '/api/carts', { lines: unknown, couponCodes: ['GOODCODE'] })).status, 404)
    }

    const guesses = await Promise.all(
      Array.from({ length: 30 }, (_, n) => [
        shop.api('POST', '/api/carts', { lines, couponCodes: [`GUESS-${n}`] }),
        shop.api('PATCH', `/api/carts/${id}`, { couponCodes: [`TRY-${n}`] }),
      ]).flat(),
    )
    const told = guesses.filter(({ status }) => status === 422)
    const limited = guesses.filter(({ status }) => status === 429)
    assert.deepEqual([told.length, limited.length], [guessesAtMost, 60 - guessesAtMost])
    assert.ok(limited.every(({ headers }) => Number(headers.get('retry-after')) >= 1))

    for (const [method, path] of [
      ['POST', '/api/carts'],
      ['PATCH', `/api/carts/${id}`],
    ] as const) {
      const right = await shop.api(method, path, { couponCodes: ['GOODCODE'] })
      assert.deepEqual([right.status, right.body.type], [429, '/problems/rate-limited'])
      const without = await shop.api(method, path, { email: 'ada@example.com' })
      assert.ok(without.status < 300, 'whoever sends no code is not kept out')
    }
    assert.deepEqual((await shop.get(id)).coupons, [])
  })
})
