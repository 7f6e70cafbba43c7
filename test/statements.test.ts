import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'csv-stringify/sync'
import pg from 'pg'
import { catalog } from '#contracts/catalog'
import { orders } from '#contracts/orders'
import { newTraceId } from '#kernel/call'
import { columns, productRows } from '../cli/bench/catalog.ts'
import { withClient } from '../cli/bench/meter.ts'
import { berlin, type Goods, sell } from './goods.ts'
import { scrape } from './scrape.ts'
import { clients, query, type Seen, seen } from './seen-statements.ts'
import { startShop, type TestShop } from './shop.ts'

// What an order costs the database, counted where it leaves this process. Each statement that stands here is defended in
// docs/decisions/0038-what-nobody-waits-for-travels-along.md; one more is a decision, and not an accident.

const linesAtMost = 100
/** A shop of which every statement is seen. */
type Counted = { readonly shop: TestShop; readonly goods: readonly Goods[]; readonly statements: () => Promise<Seen[]> }

let shop: TestShop
const goods: Goods[] = []
const inOneProcess: Counted = {
  get shop() {
    return shop
  },
  goods,
  statements: async () => seen,
}

before(async () => {
  shop = await startShop('one')
  for (let n = 1; n <= linesAtMost; n++) goods.push(await sell(shop, { handle: `mug-${n}`, onHand: 1_000 }))
})
after(() => shop?.stop())

/** @returns the answer, and the trace under which the request and the effects of its events ask the database */
async function send(method: string, path: string, body?: unknown, to = shop) {
  const traceId = newTraceId()
  const answer = await fetch(new URL(path, to.url), {
    method,
    headers: {
      'content-type': 'application/json',
      'idempotency-key': newTraceId(),
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const value = (await answer.json()) as { id: string; order: { id: string; token: string; status: string } }
  assert.ok(answer.ok, JSON.stringify(value))
  return { value, traceId }
}

/** Three requests sell. @returns what each and its events asked, how often, and in how many round trips */
async function buy(lines: number, counted = inOneProcess) {
  const { shop: of } = counted
  const cart = await send(
    'POST',
    '/api/carts',
    {
      lines: counted.goods.slice(0, lines).map(({ variantId }) => ({ variantId, quantity: 1 })),
      email: 'ada@example.com',
      shippingAddress: berlin,
    },
    of,
  )
  const payment = { provider: 'sandbox', token: 'tok_ok' }
  const placed = await send('POST', `/api/carts/${cart.value.id}/checkout`, { payment }, of)
  const { id, token, status } = placed.value.order
  assert.equal(status, 'placed')
  // Before the shopper looks: the mail reads the order too, and both would share a statement.
  await settled(of)
  const order = await send('GET', `/api/orders/${id}?token=${token}`, undefined, of)
  const all = await counted.statements()
  return { cart: asked(all, cart.traceId), checkout: asked(all, placed.traceId), order: asked(all, order.traceId) }
}

function asked(all: readonly Seen[], traceId: string) {
  const own = all.filter((one) => one.traceId === traceId)
  const statements: Record<string, number> = {}
  for (const { what } of own.toSorted((a, b) => (a.what < b.what ? -1 : 1)))
    statements[what] = (statements[what] ?? 0) + 1
  return { statements, roundTrips: new Set(own.map((one) => one.trip)).size }
}

/** Asks as the owner, until what is asked holds. */
const until = (holds: (owner: pg.Client) => Promise<boolean>, of = shop): Promise<void> =>
  withClient(of.databaseUrl, async (owner) => {
    while (!(await holds(owner))) await new Promise((resolve) => setTimeout(resolve, 20))
  })

/** Waits until every event of the order has had its effect. */
const settled = (of = shop): Promise<void> =>
  until(async (owner) => {
    const { rows } = await owner.query<{ left: number }>(`
      select (select count(*)::int from orders.outbox_deliveries where delivered_at is null)
           + (select count(*)::int from payments.outbox_deliveries where delivered_at is null) as left`)
    return rows[0]?.left === 0
  }, of)

const expected = {
  cart: {
    statements: {
      'cart: begin': 1,
      'cart: commit': 1,
      'cart: insert into carts': 1,
      'cart: insert into idempotency_keys': 1,
      'cart: update idempotency_keys': 1,
      'inventory: read levels': 1,
      'pricing: read prices': 1,
    },
    roundTrips: 5,
  },
  checkout: {
    statements: {
      'cart: begin': 1,
      'cart: commit': 1,
      'cart: insert into inbox': 1,
      'cart: read carts': 1,
      'cart: update carts': 1,
      'inventory: begin': 1,
      'inventory: call allocate': 1,
      'inventory: call hold': 1,
      'inventory: commit': 1,
      'inventory: insert into inbox': 1,
      'inventory: read levels': 1,
      'notifications: begin': 1,
      'notifications: commit': 1,
      'notifications: insert into inbox': 1,
      'notifications: insert into mails': 1,
      'notifications: read inbox': 1,
      'orders: begin': 3,
      'orders: commit': 3,
      'orders: insert into idempotency_keys': 1,
      'orders: insert into inbox': 1,
      'orders: insert into orders': 1,
      'orders: insert into outbox': 1,
      'orders: read idempotency_keys': 1,
      'orders: read orders': 1,
      'orders: update idempotency_keys': 1,
      'orders: update orders': 2,
      'orders: update outbox_deliveries': 1,
      'payments: begin': 1,
      'payments: commit': 1,
      'payments: insert into order_payments': 1,
      'payments: insert into outbox': 1,
      'payments: update outbox_deliveries': 1,
      'payments: update payments': 1,
      'pricing: read prices': 1,
    },
    roundTrips: 26,
  },
  order: { statements: { 'orders: read orders': 1 }, roundTrips: 1 },
}

/** The first finds connections that have to be made, and a busy machine makes a subscriber slow, which is then confirmed by itself. */
const triesAtMost = 8

/** @returns the first order of `lines` that asks for what is expected, or else the last that was placed */
async function expectedOf(lines: number, counted = inOneProcess) {
  let bought = await buy(lines, counted)
  for (let n = 1; n < triesAtMost && !isDeepStrictEqual(bought, expected); n++) bought = await buy(lines, counted)
  return bought
}

test('an order asks for exactly this, in exactly so many round trips', async () => {
  assert.deepEqual(await expectedOf(1), expected)
})

test('a cart of 100 lines asks for no more than a cart of one', async () => {
  assert.deepEqual(await expectedOf(linesAtMost), expected)
})

/**
 * Rows that PostgreSQL has read of all tables and of their indexes, but of those by which `settled` waits. Its processes tell of them
 * when they like, if nobody asks.
 */
async function rowsRead(): Promise<number> {
  await settled()
  for (const client of clients) {
    // One that has been ended since has told by itself.
    await Reflect.apply(query, client, ['select pg_stat_force_next_flush()']).catch(() => undefined)
  }
  return withClient(shop.databaseUrl, async (owner) => {
    const { rows } = await owner.query<{ read: string }>(`
      select (select sum(idx_tup_read) from pg_stat_user_indexes where relname <> 'outbox_deliveries')
           + (select sum(seq_tup_read) from pg_stat_user_tables where relname <> 'outbox_deliveries') as read`)
    return Number(rows[0]?.read)
  })
}

/** Somebody looks around: a cart that is changed, and becomes no order. */
async function leave(): Promise<void> {
  const { value } = await send('POST', '/api/carts', { lines: [{ variantId: goods[0]?.variantId, quantity: 1 }] })
  await send('PATCH', `/api/carts/${value.id}`, { email: 'ada@example.com' })
}

/** The least of two, since what is counted once a minute reads all orders and may fall into one. */
async function rowsReadBy(act: () => Promise<unknown>): Promise<number> {
  const times = 8
  const found: number[] = []
  for (let n = 0; n < 2; n++) {
    const before = await rowsRead()
    for (let time = 0; time < times; time++) await act()
    found.push(((await rowsRead()) - before) / times)
  }
  return Math.min(...found)
}

test('nobody reads more rows when there are many orders and carts, in the first minute of a shop too', async (t) => {
  const readNow = async () => ({ order: await rowsReadBy(() => buy(1)), cart: await rowsReadBy(leave) })
  const few = await readNow()
  const [rounds, atOnce] = [24, 32]
  for (let n = 0; n < rounds; n++) {
    await Promise.all(Array.from({ length: atOnce }, () => buy(1)))
    await Promise.all(Array.from({ length: atOnce }, leave))
  }
  const many = await readNow()
  t.diagnostic(JSON.stringify({ few, many }))
  const more = (rounds * atOnce) / 4
  assert.ok(many.order < few.order + more && many.cart < few.cart + more, JSON.stringify({ few, many }))
})

/** Orders of one piece each, all at the same moment. @returns what was asked until every event had its effect */
async function buyAtOnce(variantIds: readonly string[]): Promise<string[]> {
  const carts = await Promise.all(
    variantIds.map((variantId) =>
      send('POST', '/api/carts', {
        lines: [{ variantId, quantity: 1 }],
        email: 'ada@example.com',
        shippingAddress: berlin,
      }),
    ),
  )
  const since = seen.length
  const payment = { provider: 'sandbox', token: 'tok_ok' }
  const placed = await Promise.all(
    carts.map(({ value }) => shop.client(orders).checkout({ cartId: value.id, payment }, { key: newTraceId() })),
  )
  assert.deepEqual(new Set(placed.map((one) => one.ok && one.value.order.status)), new Set(['placed']))
  await settled()
  return seen.slice(since).map(({ what }) => what)
}

const different = (count: number): string[] => goods.slice(0, count).map(({ variantId }) => variantId)
const same = (count: number): string[] => Array(count).fill(goods[0]?.variantId)

test('orders that are placed at the same moment share their statements', async () => {
  const shoppers = 24
  const statements = await buyAtOnce(same(shoppers))
  for (const step of [
    'cart: read carts',
    'orders: insert into orders',
    'inventory: call hold',
    'payments: update payments',
    'sandbox-provider: insert into sandbox_provider',
  ]) {
    const asked = statements.filter((what) => what === step).length
    assert.ok(asked > 0 && asked <= shoppers / 2, `${asked} × ${step}`)
  }
})

test('many who want one thing ask no more of its stock than as many who want different ones', async () => {
  const shoppers = 48
  /** Of some tries: how many come within one statement is a matter of moments. */
  const leastOf = async (variantIds: readonly string[]): Promise<number> => {
    const found: number[] = []
    for (let n = 0; n < 3; n++)
      found.push((await buyAtOnce(variantIds)).filter((what) => what.startsWith('inventory:')).length)
    return Math.min(...found)
  }
  const [hot, spread] = [await leastOf(same(shoppers)), await leastOf(different(shoppers))]
  assert.ok(hot > 0 && hot <= spread + shoppers / 8, `${hot} of one thing, ${spread} of ${shoppers}`)
})

test('a subscriber that takes its time keeps no confirmation of another waiting', async () => {
  const blocker = new pg.Client({ connectionString: shop.databaseUrl })
  await blocker.connect()
  try {
    await blocker.query('begin; lock table notifications.mails in share mode')
    const { value } = await send('POST', '/api/carts', {
      lines: [{ variantId: goods[0]?.variantId, quantity: 1 }],
      email: 'ada@example.com',
      shippingAddress: berlin,
    })
    const placed = await send('POST', `/api/carts/${value.id}/checkout`, {
      payment: { provider: 'sandbox', token: 'tok_ok' },
    })
    let deliveries: unknown
    await until(async (owner) => {
      const { rows } = await owner.query<{ subscriber: string; done: boolean; attempts: number; failures: number }>(
        `select subscriber, delivered_at is not null as done, attempts, failures
         from orders.outbox_deliveries join orders.outbox on id = event_id where subject = $1 order by subscriber`,
        [placed.value.order.id],
      )
      deliveries = rows
      return rows.filter(({ done }) => done).length === 2
    })
    assert.deepEqual(deliveries, [
      { subscriber: 'cart', done: true, attempts: 1, failures: 0 },
      { subscriber: 'inventory', done: true, attempts: 1, failures: 0 },
      { subscriber: 'notifications', done: false, attempts: 1, failures: 0 },
    ])
  } finally {
    await blocker.end()
  }
  await settled()
})

test('an import of 500 products asks for batches of them', async (t) => {
  const products = 500
  const rows = Array.from({ length: products }, (_, n) => productRows(1, n)).flat()
  const since = seen.length
  const imports = shop.client(catalog)
  const started = await imports.createImport({ fileName: 'products.csv' })
  assert.ok(started.ok)
  const importId = started.value.id
  const rawBody = stringify([[...columns], ...rows])
  assert.ok((await imports.putImportPart({ importId, part: 0, rawBody, headers: {} })).ok)
  assert.ok((await imports.startImport({ importId })).ok)
  await until(async (owner) => {
    const { rows } = await owner.query<{ known: number }>('select count(*)::int as known from search.products')
    return rows[0]?.known === goods.length + products
  })
  const asked = seen
    .slice(since)
    .map(({ what }) => what)
    .filter((what) => /^(search|pricing|inventory):/.test(what) && !whatIsLookedFor.test(what))
  t.diagnostic(String(asked.length))
  assert.ok(asked.length > 0 && asked.length <= products / 5, JSON.stringify(asked))
})

/** By the clock, whether or not there is something to do. */
const whatIsLookedFor = / update outbox_deliveries$| insert into figures$/

/** What a shopper's order and its events call, wherever it runs: each of these is a request where each service is a process of its own. */
const expectedCalls = {
  'cart create': 1,
  'cart snapshot': 1,
  'catalog sellable': 2,
  'inventory availability': 2,
  'inventory reserve': 1,
  'orders checkout': 1,
  'orders details': 1,
  'orders get': 1,
  'payments authorize': 1,
  'payments webhook': 1,
  'pricing markets': 2,
  'pricing quote': 2,
  'shipping methods': 2,
}

/** How often each operation was called so far. */
async function callsOf(of: TestShop): Promise<Map<string, number>> {
  const calls = new Map<string, number>()
  for (const [, labels = '', count] of (await scrape(of)).matchAll(/^stoa_call_seconds_count\{(.*)\} (\d+)$/gm)) {
    const [, service, operation] = /service="(\w+)",operation="(\w+)"/.exec(labels) ?? []
    const name = `${service} ${operation}`
    calls.set(name, (calls.get(name) ?? 0) + Number(count))
  }
  return calls
}

async function callsFor(counted: Counted): Promise<Record<string, number>> {
  const before = await callsOf(counted.shop)
  await buy(1, counted)
  const after = await callsOf(counted.shop)
  return Object.fromEntries(
    [...after]
      .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  )
}

test('an order asks for the same where each service is a process of its own, and calls them so often', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-statements-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const preload = `--import ${pathToFileURL(join(import.meta.dirname, 'seen-statements.ts'))}`
  const many = await startShop('many', {
    http: true,
    environment: { STOA_TEST_STATEMENTS: folder, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${preload}`.trim() },
  })
  t.after(() => many.stop())
  const counted = {
    shop: many,
    goods: [await sell(many, { handle: 'mug', onHand: 1_000 })],
    statements: writtenIn(folder),
  }
  assert.deepEqual(await expectedOf(1, counted), expected)
  let calls = {}
  // What is called by the clock may fall between.
  for (let n = 0; n < triesAtMost && !isDeepStrictEqual(calls, expectedCalls); n++) calls = await callsFor(counted)
  assert.deepEqual(calls, expectedCalls)
})

/** What processes wrote down of what they asked. */
const writtenIn = (folder: string) => async (): Promise<Seen[]> => {
  const texts = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')))
  // The last line may be half written.
  return texts.flatMap((text) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Seen),
  )
}
