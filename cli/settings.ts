import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ProblemError } from '#kernel/problem'
import { compileCheck } from '#kernel/validation'
import { ShopSettings } from '../services/settings.ts'
import { ConfigurationError } from './environment.ts'

/**
 * Reads and checks `stoa.config.ts` of a folder, or another file. Throws a `ConfigurationError` that names every field that is wrong.
 */
export async function loadSettings(folder: string, configFile: string | null = null): Promise<ShopSettings> {
  const file = configFile ?? join(folder, 'stoa.config.ts')
  let module: { default?: unknown }
  try {
    module = (await import(pathToFileURL(file).href)) as { default?: unknown }
  } catch (error) {
    throw new ConfigurationError([`stoa.config.ts cannot be read: ${(error as Error).message}`])
  }
  try {
    const settings = compileCheck(ShopSettings, { coerce: false })(module.default)
    const faults = crossFaults(settings)
    if (faults.length > 0) throw new ConfigurationError(faults)
    return settings
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const errors = error.problem.errors as { field: string; message: string }[]
    throw new ConfigurationError(
      errors.map(({ field, message }) => `stoa.config.ts: ${field || 'the default export'} ${message}`),
    )
  }
}

/** What one part says of another: markets are named in shipping rates. */
function crossFaults(settings: ShopSettings): string[] {
  const markets = settings.pricing.markets.map(({ code }) => code)
  const twice = markets.filter((code, index) => markets.indexOf(code) !== index)
  const unknown = settings.shipping.zones.flatMap((zone, zoneIndex) =>
    zone.methods.flatMap((method, methodIndex) =>
      Object.keys(method.rates)
        .filter((code) => !markets.includes(code))
        .map(
          (code) =>
            `stoa.config.ts: shipping/zones/${zoneIndex}/methods/${methodIndex}/rates names the market "${code}", which pricing/markets does not`,
        ),
    ),
  )
  const unsaid =
    settings.payments.providers.includes('manual') && !settings.payments.manual
      ? ['stoa.config.ts: payments/providers names "manual", so payments/manual must say what shoppers are to do']
      : []
  return [...unsaid, ...twice.map((code) => `stoa.config.ts: pricing/markets names "${code}" twice`), ...unknown]
}
