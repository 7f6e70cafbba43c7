import type { PricingSettings } from '#contracts/pricing'
import { type Refusal, type Refused, refuse } from '#kernel/contract'

export type MarketSettings = PricingSettings['markets'][number]

export type Markets = {
  readonly all: readonly MarketSettings[]
  /** The market of that code, or the refusal that says there is none. */
  find(
    code: string,
  ): { readonly ok: true; readonly value: MarketSettings } | Refused<Refusal<'pricing/unknown-market', undefined>>
}

/** The markets of the settings. Throws where two of them have the same code: one of them would never be sold to. */
export function readMarkets(settings: PricingSettings): Markets {
  const byCode = new Map(settings.markets.map((market) => [market.code, market]))
  if (byCode.size < settings.markets.length) {
    throw new Error(`pricing: two markets have the same code (${settings.markets.map(({ code }) => code).join(', ')})`)
  }
  return {
    all: settings.markets,
    find(code) {
      const value = byCode.get(code)
      return value ? { ok: true, value } : refuse('pricing/unknown-market', `There is no market "${code}".`)
    },
  }
}
