import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import type { CatalogStore } from '../port.ts'
import type { ChildOrder } from './store-suite-child.ts'
import { countsOf, testDocument } from './test-document.ts'

export function processTests(
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
