import { defineShop } from '../../services/settings.ts'
import shop from '../../stoa.config.ts'

/** Your shop's own settings, but paid for at the sandbox, and with the shortest time to pay: what is left has to be seen to expire. */
export default defineShop({
  ...shop,
  orders: { ...shop.orders, paymentTimeLimitMinutes: 1 },
  payments: { providers: ['sandbox'], capture: 'on-fulfillment' },
})
