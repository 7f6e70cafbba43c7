import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import pg from 'pg'
import { checkInvariants } from '../cli/verify.ts'
import { buy, type Goods, levels, sell } from './goods.ts'
import { startShop, type TestShop } from './shop.ts'

// One busy run, told to its subscribers in an order of chance, and some of it twice: what is left must be what it is when all
// comes in order. Each delivery is held back by up to a few seconds, so that what happened last is often heard of first.

const heldBackSeconds = 4

/** How each delivery of a shop is held back, from now on. */
const shufflers = {
  'in order': '',
  shuffled: `new.next_attempt_at = clock_timestamp() + random() * interval '${heldBackSeconds} seconds';`,
  'the last first': `new.next_attempt_at = clock_timestamp() + interval '${heldBackSeconds} seconds' - 0.5 * (clock_timestamp() - started);`,
} as const

async function shuffle(owner: pg.Client, statement: string): Promise<void> {
  if (statement === '') return
  const { rows } = await owner.query<{ schema: string }>(
    `select table_schema as schema from information_schema.tables where table_name = 'outbox_deliveries'`,
  )
  await owner.query(`create function public.hold_back() returns trigger language plpgsql security definer as $$
    declare started constant timestamptz := '${new Date().toISOString()}';
    begin ${statement} return new; end $$`)
  for (const { schema } of rows)
    await owner.query(
      `create trigger hold_back before insert on ${schema}.outbox_deliveries for each row execute function public.hold_back()`,
    )
}

/** Hears of everything once more. */
async function tellAgain(owner: pg.Client): Promise<void> {
  for (const schema of ['orders', 'payments', 'inventory', 'pricing'])
    await owner.query(
      `update ${schema}.outbox_deliveries set delivered_at = null, next_attempt_at = now() + random() * interval '2 seconds'`,
    )
}

async function untilAllIsHeard(owner: pg.Client): Promise<void> {
  const schemas = ['orders', 'payments', 'inventory', 'pricing', 'cart']
  const waiting = schemas.map((name) => `select 1 from ${name}.outbox_deliveries where delivered_at is null`)
  for (const until = Date.now() + 90_000; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 100)))
    if ((await owner.query(waiting.join(' union all '))).rows.length === 0) return
  assert.fail('events are still waiting after 90 s')
}

/** Orders that are only placed, sent, partly refunded, canceled and declined, and a cart that sells the rest. */
async function busyRun(shop: TestShop): Promise<readonly Goods[]> {
  const goods = [
    await sell(shop, { handle: 'order-mug', onHand: 12 }),
    await sell(shop, { handle: 'order-plate', onHand: 4 }),
  ]
  const staff = { token: shop.staffToken }
  const insist = async (path: string, body: object): Promise<void> => {
    const answer = await shop.api('POST', path, body, { ...staff, key: randomUUID() })
    assert.ok(answer.status === 200 || answer.status === 201, `${path}: ${JSON.stringify(answer.body)}`)
  }
  const refund = { amount: { amount: 500, currency: 'EUR' }, reason: 'A scratch' }
  for (const [index, { variantId }] of goods.entries()) {
    const order = async (token = 'tok_ok') =>
      (await buy(shop, variantId, { token, email: `buyer-${index}@example.com` })).checkout
    const [, sent, canceled] = [await order(), await order(), await order()]
    assert.equal((await order('tok_declined')).status, 402)
    const path = ({ body }: typeof sent): string => `/api/admin/orders/${body.order.id}`
    await insist(`${path(sent)}/fulfillments`, {})
    await insist(`${path(sent)}/refunds`, refund)
    await insist(`${path(canceled)}/cancel`, { reason: 'Changed their mind' })
    await order()
  }
  return goods
}

/** What the shop shows when all has been heard, without what differs from shop to shop. */
async function stateOf(shop: TestShop, owner: pg.Client, goods: readonly Goods[]) {
  const rows = async (statement: string) => (await owner.query(statement)).rows
  return {
    orders: await rows('select state, count(*)::int from orders.orders group by state order by state'),
    payments: await rows(
      'select status, count(*)::int, sum(amount)::int from payments.payments group by status order by status',
    ),
    mails: await rows('select template, count(*)::int from notifications.mails group by template order by template'),
    carts: await rows('select order_id is not null as ordered, count(*)::int from cart.carts group by 1 order by 1'),
    stock: await Promise.all(goods.map(({ variantId }) => levels(shop, variantId))),
    listed: (await shop.api('GET', '/api/products?market=eu&sort=title')).body.items.map(
      ({ handle, available }: { handle: string; available: unknown }) => [handle, available],
    ),
    broken: (await checkInvariants(shop.client, shop.databases)).flatMap(({ what, violations }) =>
      violations.map((one) => `${what}: ${one}`),
    ),
  }
}

test('whatever order events come in, and however often, the shop ends the same', async () => {
  const ends: { how: string; end: Awaited<ReturnType<typeof stateOf>> }[] = []
  for (const [how, statement] of Object.entries(shufflers)) {
    const shop = await startShop('one')
    const owner = new pg.Client({ connectionString: shop.databaseUrl })
    await owner.connect()
    try {
      await shuffle(owner, statement)
      const goods = await busyRun(shop)
      await untilAllIsHeard(owner)
      if (statement !== '') await tellAgain(owner)
      await untilAllIsHeard(owner)
      ends.push({ how, end: await stateOf(shop, owner, goods) })
    } finally {
      await owner.end()
      await shop.stop()
    }
  }
  const [first, ...others] = ends
  assert.deepEqual(first?.end.stock, [
    { onHand: 11, reserved: 0, allocated: 2 },
    { onHand: 3, reserved: 0, allocated: 2 },
  ])
  assert.deepEqual(first.end.broken, [])
  for (const { how, end } of others) assert.deepEqual(end, first.end, how)
})
