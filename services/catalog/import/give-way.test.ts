import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { GiveWay } from '#kernel/give-way'
import { createLog } from '#kernel/telemetry'
import { openLmdbStore } from '../store/lmdb.ts'
import type { CatalogStore, ImportDocument } from '../store/port.ts'
import { csvOf, startShop, type TestShop } from '../test-shop.ts'
import { newReport } from './imports.ts'
import { importJob } from './run-imports.ts'

let shop: TestShop
let folder: string
let store: CatalogStore
before(async () => {
  shop = await startShop()
  folder = await mkdtemp(join(tmpdir(), 'stoa-give-way-'))
  store = openLmdbStore(folder)
})
after(async () => {
  await store?.close()
  await rm(folder, { recursive: true, force: true })
  await shop?.stop()
})

const sizes = ['XS', 'S', 'M', 'L', 'XL']
const products = 120

const fileOf = (name: string): Buffer =>
  Buffer.from(
    csvOf(
      Array.from({ length: products }, (_, index) =>
        sizes.map((size, at) => ({
          Handle: `${name}-${index}`,
          Title: at === 0 ? `Cup ${index}` : '',
          'Option1 Name': at === 0 ? 'Size' : '',
          'Option1 Value': size,
          'Variant Price': '12.50',
        })),
      ).flat(),
    ),
  )

/** Imports a file beside shoppers, or alone. @returns what was saved on the way, and how often the import rested */
async function imported(name: string, besideShoppers: () => boolean) {
  const file = fileOf(name)
  const report = newReport(`${name}.csv`, 'eu')
  await store.createImport(report)
  const uploaded = await store.putPart(report.id, 0, file)
  assert.ok(uploaded)
  await store.saveImport({ ...uploaded, report: { ...uploaded.report, state: 'running' } }, uploaded.revision, 0)
  const saved: ImportDocument[] = []
  let rests = 0
  const giveWay: GiveWay = {
    isDue: besideShoppers,
    rest: async () => {
      if (besideShoppers()) rests += 1
    },
  }
  await importJob({
    store: {
      ...store,
      saveImport: async (...given) => {
        const document = await store.saveImport(...given)
        if (document) saved.push(document)
        return document
      },
    },
    pricing: shop.pricing,
    inventory: shop.inventory,
    subscribersOf: () => [],
    wakeRelay: () => undefined,
    publicUrl: 'http://127.0.0.1',
    lowStock: 5,
    giveWay,
    log: createLog({ level: 'silent', redact: [] }),
  }).run(new AbortController().signal)
  const ended = saved.at(-1)?.report
  assert.deepEqual([ended?.state, ended?.productsCreated, ended?.rowsRejected], ['done', products, 0])
  return { saved, rests }
}

/** How much each save is more than the one before, where it is. */
const pieces = (saved: readonly ImportDocument[], what: 'rows' | 'productsCreated'): number[] =>
  saved.map(({ report }, index) => report[what] - (saved[index - 1]?.report[what] ?? 0)).filter((count) => count > 0)

test('an import beside shoppers goes in small pieces and rests after each; alone it goes in large ones', async () => {
  const beside = await imported('beside', () => true)
  assert.deepEqual(pieces(beside.saved, 'productsCreated'), [25, 25, 25, 25, 20])
  assert.ok(Math.max(...pieces(beside.saved, 'rows')) <= 250)
  assert.equal(beside.rests, pieces(beside.saved, 'rows').length + 5)

  const alone = await imported('alone', () => false)
  assert.deepEqual(pieces(alone.saved, 'productsCreated'), [products])
  assert.deepEqual(pieces(alone.saved, 'rows'), [products * sizes.length])
  assert.equal(alone.rests, 0)
})
