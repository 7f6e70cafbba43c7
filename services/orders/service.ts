import { join } from 'node:path'
import { cart } from '#contracts/cart'
import { inventory } from '#contracts/inventory'
import { OrderSettings, orders } from '#contracts/orders'
import { payments } from '#contracts/payments'
import { pricing } from '#contracts/pricing'
import { passing } from '#kernel/crash-point'
import { service } from '#kernel/service'
import type { Deps } from './deps.ts'
import { orderTokens } from './order-token.ts'
import { paymentSubscriptions } from './payment-news.ts'
import { placeOrder } from './place-order.ts'
import { accountOrders, adminOrders, details, getOrder, resume } from './read-orders.ts'
import { recoverDue } from './recover-order.ts'
import { adminOrder, cancelOrder, captureOrder, fulfillOrder, markPaid, refundOrder } from './staff-orders.ts'
import { verify } from './verify.ts'

/**
 * The orders service.
 * @param reached told of each place where a crash would leave something half done, so that tests can crash there
 */
export const ordersServiceWith = (reached: Deps['reached']) =>
  service({
    contract: orders,
    settings: OrderSettings,
    // Checkout's share: a shop that sells must not wait for a connection.
    connections: 10,
    migrations: join(import.meta.dirname, 'migrations'),
    start: async (host) => {
      const deps: Deps = {
        db: host.db,
        log: host.log,
        cart: host.client(cart),
        inventory: host.client(inventory),
        pricing: host.client(pricing),
        payments: host.client(payments),
        settings: host.settings,
        publicUrl: host.shop.publicUrl,
        tokenOf: orderTokens(await host.secret('order-token')),
        reached,
      }
      return {
        operations: {
          checkout: (input, call) => placeOrder(deps, input, call),
          get: (input, call) => getOrder(deps, input, call),
          resume: (input) => resume(deps, input),
          details: (input) => details(deps, input),
          accountOrders: (input, call) => accountOrders(deps, input, call),
          adminOrders: (input) => adminOrders(deps, input),
          adminOrder: (input) => adminOrder(deps, input),
          capture: (input, call) => captureOrder(deps, input, call),
          markPaid: (input) => markPaid(deps, input),
          fulfill: (input, call) => fulfillOrder(deps, input, call),
          cancel: (input) => cancelOrder(deps, input),
          refund: (input, call) => refundOrder(deps, input, call),
          verify: (input) => verify(deps, input),
        },
        subscriptions: paymentSubscriptions(deps),
        jobs: [
          { name: 'recover', everyMs: 1_000, importance: 'checkout', run: (stopping) => recoverDue(deps, stopping) },
        ],
      }
    },
  })

export const ordersService = ordersServiceWith(passing('orders'))
