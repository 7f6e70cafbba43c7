import { orders as contract } from '#contracts/orders'
import { notFound } from '#kernel/problem'
import type { Deps } from '../deps.ts'
import { readInput } from '../form.ts'
import { seeOther, sendPage } from '../send.ts'
import type { Order } from '../views.ts'
import type { ShopRoutes, Visit } from '../visit.ts'
import { currentCart } from './cart.ts'
import { originsOf } from './checkout.ts'

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
  const isOpen = order.status === 'placing' || (order.status === 'awaiting_payment' && waitsByItself(order.payment))
  const isNew = 'placed' in visit.query
  // What was in the cart is in the order now; an order that took a while was not counted out of it yet.
  const isEmptied =
    isNew && order.status === 'placed' && (visit.cart?.units ?? 0) > 0 && !(await currentCart(deps, visit))
  const market = visit.frame.markets.find(({ code }) => code === order.market) ?? visit.market
  // Amounts are shown as in the market where the order was placed, whatever market the address names.
  const own: Visit = { ...visit, frame: { ...visit.frame, market } }
  const provider = await challenger(deps, order)
  const challenge = provider && {
    script: provider.script,
    clientSecret: provider.clientSecret,
    returnPath:
      token === null ? `/orders/${orderId}` : `/checkout/return?${new URLSearchParams({ order: order.id, token })}`,
  }
  return sendPage(
    deps,
    own,
    'order',
    { title: `Order ${order.number}`, canonical: null, ...(isOpen ? { refreshSeconds: lookAgainSeconds } : {}) },
    { order, justPlaced: isNew, challenge },
    { ...(isEmptied ? { units: 0 } : {}), ...(provider ? { providers: originsOf([provider]) } : {}) },
  )
}

/** Whether what is awaited comes without the shopper: not a transfer, nor an answer to the bank. */
const waitsByItself = (payment: Order['payment']): boolean =>
  payment?.status !== 'requires_action' && payment?.instructions === undefined

/** The provider whose script has to ask the shopper now, with the secret for it. */
async function challenger(deps: Deps, { status, payment }: Order) {
  const { clientSecret } = payment ?? {}
  if (status !== 'awaiting_payment' || payment?.status !== 'requires_action' || clientSecret === undefined) return null
  const providers = await deps.payments.providers({})
  const provider = providers.ok ? providers.value.items.find(({ name }) => name === payment.provider) : undefined
  return provider?.script ? { ...provider, script: provider.script, clientSecret } : null
}
