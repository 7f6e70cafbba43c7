import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel/id'
import type { CatalogStore, ProductDocument } from '../port.ts'
import { countsOf, nextVersion, testDocument, testEvent } from './test-document.ts'

export function productTests(newStore: () => Promise<CatalogStore>): void {
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
