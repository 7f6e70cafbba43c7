import type { AnyService } from '#kernel/service'
import { sandboxProvider } from '../providers/payments/sandbox/adapter.ts'
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

/** Payments with the adapters of the providers that a shop may name in `stoa.config.ts`. */
const payments = paymentsService(async (host) => {
  const url = host.environment.STOA_SANDBOX_URL
  if (!url) throw new Error('payments: STOA_SANDBOX_URL is not set, so the sandbox provider cannot be reached')
  const publicUrl = host.environment.STOA_SANDBOX_PUBLIC_URL
  return [
    sandboxProvider({
      url,
      ...(publicUrl ? { publicUrl } : {}),
      secretKey: `sk_sandbox_${await host.secret(sandboxSecrets.key)}`,
      webhookSecret: `whsec_${Buffer.from(await host.secret(sandboxSecrets.webhook)).toString('base64')}`,
    }),
  ]
})

/** The ten services under the roof. */
export const registry: readonly AnyService[] = [
  identityService,
  catalogService,
  searchService,
  pricingService,
  inventoryService,
  cartService,
  ordersService,
  payments,
  shippingService,
  notificationsService,
]
