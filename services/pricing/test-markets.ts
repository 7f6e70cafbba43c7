import type { MarketSettings } from './markets.ts'

// Tax in the prices and on top of them, currencies with two digits, without any and with three.

export const europe: MarketSettings = {
  code: 'eu',
  name: 'Europe',
  currency: 'EUR',
  locale: 'en-IE',
  countries: ['DE', 'FR', 'IE'],
  taxIncluded: true,
  taxZones: [
    { country: 'DE', name: 'VAT 19 %', rate: 190_000, rates: { books: 70_000 }, shippingTaxed: true },
    { country: 'FR', name: 'VAT 20 %', rate: 200_000, rates: { books: 55_000 }, shippingTaxed: true },
  ],
}
export const america: MarketSettings = {
  code: 'us',
  name: 'United States',
  currency: 'USD',
  locale: 'en-US',
  countries: ['US'],
  taxIncluded: false,
  taxZones: [
    { country: 'US', name: 'No sales tax', rate: 0, shippingTaxed: false },
    { country: 'US', region: 'CA', name: 'CA sales tax 10.75 %', rate: 107_500, shippingTaxed: false },
    { country: 'US', region: 'NY', name: 'NY sales tax 8.875 %', rate: 88_750, shippingTaxed: true },
  ],
}
export const japan: MarketSettings = {
  code: 'jp',
  name: 'Japan',
  currency: 'JPY',
  locale: 'ja-JP',
  countries: ['JP'],
  taxIncluded: true,
  taxZones: [
    { country: 'JP', name: 'Consumption tax 10 %', rate: 100_000, rates: { food: 80_000 }, shippingTaxed: true },
  ],
}
export const kuwait: MarketSettings = {
  code: 'kw',
  name: 'Kuwait',
  currency: 'KWD',
  locale: 'en-KW',
  countries: ['KW'],
  taxIncluded: false,
  taxZones: [{ country: 'KW', name: 'Tax 3.333 %', rate: 33_330, shippingTaxed: true }],
}
