import { sameRegion } from '#kernel/regions'
import type { MarketSettings } from './markets.ts'

export type TaxZone = MarketSettings['taxZones'][number]
export type Destination = { readonly country: string; readonly region: string | null }

/**
 * The zone whose tax applies to goods that go to `destination`: that of its region, else that of its country, else none,
 * and then no tax is due. Before the destination is known, the first zone of the market's first country is an estimate.
 */
export function zoneFor(market: MarketSettings, destination: Destination | null): TaxZone | null {
  const country = destination ? destination.country : market.countries[0]
  const zones = market.taxZones.filter((zone) => zone.country === country)
  if (!destination) return zones[0] ?? null
  const { region } = destination
  const ofRegion =
    region === null ? undefined : zones.find((zone) => zone.region && sameRegion(zone.country, zone.region, region))
  return ofRegion ?? zones.find((zone) => !zone.region) ?? null
}

/** A rate and its name on the invoice; null where no tax is due. */
export type AppliedTax = { readonly name: string; readonly rate: number }

/** What goods with `taxCode` are taxed with. Codes that the zone does not know have its own rate. */
export function taxOfGoods(
  zone: TaxZone | null,
  goods: { taxable: boolean; taxCode: string | null },
): AppliedTax | null {
  if (!zone || !goods.taxable) return null
  const rate = (goods.taxCode === null ? undefined : zone.rates?.[goods.taxCode]) ?? zone.rate
  return rate === 0 ? null : { name: taxName(zone, rate), rate }
}

/** What shipping is taxed with: the zone's own rate, whatever is in the parcel. */
export const taxOfShipping = (zone: TaxZone | null): AppliedTax | null =>
  zone?.shippingTaxed && zone.rate > 0 ? { name: zone.name, rate: zone.rate } : null

/** Zones are named with their own rate, VAT 19 %: a reduced rate gets the name with the rate exchanged, VAT 7 %. */
function taxName(zone: TaxZone, rate: number): string {
  if (rate === zone.rate) return zone.name
  return `${zone.name.replace(/\s*[\d.,]+\s?%$/, '')} ${rate / 10_000} %`
}
