import T from 'typebox'
import { MarketCode } from '#contracts/pricing'
import { anyone, contract, internal, query } from '#kernel/contract'
import { CountryCode, Nullable } from '#kernel/fields'
import { Money } from '#kernel/money'
import { lowerCaseName, Written } from '#kernel/validation-words'

const MethodId = Written('^[a-z][a-z0-9-]{0,39}$', lowerCaseName)

/** The part of `stoa.config.ts` that shipping reads. */
export const ShippingSettings = T.Object({
  zones: T.Array(
    T.Object({
      code: Written('^[a-z][a-z0-9-]{0,39}$', lowerCaseName),
      countries: T.Array(CountryCode, { minItems: 1 }),
      /** When present, only these regions of the countries. */
      regions: T.Optional(T.Array(T.String(), { minItems: 1 })),
      methods: T.Array(
        T.Object({
          id: MethodId,
          name: T.String({ minLength: 1, maxLength: 80 }),
          /** Working days from … to. */
          days: T.Tuple([T.Integer({ minimum: 0, maximum: 365 }), T.Integer({ minimum: 0, maximum: 365 })]),
          /** Price a market currency: minor units, flat or by weight; `upToGrams` null is the last step. */
          rates: T.Record(
            MarketCode,
            T.Object({
              steps: T.Array(
                T.Object({ upToGrams: Nullable(T.Integer({ minimum: 1 })), amount: T.Integer({ minimum: 0 }) }),
                { minItems: 1 },
              ),
              freeFrom: T.Optional(
                T.Integer({ minimum: 0, description: 'Item total, in minor units, from which it is free.' }),
              ),
            }),
          ),
        }),
        { minItems: 1 },
      ),
    }),
  ),
})
export type ShippingSettings = T.Static<typeof ShippingSettings>

export const ShippingMethod = T.Object(
  {
    id: MethodId,
    name: T.String(),
    price: Money,
    days: T.Object({ least: T.Integer(), most: T.Integer() }),
    /** The market's default for this destination. */
    default: T.Boolean(),
  },
  { title: 'ShippingMethod' },
)

export const NotServed = T.Object({ country: T.String(), field: T.String() })

/** Shipping did not answer whoever was asked to sell. */
export const ShippingUnavailable = T.Object({ retryAfterSeconds: T.Integer() })

const self = {
  name: 'shipping',
  fallback:
    'Carts are shown without shipping. Shipping methods and the checkout of what has to be sent are refused with 503; no price is guessed.',
} as const

export const shipping = contract(self, {
  destinations: query('GET /shipping/destinations', {
    summary: 'The countries a market ships to',
    access: anyone,
    shared: true,
    importance: 'cart',
    input: T.Object({ market: MarketCode }),
    output: T.Object({ countries: T.Array(CountryCode) }),
    refusals: { 'pricing/unknown-market': 404 },
  }),
  methods: query(null, {
    summary:
      'How goods can go to a destination, and for how much; cheapest first. None for goods that need no shipping',
    access: internal,
    input: T.Object({
      market: MarketCode,
      currency: T.String(),
      destination: T.Object({ country: CountryCode, region: Nullable(T.String()) }),
      grams: T.Integer({ minimum: 0 }),
      /** Discounted item total, for free shipping from an amount. */
      itemsTotal: Money,
    }),
    output: T.Object({ items: T.Array(ShippingMethod) }),
    refusals: { 'shipping/destination-not-served': [422, NotServed] },
  }),
})
