import { join } from 'node:path'
import T from 'typebox'
import { cart } from '#contracts/cart'
import { catalog } from '#contracts/catalog'
import { inventory } from '#contracts/inventory'
import { payments } from '#contracts/payments'
import { pricing } from '#contracts/pricing'
import { shipping } from '#contracts/shipping'
import { orderPlaced } from '#events/orders'
import type { Refused } from '#kernel/contract'
import { onAll } from '#kernel/inbox'
import { service } from '#kernel/service'
import { changeCart, type Deps } from './change-cart.ts'
import { createCart } from './create-cart.ts'
import { marketOf, refuseDelivery, setDetails } from './details.ts'
import { forgetLeft, tellAbandoned } from './left-carts.ts'
import { addUnits, refuseUnsold, setQuantity, takeOut } from './lines.ts'
import { getCart, shippingMethods, snapshot } from './read-cart.ts'
import { gatheredCarts, markOrdered } from './store.ts'

/** What is in a cart already may be changed and taken out, sold or not. */
const asItIs = (): Refused<never> | null => null

export const cartService = service({
  contract: cart,
  settings: T.Object({}),
  calls: [catalog, inventory, payments, pricing, shipping],
  // A change is two short statements, and most of its time is its neighbors'.
  connections: 6,
  migrations: join(import.meta.dirname, 'migrations'),
  start: async (host) => {
    const deps: Deps = {
      db: host.db,
      carts: gatheredCarts(host.db),
      neighbors: {
        catalog: host.client(catalog),
        inventory: host.client(inventory),
        payments: host.client(payments),
        pricing: host.client(pricing),
        shipping: host.client(shipping),
      },
    }
    return {
      operations: {
        create: (input, call) => createCart(deps, input, call),
        get: (input) => getCart(deps, input),
        update: ({ cartId, ...details }, call) =>
          changeCart(deps, cartId, call, {
            apply: (one) => setDetails(deps.neighbors, one, details, () => marketOf(deps.neighbors, one.market)),
            judge: (priced) => refuseDelivery(details, priced),
          }),
        addLine({ cartId, ...line }, call) {
          const wanted = [{ ...line, field: '' }]
          return changeCart(deps, cartId, call, {
            apply: (one) => addUnits(one, wanted),
            judge: (priced) => refuseUnsold(wanted, priced),
          })
        },
        updateLine: ({ cartId, lineId, quantity }, call) =>
          changeCart(deps, cartId, call, { apply: (one) => setQuantity(one, lineId, quantity), judge: asItIs }),
        removeLine: ({ cartId, lineId }, call) =>
          changeCart(deps, cartId, call, { apply: (one) => takeOut(one, lineId), judge: asItIs }),
        shippingMethods: (input) => shippingMethods(deps, input),
        snapshot: (input, call) => snapshot(deps, input, call),
      },
      subscriptions: [
        onAll(orderPlaced, (tx, placed) =>
          markOrdered(
            tx,
            placed.map(({ data }) => data),
          ),
        ),
      ],
      jobs: [
        {
          name: 'tell of abandoned carts',
          everyMs: 10 * 60_000,
          run: async () => {
            await tellAbandoned(host.db)
          },
        },
        {
          name: 'forget carts that were left',
          everyMs: 60 * 60_000,
          run: async () => {
            await forgetLeft(host.db)
          },
        },
      ],
    }
  },
})
