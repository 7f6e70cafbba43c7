import { customerKey } from '#contracts/pricing'
import { ok, refuse } from '#kernel/contract'
import { money } from '#kernel/money'
import { decline, place, type Refusal, wait } from './decide-order.ts'
import type { Deps } from './deps.ts'
import { authorizeMs, type Driven, type KnownPayment, rest, stepMs, within } from './lease.ts'
import { demandOf, dueOf } from './order.ts'
import type { Leased } from './store.ts'

/** What the shopper pays with; only the request that brought it can ask for money with it. */
export type PaymentChoice = { readonly provider: string; readonly token?: string; readonly returnUrl: string }

/** The steps before money is asked for, in order. Each may be repeated, each leaves nothing when it refuses. */
const steps = [
  { run: reserve, done: 'stock-reserved' },
  { run: redeem, done: 'coupons-redeemed' },
] as const

/** From `placing` on: stock, coupons, money. A refusal on the way undoes what was done. */
export async function goForward(deps: Deps, order: Leased, choice: PaymentChoice): Promise<Driven> {
  for (const { run, done } of steps) {
    const outcome = await run(deps, order)
    if (!outcome.ok) return undo(deps, order, outcome)
    await deps.reached(done, order.id)
  }
  if (order.total === 0) return place(deps, order, null)
  const asked = await deps.payments.authorize(
    {
      orderId: order.id,
      amount: money(dueOf(order), order.currency),
      // Left out where there are none, so that an older payments service takes the request during a rollout.
      ...(order.gift_cards.length > 0
        ? { giftCards: order.gift_cards.map(({ id, amount }) => ({ giftCardId: id, amount })) }
        : {}),
      provider: choice.provider,
      token: choice.token ?? null,
      returnUrl: choice.returnUrl,
    },
    within(order, authorizeMs),
  )
  await deps.reached('money-asked', order.id)
  return asked.ok ? follow(deps, order, asked.value) : undo(deps, order, asked)
}

/** Where an order goes from how its payment stands. */
export async function follow(deps: Deps, order: Leased, payment: KnownPayment): Promise<Driven> {
  switch (payment.status) {
    case 'authorized':
    case 'captured':
      return place(deps, order, payment)
    case 'requires_action':
    case 'processing':
      return order.state === 'placing' ? wait(deps, order, payment) : rest(deps, order)
    default: {
      const reason = payment.failureReason ?? 'card-declined'
      return decline(deps, order, refuse('payments/declined', payment.failure ?? 'The payment failed.', { reason }))
    }
  }
}

export async function reserve(deps: Deps, order: Leased) {
  const lines = demandOf(order.lines)
  return lines.length === 0 ? ok({}) : deps.inventory.reserve({ orderId: order.id, lines }, within(order, stepMs))
}

export async function redeem(deps: Deps, order: Leased) {
  if (order.discounts.length === 0) return ok({})
  const promotionIds = [...new Set(order.discounts.map(({ promotionId }) => promotionId))]
  const request = { orderId: order.id, promotionIds, customerKey: customerKey(order.email) }
  return deps.pricing.redeem(request, within(order, stepMs))
}

/** Somebody gave this order up before us; nothing that they gave back may be taken again. */
const givenUp = new Set(['inventory/hold-released', 'pricing/redemption-undone', 'payments/canceled'])

type StepRefusal = Exclude<
  Awaited<ReturnType<typeof reserve | typeof redeem | Deps['payments']['authorize']>>,
  { ok: true }
>

async function undo(deps: Deps, order: Leased, refused: StepRefusal): Promise<Driven> {
  const { type } = refused.refusal
  return decline(deps, order, givenUp.has(type) ? null : (refused as Refusal))
}
