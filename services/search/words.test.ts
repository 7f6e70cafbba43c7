import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { serviceCall, withCall } from '#kernel/call'
import { inTransaction, sql, withoutCopy } from '#kernel/database'
import { newId } from '#kernel/id'
import { type ServiceDatabase, serviceDatabase } from '../../test/service-database.ts'
import { buildEntry } from './build-listing.ts'
import { fold } from './fold.ts'
import { keptIndex } from './kept-index.ts'
import { keptWords } from './kept-words.ts'
import { listProducts } from './list-products.ts'
import { commonLexemes, nextRead, putProducts } from './store.ts'
import { market, product } from './test-catalog.ts'

let database: ServiceDatabase
let db: ServiceDatabase['db']

before(async () => {
  database = await serviceDatabase('search', { connections: 4 })
  db = database.db
})
after(() => database?.stop())

type Goods = {
  readonly title: string
  readonly tags?: readonly string[]
  readonly text?: string
  readonly price?: number
}

async function put(goods: readonly Goods[], ids: readonly string[] = goods.map(() => newId('prod'))) {
  const entries = goods.map(({ title, tags = [], text = '', price = 5 }, index) => {
    const made = product({ id: ids[index] as string, title, tags: [...tags], descriptionHtml: `<p>${text}</p>` })
    const prices = made.variants.map(({ id: variantId }) => {
      return { variantId, market: 'eu', price: { amount: price, currency: 'EUR' }, compareAtPrice: null }
    })
    return buildEntry(made, prices, new Map())
  })
  const read = await nextRead(db)
  await inTransaction(db, (tx) => putProducts(tx, { read, entries }))
  return ids
}

/** What one process knows; `statements` as they are asked. */
function reader() {
  const statements: string[] = []
  const counted = db.withPlugin({
    transformQuery: ({ node }) => {
      statements.push(JSON.stringify(node))
      return node
    },
    transformResult: async ({ result }) => result,
  })
  const deps = {
    stale: withoutCopy(counted),
    findMarket: async () => market,
    index: keptIndex(),
    words: keptWords(),
  }
  const list = async (input: Parameters<typeof listProducts>[1]) => {
    const outcome = await listProducts(deps, input)
    assert.ok(outcome.ok)
    return outcome.value
  }
  /** How often postings were read. */
  const postingsRead = (): number => statements.filter((text) => text.includes('quote_literal(lexeme)')).length
  return { list, postingsRead, words: deps.words, stale: deps.stale }
}

const vocabulary = ['chair', 'chairs', 'the', 'who', 'stuhl', 'stühle', 'running', 'run', 'oak', '42', 'über']
const text = (most: number) =>
  fc.array(fc.constantFrom(...vocabulary), { maxLength: most }).map((words) => words.join(' '))
const anyGoods: fc.Arbitrary<Goods> = fc.record({
  title: text(4).map((words) => `${words} thing`),
  tags: fc.array(fc.constantFrom(...vocabulary), { maxLength: 3 }),
  text: text(8),
})

test('what is found in memory, and in which order, is what PostgreSQL finds and ranks', async () => {
  const { list } = reader()
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyGoods, { minLength: 1, maxLength: 12 }),
      fc.array(fc.constantFrom(...vocabulary), { minLength: 1, maxLength: 3 }),
      async (goods, asked) => {
        await put(goods)
        const { rows } = await sql<{ id: string; rank: number }>`
          select l.product_id as id, f.rank from found(${fold(asked.join(' '))}) f
          join listings l using (product_id) order by f.rank desc, f.n desc`.execute(db)
        const { items } = await list({ q: asked.join(' '), limit: 100 })
        const ranks = new Map(rows.map(({ id, rank }) => [id, rank]))
        assert.equal(items.length, Math.min(rows.length, 100))
        // Sums of rounded numbers may differ in the last place: then two are in the other order, and of the same rank but for that.
        for (const [place, { id }] of items.entries())
          assert.ok(Math.abs((ranks.get(id) ?? Number.NaN) - (rows[place]?.rank ?? 0)) <= 3, `${id} at ${place}`)
      },
    ),
    { numRuns: 60 },
  )
})

test('a common word is read once, and followed from then on: what is new, what has it no more, what is gone', async () => {
  const many = Array.from({ length: 1_200 }, (_, n): Goods => ({ title: `Lantern ${n}`, price: n }))
  const ids: string[] = []
  for (let from = 0; from < many.length; from += 400) ids.push(...(await put(many.slice(from, from + 400))))
  const { list, postingsRead } = reader()
  const cheapest = async () => {
    const { items, nextCursor } = await list({ q: 'lantern', sort: 'price-asc', limit: 2 })
    return [items.map(({ title }) => title), nextCursor !== null]
  }
  assert.deepEqual(await cheapest(), [['Lantern 0', 'Lantern 1'], true])
  assert.equal(postingsRead(), 1)

  await put([{ title: 'Lamp', price: 0 }], [ids[0] as string])
  await put([{ title: 'Another lantern', price: 0 }])
  assert.deepEqual(await cheapest(), [['Another lantern', 'Lantern 1'], true])
  assert.equal(postingsRead(), 1, 'a kept posting is brought up to date, not read again')

  const best = async () => (await list({ q: 'lantern', limit: 1 })).items.map(({ title }) => title)
  await put([{ title: 'Lantern lantern lantern', price: 9 }], [ids[5] as string])
  assert.deepEqual(await best(), ['Lantern lantern lantern'])
  await put([{ title: 'Candle', text: 'no lantern', price: 9 }], [ids[5] as string])
  assert.notDeepEqual(await best(), ['Lantern lantern lantern'])
  assert.equal(postingsRead(), 1)
})

test('who is told of more news than are followed reads what is kept anew', async () => {
  const { list, postingsRead } = reader()
  const most = async () => (await list({ q: 'lantern', sort: 'price-desc', limit: 1 })).items[0]?.title
  assert.equal(await most(), 'Lantern 1199')
  const before = postingsRead()
  await put([{ title: 'Dear lantern', price: 99_999 }])
  await put([{ title: 'Stool' }])
  await sql`delete from news where number < (select max(number) from news)`.execute(db)
  assert.equal(await most(), 'Dear lantern')
  assert.equal(postingsRead(), before + 1)
})

test('what takes longer than somebody waits is read all the same, and there for who asks next', async (t) => {
  const { list, postingsRead } = reader()
  const owner = new pg.Client({ connectionString: database.url })
  await owner.connect()
  t.after(() => owner.end())
  await owner.query('begin; lock table search.products in access exclusive mode')
  const impatient = withCall(serviceCall('test', { timeoutMs: 300 }), () => list({ q: 'lantern' }))
  await assert.rejects(impatient, /unavailable/)
  await owner.query('commit')
  assert.equal((await list({ q: 'lantern', limit: 1 })).items.length, 1)
  assert.equal(postingsRead(), 1)
})

test('words that many products have are read before anybody asks for them, in one pass', {
  timeout: 60_000,
}, async () => {
  const owner = new pg.Client({ connectionString: database.url })
  await owner.connect()
  // More than are read in one statement.
  await owner.query(`
    insert into search.products (product_id, read, entry_hash, text_hash, title_key, names, words)
    select 'prod_many_' || n, 1, '', '', '', search.names_of('Lamp', ''),
           strip(search.names_of('Lamp', '')) || search.text_of(case n % 3 when 0 then 'lantern' else 'paper' end)
    from generate_series(1, 20000) n`)
  await owner.query('analyze search.products')
  await owner.end()
  const { postingsRead, words, stale } = reader()
  const common = (await commonLexemes(stale, 1_000, 0.01)).map(({ lexeme }) => lexeme)
  await words.warm(stale)
  for (const word of ['lantern', 'lamp', 'paper']) {
    assert.ok(common.includes(word), `common are ${common}`)
    const found = await words.find(stale, [word], 0)
    const another = reader()
    const alone = await another.words.find(another.stale, [word], 0)
    assert.equal(another.postingsRead(), 1)
    assert.deepEqual(found.bits.bytes, alone.bits.bytes)
    const all = { after: null, limit: 50_000 }
    assert.deepEqual(found.best(found.bits, all), alone.best(alone.bits, all))
  }
  assert.equal(postingsRead(), 0)
})
