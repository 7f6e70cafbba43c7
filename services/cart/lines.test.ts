import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { newId } from '#kernel/id'
import { money } from '#kernel/money'
import { berlin, type CartShop, startCartShop } from './test-shop.ts'

for (const shape of ['plain', 'strict'] as const) {
  suite(`lines, ${shape}`, () => {
    let shop: CartShop
    before(async () => {
      shop = await startCartShop(shape)
    })
    after(() => shop.host.stop())

    test('a variant that is in the cart already gets more units, in one line', async () => {
      const [mug, bowl] = [await shop.sell(), await shop.sell()]
      const cart = await shop.create({
        lines: [
          { variantId: mug, quantity: 1 },
          { variantId: bowl, quantity: 1 },
          { variantId: mug, quantity: 2 },
        ],
      })
      const { body } = await shop.api('POST', `/api/carts/${cart.id}/lines`, { variantId: mug, quantity: 4 })
      const units = (lines: { variantId: string; quantity: number }[]) =>
        lines.map((line) => [line.variantId, line.quantity])
      assert.deepEqual(units(cart.lines), [
        [mug, 3],
        [bowl, 1],
      ])
      assert.deepEqual(units(body.lines), [
        [mug, 7],
        [bowl, 1],
      ])
      assert.equal(body.lines[0].id, cart.lines[0].id)
    })

    test('quantities are set and lines taken out; the same again is no mistake, a line that never was is', async () => {
      const variantId = await shop.sell()
      const cart = await shop.create({ lines: [{ variantId, quantity: 1 }] })
      const path = `/api/carts/${cart.id}/lines/${cart.lines[0].id}`
      for (let time = 0; time < 2; time++) {
        const { status, body } = await shop.api('PATCH', path, { quantity: 5 })
        assert.deepEqual([status, body.lines[0].quantity, body.version], [200, 5, 2])
      }
      for (let time = 0; time < 2; time++) {
        const { status, body } = await shop.api('DELETE', path)
        assert.deepEqual([status, body.lines, body.version], [200, [], 3])
      }
      for (const [method, body] of [
        ['PATCH', { quantity: 1 }],
        ['DELETE', undefined],
      ] as const) {
        const answer = await shop.api(method, `/api/carts/${cart.id}/lines/${newId('line')}`, body)
        assert.deepEqual([answer.status, answer.body.type], [404, '/problems/cart/unknown-line'])
      }
      const gone = await shop.api('PATCH', path, { quantity: 1 })
      assert.deepEqual([gone.status, gone.body.type], [404, '/problems/cart/unknown-line'])
    })

    test('changes that meet all count: ten tabs put in ten goods and one more of one', async () => {
      const variants = await Promise.all(Array.from({ length: 10 }, () => shop.sell()))
      const [first] = variants
      const cart = await shop.create()
      const answers = await Promise.all(
        [...variants, first].map((variantId) =>
          shop.api('POST', `/api/carts/${cart.id}/lines`, { variantId, quantity: 1 }),
        ),
      )
      assert.deepEqual(
        answers.map(({ status }) => status),
        answers.map(() => 200),
      )
      const { lines, version } = await shop.get(cart.id)
      assert.equal(version, 12)
      assert.deepEqual(
        lines.map((line: { variantId: string; quantity: number }) => [line.variantId, line.quantity]).sort(),
        variants.map((variantId) => [variantId, variantId === first ? 2 : 1]).sort(),
      )
    })

    test('less stock than wanted is said early; back-orders and what is not counted are not short', async () => {
      const few = await shop.sell({ onHand: 2 })
      const later = await shop.sell({ onHand: 0, inventoryPolicy: 'continue' })
      const never = await shop.sell({ onHand: 0, inventoryTracked: false })
      const lines = (quantity: number) => [few, later, never].map((variantId) => ({ variantId, quantity }))
      const short = (cart: { lines: { short: boolean }[] }) => cart.lines.map((line) => line.short)
      assert.deepEqual(short(await shop.create({ lines: lines(2) })), [false, false, false])
      assert.deepEqual(short(await shop.create({ lines: lines(3) })), [true, false, false])
    })

    test('what is no longer sold stays in the cart, costs nothing, and is refused at checkout', async () => {
      const kept = await shop.sell({ prices: { eu: 1_000 } })
      const ways: Record<string, (variantId: string) => unknown> = {
        archived: (variantId) => shop.change(variantId, { active: false }),
        forgotten: (variantId) => shop.change(variantId, null),
        unpriced: (variantId) => shop.setPrice(variantId, 'eu', null),
      }
      for (const [name, end] of Object.entries(ways)) {
        const ended = await shop.sell({ prices: { eu: 5_000 }, title: 'Bowl', handle: 'bowl' })
        const cart = await shop.create({
          lines: [
            { variantId: kept, quantity: 1 },
            { variantId: ended, quantity: 1 },
          ],
          email: 'ada@example.com',
          shippingAddress: berlin,
        })
        await end(ended)
        const later = await shop.get(cart.id)
        assert.equal(later.totals.items.amount, 1_000, name)
        assert.deepEqual(later.missing, ['lines'])
        assert.partialDeepStrictEqual(later.lines[1], {
          title: 'Bowl',
          handle: 'bowl',
          quantity: 1,
          sold: false,
          short: true,
          total: money(0, 'EUR'),
        })
        const refused = await shop.snapshot(cart.id)
        assert.partialDeepStrictEqual(refused, {
          type: name === 'unpriced' ? 'pricing/not-sold-here' : 'cart/unknown-variant',
          data: { field: 'lines/1/variantId' },
        })
        const { status } = await shop.api('PATCH', `/api/carts/${cart.id}`, { email: 'eve@example.com' })
        assert.equal(status, 200)
        const { body } = await shop.api('DELETE', `/api/carts/${cart.id}/lines/${cart.lines[1].id}`)
        assert.deepEqual(body.missing, [])
      }
    })
  })
}
