import type { payments } from '#contracts/payments'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { type Deps, providerOf } from './deps.ts'
import { moveMoney } from './operations.ts'
import type { PaymentRow } from './payment.ts'
import { knownPayment } from './read-payments.ts'
import { readLapsed } from './store.ts'

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
  if (moved?.ok) return ok(await knownPayment(deps, orderId))
  const lapsed = await lapse(deps, orderId, moved?.refusal)
  return lapsed ?? moved ?? refuse('payments/nothing-to-capture', 'No authorized money is left to capture.')
}

/** The refusal of a capture whose authorization is over: as was learned before, by the time it was given, or as the provider says. */
async function lapse(
  deps: Deps,
  orderId: string,
  refusal: { readonly type: string; readonly data: unknown } | undefined,
) {
  const { reason } = (refusal?.data ?? {}) as { reason?: string }
  const isOver = refusal?.type === 'payments/provider-refused' && reason === 'authorization-lapsed'
  const lapsed = refusal && !isOver ? null : await readLapsed(deps.db, orderId, isOver)
  if (!lapsed) return null
  return refuse(
    'payments/authorization-lapsed',
    'The bank no longer holds the money. Nothing may leave for it: cancel the order, or have it ordered again.',
    { authorizedUntil: lapsed.authorized_until },
  )
}

function amountOf(deps: Deps, { amount, forDispatch }: Input<Op>, payment: PaymentRow): number {
  if (amount === null) return payment.capturable
  if (!forDispatch) return amount.amount
  const { capture: captures } = providerOf(deps, payment.provider).capabilities
  return captures === 'single' ? payment.capturable : Math.min(amount.amount, payment.capturable)
}
