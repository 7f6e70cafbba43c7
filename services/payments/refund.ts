import type { payments } from '#contracts/payments'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { money } from '#kernel/money'
import type { Deps } from './deps.ts'
import { moveMoney } from './operations.ts'
import { toPayment } from './payment.ts'

type Op = (typeof payments.operations)['refund']

/** Gives captured money back: what is asked for, or all that is left. */
export async function refund(deps: Deps, input: Input<Op>, call: Call): Promise<Outcome<Op>> {
  const { orderId, amount, reason } = input
  const wanted = { orderId, kind: 'refund', key: call.idempotencyKey ?? '', amount, reason } as const
  const moved = await moveMoney(deps, wanted, ({ captured, refunded }) => ({
    available: captured - refunded,
    amount: amount?.amount ?? captured - refunded,
  }))
  if (moved === null) return refuse('payments/nothing-to-refund', 'No captured money is left to give back.')
  if (!moved.ok) return moved
  const { operation, payment } = moved.value
  return ok({
    refundId: operation.id,
    refunded: money(operation.amount, operation.currency),
    payment: toPayment(payment),
  })
}
