import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { toCursor } from '#kernel/fields'
import type { TestHost } from '../../test/host.ts'
import { fixed, type Promotions, percentage, startPromotions } from './test-promotions.ts'

suite('promotions', () => {
  let host: TestHost
  let create: Promotions['create']
  let redeem: Promotions['redeem']
  let shop: Promotions['shop']
  before(async () => {
    ;({ host, shop, create, redeem } = await startPromotions())
  })
  after(() => host.stop())

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
    for (const field of ['amounts', 'minimums']) {
      const one = { ...(field === 'amounts' ? fixed : percentage), code: null, [field]: { eu: 2 ** 53 } }
      assert.equal((await request('POST', '', one)).status, 422, field)
    }
    const { status, body } = await request('POST', '', { ...percentage, code: null, startsAt: 'soon' })
    assert.deepEqual(
      [status, body.errors],
      [422, [{ field: 'startsAt', message: 'is not a time, such as 2026-11-27T00:00:00Z' }]],
    )
  })

  test('as many as a cart has lines apply to it, and can be used up', async () => {
    const goods = Array.from({ length: 200 }, (_, index) => ({ id: `line_${index}`, variantId: `sale_${index}` }))
    for (const { variantId } of goods) await create(null, { categories: [variantId] })
    const prices = goods.map(({ variantId }) => ({ variantId, market: 'eu', amount: 1_000, compareAtAmount: null }))
    await shop.setPrices({ productId: 'sale', prices })
    const quote = await shop.quote({
      market: 'eu',
      lines: goods.map((one) => ({
        ...one,
        productId: 'sale',
        categories: [one.variantId],
        quantity: 1,
        taxable: true,
        taxCode: null,
      })),
      couponCodes: [],
      shipping: null,
      destination: null,
      customerKey: null,
    })
    assert.ok(quote.ok)
    const { discounts, totals } = quote.value
    assert.deepEqual([discounts.length, totals.discount.amount], [200, 20_000])
    const promotionIds = discounts.map(({ promotionId }) => promotionId)
    assert.equal(await redeem('order_sale', promotionIds), 'redeemed')
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
})
