import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import pg from 'pg'
import T from 'typebox'
import { type PricingSettings, pricing } from '#contracts/pricing'
import { priceChanged } from '#events/pricing'
import type { Client } from '#kernel/client'
import { contract, type Output } from '#kernel/contract'
import { on } from '#kernel/inbox'
import { money } from '#kernel/money'
import { service } from '#kernel/service'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { pricingService } from './service.ts'

const settings: PricingSettings = {
  markets: [
    {
      code: 'eu',
      name: 'Europe',
      currency: 'EUR',
      locale: 'en-IE',
      countries: ['DE', 'FR'],
      taxIncluded: true,
      taxZones: [{ country: 'DE', name: 'VAT 19 %', rate: 190_000, shippingTaxed: true }],
    },
    {
      code: 'us',
      name: 'United States',
      currency: 'USD',
      locale: 'en-US',
      countries: ['US'],
      taxIncluded: false,
      taxZones: [{ country: 'US', region: 'NY', name: 'NY sales tax 8.875 %', rate: 88_750, shippingTaxed: true }],
    },
  ],
}

/** Hears what pricing tells, as search does. */
const heard: { subject: string; sequence: number; variantIds: readonly string[] }[] = []
const listener = service({
  contract: contract('listener', {}, { subscribes: [priceChanged] }),
  settings: T.Object({}),
  connections: 1,
  migrations: import.meta.dirname,
  start: async () => ({
    operations: {},
    subscriptions: [
      on(priceChanged, async (_, { subject, sequence, data }) => {
        heard.push({ subject, sequence, variantIds: data.variantIds })
      }),
    ],
  }),
})

suite('prices', () => {
  let host: TestHost
  let shop: Client<typeof pricing>
  before(async () => {
    host = await startTestHost([pricingService, listener], {
      settings: { pricing: settings },
      edge: true,
      authenticate: async (credential) => ({
        kind: 'staff',
        staffId: 'staff_1',
        sessionId: 'session_1',
        permissions: credential === 'writer' ? ['pricing:write'] : [],
      }),
    })
    shop = host.client(pricing)
  })
  after(() => host.stop())

  type Price = readonly [variantId: string, market: string, amount: number | null, compareAt?: number]
  const prices = (all: readonly Price[]) =>
    all.map(([variantId, market, amount, compareAtAmount = null]) => ({ variantId, market, amount, compareAtAmount }))
  const set = async (productId: string, ...all: Price[]) => {
    const outcome = await shop.setPrices({ productId, prices: prices(all) })
    return outcome.ok ? outcome.value.changed : outcome.refusal.type
  }
  const told = async (productId: string) => {
    await host.settle()
    return heard
      .filter(({ subject }) => subject === productId)
      .sort((a, b) => a.sequence - b.sequence)
      .map(({ sequence, variantIds }) => ({ sequence, variantIds }))
  }
  const pricesIn = async (market: string, ...variantIds: string[]) => {
    const outcome = await shop.prices({ market, variantIds })
    return outcome.ok ? outcome.value.items : outcome.refusal.type
  }

  test('the first market is the default', async () => {
    const outcome = await shop.markets({})
    assert.ok(outcome.ok)
    assert.deepEqual(
      outcome.value.items.map((market) => [market.code, market.currency, market.default]),
      [
        ['eu', 'EUR', true],
        ['us', 'USD', false],
      ],
    )
  })

  test('what was set is found, in the market’s currency; a compare-at price only where it is higher', async () => {
    assert.equal(await set('prod_a', ['a1', 'eu', 1_900, 2_500], ['a1', 'us', 2_100], ['a2', 'eu', 1_900, 1_900]), 3)
    assert.deepEqual(await pricesIn('eu', 'a1', 'a2', 'a3'), [
      { variantId: 'a1', price: money(1_900, 'EUR'), compareAtPrice: money(2_500, 'EUR') },
      { variantId: 'a2', price: money(1_900, 'EUR'), compareAtPrice: null },
    ])
    assert.deepEqual(await pricesIn('us', 'a1', 'a2'), [
      { variantId: 'a1', price: money(2_100, 'USD'), compareAtPrice: null },
    ])
    const all = await shop.pricesOfProducts({ variantIds: ['a1', 'a2'] })
    assert.ok(all.ok)
    assert.deepEqual(all.value.items, [
      { variantId: 'a1', market: 'eu', price: money(1_900, 'EUR'), compareAtPrice: money(2_500, 'EUR') },
      { variantId: 'a1', market: 'us', price: money(2_100, 'USD'), compareAtPrice: null },
      { variantId: 'a2', market: 'eu', price: money(1_900, 'EUR'), compareAtPrice: money(1_900, 'EUR') },
    ])
  })

  test('a change is told once, with the variants it is about; no change is not told', async () => {
    assert.equal(await set('prod_b', ['b1', 'eu', 500], ['b2', 'eu', 600]), 2)
    assert.equal(await set('prod_b', ['b1', 'eu', 500], ['b2', 'eu', 600]), 0)
    assert.equal(await set('prod_b', ['b1', 'eu', 500], ['b2', 'eu', 650, 700]), 1)
    assert.equal(await set('prod_b', ['b1', 'eu', null], ['b3', 'eu', null]), 1)
    assert.equal(await set('prod_b', ['b1', 'eu', null, 100]), 0)
    assert.deepEqual(await told('prod_b'), [
      { sequence: 1, variantIds: ['b1', 'b2'] },
      { sequence: 2, variantIds: ['b2'] },
      { sequence: 3, variantIds: ['b1'] },
    ])
    assert.deepEqual(await pricesIn('eu', 'b1', 'b2', 'b3'), [
      { variantId: 'b2', price: money(650, 'EUR'), compareAtPrice: money(700, 'EUR') },
    ])
  })

  test('prices of many products are set at once, and each product that changed is told once', async () => {
    assert.equal(await set('prod_m1', ['m1', 'eu', 100]), 1)
    const setAll = (...products: readonly (readonly [string, ...Price[]])[]) =>
      shop.setPricesOfProducts({
        products: products.map(([productId, ...all]) => ({ productId, prices: prices(all) })),
      })
    const outcome = await setAll(
      ['prod_m3', ['m4', 'eu', 300], ['m5', 'us', 310]],
      ['prod_m1', ['m1', 'eu', 100]],
      ['prod_m2', ['m2', 'eu', 200], ['m3', 'eu', null]],
    )
    assert.deepEqual(outcome, { ok: true, value: { changed: [2, 0, 1] } })
    assert.deepEqual(
      [await told('prod_m1'), await told('prod_m2'), await told('prod_m3')],
      [
        [{ sequence: 1, variantIds: ['m1'] }],
        [{ sequence: 1, variantIds: ['m2'] }],
        [{ sequence: 1, variantIds: ['m4', 'm5'] }],
      ],
    )
    const isNew = { products: [{ productId: 'prod_m4', prices: prices([['m6', 'eu', 400]]) }], isNew: true }
    assert.deepEqual(await shop.setPricesOfProducts(isNew), { ok: true, value: { changed: [1] } })
    assert.deepEqual(await shop.setPricesOfProducts(isNew), { ok: true, value: { changed: [0] } })
    assert.equal(await set('prod_m4', ['m6', 'eu', 450]), 1)
    // Of what nobody knows yet nobody is told.
    assert.deepEqual(await told('prod_m4'), [{ sequence: 3, variantIds: ['m6'] }])
    const refused = await setAll(['prod_m1', ['m1', 'eu', 900]], ['prod_m2', ['m2', 'moon', 1]])
    assert.equal(refused.ok ? null : refused.refusal.type, 'pricing/unknown-market')
    assert.deepEqual(await pricesIn('eu', 'm1', 'm2'), [
      { variantId: 'm1', price: money(100, 'EUR'), compareAtPrice: null },
      { variantId: 'm2', price: money(200, 'EUR'), compareAtPrice: null },
    ])
  })

  test('every price is kept in the history', async () => {
    await set('prod_c', ['c1', 'eu', 500])
    await set('prod_c', ['c1', 'eu', 400, 500])
    await set('prod_c', ['c1', 'eu', null])
    const database = new pg.Client({ connectionString: host.databaseUrl })
    await database.connect()
    const { rows } = await database.query(
      `select sequence::int, amount::int, compare_at_amount::int as compare_at from pricing.price_history
       where variant_id = 'c1' order by sequence`,
    )
    await database.end()
    assert.deepEqual(rows, [
      { sequence: 1, amount: 500, compare_at: null },
      { sequence: 2, amount: 400, compare_at: 500 },
      { sequence: 3, amount: null, compare_at: null },
    ])
  })

  test('changes of one product at the same time all count, and their events have numbers of their own', async () => {
    const variants = Array.from({ length: 20 }, (_, index) => `d${index}`)
    await Promise.all(variants.map((variant, index) => set('prod_d', [variant, 'eu', 100 + index], ['d', 'eu', index])))
    const events = await told('prod_d')
    assert.deepEqual(
      events.map(({ sequence }) => sequence),
      variants.map((_, index) => index + 1),
    )
    const found = await pricesIn('eu', ...variants)
    assert.equal(found.length, 20)
  })

  test('of two prices for one variant and market in a call the last counts', async () => {
    assert.equal(await set('prod_e', ['e1', 'eu', 500], ['e1', 'eu', 700]), 1)
    assert.deepEqual(await pricesIn('eu', 'e1'), [{ variantId: 'e1', price: money(700, 'EUR'), compareAtPrice: null }])
  })

  test('a market that there is not is refused, and nothing is written', async () => {
    assert.equal(await set('prod_f', ['f1', 'eu', 500], ['f1', 'mars', 500]), 'pricing/unknown-market')
    assert.deepEqual(await pricesIn('eu', 'f1'), [])
    assert.equal(await pricesIn('mars', 'f1'), 'pricing/unknown-market')
    assert.deepEqual(await told('prod_f'), [])
  })

  test('staff set prices with the permission to, and no price is negative, a fraction or beyond the ceiling', async () => {
    const put = async (
      token: string,
      amount: number | null,
    ): Promise<{ status: number; errors?: { field: string }[] }> => {
      const answer = await fetch(`${host.url}/api/admin/prices`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ productId: 'prod_g', prices: prices([['g1', 'eu', amount]]) }),
      })
      return { status: answer.status, errors: ((await answer.json()) as { errors?: { field: string }[] }).errors ?? [] }
    }
    assert.equal((await put('reader', 500)).status, 403)
    for (const wrong of [-1, 1.5, 1_000_000_001]) {
      const { status, errors } = await put('writer', wrong)
      assert.equal(status, 422)
      assert.equal(errors?.[0]?.field, 'prices/0/amount')
    }
    assert.deepEqual(await pricesIn('eu', 'g1'), [])
    assert.equal((await put('writer', 500)).status, 200)
    assert.deepEqual(await pricesIn('eu', 'g1'), [{ variantId: 'g1', price: money(500, 'EUR'), compareAtPrice: null }])
  })

  test('a quote reads the prices, and names the variants that are not sold in the market', async () => {
    await set('prod_h', ['h1', 'eu', 2_000, 3_000], ['h2', 'us', 1_000])
    const quote = (market: string, variantIds: readonly string[]) =>
      shop.quote({
        market,
        lines: variantIds.map((variantId, index) => ({
          id: `line_${index}`,
          variantId,
          productId: 'prod_h',
          categories: [],
          quantity: 2,
          taxable: true,
          taxCode: null,
        })),
        couponCodes: [],
        shipping: money(490, market === 'eu' ? 'EUR' : 'USD'),
        destination: market === 'eu' ? { country: 'DE', region: null } : { country: 'US', region: 'NY' },
        customerKey: null,
      })
    const european = await quote('eu', ['h1'])
    assert.ok(european.ok)
    assert.deepEqual(european.value satisfies Output<(typeof pricing.operations)['quote']>, {
      currency: 'EUR',
      taxIncluded: true,
      lines: [
        {
          id: 'line_0',
          unitPrice: money(2_000, 'EUR'),
          compareAtPrice: money(3_000, 'EUR'),
          subtotal: money(4_000, 'EUR'),
          discount: money(0, 'EUR'),
          tax: money(639, 'EUR'),
          total: money(4_000, 'EUR'),
        },
      ],
      totals: {
        items: money(4_000, 'EUR'),
        discount: money(0, 'EUR'),
        shipping: money(490, 'EUR'),
        tax: money(717, 'EUR'),
        total: money(4_490, 'EUR'),
      },
      discounts: [],
      coupons: [],
      taxes: [{ name: 'VAT 19 %', rate: 190_000, amount: money(717, 'EUR') }],
      shippingTax: { name: 'VAT 19 %', rate: 190_000 },
    })
    const american = await quote('us', ['h2'])
    assert.ok(american.ok)
    assert.deepEqual(american.value.totals, {
      items: money(2_000, 'USD'),
      discount: money(0, 'USD'),
      shipping: money(490, 'USD'),
      tax: money(178 + 43, 'USD'),
      total: money(2_000 + 490 + 178 + 43, 'USD'),
    })
    const unsold = await quote('eu', ['h1', 'h2', 'h3'])
    assert.ok(!unsold.ok)
    assert.deepEqual(unsold.refusal, {
      type: 'pricing/not-sold-here',
      detail: 'Not sold in Europe: h2, h3.',
      data: { variantIds: ['h2', 'h3'] },
    })
  })
})

test('prices in a currency that the market had before are not prices', async () => {
  const host = await startTestHost([pricingService], { settings: { pricing: settings } })
  await host.client(pricing).setPrices({
    productId: 'prod_x',
    prices: [{ variantId: 'x1', market: 'eu', amount: 500, compareAtAmount: null }],
  })
  const database = new pg.Client({ connectionString: host.databaseUrl })
  await database.connect()
  await database.query(`update pricing.prices set currency = 'DEM'`)
  await database.end()
  const one = await host.client(pricing).prices({ market: 'eu', variantIds: ['x1'] })
  const all = await host.client(pricing).pricesOfProducts({ variantIds: ['x1'] })
  await host.stop()
  assert.deepEqual(one.ok && one.value.items, [])
  assert.deepEqual(all.ok && all.value.items, [])
})
