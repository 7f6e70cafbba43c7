import type { OrderStatus } from '#contracts/orders'

/** Every legal move of an order. The update says `where state = …`, so of two who move it at once one finds it moved. */
export const moves = {
  placing: ['awaiting_payment', 'placed', 'declined'],
  awaiting_payment: ['placed', 'declined', 'expired'],
  /** Money that came late: placed when the stock is there again, else given back. */
  expired: ['placed', 'canceled'],
  placed: ['fulfilled', 'canceled'],
  fulfilled: [],
  canceled: [],
  declined: [],
} as const satisfies Record<OrderStatus, readonly OrderStatus[]>

export const canMove = (from: OrderStatus, to: OrderStatus): boolean =>
  (moves[from] as readonly OrderStatus[]).includes(to)

/** What staff may do with an order now. */
export type StaffAction = 'mark-paid' | 'capture' | 'fulfill' | 'cancel' | 'refund'

/**
 * @param order its state and units
 * @param payment how it stands, what was taken and refunded in minor units, and whether people see it arrive; null while there
 *   is none
 */
export function staffActions(
  order: { readonly state: OrderStatus; readonly units: number; readonly units_fulfilled: number },
  payment: {
    readonly status: string
    readonly taken: number
    readonly refunded: number
    readonly byHand?: boolean
  } | null,
): StaffAction[] {
  const actions: StaffAction[] = []
  if (order.state === 'awaiting_payment' && payment?.byHand) actions.push('mark-paid', 'cancel')
  const placed = order.state === 'placed'
  if ((placed || order.state === 'fulfilled') && payment?.status === 'authorized') actions.push('capture')
  if (placed && order.units_fulfilled < order.units) actions.push('fulfill')
  if (placed && order.units_fulfilled === 0) actions.push('cancel')
  const isUndecided = order.state === 'placing' || order.state === 'awaiting_payment'
  if (payment !== null && payment.taken > payment.refunded && !isUndecided) actions.push('refund')
  return actions
}
