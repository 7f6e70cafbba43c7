import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createBreaker } from '#kernel/dependency'
import { newId } from '#kernel/id'
import { noMongodb, startTestMongodb, type TestMongodb } from '../../test/mongodb.ts'
import { copyCatalog, type End } from './copy-catalog.ts'
import { openLmdbStore } from './store/lmdb.ts'
import { openMongodbStore } from './store/mongodb.ts'
import { mongodbBreaker } from './store/mongodb-connection.ts'
import { openStore } from './store/open-store.ts'
import { type CatalogStore, contentParts, type ProductDocument } from './store/port.ts'
import { testDocument, testEvent } from './store/suite/test-document.ts'

const root = join(import.meta.dirname, '..', '..')
const quiet = { onProgress: () => undefined }
const end = (name: string, { contents }: CatalogStore): End => ({ name, contents })
const next = (document: ProductDocument, change: Partial<ProductDocument['product']>): ProductDocument => ({
  ...document,
  product: { ...document.product, ...change, version: document.product.version + 1 },
})

describe('moving a catalog', { skip: noMongodb }, () => {
  let server: TestMongodb
  let folder: string
  const stores: CatalogStore[] = []
  before(async () => {
    server = await startTestMongodb()
    folder = await mkdtemp(join(tmpdir(), 'stoa-copy-'))
  })
  after(async () => {
    await Promise.all(stores.map((one) => one.close()))
    await rm(folder, { recursive: true, force: true })
    await server?.stop()
  })
  const lmdb = (dataFolder = join(folder, newId('data'))): CatalogStore => {
    const store = openLmdbStore(dataFolder)
    stores.push(store)
    return store
  }
  const mongodb = async (url = server.database()): Promise<CatalogStore> => {
    const store = await openMongodbStore(url)
    stores.push(store)
    return store
  }

  test('everything arrives as it was, and comes back as it was', async () => {
    const source = lmdb()
    await fill(source)
    const target = await mongodb()
    const there = await copyCatalog(end('LMDB', source), end('MongoDB', target), { final: true, ...quiet })
    assert.equal(there.same, true)
    assert.deepEqual(
      there.parts.map(({ part, documents }) => [part, documents]),
      [
        ['media', 2],
        ['categories', 1],
        ['products', 3],
        ['imports', 1],
        ['parts', 2],
        ['row-groups', 2],
        ['rejections', 1],
        ['marks', 1],
        ['exports', 1],
      ],
    )
    assert.deepEqual(await everything(target), await everything(source))
    // What the port says of it, not only what the copy compares.
    assert.equal((await target.byFormerHandle('cup'))?.product.handle, 'beaker')
    assert.equal(await target.byFormerHandle('mug'), null)
    const { pending, dead } = await target.events.backlog()
    assert.deepEqual([pending, dead], [2, 1])
    assert.deepEqual(await target.events.deadLetters(null, 10), await source.events.deadLetters(null, 10))
    assert.equal((await target.marks.claim('create a', 'key', 'print')).kind, 'answered')
    assert.deepEqual(Object.keys((await target.bySku('BEAKER'))?.product.extra ?? {}), ['$price', 'a.b', '50%', ''])

    await assert.rejects(source.put(testDocument(), null, null), /is being moved to another store/)
    await assert.rejects(
      copyCatalog(end('LMDB', source), end('MongoDB', target), { final: false, ...quiet }),
      /^Error: The catalog lives in MongoDB already: it was moved from LMDB\.$/,
    )
    const late = testDocument({ handle: 'late' })
    assert.deepEqual(await target.put(late, null, null), { kind: 'written' })
    const back = await copyCatalog(
      { name: 'MongoDB', contents: { ...target.contents, closesWithinMs: 0 } },
      end('LMDB', source),
      { final: true, ...quiet },
    )
    assert.equal(back.same, true)
    assert.deepEqual(await everything(source), await everything(target))
    assert.deepEqual(await source.byHandle('late'), late)
    assert.deepEqual(await source.put(testDocument(), null, null), { kind: 'written' })
  })

  test('what is written while it is copied arrives, and nothing can be written that is not', async () => {
    const source = lmdb()
    const documents = await Promise.all(
      Array.from({ length: 60 }, (_, index) => put(source, { handle: `cup-${index}` })),
    )
    const target = await mongodb()
    const ends = [end('LMDB', source), end('MongoDB', target)] as const
    const acknowledged: ProductDocument[] = []
    let refusals = 0
    let stopped = false
    const writing = (async () => {
      for (let index = 0; !stopped; index++) {
        const one = documents[index % documents.length] as ProductDocument
        const current = (await source.get(one.product.id)) as ProductDocument
        const changed = next(current, { title: `Cup ${index}`, handle: `${current.product.handle.slice(0, 20)}x` })
        try {
          assert.deepEqual(await source.put(changed, current.product.version, testEvent(changed)), { kind: 'written' })
          acknowledged.push(changed)
        } catch (error) {
          assert.match((error as Error).message, /is being moved/)
          refusals += 1
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    await copyCatalog(...ends, { final: false, ...quiet })
    const before = acknowledged.length
    const { same } = await copyCatalog(...ends, { final: true, ...quiet })
    stopped = true
    await writing
    assert.equal(same, true)
    assert.ok(before > 0 && refusals > 0, `${before} writes, ${refusals} refusals`)
    const newest = new Map(acknowledged.map((one) => [one.product.id, one]))
    for (const [productId, document] of newest) assert.deepEqual(await target.get(productId), document)
    assert.deepEqual(await everything(target), await everything(source))
  })

  test('products that traded their handles and SKUs between two runs arrive', async () => {
    const source = lmdb()
    const cup = await put(source, { handle: 'cup' }, 'CUP')
    const mug = await put(source, { handle: 'mug' }, 'MUG')
    const target = await mongodb()
    const ends = [end('LMDB', source), end('MongoDB', target)] as const
    await copyCatalog(...ends, { final: false, ...quiet })
    const withSku = (document: ProductDocument, handle: string, sku: string | null): ProductDocument =>
      next(document, { handle, variants: document.product.variants.map((one) => ({ ...one, sku })) })
    const away = withSku(cup, 'away', null)
    await source.put(away, 1, null)
    await source.put(withSku(mug, 'cup', 'CUP'), 1, null)
    await source.put(withSku(away, 'mug', 'MUG'), 2, null)
    assert.equal((await copyCatalog(...ends, { final: false, ...quiet })).same, true)
    assert.equal((await target.byHandle('cup'))?.product.id, mug.product.id)
    assert.equal((await target.bySku('MUG'))?.product.id, cup.product.id)
  })

  test('two catalogs are not mixed, and a refusal changes nothing', async () => {
    const source = lmdb()
    await put(source, { handle: 'cup' })
    const other = await mongodb()
    const theirs = await put(other, { handle: 'their-cup' })
    const run = (to: CatalogStore) => copyCatalog(end('LMDB', source), end('MongoDB', to), { final: true, ...quiet })
    await assert.rejects(run(other), /^Error: There is a catalog in MongoDB already\./)
    const third = lmdb()
    await put(third, { handle: 'third' })
    const begun = await mongodb()
    await copyCatalog(end('LMDB', third), end('MongoDB', begun), { final: false, ...quiet })
    await assert.rejects(run(begun), /^Error: The catalog in MongoDB is another shop’s/)
    assert.deepEqual(await other.scan('', 10), [theirs])
    assert.equal(await source.byHandle('their-cup'), null)
    assert.deepEqual(await source.put(testDocument(), null, null), { kind: 'written' }, 'the source stayed open')
  })

  test('a shop starts where its catalog lives, and nowhere else', async () => {
    const dataFolder = join(folder, 'lives')
    const source = lmdb(dataFolder)
    await put(source, { handle: 'cup' })
    const url = server.database()
    const start = async (environment: Record<string, string>): Promise<string> => {
      const breaker = () => createBreaker(mongodbBreaker)
      try {
        const store = await openStore({ dataFolder, environment, breaker })
        const { length } = await store.scan('', 10)
        await store.close()
        return `starts with ${length}`
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    assert.deepEqual([await start({}), await start({ MONGODB_URL: url })], ['starts with 1', 'catalog-not-copied'])
    const target = await mongodb(url)
    const ends = [end('LMDB', source), end('MongoDB', target)] as const
    await copyCatalog(...ends, { final: false, ...quiet })
    assert.deepEqual([await start({}), await start({ MONGODB_URL: url })], ['starts with 1', 'catalog-unfinished'])
    await copyCatalog(...ends, { final: true, ...quiet })
    assert.deepEqual([await start({}), await start({ MONGODB_URL: url })], ['catalog-moved', 'starts with 1'])
  })

  test('a MongoDB that is closed is changed by no process any more, within the time that whoever closes it waits', async () => {
    const url = server.database()
    const closing = await mongodb(url)
    const writing = await mongodb(url)
    await put(writing, { handle: 'cup' })
    await closing.contents.setResidence({ catalogId: 'catalog_1', state: 'moved' })
    const until = Date.now() + closing.contents.closesWithinMs
    for (;;) {
      const verdict = await writing.put(testDocument(), null, null).catch((error: Error) => error.message)
      if (typeof verdict === 'string') {
        assert.match(verdict, /is being moved to another store/)
        break
      }
      assert.ok(Date.now() < until, 'it is still written')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const { length } = await closing.scan('', 10_000)
    await assert.rejects(
      writing.events.confirm([{ subscriber: 'search', attempts: 1, event: testEvent(testDocument()).event }]),
    )
    await assert.rejects(writing.putCategories([]))
    assert.equal((await closing.scan('', 10_000)).length, length)
    assert.ok(await writing.byHandle('cup'), 'it is still read')
  })

  test('the command goes on where it was killed, tells what both hold, and is followed by the shop’s start', async () => {
    const dataFolder = join(folder, 'killed')
    const source = lmdb(dataFolder)
    await Promise.all(Array.from({ length: 1_500 }, (_, index) => put(source, { handle: `cup-${index}` })))
    const url = server.database()
    const copy = (final: boolean) => {
      const parameters = ['catalog', 'copy', '--from', 'lmdb', '--to', 'mongodb', ...(final ? ['--final'] : [])]
      const child = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), ...parameters], {
        env: { ...process.env, STOA_DATA: dataFolder, MONGODB_URL: url },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
      return { child, output: () => output, ended: once(child, 'close') }
    }
    const target = await mongodb(url)
    const killed = copy(false)
    for (;;) {
      const arrived = (await target.scan('', 2_000)).length
      if (arrived > 0) break
      assert.equal(killed.child.exitCode, null, killed.output())
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    killed.child.kill('SIGKILL')
    await killed.ended
    const arrived = (await target.scan('', 2_000)).length
    assert.ok(arrived > 0 && arrived < 1_500, `${arrived} had arrived`)
    assert.deepEqual(await target.contents.residence(), { ...(await source.contents.residence()), state: 'arriving' })

    const again = copy(true)
    const [code] = await again.ended
    assert.equal(code, 0, again.output())
    assert.match(again.output(), /products +1500 {2}[0-9a-f]{16}\n/)
    assert.match(again.output(), /Both hold the same, document by document/)
    assert.deepEqual(await everything(target), await everything(source))
    assert.equal((await target.contents.residence())?.state, 'home')
  })
})

async function put(store: CatalogStore, product: Partial<ProductDocument['product']>, sku: string | null = null) {
  const document = testDocument(product, sku)
  assert.deepEqual(await store.put(document, null, null), { kind: 'written' })
  return document
}

/** A catalog with something of everything. */
async function fill(store: CatalogStore): Promise<void> {
  const cup = testDocument({ handle: 'cup' }, 'CUP')
  await store.put(cup, null, testEvent(cup, ['cart', 'search']))
  const beaker = next(cup, { handle: 'beaker', extra: { $price: '1', 'a.b': '2', '50%': '3', '': '4' } })
  const [variant] = beaker.product.variants
  await store.put(next(beaker, { variants: variant ? [{ ...variant, sku: 'BEAKER' }] : [], version: 1 }), 1, null)
  const mug = await put(store, { handle: 'mug' })
  await store.put(next(mug, { handle: 'jug' }), 1, null)
  const other = testDocument({ handle: 'mug' }, 'MUG')
  await store.put(other, null, testEvent(other))
  const [delivery] = await store.events.claim(1, 0)
  assert.ok(delivery)
  await store.events.postpone([{ delivery, error: 'no id', kind: 'unfit' }])
  for (const size of [3, 5]) {
    const bytes = Buffer.alloc(size, 7)
    await store.putMedia({ id: newId('media'), contentType: 'image/png', width: 1, height: null, bytes })
  }
  await store.addCategories([{ handle: 'cups', title: 'Cups' }])
  const importId = newId('import')
  const report = { id: importId, fileName: 'goods.csv', market: 'eu', state: 'uploading' as const, error: null }
  const counts = { bytes: 0, bytesDone: 0, rows: 0, productsCreated: 0, productsChanged: 0, productsUnchanged: 0 }
  const rest = { rowsRejected: 0, unknownColumns: [], imagesStored: 0, imagesKeptAsAddress: 0 }
  const times = { startedAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z' }
  await store.createImport({ ...report, ...counts, ...rest, ...times })
  await store.putPart(importId, 0, Buffer.from('Handle'))
  await store.putPart(importId, 11, Buffer.from('cup'))
  const run = (handle: string, row: number) => ({ handle, offset: row * 10, bytes: 10, row, rows: 1 })
  await store.addRows(importId, [run('cup', 9), run('mug', 10), run('cup', 11)], 10)
  await store.reject(importId, [{ row: 12, handle: null, column: null, reason: 'no' }])
  await store.marks.claim('create a', 'key', 'print')
  await store.marks.answer('create a', 'key', { ok: true, value: { b: 1, a: 2 } })
  await store.putExport('export_1', ['Handle'])
}

async function everything({ contents }: CatalogStore): Promise<unknown[]> {
  return Promise.all(
    contentParts.map(async (part) =>
      (await contents.read(part, '', 10_000)).map(({ key, value, bytes }) => [
        part,
        key,
        value,
        bytes && Buffer.from(bytes).toString('hex'),
      ]),
    ),
  )
}
