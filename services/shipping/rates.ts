import type { ShippingSettings, shipping } from '#contracts/shipping'
import type { Input, Output } from '#kernel/contract'
import { money } from '#kernel/money'
import { sameRegion } from '#kernel/regions'

type Methods = (typeof shipping.operations)['methods']
type Zone = ShippingSettings['zones'][number]
type Method = Zone['methods'][number]
type Rate = Method['rates'][string]

/** Zones as they can be used, or an error that names each fault: a rate nobody reaches would be a surprise at checkout. */
export function readZones(settings: ShippingSettings): readonly Zone[] {
  const faults = settings.zones.flatMap((zone) => [
    ...repeated(zone.methods.map(({ id }) => id)).map((id) => `zone ${zone.code} has two methods "${id}"`),
    ...zone.methods.flatMap((method) =>
      Object.entries(method.rates)
        .filter(([, rate]) => !ascends(rate))
        .map(([market]) => `zone ${zone.code}, method ${method.id}, market ${market}: steps must rise, null last`),
    ),
    ...zone.methods
      .filter(({ days: [least, most] }) => least > most)
      .map(({ id }) => `zone ${zone.code}, method ${id}: days end before they begin`),
  ])
  faults.push(...repeated(settings.zones.map(({ code }) => code)).map((code) => `two zones are called "${code}"`))
  if (faults.length > 0) throw new Error(`shipping: ${faults.join('; ')}`)
  return settings.zones
}

const repeated = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, at) => names.indexOf(name) < at)),
]

function ascends({ steps }: Rate): boolean {
  const grams = steps.map(({ upToGrams }) => upToGrams ?? Number.POSITIVE_INFINITY)
  return grams.every((one, index) => index === 0 || one > (grams[index - 1] ?? 0))
}

/**
 * The zone that serves a destination in a market: one that names its region before one that has the whole country, and
 * among equals the first. A zone without a rate for the market does not serve it.
 */
function zoneFor(zones: readonly Zone[], market: string, destination: Input<Methods>['destination']): Zone | undefined {
  const { country, region } = destination
  const serving = zones.filter(
    (zone) => zone.countries.includes(country) && zone.methods.some(({ rates }) => rates[market]),
  )
  const ofRegion = serving.find(
    (zone) => region !== null && zone.regions?.some((one) => sameRegion(country, one, region)),
  )
  return ofRegion ?? serving.find((zone) => !zone.regions)
}

/**
 * How a parcel can go, cheapest first; the first is the default. A method whose last step is lighter than the parcel does
 * not carry it.
 * @returns null when nothing goes to the destination; an empty list when something does, but not of this weight
 */
export function methodsFor(zones: readonly Zone[], input: Input<Methods>): Output<Methods>['items'] | null {
  const zone = zoneFor(zones, input.market, input.destination)
  if (!zone) return null
  return zone.methods
    .flatMap((method) => {
      const rate = method.rates[input.market]
      const amount = rate ? amountOf(rate, input) : null
      return amount === null ? [] : [{ method, amount }]
    })
    .sort((a, b) => a.amount - b.amount)
    .map(({ method, amount }, index) => ({
      id: method.id,
      name: method.name,
      price: money(amount, input.currency),
      days: { least: method.days[0], most: method.days[1] },
      default: index === 0,
    }))
}

/** Minor units, or null for a parcel that is too heavy. */
function amountOf(rate: Rate, { grams, itemsTotal }: Input<Methods>): number | null {
  const step = rate.steps.find(({ upToGrams }) => upToGrams === null || grams <= upToGrams)
  if (!step) return null
  return rate.freeFrom !== undefined && itemsTotal.amount >= rate.freeFrom ? 0 : step.amount
}

/** Whether a market sends anything to a country. */
export const serves = (zones: readonly Zone[], market: string, country: string): boolean =>
  zones.some((zone) => zone.countries.includes(country) && zone.methods.some(({ rates }) => rates[market]))
