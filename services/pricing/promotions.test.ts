import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import pg from 'pg'
import { type PricingSettings, pricing } from '#contracts/pricing'
import type { Client } from '#kernel/client'
import { openDatabase } from '#kernel/database'
import { toCursor } from '#kernel/fields'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { pricingService } from './service.ts'
import { redeemAll } from './store.ts'

const settings: PricingSettings = {
  markets: [
    {
      code: 'eu',
      name: 'Europe',
      currency: 'EUR',
      locale: 'en-IE',
      countries: ['DE'],
      taxIncluded: true,
      taxZones: [],
    },
    {
      code: 'us',
      name: 'America',
      currency: 'USD',
      locale: 'en-US',
      countries: ['US'],
      taxIncluded: false,
      taxZones: [],
    },
  ],
}

const percentage = {
  label: 'A tenth off',
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
} as const
const fixed = { ...percentage, label: 'Five off', kind: 'fixed', rate: null, amounts: { eu: 500 } } as const

/** Every call goes over JSON, and the ones that may be repeated are. */
suite('promotions', () => {
  let host: TestHost
  let shop: Client<typeof pricing>
  let database: pg.Client
  before(async () => {
    host = await startTestHost([pricingService], {
      settings: { pricing: settings },
      shape: 'strict',
      edge: true,
      authenticate: async () => ({
        kind: 'staff',
        staffId: 'staff_1',
        sessionId: 'session_1',
        permissions: ['pricing:read', 'pricing:write'],
      }),
    })
    shop = host.client(pricing)
    database = new pg.Client({ connectionString: host.databaseUrl })
    await database.connect()
  })
  after(async () => {
    await database.end()
    await host.stop()
  })

  type Given = Partial<Omit<Parameters<typeof shop.createPromotion>[0], 'code'>>
  const create = async (code: string | null, given: Given = {}): Promise<string> => {
    const outcome = await shop.createPromotion({ ...percentage, ...given, code })
    assert.ok(outcome.ok)
    return outcome.value.id
  }
  const redeem = async (orderId: string, promotionIds: readonly string[], customerKey: string | null = null) => {
    const outcome = await shop.redeem({ orderId, promotionIds, customerKey })
    return outcome.ok ? 'redeemed' : outcome.refusal
  }
  const timesUsed = async (id: string): Promise<number> =>
    (await database.query('select times_used from pricing.promotions where id = $1', [id])).rows[0]?.times_used
  const check = async (code: string, customerKey: string | null = null, market = 'eu') => {
    const outcome = await shop.checkCoupon({ code, market, customerKey })
    return outcome.ok ? outcome.value.code : outcome.refusal.type
  }

  test('a coupon is found in any case, and answered as the merchant writes it', async () => {
    await create('Spring-26')
    assert.equal(await check('SPRING-26'), 'Spring-26')
    assert.equal(await check('spring-26'), 'Spring-26')
    assert.equal(await check('spring'), 'pricing/unknown-coupon')
  })

  test('one that does not run, or not here, is as unknown as one that never was', async () => {
    await create('LATER', { startsAt: '2999-01-01T00:00:00Z' })
    await create('OVER', { endsAt: '2020-01-01T00:00:00Z' })
    await create('OFF', { active: false })
    await create('EUROPE', fixed)
    for (const code of ['LATER', 'OVER', 'OFF']) assert.equal(await check(code), 'pricing/unknown-coupon', code)
    assert.equal(await check('EUROPE'), 'EUROPE')
    assert.equal(await check('EUROPE', null, 'us'), 'pricing/unknown-coupon')
    assert.equal(await check('EUROPE', null, 'mars'), 'pricing/unknown-coupon')
  })

  test('redeeming twice for one order uses up once, and giving back twice gives back once', async () => {
    const id = await create('ONCE', { usageLimit: 1 })
    assert.equal(await redeem('order_1', [id]), 'redeemed')
    assert.equal(await redeem('order_1', [id]), 'redeemed')
    assert.equal(await timesUsed(id), 1)
    assert.deepEqual(await redeem('order_2', [id]), {
      type: 'pricing/coupon-spent',
      detail: 'ONCE has been used up.',
      data: { code: 'ONCE' },
    })
    assert.equal(await check('once'), 'pricing/coupon-spent')
    await shop.unredeem({ orderId: 'order_1' })
    await shop.unredeem({ orderId: 'order_1' })
    assert.equal(await timesUsed(id), 0)
    assert.equal(await redeem('order_2', [id]), 'redeemed')
  })

  test('a redeem that arrives after its order gave back is refused, also when nothing was redeemed before', async () => {
    const id = await create('LATE')
    await redeem('order_3', [id])
    await shop.unredeem({ orderId: 'order_3' })
    await shop.unredeem({ orderId: 'order_4' })
    for (const orderId of ['order_3', 'order_4']) {
      const refused = await redeem(orderId, [id])
      assert.equal(typeof refused === 'object' && refused.type, 'pricing/redemption-undone')
    }
    assert.equal(await timesUsed(id), 0)
  })

  test('all of an order’s promotions are redeemed, or none', async () => {
    const [open, spent] = [await create('OPEN'), await create('SPENT', { usageLimit: 1 })]
    await redeem('order_5', [spent])
    const refused = await redeem('order_6', [open, spent])
    assert.deepEqual(typeof refused === 'object' && refused.data, { code: 'SPENT' })
    assert.equal(await timesUsed(open), 0)
    assert.equal(await redeem('order_6', [open]), 'redeemed')
    assert.equal(await timesUsed(open), 1)
  })

  test('a limit a customer counts each customer, and gives back with the order', async () => {
    const id = await create('WELCOME', { usageLimitPerCustomer: 1 })
    assert.equal(await redeem('order_7', [id], 'ann@example.com'), 'redeemed')
    assert.equal(await check('WELCOME', 'ann@example.com'), 'pricing/coupon-spent')
    assert.equal(await check('WELCOME', 'bob@example.com'), 'WELCOME')
    const refused = await redeem('order_8', [id], 'ann@example.com')
    assert.equal(typeof refused === 'object' && refused.type, 'pricing/coupon-spent')
    assert.equal(await redeem('order_9', [id], 'bob@example.com'), 'redeemed')
    assert.notEqual(await redeem('order_10', [id], null), 'redeemed')
    await shop.unredeem({ orderId: 'order_7' })
    assert.equal(await redeem('order_8', [id], 'ann@example.com'), 'redeemed')
    assert.equal(await timesUsed(id), 2)
  })

  test('e-mail addresses are kept as digests only', async () => {
    const id = await create('PRIVATE')
    await redeem('order_11', [id], 'canary@example.com')
    const { rows } = await database.query(
      `select r::text || u::text as text from pricing.redemptions r join pricing.customer_uses u using (customer)
       where r.order_id = 'order_11'`,
    )
    assert.equal(rows.length, 1)
    assert.doesNotMatch(rows[0].text, /canary/)
  })

  test('200 orders for a coupon that may be used 10 times: 10 have it, from one copy of the service or from many', async () => {
    const copies = openDatabase({ service: 'pricing', url: host.databaseUrl, connections: 20 })
    const ways = {
      one: redeem,
      many: async (orderId: string, promotionIds: readonly string[]) =>
        (await redeemAll(copies, [{ orderId, promotionIds, customer: null }]))[0]?.verdict,
    }
    for (const [name, redeemBy] of Object.entries(ways)) {
      const [id, other] = [await create(`TEN-${name}`, { usageLimit: 10 }), await create(`WITH-${name}`)]
      // Named in both orders: taken as they come, two orders would wait for each other.
      const verdicts = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          redeemBy(`order_${name}_${index}`, index % 2 ? [id, other] : [other, id]),
        ),
      )
      assert.equal(verdicts.filter((verdict) => verdict === 'redeemed').length, 10)
      const refused = verdicts.filter((verdict) => verdict !== 'redeemed')
      const isSpent = (verdict: (typeof verdicts)[number]): boolean =>
        verdict === 'spent' || (typeof verdict === 'object' && verdict.type === 'pricing/coupon-spent')
      assert.equal(refused.filter(isSpent).length, 190)
      assert.deepEqual([await timesUsed(id), await timesUsed(other)], [10, 10])
    }
    await copies.destroy()
  })

  test('batches of several copies with the same promotions in other orders do not wait for each other', async () => {
    const copies = openDatabase({ service: 'pricing', url: host.databaseUrl, connections: 10 })
    const [left, right] = [await create('LEFT'), await create('RIGHT')]
    const batches = Array.from({ length: 60 }, (_, index) => {
      const ids = index % 2 ? [left, right] : [right, left]
      return ids.map((id, position) => ({
        orderId: `order_batch_${index}_${position}`,
        promotionIds: [id],
        customer: null,
      }))
    })
    const verdicts = (await Promise.all(batches.map((batch) => redeemAll(copies, batch)))).flat()
    await copies.destroy()
    assert.ok(verdicts.every(({ verdict }) => verdict === 'redeemed'))
    assert.deepEqual([await timesUsed(left), await timesUsed(right)], [60, 60])
  })

  test('50 orders of one customer for a coupon once a customer: one has it', async () => {
    const id = await create('FIRST-ORDER', { usageLimitPerCustomer: 1 })
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, (_, index) => redeem(`order_first_${index}`, [id], 'eve@example.com')),
    )
    assert.equal(verdicts.filter((verdict) => verdict === 'redeemed').length, 1)
  })

  test('redeeming and giving back at the same time leaves the order given back', async () => {
    const id = await create('CHURN', { usageLimit: 1_000 })
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        Promise.all([
          redeem(`order_churn_${index}`, [id], 'may@example.com'),
          shop.unredeem({ orderId: `order_churn_${index}` }),
        ]),
      ),
    )
    assert.equal(await timesUsed(id), 0)
  })

  test('the quote says what a coupon takes off, and why one does not', async () => {
    const [tenth, spent] = [await create('TENTH', { minimums: { eu: 5_000 } }), await create('GONE', { usageLimit: 1 })]
    await redeem('order_12', [spent])
    await shop.setPrices({
      productId: 'prod_1',
      prices: [{ variantId: 'v1', market: 'eu', amount: 2_500, compareAtAmount: null }],
    })
    const quote = async (quantity: number) => {
      const outcome = await shop.quote({
        market: 'eu',
        lines: [
          { id: 'l1', variantId: 'v1', productId: 'prod_1', categories: [], quantity, taxable: true, taxCode: null },
        ],
        couponCodes: ['tenth', 'gone'],
        shipping: null,
        destination: null,
        customerKey: null,
      })
      assert.ok(outcome.ok)
      return outcome.value
    }
    const small = await quote(1)
    assert.deepEqual(small.coupons, [
      { code: 'TENTH', applied: false, reason: 'It applies from €50.00 of goods.' },
      { code: 'GONE', applied: false, reason: 'It has been used up.' },
    ])
    assert.equal(small.totals.total.amount, 2_500)
    const large = await quote(2)
    assert.deepEqual(large.discounts, [
      { promotionId: tenth, label: 'A tenth off', code: 'TENTH', amount: { amount: 500, currency: 'EUR' } },
    ])
    assert.equal(large.totals.total.amount, 4_500)
  })

  const request = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${host.url}/api/admin/promotions${path}`, {
      method,
      headers: { authorization: 'Bearer staff', ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  test('staff create and change promotions; two codes that differ in case alone are one', async () => {
    const created = await request('POST', '', { ...percentage, code: 'Autumn' })
    assert.equal(created.status, 201)
    assert.deepEqual(created.body, { ...percentage, code: 'Autumn', id: created.body.id, timesUsed: 0 })
    const taken = await request('POST', '', { ...percentage, code: 'AUTUMN' })
    assert.deepEqual([taken.status, taken.body.type], [409, '/problems/pricing/code-taken'])
    const changed = await request('PATCH', `/${created.body.id}`, { usageLimit: 5, endsAt: '2999-01-01T00:00:00Z' })
    assert.deepEqual(changed.body, { ...created.body, usageLimit: 5, endsAt: '2999-01-01T00:00:00Z' })
    const other = await request('POST', '', { ...percentage, code: 'Winter' })
    const moved = await request('PATCH', `/${other.body.id}`, { code: 'autumn' })
    assert.deepEqual([moved.status, moved.body.type], [409, '/problems/pricing/code-taken'])
    const unknown = await request('PATCH', '/promo_01k9z3v5x8e2t9bq6f0w7r4m1c', { active: false })
    assert.deepEqual([unknown.status, unknown.body.type], [404, '/problems/pricing/unknown-promotion'])
  })

  test('what is no promotion is refused', async () => {
    const wrong = [
      { ...percentage, rate: null },
      { ...percentage, rate: 0 },
      { ...percentage, amounts: { eu: 500 } },
      { ...fixed, amounts: {} },
      { ...fixed, rate: 100_000 },
      { ...fixed, amounts: { mars: 500 } },
      { ...percentage, minimums: { mars: 500 } },
      { ...percentage, startsAt: '2026-02-01T00:00:00Z', endsAt: '2026-01-01T00:00:00Z' },
    ]
    for (const one of wrong) {
      const { status, body } = await request('POST', '', { ...one, code: null })
      assert.deepEqual([status, body.type], [422, '/problems/pricing/promotion-incomplete'], JSON.stringify(one))
    }
    const { status, body } = await request('POST', '', { ...percentage, code: null, startsAt: 'soon' })
    assert.deepEqual(
      [status, body.errors],
      [422, [{ field: 'startsAt', message: 'is not a time, such as 2026-11-27T00:00:00Z' }]],
    )
  })

  test('a limit does not go below what was used', async () => {
    const id = await create('USED-TWICE')
    await redeem('order_13', [id])
    await redeem('order_14', [id])
    assert.equal((await request('PATCH', `/${id}`, { usageLimit: 1 })).status, 422)
    assert.equal((await request('PATCH', `/${id}`, { usageLimit: 2 })).status, 200)
  })

  test('the list has pages, newest first, and no other cursors', async () => {
    const ids = [
      await create(null, { active: false }),
      await create(null, { active: false }),
      await create(null, { active: false }),
    ]
    const first = await request('GET', '?limit=2')
    const second = await request('GET', `?limit=2&cursor=${first.body.nextCursor}`)
    const idsOf = ({ body }: typeof first) => (body.items as { id: string }[]).map(({ id }) => id)
    assert.deepEqual([...idsOf(first), idsOf(second)[0]], ids.toReversed())
    for (const cursor of ['nonsense', toCursor([5]), toCursor(['promo_\0'])]) {
      const { status, body } = await request('GET', `?cursor=${cursor}`)
      assert.deepEqual([status, body.errors], [422, [{ field: 'cursor', message: 'is not a cursor of this list' }]])
    }
  })

  test('verify finds all counters as the redemptions say, and tells where one is not', async () => {
    const violations = async () => {
      const outcome = await shop.verify({})
      assert.ok(outcome.ok)
      return outcome.value.checks.map(({ checked, violations }) => ({ checked: checked > 0, violations }))
    }
    assert.deepEqual(await violations(), [
      { checked: true, violations: [] },
      { checked: true, violations: [] },
    ])
    const id = await create('TAMPERED', { usageLimitPerCustomer: 2 })
    await redeem('order_15', [id], 'zoe@example.com')
    await database.query('update pricing.promotions set times_used = 3 where id = $1', [id])
    await database.query('update pricing.customer_uses set times_used = 2 where promotion_id = $1', [id])
    assert.deepEqual(await violations(), [
      { checked: true, violations: [`${id}: used 3 times, 1 redemptions, limit `] },
      { checked: true, violations: [`${id}: one customer used it 2 times, 1 redemptions, limit 2`] },
    ])
  })
})
