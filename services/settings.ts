import T from 'typebox'
import { InventorySettings } from '#contracts/inventory'
import { NotificationSettings } from '#contracts/notifications'
import { OrderSettings } from '#contracts/orders'
import { PaymentSettings } from '#contracts/payments'
import { PricingSettings } from '#contracts/pricing'
import { ShippingSettings } from '#contracts/shipping'
import { StorefrontSettings } from '../apps/storefront/settings.ts'

/** All of `stoa.config.ts`: each service declares the part it reads in its contract. */
export const ShopSettings = T.Object({
  name: T.String({ minLength: 1, maxLength: 80 }),
  pricing: PricingSettings,
  shipping: ShippingSettings,
  inventory: InventorySettings,
  orders: OrderSettings,
  payments: PaymentSettings,
  notifications: NotificationSettings,
  storefront: StorefrontSettings,
})
export type ShopSettings = T.Static<typeof ShopSettings>

/** Gives `stoa.config.ts` its types. */
export const defineShop = (settings: ShopSettings): ShopSettings => settings
