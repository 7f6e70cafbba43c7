import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import pg from 'pg'
import type { pricing } from '#contracts/pricing'
import type { Client } from '#kernel/client'
import { openDatabase } from '#kernel/database'
import { verified } from '#kernel/invariants'
import type { TestHost } from '../../test/host.ts'
import { redeemAll, unredeem } from './store.ts'
import { fixed, type Promotions, startPromotions } from './test-promotions.ts'

suite('coupons', () => {
  let host: TestHost
  let create: Promotions['create']
  let redeem: Promotions['redeem']
  let shop: Client<typeof pricing>
  let database: pg.Client
  before(async () => {
    ;({ host, shop, create, redeem } = await startPromotions())
    database = new pg.Client({ connectionString: host.databaseUrl })
    await database.connect()
  })
  after(async () => {
    await database.end()
    await host.stop()
  })

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

  test('what is given back while it is still being redeemed leaves no use with the customer', async (t) => {
    const copy = openDatabase({ service: 'pricing', url: host.databaseUrl, connections: 1 })
    t.after(() => copy.destroy())
    for (const [orderId, usedBefore] of [
      ['order_20', 0],
      ['order_21', 1],
    ] as const) {
      const id = await create(`HURRY-${usedBefore}`, { usageLimitPerCustomer: 1 })
      if (usedBefore > 0) await redeem('order_22', [id], 'bob@example.com')
      // A redemption under way, whose caller did not wait for it.
      await database.query('begin; set local search_path = pricing')
      await database.query('select * from redeem($1)', [
        JSON.stringify([{ orderId, promotionIds: [id], customer: 'ann' }]),
      ])
      const givingBack = unredeem(copy, orderId)
      const waiting = 'select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))'
      while ((await database.query(waiting)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 20))
      await database.query('commit')
      await givingBack
      const uses = `select times_used from pricing.customer_uses where promotion_id = $1 and customer = 'ann'`
      assert.deepEqual((await database.query(uses, [id])).rows, [{ times_used: 0 }])
      assert.equal(await timesUsed(id), usedBefore)
    }
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

  test('verify finds all counters as the redemptions say, and tells where one is not', async () => {
    const violations = async () => {
      const checks = await verified(shop.verify)
      return checks.map(({ checked, violations }) => ({ checked: checked > 0, violations }))
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
