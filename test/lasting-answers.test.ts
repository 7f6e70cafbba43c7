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
      const until = performance.now() + 20_000
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

    const page = async (path: string): Promise<string> => (await fetch(`${shop.url}${path}`)).text()
    let pages = 0
    /** One that nobody asked for before. */
    const newPage = (market: string): Promise<string> => page(`${market}/products?min=${(++pages / 100).toFixed(2)}`)
    /** What stands on the card that leads to a product. */
    const card = async (market: string, handle: string) => {
      const text = await newPage(market)
      const [found] =
        new RegExp(`<li class="card[^>]*><a class="card-link" href="${market}/products/${handle}">.*?</li>`).exec(
          text,
        ) ?? []
      const read = (part: string) =>
        new RegExp(`<[a-z]+ class="${part}(?: [^"]*)?">([^<]*)<`).exec(found ?? '')?.[1] ?? null
      return found ? [read('card-title'), read('price-now'), read('price-before'), read('tag')] : null
    }

    test('a card follows its product, its price and its stock, and is another one in another market', async () => {
      const goods = await sell(shop, { handle: 'kept-cup', onHand: 100, prices: { eu: 1_990, us: 2_150 } })
      const { variantId, productId, locationId } = goods
      await untilShown(['Goods kept-cup', '€19.90', null, null], () => card('', 'kept-cup'))
      await untilShown(['Goods kept-cup', '$21.50', null, null], () => card('/us', 'kept-cup'))

      const prices = [{ variantId, market: 'eu', amount: 1_490, compareAtAmount: 1_990 }]
      assert.ok((await shop.client(pricing).setPrices({ productId, prices })).ok)
      await untilShown(['Goods kept-cup', '€14.90', '€19.90', '−25 %'], () => card('', 'kept-cup'))

      const levels = { levels: [{ variantId, locationId, onHand: 0 }], reason: 'count' } as const
      assert.ok((await shop.client(inventory).setLevels(levels)).ok)
      await untilShown(['Goods kept-cup', '€14.90', '€19.90', 'Sold out'], () => card('', 'kept-cup'))
      await untilShown(['Goods kept-cup', '$21.50', null, 'Sold out'], () => card('/us', 'kept-cup'))

      const renamed = {
        handle: 'kept-cup',
        title: 'Cup & <saucer>',
        status: 'active',
        variants: [{ id: variantId }],
      } as const
      assert.ok((await shop.client(catalog).putProduct({ product: renamed })).ok)
      await untilShown(['Cup &amp; &lt;saucer>', '€14.90', '€19.90', 'Sold out'], () => card('', 'kept-cup'))
    })

    test('a facet follows its count, and what surrounds the pages the categories', async () => {
      const count = async (vendor: string) =>
        new RegExp(`<span>${vendor}</span> <span class="count">(\\d+)</span>`).exec(await page('/products'))?.[1] ??
        null
      await sell(shop, { handle: 'kept-bowl', vendor: 'Potter', onHand: 1 })
      await untilShown('1', () => count('Potter'))
      await sell(shop, { handle: 'kept-jug', vendor: 'Potter', onHand: 1 })
      await untilShown('2', () => count('Potter'))

      const category = { handle: 'kept', title: 'Kept things', description: '', position: 0, mediaUrl: null }
      assert.ok((await shop.client(catalog).putCategories({ categories: [category] })).ok)
      // In the head, the menu and the foot.
      await untilShown(3, async () => (await newPage('')).split('/categories/kept">Kept things<').length - 1)
    })

    test('a page lasts until there are news, is another one for who brings a cart, and tells how few are left', async () => {
      const { variantId, productId, locationId } = await sell(shop, {
        handle: 'kept-plate',
        onHand: 100,
        prices: { eu: 1_990 },
      })
      const ask = async (cookie?: string) => {
        const answer = await fetch(`${shop.url}/products/kept-plate`, cookie ? { headers: { cookie } } : {})
        return { etag: answer.headers.get('etag'), text: await answer.text() }
      }
      // Each drawing has a nonce of its own, so that another one has another tag.
      const isKept = async (): Promise<boolean> => {
        const first = await ask()
        await pause(2 * freshMs)
        return first.etag !== null && (await ask()).etag === first.etag
      }
      await untilShown(true, isKept)
      const units = (text: string) => /class="badge">(\d+)</.exec(text)?.[1] ?? null
      assert.equal(units((await ask()).text), null)
      const cookie = `stoa-cart=cart_${'0'.repeat(26)}.7`
      assert.equal(units((await ask(cookie)).text), '7')
      assert.equal(units((await ask()).text), null)

      const prices = [{ variantId, market: 'eu', amount: 1_490, compareAtAmount: null }]
      assert.ok((await shop.client(pricing).setPrices({ productId, prices })).ok)
      await untilShown(true, async () => (await ask()).text.includes('€14.90'))
      const levels = (onHand: number) => ({ levels: [{ variantId, locationId, onHand }], reason: 'count' })
      assert.ok((await shop.client(inventory).setLevels(levels(3))).ok)
      await untilShown(true, async () => (await ask()).text.includes('Only 3 left'))
      assert.equal(await isKept(), false)
    })
  })
}
