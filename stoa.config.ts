import { defineShop } from './services/settings.ts'

/**
 * Your shop's own choices. Everything here is checked at the start, and every fault is told at once.
 * Secrets and addresses of machines do not belong here; they come from the environment (see README.md).
 */
export default defineShop({
  /** As shoppers read it, in pages and mails. */
  name: 'Stoa',

  pricing: {
    /**
     * A market is a currency, a way of showing prices, and the countries it sells to. The first one is where visitors
     * arrive and where an import's prices go. Prices are set per market: nothing is converted behind your back.
     */
    markets: [
      {
        code: 'eu',
        name: 'Europe',
        currency: 'EUR',
        locale: 'en-IE',
        countries: ['DE', 'AT', 'FR', 'NL', 'BE', 'IE', 'IT', 'ES'],
        /** Prices contain tax, as EU law wants them shown. */
        taxIncluded: true,
        /**
         * Rates in parts per million: 190000 is 19 %. `rates` holds rates for goods with a tax code of their own. These
         * are the standard rates and those of printed books; check them with your tax adviser.
         */
        taxZones: [
          { country: 'DE', name: 'VAT 19 %', rate: 190_000, rates: { books: 70_000 }, shippingTaxed: true },
          { country: 'AT', name: 'VAT 20 %', rate: 200_000, rates: { books: 100_000 }, shippingTaxed: true },
          { country: 'FR', name: 'VAT 20 %', rate: 200_000, rates: { books: 55_000 }, shippingTaxed: true },
          { country: 'NL', name: 'VAT 21 %', rate: 210_000, rates: { books: 90_000 }, shippingTaxed: true },
          { country: 'BE', name: 'VAT 21 %', rate: 210_000, rates: { books: 60_000 }, shippingTaxed: true },
          { country: 'IE', name: 'VAT 23 %', rate: 230_000, rates: { books: 0 }, shippingTaxed: true },
          { country: 'IT', name: 'VAT 22 %', rate: 220_000, rates: { books: 40_000 }, shippingTaxed: true },
          { country: 'ES', name: 'VAT 21 %', rate: 210_000, rates: { books: 40_000 }, shippingTaxed: true },
        ],
      },
      {
        code: 'us',
        name: 'United States',
        currency: 'USD',
        locale: 'en-US',
        countries: ['US'],
        /** Tax comes on top at checkout, by the state the goods go to. */
        taxIncluded: false,
        taxZones: [
          { country: 'US', name: 'No sales tax', rate: 0, shippingTaxed: false },
          { country: 'US', region: 'CA', name: 'CA sales tax 7.25 %', rate: 72_500, shippingTaxed: false },
          { country: 'US', region: 'NY', name: 'NY sales tax 8.875 %', rate: 88_750, shippingTaxed: true },
          { country: 'US', region: 'TX', name: 'TX sales tax 8.25 %', rate: 82_500, shippingTaxed: true },
          { country: 'US', region: 'WA', name: 'WA sales tax 10.35 %', rate: 103_500, shippingTaxed: true },
        ],
      },
    ],
  },

  shipping: {
    /**
     * Where you send to, how, and for how much (minor units of the market's currency). A rate has one step for a flat
     * price, or several by weight; `upToGrams: null` is the last. The cheapest method is the default.
     */
    zones: [
      {
        code: 'germany',
        countries: ['DE'],
        methods: [
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
          {
            id: 'express',
            name: 'Express',
            days: [1, 1],
            rates: { eu: { steps: [{ upToGrams: 31_500, amount: 1_490 }] } },
          },
          {
            id: 'freight',
            name: 'Freight to the door',
            days: [5, 10],
            rates: { eu: { steps: [{ upToGrams: null, amount: 4_900 }] } },
          },
        ],
      },
      {
        code: 'europe',
        countries: ['AT', 'FR', 'NL', 'BE', 'IE', 'IT', 'ES'],
        methods: [
          {
            id: 'standard',
            name: 'Standard',
            days: [3, 6],
            rates: {
              eu: {
                steps: [
                  { upToGrams: 2_000, amount: 990 },
                  { upToGrams: 31_500, amount: 1_690 },
                ],
                freeFrom: 15_000,
              },
            },
          },
          {
            id: 'express',
            name: 'Express',
            days: [1, 2],
            rates: { eu: { steps: [{ upToGrams: 31_500, amount: 2_490 }] } },
          },
          {
            id: 'freight',
            name: 'Freight to the door',
            days: [7, 14],
            rates: { eu: { steps: [{ upToGrams: null, amount: 8_900 }] } },
          },
        ],
      },
      {
        code: 'usa',
        countries: ['US'],
        methods: [
          {
            id: 'standard',
            name: 'Ground',
            days: [3, 6],
            rates: {
              us: {
                steps: [
                  { upToGrams: 2_000, amount: 800 },
                  { upToGrams: 30_000, amount: 1_800 },
                ],
                freeFrom: 10_000,
              },
            },
          },
          {
            id: 'express',
            name: 'Two-day air',
            days: [2, 2],
            rates: { us: { steps: [{ upToGrams: 20_000, amount: 2_900 }] } },
          },
          {
            id: 'freight',
            name: 'Freight',
            days: [7, 14],
            rates: { us: { steps: [{ upToGrams: null, amount: 9_900 }] } },
          },
        ],
      },
    ],
  },

  inventory: {
    /** From this many units down, shoppers read "only a few left". */
    lowStock: 5,
  },

  orders: {
    /** What stands before an order's number: S-1001. */
    numberPrefix: 'S-',
    /** An order that is not paid by then gives its stock back. */
    paymentTimeLimitMinutes: 30,
  },

  payments: {
    /** `sandbox` is for trying the shop out: no real money moves. */
    providers: ['sandbox'],
    /** `at-once` takes the money with the order; `on-fulfillment` reserves it and takes it when goods leave. */
    capture: 'on-fulfillment',
  },

  notifications: {
    /**
     * The sender of mails. They go through the server in SMTP_URL (smtps://user:password@mail.example.com); without one
     * they are kept, to be read in the admin under Mails.
     */
    from: 'Stoa <hello@stoa.example>',
    replyTo: null,
  },

  storefront: {},
})
