import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type T from 'typebox'
import { newId } from '#kernel/id'
import type { CatalogProduct, ImportReport } from '../contract.ts'
import type { CatalogStore, NewEvent, ProductDocument } from './port.ts'
import type { ChildOrder } from './store-suite-child.ts'

export type Adapter = {
  readonly name: string
  /** Opens the store that `place` names; two calls with one place give two handles on one store. */
  readonly open: (place: string) => CatalogStore | Promise<CatalogStore>
  /** The same function for another process: a module's URL and its export. */
  readonly module: string
  readonly exportName: string
  /** Makes of a store what the version before wrote, which knew of no index of words. */
  readonly withoutWords: (place: string) => Promise<void>
  /** Writes a product that is there, with another title, as the version before does. */
  readonly putAsBefore: (place: string, document: ProductDocument) => Promise<void>
}

/** A product with one variant, as small as the contract allows. */
export function testDocument(
  overrides: Partial<CatalogProduct> = {},
  sku: string | null = null,
  variantId = newId('variant'),
): ProductDocument {
  const id = overrides.id ?? newId('prod')
  const product: CatalogProduct = {
    id,
    handle: id.replace('_', '-'),
    title: 'Cup',
    descriptionHtml: '',
    vendor: null,
    productType: null,
    tags: [],
    status: 'active',
    isGiftCard: false,
    categories: [],
    attributes: [],
    options: [],
    seo: { title: null, description: null },
    extra: {},
    variants: [
      {
        id: variantId,
        sku,
        barcode: null,
        options: {},
        grams: 0,
        requiresShipping: true,
        taxable: true,
        taxCode: null,
        inventoryPolicy: 'deny',
        inventoryTracked: true,
        mediaId: null,
        extra: {},
      },
    ],
    media: [],
    version: 1,
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    ...overrides,
  }
  return { product, source: null, createdBy: null }
}

export function testEvent(document: ProductDocument, subscribers = ['search'], type = 'product.changed'): NewEvent {
  const { id, version } = document.product
  return {
    subscribers,
    event: {
      id: `${id}:${version}:${type}`,
      type,
      source: 'catalog',
      subject: id,
      sequence: version,
      time: new Date().toISOString(),
      traceId: '0'.repeat(32),
      data: { productId: id },
    },
  }
}

const nextVersion = (document: ProductDocument, change: Partial<CatalogProduct> = {}): ProductDocument => ({
  ...document,
  product: { ...document.product, ...change, version: document.product.version + 1 },
})

/** What every store adapter must hold. Each test has a store of its own. */
export function storeSuite(adapter: Adapter): void {
  describe(`${adapter.name}: the catalog store`, () => {
    let places = ''
    const opened: CatalogStore[] = []
    before(async () => {
      places = await mkdtemp(join(tmpdir(), 'stoa-store-'))
    })
    after(async () => {
      await Promise.all(opened.map((store) => store.close()))
      await rm(places, { recursive: true, force: true })
    })
    const open = async (place: string): Promise<CatalogStore> => {
      const store = await adapter.open(place)
      opened.push(store)
      return store
    }
    const newPlace = (): string => join(places, newId('place'))
    const newStore = (): Promise<CatalogStore> => open(newPlace())
    const child = (place: string, order: ChildOrder): ChildProcess =>
      fork(
        join(import.meta.dirname, 'store-suite-child.ts'),
        [adapter.module, adapter.exportName, place, JSON.stringify(order)],
        { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
      )

    productTests(newStore)
    searchTests(newStore)
    olderSearchTests(open, newPlace, adapter)
    eventTests(newStore)
    deadLetterTests(newStore)
    processTests(open, newPlace, child)
    otherDocumentTests(newStore)
    importTests(newStore)
  })
}

function productTests(newStore: () => Promise<CatalogStore>): void {
  test('a product is found by id, handle, variant and SKU', async () => {
    const store = await newStore()
    const cup = testDocument({ handle: 'cup' }, 'CUP-1')
    assert.deepEqual(await store.put(cup, null, null), { kind: 'written' })
    const [variant] = cup.product.variants
    assert.deepEqual(await store.get(cup.product.id), cup)
    assert.deepEqual(await store.byHandle('cup'), cup)
    assert.deepEqual(await store.bySku('CUP-1'), cup)
    assert.deepEqual(await store.byVariants([variant?.id ?? '', newId('variant'), variant?.id ?? '']), [cup])
    assert.deepEqual(await store.getMany([newId('prod'), cup.product.id]), [cup])
    assert.equal(await store.get(newId('prod')), null)
    assert.equal(await store.byHandle('saucer'), null)
    assert.equal(await store.byHandle(`cup\0${'x'.repeat(5_000)}`), null)
  })

  test('a write that names another version changes nothing, and keeps no event', async () => {
    const store = await newStore()
    const cup = testDocument({ handle: 'cup' })
    await store.put(cup, null, null)
    const renamed = nextVersion(cup, { title: 'Mug' })
    assert.deepEqual(await store.put(renamed, 7, testEvent(renamed)), { kind: 'conflict' })
    assert.deepEqual(await store.put(cup, null, testEvent(cup)), { kind: 'conflict' })
    assert.deepEqual(await store.put(testDocument(), 1, null), { kind: 'conflict' })
    assert.deepEqual(await store.byHandle('cup'), cup)
    assert.deepEqual(await countsOf(store), { pending: 0, dead: 0 })
    assert.deepEqual(await store.put(renamed, 1, null), { kind: 'written' })
    assert.deepEqual(await store.get(cup.product.id), renamed)
  })

  test('handles and SKUs belong to one product, and are free again when it gives them up', async () => {
    const store = await newStore()
    const cup = testDocument({ handle: 'cup' }, 'CUP-1')
    await store.put(cup, null, null)
    const second = testDocument({ handle: 'cup' }, 'CUP-2')
    assert.deepEqual(await store.put(second, null, testEvent(second)), { kind: 'handle-taken', handle: 'cup' })
    const third = testDocument({ handle: 'mug' }, 'CUP-1')
    assert.deepEqual(await store.put(third, null, testEvent(third)), { kind: 'sku-taken', sku: 'CUP-1' })
    assert.equal(await store.byHandle('mug'), null)
    assert.equal(await store.bySku('CUP-2'), null)
    assert.deepEqual(await countsOf(store), { pending: 0, dead: 0 })

    const [variant] = cup.product.variants
    assert.ok(variant)
    const moved = nextVersion(cup, { handle: 'beaker', variants: [{ ...variant, sku: 'BEAKER-1' }] })
    await store.put(moved, 1, null)
    assert.equal(await store.byHandle('cup'), null)
    assert.equal(await store.bySku('CUP-1'), null)
    assert.deepEqual(await store.bySku('BEAKER-1'), moved)
    assert.deepEqual(await store.put(testDocument({ handle: 'cup' }, 'CUP-1'), null, null), { kind: 'written' })
  })

  test('a handle that was given up leads to its product, until some product has it', async () => {
    const store = await newStore()
    const cup = testDocument({ handle: 'cup' })
    await store.put(cup, null, null)
    const mug = nextVersion(cup, { handle: 'mug' })
    await store.put(mug, 1, null)
    const beaker = nextVersion(mug, { handle: 'beaker' })
    await store.put(beaker, 2, null)
    for (const handle of ['cup', 'mug']) assert.deepEqual(await store.byFormerHandle(handle), beaker)
    for (const handle of ['beaker', 'bowl']) assert.equal(await store.byFormerHandle(handle), null)

    const other = testDocument({ handle: 'cup' })
    await store.put(other, null, null)
    assert.equal(await store.byFormerHandle('cup'), null)
    await store.put(nextVersion(other, { handle: 'bowl' }), 1, null)
    assert.equal((await store.byFormerHandle('cup'))?.product.id, other.product.id)
    await store.put(nextVersion(beaker, { handle: 'mug' }), 3, null)
    assert.equal(await store.byFormerHandle('mug'), null)
  })

  test('any number of products may have no SKU, and a variant keeps to its product', async () => {
    const store = await newStore()
    const cup = testDocument()
    assert.deepEqual(await store.put(cup, null, null), { kind: 'written' })
    assert.deepEqual(await store.put(testDocument(), null, null), { kind: 'written' })
    await assert.rejects(store.put(testDocument({ variants: cup.product.variants }), null, null), /belongs to/)
  })

  test('of many writes of one version exactly one succeeds', async () => {
    const store = await newStore()
    const cup = testDocument()
    await store.put(cup, null, null)
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, (_, index) => store.put(nextVersion(cup, { title: `Cup ${index}` }), 1, null)),
    )
    assert.equal(verdicts.filter(({ kind }) => kind === 'written').length, 1)
    assert.equal(verdicts.filter(({ kind }) => kind === 'conflict').length, 49)
  })

  test('a scan goes through all products by id, page after page', async () => {
    const store = await newStore()
    const documents = Array.from({ length: 7 }, () => testDocument()).sort((a, b) =>
      a.product.id < b.product.id ? -1 : 1,
    )
    for (const document of documents) await store.put(document, null, null)
    const seen: ProductDocument[] = []
    for (let after = ''; ; after = seen.at(-1)?.product.id ?? '') {
      const page = await store.scan(after, 3)
      if (page.length === 0) break
      seen.push(...page)
    }
    assert.deepEqual(seen, documents)
  })

  test('staff find products by words of title, handle and SKU, and by status, newest first', async () => {
    const store = await newStore()
    const red = testDocument({ handle: 'red-cup', title: 'Red Cup' }, 'RC-1')
    const blue = testDocument({ handle: 'blue-cup', title: 'Blue Cup', status: 'draft' }, 'BC-1')
    await store.put(red, null, null)
    await store.put(blue, null, null)
    const found = async (
      words: string[],
      status: 'active' | 'draft' | 'archived' | null = null,
      before: string | null = null,
    ) => (await store.list({ words, status, before, limit: 10 })).map(({ product }) => product.handle)
    assert.deepEqual(await found([]), ['blue-cup', 'red-cup'])
    assert.deepEqual(await found(['cup', 'red']), ['red-cup'])
    assert.deepEqual(await found(['bc-1']), ['blue-cup'])
    assert.deepEqual(await found([], 'draft'), ['blue-cup'])
    assert.deepEqual(await found(['draft']), [])
    assert.deepEqual(await found([], null, blue.product.id), ['red-cup'])
    assert.equal((await store.list({ words: [], status: null, before: null, limit: 1 })).length, 1)
  })
}

type Status = 'active' | 'draft' | 'archived'

/** The handles that a staff search finds, from one page or from as many as there are. */
const foundIn =
  (store: CatalogStore) =>
  async (words: string, status: Status | null = null): Promise<string[]> => {
    const filter = { words: words.split(' ').filter(Boolean), status, before: null, limit: 100 }
    return (await store.list(filter)).map(({ product }) => product.handle)
  }
const foundByPages =
  (store: CatalogStore) =>
  async (words: string, status: Status | null = null): Promise<string[]> => {
    const seen: ProductDocument[] = []
    for (;;) {
      const before = seen.at(-1)?.product.id ?? null
      const page = await store.list({ words: words.split(' ').filter(Boolean), status, before, limit: 3 })
      if (page.length === 0) return seen.map(({ product }) => product.handle)
      seen.push(...page)
    }
  }

/** Waits until words are found by their beginnings: a store makes its index behind the first searches. */
async function indexed(store: CatalogStore): Promise<CatalogStore> {
  const probes = [testDocument({ title: 'zyzzyva', handle: 'first' }), testDocument({ title: 'azyzzyva', handle: 'b' })]
  for (const probe of probes) await store.put(probe, null, null)
  for (let tries = 0; (await foundIn(store)('zyzzyva')).length !== 1; tries++) {
    assert.ok(tries < 500, 'there is no index after ten seconds')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await store.contents.remove(
    'products',
    probes.map(({ product }) => product.id),
  )
  return store
}

function searchTests(newStore: () => Promise<CatalogStore>): void {
  test('staff find products by how words begin: of titles, handles and SKUs, with signs or between them', async () => {
    const store = await indexed(await newStore())
    await store.put(testDocument({ handle: 'red-cup', title: 'Red T-Shirt (Washed)' }, 'ABC-1234'), null, null)
    await store.put(testDocument({ handle: 'blue-saucer', title: 'Überzug, blau' }, 'xYz/77.5'), null, null)
    await store.put(testDocument({ handle: 'teacups', title: 'Set of Teacups' }, 'tea_900'), null, null)
    await store.put(testDocument({ handle: 'mug', title: 'Mug' }), null, null)
    const found = foundIn(store)
    for (const words of [
      're',
      'red',
      'cup',
      'red-c',
      't-shirt',
      'shi',
      'washed',
      '(washed',
      'abc-1234',
      'abc-',
      '1234',
      '12',
    ])
      assert.deepEqual(await found(words), ['red-cup'], words)
    for (const words of ['über', 'überzug,', 'blau', 'blue-saucer', 'xyz/77', 'xyz', '77.5', '77'])
      assert.deepEqual(await found(words), ['blue-saucer'], words)
    assert.deepEqual(await found('cup'), ['red-cup'], 'no teacups where there is a cup')
    assert.deepEqual(await found('tea_9'), ['teacups'])
    assert.deepEqual(await found('r'), ['blue-saucer', 'red-cup'], 'one letter is found anywhere')
    assert.deepEqual(await found('nothing'), [])
    assert.deepEqual(await found(`re${'d'.repeat(5_000)}`), [])
    assert.deepEqual(await found('re\0d'), [])
    assert.deepEqual(await found('.*'), [])
  })

  test('of several words one begins so, and the others are anywhere; a state is one more', async () => {
    const store = await indexed(await newStore())
    const draft = { status: 'draft' } as const
    await store.put(testDocument({ handle: 'a', title: 'Red cup', ...draft }, 'RC-1'), null, null)
    await store.put(testDocument({ handle: 'b', title: 'Red teacup' }, 'RC-2'), null, null)
    await store.put(testDocument({ handle: 'c', title: 'Blue cup' }, 'BC-3'), null, null)
    await store.put(testDocument({ handle: 'd', title: 'Draft beer mug' }, 'M-4'), null, null)
    const found = foundIn(store)
    assert.deepEqual(await found('cup red'), ['a'])
    assert.deepEqual(await found('rc-2 eacu'), ['b'])
    assert.deepEqual(await found('blue cup bc'), ['c'])
    assert.deepEqual(await found('blue mug'), [])
    assert.deepEqual(await found('', 'draft'), ['a'])
    assert.deepEqual(await found('', 'active'), ['d', 'c', 'b'])
    assert.deepEqual(await found('', 'archived'), [])
    assert.deepEqual(await found('cup', 'active'), ['c'])
    assert.deepEqual(await found('red', 'draft'), ['a'])
    assert.deepEqual(await found('blue', 'draft'), [])
    assert.deepEqual(await found('draft'), ['d'], 'a state is no word')
    assert.deepEqual(await found('=draft'), [])
  })

  test('parts of words are found where nothing begins so', async () => {
    const store = await indexed(await newStore())
    await store.put(testDocument({ handle: 'a', title: 'Red teacup' }, 'XY-1234'), null, null)
    await store.put(testDocument({ handle: 'b', title: 'Blue eggcup', status: 'draft' }, 'XY-5678'), null, null)
    const found = foundIn(store)
    assert.deepEqual(await found('cup'), ['b', 'a'])
    assert.deepEqual(await found('cup', 'draft'), ['b'])
    assert.deepEqual(await found('234'), ['a'])
    assert.deepEqual(await found('y-5'), ['b'])
    assert.deepEqual(await found('cup eggc'), ['b'])
    await store.put(testDocument({ handle: 'c', title: 'Cup' }), null, null)
    assert.deepEqual(await found('cup'), ['c'])
    assert.deepEqual(await found('cup 234'), ['a'], 'no product has both, where one begins so')
  })

  test('pages of a search have every product once', async () => {
    const store = await indexed(await newStore())
    // The oldest is one that is only found where nothing begins so.
    const kinds = ['Teacup', 'Cup', 'Cups', 'Cupboard', 'Red cup']
    const documents = Array.from({ length: 60 }, (_, n) =>
      testDocument(
        {
          handle: `p-${n}`,
          // Words of which one is only in old products, and one only in new ones.
          title: `${kinds[n % 5]} ${n < 20 ? 'old' : 'new'}`,
          status: n % 4 === 0 ? 'draft' : 'active',
        },
        `S-${n}`,
      ),
    )
    for (const document of documents) await store.put(document, null, null)
    const expected = (isFound: (n: number) => boolean): string[] =>
      documents.flatMap(({ product }, n) => (isFound(n) ? [product.handle] : [])).reverse()
    const found = foundByPages(store)
    const isCup = (n: number): boolean => n % 5 !== 0
    assert.deepEqual(
      await found(''),
      expected(() => true),
    )
    assert.deepEqual(await found('cup'), expected(isCup))
    assert.deepEqual(await foundIn(store)('cup'), expected(isCup))
    // The rarer word has to begin so, and the other may be anywhere.
    assert.deepEqual(
      await found('cup old'),
      expected((n) => n < 20),
    )
    assert.deepEqual(
      await found('', 'draft'),
      expected((n) => n % 4 === 0),
    )
    assert.deepEqual(
      await found('cup', 'draft'),
      expected((n) => n % 4 === 0),
    )
    assert.deepEqual(
      await found('eacu'),
      expected((n) => n % 5 === 0),
    )
    assert.deepEqual(
      await found('s-'),
      expected(() => true),
    )
  })

  test('what a product was called before it is not found by, nor what is gone', async () => {
    const store = await indexed(await newStore())
    const cup = testDocument({ handle: 'cup', title: 'Red cup' }, 'RC-1')
    const [variant] = cup.product.variants
    assert.ok(variant)
    await store.put(cup, null, null)
    await store.put(testDocument({ handle: 'other', title: 'Cupboard reddish rc draft' }, 'A-BM-2'), null, null)
    const found = foundIn(store)
    assert.deepEqual(await found('red'), ['other', 'cup'])
    const variants = (sku: string) => [{ ...variant, sku }]
    const mug = nextVersion(cup, { title: 'Blue shredded mug', status: 'draft', variants: variants('BM-2') })
    await store.put(mug, 1, null)
    for (const words of ['red', 'rc', 'cupboard']) assert.deepEqual(await found(words), ['other'], words)
    for (const words of ['blue', 'mug', 'bm-2', 'cup mug']) assert.deepEqual(await found(words), ['cup'], words)
    assert.deepEqual(await found('rc-1'), [])
    assert.deepEqual(await found('', 'draft'), ['cup'])
    assert.deepEqual(await found('', 'active'), ['other'])
    // Only how the SKU is written changes.
    const again = nextVersion(mug, { variants: variants('bM-2') })
    await store.put(again, 2, null)
    assert.deepEqual(await found('bm-2'), ['cup'])
    await store.put(nextVersion(again, { variants: variants('bm-2') }), 3, null)
    assert.deepEqual(await found('bm-2'), ['cup'])
    await store.contents.remove('products', [cup.product.id])
    for (const words of ['blue', 'mug']) assert.deepEqual(await found(words), [], words)
    assert.deepEqual(await found('bm-2'), ['other'])
    assert.deepEqual(await found('', 'draft'), [])
    await store.put(testDocument({ handle: 'last', title: 'Mug' }), null, null)
    assert.deepEqual(await found('mug'), ['last'])
  })
}

function olderSearchTests(
  open: (place: string) => Promise<CatalogStore>,
  newPlace: () => string,
  { withoutWords, putAsBefore }: Adapter,
): void {
  test('what the version before has written is found, and by how words begin after a while', async () => {
    const place = newPlace()
    const before = await open(place)
    const documents = Array.from({ length: 450 }, (_, n) =>
      testDocument({ handle: `p-${n}`, title: n % 2 === 0 ? 'Red cup' : 'Red teacup' }, `S-${n}`),
    )
    await Promise.all(documents.map((document) => before.put(document, null, null)))
    await before.close()
    await withoutWords(place)

    const store = await open(place)
    const counts = async (words: string[]): Promise<number> =>
      (await store.list({ words, status: null, before: null, limit: 1_000 })).length
    assert.equal(await counts(['cup']), 450)
    assert.equal((await foundIn(store)('s-449'))[0], 'p-449')
    for (let tries = 0; (await counts(['cup'])) > 225; tries++) {
      assert.ok(tries < 500, 'they are not entered after ten seconds')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal(await counts(['cup', 'red']), 225)
    const all = await foundByPages(store)('cup', 'active')
    assert.equal(new Set(all).size, 225)
    assert.equal(all.length, 225)
  })

  test('a version that knows of no index writes beside this one, and what it wrote is entered later', async () => {
    const place = newPlace()
    const store = await indexed(await open(place))
    const cup = testDocument({ handle: 'cup', title: 'Red cup' }, 'RC-1')
    await store.put(cup, null, null)
    await store.put(testDocument({ handle: 'other', title: 'Blue reds, green, gray' }), null, null)
    const blue = nextVersion(cup, { title: 'Blue cup' })
    await putAsBefore(place, blue)
    assert.deepEqual(await foundIn(store)('red'), ['other'])
    const green = nextVersion(blue, { title: 'Green and blue cup' })
    assert.deepEqual(await store.put(green, 2, null), { kind: 'written' })
    assert.deepEqual(await foundIn(store)('green'), ['other', 'cup'])
    assert.deepEqual(await foundIn(store)('blue'), ['other', 'cup'])
    await putAsBefore(place, nextVersion(green, { title: 'Gray cup' }))
    await store.close()

    const next = await open(place)
    for (let tries = 0; (await foundIn(next)('gray')).length < 2; tries++) {
      assert.ok(tries < 500, 'it is not entered after ten seconds')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.deepEqual(await foundIn(next)('gray'), ['other', 'cup'])
    assert.deepEqual(await foundIn(next)('green'), ['other'])
  })
}

/** How many events wait, and how many were given up. */
async function countsOf({ events }: CatalogStore): Promise<{ pending: number; dead: number }> {
  const { pending, dead } = await events.backlog()
  return { pending, dead }
}

function eventTests(newStore: () => Promise<CatalogStore>): void {
  test('an event waits with its product until each subscriber has confirmed', async () => {
    const store = await newStore()
    const cup = testDocument()
    const event = testEvent(cup, ['cart', 'search'])
    await store.put(cup, null, event)
    assert.deepEqual(await countsOf(store), { pending: 2, dead: 0 })
    const claimed = await store.events.claim(10, 30)
    assert.deepEqual(claimed.map(({ subscriber }) => subscriber).sort(), ['cart', 'search'])
    assert.deepEqual(claimed[0]?.event, event.event)
    assert.equal(claimed[0]?.attempts, 1)
    assert.deepEqual(await store.events.claim(10, 30), [], 'what is claimed is nobody else’s')
    await store.events.confirm(claimed.filter(({ subscriber }) => subscriber === 'cart'))
    assert.deepEqual(await countsOf(store), { pending: 1, dead: 0 })
    await store.events.confirm(claimed)
    assert.deepEqual(await countsOf(store), { pending: 0, dead: 0 })
  })

  test('a lease that ran out lets another take the event', async () => {
    const store = await newStore()
    const cup = testDocument()
    await store.put(cup, null, testEvent(cup))
    assert.equal((await store.events.claim(10, 0)).length, 1)
    const [again] = await store.events.claim(10, 30)
    assert.equal(again?.attempts, 2)
  })

  test('a newer event takes the place of one that was not confirmed, whose confirmation then counts for nothing', async () => {
    const store = await newStore()
    const cup = testDocument()
    await store.put(cup, null, testEvent(cup))
    const first = await store.events.claim(10, 30)
    const changed = nextVersion(cup)
    await store.put(changed, 1, testEvent(changed))
    await store.events.confirm(first)
    const second = await store.events.claim(10, 30)
    assert.deepEqual(
      second.map(({ event }) => event.sequence),
      [2],
    )
    await store.events.postpone([{ delivery: first[0] ?? assert.fail(), error: 'late', kind: 'failed' }])
    await store.events.confirm(second)
    assert.deepEqual(await countsOf(store), { pending: 0, dead: 0 })
  })

  test('events of two types of one product are kept apart', async () => {
    const store = await newStore()
    const cup = testDocument()
    await store.put(cup, null, testEvent(cup))
    const retired = nextVersion(cup, { status: 'archived' })
    await store.put(retired, 1, testEvent(retired, ['search'], 'product.retired'))
    const types = (await store.events.claim(10, 30)).map(({ event }) => event.type)
    assert.deepEqual(types.sort(), ['product.changed', 'product.retired'])
  })

  test('a failed delivery is tried again later and given up after twenty attempts; a change of the product revives it', async () => {
    const store = await newStore()
    const cup = testDocument()
    await store.put(cup, null, testEvent(cup))
    const [delivery] = await store.events.claim(1, 30)
    assert.ok(delivery)
    await store.events.postpone([{ delivery, error: 'cannot', kind: 'failed' }])
    assert.deepEqual(await store.events.claim(10, 30), [], 'not at once')
    assert.deepEqual(await countsOf(store), { pending: 1, dead: 0 })
    // Once failed already, and nineteen times to go. An answer to an earlier attempt counts for nothing.
    await store.events.postpone(
      Array.from({ length: 30 }, () => ({
        delivery: { ...delivery, attempts: 0 },
        error: 'cannot',
        kind: 'failed' as const,
      })),
    )
    for (let failures = 2; failures <= 20; failures++) {
      assert.deepEqual(await countsOf(store), { pending: 1, dead: 0 }, `after ${failures - 1} failures`)
      await store.events.postpone([{ delivery, error: 'cannot', kind: 'failed' }])
    }
    assert.deepEqual(await countsOf(store), { pending: 0, dead: 1 })
    const found = await store.events.overdue('2000-01-01T00:00:00Z', 10)
    assert.deepEqual(found, [{ productId: cup.product.id, type: 'product.changed', subscriber: 'search' }])
    const changed = nextVersion(cup)
    await store.put(changed, 1, testEvent(changed))
    assert.deepEqual(await countsOf(store), { pending: 1, dead: 0 })
    assert.deepEqual(await store.events.overdue('2000-01-01T00:00:00Z', 10), [])
    assert.equal((await store.events.overdue(new Date(Date.now() + 1_000).toISOString(), 10)).length, 1)
  })
}

function deadLetterTests(newStore: () => Promise<CatalogStore>): void {
  test('what was never judged is never given up; what can never be handled is given up at once, listed, and owed again on demand', async () => {
    const store = await newStore()
    const documents = [testDocument(), testDocument(), testDocument()]
    for (const one of documents) await store.put(one, null, testEvent(one))
    const claimed = await store.events.claim(10, 30)
    const [away, first, second] = documents.map(
      ({ product }) => claimed.find(({ event }) => event.subject === product.id) ?? assert.fail(),
    )
    assert.ok(away && first && second)
    for (let turn = 0; turn < 30; turn++) {
      await store.events.postpone([{ delivery: away, error: 'nobody is there', kind: 'unreached' }])
      await store.events.postpone([{ delivery: away, error: 'not confirmed', kind: 'unconfirmed' }])
    }
    await store.events.postpone([{ delivery: first, error: 'no id', kind: 'unfit' }])
    await new Promise((resolve) => setTimeout(resolve, 5))
    await store.events.postpone([{ delivery: second, error: 'no name', kind: 'unfit' }])
    assert.deepEqual(await countsOf(store), { pending: 1, dead: 2 })
    const [last, ...others] = await store.events.deadLetters(null, 10)
    assert.ok(last)
    const { diedAt, ...told } = last
    assert.deepEqual(told, {
      eventId: second.event.id,
      type: 'product.changed',
      subject: second.event.subject,
      publisher: second.event.source,
      subscriber: 'search',
      attempts: 1,
      error: 'no name',
      occurredAt: second.event.time,
    })
    assert.ok(Math.abs(Date.parse(diedAt) - Date.now()) < 60_000)
    assert.deepEqual(await store.events.deadLetters(last, 10), others)
    assert.deepEqual(await store.events.deadLetters(null, 1), [last])
    assert.equal(await store.events.replay(second.event.id), 1)
    assert.deepEqual(await store.events.claim(10, 30), [{ ...second, attempts: 1 }])
    assert.equal(await store.events.replay(second.event.id), 0)
    assert.equal(await store.events.replay(null), 1)
    assert.deepEqual(await countsOf(store), { pending: 3, dead: 0 })
    assert.deepEqual(await store.events.deadLetters(null, 10), [])
  })
}

function processTests(
  open: (place: string) => Promise<CatalogStore>,
  newPlace: () => string,
  child: (place: string, order: ChildOrder) => ChildProcess,
): void {
  const ended = async (process: ChildProcess): Promise<void> => {
    const [code] = (await once(process, 'exit')) as [number | null]
    assert.equal(code, 0)
  }

  test('two processes that raise one product’s version lose no step', async () => {
    const place = newPlace()
    const store = await open(place)
    const cup = testDocument()
    await store.put(cup, null, null)
    const order: ChildOrder = { kind: 'raise', productId: cup.product.id, times: 200 }
    await Promise.all([ended(child(place, order)), ended(child(place, order))])
    assert.equal((await store.get(cup.product.id))?.product.version, 401)
  })

  test('two processes that want the same SKUs get each of them once', async () => {
    const place = newPlace()
    const store = await open(place)
    const skus = Array.from({ length: 100 }, (_, index) => `SKU-${index}`)
    const order = (prefix: string): ChildOrder => ({ kind: 'take', prefix, skus })
    await Promise.all([ended(child(place, order('a'))), ended(child(place, order('b')))])
    const owners = await Promise.all(skus.map((sku) => store.bySku(sku)))
    assert.equal(owners.filter((one) => one !== null).length, 100)
    const all = await store.scan('', 1_000)
    assert.equal(all.length, 100, 'whoever lost a SKU wrote no product')
    assert.equal(new Set(all.map(({ product }) => product.handle)).size, 100)
  })

  test('what a killed process had acknowledged is there, whole, and nothing is there by half', async () => {
    const place = newPlace()
    const store = await open(place)
    for (let round = 0; round < 3; round++) {
      const acknowledged: string[] = []
      const writer = child(place, { kind: 'write' })
      writer.on('message', (productId: string) => acknowledged.push(productId))
      while (acknowledged.length < 50) await once(writer, 'message')
      writer.kill('SIGKILL')
      await once(writer, 'exit')
      for (const productId of acknowledged) assert.ok(await store.get(productId), `${productId} was acknowledged`)
    }
    const all = await store.scan('', 100_000)
    for (const document of all) {
      assert.deepEqual(await store.byHandle(document.product.handle), document)
      assert.deepEqual(await store.bySku(document.product.variants[0]?.sku ?? ''), document)
      assert.deepEqual(await store.byVariants(document.product.variants.map(({ id }) => id)), [document])
    }
    assert.deepEqual(await countsOf(store), { pending: all.length, dead: 0 })
    const fresh = testDocument()
    assert.deepEqual(await store.put(fresh, null, null), { kind: 'written' }, 'no lock is left behind')
  })
}

function otherDocumentTests(newStore: () => Promise<CatalogStore>): void {
  test('pictures and their smaller copies', async () => {
    const store = await newStore()
    const media = { id: newId('media'), contentType: 'image/png', width: 2, height: 1, bytes: Buffer.from([1, 2, 3]) }
    await store.putMedia(media)
    await store.putMedia({ ...media, contentType: 'image/gif' })
    const found = await store.media(media.id)
    assert.deepEqual({ ...found, bytes: Buffer.from(found?.bytes ?? []) }, media)
    const { bytes: _, ...facts } = media
    assert.deepEqual(await store.mediaFacts([newId('media'), media.id]), [facts])
    assert.equal(await store.media(newId('media')), null)
    assert.equal(await store.rendition(media.id, 320), null)
    await store.putRendition(media.id, 320, Buffer.from([9]))
    assert.deepEqual(Buffer.from((await store.rendition(media.id, 320)) ?? []), Buffer.from([9]))
    assert.equal(await store.rendition(media.id, 640), null)
  })

  test('categories are replaced as a list, and added once by handle', async () => {
    const store = await newStore()
    const category = (handle: string, position: number) => ({
      handle,
      title: handle,
      description: '',
      position,
      mediaUrl: null,
    })
    await store.putCategories([category('tables', 2), category('chairs', 1)])
    assert.deepEqual(
      (await store.categories()).map(({ handle }) => handle),
      ['chairs', 'tables'],
    )
    await Promise.all([
      store.addCategories([{ handle: 'lamps', title: 'Lamps' }]),
      store.addCategories([
        { handle: 'lamps', title: 'Other lamps' },
        { handle: 'rugs', title: 'Rugs' },
      ]),
    ])
    assert.deepEqual(
      (await store.categories()).map(({ handle, title, position }) => [handle, title, position]),
      [
        ['chairs', 'chairs', 1],
        ['tables', 'tables', 2],
        ['lamps', 'Lamps', 3],
        ['rugs', 'Rugs', 4],
      ],
    )
    await store.putCategories([])
    assert.deepEqual(await store.categories(), [])
  })

  test('an idempotency key is claimed once, answers the same, and is kept apart by scope', async () => {
    const { marks, purge } = await newStore()
    const claims = await Promise.all([marks.claim('create a', 'k', 'p'), marks.claim('create a', 'k', 'p')])
    assert.deepEqual(claims.map(({ kind }) => kind).sort(), ['claimed', 'running'])
    assert.deepEqual(await marks.claim('create a', 'k', 'other'), { kind: 'mismatch' })
    assert.deepEqual(await marks.claim('create b', 'k', 'p'), { kind: 'claimed' })
    await marks.answer('create a', 'k', { ok: true, value: { id: 1 } })
    assert.deepEqual(await marks.claim('create a', 'k', 'p'), {
      kind: 'answered',
      outcome: { ok: true, value: { id: 1 } },
    })
    await marks.release('create a', 'k')
    assert.equal((await marks.claim('create a', 'k', 'p')).kind, 'answered', 'an answer is not released')
    await marks.release('create b', 'k')
    assert.deepEqual(await marks.claim('create b', 'k', 'p'), { kind: 'claimed' })
    assert.equal(await purge('2000-01-01T00:00:00Z'), 0)
    assert.equal(await purge(new Date(Date.now() + 1_000).toISOString()), 2)
    assert.deepEqual(await marks.claim('create a', 'k', 'p'), { kind: 'claimed' })
  })

  test('the columns of an export are kept for a while', async () => {
    const store = await newStore()
    await store.putExport('export_1', ['Handle', 'Title'])
    assert.deepEqual(await store.exportColumns('export_1'), ['Handle', 'Title'])
    assert.equal(await store.exportColumns('export_2'), null)
    await store.purge(new Date(Date.now() + 1_000).toISOString())
    assert.equal(await store.exportColumns('export_1'), null)
  })
}

const testReport = (state: 'uploading' | 'running' = 'uploading'): T.Static<typeof ImportReport> => ({
  id: newId('import'),
  fileName: 'goods.csv',
  market: 'eu',
  state,
  bytes: 0,
  bytesDone: 0,
  rows: 0,
  productsCreated: 0,
  productsChanged: 0,
  productsUnchanged: 0,
  rowsRejected: 0,
  unknownColumns: [],
  imagesStored: 0,
  imagesKeptAsAddress: 0,
  error: null,
  startedAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
})

function importTests(newStore: () => Promise<CatalogStore>): void {
  test('parts arrive in any order, replace each other and count their bytes until the import starts', async () => {
    const store = await newStore()
    const report = testReport()
    await store.createImport(report)
    await store.putPart(report.id, 1, Buffer.from('world'))
    await store.putPart(report.id, 0, Buffer.from('hello'))
    const third = await store.putPart(report.id, 1, Buffer.from('you'))
    assert.ok(third)
    assert.equal(third.report.bytes, 8)
    assert.deepEqual(await store.partSizes(report.id), [
      { part: 0, bytes: 5 },
      { part: 1, bytes: 3 },
    ])
    assert.equal(Buffer.from((await store.part(report.id, 1)) ?? []).toString(), 'you')
    assert.equal(await store.part(report.id, 2), null)
    const running = await store.saveImport(
      { ...third, report: { ...third.report, state: 'running' } },
      third.revision,
      0,
    )
    assert.ok(running)
    assert.equal(await store.putPart(report.id, 2, Buffer.from('!')), null)
    assert.equal(await store.putPart(newId('import'), 0, Buffer.from('!')), null)
    await store.dropUpload(report.id)
    assert.deepEqual(await store.partSizes(report.id), [])
    assert.equal(await store.part(report.id, 0), null)
    assert.equal((await store.getImport(report.id))?.report.bytes, 8)
  })

  test('one driver at a time, and one whose lease was taken over cannot write', async () => {
    const store = await newStore()
    await store.createImport(testReport('uploading'))
    const report = testReport('running')
    await store.createImport(report)
    const claims = await Promise.all([store.claimImport(30), store.claimImport(30)])
    const [first, second] = claims.filter((one) => one !== null)
    assert.ok(first)
    assert.equal(first.report.id, report.id)
    assert.equal(second, undefined)
    const saved = await store.saveImport({ ...first, brokenLines: 3 }, first.revision, 0)
    assert.equal(saved?.brokenLines, 3)
    const other = await store.claimImport(30)
    assert.ok(other)
    assert.equal(other.brokenLines, 3)
    assert.equal(await store.saveImport({ ...first, brokenLines: 9 }, saved?.revision ?? 0, 30), null)
    assert.equal((await store.getImport(report.id))?.brokenLines, 3)
    const done = { ...other, report: { ...other.report, state: 'done' as const } }
    assert.ok(await store.saveImport(done, other.revision, 0))
    assert.equal(await store.claimImport(30), null)
  })

  test('a lease that is held on is nobody else’s, and one that ran out cannot be held by a driver that was replaced', async () => {
    const store = await newStore()
    await store.createImport(testReport('running'))
    const first = await store.claimImport(0)
    assert.ok(first)
    assert.equal(await store.holdImport(first.report.id, first.revision, 30), true)
    assert.equal(await store.claimImport(30), null)
    assert.equal(await store.holdImport(first.report.id, first.revision, 0), true)
    assert.ok(await store.claimImport(30))
    assert.equal(await store.holdImport(first.report.id, first.revision, 30), false)
  })

  test('imports are listed newest first', async () => {
    const store = await newStore()
    const reports = Array.from({ length: 4 }, () => testReport())
    for (const report of reports) await store.createImport(report)
    const ids = reports.map(({ id }) => id).reverse()
    const page = await store.listImports(null, 3)
    assert.deepEqual(
      page.map(({ report }) => report.id),
      ids.slice(0, 3),
    )
    const rest = await store.listImports(ids[2] ?? '', 3)
    assert.deepEqual(
      rest.map(({ report }) => report.id),
      ids.slice(3),
    )
  })

  test('rows of one handle come together, wherever they stand; noted twice they are noted once', async () => {
    const store = await newStore()
    const { id } = testReport()
    const run = (handle: string, row: number, rows = 1) => ({ handle, offset: row * 10, bytes: rows * 10, row, rows })
    const all = [run('cup', 2, 2), run('mug', 4), run('cup', 5)]
    assert.deepEqual(await store.addRows(id, all, 3), [])
    assert.deepEqual(await store.addRows(id, all, 3), [])
    assert.deepEqual(await store.addRows(id, [run('cup', 6), run('mug', 7)], 3), [run('cup', 6)])
    const groups = await store.rowGroups(id, 0, 10)
    assert.deepEqual(
      groups.map(({ handle, firstRow, runs }) => [handle, firstRow, runs.map(({ row }) => row)]),
      [
        ['cup', 2, [2, 5]],
        ['mug', 4, [4, 7]],
      ],
    )
    assert.deepEqual(
      (await store.rowGroups(id, 2, 10)).map(({ handle }) => handle),
      ['mug'],
    )
    await store.dropUpload(id)
    assert.deepEqual(await store.rowGroups(id, 0, 10), [])
  })

  test('rejections are one a row, in order', async () => {
    const store = await newStore()
    const { id } = testReport()
    const rejection = (row: number, reason = 'no') => ({ row, handle: 'cup', column: 'Title', reason })
    assert.equal(await store.reject(id, [rejection(10), rejection(9)]), 2)
    assert.equal(await store.reject(id, [rejection(10, 'still no'), rejection(2)]), 1)
    assert.equal(await store.countRejections(id), 3)
    assert.deepEqual(
      (await store.rejections(id, 0, 2)).map(({ row }) => row),
      [2, 9],
    )
    assert.deepEqual(await store.rejections(id, 9, 2), [rejection(10, 'still no')])
  })

  test('an upload that nobody finished is dropped after a while, and says so', async () => {
    const store = await newStore()
    const report = testReport()
    await store.createImport(report)
    await store.putPart(report.id, 0, Buffer.from('Handle'))
    await store.purge('2000-01-01T00:00:00Z')
    assert.equal((await store.getImport(report.id))?.report.state, 'uploading')
    await store.purge(new Date(Date.now() + 1_000).toISOString())
    assert.equal((await store.getImport(report.id))?.report.state, 'failed')
    assert.equal(await store.part(report.id, 0), null)
  })
}
