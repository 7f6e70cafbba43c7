import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import type { Contract, Operation } from '#kernel/contract'
import { registry } from '../services/registry.ts'
import { berlin, buy, type Goods, sell } from './goods.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

// Every POST is tried with its key. The list is made from the contracts: a POST that is added tomorrow fails here until it has
// a sample, and then keeps what is promised of all of them.

const posts = registry.flatMap(({ contract }: { contract: Contract }) =>
  Object.entries(contract.operations)
    .filter(([, { route }]) => route?.method === 'POST')
    .map(([name, operation]) => ({ name: `${contract.name}.${name}`, operation })),
)

/** A request, another one that the same key must not be used for (null: there is none), and somebody else's. */
type Sample = {
  readonly path: string
  readonly body: unknown
  /** Of a body that is no JSON: it is sent as it is. */
  readonly contentType?: string
  readonly other: { readonly path?: string; readonly body?: unknown } | null
  readonly token?: string
  readonly stranger: { readonly path?: string; readonly token?: string; readonly body?: unknown } | null
}

type World = {
  readonly shop: TestShop
  readonly goods: Goods
  /** A second owner, and two customers. */
  readonly tokens: { readonly owner: string; readonly second: string; readonly ada: string; readonly eve: string }
  cart(): Promise<string>
  order(): Promise<string>
}

const money = (amount: number) => ({ amount, currency: 'EUR' })

const samples: Readonly<Record<string, (world: World) => Promise<Sample>>> = {
  'cart.create': async ({ goods, tokens }) => ({
    path: '/api/carts',
    body: { email: 'ada@example.com', lines: [{ variantId: goods.variantId, quantity: 1 }] },
    other: { body: { email: 'eve@example.com' } },
    stranger: { token: tokens.eve, body: {} },
  }),
  'cart.addLine': async ({ goods, cart }) => ({
    path: `/api/carts/${await cart()}/lines`,
    body: { variantId: goods.variantId, quantity: 1 },
    other: { body: { variantId: goods.variantId, quantity: 2 } },
    stranger: { path: `/api/carts/${await cart()}/lines`, body: { variantId: goods.variantId, quantity: 3 } },
  }),
  'orders.checkout': async ({ cart }) => ({
    path: `/api/carts/${await cart()}/checkout`,
    body: { payment: { provider: 'sandbox', token: 'tok_ok' } },
    other: { body: { payment: { provider: 'sandbox', token: 'tok_slow' } } },
    stranger: { path: `/api/carts/${await cart()}/checkout`, body: { payment: { provider: 'nobody' } } },
  }),
  'orders.capture': async ({ order, tokens }) => ({
    path: `/api/admin/orders/${await order()}/capture`,
    body: { amount: money(100) },
    other: { body: { amount: money(200) } },
    token: tokens.owner,
    stranger: { token: tokens.second, body: { amount: money(300) } },
  }),
  'orders.fulfill': async ({ order, tokens }) => ({
    path: `/api/admin/orders/${await order()}/fulfillments`,
    body: { carrier: 'Post', trackingNumber: 'T1' },
    other: { body: { carrier: 'Post', trackingNumber: 'T2' } },
    token: tokens.owner,
    stranger: { token: tokens.second, body: {} },
  }),
  'orders.cancel': async ({ order, tokens }) => ({
    path: `/api/admin/orders/${await order()}/cancel`,
    body: { reason: 'Out of season' },
    other: { body: { reason: 'Another' } },
    token: tokens.owner,
    stranger: { token: tokens.second, body: { reason: 'A third' } },
  }),
  'orders.refund': async ({ order, shop, tokens }) => {
    const orderId = await order()
    await shop.api('POST', `/api/admin/orders/${orderId}/capture`, {}, { token: tokens.owner })
    return {
      path: `/api/admin/orders/${orderId}/refunds`,
      body: { amount: money(100), reason: 'A scratch' },
      other: { body: { amount: money(200), reason: 'A scratch' } },
      token: tokens.owner,
      stranger: { token: tokens.second, body: { amount: money(300), reason: 'Another' } },
    }
  },
  'orders.markPaid': async ({ order, tokens }) => ({
    path: `/api/admin/orders/${await order()}/mark-paid`,
    body: {},
    other: { body: { amount: money(100) } },
    token: tokens.owner,
    stranger: { token: tokens.second, body: { amount: money(200) } },
  }),
  'payments.issueGiftCard': async ({ tokens }) => ({
    path: '/api/admin/gift-cards',
    body: { amount: money(1_000), note: 'For Ada' },
    other: { body: { amount: money(2_000), note: 'For Ada' } },
    token: tokens.owner,
    stranger: { token: tokens.second, body: { amount: money(3_000) } },
  }),
  'payments.adjustGiftCard': async ({ shop, tokens }) => {
    const worth = { amount: money(1_000) }
    const issued = await shop.api('POST', '/api/admin/gift-cards', worth, { token: tokens.owner, key: randomUUID() })
    return {
      path: `/api/admin/gift-cards/${issued.body.id}/adjustments`,
      body: { amount: money(100), reason: 'A mistake' },
      other: { body: { amount: money(200), reason: 'A mistake' } },
      token: tokens.owner,
      stranger: { token: tokens.second, body: { amount: money(300), reason: 'Another' } },
    }
  },
  'payments.webhook': async () => ({
    path: '/api/payments/webhooks/sandbox',
    body: { type: 'payment.captured' },
    other: { body: { type: 'payment.refunded' } },
    stranger: null,
  }),
  'payments.askProvider': async ({ order, tokens }) => ({
    path: `/api/admin/payments/${await order()}/reconcile`,
    body: {},
    other: { path: `/api/admin/payments/${await order()}/reconcile` },
    token: tokens.owner,
    stranger: { token: tokens.second, path: `/api/admin/payments/${await order()}/reconcile` },
  }),
  'catalog.createProduct': async ({ tokens }) => ({
    path: '/api/admin/products',
    body: { handle: 'keyed', title: 'Keyed', variants: [{ sku: 'KEYED' }] },
    other: { body: { handle: 'keyed', title: 'Other', variants: [{ sku: 'KEYED' }] } },
    token: tokens.owner,
    stranger: { token: tokens.second, body: { handle: 'another', title: 'Another', variants: [{}] } },
  }),
  'catalog.uploadMedia': async ({ tokens }) => ({
    path: '/api/admin/media',
    contentType: 'image/svg+xml',
    body: drawing('red'),
    other: { body: drawing('blue') },
    token: tokens.owner,
    stranger: { token: tokens.second, body: drawing('green') },
  }),
  'catalog.createImport': async ({ tokens }) => ({
    path: '/api/admin/imports',
    body: { fileName: 'goods.csv' },
    other: { body: { fileName: 'others.csv' } },
    token: tokens.owner,
    stranger: { token: tokens.second, body: { fileName: 'mine.csv' } },
  }),
  'catalog.startImport': async ({ shop, tokens }) => {
    const begin = async (): Promise<string> =>
      `/api/admin/imports/${(await shop.api('POST', '/api/admin/imports', { fileName: 'a.csv' }, { token: tokens.owner })).body.id}/start`
    return {
      path: await begin(),
      body: {},
      other: { path: await begin() },
      token: tokens.owner,
      stranger: { token: tokens.second, path: await begin() },
    }
  },
  'identity.signUp': async ({ tokens }) => ({
    path: '/api/auth/sign-up/email',
    body: { email: 'new@example.com', password: 'four words nobody joins', name: 'New' },
    other: { body: { email: 'newer@example.com', password: 'four words nobody joins', name: 'New' } },
    stranger: { token: tokens.eve, body: { email: 'x@example.com', password: 'four words nobody joins', name: 'X' } },
  }),
  'identity.signOut': async () => ({ path: '/api/auth/sign-out', body: {}, other: null, stranger: null }),
  'identity.requestPasswordReset': async ({ tokens }) => ({
    path: '/api/auth/request-password-reset',
    body: { email: 'nobody@example.com' },
    other: { body: { email: 'somebody@example.com' } },
    stranger: { token: tokens.eve, body: { email: 'else@example.com' } },
  }),
  'identity.resetPassword': async ({ tokens }) => ({
    path: '/api/auth/reset-password',
    body: { token: 'made-up', password: 'four words nobody joins' },
    other: { body: { token: 'made-up-too', password: 'four words nobody joins' } },
    stranger: { token: tokens.eve, body: { token: 'third', password: 'four words nobody joins' } },
  }),
  'identity.verifyEmail': async ({ tokens }) => ({
    path: '/api/auth/verify-email',
    body: { token: 'made-up' },
    other: { body: { token: 'made-up-too' } },
    stranger: { token: tokens.eve, body: { token: 'third' } },
  }),
  'identity.addAddress': async ({ tokens }) => ({
    path: '/api/account/addresses',
    body: berlin,
    other: { body: { ...berlin, line1: 'Elsewhere 2' } },
    token: tokens.ada,
    stranger: { token: tokens.eve, body: { ...berlin, name: 'Eve' } },
  }),
  'identity.createStaff': async ({ tokens }) => {
    const account = { password: 'a long one for this clerk', name: 'Clerk', roles: ['support'] }
    return {
      path: '/api/admin/staff',
      body: { ...account, email: 'clerk@shop.example' },
      other: { body: { ...account, email: 'clerk2@shop.example' } },
      token: tokens.owner,
      stranger: { token: tokens.second, body: { ...account, email: 'clerk3@shop.example' } },
    }
  },
  'inventory.createLocation': async ({ tokens }) => ({
    path: '/api/admin/locations',
    body: { name: 'Berlin' },
    other: { body: { name: 'Potsdam' } },
    token: tokens.owner,
    stranger: { token: tokens.second, body: { name: 'Cottbus' } },
  }),
  'pricing.createPromotion': async ({ tokens }) => ({
    path: '/api/admin/promotions',
    body: promotion('TENTH'),
    other: { body: promotion('OTHER') },
    token: tokens.owner,
    stranger: { token: tokens.second, body: promotion('THIRD') },
  }),
}

const drawing = (color: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="${color}"/></svg>`

const promotion = (code: string) => ({
  label: 'A tenth off',
  code,
  kind: 'percentage',
  rate: 100_000,
  amounts: {},
  minimums: {},
  categories: [],
  startsAt: null,
  endsAt: null,
  usageLimit: null,
  usageLimitPerCustomer: null,
  active: true,
})

/** Answers that are secrets are kept nowhere: a repeat is done again. */
const isKept = (operation: Operation): boolean => operation.idempotency !== 'unkept'

for (const shape of shapes) {
  describe(`idempotency keys, shape "${shape}"`, () => {
    let world: World
    let owner: pg.Pool
    before(async () => {
      const shop = await startShop(shape)
      owner = new pg.Pool({ connectionString: shop.databaseUrl, max: 2 })
      owner.on('error', () => undefined)
      world = await furnish(shop)
    })
    after(async () => {
      await owner?.end()
      await world?.shop.stop()
    })

    type Told = { readonly status: number; readonly type: string | null; readonly text: string }
    async function post(
      path: string,
      body: unknown,
      key: string,
      token?: string,
      contentType = 'application/json',
    ): Promise<Told> {
      const answer = await fetch(new URL(path, world.shop.url), {
        method: 'POST',
        headers: {
          'content-type': contentType,
          'idempotency-key': key,
          ...(token ? { authorization: `Bearer ${token}` } : {}),
        },
        body: contentType === 'application/json' ? JSON.stringify(body) : String(body),
      })
      return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
    }
    const problemOf = ({ status, text }: Told) => [status, (JSON.parse(text) as { type?: string }).type]

    for (const { name, operation } of posts) {
      if (!isKept(operation)) {
        test(`${name}: takes a key and keeps nothing under it`, async () => {
          const key = randomUUID()
          const body = { email: 'ada@example.com', password: password('ada') }
          const first = await post('/api/auth/sign-in/email', body, key)
          const second = await post('/api/auth/sign-in/email', body, key)
          assert.deepEqual([first.status, second.status], [200, 200])
          assert.notEqual(first.text, second.text)
          const kept = await owner.query('select 1 from identity.idempotency_keys where key = $1', [key])
          assert.equal(kept.rowCount, 0)
        })
        continue
      }
      test(`${name}: one answer a key, for one request, of one caller`, async () => {
        const sampleOf = samples[name]
        assert.ok(sampleOf, `a sample of ${name} stands in this file`)
        const { path, body, contentType, other, token, stranger } = await sampleOf(world)
        const send = (to: string, what: unknown, key: string, as?: string) => post(to, what, key, as, contentType)
        const key = randomUUID()
        const first = await send(path, body, key, token)
        assert.ok(first.status < 500, first.text)
        assert.notEqual(problemOf(first)[1], '/problems/validation-failed', first.text)
        // The order of a body's keys says nothing, except where the bytes themselves are the request.
        assert.deepEqual(await send(path, operation.raw ? body : backwards(body), key, token), first)

        const malformed = await send(path, body, 'x'.repeat(201), token)
        assert.deepEqual(problemOf(malformed), [400, '/problems/idempotency-key-malformed'])

        const reused = [422, '/problems/idempotency-key-reused']
        if (other) assert.deepEqual(problemOf(await send(other.path ?? path, other.body ?? body, key, token)), reused)
        if (stranger) {
          const theirs = await send(stranger.path ?? path, stranger.body ?? body, key, stranger.token ?? token)
          assert.ok(theirs.status < 500, theirs.text)
          assert.notDeepEqual(problemOf(theirs), reused)
        }
        assert.deepEqual(await send(path, body, key, token), first)
      })
    }

    test('of two who show nothing and send one key, each has a cart of their own', async () => {
      const key = 'cart-1'
      const from = (localAddress: string): Promise<string> =>
        new Promise((resolve, reject) => {
          const headers = { 'content-type': 'application/json', 'idempotency-key': key }
          request(new URL('/api/carts', world.shop.url), { method: 'POST', localAddress, headers }, (answer) => {
            text(answer).then(resolve, reject)
          })
            .on('error', reject)
            .end(JSON.stringify({ email: 'ada@example.com' }))
        })
      const [ada, eve] = [await from('127.0.0.1'), await from('127.0.0.2')]
      assert.notEqual(JSON.parse(ada).id, JSON.parse(eve).id)
      assert.equal(await from('127.0.0.1'), ada)
      assert.equal(await from('127.0.0.2'), eve)
    })

    const died = (service: string, key: string) =>
      owner.query(
        `update ${service}.idempotency_keys set outcome = null, lease_until = now() - interval '1 s' where key = $1`,
        [key],
      )
    const count = async (query: string, values: readonly unknown[]): Promise<number> =>
      (await owner.query(`select count(*)::int as n from ${query}`, [...values])).rows[0].n

    // Where the effect is one transaction of the service, the answer is in it: there is no moment between the two.
    const together: [name: string, row: string, id: (answer: { id: string }) => string][] = [
      ['identity.addAddress', 'identity.addresses', ({ id }) => id],
      ['identity.createStaff', 'identity.users', ({ id }) => id],
      ['inventory.createLocation', 'inventory.locations', ({ id }) => id],
      ['pricing.createPromotion', 'pricing.promotions', ({ id }) => id],
      ['cart.addLine', 'cart.carts', ({ id }) => id],
    ]
    for (const [name, table, idOf] of together) {
      test(`${name}: effect and answer are one commit`, async () => {
        const { path, body, token } = await (samples[name] as (world: World) => Promise<Sample>)(world)
        const key = randomUUID()
        const fresh = JSON.parse(
          JSON.stringify(body)
            .replaceAll('clerk@', 'cleric@')
            .replaceAll('Berlin', 'Bonn')
            .replaceAll('TENTH', 'FIFTH'),
        )
        const answer = await post(path, fresh, key, token)
        assert.ok(answer.status < 300, answer.text)
        const { rows } = await owner.query(
          `select (select xmin::text from ${table} where id = $1) as effect,
                  (select xmin::text from ${name.split('.')[0]}.idempotency_keys where key = $2) as answer`,
          [idOf(JSON.parse(answer.text)), key],
        )
        assert.ok(rows[0].effect)
        assert.equal(rows[0].answer, rows[0].effect)
      })
    }

    test('orders.fulfill: a repeat after a crash sends nothing a second time', async () => {
      const { shop, tokens, goods } = world
      const { checkout } = await buy(shop, goods.variantId, { quantity: 3 })
      const { id, lines } = checkout.body.order
      const path = `/api/admin/orders/${id}/fulfillments`
      const body = { lines: [{ lineId: lines[0].id, quantity: 1 }] }
      const key = randomUUID()
      const first = await post(path, body, key, tokens.owner)
      assert.equal(first.status, 201, first.text)
      await died('orders', key)
      const again = await post(path, body, key, tokens.owner)
      assert.deepEqual([again.status, JSON.parse(again.text).lines[0].fulfilled], [201, 1])
      assert.equal(await count('orders.fulfillments where order_id = $1', [id]), 1)
      // Another key is another parcel.
      assert.equal(JSON.parse((await post(path, body, randomUUID(), tokens.owner)).text).lines[0].fulfilled, 2)
    })

    test('orders.cancel: a repeat after a crash hears that it is canceled, another reason that it cannot be', async () => {
      const { shop, tokens, order } = world
      const path = `/api/admin/orders/${await order()}/cancel`
      const key = randomUUID()
      assert.equal((await post(path, { reason: 'Twice ordered' }, key, tokens.owner)).status, 200)
      await died('orders', key)
      const again = await post(path, { reason: 'Twice ordered' }, key, tokens.owner)
      assert.deepEqual([again.status, JSON.parse(again.text).status], [200, 'canceled'])
      const other = await shop.api('POST', path, { reason: 'No reason' }, { token: tokens.owner })
      assert.deepEqual([other.status, other.body.type], [409, '/problems/orders/not-allowed-now'])
    })

    test('orders.capture and refund: a repeat after a crash moves no money a second time', async () => {
      const { tokens, order } = world
      const orderId = await order()
      for (const [path, body] of [
        ['capture', { amount: money(1_000) }],
        ['refunds', { amount: money(300), reason: 'A scratch' }],
      ] as const) {
        const key = randomUUID()
        const first = await post(`/api/admin/orders/${orderId}/${path}`, body, key, tokens.owner)
        assert.ok(first.status < 300, first.text)
        await died('orders', key)
        await owner.query("update payments.idempotency_keys set outcome = null, lease_until = now() - interval '1 s'")
        const again = await post(`/api/admin/orders/${orderId}/${path}`, body, key, tokens.owner)
        assert.equal(again.status, first.status, again.text)
      }
      const { rows } = await owner.query(
        'select captured::int, refunded::int from payments.payments where order_id = $1',
        [orderId],
      )
      assert.deepEqual(rows, [{ captured: 1_000, refunded: 300 }])
      assert.equal(await count('payments.payment_operations where order_id = $1', [orderId]), 2)
    })
  })
}

/** The same value with the keys of every object in the opposite order. */
function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, backwards(inner)]),
  )
}

const password = (name: string): string => `lantern ${name} over quiet dunes`

async function furnish(shop: TestShop): Promise<World> {
  const goods = await sell(shop, { handle: 'keyed-mug', onHand: 1_000 })
  const customer = async (name: string): Promise<string> => {
    const account = { email: `${name}@example.com`, password: password(name) }
    await shop.api('POST', '/api/auth/sign-up/email', { ...account, name })
    return (await shop.api('POST', '/api/auth/sign-in/email', account)).body.token
  }
  const account = { email: 'second@shop.example', password: password('second') }
  const staff = { token: shop.staffToken }
  await shop.api('POST', '/api/admin/staff', { ...account, name: 'Second', roles: ['owner'] }, staff)
  const second = (await shop.api('POST', '/api/auth/sign-in/email', account)).body.token
  return {
    shop,
    goods,
    tokens: { owner: shop.staffToken, second, ada: await customer('ada'), eve: await customer('eve') },
    async cart() {
      const lines = [{ variantId: goods.variantId, quantity: 1 }]
      const body = { lines, email: 'ada@example.com', shippingAddress: berlin }
      return (await shop.api('POST', '/api/carts', body)).body.id
    },
    async order() {
      const { checkout } = await buy(shop, goods.variantId)
      assert.equal(checkout.status, 201, JSON.stringify(checkout.body))
      return checkout.body.order.id
    },
  }
}
