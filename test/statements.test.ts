import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import pg from 'pg'
import { orders } from '#contracts/orders'
import { currentCall, newTraceId } from '#kernel/call'
import { withClient } from '../cli/bench/meter.ts'
import { berlin, type Goods, sell } from './goods.ts'
import { startShop, type TestShop } from './shop.ts'

// What an order costs the database, counted where it leaves this process. Each statement that stands here is defended in
// docs/decisions/0038-what-nobody-waits-for-travels-along.md; one more is a decision, and not an accident.

type Seen = { readonly traceId: string | null; readonly what: string; readonly trip: object }

const seen: Seen[] = []
/** Statements that are sent to one connection before anything else happens are one round trip. */
const trips = new Map<pg.Client, object>()

/** All that ever asked. */
const clients = new Set<pg.Client>()

const { query } = pg.Client.prototype
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  const [first] = given
  const text = typeof first === 'string' ? first : (first as pg.QueryConfig).text
  clients.add(this)
  if (trips.size === 0) queueMicrotask(() => trips.clear())
  const trip = trips.get(this) ?? {}
  trips.set(this, trip)
  const { application_name: name = '' } = (this as unknown as { connectionParameters: pg.ClientConfig })
    .connectionParameters
  seen.push({
    traceId: currentCall()?.traceId ?? null,
    what: `${name.replace('stoa-', '')}: ${nameOf(text)}`,
    trip,
  })
  return Reflect.apply(query, this, given)
} as typeof query

/** What a statement does and to what: the table that it writes first, the function that it calls, or the table that it reads. */
function nameOf(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').trim()
  if (/^(begin|commit|rollback)\b/.test(plain)) return plain.split(';')[0] ?? plain
  const written = /\b(insert into|delete from|update(?! (?:of|set|skip)\b)) (\w+)/.exec(plain)
  if (written) return `${written[1]} ${written[2]}`
  const called = /\bselect (\w+)\(\$|\bfrom (?!unnest)(\w+)\( ?\$/.exec(plain)
  if (called) return `call ${called[1] ?? called[2]}`
  return `read ${[...plain.matchAll(/\b(?:from|join) (\w+)(?! ?\()/g)].map(([, table]) => table).find((table) => tables.has(table ?? '')) ?? '?'}`
}

/** What is read, of all that a statement joins. */
const tables = new Set(['levels', 'prices', 'carts', 'idempotency_keys', 'orders', 'inbox', 'payments'])

const linesAtMost = 100
let shop: TestShop
const goods: Goods[] = []

before(async () => {
  shop = await startShop('one')
  for (let n = 1; n <= linesAtMost; n++) goods.push(await sell(shop, { handle: `mug-${n}`, onHand: 1_000 }))
})
after(() => shop?.stop())

/** @returns the answer, and the trace under which the request and the effects of its events ask the database */
async function send(method: string, path: string, body?: unknown) {
  const traceId = newTraceId()
  const answer = await fetch(new URL(path, shop.url), {
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
async function buy(lines: number) {
  const cart = await send('POST', '/api/carts', {
    lines: goods.slice(0, lines).map(({ variantId }) => ({ variantId, quantity: 1 })),
    email: 'ada@example.com',
    shippingAddress: berlin,
  })
  const payment = { provider: 'sandbox', token: 'tok_ok' }
  const placed = await send('POST', `/api/carts/${cart.value.id}/checkout`, { payment })
  const { id, token, status } = placed.value.order
  assert.equal(status, 'placed')
  // Before the shopper looks: the mail reads the order too, and both would share a statement.
  await settled()
  const order = await send('GET', `/api/orders/${id}?token=${token}`)
  return { cart: asked(cart.traceId), checkout: asked(placed.traceId), order: asked(order.traceId) }
}

function asked(traceId: string) {
  const own = seen.filter((one) => one.traceId === traceId)
  const statements: Record<string, number> = {}
  for (const { what } of own.toSorted((a, b) => (a.what < b.what ? -1 : 1)))
    statements[what] = (statements[what] ?? 0) + 1
  return { statements, roundTrips: new Set(own.map((one) => one.trip)).size }
}

/** Asks as the owner, until what is asked holds. */
const until = (holds: (owner: pg.Client) => Promise<boolean>): Promise<void> =>
  withClient(shop.databaseUrl, async (owner) => {
    while (!(await holds(owner))) await new Promise((resolve) => setTimeout(resolve, 20))
  })

/** Waits until every event of the order has had its effect. */
const settled = (): Promise<void> =>
  until(async (owner) => {
    const { rows } = await owner.query<{ left: number }>(`
      select (select count(*)::int from orders.outbox_deliveries where delivered_at is null)
           + (select count(*)::int from payments.outbox_deliveries where delivered_at is null) as left`)
    return rows[0]?.left === 0
  })

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
async function expectedOf(lines: number) {
  let bought = await buy(lines)
  for (let n = 1; n < triesAtMost && !isDeepStrictEqual(bought, expected); n++) bought = await buy(lines)
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

async function rowsReadBy(act: () => Promise<unknown>): Promise<number> {
  const times = 8
  const before = await rowsRead()
  for (let n = 0; n < times; n++) await act()
  return ((await rowsRead()) - before) / times
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

test('orders that are placed at the same moment share their statements', async () => {
  const shoppers = 24
  const carts = await Promise.all(
    Array.from({ length: shoppers }, () =>
      send('POST', '/api/carts', {
        lines: [{ variantId: goods[0]?.variantId, quantity: 1 }],
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
  const statements = seen.slice(since).map(({ what }) => what)
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
  await settled()
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
