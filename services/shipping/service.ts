import { pricing } from '#contracts/pricing'
import { ShippingSettings, shipping } from '#contracts/shipping'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { service } from '#kernel/service'
import { methodsFor, readZones, serves } from './rates.ts'

type Methods = (typeof shipping.operations)['methods']

export const shippingService = service({
  contract: shipping,
  settings: ShippingSettings,
  calls: [pricing],
  connections: null,
  migrations: null,
  start: async (host) => {
    const zones = readZones(host.settings)
    const { markets } = host.client(pricing)
    return {
      operations: {
        async destinations(input) {
          const known = await markets({})
          const market = known.ok ? known.value.items.find(({ code }) => code === input.market) : undefined
          if (!market) return refuse('pricing/unknown-market', `There is no market "${input.market}".`)
          return ok({ countries: market.countries.filter((country) => serves(zones, market.code, country)) })
        },
        async methods(input): Promise<Outcome<Methods>> {
          const methods = methodsFor(zones, input)
          if (methods === null) return notServed(input, 'destination/country', `Nothing is sent to ${nameOf(input)}.`)
          if (methods.length === 0) {
            return notServed(
              input,
              'grams',
              `Nothing that weighs ${input.grams / 1_000} kg is sent to ${nameOf(input)}.`,
            )
          }
          return ok({ items: methods })
        },
      },
    }
  },
})

const nameOf = ({ destination: { country, region } }: Input<Methods>): string =>
  region === null ? country : `${region}, ${country}`

const notServed = ({ destination: { country } }: Input<Methods>, field: string, detail: string) =>
  refuse('shipping/destination-not-served', detail, { country, field })
