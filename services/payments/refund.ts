import type { payments } from '#contracts/payments'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { money } from '#kernel/money'
import type { Deps } from './deps.ts'
import { moveMoney } from './operations.ts'
import { isUnsettled, leftOnCards } from './payment.ts'
import { knownPayment } from './read-payments.ts'
import { splitRefund } from './refund-split.ts'

type Op = (typeof payments.operations)['refund']

/** Gives money back, what is asked for or all that is left: first what the provider took, then what gift cards paid. */
export async function refund(deps: Deps, input: Input<Op>, call: Call): Promise<Outcome<Op>> {
  const { orderId, amount, reason } = input
  const wanted = { orderId, kind: 'refund', key: call.idempotencyKey ?? '', amount, reason } as const
  const moved = await moveMoney(deps, wanted, ({ payment, uses }) => {
    // What gift cards paid beside an attempt that is undecided goes back to them whole when it comes to nothing.
    if (payment && isUnsettled(payment)) return { available: 0, provider: 0, giftCards: 0 }
    const byProvider = payment ? payment.captured - payment.refunded : 0
    const available = byProvider + leftOnCards(uses)
    return { available, ...splitRefund(amount?.amount ?? available, byProvider) }
  })
  if (moved === null) return refuse('payments/nothing-to-refund', 'No money that was taken is left to give back.')
  if (!moved.ok) return moved
  const { id, amount: provider, gift_cards: giftCards, currency } = moved.value
  return ok({
    refundId: id,
    refunded: money(provider + giftCards, currency),
    payment: await knownPayment(deps, orderId),
  })
}
