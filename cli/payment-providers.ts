import type { ShopSettings } from '../services/settings.ts'
import { ConfigurationError, type Environment } from './environment.ts'

/**
 * Whether the providers that `stoa.config.ts` names can be used with what the environment says. Throws a `ConfigurationError` that
 * names every fault.
 * @returns what is no fault but should be known
 */
export async function checkPaymentProviders(
  environment: Environment,
  { payments }: ShopSettings,
  publicUrl: string,
): Promise<string[]> {
  if (!payments.providers.includes('stripe') || !environment.services.has('payments')) return []
  const { readStripeKeys } = await import('../providers/payments/stripe/keys.ts')
  const keys = readStripeKeys(environment.variables, environment.demo)
  if ('faults' in keys) throw new ConfigurationError(keys.faults)
  const isPublic = !['localhost', '127.0.0.1', '[::1]'].includes(new URL(publicUrl).hostname)
  return !keys.isLive && isPublic && !environment.demo
    ? ['Stripe has test keys here: shoppers at this public address pay with no real money']
    : []
}
