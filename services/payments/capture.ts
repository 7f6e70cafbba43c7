import type { payments } from '#contracts/payments'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { type Deps, providerOf } from './deps.ts'
import { moveMoney } from './operations.ts'
import type { PaymentRow } from './payment.ts'
import { knownPayment } from './read-payments.ts'

type Op = (typeof payments.operations)['capture']

/** Takes authorized money: what is asked for, or all that is left. */
export async function capture(deps: Deps, input: Input<Op>, call: Call): Promise<Outcome<Op>> {
  const { orderId, amount } = input
  const wanted = { orderId, kind: 'capture', key: call.idempotencyKey ?? '', amount, reason: null } as const
  const moved = await moveMoney(deps, wanted, ({ payment }) => ({
    available: payment?.capturable ?? 0,
    provider: payment ? amountOf(deps, input, payment) : 0,
    // What gift cards pay was taken when they paid.
    giftCards: 0,
  }))
  if (moved === null) return refuse('payments/nothing-to-capture', 'No authorized money is left to capture.')
  return moved.ok ? ok(await knownPayment(deps, orderId)) : moved
}

function amountOf(deps: Deps, { amount, forDispatch }: Input<Op>, payment: PaymentRow): number {
  if (amount === null) return payment.capturable
  if (!forDispatch) return amount.amount
  const { capture: captures } = providerOf(deps, payment.provider).capabilities
  return captures === 'single' ? payment.capturable : Math.min(amount.amount, payment.capturable)
}
