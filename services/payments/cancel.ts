import type { payments } from '#contracts/payments'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { abandonedAfterSeconds, type Deps } from './deps.ts'
import { toPayment } from './payment.ts'
import { isSettled, settle } from './settle.ts'
import * as store from './store.ts'

type Cancel = (typeof payments.operations)['cancel']
type Reopen = (typeof payments.operations)['reopen']

/**
 * Gives an order's payment up. The tombstone is committed first: an attempt that comes later is refused, and what could not be
 * undone now is undone by the reconciler.
 */
export async function cancel(
  deps: Deps,
  { orderId, reason, onlyUnpaid = false }: Input<Cancel>,
): Promise<Outcome<Cancel>> {
  const mode = onlyUnpaid ? 'unpaid' : 'all'
  await store.markCanceled(deps.db, { orderId, mode, reason, lookInSeconds: abandonedAfterSeconds })
  const known = await settle(deps, orderId, { ask: false })
  return ok({
    state: !known || isSettled(known) ? 'done' : 'pending',
    payment: known && toPayment(known.payment, known.uses),
  })
}

/** Allows a new attempt for an order whose attempt can no longer succeed. */
export async function reopen(deps: Deps, { orderId }: Input<Reopen>): Promise<Outcome<Reopen>> {
  if (await store.openOrder(deps.db, orderId)) return ok({})
  return refuse('payments/attempt-live', 'An attempt of this order is under way or has succeeded.')
}
