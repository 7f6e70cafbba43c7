import type { PricingSettings } from '#contracts/pricing'
import type { ShippingSettings } from '#contracts/shipping'

// Two markets, one with tax in its prices and one with tax on top, and a few ways to send things.

export const markets: PricingSettings['markets'] = [
  {
    code: 'eu',
    name: 'Europe',
    currency: 'EUR',
    locale: 'en-IE',
    countries: ['DE', 'FR', 'ES'],
    taxIncluded: true,
    taxZones: [
      { country: 'DE', name: 'VAT 19 %', rate: 190_000, shippingTaxed: true },
      { country: 'FR', name: 'VAT 20 %', rate: 200_000, shippingTaxed: true },
    ],
  },
  {
    code: 'us',
    name: 'United States',
    currency: 'USD',
    locale: 'en-US',
    countries: ['US'],
    taxIncluded: false,
    taxZones: [
      { country: 'US', region: 'NY', name: 'NY sales tax 8.875 %', rate: 88_750, shippingTaxed: true },
      { country: 'US', region: 'CA', name: 'CA sales tax 7.25 %', rate: 72_500, shippingTaxed: false },
    ],
  },
]

export const zones: ShippingSettings['zones'] = [
  {
    code: 'germany',
    countries: ['DE'],
    methods: [
      {
        id: 'standard',
        name: 'Standard',
        days: [2, 3],
        rates: { eu: { steps: [{ upToGrams: 5_000, amount: 490 }], freeFrom: 10_000 } },
      },
      {
        id: 'express',
        name: 'Express',
        days: [1, 1],
        rates: { eu: { steps: [{ upToGrams: 30_000, amount: 1_490 }] } },
      },
    ],
  },
  {
    code: 'france',
    countries: ['FR'],
    methods: [
      {
        id: 'standard',
        name: 'Standard',
        days: [3, 6],
        rates: { eu: { steps: [{ upToGrams: 30_000, amount: 990 }] } },
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
]
