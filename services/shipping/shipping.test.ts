import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import fc from 'fast-check'
import type { PricingSettings } from '#contracts/pricing'
import { type ShippingSettings, shipping } from '#contracts/shipping'
import type { Client } from '#kernel/client'
import { money } from '#kernel/money'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { pricingService } from '../pricing/service.ts'
import { methodsFor, readZones } from './rates.ts'
import { shippingService } from './service.ts'

const settings: ShippingSettings = {
  zones: [
    {
      code: 'germany',
      countries: ['DE'],
      methods: [
        {
          id: 'express',
          name: 'Express',
          days: [1, 1],
          rates: { eu: { steps: [{ upToGrams: 31_500, amount: 1_490 }] } },
        },
        {
          id: 'standard',
          name: 'Standard',
          days: [2, 3],
          rates: {
            eu: {
              steps: [
                { upToGrams: 5_000, amount: 490 },
                { upToGrams: 31_500, amount: 990 },
              ],
              freeFrom: 7_500,
            },
          },
        },
      ],
    },
    {
      code: 'islands',
      countries: ['DE', 'US'],
      regions: ['Helgoland', 'HI'],
      methods: [
        {
          id: 'ferry',
          name: 'Ferry',
          days: [5, 9],
          rates: {
            eu: { steps: [{ upToGrams: 2_000, amount: 1_900 }] },
            us: { steps: [{ upToGrams: null, amount: 3_900 }] },
          },
        },
      ],
    },
    {
      code: 'usa',
      countries: ['US'],
      methods: [
        { id: 'ground', name: 'Ground', days: [3, 6], rates: { us: { steps: [{ upToGrams: null, amount: 800 }] } } },
      ],
    },
    {
      code: 'canada',
      countries: ['CA'],
      methods: [
        { id: 'ground', name: 'Ground', days: [3, 6], rates: { us: { steps: [{ upToGrams: 100, amount: 900 }] } } },
      ],
    },
  ],
}
const market = (code: string, currency: string, countries: string[]): PricingSettings['markets'][number] => ({
  code,
  name: code,
  currency,
  locale: 'en',
  countries,
  taxIncluded: true,
  taxZones: [],
})
const markets = { markets: [market('eu', 'EUR', ['FR', 'DE']), market('us', 'USD', ['US'])] }

suite('shipping', () => {
  let host: TestHost
  let client: Client<typeof shipping>
  before(async () => {
    host = await startTestHost([shippingService, pricingService], {
      settings: { shipping: settings, pricing: markets },
      shape: 'strict',
      edge: true,
    })
    client = host.client(shipping)
  })
  after(() => host.stop())

  const methods = (country: string, region: string | null, grams: number, items: number, to = 'eu') =>
    client.methods({
      market: to,
      currency: to === 'eu' ? 'EUR' : 'USD',
      destination: { country, region },
      grams,
      itemsTotal: money(items, to === 'eu' ? 'EUR' : 'USD'),
    })
  const offered = async (...given: Parameters<typeof methods>) => {
    const outcome = await methods(...given)
    return outcome.ok ? outcome.value.items.map(({ id, price }) => [id, price.amount]) : outcome.refusal
  }

  test('methods come cheapest first, and the first is the default', async () => {
    const outcome = await methods('DE', null, 1_000, 1_000)
    assert.ok(outcome.ok)
    assert.deepEqual(outcome.value.items, [
      { id: 'standard', name: 'Standard', price: money(490, 'EUR'), days: { least: 2, most: 3 }, default: true },
      { id: 'express', name: 'Express', price: money(1_490, 'EUR'), days: { least: 1, most: 1 }, default: false },
    ])
  })

  test('a heavier parcel takes the next step, up to the step’s last gram', async () => {
    assert.deepEqual(await offered('DE', null, 5_000, 0), [
      ['standard', 490],
      ['express', 1_490],
    ])
    assert.deepEqual(await offered('DE', null, 5_001, 0), [
      ['standard', 990],
      ['express', 1_490],
    ])
  })

  test('a parcel that is too heavy for every method is refused, and the weight is named', async () => {
    assert.deepEqual(await offered('DE', null, 31_501, 0), {
      type: 'shipping/destination-not-served',
      detail: 'Nothing that weighs 31.501 kg is sent to DE.',
      data: { country: 'DE', field: 'grams' },
    })
    assert.deepEqual(await offered('US', null, 1_000_000, 0, 'us'), [['ground', 800]])
  })

  test('it is free from an amount of goods, whatever the weight that is carried', async () => {
    assert.deepEqual(await offered('DE', null, 20_000, 7_499), [
      ['standard', 990],
      ['express', 1_490],
    ])
    assert.deepEqual(await offered('DE', null, 20_000, 7_500), [
      ['standard', 0],
      ['express', 1_490],
    ])
  })

  test('a zone that names the region comes before the country’s', async () => {
    assert.deepEqual(await offered('DE', 'helgoland ', 1_000, 0), [['ferry', 1_900]])
    assert.deepEqual(await offered('DE', 'Berlin', 1_000, 0), await offered('DE', null, 1_000, 0))
    assert.deepEqual(await offered('US', 'HI', 1_000, 0, 'us'), [['ferry', 3_900]])
  })

  test('a country without a zone, and one without a rate in the market, are not served', async () => {
    for (const [country, to] of [
      ['FR', 'eu'],
      ['US', 'eu'],
      ['DE', 'us'],
    ] as const) {
      assert.deepEqual(await offered(country, null, 0, 0, to), {
        type: 'shipping/destination-not-served',
        detail: `Nothing is sent to ${country}.`,
        data: { country, field: 'destination/country' },
      })
    }
  })

  test('destinations are the countries that a market both sells and sends to', async () => {
    const destinations = async (to: string) => {
      const answer = await fetch(`${host.url}/api/shipping/destinations?market=${to}`)
      return { status: answer.status, body: (await answer.json()) as { type?: string } }
    }
    assert.deepEqual(await destinations('eu'), { status: 200, body: { countries: ['DE'] } })
    assert.deepEqual(await destinations('us'), { status: 200, body: { countries: ['US'] } })
    const { status, body } = await destinations('mars')
    assert.deepEqual([status, body.type], [404, '/problems/pricing/unknown-market'])
  })
})

test('whatever is sent: the cheapest comes first, the default is one, and more goods never make it dearer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40_000 }), fc.nat(20_000), fc.nat(20_000), (grams, items, more) => {
      const offer = (total: number) =>
        methodsFor(settings.zones, {
          market: 'eu',
          currency: 'EUR',
          destination: { country: 'DE', region: null },
          grams,
          itemsTotal: money(total, 'EUR'),
        }) ?? []
      const [less, further] = [offer(items), offer(items + more)]
      const amounts = less.map(({ price }) => price.amount)
      assert.deepEqual(
        amounts,
        amounts.toSorted((a, b) => a - b),
      )
      assert.equal(less.filter((one) => one.default).length, Math.min(less.length, 1))
      for (const one of less) {
        const then = further.find(({ id }) => id === one.id)
        assert.ok(then && then.price.amount <= one.price.amount)
      }
    }),
  )
})

test('settings in which a rate would never be reached are refused, each fault by name', () => {
  const method = (
    id: string,
    steps: { upToGrams: number | null; amount: number }[],
    days: [number, number] = [1, 2],
  ) => ({
    id,
    name: id,
    days,
    rates: { eu: { steps } },
  })
  const zone = (code: string, methods: ReturnType<typeof method>[]) => ({ code, countries: ['DE'], methods })
  const flat = [{ upToGrams: null, amount: 100 }]
  const light = { upToGrams: 100, amount: 100 }
  assert.throws(
    () =>
      readZones({
        zones: [
          zone('a', [method('x', flat), method('x', flat)]),
          zone('a', [method('y', [...flat, light]), method('z', flat, [3, 2])]),
        ],
      }),
    {
      message:
        'shipping: zone a has two methods "x"; zone a, method y, market eu: steps must rise, null last; zone a, method z: days end before they begin; two zones are called "a"',
    },
  )
})
