import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CatalogStore, ProductDocument } from '../port.ts'
import type { Adapter } from './store-suite.ts'
import { nextVersion, testDocument } from './test-document.ts'

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

export function searchTests(newStore: () => Promise<CatalogStore>): void {
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

export function olderSearchTests(
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
