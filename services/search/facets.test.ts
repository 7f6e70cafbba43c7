import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { inTransaction, sql, withoutCopy } from '#kernel/database'
import { newId } from '#kernel/id'
import { type ServiceDatabase, serviceDatabase } from '../../test/service-database.ts'
import { buildEntry } from './build-listing.ts'
import { keptIndex } from './kept-index.ts'
import { keptWords } from './kept-words.ts'
import { listProducts } from './list-products.ts'
import { nextRead, pageByTitle, putProducts } from './store.ts'
import { market, product } from './test-catalog.ts'

let database: ServiceDatabase
let db: ServiceDatabase['db']
let statements = 0
const index = keptIndex()
const known = keptWords()

before(async () => {
  database = await serviceDatabase('search', { connections: 4 })
  db = database.db
  // Products of this test lie on both sides of the border between two blocks of bits.
  const owner = new pg.Client({ connectionString: database.url })
  await owner.connect()
  await owner.query('alter table search.products alter column n restart with 4000')
  await owner.end()
})
after(() => database?.stop())
const list = async (input: Parameters<typeof listProducts>[1]) => {
  const counted = db.withPlugin({
    transformQuery: ({ node }) => {
      statements += 1
      return node
    },
    transformResult: async ({ result }) => result,
  })
  const outcome = await listProducts(
    { stale: withoutCopy(counted), findMarket: async () => market, index, words: known },
    input,
  )
  assert.ok(outcome.ok)
  return outcome.value
}

type Goods = {
  word: string
  color: string
  sizes: string[]
  material: string | null
  price: number
  stock: number
  listed: boolean
}

function entryOf({ word, color, sizes, material, price, stock, listed }: Goods, category: string, id: string) {
  const made = product({
    id,
    title: `${word} thing`,
    categories: [category],
    attributes: material === null ? {} : { Material: [material] },
    variants: sizes.map((size) => ({ id: `variant_${id}_${size}`, options: { Color: color, Size: size } })),
    status: listed ? 'active' : 'draft',
  })
  const prices = made.variants.map(({ id: variantId }) => ({
    variantId,
    market: 'eu',
    price: { amount: price, currency: 'EUR' },
    compareAtPrice: null,
  }))
  return buildEntry(made, prices, new Map(made.variants.map((variant) => [variant.id, stock])))
}

async function put(goods: readonly Goods[], category: string, ids: readonly string[]): Promise<void> {
  const entries = goods.map((one, index) => entryOf(one, category, ids[index] ?? newId('prod')))
  const read = await nextRead(db)
  await inTransaction(db, (tx) => putProducts(tx, { read, entries }))
}

const colors = ['Red', 'Blue', 'Green']
const sizes = ['S', 'M', 'L']
const materials = ['Oak', 'Wool']
const words = ['mug', 'lamp']
const goods: fc.Arbitrary<Goods> = fc.record({
  word: fc.constantFrom(...words),
  color: fc.constantFrom(...colors),
  sizes: fc.uniqueArray(fc.constantFrom(...sizes), { minLength: 1 }),
  material: fc.option(fc.constantFrom(...materials)),
  price: fc.integer({ min: 0, max: 9 }),
  stock: fc.integer({ min: 0, max: 1 }),
  listed: fc.boolean(),
})
const someOf = (values: string[]) => fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }))
const question = fc.record({
  color: someOf(colors),
  size: someOf(sizes),
  material: someOf(materials),
  word: fc.option(fc.constantFrom(...words)),
  priceMin: fc.option(fc.integer({ min: 0, max: 9 })),
  priceMax: fc.option(fc.integer({ min: 0, max: 9 })),
  inStock: fc.boolean(),
})

test('whatever is sold and asked, items, facets and prices are those that counting by hand gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(goods, { minLength: 1, maxLength: 15 }),
      fc.array(goods, { minLength: 15, maxLength: 15 }),
      fc.array(question, { minLength: 1, maxLength: 4 }),
      async (first, second, questions) => {
        const category = newId('cat')
        const ids = first.map(() => newId('prod'))
        await put(first, category, ids)
        // All are read again as something else: every bit that is no longer true must go.
        const now = second.slice(0, first.length)
        await put(now, category, ids)

        for (const asked of questions) {
          const filter = Object.fromEntries(
            (['color', 'size', 'material'] as const).flatMap((key) => {
              const values = asked[key]
              return values ? [[key, values] as const] : []
            }),
          )
          const answer = await list({
            category,
            filter,
            ...(asked.word ? { q: asked.word } : {}),
            ...(asked.priceMin === null ? {} : { priceMin: asked.priceMin }),
            ...(asked.priceMax === null ? {} : { priceMax: asked.priceMax }),
            inStock: asked.inStock,
            sort: 'price-asc',
            limit: 100,
          })
          assert.deepEqual(summary(answer), byHand(now, asked))
        }
      },
    ),
    { numRuns: 40 },
  )
})

const summary = (answer: Awaited<ReturnType<typeof list>>) => ({
  items: answer.items.map(({ title, priceFrom }) => `${title} ${priceFrom.amount}`).toSorted(),
  facets: Object.fromEntries(
    answer.facets.map(({ key, values }) => [key, Object.fromEntries(values.map(({ value, count }) => [value, count]))]),
  ),
  prices: answer.priceRange && [answer.priceRange.min.amount, answer.priceRange.max.amount],
})

type Asked = typeof question extends fc.Arbitrary<infer Q> ? Q : never

function byHand(all: readonly Goods[], asked: Asked) {
  const valuesOf = {
    color: (g: Goods) => [g.color],
    size: (g: Goods) => g.sizes,
    material: (g: Goods) => (g.material ? [g.material] : []),
  }
  const keys = ['color', 'size', 'material'] as const
  const matches = (one: Goods, without: string): boolean =>
    one.listed &&
    (!asked.word || one.word === asked.word) &&
    (!asked.inStock || one.stock > 0) &&
    (without === 'price' ||
      ((asked.priceMin === null || one.price >= asked.priceMin) &&
        (asked.priceMax === null || one.price <= asked.priceMax))) &&
    keys.every((key) => {
      const wanted = asked[key]
      return key === without || !wanted || valuesOf[key](one).some((value) => wanted.includes(value))
    })
  const facets = keys.flatMap((key) => {
    const counts = all.filter((one) => matches(one, key)).flatMap((one) => [...new Set(valuesOf[key](one))])
    return counts.length === 0
      ? []
      : [[key, Object.fromEntries([...Map.groupBy(counts, (v) => v)].map(([v, of]) => [v, of.length]))] as const]
  })
  const prices = all.filter((one) => matches(one, 'price')).map(({ price }) => price)
  return {
    items: all
      .filter((one) => matches(one, ''))
      .map(({ word, price }) => `${word} thing ${price}`)
      .toSorted(),
    facets: Object.fromEntries(facets),
    prices: prices.length === 0 ? null : [Math.min(...prices), Math.max(...prices)],
  }
}

test('a listing is two statements, three with words, one more when they are new or something changed, whatever is asked of however many products', async () => {
  const many: Goods[] = Array.from({ length: 300 }, (_, n) => ({
    word: 'statement',
    color: `Color ${n % 40}`,
    sizes,
    material: materials[n % 2] ?? null,
    price: n,
    stock: n % 3,
    listed: true,
  }))
  await put(many, 'statements', [])
  const count = async (input: Parameters<typeof listProducts>[1]): Promise<number> => {
    statements = 0
    const { items } = await list(input)
    assert.ok(items.length > 0)
    return statements
  }
  assert.equal(await count({}), 3)
  assert.equal(await count({}), 2)
  assert.equal(await count({ category: 'statements', limit: 100 }), 2)
  const all = { category: 'statements', q: 'statement', filter: { color: ['color 1', 'color 2'], size: 's' } }
  assert.equal(await count(all), 4)
  assert.equal(await count({ ...all, priceMin: 1, inStock: true, sort: 'title', limit: 100 }), 3)
  // To correct words that are new as well: what they may have meant, and what has those.
  assert.equal(await count({ ...all, q: 'statment' }), 6)
})

test('a facet shows its most frequent values, and what was chosen though it is not among them', async () => {
  const many: Goods[] = Array.from({ length: 230 }, (_, n) => ({
    word: 'value',
    color: `Shade ${n < 110 ? n : n - 110}`,
    sizes: ['S'],
    material: null,
    price: 1,
    stock: 1,
    listed: true,
  }))
  await put(many, 'values', [])
  const colorsOf = async (filter: Record<string, string>) =>
    (await list({ category: 'values', filter })).facets.find(({ key }) => key === 'color')?.values ?? []
  assert.equal((await colorsOf({})).length, 100)
  const rare = (await colorsOf({ color: 'shade 119' })).find(({ selected }) => selected)
  assert.deepEqual(rare, { value: 'Shade 119', count: 1, selected: true })
})

test('a page by title of many that cost so much reads no more than pages do', async () => {
  const many = Array.from({ length: 2_000 }, (_, n): Goods => {
    return { word: 'many', color: 'Grey', sizes: ['S'], material: null, price: 10_000 + n, stock: 1, listed: true }
  })
  for (let from = 0; from < many.length; from += 500) await put(many.slice(from, from + 500), 'many', [])
  const { terms } = await index(withoutCopy(db))
  const priced = terms.match('eu', { terms: [], found: null, price: { least: 10_100, most: 12_000 } })
  assert.equal(priced.count, 1_900)
  const among = { bits: priced.bits.bytes }
  const fetched = await inTransaction(db, async (tx) => {
    const view = { after: ['many', ''], limit: 25 } as const
    // PostgreSQL makes one plan for all prices when a statement was prepared for a while.
    for (let n = 0; n < 10; n++) assert.equal((await pageByTitle(tx, 'eu', among, view)).length, 25)
    const read = async () => {
      const { rows } = await sql<{ read: number }>`
        select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int as read from pg_stat_xact_user_tables
        where schemaname = 'search' and relname = 'listings'`.execute(tx)
      return rows[0]?.read ?? 0
    }
    const before = await read()
    await pageByTitle(tx, 'eu', among, view)
    return (await read()) - before
  })
  assert.ok(fetched > 0 && fetched < 500, `${fetched} rows were read`)
})

test('what is read again as it was is marked as read and otherwise left alone', async () => {
  const id = newId('prod')
  const same: Goods = { word: 'same', color: 'Red', sizes: ['S'], material: 'Oak', price: 3, stock: 1, listed: true }
  const made = entryOf(same, 'unchanged', id)
  const write = async (entry: typeof made, since = 0): Promise<number> => {
    const read = await nextRead(db)
    await inTransaction(db, (tx) => putProducts(tx, { read, entries: [entry] }, { since }))
    return read
  }
  const written = async () => {
    const { rows } = await sql<{ read: number; variants: number }>`
      select read, (select count(*)::int from variants v where v.product_id = p.product_id) as variants
      from products p where product_id = ${id}`.execute(db)
    return rows[0]
  }
  await write(made)
  // What nobody but this test does: only who writes it anew brings it back.
  await sql`delete from variants where product_id = ${id}`.execute(db)
  let read = await write(made)
  assert.deepEqual(await written(), { read, variants: 0 })
  const changed = { ...made, text: 'another text' }
  read = await write(changed)
  assert.deepEqual(await written(), { read, variants: 1 })
  await sql`delete from variants where product_id = ${id}`.execute(db)
  // A rebuild believes nothing.
  read = await write(changed, 1)
  assert.deepEqual(await written(), { read, variants: 1 })
})

test('a copy of the index that stood still is brought up to what another process has written', async () => {
  const behind = keptIndex()
  const stale = withoutCopy(db)
  const all = async () => {
    const { terms } = await behind(stale)
    const anyOf = [terms.idOf('/', 'copies') ?? -1]
    return terms.match('eu', { terms: [{ anyOf }], found: null, price: null })
  }
  assert.equal((await all()).count, 0)
  const ids = [newId('prod'), newId('prod')]
  const one: Goods = { word: 'copy', color: 'Red', sizes: ['S'], material: null, price: 7, stock: 1, listed: true }
  await put([one, { ...one, price: 9 }], 'copies', ids)
  const seen = await all()
  assert.deepEqual([seen.count, seen.priceRange()], [2, { lowest: 7, highest: 9 }])
  await put([{ ...one, listed: false }], 'copies', ids)
  assert.deepEqual([(await all()).count, (await all()).priceRange()], [1, { lowest: 9, highest: 9 }])
})
