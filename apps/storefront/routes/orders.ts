import { orders as contract } from '#contracts/orders'
import { notFound } from '#kernel/problem'
import type { Deps } from '../deps.ts'
import { readInput } from '../form.ts'
import { seeOther, sendPage } from '../send.ts'
import type { ShopRoutes, Visit } from '../visit.ts'
import { currentCart } from './cart.ts'

/** Seconds after which a page looks again at an order that is not decided. */
const lookAgainSeconds = 4

export function orderRoutes(routes: ShopRoutes, deps: Deps): void {
  routes.get('/orders/:orderId', 'personal', (visit) => orderPage(deps, visit))
}

/** An order, for whoever has its token, or for the customer whose it is; for all others there is none. */
async function orderPage(deps: Deps, visit: Visit) {
  const { orderId } = visit.params
  const token = typeof visit.query.token === 'string' && visit.query.token !== '' ? visit.query.token : null
  if (token === null && visit.actor.kind !== 'customer') {
    return seeOther(
      visit,
      `/account/sign-in?${new URLSearchParams({ next: `${visit.frame.prefix}/orders/${orderId}` })}`,
    )
  }
  const read = readInput(contract.operations.get, { orderId, ...(token === null ? {} : { token }) })
  const outcome = read.ok ? await deps.orders.get(read.value) : null
  if (!outcome?.ok) throw notFound('order at this address')
  const order = outcome.value
  const isOpen =
    order.status === 'placing' || (order.status === 'awaiting_payment' && order.payment?.status !== 'requires_action')
  const isNew = 'placed' in visit.query
  // What was in the cart is in the order now; an order that took a while was not counted out of it yet.
  const isEmptied =
    isNew && order.status === 'placed' && (visit.cart?.units ?? 0) > 0 && !(await currentCart(deps, visit))
  const market = visit.frame.markets.find(({ code }) => code === order.market) ?? visit.market
  // Amounts are shown as in the market where the order was placed, whatever market the address names.
  const own: Visit = { ...visit, frame: { ...visit.frame, market } }
  return sendPage(
    deps,
    own,
    'order',
    { title: `Order ${order.number}`, canonical: null, ...(isOpen ? { refreshSeconds: lookAgainSeconds } : {}) },
    { order, justPlaced: isNew },
    isEmptied ? { units: 0 } : {},
  )
}
