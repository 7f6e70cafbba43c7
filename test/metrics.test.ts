import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { buy, eventually, sell } from './goods.ts'
import { scrape } from './scrape.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

/** The sum over all processes of the samples of a metric that have these labels; null where there is none. */
async function metric(shop: TestShop, name: string, labels: Readonly<Record<string, string>> = {}) {
  const found = (await scrape(shop)).split('\n').flatMap((line) => {
    const [, sample, given = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    const has = Object.entries(labels).every(([key, wanted]) => given.split(',').includes(`${key}="${wanted}"`))
    return sample === name && has ? [Number(value)] : []
  })
  return found.length === 0 ? null : found.reduce((sum, one) => sum + one, 0)
}

/** What is counted once a minute, by a job that waits for what is more important. */
const countedWithinMs = 240_000

for (const shape of shapes) {
  test(`${shape}: what the shop does can be read at /metrics, with exact figures`, async (t) => {
    const shop = await startShop(shape)
    t.after(() => shop.stop())
    const mug = await sell(shop, { handle: 'mug', onHand: 5 })
    for (let one = 0; one < 2; one++) assert.equal((await buy(shop, mug.variantId)).checkout.status, 201)
    assert.equal((await buy(shop, mug.variantId, { token: 'tok_declined' })).checkout.status, 402)
    assert.equal((await buy(shop, mug.variantId, { token: 'tok_3ds' })).checkout.body.order.status, 'awaiting_payment')
    const key = randomUUID()
    const carts = [1, 2].map(() => () => shop.api('POST', '/api/carts', { market: 'eu' }, { key }))
    for (const create of carts) assert.equal((await create()).status, 201)
    assert.equal((await fetch(`${shop.url}/api/products?unknown=1`)).status, 422)

    // Requests and operations: rate, errors by kind, duration. The strict shape repeats some calls on purpose, and counts those too.
    const counts = (told: number | null, times: number): void => {
      if (shape !== 'strict') assert.equal(told, times)
      else assert.ok(told !== null && told >= times && told <= 2 * times, `${told} instead of ${times}`)
    }
    const call = { service: 'orders', operation: 'checkout' }
    counts(await metric(shop, 'stoa_call_seconds_count', { ...call, outcome: 'ok' }), 3)
    counts(await metric(shop, 'stoa_call_seconds_count', { ...call, outcome: 'refused' }), 1)
    const decline = { service: 'payments', operation: 'authorize', kind: 'payments/declined', reason: 'card-declined' }
    counts(await metric(shop, 'stoa_call_failures_total', decline), 1)
    assert.equal(await metric(shop, 'stoa_http_request_seconds_count', { route: '/api/products', status: '422' }), 1)
    assert.ok(
      ((await metric(shop, 'stoa_idempotency_replays_total', { service: 'cart', operation: 'create' })) ?? 0) >= 1,
    )

    // What can be used up.
    assert.equal(await metric(shop, 'stoa_pool_connections', { service: 'orders', state: 'ceiling' }), 10)
    assert.ok(((await metric(shop, 'stoa_pool_connections', { service: 'orders', state: 'open' })) ?? 0) >= 1)
    assert.equal(await metric(shop, 'stoa_pool_waiting', { service: 'orders' }), 0)
    assert.equal(await metric(shop, 'stoa_database_up', { service: 'orders' }), 1)
    assert.equal(await metric(shop, 'stoa_ready'), shape === 'many' ? 11 : 1)
    assert.equal(await metric(shop, 'stoa_dependency_up', { dependency: 'sandbox' }), 1)
    assert.equal(await metric(shop, 'stoa_admission_turned_away_total', { importance: 'checkout' }), 0)
    assert.ok(((await metric(shop, 'stoa_gather_batch_requests_count', { what: 'hold stock' })) ?? 0) >= 3)
    assert.ok(((await metric(shop, 'nodejs_eventloop_lag_p99_seconds')) ?? 0) > 0)

    // The business, counted in the data.
    const counted = async () => ({
      placed: await metric(shop, 'stoa_orders_open', { state: 'placed' }),
      waiting: await metric(shop, 'stoa_orders_open', { state: 'awaiting_payment' }),
      declined: await metric(shop, 'stoa_orders_last_hour', { state: 'declined' }),
      onHand: await metric(shop, 'stoa_stock_units', { state: 'on-hand' }),
      held: await metric(shop, 'stoa_stock_units', { state: 'held' }),
      allocated: await metric(shop, 'stoa_stock_units', { state: 'allocated' }),
      processing: await metric(shop, 'stoa_payments_open', { status: 'processing' }),
      requiresAction: await metric(shop, 'stoa_payments_open', { status: 'requires_action' }),
      tooLong: await metric(shop, 'stoa_orders_holding_too_long'),
      failedMails: await metric(shop, 'stoa_mails', { state: 'failed' }),
      dead: await metric(shop, 'stoa_dead_letters', { service: 'orders' }),
    })
    const expected = {
      placed: 2,
      waiting: 1,
      declined: 1,
      onHand: 5,
      held: 1,
      allocated: 2,
      processing: 0,
      requiresAction: 1,
      tooLong: 0,
      failedMails: 0,
      dead: null,
    }
    await eventually(expected, counted, countedWithinMs)
    assert.equal(
      await metric(shop, 'stoa_event_seconds_count', { service: 'inventory', type: 'order.placed', outcome: 'ok' }),
      2,
    )
  })
}
