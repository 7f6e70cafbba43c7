import type { PaymentSettings } from '#contracts/payments'
import type { AnyService, ServiceHost } from '#kernel/service'
import type { PaymentProvider } from '../providers/payments/port.ts'
import { cartService } from './cart/service.ts'
import { catalogService } from './catalog/service.ts'
import { identityService } from './identity/service.ts'
import { inventoryService } from './inventory/service.ts'
import { notificationsService } from './notifications/service.ts'
import { ordersService } from './orders/service.ts'
import { paymentsService } from './payments/service.ts'
import { pricingService } from './pricing/service.ts'
import { searchService } from './search/service.ts'
import { shippingService } from './shipping/service.ts'

/** The secrets that the sandbox provider and its adapter share, by the names under which the data folder keeps them. */
export const sandboxSecrets = { key: 'sandbox-key', webhook: 'sandbox-webhook' } as const

type PaymentsHost = ServiceHost<PaymentSettings>

/** The adapters of the providers that a shop may name in `stoa.config.ts`; only those that it names are loaded. */
const paymentProviders = { sandbox, stripe, manual } as const satisfies Record<
  PaymentSettings['providers'][number],
  (host: PaymentsHost) => Promise<PaymentProvider>
>

async function sandbox(host: PaymentsHost): Promise<PaymentProvider> {
  const { sandboxProvider } = await import('../providers/payments/sandbox/adapter.ts')
  const url = host.environment.STOA_SANDBOX_URL
  if (!url) throw new Error('payments: STOA_SANDBOX_URL is not set, so the sandbox provider cannot be reached')
  const publicUrl = host.environment.STOA_SANDBOX_PUBLIC_URL
  return sandboxProvider({
    url,
    ...(publicUrl ? { publicUrl } : {}),
    secretKey: `sk_sandbox_${await host.secret(sandboxSecrets.key)}`,
    webhookSecret: `whsec_${Buffer.from(await host.secret(sandboxSecrets.webhook)).toString('base64')}`,
  })
}

async function stripe({ environment, shop }: PaymentsHost): Promise<PaymentProvider> {
  const [{ stripeProvider }, { readStripeKeys }] = await Promise.all([
    import('../providers/payments/stripe/adapter.ts'),
    import('../providers/payments/stripe/keys.ts'),
  ])
  const keys = readStripeKeys(environment, shop.demo)
  if ('faults' in keys) throw new Error(`payments: ${keys.faults.join('; ')}`)
  return stripeProvider(keys)
}

async function manual({ db, settings }: PaymentsHost): Promise<PaymentProvider> {
  const { manualProvider } = await import('../providers/payments/manual/adapter.ts')
  if (!settings.manual) throw new Error('payments: stoa.config.ts names the provider "manual" without payments/manual')
  return manualProvider({ db, ...settings.manual })
}

const payments = paymentsService((host) =>
  Promise.all(host.settings.providers.map((name) => paymentProviders[name](host))),
)
/** With what its providers' adapters use. */
const paymentSecrets = [...(payments.secrets ?? []), ...Object.values(sandboxSecrets)]

/** The ten services under the roof. */
export const registry: readonly AnyService[] = [
  identityService,
  catalogService,
  searchService,
  pricingService,
  inventoryService,
  cartService,
  ordersService,
  { ...payments, secrets: paymentSecrets },
  shippingService,
  notificationsService,
]
