import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import pg from 'pg'
import { linesAtMost } from '#contracts/cart'
import { pricing } from '#contracts/pricing'
import { newCapability, newId } from '#kernel/id'
import { type Api, apiAt } from '../../test/api.ts'
import { berlin, type CartShop, startCartShop } from './test-shop.ts'

/** What is refused, how, and that nothing has changed then. Each through the front door. */
suite('what a cart refuses', () => {
  let shop: CartShop
  let api: Api
  let database: pg.Client
  let variantId: string
  let cart: { id: string; lines: { id: string }[] }
  before(async () => {
    shop = await startCartShop('plain')
    api = apiAt(shop.host.url ?? '')
    database = new pg.Client({ connectionString: shop.host.databaseUrl })
    await database.connect()
    variantId = await shop.sell()
    await shop.host.client(pricing).createPromotion({
      label: 'Spent',
      code: 'SPENT',
      kind: 'percentage',
      rate: 100_000,
      amounts: {},
      minimums: {},
      categories: [],
      startsAt: null,
      endsAt: '2026-01-01T00:00:00Z',
      usageLimit: null,
      usageLimitPerCustomer: null,
      active: true,
    })
    cart = (await api('POST', '/api/carts', { lines: [{ variantId, quantity: 1 }] })).body
  })
  after(async () => {
    await database.end()
    await shop.host.stop()
  })

  const rows = async () => (await database.query('select * from cart.carts order by id')).rows
  type Expected = { readonly status: number; readonly type: string; readonly field?: string }
  /** The fields that a problem names, in its errors or beside them. */
  const fieldsOf = (body: { errors?: { field: string }[]; field?: string }): string[] =>
    (body.errors && [...new Set(body.errors.map(({ field }) => field))]) ??
    (body.field === undefined ? [] : [body.field])

  const refused = async (expected: Expected, ...request: Parameters<Api>) => {
    const earlier = await rows()
    const answer = await api(...request)
    const what = `${request.slice(0, 2).join(' ')} ${JSON.stringify(request[2])?.slice(0, 200)}`
    assert.equal(answer.status, expected.status, `${what}: ${JSON.stringify(answer.body)}`)
    assert.equal(answer.headers.get('content-type')?.split(';')[0], 'application/problem+json')
    assert.equal(answer.body.type, `/problems/${expected.type}`, what)
    if (expected.field !== undefined) assert.deepEqual(fieldsOf(answer.body), [expected.field], what)
    assert.doesNotMatch(JSON.stringify(answer.body), /node_modules|\bat \w+ \(|select |insert /i)
    assert.deepEqual(await rows(), earlier, `${what} changed something`)
  }
  const invalid = (field: string): Expected => ({ status: 422, type: 'validation-failed', field })

  test('variants that are unknown, and what is no variant’s id', async () => {
    const unknown = newId('variant')
    await refused({ status: 404, type: 'cart/unknown-variant', field: 'lines/1/variantId' }, 'POST', '/api/carts', {
      lines: [
        { variantId, quantity: 1 },
        { variantId: unknown, quantity: 1 },
      ],
    })
    await refused(
      { status: 404, type: 'cart/unknown-variant', field: 'variantId' },
      'POST',
      `/api/carts/${cart.id}/lines`,
      {
        variantId: unknown,
        quantity: 1,
      },
    )
    for (const wrong of ['', 'a b', '\u0000', 'x'.repeat(61), 5, null]) {
      await refused(invalid('variantId'), 'POST', `/api/carts/${cart.id}/lines`, { variantId: wrong, quantity: 1 })
    }
  })

  test('drafts, and what is sold elsewhere', async () => {
    const draft = await shop.sell({ active: false })
    const american = await shop.sell({ prices: { us: 1_000 } })
    const lines = (id: string) => ({ lines: [{ variantId: id, quantity: 1 }] })
    const field = 'lines/0/variantId'
    await refused({ status: 404, type: 'cart/unknown-variant', field }, 'POST', '/api/carts', lines(draft))
    await refused({ status: 409, type: 'pricing/not-sold-here', field }, 'POST', '/api/carts', lines(american))
    await refused(
      { status: 409, type: 'pricing/not-sold-here', field: 'variantId' },
      'POST',
      `/api/carts/${cart.id}/lines`,
      {
        variantId: american,
        quantity: 1,
      },
    )
  })

  test('quantities that are none', async () => {
    for (const quantity of [0, -1, 1.5, 1_000_000_000, '2', null, Number.NaN]) {
      await refused(invalid('quantity'), 'POST', `/api/carts/${cart.id}/lines`, { variantId, quantity })
      await refused(invalid('quantity'), 'PATCH', `/api/carts/${cart.id}/lines/${cart.lines[0]?.id}`, { quantity })
      await refused(invalid('lines/0/quantity'), 'POST', '/api/carts', { lines: [{ variantId, quantity }] })
    }
    await refused(
      { status: 422, type: 'cart/quantity-too-large', field: 'quantity' },
      'POST',
      `/api/carts/${cart.id}/lines`,
      {
        variantId,
        quantity: 10_000,
      },
    )
    await refused({ status: 422, type: 'cart/quantity-too-large', field: 'lines/1/quantity' }, 'POST', '/api/carts', {
      lines: [
        { variantId, quantity: 6_000 },
        { variantId, quantity: 6_000 },
      ],
    })
  })

  test('prices and other fields that a client makes up', async () => {
    const line = { variantId, quantity: 1 }
    await refused(invalid('unitPrice'), 'POST', `/api/carts/${cart.id}/lines`, {
      ...line,
      unitPrice: { amount: 1, currency: 'EUR' },
    })
    await refused(invalid('lines/0/price'), 'POST', '/api/carts', { lines: [{ ...line, price: 1 }] })
    await refused(invalid('totals'), 'PATCH', `/api/carts/${cart.id}`, { totals: { total: 0 } })
    await refused(invalid('orderId'), 'PATCH', `/api/carts/${cart.id}`, { orderId: newId('order') })
    await refused(invalid('customerId'), 'POST', '/api/carts', { customerId: 'customer_1' })
    await refused(invalid('currency'), 'POST', '/api/carts', { currency: 'USD' })
    await refused(
      { status: 400, type: 'malformed-json' },
      'POST',
      '/api/carts',
      '{"__proto__":{"email":"eve@example.com"}}',
    )
  })

  test('bodies that are too large, no JSON, or of another kind', async () => {
    const path = `/api/carts/${cart.id}`
    await refused({ status: 413, type: 'body-too-large' }, 'PATCH', path, { email: 'x'.repeat(10 * 1024 * 1024) })
    await refused({ status: 400, type: 'malformed-json' }, 'PATCH', path, '{"email":')
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/csv',
    ]) {
      const headers = { 'content-type': type }
      await refused({ status: 415, type: 'unsupported-media-type' }, 'PATCH', path, 'email=eve@example.com', {
        headers,
      })
    }
    await refused(invalid(''), 'POST', '/api/carts', '[]')
  })

  test('addresses that are malformed, each by its field', async () => {
    const wrong: Record<string, Record<string, unknown>> = {
      'shippingAddress/country': { ...berlin, country: 'Germany' },
      'shippingAddress/postalCode': { ...berlin, postalCode: '!' },
      'shippingAddress/name': { ...berlin, name: '   ' },
      'shippingAddress/line1': { ...berlin, line1: 'x'.repeat(201) },
      'shippingAddress/phone': { ...berlin, phone: 'call me' },
      'shippingAddress/planet': { ...berlin, planet: 'Earth' },
      'shippingAddress/city': Object.fromEntries(Object.entries(berlin).filter(([name]) => name !== 'city')),
    }
    for (const [field, shippingAddress] of Object.entries(wrong)) {
      await refused(invalid(field), 'PATCH', `/api/carts/${cart.id}`, { shippingAddress })
      await refused(invalid(field), 'POST', '/api/carts', { shippingAddress })
    }
    for (const email of ['ada', 'ada@', '@example.com', 'a b@example.com', `${'a'.repeat(300)}@example.com`]) {
      await refused(invalid('email'), 'PATCH', `/api/carts/${cart.id}`, { email })
    }
  })

  test('states and provinces that their country does not have', async () => {
    const american = await shop.sell({ prices: { us: 10_000 } })
    const us = { ...berlin, country: 'US', region: 'NY' }
    const request = { market: 'us', lines: [{ variantId: american, quantity: 1 }], shippingAddress: us }
    const path = `/api/carts/${(await api('POST', '/api/carts', request)).body.id}`
    for (const region of ['Calif.', 'BC', ' ', 'US-CA']) {
      const address = { ...us, region }
      for (const name of ['shippingAddress', 'billingAddress']) {
        await refused(invalid(`${name}/region`), 'PATCH', path, { email: 'ada@example.com', [name]: address })
        await refused(invalid(`${name}/region`), 'POST', '/api/carts', { ...request, [name]: address })
      }
    }
    const { body } = await api('PATCH', path, { shippingAddress: { ...us, region: 'Calif.' } })
    assert.deepEqual(body.errors, [
      { field: 'shippingAddress/region', message: 'must be a state of US, by code or name, such as AL or Alabama' },
    ])
  })

  test('countries that the market does not sell to, and those that nothing is sent to', async () => {
    const field = 'shippingAddress/country'
    for (const country of ['AQ', 'US', 'ES']) {
      const shippingAddress = { ...berlin, country }
      const expected = { status: 422, type: 'shipping/destination-not-served', field }
      await refused(expected, 'PATCH', `/api/carts/${cart.id}`, { shippingAddress })
      await refused(expected, 'POST', '/api/carts', { lines: [{ variantId, quantity: 1 }], shippingAddress })
    }
  })

  test('coupons that do not exist, are over, or are none', async () => {
    const unknown = { status: 422, type: 'pricing/unknown-coupon', field: 'couponCodes/0' }
    for (const code of ['NOPE', 'SPENT']) {
      await refused(unknown, 'PATCH', `/api/carts/${cart.id}`, { couponCodes: [code] })
      await refused(unknown, 'POST', '/api/carts', { couponCodes: [code] })
    }
    await refused(invalid('couponCodes/0'), 'PATCH', `/api/carts/${cart.id}`, { couponCodes: ["' or 1=1"] })
    await refused(invalid('couponCodes'), 'PATCH', `/api/carts/${cart.id}`, {
      couponCodes: ['a1b', 'b1c', 'c1d', 'd1e', 'e1f', 'f1g'],
    })
  })

  test('carts that are unknown, and what is no cart’s id', async () => {
    const unknown = { status: 404, type: 'cart/unknown-cart' }
    const foreign = [
      newCapability('cart'),
      newId('order'),
      'cart_',
      '1',
      "'%20or%201=1",
      'CART_00000000000000000000000000',
    ]
    for (const id of foreign) {
      await refused(unknown, 'GET', `/api/carts/${id}`)
      await refused(unknown, 'GET', `/api/carts/${id}/shipping-methods`)
      await refused(unknown, 'PATCH', `/api/carts/${id}`, { email: 'eve@example.com' })
      await refused(unknown, 'POST', `/api/carts/${id}/lines`, { variantId, quantity: 1 })
      await refused(unknown, 'DELETE', `/api/carts/${id}/lines/${cart.lines[0]?.id}`)
    }
  })

  test('an id that is no text', () => refused(invalid('cartId'), 'GET', '/api/carts/%00'))

  test('a line of another cart', async () => {
    const other = await api('POST', '/api/carts', { lines: [{ variantId, quantity: 1 }] })
    const path = `/api/carts/${cart.id}/lines/${other.body.lines[0].id}`
    await refused({ status: 404, type: 'cart/unknown-line' }, 'PATCH', path, { quantity: 3 })
    await refused({ status: 404, type: 'cart/unknown-line' }, 'DELETE', path)
  })

  test('markets that there are not', async () => {
    await refused({ status: 404, type: 'pricing/unknown-market' }, 'POST', '/api/carts', { market: 'mars' })
    await refused({ status: 404, type: 'pricing/unknown-market' }, 'POST', '/api/carts', { market: 'constructor' })
    await refused(invalid('market'), 'POST', '/api/carts', { market: 'EU' })
  })

  test('a card number in a free field', async () => {
    const shippingAddress = { ...berlin, line2: 'Card 4242 4242 4242 4242' }
    await refused(
      { status: 422, type: 'card-number-refused', field: 'shippingAddress/line2' },
      'PATCH',
      `/api/carts/${cart.id}`,
      {
        shippingAddress,
      },
    )
  })

  test('text that no database keeps', async () => {
    for (const line1 of ['Main Street\u00001', 'Main Street \ud800']) {
      await refused(invalid('shippingAddress/line1'), 'PATCH', `/api/carts/${cart.id}`, {
        shippingAddress: { ...berlin, line1 },
      })
    }
  })

  test(`more than ${linesAtMost} lines`, async () => {
    const variants = await Promise.all(Array.from({ length: linesAtMost + 1 }, () => shop.sell()))
    const [last = '', ...others] = variants
    const lines = (ids: readonly string[]) => ids.map((id) => ({ variantId: id, quantity: 1 }))
    await refused(invalid('lines'), 'POST', '/api/carts', { lines: lines(variants) })
    const full = await api('POST', '/api/carts', { lines: lines(others) })
    assert.equal(full.status, 201)
    shop.calls()
    await refused({ status: 422, type: 'cart/too-many-lines' }, 'POST', `/api/carts/${full.body.id}/lines`, {
      variantId: last,
      quantity: 1,
    })
    assert.deepEqual(shop.calls(), {})
  })
})
