import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Actor } from '#kernel/call'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { until } from '../payments/test-payments.ts'
import { buy, startShop, type TestShop } from './test-shop.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })
const all = ['orders:read', 'orders:fulfill', 'orders:cancel', 'payments:capture', 'payments:refund']

/** Who a credential stands for: `staff`, `clerk` who may only read, `ada` and `eve` who are customers. */
const authenticate = async (credential: string): Promise<Actor> => {
  if (credential === 'staff') return { kind: 'staff', staffId: 'staff_1', sessionId: 's', permissions: all }
  if (credential === 'clerk') return { kind: 'staff', staffId: 'staff_2', sessionId: 's', permissions: ['orders:read'] }
  if (credential === 'ada' || credential === 'eve')
    return { kind: 'customer', customerId: `customer_${credential}`, sessionId: 's' }
  return { kind: 'anonymous' }
}

describe('what staff do with orders', () => {
  let shop: TestShop
  before(async () => {
    shop = await startShop({ authenticate })
  })
  after(() => shop?.stop())

  // biome-ignore lint/suspicious/noExplicitAny: what came over HTTP
  type Answer = { readonly status: number; readonly body: any }
  const api = async (
    method: string,
    path: string,
    options: { body?: unknown; as?: string; key?: string | null } = {},
  ): Promise<Answer> => {
    const key = options.key === undefined ? newId('key') : options.key
    const answer = await fetch(`${shop.url}/api${path}`, {
      method,
      headers: {
        ...(options.as === undefined ? {} : { authorization: `Bearer ${options.as}` }),
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === null || method === 'GET' ? {} : { 'idempotency-key': key }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    })
    return { status: answer.status, body: await answer.json() }
  }
  const staff = (method: string, path: string, body?: unknown, key?: string) =>
    api(method, path, { as: 'staff', ...(body === undefined ? {} : { body }), ...(key ? { key } : {}) })

  const placed = async (goods: { onHand?: number; quantity?: number; email?: string; price?: number } = {}) => {
    const variantId = await shop.sell({ onHand: goods.onHand ?? 10, price: goods.price ?? 2_000 })
    const cartId = await shop.fill(
      [{ variantId, quantity: goods.quantity ?? 1 }],
      goods.email === undefined ? {} : { email: goods.email },
    )
    const outcome = await buy(shop, cartId)
    assert.ok(outcome.ok, JSON.stringify(outcome))
    return { variantId, cartId, ...outcome.value.order }
  }
  const adminOrder = async (orderId: string) => (await staff('GET', `/admin/orders/${orderId}`)).body
  const holds = async () => {
    await shop.settle()
    const checks = [...(await verified(shop.orders.verify)), ...(await verified(shop.payments.verify))]
    assert.deepEqual(
      checks.flatMap(({ violations }) => violations),
      [],
    )
  }

  test('fulfill everything: the money is taken first, then the goods leave', async () => {
    const order = await placed({ onHand: 3, quantity: 2 })
    assert.deepEqual((await adminOrder(order.id)).actions, ['capture', 'fulfill', 'cancel'])
    const sent = await staff('POST', `/admin/orders/${order.id}/fulfillments`, {
      carrier: 'DHL',
      trackingNumber: '00340',
    })
    assert.equal(sent.status, 201, JSON.stringify(sent.body))
    assert.deepEqual(
      [sent.body.status, sent.body.payment.status, sent.body.payment.captured, sent.body.actions],
      ['fulfilled', 'captured', eur(4_490), ['refund']],
    )
    assert.deepEqual(
      sent.body.fulfillments.map((one: Record<string, unknown>) => [one.carrier, one.trackingNumber, one.lines]),
      [['DHL', '00340', [{ lineId: order.lines[0]?.id, quantity: 2 }]]],
    )
    await shop.settle()
    assert.deepEqual(await shop.level(order.variantId), { onHand: 1, reserved: 0, allocated: 0 })
    assert.deepEqual(await shop.events(order.id), ['order.placed', 'order.fulfilled'])
    const { timeline } = await adminOrder(order.id)
    assert.deepEqual(
      timeline.map(({ kind, by }: { kind: string; by: string }) => [kind, by]).sort(),
      [
        ['created', 'shopper'],
        ['fulfilled', 'staff_1'],
        ['payment-authorized', 'shopper'],
        ['payment-captured', 'staff_1'],
        ['placed', 'system'],
      ].sort(),
    )
    await holds()
  })

  test('fulfill in parts: a line never leaves twice', async () => {
    const order = await placed({ quantity: 3 })
    const lineId = order.lines[0]?.id ?? ''
    const part = (quantity: number) =>
      staff('POST', `/admin/orders/${order.id}/fulfillments`, { lines: [{ lineId, quantity }] })
    const first = await part(2)
    assert.deepEqual([first.status, first.body.status, first.body.lines[0].fulfilled], [201, 'placed', 2])
    assert.deepEqual(first.body.actions, ['fulfill', 'refund'])
    const tooMany = await part(2)
    assert.deepEqual(
      [tooMany.status, tooMany.body.type, tooMany.body.field],
      [409, '/problems/orders/nothing-to-fulfill', 'lines/0'],
    )
    const twice = await staff('POST', `/admin/orders/${order.id}/fulfillments`, {
      lines: [
        { lineId, quantity: 1 },
        { lineId, quantity: 1 },
      ],
    })
    assert.equal(twice.status, 409)
    const unknown = await staff('POST', `/admin/orders/${order.id}/fulfillments`, {
      lines: [{ lineId: newId('line'), quantity: 1 }],
    })
    assert.equal(unknown.status, 409)
    const last = await part(1)
    assert.deepEqual([last.status, last.body.status], [201, 'fulfilled'])
    assert.equal((await part(1)).body.type, '/problems/orders/not-allowed-now')
    await holds()
  })

  test('two staff fulfill the same unit at once: it leaves once', async () => {
    const order = await placed()
    const outcomes = await Promise.all([1, 2].map(() => staff('POST', `/admin/orders/${order.id}/fulfillments`, {})))
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), [201, 409])
    await shop.settle()
    assert.deepEqual(await shop.level(order.variantId), { onHand: 9, reserved: 0, allocated: 0 })
    await holds()
  })

  test('one fulfills, one cancels: exactly one of them does', async () => {
    for (let round = 0; round < 3; round++) {
      const order = await placed({ onHand: 1 })
      const [sent, canceled] = await Promise.all([
        staff('POST', `/admin/orders/${order.id}/fulfillments`, {}),
        staff('POST', `/admin/orders/${order.id}/cancel`, { reason: 'Changed mind' }),
      ])
      assert.deepEqual([sent.status === 201, canceled.status === 200].sort(), [false, true])
      const { status } = await adminOrder(order.id)
      assert.equal(status, sent.status === 201 ? 'fulfilled' : 'canceled')
      await until(
        () => shop.level(order.variantId),
        ({ onHand, allocated }) => allocated === 0 && onHand === (status === 'fulfilled' ? 0 : 1),
      )
    }
    await shop.rows('update payments.order_payments set look_at = now() where look_at is not null')
    await until(
      async () =>
        (await shop.rows("select 1 from orders.orders where state = 'canceled' and settled_at is null")).length,
      (open) => open === 0,
    )
    await holds()
  })

  test('capture by hand, all or a part, and no more than was authorized', async () => {
    const order = await placed()
    const capture = (id: string, amount: number) =>
      staff('POST', `/admin/orders/${id}/capture`, { amount: eur(amount) })
    const tooMuch = await capture(order.id, 2_491)
    assert.deepEqual(
      [tooMuch.status, tooMuch.body.type, tooMuch.body.largest],
      [409, '/problems/payments/amount-too-large', eur(2_490)],
    )
    assert.deepEqual((await adminOrder(order.id)).payment.capturable, eur(2_490))
    const captured = await staff('POST', `/admin/orders/${order.id}/capture`, {})
    assert.deepEqual([captured.status, captured.body.payment.captured], [200, eur(2_490)])
    assert.equal((await capture(order.id, 1)).body.type, '/problems/payments/nothing-to-capture')
    assert.deepEqual(captured.body.actions, ['fulfill', 'cancel', 'refund'])

    // A provider that captures once lets the rest go; the goods leave for what was taken, and everybody can read that.
    const { id } = await placed()
    const part = await capture(id, 1_000)
    const { payment, actions } = part.body
    assert.deepEqual(
      [part.status, payment.captured, payment.capturable, actions],
      [200, eur(1_000), eur(0), ['fulfill', 'cancel', 'refund']],
    )
    const sent = await staff('POST', `/admin/orders/${id}/fulfillments`, {})
    assert.deepEqual([sent.status, sent.body.status, sent.body.payment.captured], [201, 'fulfilled', eur(1_000)])
    assert.match(sent.body.timeline.at(-1).detail, /For 14\.90 EUR less than they cost\.$/)
    await holds()
  })

  test('cancel: stock, coupons and money go back, and nothing can be done any more', async () => {
    const order = await placed({ onHand: 1 })
    const canceled = await staff('POST', `/admin/orders/${order.id}/cancel`, { reason: 'Wrong address' })
    assert.deepEqual(
      [canceled.status, canceled.body.status, canceled.body.cancelReason, canceled.body.payment.status],
      [200, 'canceled', 'Wrong address', 'voided'],
    )
    assert.deepEqual(canceled.body.actions, [])
    await shop.settle()
    assert.deepEqual(await shop.level(order.variantId), { onHand: 1, reserved: 0, allocated: 0 })
    for (const [path, body] of [
      ['capture', {}],
      ['fulfillments', {}],
      ['cancel', { reason: 'Again' }],
    ] as const) {
      const refused = await staff('POST', `/admin/orders/${order.id}/${path}`, body)
      assert.deepEqual([refused.status, refused.body.type], [409, '/problems/orders/not-allowed-now'], path)
    }
    assert.equal(
      (await staff('POST', `/admin/orders/${order.id}/refunds`, { reason: 'Again' })).body.type,
      '/problems/payments/nothing-to-refund',
    )
    assert.deepEqual(await shop.events(order.id), ['order.placed', 'order.canceled'])
    await holds()
  })

  test('refund: parts, the rest, and never more than was captured', async () => {
    const order = await placed()
    const refund = (body: unknown, key?: string) => staff('POST', `/admin/orders/${order.id}/refunds`, body, key)
    assert.equal(
      (await refund({ amount: eur(1), reason: 'Too early' })).body.type,
      '/problems/payments/nothing-to-refund',
    )
    await staff('POST', `/admin/orders/${order.id}/capture`, {})
    const key = newId('key')
    const first = await refund({ amount: eur(1_000), reason: 'A scratch' }, key)
    assert.deepEqual([first.status, first.body.refunded, first.body.payment.refunded], [201, eur(1_000), eur(1_000)])
    assert.deepEqual((await refund({ amount: eur(1_000), reason: 'A scratch' }, key)).body, first.body)
    const tooMuch = await refund({ amount: eur(1_491), reason: 'Greed' })
    assert.deepEqual(
      [tooMuch.status, tooMuch.body.type, tooMuch.body.largest],
      [409, '/problems/payments/amount-too-large', eur(1_490)],
    )
    for (const amount of [eur(0), eur(-5), { amount: 5, currency: 'USD' }])
      assert.equal((await refund({ amount, reason: 'Nonsense' })).status, 422)
    const outcomes = await Promise.all([1, 2].map(() => refund({ reason: 'The rest' })))
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), [201, 409])
    await shop.settle()
    const shown = await shop.orders.get({ orderId: order.id, token: order.token })
    assert.deepEqual(shown.ok && shown.value.refunded, eur(2_490))
    assert.deepEqual((await shop.events(order.id)).slice(1), ['order.refunded', 'order.refunded'])
    assert.equal((await shop.sandbox.paymentsOf(order.id))[0]?.refunded.amount, 2_490)
    await holds()
  })

  test('a refund that the bank sends back is ours again, whichever is heard first, and staff are told until they give it back', async () => {
    const order = await placed()
    await staff('POST', `/admin/orders/${order.id}/capture`, {})
    await shop.settle()
    const bank = async (refundId: string) => {
      await shop.rows(
        `with told as (
           insert into payments.outbox (type, version, subject, sequence, data, trace_id)
           select 'payment.refund-failed', 1, subject, sequence + 1,
             data || jsonb_build_object('refundId', $2::text, 'amount', 1000), trace_id
           from payments.outbox where data->>'orderId' = $1 and type = 'payment.captured' returning id)
         insert into payments.outbox_deliveries (event_id, subscriber) select id, 'orders' from told`,
        [order.id, refundId],
      )
      await shop.settle()
    }
    const refund = async (amount: number) => {
      await staff('POST', `/admin/orders/${order.id}/refunds`, { amount: eur(amount), reason: 'A scratch' })
      await shop.settle()
    }
    const seen = async () => {
      const { attention } = await adminOrder(order.id)
      const shown = await shop.orders.get({ orderId: order.id, token: order.token })
      return [shown.ok && shown.value.refunded, attention.map(({ kind }: { kind: string }) => kind)]
    }
    await bank('refund_heard_late')
    assert.deepEqual(await seen(), [eur(0), ['refund-failed']])
    await refund(1_000)
    assert.deepEqual(await seen(), [eur(0), []])
    await refund(500)
    assert.deepEqual(await seen(), [eur(500), []])
    assert.deepEqual((await shop.timeline(order.id)).slice(-3), ['refund-failed', 'refunded', 'refunded'])
  })

  test('a key is demanded where money moves', async () => {
    const order = await placed()
    for (const path of ['capture', 'refunds', 'fulfillments', 'cancel']) {
      const answer = await api('POST', `/admin/orders/${order.id}/${path}`, {
        body: { reason: 'x' },
        as: 'staff',
        key: null,
      })
      assert.ok(answer.status === 400 || answer.status === 422, `${path} answered ${answer.status}`)
    }
  })

  test('staff without the permission, customers and strangers may do nothing of it', async () => {
    const order = await placed()
    const paths = [
      ['POST', `/admin/orders/${order.id}/capture`, {}],
      ['POST', `/admin/orders/${order.id}/refunds`, { reason: 'x' }],
      ['POST', `/admin/orders/${order.id}/fulfillments`, {}],
      ['POST', `/admin/orders/${order.id}/cancel`, { reason: 'x' }],
    ] as const
    for (const [method, path, body] of paths) {
      assert.equal((await api(method, path, { body, as: 'clerk' })).status, 403, path)
      assert.equal((await api(method, path, { body, as: 'ada' })).status, 403, path)
      assert.equal((await api(method, path, { body })).status, 401, path)
    }
    assert.equal((await api('GET', `/admin/orders/${order.id}`, { as: 'clerk' })).status, 200)
    assert.equal((await api('GET', `/admin/orders/${order.id}`, { as: 'ada' })).status, 403)
    assert.equal((await api('GET', `/admin/payments/${order.id}`, { as: 'ada' })).status, 403)
    assert.equal((await adminOrder(order.id)).status, 'placed')
  })

  test('orders are found by number, e-mail address and name, in pages that miss nothing', async () => {
    const email = `grace.${newId('x').slice(-10)}@example.com`
    const made: string[] = []
    for (let index = 0; index < 5; index++) made.push((await placed({ email })).number)
    const search = async (query: string): Promise<string[]> =>
      (await staff('GET', `/admin/orders?${query}`)).body.items.map(({ number }: { number: string }) => number)
    const newestFirst = made.toReversed()
    assert.deepEqual(await search(`q=${email}`), newestFirst)
    assert.deepEqual(await search(`q=${email.slice(3, 14).toUpperCase()}`), newestFirst)
    assert.deepEqual(await search(`q=${made[2]}`), [made[2]])
    assert.deepEqual(await search(`q=${email}%20lovelace`), newestFirst)
    assert.deepEqual(await search(`q=${email}%20turing`), [])
    assert.deepEqual(await search(`q=${encodeURIComponent('%%%')}`), [])
    assert.deepEqual(await search(`q=${encodeURIComponent("' or 1=1 --")}`), [])
    assert.deepEqual(await search(`q=${email}&status=canceled`), [])
    const pages: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Answer = await staff('GET', `/admin/orders?q=${email}&limit=2${cursor ? `&cursor=${cursor}` : ''}`)
      pages.push(...page.body.items.map(({ number }: { number: string }) => number))
      cursor = page.body.nextCursor
    }
    assert.deepEqual(pages, newestFirst)
    for (const wrong of ['x', Buffer.from('["now",1]').toString('base64url')])
      assert.equal((await staff('GET', `/admin/orders?cursor=${wrong}`)).status, 422)
  })

  describe('whose order it is', () => {
    test('nothing, an empty token, a wrong one, that of another order: no order', async () => {
      const [order, other] = [await placed(), await placed()]
      const wrong = `${order.token.slice(0, -1)}${order.token.endsWith('A') ? 'Q' : 'A'}`
      for (const token of [undefined, '', wrong, other.token]) {
        const outcome = await shop.orders.get({ orderId: order.id, ...(token === undefined ? {} : { token }) })
        assert.equal(!outcome.ok && outcome.refusal.type, 'orders/unknown-order', String(token))
      }
      const seen = await Promise.all(
        [wrong, other.token].flatMap((token) =>
          [order.id, newId('order')].map((id) => api('GET', `/orders/${id}?token=${token}`)),
        ),
      )
      for (const { status, body } of seen)
        assert.deepEqual([status, body.type], [404, '/problems/orders/unknown-order'])
      for (const query of ['', '?token=']) {
        const known = await api('GET', `/orders/${order.id}${query}`)
        const unknown = await api('GET', `/orders/${newId('order')}${query}`)
        assert.deepEqual([known.status, known.body.type], [unknown.status, unknown.body.type])
        assert.equal(known.body.lines, undefined)
      }
      assert.equal((await api('GET', `/orders/${order.number}?token=${order.token}`)).status, 422)
      assert.equal((await api('GET', `/orders/${order.id}?token=${order.token}`)).status, 200)
    })

    test('a customer sees own orders only, and guests’ orders are nobody’s', async () => {
      const variantId = await shop.sell()
      const cart = await api('POST', '/carts', {
        as: 'ada',
        body: {
          lines: [{ variantId, quantity: 1 }],
          email: 'ada@example.com',
          shippingAddress: { name: 'Ada', line1: 'Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' },
        },
      })
      assert.equal(cart.status, 201, JSON.stringify(cart.body))
      const body = { payment: { provider: 'sandbox', token: 'tok_ok' } }
      const own = await api('POST', `/carts/${cart.body.id}/checkout`, { as: 'ada', body })
      assert.equal(own.status, 201, JSON.stringify(own.body))
      const guest = await placed()
      assert.equal((await api('GET', `/orders/${own.body.order.id}`, { as: 'ada' })).status, 200)
      assert.equal((await api('GET', `/orders/${own.body.order.id}`, { as: 'eve' })).status, 404)
      assert.equal((await api('GET', `/orders/${guest.id}`, { as: 'ada' })).status, 404)
      const list = async (as: string) =>
        (await api('GET', '/account/orders', { as })).body.items.map(({ id }: { id: string }) => id)
      assert.deepEqual(await list('ada'), [own.body.order.id])
      assert.deepEqual(await list('eve'), [])
      assert.equal((await api('GET', '/account/orders')).status, 401)
    })

    test('checkout takes no price, no state and no token from outside', async () => {
      const cartId = await shop.fill([{ variantId: await shop.sell() }])
      const payment = { provider: 'sandbox', token: 'tok_ok' }
      for (const body of [
        { payment, total: eur(1) },
        { payment, status: 'placed' },
        { payment: { ...payment, amount: 1 } },
        { payment: { provider: 'sandbox', token: '4242424242424242' } },
        { payment: { provider: '../sandbox' } },
        { payment, expectedTotal: { amount: 1.5, currency: 'EUR' } },
        {},
      ]) {
        const answer = await api('POST', `/carts/${cartId}/checkout`, { body })
        assert.equal(answer.status, 422, JSON.stringify(body))
        assert.ok(answer.body.errors.length > 0)
      }
      assert.deepEqual(await shop.rows('select 1 from orders.orders where cart_id = $1', [cartId]), [])
    })
  })
})
