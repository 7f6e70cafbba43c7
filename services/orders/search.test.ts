import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import type { Actor } from '#kernel/call'
import { startShop, type TestShop } from './test-shop.ts'

// Staff find an order among many. What PostgreSQL reads is told by its own plan of the statement that the request sent, once with the
// plan for these values and once with the one for any, which a connection takes after some calls.

const sent: { text: string; values: readonly unknown[] }[] = []
const { query } = pg.Client.prototype
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  const { text = '', values = [] } = (typeof given[0] === 'object' ? given[0] : {}) as {
    text?: string
    values?: unknown[]
  }
  if (text.includes('order_search')) sent.push({ text, values })
  return Reflect.apply(query, this, given)
} as typeof query

const authenticate = async (): Promise<Actor> => ({
  kind: 'staff',
  staffId: 'staff_1',
  sessionId: 's',
  permissions: ['orders:read'],
})

const [few, many] = [20_000, 60_000]
/** Orders up to this one are of a customer who never came again. */
const lastOld = 8_000
const idOf = (n: string): string => `'order_01h455vb4pex5vsknk' || lpad((${n})::text, 10, '0')`
const numbers = (...given: number[]): string[] => given.map((n) => `S-${n}`)
const down = (from: number, step: number, count: number): number[] =>
  Array.from({ length: count }, (_, n) => from - n * step)

describe('orders are found among many', () => {
  let shop: TestShop
  let owner: pg.Client
  before(async () => {
    shop = await startShop({ authenticate })
    owner = new pg.Client({ connectionString: shop.databaseUrl })
    await owner.connect()
    await owner.query('set search_path to orders, extensions')
  })
  after(async () => {
    await owner?.end()
    await shop?.stop()
  })

  /** Orders `from` to `to`, a minute apart, every tenth of Grace; written as every version of the shop writes them. */
  async function write(from: number, to: number): Promise<void> {
    await owner.query(`insert into orders (id, number, state, lease_until, settled_at, expires_at, cart_id, cart_version, market, currency,
        tax_included, email, discounts, taxes, items, discount, shipping, tax, total, units, created_at)
      select ${idOf('n')}, 'S-' || n, case when n > ${to - 20} then 'expired' else 'declined' end, now(), now(), now(), 'cart_' || n, 1, 'eu', 'EUR', true, 'buyer' || n || '@example.com',
        '[]', '[]', 0, 0, 0, 0, 0, 1, now() - (100000 - n) * interval '1 minute' from generate_series(${from}, ${to}) n`)
    await owner.query(`insert into order_search (order_id, words)
      select ${idOf('n')}, 's-' || n || ' buyer' || n || '@example.com ' || case n % 10 when 0 then 'grace' else 'ada' end
        || case when n <= ${lastOld} then ' hopper' else ' lovelace' end from generate_series(${from}, ${to}) n`)
    await owner.query('analyze orders, order_search')
  }

  async function find(asked: string): Promise<{ found: string[]; next: string | null }> {
    const answer = await fetch(`${shop.url}/api/admin/orders?limit=5&${asked}`, {
      headers: { authorization: 'Bearer x' },
    })
    const body = (await answer.json()) as { items: { number: string }[]; nextCursor: string | null }
    assert.equal(answer.status, 200, JSON.stringify(body))
    return { found: body.items.map(({ number }) => number), next: body.nextCursor }
  }

  /** Pages of 8 KB that are read for what was asked, by the dearer of the two plans. */
  async function pagesOf(asked: string): Promise<number> {
    sent.length = 0
    await find(asked)
    // Where nobody has the words whole, another follows, for parts.
    const [whole] = sent
    assert.ok(whole)
    const { text, values } = whole
    const literals = values.map((value) =>
      value === null
        ? 'null'
        : owner.escapeLiteral(Array.isArray(value) ? `{${value.map((one) => `"${one}"`)}}` : `${value}`),
    )
    let most = 0
    await owner.query(`prepare asked as ${text}`)
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await owner.query(`set plan_cache_mode = ${mode}`)
      type Explained = { 'QUERY PLAN': [{ Plan: Record<'Shared Hit Blocks' | 'Shared Read Blocks', number> }] }
      const { rows } = await owner.query<Explained>(
        `explain (analyze, buffers, format json) execute asked(${literals})`,
      )
      const plan = rows[0]?.['QUERY PLAN'][0].Plan
      assert.ok(plan)
      most = Math.max(most, plan['Shared Hit Blocks'] + plan['Shared Read Blocks'])
    }
    await owner.query('deallocate asked')
    return most
  }

  const searches: Readonly<Record<string, (count: number) => number[]>> = {
    'q=buyer7777@example.com': () => [7777],
    'q=S-7777': () => [7777],
    'q=7777': () => [7777],
    'q=12': () => [12],
    'q=ada': (count) => down(count - 1, 1, 5),
    'q=ada&status=expired': (count) => down(count - 1, 1, 5),
    'q=lovelace&status=declined': (count) => down(count - 20, 1, 5),
    'q=hopper&status=expired': () => [],
    'q=grace': (count) => down(count, 10, 5),
    'q=hopper': () => down(lastOld, 1, 5),
    'q=grace%20hopper': () => down(lastOld, 10, 5),
    'q=hopper%20ada': () => down(lastOld - 1, 1, 5),
    'q=7777%20ada': () => [7777],
  }

  test('what is read for whole words does not grow with the orders', async () => {
    const pages: Record<string, number[]> = {}
    for (const [from, count] of [
      [1, few],
      [few + 1, many],
    ] as const) {
      await write(from, count)
      for (const [asked, expected] of Object.entries(searches)) {
        assert.deepEqual((await find(asked)).found, numbers(...expected(count)), asked)
        pages[asked] = [...(pages[asked] ?? []), await pagesOf(asked)]
      }
    }
    for (const [asked, [before = 0, now = 0]] of Object.entries(pages))
      assert.ok(now <= before + 40 && now < 300, `${asked}: ${before} pages of ${few} orders, ${now} of ${many}`)
  })

  test('a page far down costs what the first costs', async () => {
    const cursor = Buffer.from(
      JSON.stringify(['2026-01-01T00:00:00Z', `order_01h455vb4pex5vsknk${'20005'.padStart(10, '0')}`]),
    )
    const deep = `q=lovelace&cursor=${cursor.toString('base64url')}`
    assert.deepEqual((await find(deep)).found, numbers(...down(20_004, 1, 5)))
    const [first, below] = [await pagesOf('q=lovelace'), await pagesOf(deep)]
    assert.ok(below <= first + 40, `${first} pages for the first, ${below} for one far down`)
  })

  test('words that nobody has whole are found as parts, page by page', async () => {
    const first = await find('q=hopp')
    assert.deepEqual(first.found, numbers(...down(lastOld, 1, 5)))
    assert.deepEqual((await find(`q=hopp&cursor=${first.next}`)).found, numbers(...down(lastOld - 5, 1, 5)))
    const { found, next: more } = await find('q=BUYER7777@')
    assert.deepEqual([found, more], [numbers(7777), null])
    assert.deepEqual((await find('q=er7777@%20hop')).found, numbers(7777))
    assert.deepEqual((await find('q=hopper%20nobody')).found, [])
  })
})
