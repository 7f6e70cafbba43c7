import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { inventory } from '#contracts/inventory'
import { pricing } from '#contracts/pricing'
import { search } from '#contracts/search'
import type { Client } from '#kernel/client'
import type { Input, Output } from '#kernel/contract'
import { newId } from '#kernel/id'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { inventoryService } from '../inventory/service.ts'
import { pricingService } from '../pricing/service.ts'
import { searchService } from './service.ts'
import { catalogInMemory, europe, product, testCatalog } from './test-catalog.ts'

type List = typeof search.operations.products
type Listing = Output<List>

const settings = {
  inventory: { lowStock: 2 },
  pricing: {
    markets: [
      europe,
      {
        code: 'us',
        name: 'USA',
        currency: 'USD',
        locale: 'en-US',
        countries: ['US'],
        taxIncluded: false,
        taxZones: [],
      },
    ],
  },
}
const categories = [
  { handle: 'cups', title: 'Cups & mugs', description: '', position: 1, mediaUrl: null },
  { handle: 'lamps', title: 'Lamps', description: '', position: 2, mediaUrl: null },
]

for (const shape of ['plain', 'strict'] as const) {
  let host: TestHost
  let find: Client<typeof search>
  const { catalogService, kept, hooks } = catalogInMemory(categories)

  before(async () => {
    host = await startTestHost([catalogService, pricingService, inventoryService, searchService], { shape, settings })
    find = host.client(search)
  })
  after(() => host.stop())

  type Goods = ReturnType<typeof product>
  const put = async (...products: Goods[]) => {
    accepted(await host.client(testCatalog).put({ products }))
  }
  const price = async (goods: Goods, amounts: Record<string, number | null>, compareAtAmount: number | null = null) => {
    const prices = goods.variants.flatMap(({ id: variantId }) =>
      Object.entries(amounts).map(([market, amount]) => ({ variantId, market, amount, compareAtAmount })),
    )
    accepted(await host.client(pricing).setPrices({ productId: goods.id, prices }))
  }
  const count = async (goods: Goods, onHand: number) => {
    const levels = goods.variants.map(({ id: variantId }) => ({ variantId, locationId: null, onHand }))
    accepted(await host.client(inventory).setLevels({ levels, reason: 'test' }))
  }
  /** Puts goods on sale in Europe, one at a time so that they are new in this order. */
  const sell = async (...goods: [Goods, amount: number, onHand?: number][]) => {
    await put(...goods.map(([one]) => one))
    for (const [one, amount, onHand = 10] of goods) {
      await price(one, { eu: amount })
      await count(one, onHand)
    }
    await host.settle()
  }
  const list = async (input: Input<List>): Promise<Listing> => accepted(await find.products(input))
  const titles = async (input: Input<List>) => (await list(input)).items.map(({ title }) => title)
  const facet = (listing: Listing, key: string) =>
    Object.fromEntries(
      listing.facets.find((one) => one.key === key)?.values.map(({ value, count: n }) => [value, n]) ?? [],
    )
  const everyPage = async (input: Input<List>): Promise<string[]> => {
    const found: string[] = []
    let cursor: { cursor?: string } | null = {}
    while (cursor) {
      const page: Listing = await list({ ...input, ...cursor })
      found.push(...page.items.map(({ title }) => title))
      cursor = page.nextCursor === null ? null : { cursor: page.nextCursor }
    }
    return found
  }

  test(`${shape}: a card shows the lowest price, pictures, and whether something can be had`, async () => {
    const media = (url: string, alt: string) => ({
      id: newId('media'),
      url,
      sourceUrl: null,
      alt,
      width: 1,
      height: 1,
    })
    const mug = product({
      title: 'Harbor Mug',
      handle: 'harbor-mug',
      vendor: 'Kiln & Co',
      variants: [{ options: { Color: 'Blue' } }, { options: { Color: 'Red' } }],
      media: [media('/media/1', ''), media('/media/2', 'From behind')],
      categories: ['card'],
    })
    await put(mug)
    const [blue, red] = mug.variants.map(({ id }) => id) as [string, string]
    const prices = [
      { variantId: blue, market: 'eu', amount: 2_000, compareAtAmount: null },
      { variantId: red, market: 'eu', amount: 1_500, compareAtAmount: 1_900 },
      { variantId: red, market: 'us', amount: 1_700, compareAtAmount: null },
    ]
    accepted(await host.client(pricing).setPrices({ productId: mug.id, prices }))
    await host.settle()
    const card = {
      id: mug.id,
      handle: 'harbor-mug',
      title: 'Harbor Mug',
      vendor: 'Kiln & Co',
      imageUrl: '/media/1',
      imageAlt: 'Harbor Mug',
      secondImageUrl: '/media/2',
      priceFrom: { amount: 1_500, currency: 'EUR' },
      priceVaries: true,
      compareAtPrice: { amount: 1_900, currency: 'EUR' },
      available: false,
      variantId: null,
      variantCount: 2,
    }
    assert.deepEqual((await list({ category: 'card' })).items, [card])
    await count(mug, 1)
    await host.settle()
    assert.deepEqual((await list({ category: 'card', market: 'eu' })).items, [{ ...card, available: true }])
    assert.deepEqual((await list({ category: 'card', market: 'us' })).items, [
      {
        ...card,
        priceFrom: { amount: 1_700, currency: 'USD' },
        priceVaries: false,
        compareAtPrice: null,
        available: true,
        variantId: red,
        variantCount: 1,
      },
    ])
  })

  test(`${shape}: what is not sold, or not here, is not listed; what is sold out is, and marked`, async () => {
    const base = { categories: ['shown'] }
    const draft = product({ ...base, title: 'Draft', status: 'draft' })
    const american = product({ ...base, title: 'American' })
    const soldOut = product({ ...base, title: 'Sold out' })
    const toOrder = product({ ...base, title: 'To order', variants: [{ inventoryPolicy: 'continue' }] })
    const uncounted = product({ ...base, title: 'Uncounted', variants: [{ inventoryTracked: false }] })
    await sell([draft, 100], [soldOut, 100, 0], [toOrder, 100, 0], [uncounted, 100, 0])
    await put(american)
    await price(american, { us: 100 })
    await host.settle()
    const shown = await list({ category: 'shown', sort: 'title' })
    assert.deepEqual(
      shown.items.map(({ title, available }) => [title, available]),
      [
        ['Sold out', false],
        ['To order', true],
        ['Uncounted', true],
      ],
    )
    assert.deepEqual(await titles({ category: 'shown', sort: 'title', inStock: true }), ['To order', 'Uncounted'])
    assert.deepEqual(await titles({ category: 'shown', market: 'us' }), ['American'])
    assert.deepEqual(await titles({ category: 'nowhere' }), [])
  })

  test(`${shape}: a listing follows what changes: words, prices, stock, retirement and return`, async () => {
    const lamp = product({ title: 'Reading Lamp', categories: ['follow'] })
    await sell([lamp, 4_000, 1])
    await put({ ...lamp, title: 'Bedside Lantern', version: 2 })
    await price(lamp, { eu: 3_500 })
    accepted(
      await host.client(inventory).reserve({
        orderId: `order ${lamp.id}`,
        lines: [{ variantId: lamp.variants[0]?.id ?? '', quantity: 1, backorder: false }],
      }),
    )
    await host.settle()
    const [card] = (await list({ category: 'follow' })).items
    assert.deepEqual([card?.title, card?.priceFrom.amount, card?.available], ['Bedside Lantern', 3_500, false])
    assert.deepEqual(await titles({ category: 'follow', q: 'reading' }), [])
    assert.deepEqual(await titles({ category: 'follow', q: 'lantern' }), ['Bedside Lantern'])
    await price(lamp, { eu: null })
    await host.settle()
    assert.deepEqual(await titles({ category: 'follow' }), [])
    await price(lamp, { eu: 3_000 })
    await put({ ...lamp, status: 'archived', version: 3 })
    await host.settle()
    assert.deepEqual(await titles({ category: 'follow' }), [])
    assert.deepEqual((await list({ category: 'follow' })).facets, [])
    await put({ ...lamp, version: 4, categories: ['follow', 'again'] })
    await host.settle()
    assert.deepEqual(await titles({ category: 'again' }), ['Reading Lamp'])
  })

  test(`${shape}: what was read earlier never overwrites what was read later`, async () => {
    const mug = product({ title: 'Old name', categories: ['late'] })
    await sell([mug, 1_000])
    // The first reading is answered with the old product, and arrives after the second one has been written.
    const reached = Promise.withResolvers<void>()
    const letGo = Promise.withResolvers<void>()
    hooks.beforeAnswer = async () => {
      hooks.beforeAnswer = async () => undefined
      reached.resolve()
      await letGo.promise
    }
    await put({ ...mug, version: 2 })
    await reached.promise
    kept.set(mug.id, { ...mug, title: 'New name', version: 3 })
    accepted(await find.reindex({}))
    letGo.resolve()
    await host.settle()
    assert.deepEqual(await titles({ category: 'late' }), ['New name'])
  })

  test(`${shape}: news tell what changed since, everything to who asks first, and when events come late`, async () => {
    const news = async (place: number | null) => accepted(await find.news({ place }))
    await host.settle()
    const first = await news(null)
    assert.deepEqual([first.productIds, first.complete], [[], false])
    const [mug, cup] = [product({ title: 'News' }), product({ title: 'Nothing new' })]
    await sell([mug, 500])
    const second = await news(first.place)
    assert.deepEqual([second.productIds, second.complete], [[mug.id], true])
    assert.ok(second.place > first.place)
    assert.deepEqual((await news(second.place)).productIds, [])
    assert.equal((await news(second.place + 1_000)).complete, false)

    hooks.beforeAnswer = async () => void (await pause(600))
    await sell([cup, 500])
    hooks.beforeAnswer = async () => undefined
    const third = await news(second.place)
    assert.deepEqual([third.productIds, third.late], [[cup.id], true])
    await pause(1_100)
    assert.equal((await news(second.place)).late, false)
  })

  test(`${shape}: stock that is counted before its product is heard of is not missed`, async () => {
    const mug = product({ title: 'Early', categories: ['early'] })
    accepted(await host.client(testCatalog).put({ products: [mug], silently: true }))
    await price(mug, { eu: 500 })
    await count(mug, 3)
    await host.settle()
    const { items } = await list({ category: 'early' })
    assert.deepEqual(
      items.map(({ title, available }) => [title, available]),
      [['Early', true]],
    )
  })

  test(`${shape}: words are found whatever their form, accents or place; the title counts most`, async () => {
    const q = (words: string) => titles({ category: 'words', q: words })
    await sell(
      [
        product({ title: 'Enamel Mug', categories: ['words'], descriptionHtml: '<p>For a <b>campfire</b>.</p>' }),
        1_000,
      ],
      [product({ title: 'Café Crème Glasses', categories: ['words'], tags: ['Kitchen'] }), 2_000],
      [product({ title: 'Weinglas', categories: ['words'], vendor: 'Glashütte Süd', productType: 'Gläser' }), 3_000],
      [
        product({
          title: 'Tray',
          categories: ['words'],
          descriptionHtml: 'Carries every mug &amp; glass, 100&#37; oak',
        }),
        4_000,
      ],
    )
    assert.deepEqual(await q('mugs'), ['Enamel Mug', 'Tray'])
    assert.deepEqual(await q('MUG enamel'), ['Enamel Mug'])
    assert.deepEqual(await q('cafe creme glass'), ['Café Crème Glasses'])
    assert.deepEqual(await q('kitchen'), ['Café Crème Glasses'])
    assert.deepEqual(await q('Weingläser'), ['Weinglas'])
    assert.deepEqual(await q('glashutte'), ['Weinglas'])
    assert.deepEqual(await q('campfires'), ['Enamel Mug'])
    assert.deepEqual(await q('the mug of a campfire'), ['Enamel Mug'])
    assert.deepEqual(await q('b'), [], 'tags of HTML are no words')
    assert.deepEqual(await q("'; drop table listings; --"), [])
    assert.deepEqual(await q('!!!'), [])
    assert.equal((await q('   ')).length, 4)
  })

  test(`${shape}: a mistyped word is corrected, and it says so; a word that is like nothing finds nothing`, async () => {
    await sell(
      [product({ title: 'Wooden Chair', categories: ['typos'] }), 1_000],
      [product({ title: 'Teapot', categories: ['typos'] }), 2_000],
    )
    const ask = async (q: string) => {
      const { items, correctedQuery } = await list({ category: 'typos', q })
      return [items.map(({ title }) => title), correctedQuery]
    }
    assert.deepEqual(await ask('chair'), [['Wooden Chair'], null])
    assert.deepEqual(await ask('chiar'), [['Wooden Chair'], 'chair'])
    assert.deepEqual(await ask('Woodn chairs'), [['Wooden Chair'], 'wooden chairs'])
    assert.deepEqual(await ask('teepott'), [['Teapot'], 'teapot'])
    assert.deepEqual(await ask('xylophone'), [[], null])
    assert.deepEqual(await ask('xylophone chiar'), [[], null])
    assert.deepEqual(await ask('wooden teapot'), [[], null], 'both are words')
    assert.deepEqual(await ask('chiar '.repeat(33)), [[], null], 'a text is no typing error')
  })

  test(`${shape}: an attribute stands before an option of the same name`, async () => {
    await sell(
      [
        product({
          title: 'Mug of two blues',
          categories: ['blues'],
          attributes: { Color: ['Blue'] },
          variants: [{ options: { Color: 'Ink' } }, { options: { Color: 'Sky' } }],
        }),
        1_000,
      ],
      [product({ title: 'Mug of one', categories: ['blues'], variants: [{ options: { Color: 'Ink' } }] }), 1_000],
    )
    assert.deepEqual(facet(await list({ category: 'blues' }), 'color'), { Blue: 1, Ink: 1 })
  })

  test(`${shape}: several values of a key mean any, several keys all; a facet is counted without its own filter`, async () => {
    const shirt = (title: string, color: string, sizes: string[], material: string) =>
      product({
        title,
        categories: ['shirts'],
        vendor: 'Loom',
        productType: title === 'Polo' ? 'Polo' : 'T-Shirt',
        attributes: { Material: [material] },
        variants: sizes.map((size) => ({ options: { Color: color, 'Shirt Size': size } })),
      })
    await sell(
      [shirt('Plain', 'Red', ['S', 'M'], 'Cotton'), 1_000],
      [shirt('Striped', 'Blue', ['M', 'L'], 'Cotton'), 2_000],
      [shirt('Fancy', 'Blue', ['S'], 'Linen'), 3_000],
      [shirt('Polo', 'Green', ['M'], 'Linen'), 4_000, 0],
    )
    const ask = (input: Input<List>) => list({ category: 'shirts', sort: 'price-asc', ...input })
    const all = await ask({})
    assert.deepEqual(facet(all, 'color'), { Blue: 2, Red: 1, Green: 1 })
    assert.deepEqual(facet(all, 'shirt-size'), { M: 3, S: 2, L: 1 })
    assert.deepEqual(facet(all, 'material'), { Cotton: 2, Linen: 2 })
    assert.deepEqual(facet(all, 'vendor'), { Loom: 4 })
    assert.deepEqual(facet(all, 'type'), { 'T-Shirt': 3, Polo: 1 })
    assert.deepEqual(
      all.facets.map(({ key, title }) => [key, title]).find(([key]) => key === 'shirt-size'),
      ['shirt-size', 'Shirt Size'],
    )
    assert.deepEqual(all.priceRange, {
      min: { amount: 1_000, currency: 'EUR' },
      max: { amount: 4_000, currency: 'EUR' },
    })

    const blue = await ask({ filter: { color: 'blue' } })
    assert.deepEqual(
      blue.items.map(({ title }) => title),
      ['Striped', 'Fancy'],
    )
    assert.deepEqual(facet(blue, 'color'), { Blue: 2, Red: 1, Green: 1 }, 'another color can still be chosen')
    assert.deepEqual(facet(blue, 'material'), { Cotton: 1, Linen: 1 })
    assert.deepEqual(facet(blue, 'shirt-size'), { L: 1, M: 1, S: 1 })
    assert.deepEqual(
      blue.facets.find(({ key }) => key === 'color')?.values.filter(({ selected }) => selected),
      [{ value: 'Blue', count: 2, selected: true }],
    )

    const two = await ask({ filter: { Color: ['Red', 'BLUE'], material: 'cotton' } })
    assert.deepEqual(
      two.items.map(({ title }) => title),
      ['Plain', 'Striped'],
    )
    assert.deepEqual(facet(two, 'color'), { Blue: 1, Red: 1 })
    assert.deepEqual(facet(two, 'material'), { Cotton: 2, Linen: 1 })
    assert.deepEqual(facet(two, 'shirt-size'), { M: 2, L: 1, S: 1 })

    const cheap = await ask({ priceMax: 3_000, priceMin: 1_500 })
    assert.deepEqual(
      cheap.items.map(({ title }) => title),
      ['Striped', 'Fancy'],
    )
    assert.deepEqual(facet(cheap, 'color'), { Blue: 2 })
    assert.deepEqual(cheap.priceRange, all.priceRange, 'a slider keeps its ends')

    const inStock = await ask({ inStock: true, filter: { material: 'linen' } })
    assert.deepEqual(facet(inStock, 'color'), { Blue: 1 })
    assert.deepEqual(facet(inStock, 'material'), { Cotton: 2, Linen: 1 })

    const found = await ask({ q: 'striped', filter: { color: 'red' } })
    assert.deepEqual(found.items, [])
    assert.deepEqual(facet(found, 'color'), { Blue: 1 })

    assert.equal((await ask({ priceMin: 0, priceMax: 1e300 })).items.length, 4)
    for (const nothing of [{ color: 'violet' }, { nonsense: 'red' }]) {
      const { items, priceRange } = await ask({ filter: nothing })
      assert.deepEqual([items, priceRange], [[], null])
    }
  })

  test(`${shape}: every sort pages through everything once, also where keys are equal`, async () => {
    const goods = Array.from({ length: 7 }, (_, n): [Goods, number] => [
      product({ title: `Bowl ${n % 2 === 0 ? 'even' : 'odd'}`, handle: `bowl-${shape}-${n}`, categories: ['paged'] }),
      n < 4 ? 1_000 : 2_000,
    ])
    await sell(...goods)
    const order = async (sort: 'newest' | 'price-asc' | 'price-desc' | 'title' | 'relevance', q?: string) => {
      const input = { category: 'paged', sort, ...(q ? { q } : {}) }
      const whole = await list({ ...input, limit: 100 })
      assert.equal(whole.items.length, 7)
      const handles: string[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const page: Listing = await list({ ...input, limit: 2, ...(cursor ? { cursor } : {}) })
        handles.push(...page.items.map(({ handle }) => handle))
        cursor = page.nextCursor
      }
      assert.deepEqual(
        handles,
        whole.items.map(({ handle }) => handle),
        sort,
      )
      return whole.items
    }
    assert.deepEqual(
      (await order('newest')).map(({ handle }) => handle),
      goods.map(([{ handle }]) => handle).toReversed(),
    )
    assert.deepEqual(await order('relevance'), await order('newest'))
    const amounts = (await order('price-asc')).map(({ priceFrom }) => priceFrom.amount)
    assert.deepEqual(amounts, [1_000, 1_000, 1_000, 1_000, 2_000, 2_000, 2_000])
    assert.deepEqual(
      (await order('price-desc')).map(({ priceFrom }) => priceFrom.amount),
      amounts.toReversed(),
    )
    assert.deepEqual(
      (await order('title')).map(({ title }) => title.slice(5)),
      ['even', 'even', 'even', 'even', 'odd', 'odd', 'odd'],
    )
    await order('relevance', 'bowls')
    assert.equal((await everyPage({ category: 'paged', q: 'bwol', limit: 3 })).length, 7, 'corrected pages too')
  })

  test(`${shape}: a cursor of another list is refused`, async () => {
    const input = { category: 'paged', sort: 'title', limit: 2 } as const
    const { nextCursor } = await list(input)
    assert.ok(nextCursor)
    const [fingerprint, key, productId] = JSON.parse(Buffer.from(nextCursor, 'base64url').toString()) as string[]
    const forged = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')
    const refused: Input<List>[] = [
      { ...input, cursor: 'nonsense' },
      { ...input, cursor: forged(fingerprint, key, "'") },
      { ...input, cursor: forged(fingerprint, 5, productId) },
      { ...input, cursor: forged(fingerprint, 'a\0', productId) },
      { ...input, cursor: nextCursor, sort: 'price-asc' },
      { ...input, cursor: nextCursor, q: 'bowl' },
      { ...input, cursor: nextCursor, filter: { color: 'red' } },
      { ...input, cursor: nextCursor, market: 'us' },
    ]
    for (const one of refused) {
      const outcome = await find.products(one)
      assert.equal(!outcome.ok && outcome.refusal.type, 'search/malformed-cursor', JSON.stringify(one))
    }
    const newest = { category: 'paged', limit: 2 } as const
    const next = (await list(newest)).nextCursor
    const [print] = JSON.parse(Buffer.from(next ?? '', 'base64url').toString()) as string[]
    const bad = await find.products({ ...newest, cursor: forged(print, '2026-99-99T00:00:00Z', productId) })
    assert.equal(!bad.ok && bad.refusal.type, 'search/malformed-cursor')
    assert.equal((await list({ ...input, limit: 1, cursor: nextCursor })).items.length, 1, 'the page size may change')
  })

  test(`${shape}: an unknown market is refused`, async () => {
    for (const outcome of [await find.products({ market: 'moon' }), await find.suggest({ q: 'mug', market: 'moon' })]) {
      assert.equal(!outcome.ok && outcome.refusal.type, 'pricing/unknown-market')
    }
  })

  test(`${shape}: suggestions begin with what was typed, then have a word that does, then look like it`, async () => {
    await sell(
      [product({ title: 'Candle Holder', handle: `a-${shape}` }), 1_000],
      [product({ title: 'Beeswax Candle', handle: `b-${shape}` }), 2_000],
      [product({ title: 'Canvas Bag', handle: `c-${shape}` }), 3_000],
    )
    const suggest = async (q: string, limit = 10) => {
      const { products, categories: found } = accepted(await find.suggest({ q, limit }))
      return [products.map(({ title }) => title), found.map(({ handle }) => handle)]
    }
    assert.deepEqual(await suggest('cand'), [['Candle Holder', 'Beeswax Candle'], []])
    assert.deepEqual(await suggest('can'), [['Candle Holder', 'Canvas Bag', 'Beeswax Candle'], []])
    assert.deepEqual(await suggest('beeswax ca'), [['Beeswax Candle'], []])
    assert.deepEqual((await suggest('cnadle holder'))[0], ['Candle Holder'])
    assert.deepEqual((await suggest('mug'))[1], ['cups'])
    assert.deepEqual((await suggest('lam'))[1], ['lamps'])
    assert.deepEqual((await suggest('lapms'))[1], [])
    assert.deepEqual(await suggest('%'), [[], []])
    assert.deepEqual(await suggest('can', 1), [['Candle Holder'], []])
    const [first] = accepted(await find.suggest({ q: 'beeswax' })).products
    assert.deepEqual(first, {
      handle: `b-${shape}`,
      title: 'Beeswax Candle',
      imageUrl: null,
      priceFrom: { amount: 2_000, currency: 'EUR' },
    })
  })

  test(`${shape}: reindex brings back what was lost and forgets what is gone`, async () => {
    const stays = product({ title: 'Stays', categories: ['rebuilt'] })
    const goes = product({ title: 'Goesaway', categories: ['rebuilt'] })
    await sell([stays, 1_000], [goes, 1_000])
    kept.delete(goes.id)
    kept.set(stays.id, { ...stays, title: 'Stays still', version: 2 })
    assert.deepEqual(accepted(await find.reindex({})), { products: kept.size })
    assert.deepEqual(await titles({ category: 'rebuilt' }), ['Stays still'])
    assert.equal((await list({ q: 'gosaway' })).correctedQuery, null, 'its words are forgotten too')
  })

  test(`${shape}: hostile texts are only texts`, async () => {
    const strange = product({
      // The front doors refuse these two; what came in before they did must not stop the rest.
      title: `Robert'); drop table listings;--${shape === 'plain' ? '\0 \ud800' : ''}`,
      categories: ['strange'],
      attributes: { '${jndi}': ['<script>', '\\u0000'], '!!!': ['x'] },
      descriptionHtml: `${'<'.repeat(50_000)}&#1114112;&#0;`,
    })
    await sell([strange, 1])
    const listing = await list({ category: 'strange' })
    assert.equal(listing.items.length, 1)
    assert.deepEqual(facet(listing, 'jndi'), { '<script>': 1, '\\u0000': 1 })
    assert.equal((await list({ category: 'strange', filter: { jndi: '<SCRIPT>' } })).items.length, 1)
    if (shape === 'strict') return
    for (const nul of [{ category: '\0' }, { q: 'a\0b' }, { filter: { jndi: '\0' } }])
      assert.deepEqual((await list(nul)).items, [])
  })
}

function accepted<V>(outcome: { ok: true; value: V } | { ok: false; refusal: { detail: string } }): V {
  if (!outcome.ok) throw new Error(outcome.refusal.detail)
  return outcome.value
}
