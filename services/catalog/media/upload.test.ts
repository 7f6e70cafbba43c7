import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import sharp from 'sharp'
import type { Actor } from '#kernel/call'
import { type Api, apiAt } from '../../../test/api.ts'
import { pictureBytesAtMost } from '../contract.ts'
import { accepted, startShop, type TestShop } from '../test-shop.ts'
import { mediaIdOf } from './picture.ts'

const staff = (...permissions: string[]): Actor => ({ kind: 'staff', staffId: 'staff_1', sessionId: 's', permissions })
const actors: Record<string, Actor> = {
  editor: staff('catalog:read', 'catalog:write'),
  reader: staff('catalog:read'),
}

for (const shape of ['plain', 'strict'] as const) {
  describe(`${shape}: staff upload pictures`, () => {
    let shop: TestShop
    let api: Api
    before(async () => {
      shop = await startShop({
        shape,
        edge: true,
        authenticate: async (token) => actors[token] ?? { kind: 'anonymous' },
      })
      api = apiAt(shop.url ?? '')
    })
    after(() => shop.stop())

    const photograph = (width: number, height: number, background = '#a0522d') =>
      sharp({ create: { width, height, channels: 3, background } })
        .jpeg()
        .toBuffer()
    const upload = async (bytes: Buffer, type: string, token: string | null = 'editor') => {
      const response = await fetch(new URL('/api/admin/media', shop.url ?? ''), {
        method: 'POST',
        headers: { 'content-type': type, ...(token ? { authorization: `Bearer ${token}` } : {}) },
        body: new Uint8Array(bytes),
      })
      // biome-ignore lint/suspicious/noExplicitAny: answers are read with exact assertions, which say more than a type would
      return { status: response.status, body: (await response.json()) as any }
    }
    const isStored = async (bytes: Buffer): Promise<boolean> =>
      (await shop.catalog.media({ mediaId: mediaIdOf(bytes) })).ok

    test('the shop names them, says how large they are, and knows the same one again', async () => {
      const bytes = await photograph(60, 40)
      const first = await upload(bytes, 'image/jpeg')
      const mediaId = mediaIdOf(bytes)
      assert.equal(first.status, 201)
      assert.deepEqual(first.body, { mediaId, url: `/media/${mediaId}`, width: 60, height: 40 })
      // What it is called does not matter, only what it is.
      assert.deepEqual((await upload(bytes, 'Image/PNG; name=x')).body, first.body)
      assert.equal(accepted(await shop.catalog.media({ mediaId })).contentType, 'image/jpeg')
    })

    test('a drawing is cleaned', async () => {
      const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4" onload="alert(1)"><script>alert(2)</script><path d="M0 0H4V4Z"/></svg>`
      const { status, body } = await upload(Buffer.from(drawing), 'image/svg+xml')
      assert.equal(status, 201)
      const kept = accepted(await shop.catalog.media({ mediaId: body.mediaId }))
      const text = Buffer.from(kept.base64, 'base64').toString()
      assert.match(text, /<path d="M0 0H4V4Z"\/>/)
      assert.doesNotMatch(text, /script|alert|onload/)
    })

    test('what is no picture for a shop is refused with its reason, and not kept', async () => {
      const whole = await photograph(200, 200)
      const page = Buffer.from('<!doctype html><script>alert(document.domain)</script>')
      const wide = await sharp({ create: { width: 6_000, height: 5_000, channels: 3, background: '#fff' } })
        .png()
        .toBuffer()
      for (const [bytes, reason] of [
        [page, /is no SVG, PNG, JPEG, WebP, AVIF or GIF/],
        [whole.subarray(0, whole.length / 2), /is damaged/],
        [wide, /has more than 25 megapixels/],
      ] as const) {
        const { status, body } = await upload(bytes, 'image/png')
        assert.deepEqual([status, body.type], [422, '/problems/catalog/invalid-media'])
        assert.match(body.detail, reason)
        assert.equal(await isStored(bytes), false)
      }
      const heavy = Buffer.concat([whole, Buffer.alloc(pictureBytesAtMost)])
      const tooLarge = await upload(heavy, 'image/jpeg')
      assert.deepEqual([tooLarge.status, tooLarge.body.type], [413, '/problems/body-too-large'])
      assert.match(tooLarge.body.detail, /15728640 bytes/)
      const foreign = await upload(whole, 'image/tiff')
      assert.deepEqual([foreign.status, foreign.body.type], [415, '/problems/unsupported-media-type'])
      assert.match(foreign.body.detail, /image\/png, image\/jpeg/)
      assert.equal((await upload(whole, 'application/json')).status, 400)
      assert.equal(await isStored(whole), false)
    })

    test('nobody else may, and is told before the file is read', async () => {
      const bytes = await photograph(50, 50, '#123456')
      assert.equal((await upload(bytes, 'image/jpeg', null)).status, 401)
      assert.equal((await upload(bytes, 'image/jpeg', 'reader')).status, 403)
      assert.equal((await upload(Buffer.alloc(2_000_000), 'image/tiff', null)).status, 401)
      assert.equal(await isStored(bytes), false)
    })

    test('a product takes them in an order, with what they show, and gives them up again', async () => {
      const options = { token: 'editor' }
      const [first, second] = await Promise.all(
        ['#111111', '#222222'].map(async (color) => (await upload(await photograph(30, 30, color), 'image/jpeg')).body),
      )
      const product = await api(
        'POST',
        '/api/admin/products',
        {
          handle: `pictured-${shape}`,
          title: 'Pictured',
          variants: [{}],
          media: [{ mediaId: first.mediaId, alt: 'From the front' }],
        },
        options,
      )
      assert.equal(product.status, 201, JSON.stringify(product.body))
      const patch = (version: number, media: unknown) =>
        api('PATCH', `/api/admin/products/${product.body.id}`, { version, media }, options)
      const shown = async () =>
        accepted(await shop.catalog.adminProduct({ productId: product.body.id })).media.map(({ url, alt }) => [
          url,
          alt,
        ])

      const both = [
        { mediaId: second.mediaId, alt: ' From above ' },
        { mediaId: first.mediaId, alt: '' },
      ]
      assert.equal((await patch(1, both)).status, 200)
      const expected = [
        [second.url, 'From above'],
        [first.url, ''],
      ]
      assert.deepEqual(await shown(), expected)

      const unknown = { mediaId: mediaIdOf(Buffer.from('nobody')), alt: '' }
      for (const [media, field] of [
        [[both[0], unknown], 'media/1/mediaId'],
        [[both[0], both[1], both[0]], 'media/2/mediaId'],
      ] as const) {
        const { status, body } = await patch(2, media)
        assert.deepEqual([status, body.type, body.field], [422, '/problems/catalog/invalid-product', field])
      }
      assert.equal((await patch(1, [])).status, 409)
      assert.deepEqual(await shown(), expected)
      assert.equal((await patch(2, [])).status, 200)
      assert.deepEqual(await shown(), [])
    })
  })
}
