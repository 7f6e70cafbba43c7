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
    /**
     * `sandbox` is for trying the shop out: no real money moves. `stripe` takes cards; its keys come from the environment.
     * `manual` is an invoice or a bank transfer, described under `manual` here. See docs/payments.md.
     */
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

  storefront: {
    /** Beside the name in the title of the home page and in search results. */
    tagline: 'Useful things from nine small workshops',
    /** For search engines, and for the foot of each page. */
    description:
      'Things for the table, the room, the desk, the garden, the road and the wardrobe, made by nine workshops we know by name.',
    /** A line above everything, for as long as it is news; leave it out when there is none. */
    announcement: { label: 'We repair what we sell, for as long as we can get the parts', href: '/pages/repairs' },
    /** What stands first on the home page. `products` names up to three handles for the arches. */
    hero: {
      title: 'Made slowly, used daily',
      text: 'Cups, chairs, coats and garden tools from nine small workshops. Few things, made well, and mended when they break.',
      products: ['harvest-jug', 'ionic-vase', 'terrace-lantern'],
      links: [
        { label: 'See what is new', href: '/products?sort=newest' },
        { label: 'Set the table', href: '/categories/table' },
      ],
    },
    /** What a shopper can rely on, each in a few words. */
    promises: [
      { title: 'Sent within a day', text: 'What is in stock leaves us on the next working day, in paper and straw.' },
      { title: 'Sixty days to return', text: 'Live with it first. If it is not for you, send it back.' },
      { title: 'Repaired, not replaced', text: 'Handles, zips, shades and soles: we have the parts and the people.' },
    ],
    story: {
      title: 'A covered walk between the workshop and the street',
      paragraphs: [
        'In the old cities the best shops stood in a colonnade: dry in the rain, cool at noon, and open on one side to whoever came by. We think a shop can still be that. You see who makes a thing, you pick it up, and you are in nobody’s way.',
        'We carry about sixty things. Each of them earned its place by being used in our own houses for a year first.',
      ],
      link: { label: 'Look at everything', href: '/products' },
    },
    contact: {
      email: 'hello@stoa.example',
      address: ['Stoa Demo Shop', 'Colonnade 1', '04229 Leipzig', 'Germany'],
    },
    /** Pages of text, listed in the foot of each page. These are written for the demo shop: have yours checked. */
    pages: [
      {
        slug: 'delivery',
        title: 'Delivery and returns',
        sections: [
          {
            heading: 'Delivery',
            paragraphs: [
              'What is in stock leaves us within one working day. What a parcel costs depends on its weight and on where it goes; the checkout shows it before you pay. Above a certain amount standard delivery is free.',
              'Chairs, benches and other large things come by freight, to your door.',
            ],
          },
          {
            heading: 'Returns',
            paragraphs: [
              'You have sixty days. Write to us with your order’s number, put the goods back into their paper, and we send you a label. We give back what you paid within five days after the parcel has arrived.',
            ],
          },
        ],
      },
      {
        slug: 'repairs',
        title: 'Repairs',
        sections: [
          {
            paragraphs: [
              'Write to us with a picture of what broke. Handles, zips, lamp shades, soles and blades we mend in our own workshop; for glazes and looms we ask whoever made the thing.',
              'In the first three years a repair costs nothing. After that we tell you the price before we begin.',
            ],
          },
        ],
      },
      {
        slug: 'terms',
        title: 'Terms of sale',
        sections: [
          {
            heading: 'Your order',
            paragraphs: [
              'You order from the shop named in the imprint. The contract is made when we confirm your order by mail. Prices are those shown with your order, with tax as the checkout says.',
            ],
          },
          {
            heading: 'Withdrawal',
            paragraphs: [
              'You may withdraw from the contract within fourteen days after the goods arrived, without giving a reason. Beyond that we take goods back for sixty days, as described under delivery and returns.',
            ],
          },
        ],
      },
      {
        slug: 'privacy',
        title: 'Privacy',
        sections: [
          {
            heading: 'While you look around',
            paragraphs: [
              'We set no cookie and follow nobody. When you put something into your cart, one cookie remembers the cart; when you sign in, another remembers that. Neither is read by anyone else, and nothing on our pages comes from other companies, but for the card fields of the payment provider at the checkout.',
            ],
          },
          {
            heading: 'When you order',
            paragraphs: [
              'We keep your name, addresses, e-mail and order, because we need them to send the goods and the law asks us to keep invoices. Card numbers go to the payment provider alone; we never see them.',
              'Write to us to see, correct or erase what we hold about you. What the law makes us keep we keep, and tell you so.',
            ],
          },
        ],
      },
      {
        slug: 'imprint',
        title: 'Imprint',
        sections: [
          {
            paragraphs: [
              'Stoa Demo Shop, Colonnade 1, 04229 Leipzig, Germany. E-mail: hello@stoa.example.',
              'This is a demo shop. It sells nothing and sends nothing, and no real money moves.',
            ],
          },
        ],
      },
    ],
    /** Which of these pages prices and the checkout link to. */
    shippingPage: 'delivery',
    termsPage: 'terms',
    privacyPage: 'privacy',
  },
})
