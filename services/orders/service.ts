import { join } from 'node:path'
import { cart } from '#contracts/cart'
import { inventory } from '#contracts/inventory'
import { OrderSettings, orders } from '#contracts/orders'
import { payments } from '#contracts/payments'
import { pricing } from '#contracts/pricing'
import { passing } from '#kernel/crash-point'
import { gather } from '#kernel/gather'
import { service } from '#kernel/service'
import { inWaves } from '#kernel/waves'
import { decideAll } from './decide-order.ts'
import type { Deps } from './deps.ts'
import { orderFigures } from './figures-store.ts'
import { orderTokens } from './order-token.ts'
import { paymentSubscriptions } from './payment-news.ts'
import { beginAll, placeOrder } from './place-order.ts'
import { accountOrders, adminOrders, details, getOrder, resume } from './read-orders.ts'
import { recoverDue } from './recover-order.ts'
import { adminOrder, cancelOrder, captureOrder, fulfillOrder, markPaid, refundOrder } from './staff-orders.ts'
import { findCheckouts, readOrders } from './store.ts'
import { verify } from './verify.ts'

/** Some dozen orders are some milliseconds of a transaction; more that wait would wait for longer than a checkout is worth. */
const limits = { service: 'orders', batchAtMost: 64, queueAtMost: 2_000 }

/** An order takes 20 ms when nobody else buys. One that waits for a slow provider keeps others waiting no longer than they notice. */
const waves = { atOnce: 2, waitedForMs: 100 }

/**
 * Payments that are silent are asked by one order every some seconds instead of by all that are due. The client's own breaker is for
 * those who wait for an answer: it lets them wait for the one who finds out.
 */
const asking = {
  name: 'payments of open orders',
  kind: 'service',
  fallback:
    'Orders that wait for their money wait on. Past the time limit and five minutes their stock goes back; the money is asked for until payments answer.',
  failuresToOpen: 8,
  openMs: 5_000,
  isFailure: () => true,
} as const

/**
 * The orders service.
 * @param reached told of each place where a crash would leave something half done, so that tests can crash there
 */
export const ordersServiceWith = (reached: Deps['reached']) =>
  service({
    contract: orders,
    settings: OrderSettings,
    calls: [cart, inventory, payments, pricing],
    secrets: ['order-token'],
    // Checkout's share: a shop that sells must not wait for a connection.
    connections: 10,
    migrations: join(import.meta.dirname, 'migrations'),
    start: async (host) => {
      const { db } = host
      const tokenOf = orderTokens(await host.secret('order-token'))
      const deps: Deps = {
        db,
        stale: host.stale,
        log: host.log,
        cart: host.client(cart),
        inventory: host.client(inventory),
        pricing: host.client(pricing),
        payments: host.client(payments),
        asking: host.breaker(asking),
        settings: host.settings,
        publicUrl: host.shop.publicUrl,
        tokenOf,
        findCheckout: gather({ ...limits, what: 'look a checkout up', run: (asked) => findCheckouts(db, asked) }),
        readOrder: gather({
          ...limits,
          what: 'read an order',
          run: async (ids: readonly string[]) => {
            const orders = new Map((await readOrders(db, ids)).map((order) => [order.id, order]))
            return ids.map((id) => orders.get(id) ?? null)
          },
        }),
        begin: gather({
          ...limits,
          what: 'begin an order',
          idOf: ({ request: { scope, key } }) => `${scope} ${key}`,
          run: (beginnings) => beginAll({ db, settings: host.settings }, beginnings),
        }),
        decide: gather({
          ...limits,
          what: 'decide about an order',
          idOf: ({ order }) => order.id,
          run: (decisions) => decideAll({ db, tokenOf }, decisions),
        }),
        reached,
      }
      const together = inWaves(waves)
      return {
        operations: {
          checkout: (input, call) => together(() => placeOrder(deps, input, call)),
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
        figures: orderFigures,
        jobs: [
          { name: 'recover', everyMs: 1_000, importance: 'checkout', run: (stopping) => recoverDue(deps, stopping) },
        ],
      }
    },
  })

export const ordersService = ordersServiceWith(passing('orders'))
