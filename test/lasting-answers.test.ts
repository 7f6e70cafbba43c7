import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { catalog } from '#contracts/catalog'
import { inventory } from '#contracts/inventory'
import { pricing } from '#contracts/pricing'
import { freshMs } from '#kernel/shared-answers'
import { sell } from './goods.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

// What is changed here is changed past the public door, as by another copy of it: all that this door hears of it are news.

for (const shape of shapes) {
  describe(`answers that last, in the shape "${shape}"`, () => {
    let shop: TestShop
    before(async () => {
      shop = await startShop(shape)
    })
    after(async () => {
      await shop?.stop()
    })

    const product = async (handle: string) => {
      const { status, body } = await shop.api('GET', `/api/products/${handle}`)
      const [variant] = body.variants ?? []
      return status === 200
        ? { title: body.title, price: variant.price.amount, available: variant.available, left: variant.lowStock }
        : status
    }
    const listed = async (handle: string) => {
      const { body } = await shop.api('GET', '/api/products?limit=100')
      const found = body.items.find((one: { handle: string }) => one.handle === handle)
      return found ? { price: found.priceFrom.amount, available: found.available } : null
    }
    /** Asks as shoppers do, until it is the expected answer, for as long as a busy machine may take to tell. */
    const untilShown = async (expected: unknown, ask: () => Promise<unknown>): Promise<void> => {
      const until = performance.now() + 8_000
      let shown = await ask()
      while (JSON.stringify(shown) !== JSON.stringify(expected) && performance.now() < until) {
        await pause(50)
        shown = await ask()
      }
      assert.deepEqual(shown, expected)
    }

    test('a price, a title, stock and retirement are seen by who asks all the time and by who comes back', async () => {
      const goods = await sell(shop, { handle: 'kept-mug', onHand: 100, prices: { eu: 1_990 } })
      const { variantId, productId, locationId } = goods
      const first = { title: 'Goods kept-mug', price: 1_990, available: true, left: null }
      const ask = () => product('kept-mug')
      await untilShown(first, ask)
      await untilShown({ price: 1_990, available: true }, () => listed('kept-mug'))
      // Longer than what nobody confirms may be used.
      await pause(2 * freshMs)
      assert.deepEqual(await ask(), first)

      const prices = [{ variantId, market: 'eu', amount: 1_490, compareAtAmount: null }]
      assert.ok((await shop.client(pricing).setPrices({ productId, prices })).ok)
      await untilShown({ ...first, price: 1_490 }, ask)
      await untilShown({ price: 1_490, available: true }, () => listed('kept-mug'))

      const levels = (onHand: number) => ({ levels: [{ variantId, locationId, onHand }], reason: 'count' })
      assert.ok((await shop.client(inventory).setLevels(levels(3))).ok)
      await untilShown({ ...first, price: 1_490, left: 3 }, ask)
      assert.ok((await shop.client(inventory).setLevels(levels(0))).ok)
      await untilShown({ ...first, price: 1_490, available: false }, ask)
      await untilShown({ price: 1_490, available: false }, () => listed('kept-mug'))

      const as = (change: object) => ({ handle: 'kept-mug', title: 'Kept', variants: [{ id: variantId }], ...change })
      assert.ok((await shop.client(catalog).putProduct({ product: as({ status: 'active' }) })).ok)
      await untilShown('Kept', async () => ((await ask()) as { title?: string }).title)
      assert.ok((await shop.client(catalog).putProduct({ product: as({ status: 'archived' }) })).ok)
      await untilShown(410, ask)
      await untilShown(null, () => listed('kept-mug'))
    })
  })
}
