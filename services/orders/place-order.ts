import { orders } from '#contracts/orders'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { idempotencyScope, isTemporary } from '#kernel/execute'
import { claimAll, fingerprint, idempotencyStore, readKept, releaseAll } from '#kernel/idempotency'
import { keyInProgress, keyReused } from '#kernel/problem'
import type { Deps } from './deps.ts'
import { draftOrder } from './draft.ts'
import { goForward, type PaymentChoice } from './drive-order.ts'
import { type Checkout, driving } from './lease.ts'
import { toPlacedOrder } from './order.ts'
import { driveOrder, expire, takeUp, takeUpOrWait } from './recover-order.ts'
import { allowedReturnUrl, returnUrlOf } from './return-url.ts'
import type { Request } from './store.ts'
import * as store from './store.ts'

/** A cart that is still not settled after so many looks is fought over by more requests than a shopper makes. */
const roundsAtMost = 5

/**
 * Turns a cart into an order and asks for the money. The key's row commits with the order's row, its answer with the decision
 * about the order; a repeat gets that answer, or drives on what a crash left.
 */
export async function placeOrder(deps: Deps, input: Input<Checkout>, call: Call): Promise<Outcome<Checkout>> {
  if (input.returnUrl !== undefined && !allowedReturnUrl(input.returnUrl, deps.publicUrl)) {
    return refuse('orders/return-url-not-allowed', `The way back must lead to ${deps.publicUrl}.`, {
      field: 'returnUrl',
    })
  }
  const request: Request = {
    scope: idempotencyScope('checkout', orders.operations.checkout, input, call),
    key: call.idempotencyKey ?? '',
    print: fingerprint(input),
  }
  for (let round = 1; round <= roundsAtMost; round++) {
    const outcome = await tryOnce(deps, request, input)
    if (outcome !== 'again') return outcome
  }
  return refuse('orders/checkout-in-progress', 'Another checkout of this cart is under way. Try again in a moment.')
}

async function tryOnce(deps: Deps, request: Request, input: Input<Checkout>): Promise<Outcome<Checkout> | 'again'> {
  const known = await deps.findCheckout({ request, cartId: input.cartId })
  if (known.key) {
    if (known.key.print !== request.print) throw keyReused()
    if (known.key.outcome !== null) return readKept(known.key.outcome) as Outcome<Checkout>
    return goOn(deps, known.key.order_id, input)
  }
  const snapshot = await deps.cart.snapshot({ cartId: input.cartId })
  if (known.live) return join(deps, request, known.live, snapshot)
  if (!snapshot.ok) return keep(deps, request, snapshot)
  const draft = draftOrder(snapshot.value, input)
  if (!draft.ok) return keep(deps, request, draft)
  const order = await deps.begin({ draft: draft.value, request })
  if (!order) return 'again'
  await deps.reached('order-inserted', order.id)
  return drive(deps, order, input)
}

/** On to the decision about the order, with the payment that is asked for. */
async function drive(
  deps: Deps,
  order: store.Leased,
  { payment, returnUrl }: Input<Checkout>,
): Promise<Outcome<Checkout> | 'again'> {
  const choice: PaymentChoice = {
    provider: payment.provider,
    ...(payment.token === undefined ? {} : { token: payment.token }),
    returnUrl: returnUrlOf(deps, order.id, returnUrl),
  }
  const driven = await driving(deps, order, () => goForward(deps, order, choice))
  if (driven.kind === 'decided') return driven.outcome
  if (driven.kind === 'undone') return 'again'
  // Whoever drives it now answers the key; the next request with it is told.
  throw keyInProgress()
}

/**
 * Commits orders with their keys, those of many requests in one transaction. @returns for each, null where its cart got a live
 * order meanwhile or its key was used: then it is looked at again, and its key is as it was
 */
export async function beginAll(
  { db, settings }: Pick<Deps, 'db' | 'settings'>,
  beginnings: readonly store.Beginning[],
): Promise<(store.Leased | null)[]> {
  const { numberPrefix, paymentTimeLimitMinutes: timeLimitMinutes } = settings
  return inTransaction(db, async (tx) => {
    const keys = beginnings.map(({ request: { scope, key, print } }) => ({ scope, key, fingerprint: print }))
    const claims = await claimAll(tx, keys)
    const claimed = beginnings.filter((_, index) => claims[index]?.kind === 'claimed')
    const orders =
      claimed.length === 0 ? new Map() : await store.insertOrders(tx, claimed, { numberPrefix, timeLimitMinutes })
    const vain = claimed.filter(({ draft }) => !orders.has(draft.id))
    if (vain.length > 0)
      await releaseAll(
        tx,
        vain.map(({ request }) => request),
      )
    return beginnings.map(({ draft }) => orders.get(draft.id) ?? null)
  })
}

/** Answers the key at once: nothing is to be done for it. "Not now" is told and not kept: the same key may try again. */
async function keep(
  deps: Deps,
  { scope, key, print }: Request,
  outcome: Outcome<Checkout>,
): Promise<Outcome<Checkout> | 'again'> {
  if (isTemporary(orders.operations.checkout, outcome)) return outcome
  const claimed = await inTransaction(deps.db, async (tx) => {
    const keys = idempotencyStore(tx)
    if ((await keys.claim(scope, key, print)).kind !== 'claimed') return false
    await keys.answer(scope, key, outcome)
    return true
  })
  return claimed ? outcome : 'again'
}

/** The key's order has not been decided. While its driver lives, it is waited for; if it died, this request drives on. */
async function goOn(deps: Deps, orderId: string | null, input: Input<Checkout>): Promise<Outcome<Checkout> | 'again'> {
  const order = orderId === null ? null : await store.takeOver(deps.db, orderId)
  if (!order) throw keyInProgress()
  if (order.state !== 'placing') {
    await driveOrder(deps, order)
    return 'again'
  }
  return drive(deps, order, input)
}

type Snapshot = Awaited<ReturnType<Deps['cart']['snapshot']>>

/** The cart has a live order. The same cart gets that order; one that was changed gives it up first. */
async function join(
  deps: Deps,
  request: Request,
  live: NonNullable<store.Known['live']>,
  snapshot: Snapshot,
): Promise<Outcome<Checkout> | 'again'> {
  const same = snapshot.ok && snapshot.value.cart.version === live.cart_version
  switch (live.state) {
    case 'placing':
      await takeUpOrWait(deps, live.id, waitAtMostMs)
      return 'again'
    case 'awaiting_payment': {
      if (!snapshot.ok) return keep(deps, request, snapshot)
      if (!same) return replace(deps, live.id)
      await takeUp(deps, live.id)
      return show(deps, request, live.id)
    }
    default:
      if (same || !snapshot.ok) return show(deps, request, live.id)
      return keep(deps, request, refuse('cart/ordered', 'This cart has been ordered already.', { orderId: live.id }))
  }
}

/** How long a request waits for another one of the same cart: most checkouts are decided within it. */
const waitAtMostMs = 10_000

/** Gives up the attempt of a cart that was changed since, unless it was paid after all. */
async function replace(deps: Deps, orderId: string): Promise<Outcome<Checkout> | 'again'> {
  const order = await store.takeOver(deps.db, orderId)
  if (order?.state === 'awaiting_payment')
    await driving(deps, order, () => expire(deps, order, 'The cart was changed and ordered anew.'))
  else if (order) await driveOrder(deps, order)
  const now = await store.readOrder(deps.db, orderId)
  if (now?.state !== 'awaiting_payment') return 'again'
  // Nobody knows yet whether it was paid: a second attempt could charge a second time.
  return refuse('orders/checkout-in-progress', 'The payment of this cart is under way. Try again in a moment.')
}

/** Answers the key with the cart's live order; one that came to nothing meanwhile makes room for another. */
async function show(deps: Deps, request: Request, orderId: string): Promise<Outcome<Checkout> | 'again'> {
  const order = await store.readOrder(deps.db, orderId)
  if (!order || order.state === 'declined' || order.state === 'expired' || order.state === 'canceled') return 'again'
  const found = order.state === 'awaiting_payment' ? await deps.payments.find({ orderIds: [orderId] }) : null
  const payment = found?.ok ? (found.value.items[0] ?? null) : null
  return keep(deps, request, ok(toPlacedOrder(order, deps.tokenOf(orderId), payment)))
}
