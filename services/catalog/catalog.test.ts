import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import sharp from 'sharp'
import type { catalog } from '#contracts/catalog'
import type { Input } from '#kernel/contract'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { openLmdbStore } from './store/lmdb.ts'
import { accepted, ended, startShop, type TestShop } from './test-shop.ts'

type New = Input<(typeof catalog.operations)['createProduct']>

for (const shape of ['plain', 'strict'] as const) {
  describe(`${shape}: catalog`, () => {
    let shop: TestShop
    before(async () => {
      shop = await startShop({ shape })
    })
    after(() => shop.stop())

    let count = 0
    const cup = (overrides: Partial<New> = {}): New => {
      count += 1
      return { handle: `cup-${count}`, title: 'Cup', variants: [{ sku: `CUP-${count}` }], ...overrides }
    }
    const create = async (wish: New) => accepted(await shop.catalog.createProduct(wish))
    const price = (productId: string, variantId: string, amount: number | null, market = 'eu') =>
      shop.pricing
        .setPrices({ productId, prices: [{ variantId, market, amount, compareAtAmount: null }] })
        .then(accepted)
    const refusal = (outcome: { ok: boolean; refusal?: { type: string; data: unknown } }) =>
      outcome.ok ? assert.fail('was accepted') : [outcome.refusal?.type, outcome.refusal?.data]

    test('a product is shown in a market with prices and availability, and without what is not sold there', async () => {
      const product = await create(
        cup({
          options: [{ name: 'Size', values: ['S', 'M', 'L'] }],
          variants: [
            { options: { Size: 'S' } },
            { options: { Size: 'M' }, inventoryPolicy: 'continue' },
            { options: { Size: 'L' }, inventoryTracked: false },
          ],
        }),
      )
      const { handle } = product
      const ids = product.variants.map(({ id }) => id)
      assert.deepEqual(
        refusal(await shop.catalog.product({ handle })),
        ['catalog/unknown-product', undefined],
        'no price yet',
      )
      await price(product.id, ids[0] ?? '', 900)
      await price(product.id, ids[1] ?? '', 1000)
      await price(product.id, ids[2] ?? '', 1100, 'us')
      const shown = accepted(await shop.catalog.product({ handle }))
      assert.equal(shown.market, 'eu')
      assert.deepEqual(shown.options, [{ name: 'Size', values: ['S', 'M'] }])
      assert.deepEqual(
        shown.variants.map((one) => [one.id, one.price, one.available, one.backorder, one.lowStock]),
        [
          [ids[0], { amount: 900, currency: 'EUR' }, false, false, null],
          [ids[1], { amount: 1000, currency: 'EUR' }, true, true, null],
        ],
      )
      const set = (variantId: string | undefined, onHand: number) =>
        shop.inventory.setLevels({ levels: [{ variantId: variantId ?? '', locationId: null, onHand }], reason: 'test' })
      await set(ids[0], 5)
      await set(ids[1], 6)
      const stocked = accepted(await shop.catalog.product({ handle, market: 'eu' }))
      assert.deepEqual(
        stocked.variants.map((one) => [one.available, one.backorder, one.lowStock]),
        [
          [true, false, 5],
          [true, false, null],
        ],
      )
      const there = accepted(await shop.catalog.product({ handle, market: 'us' }))
      assert.deepEqual(
        there.variants.map((one) => [one.id, one.available, one.lowStock]),
        [[ids[2], true, null]],
      )
      assert.deepEqual(refusal(await shop.catalog.product({ handle, market: 'mars' })), [
        'pricing/unknown-market',
        undefined,
      ])
      assert.deepEqual(refusal(await shop.catalog.product({ handle: 'nobody' })), [
        'catalog/unknown-product',
        undefined,
      ])
    })

    test('what is not active is not shown, and sold no more', async () => {
      const product = await create(cup({ status: 'draft' }))
      const [variant] = product.variants
      await price(product.id, variant?.id ?? '', 900)
      assert.equal(refusal(await shop.catalog.product({ handle: product.handle }))[0], 'catalog/unknown-product')
      const draft = accepted(await shop.catalog.sellable({ variantIds: [variant?.id ?? ''] })).items
      assert.equal(draft[0]?.active, false)
      const active = accepted(await shop.catalog.updateProduct({ productId: product.id, version: 1, status: 'active' }))
      assert.equal((await shop.catalog.product({ handle: product.handle })).ok, true)
      accepted(await shop.catalog.updateProduct({ productId: product.id, version: active.version, status: 'archived' }))
      assert.equal(refusal(await shop.catalog.product({ handle: product.handle }))[0], 'catalog/retired-product')
      await shop.settle()
      const told = shop.heard.filter(({ subject }) => subject === product.id)
      assert.deepEqual(told.map(({ type, sequence }) => [sequence, type]).sort(), [
        [1, 'product.changed'],
        [2, 'product.changed'],
        [3, 'product.retired'],
      ])
    })

    test('what cart and orders need to know of variants', async () => {
      await shop.catalog.putCategories({
        categories: [{ handle: 'tea', title: 'Tea', description: '', position: 1, mediaUrl: null }],
      })
      const product = await create(
        cup({
          categories: ['tea'],
          options: [
            { name: 'Size', values: ['S'] },
            { name: 'Color', values: ['Red'] },
          ],
          variants: [
            { sku: `RED-${shape}`, options: { Color: 'Red', Size: 'S' }, grams: 300, taxCode: 'books', taxable: false },
          ],
        }),
      )
      const [variant] = product.variants
      const { items } = accepted(
        await shop.catalog.sellable({
          variantIds: [newId('variant'), variant?.id ?? '', variant?.id ?? '', 'x'.repeat(9_000)],
        }),
      )
      assert.deepEqual(items, [
        {
          variantId: variant?.id,
          productId: product.id,
          handle: product.handle,
          title: 'Cup',
          variantTitle: 'S / Red',
          sku: `RED-${shape}`,
          options: { Size: 'S', Color: 'Red' },
          categories: ['tea'],
          grams: 300,
          requiresShipping: true,
          taxable: false,
          taxCode: 'books',
          inventoryPolicy: 'deny',
          inventoryTracked: true,
          imageUrl: null,
          active: true,
        },
      ])
      assert.deepEqual(accepted(await shop.catalog.products({ productIds: [newId('prod'), product.id] })).items, [
        product,
      ])
    })

    test('what is wrong with a product is told with its field, and nothing is kept of it', async () => {
      const taken = await create(cup())
      const sized = [{ name: 'Size', values: ['S', 'M'] }]
      const wrong: [Partial<New>, string][] = [
        [{ title: ' \u0007 ' }, 'title'],
        [{ options: sized, variants: [{ options: {} }] }, 'variants/0/options/Size'],
        [{ options: sized, variants: [{ options: { Size: 'XL' } }] }, 'variants/0/options/Size'],
        [{ options: sized, variants: [{ options: { Size: 'S', Color: 'Red' } }] }, 'variants/0/options/Color'],
        [{ options: sized, variants: [{ options: { Size: 'S' } }, { options: { Size: 'S' } }] }, 'variants/1/options'],
        [{ variants: [{}, {}] }, 'variants/1/options'],
        [{ options: [...sized, { name: 'size', values: ['1'] }] }, 'options/1/name'],
        [
          {
            options: sized,
            variants: [
              { options: { Size: 'S' }, sku: 'A' },
              { options: { Size: 'M' }, sku: 'A' },
            ],
          },
          'variants/1/sku',
        ],
        [{ variants: [{ id: newId('variant') }] }, 'variants/0/id'],
        [{ variants: [{ mediaId: newId('media') }] }, 'variants/0/mediaId'],
        [{ categories: ['no-such-category'] }, 'categories/0'],
        [{ tags: ['a,b'] }, 'tags/0'],
        [
          {
            attributes: [
              { name: 'Wood', values: ['Oak'] },
              { name: 'wood', values: ['Ash'] },
            ],
          },
          'attributes/1/name',
        ],
        [{ extra: { long: 'x'.repeat(70_000) } }, 'extra/long'],
      ]
      for (const [fault, field] of wrong) {
        const wish = cup(fault)
        const before = accepted(await shop.catalog.adminProducts({})).items.length
        assert.deepEqual(refusal(await shop.catalog.createProduct(wish)), ['catalog/invalid-product', { field }], field)
        assert.equal(accepted(await shop.catalog.adminProducts({})).items.length, before)
      }
      const sku = taken.variants[0]?.sku ?? ''
      assert.deepEqual(refusal(await shop.catalog.createProduct(cup({ handle: taken.handle }))), [
        'catalog/handle-taken',
        { handle: taken.handle, field: 'handle' },
      ])
      assert.deepEqual(refusal(await shop.catalog.createProduct(cup({ variants: [{ sku }] }))), [
        'catalog/sku-taken',
        { sku, field: 'variants/0/sku' },
      ])
      assert.deepEqual(refusal(await shop.catalog.putProduct({ product: cup({ variants: [{ sku }] }) })), [
        'catalog/sku-taken',
        { sku, field: 'variants/0/sku' },
      ])
    })

    test('texts are cleaned before they are kept', async () => {
      const product = await create(
        cup({
          title: '  Cup\u0007 ',
          descriptionHtml: '<p onclick="x()">Fine<script>alert(1)</script> <img src=x onerror=alert(1)></p>',
          vendor: '\u0007',
          tags: ['a', ' a '],
        }),
      )
      assert.deepEqual(
        [product.title, product.descriptionHtml, product.vendor, product.tags],
        ['Cup', '<p>Fine </p>', null, ['a']],
      )
    })

    test('a change names the version it saw; the same change twice is one', async () => {
      const product = await create(cup({ vendor: 'A' }))
      const wish = { productId: product.id, version: 1, title: 'Mug', variants: [{ sku: `MUG-${shape}`, grams: 5 }] }
      const changed = accepted(await shop.catalog.updateProduct(wish))
      assert.deepEqual(
        [changed.version, changed.title, changed.vendor, changed.variants[0]?.id],
        [2, 'Mug', 'A', product.variants[0]?.id],
      )
      assert.deepEqual(accepted(await shop.catalog.updateProduct(wish)), changed)
      assert.deepEqual(
        refusal(await shop.catalog.updateProduct({ productId: product.id, version: 1, title: 'Beaker' })),
        ['catalog/version-conflict', { version: 2 }],
      )
      assert.deepEqual(refusal(await shop.catalog.updateProduct({ productId: newId('prod'), version: 1 })), [
        'catalog/unknown-product',
        undefined,
      ])
      const rivals = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          shop.catalog.updateProduct({ productId: product.id, version: 2, title: `Rival ${index}` }),
        ),
      )
      assert.equal(rivals.filter(({ ok }) => ok).length, 1)
      assert.equal(accepted(await shop.catalog.adminProduct({ productId: product.id })).version, 3)
    })

    test('putting a product creates it, changes it, and does nothing when nothing differs', async () => {
      const picture = await sharp({ create: { width: 8, height: 4, channels: 3, background: 'tan' } })
        .png()
        .toBuffer()
      const stored = accepted(await shop.catalog.putMedia({ base64: picture.toString('base64') }))
      assert.deepEqual(accepted(await shop.catalog.putMedia({ base64: picture.toString('base64') })), stored)
      assert.deepEqual([stored.url, stored.width, stored.height], [`/media/${stored.mediaId}`, 8, 4])
      const product = cup({
        options: [{ name: 'Size', values: ['S', 'M'] }],
        variants: [{ options: { Size: 'S' }, mediaId: stored.mediaId }, { options: { Size: 'M' } }],
      })
      const media = [{ mediaId: stored.mediaId, alt: 'A cup' }]
      const first = accepted(await shop.catalog.putProduct({ product, media }))
      assert.deepEqual(first.media, [
        { id: stored.mediaId, url: stored.url, sourceUrl: null, alt: 'A cup', width: 8, height: 4 },
      ])
      assert.deepEqual(accepted(await shop.catalog.putProduct({ product, media })), first)
      const second = accepted(await shop.catalog.putProduct({ product: { ...product, title: 'Mug' } }))
      assert.deepEqual([second.version, second.title, second.media], [2, 'Mug', first.media])
      assert.deepEqual(second.variants, first.variants)
      const sellable = accepted(await shop.catalog.sellable({ variantIds: [first.variants[1]?.id ?? ''] })).items
      assert.equal(sellable[0]?.imageUrl, stored.url)
      assert.deepEqual(
        refusal(await shop.catalog.putProduct({ product: cup(), media: [{ mediaId: newId('media'), alt: '' }] })),
        ['catalog/invalid-product', { field: 'media/0/mediaId' }],
      )
    })

    test('pictures are given whole, or smaller as WebP', async () => {
      const png = await sharp({ create: { width: 900, height: 300, channels: 3, background: '#123456' } })
        .png()
        .toBuffer()
      const { mediaId } = accepted(await shop.catalog.putMedia({ base64: png.toString('base64') }))
      const whole = accepted(await shop.catalog.media({ mediaId }))
      assert.deepEqual([whole.contentType, whole.etag], ['image/png', mediaId])
      const small = await Promise.all(
        [1, 2, 3].map(async () => accepted(await shop.catalog.media({ mediaId, width: 320 }))),
      )
      assert.deepEqual(small[1], small[0])
      assert.deepEqual([small[0]?.contentType, small[0]?.etag], ['image/webp', `${mediaId}-320`])
      assert.equal((await sharp(Buffer.from(small[0]?.base64 ?? '', 'base64')).metadata()).width, 320)
      assert.deepEqual(refusal(await shop.catalog.media({ mediaId: newId('media') })), [
        'catalog/unknown-media',
        undefined,
      ])
      assert.deepEqual(refusal(await shop.catalog.media({ mediaId: newId('media'), width: 640 })), [
        'catalog/unknown-media',
        undefined,
      ])
      assert.deepEqual(refusal(await shop.catalog.putMedia({ base64: Buffer.from('<html>').toString('base64') })), [
        'catalog/invalid-media',
        undefined,
      ])
    })

    test('staff find products of any status, page by page', async () => {
      const word = `w${shape}${Date.now()}`
      const made = []
      for (const status of ['active', 'draft', 'archived'] as const)
        made.push(await create(cup({ title: `Cup ${word}`, status })))
      const page = accepted(await shop.catalog.adminProducts({ q: `CUP ${word}`, limit: 2 }))
      assert.deepEqual(
        page.items.map(({ id }) => id),
        [made[2]?.id, made[1]?.id],
      )
      const rest = accepted(await shop.catalog.adminProducts({ q: word, limit: 2, cursor: page.nextCursor ?? '' }))
      assert.deepEqual([rest.items.map(({ id }) => id), rest.nextCursor], [[made[0]?.id], null])
      const drafts = accepted(await shop.catalog.adminProducts({ q: word, status: 'draft' }))
      assert.deepEqual(
        drafts.items.map(({ id }) => id),
        [made[1]?.id],
      )
      await assert.rejects(shop.catalog.adminProducts({ cursor: 'x' }), /cursor/)
    })

    test('verify reads every product and finds nothing amiss', async () => {
      await shop.settle()
      const checks = await verified(shop.catalog.verify)
      const products = await allOf()
      assert.deepEqual(
        checks.map(({ invariant, checked, violations }) => [invariant, checked, violations]),
        [
          ['catalog', products, []],
          ['I6', 0, []],
        ],
      )
    })
    const allOf = async (): Promise<number> => accepted(await shop.catalog.scan({ limit: 500 })).items.length
  })
}

describe('over HTTP', () => {
  let shop: TestShop
  before(async () => {
    const more: Record<string, string[]> = {
      staff: ['pricing:write', 'inventory:write'],
      'no-stock': ['pricing:write'],
      'no-prices': ['inventory:write'],
    }
    shop = await startShop({
      edge: true,
      authenticate: async (credential) =>
        more[credential]
          ? {
              kind: 'staff',
              staffId: `staff_${credential}`,
              sessionId: 's',
              permissions: ['catalog:read', 'catalog:write', ...more[credential]],
            }
          : { kind: 'anonymous' },
    })
  })
  after(() => shop.stop())
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${shop.url}/api${path}`, {
      method,
      headers: {
        authorization: 'Bearer staff',
        ...(body === undefined ? {} : { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  test('bad input is a problem that names the field', async () => {
    const wish = { handle: 'cup', title: 'Cup', variants: [{}] }
    const field = ({ body }: { body: Record<string, unknown> }) => [
      body.type,
      body.field ?? (body.errors as { field: string }[])[0]?.field,
    ]
    assert.deepEqual(field(await send('POST', '/admin/products', { ...wish, handle: 'Cup Blue' })), [
      '/problems/validation-failed',
      'handle',
    ])
    assert.deepEqual(field(await send('POST', '/admin/products', { ...wish, price: 5 })), [
      '/problems/validation-failed',
      'price',
    ])
    assert.deepEqual(field(await send('POST', '/admin/products', { ...wish, variants: [] })), [
      '/problems/validation-failed',
      'variants',
    ])
    const twice = await send('POST', '/admin/products', { ...wish, variants: [{}, {}] })
    assert.deepEqual([twice.status, ...field(twice)], [422, '/problems/catalog/invalid-product', 'variants/1/options'])
    assert.equal((await send('POST', '/admin/products', wish)).status, 201)
    const taken = await send('POST', '/admin/products', wish)
    assert.deepEqual([taken.status, ...field(taken)], [409, '/problems/catalog/handle-taken', 'handle'])
    assert.equal((await send('GET', '/products/nobody')).status, 404)
    assert.equal((await send('GET', '/admin/products', undefined, { authorization: 'Bearer guest' })).status, 401)
  })

  test('one idempotency key creates one product', async () => {
    const wish = { handle: 'keyed', title: 'Cup', variants: [{}] }
    const key = { 'idempotency-key': 'create-keyed' }
    const answers = await Promise.all([1, 2, 3].map(() => send('POST', '/admin/products', wish, key)))
    // Who asks while the first still runs is told to try again.
    assert.ok(answers.every(({ status }) => status === 201 || status === 409))
    const again = await send('POST', '/admin/products', wish, key)
    const created = [...answers, again].filter(({ status }) => status === 201).map(({ body }) => body.id)
    assert.ok(created.length >= 2)
    assert.equal(new Set(created).size, 1)
    const other = await send('POST', '/admin/products', { ...wish, title: 'Mug' }, key)
    assert.deepEqual([other.status, other.body.type], [422, '/problems/idempotency-key-reused'])
  })

  test('a retry whose first call died before its answer was stored finds what that call made', async () => {
    const wish = { handle: 'crashed', title: 'Cup', variants: [{}] }
    const key = { 'idempotency-key': 'create-crashed' }
    const first = await send('POST', '/admin/products', wish, key)
    const store = openLmdbStore(shop.dataFolder)
    await store.purge(new Date(Date.now() + 1_000).toISOString())
    await store.close()
    const again = await send('POST', '/admin/products', wish, key)
    assert.deepEqual([again.status, again.body], [201, first.body])
    const stranger = await send('POST', '/admin/products', wish, { 'idempotency-key': 'another' })
    assert.equal(stranger.status, 409)
  })

  test('a file is sent in parts and read', async () => {
    const begun = await send('POST', '/admin/imports', { fileName: 'goods.csv' })
    assert.deepEqual([begun.status, begun.body.state, begun.body.market], [201, 'uploading', 'eu'])
    const id = String(begun.body.id)
    assert.equal((await send('PUT', `/admin/imports/${id}/parts/0`, 'Handle,Title,Variant Price\n')).status, 200)
    assert.equal((await send('PUT', `/admin/imports/${id}/parts/1`, 'sent,Sent,5\nbad,,\n')).status, 200)
    assert.equal((await send('PUT', `/admin/imports/${id}/parts/2`, 'x'.repeat(1_000_001))).status, 413)
    assert.equal((await send('POST', `/admin/imports/${id}/start`)).status, 202)
    for (let state = ''; state !== 'done'; ) state = String((await send('GET', `/admin/imports/${id}`)).body.state)
    const { body } = await send('GET', `/admin/imports/${id}/rejections?limit=5`)
    assert.deepEqual(body.items, [{ row: 3, handle: 'bad', column: 'Title', reason: 'is missing' }])
    const shown = await send('GET', '/products/sent')
    assert.deepEqual((shown.body.variants as { price: unknown }[])[0]?.price, { amount: 500, currency: 'EUR' })
    const exported = await send('GET', '/admin/exports/products')
    assert.match(String(exported.body.csv), /^Handle,Title,/)
  })

  test('a file sets stock and prices only for who may set them', async () => {
    const as = (who: string) => ({ authorization: `Bearer ${who}` })
    const start = async (who: string, header: string, row: string) => {
      const { body } = await send('POST', '/admin/imports', { fileName: 'goods.csv' }, as(who))
      const path = `/admin/imports/${body.id}`
      // Cut within the header: what it says is in two parts.
      const parts = [header.slice(0, -3), `${header.slice(-3)}\n${row}\n`]
      for (const [part, text] of parts.entries()) await send('PUT', `${path}/parts/${part}`, text, as(who))
      return { path, answer: await send('POST', `${path}/start`, undefined, as(who)) }
    }
    const refused = [
      ['no-stock', '\ufeffHandle,Title,Variant Inventory Qty', 'Variant Inventory Qty', 'inventory:write'],
      ['no-stock', 'Handle;Title; inventory  QUANTITY ', 'inventory  QUANTITY', 'inventory:write'],
      ['no-prices', 'Handle,Title,Variant Price', 'Variant Price', 'pricing:write'],
      ['no-prices', 'Handle,Title,Compare-at price', 'Compare-at price', 'pricing:write'],
    ] as const
    for (const [index, [who, header, column, permission]] of refused.entries()) {
      const handle = `guarded-${index}`
      const row = [handle, 'Guarded', '7'].join(header.includes(';') ? ';' : ',')
      const { path, answer } = await start(who, header, row)
      assert.deepEqual(
        [answer.status, answer.body.type, answer.body.column, answer.body.permission],
        [403, '/problems/catalog/column-not-allowed', column, permission],
      )
      assert.match(String(answer.body.detail), new RegExp(`"${column}" sets (stock|prices), .* ${permission}\\.`))
      assert.equal((await send('GET', path)).body.state, 'uploading')
      assert.equal((await send('GET', `/products/${handle}`)).status, 404)

      assert.equal((await send('POST', `${path}/start`)).status, 202)
      assert.equal((await ended(shop, path.split('/').at(-1) ?? '')).productsCreated, 1)
      // What somebody else started goes on, whoever asks for it.
      assert.equal(
        (await send('POST', `${path}/start`, undefined, as(who === 'no-stock' ? 'no-prices' : 'no-stock'))).status,
        202,
      )
    }
    const tracked = 'Handle,Title,Variant Inventory Tracker,Variant Inventory Policy'
    const allowed = [
      ['no-stock', `${tracked},Variant Price`, 'mine-1,Mine,shopify,deny,5'],
      ['no-prices', `${tracked},Variant Inventory Qty`, 'mine-2,Mine,shopify,deny,5'],
      ['no-stock', 'Title,Variant Inventory Qty', 'Mine,5'],
    ] as const
    for (const [who, header, row] of allowed) {
      const { path, answer } = await start(who, header, row)
      assert.equal(answer.status, 202)
      const { state, error } = await ended(shop, path.split('/').at(-1) ?? '')
      assert.equal(state, header.startsWith('Handle') ? 'done' : 'failed', String(error))
    }
  })
})
