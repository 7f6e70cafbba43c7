import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import sharp from 'sharp'
import { currentCall } from '#kernel/call'
import { alone } from '#kernel/give-way'
import { createLog } from '#kernel/telemetry'
import { openLmdbStore } from '../store/lmdb.ts'
import type { CatalogStore } from '../store/port.ts'
import { accepted, csvOf, importFile, productOf, startShop, type TestShop } from '../test-shop.ts'
import { pictureFetcher } from './fetch-picture.ts'
import { storePictures } from './store-pictures.ts'

let shop: TestShop
let store: CatalogStore
let origin: string
let asked: string[] = []
let failing = false
const pictures = createServer(async (request, response) => {
  asked.push(request.url ?? '')
  if (failing) return response.writeHead(503).end()
  if (request.url === '/text.jpg') return response.end('no picture at all')
  if (!request.url?.endsWith('.jpg')) return response.writeHead(404).end()
  const width = 10 + request.url.length
  response.end(
    await sharp({ create: { width, height: 5, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer(),
  )
})
before(async () => {
  shop = await startShop()
  store = openLmdbStore(shop.dataFolder)
  await new Promise<void>((resolve) => pictures.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(pictures.address() as AddressInfo).port}`
})
after(async () => {
  pictures.close()
  pictures.closeAllConnections()
  await store.close()
  await shop.stop()
})

/** What the import itself does for each product, with a fetcher that may reach this machine. */
async function storeAll(handle: string) {
  const fetchPicture = pictureFetcher({ permit: () => true, ports: [new URL(origin).port] })
  const deps = {
    store,
    pricing: shop.pricing,
    inventory: shop.inventory,
    subscribersOf: () => ['listener'],
    wakeRelay: () => undefined,
    publicUrl: 'http://127.0.0.1',
    lowStock: 5,
    giveWay: alone,
    log: createLog({ level: 'silent', redact: [] }),
  }
  assert.equal(currentCall(), null)
  const count = await storePictures(deps, fetchPicture, handle)
  await fetchPicture.close()
  // The shop reads through an environment of its own, and goes on with what it saw until its event loop has turned.
  await pause(10)
  return count
}

const rows = (handle: string) => [
  {
    Handle: handle,
    Title: 'Cup',
    'Option1 Name': 'Size',
    'Option1 Value': 'S',
    'Image Src': `${origin}/front.jpg`,
    'Image Alt Text': 'Front',
    'Variant Image': `${origin}/of-s.jpg`,
  },
  {
    Handle: handle,
    'Option1 Value': 'M',
    'Image Src': `${origin}/missing.png`,
    'Variant Image': `${origin}/front.jpg`,
  },
  { Handle: handle, 'Image Src': `${origin}/text.jpg` },
]

test('pictures that can be had take the place of their addresses; the others stay addresses', async () => {
  const text = csvOf(rows('cup'))
  const { report } = await importFile(shop, text)
  assert.deepEqual([report.imagesStored, report.imagesKeptAsAddress], [0, 4])
  assert.deepEqual(asked, [], 'an import asks no private address')
  const before = await productOf(shop, 'cup')

  assert.deepEqual(await storeAll('cup'), { stored: 2, addresses: 2 })
  const cup = await productOf(shop, 'cup')
  const facts = cup.media.map(({ url, sourceUrl, alt, width }) => [
    url === null ? null : 'stored',
    sourceUrl,
    alt,
    width,
  ])
  assert.deepEqual(facts, [
    ['stored', `${origin}/front.jpg`, 'Front', 20],
    [null, `${origin}/missing.png`, '', null],
    [null, `${origin}/text.jpg`, '', null],
    ['stored', `${origin}/of-s.jpg`, '', 19],
  ])
  const [front, , , ofS] = cup.media
  assert.deepEqual(
    cup.variants.map(({ mediaId }) => mediaId),
    [ofS?.id, front?.id],
  )
  assert.equal(cup.version, before.version + 1)
  const picture = accepted(await shop.catalog.media({ mediaId: front?.id ?? '' }))
  assert.equal(picture.contentType, 'image/jpeg')

  asked = []
  assert.deepEqual(await storeAll('cup'), { stored: 2, addresses: 2 })
  assert.deepEqual(asked.sort(), ['/missing.png', '/text.jpg'], 'what the shop has is not fetched again')
  assert.equal((await productOf(shop, 'cup')).version, cup.version)

  const again = await importFile(shop, text)
  assert.deepEqual(
    [again.report.productsUnchanged, again.report.imagesStored, again.report.imagesKeptAsAddress],
    [1, 2, 2],
  )
  const changed = await importFile(shop, csvOf(rows('cup').map((row) => ({ ...row, Vendor: 'V' }))))
  assert.equal(changed.report.productsChanged, 1)
  assert.deepEqual((await productOf(shop, 'cup')).media, cup.media, 'a change of the product keeps the pictures it has')
})

test('a host that does not answer leaves the product as it is', async () => {
  await importFile(shop, csvOf(rows('mug')))
  const before = await productOf(shop, 'mug')
  failing = true
  assert.deepEqual(await storeAll('mug'), { stored: 0, addresses: 4 })
  assert.deepEqual(await productOf(shop, 'mug'), before)
})
