import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Environment, openEnvironment } from './lmdb-environment.ts'
import { type LmdbProducts, lmdbProducts } from './lmdb-products.ts'
import type { ListFilter, ProductDocument } from './port.ts'
import { testDocument } from './suite/test-document.ts'

// Staff find a product among many. What is read is counted where the store asks LMDB.

const reading = new Set<unknown>(['get', 'getRange', 'getKeys', 'getValues', 'getValuesCount'])

/** The environment with `count` called for each entry that is read. */
function counted(environment: Environment, count: () => void): Environment {
  const spied = <T extends object>(table: T): T =>
    new Proxy(table, {
      get(target, name) {
        const own: unknown = Reflect.get(target, name)
        if (typeof own !== 'function') return own
        if (!reading.has(name)) return own.bind(target)
        return (...given: unknown[]) => {
          const result = Reflect.apply(own, target, given)
          if (typeof result !== 'object' || result === null || !(Symbol.iterator in result)) count()
          else return each(result as Iterable<unknown>)
          return result
        }
      },
    })
  function* each(entries: Iterable<unknown>) {
    for (const entry of entries) {
      count()
      yield entry
    }
  }
  return {
    ...environment,
    table: (name, encoding) => spied(environment.table(name, encoding)),
    index: (name) => spied(environment.index(name)),
  }
}

const limit = 50

/** Every word but `cup` is of a few, or of the oldest third alone. */
function product(n: number, count: number): ProductDocument {
  const age = n < count / 3 ? 'vintage' : 'modern'
  const rare = [10, 20, 30].includes(n) ? 'unicorn' : 'horse'
  return testDocument(
    {
      handle: `cup-${n}`,
      title: `Cup t-shirt ${age} ${rare} ${age === 'vintage' ? `lot${n}` : ''}`,
      status: n % (count / 4) === 7 ? 'draft' : 'active',
    },
    `SKU-${n}-RED`,
  )
}

describe('products are found among many', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stoa-words-'))
  })
  after(() => rm(folder, { recursive: true }))

  const shops: { environment: Environment; goods: LmdbProducts; all: ProductDocument[]; reads: () => number }[] = []
  for (const count of [3_600, 14_400])
    before(async () => {
      let reads = 0
      const environment = openEnvironment(join(folder, String(count)))
      const goods = lmdbProducts(
        counted(environment, () => {
          reads += 1
        }),
      )
      const all = Array.from({ length: count }, (_, n) => product(n, count))
      for (let n = 0; n < count; n += 200)
        await Promise.all(all.slice(n, n + 200).map((one) => goods.store.put(one, null, null)))
      shops.push({ environment, goods, all: all.reverse(), reads: () => reads })
      // The first search finds out that nothing lacks its entries.
      const shop = environment.table<string>('shop', 'string')
      await goods.store.list({ words: ['cup'], status: null, before: null, limit: 1 })
      while (shop.get('words') === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    })
  after(async () => {
    for (const { environment, goods } of shops) {
      await goods.close()
      await environment.close()
    }
  })

  const listOf = (words: string, status: ListFilter['status'] = null, before: string | null = null): ListFilter => ({
    words: words.split(' ').filter(Boolean),
    status,
    before,
    limit,
  })
  const searches: Readonly<Record<string, ListFilter>> = {
    'a rare word': listOf('unicorn'),
    'a SKU': listOf('sku-700-red'),
    'a state that few have': listOf('', 'draft'),
    'a state that most have': listOf('', 'active'),
    'a word that all have': listOf('cup'),
    'a text with signs that all have': listOf('t-shirt'),
    'a word that only old products have': listOf('vintage'),
    'a word of old products, and one of all': listOf('cup vintage'),
    'a word of all, and a state that few have': listOf('cup', 'draft'),
    'a word of old products, and a state that most have': listOf('vintage', 'active'),
    'a rare word and a part of a word': listOf('unicorn intag'),
  }
  for (const [name, filter] of Object.entries(searches))
    test(`${name}: what is read does not grow with the products`, async () => {
      const counts: number[] = []
      for (const { goods, all, reads } of shops) {
        const since = reads()
        const found = await goods.store.list(filter)
        counts.push(reads() - since)
        const expected = all.filter(({ product: { title, handle, status, variants } }) => {
          const text = [title, handle, variants[0]?.sku].join('\n').toLowerCase()
          return (filter.status ?? status) === status && filter.words.every((word) => text.includes(word))
        })
        assert.deepEqual(found, expected.slice(0, limit))
      }
      const [few = 0, many = 0] = counts
      assert.ok(few > 0 && few < 2_500, `${few} entries were read`)
      assert.ok(many <= few * 1.1 + 20, `${few} entries were read among few products, and ${many} among many`)
    })

  test('of a beginning that many words have all are found, page after page', async () => {
    for (const { goods, all } of shops) {
      const seen: ProductDocument[] = []
      for (;;) {
        const page = await goods.store.list(listOf('lot', null, seen.at(-1)?.product.id ?? null))
        if (page.length === 0) break
        seen.push(...page)
      }
      assert.deepEqual(
        seen,
        all.filter(({ product: { title } }) => title.includes('lot')),
      )
    }
  })

  test('of a product that changes only what changed is written in the index', async () => {
    const [shop] = shops
    assert.ok(shop)
    const { environment, goods, all } = shop
    const [newest] = all
    assert.ok(newest)
    const index = environment.index('words')
    const entries = [...index.getRange()].filter(({ value }) => value === newest.product.id)
    const horse = entries.find(({ key }) => key.endsWith('horse'))
    assert.ok(horse)
    await environment.write(() => index.removeSync(horse.key, horse.value))
    const { title } = newest.product
    const described = { ...newest, product: { ...newest.product, descriptionHtml: '<p>New</p>', version: 2 } }
    const next = { ...newest, product: { ...described.product, title: `${title} black`, version: 3 } }
    assert.deepEqual(await goods.store.put(described, 1, null), { kind: 'written' })
    assert.deepEqual(await goods.store.put(next, 2, null), { kind: 'written' })
    assert.equal([...index.getValues(horse.key)].includes(horse.value), false)
    assert.deepEqual(await goods.store.list(listOf('black')), [next])
    await environment.write(() => index.putSync(horse.key, horse.value))
    all[0] = next
  })

  test('products are found newest first, in whatever order they were written', async () => {
    const environment = openEnvironment(join(folder, 'backwards'))
    const goods = lmdbProducts(environment)
    const all = Array.from({ length: 2_500 }, (_, n) => product(n, 2_500)).reverse()
    for (let n = 0; n < all.length; n += 200)
      await Promise.all(all.slice(n, n + 200).map((one) => goods.store.put(one, null, null)))
    const filter = { ...listOf('horse'), limit: 2_500 }
    const expected = all.filter(({ product: { title } }) => title.includes('horse'))
    assert.deepEqual(await goods.store.list(filter), expected)
    const shop = environment.table<string>('shop', 'string')
    while (shop.get('words') === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual(await goods.store.list(filter), expected)
    await goods.close()
    await environment.close()
  })

  test('no entry is left of a product that is gone, nor of what it was before', async () => {
    const [shop] = shops
    assert.ok(shop)
    const { environment, goods } = shop
    const index = environment.index('words')
    const entriesOf = (id: string): string[] =>
      [...index.getRange()].flatMap(({ key, value }) => (value === id ? [key.slice(4)] : []))
    const sofa = testDocument({ handle: 'sofa-9', title: 'Sofa (T-red)', status: 'draft' }, 'Sofa.9x')
    const { id } = sofa.product
    await goods.store.put(sofa, null, null)
    assert.deepEqual(entriesOf(id), ['"(t-red)', '"sofa.9x', '9x', '=draft', 'red', 'sofa'])
    const couch = { ...sofa, product: { ...sofa.product, title: 'Couch', status: 'active' as const, version: 2 } }
    await goods.store.put(couch, 1, null)
    assert.deepEqual(entriesOf(id), ['"sofa.9x', '9x', '=active', 'couch', 'sofa'])
    await environment.write(() => goods.remove(id))
    assert.deepEqual(entriesOf(id), [])
  })

  test('an index that is made later, and interrupted, goes on, and is parted as one made from the start', async () => {
    const place = join(folder, 'older')
    const environment = openEnvironment(place)
    const all = Array.from({ length: 5_000 }, (_, n) => product(n, 5_000))
    const writer = lmdbProducts(environment)
    for (let n = 0; n < all.length; n += 200)
      await Promise.all(all.slice(n, n + 200).map((one) => writer.store.put(one, null, null)))
    const lines = environment.table<string>('lines', 'string')
    const stretches = environment.table<number[]>('word-stretches', 'ordered-binary')
    const shop = environment.table<string>('shop', 'string')
    const index = environment.index('words')
    await environment.write(() => {
      for (const { key, value } of [...lines.getRange()]) lines.putSync(key, value.trimEnd())
      for (const { key, value } of [...index.getRange()]) index.removeSync(key, value)
      for (const key of [...stretches.getKeys()]) stretches.removeSync(key)
    })
    const missing = (): number => [...lines.getRange()].filter(({ value }) => !value.endsWith('\n')).length

    const first = lmdbProducts(environment)
    assert.equal((await first.store.list(listOf('unicorn'))).length, 3)
    const newest = product(5_001, 5_000)
    await first.store.put(newest, null, null)
    while (missing() === 5_000) await new Promise((resolve) => setTimeout(resolve, 1))
    await first.close()
    assert.ok(missing() > 0, 'it was interrupted')
    assert.equal(shop.get('words'), undefined)

    const second = lmdbProducts(environment)
    assert.equal((await second.store.list(listOf('unicorn'))).length, 3)
    while (shop.get('words') === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(missing(), 0)
    const counts = [...stretches.getRange()].map(({ value: [, count = 0] }) => count)
    assert.deepEqual(counts, [2_048, 2_048, 904, 1])
    const vintage = all.filter(({ product: { title } }) => title.includes('vintage')).reverse()
    assert.deepEqual(await second.store.list({ ...listOf('vintage'), limit: 5_000 }), vintage)
    assert.deepEqual(await second.store.list({ ...listOf('modern'), limit: 1 }), [newest])
    await second.close()
    await environment.close()
  })
})
