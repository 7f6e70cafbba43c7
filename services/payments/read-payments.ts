import type T from 'typebox'
import type { Payment, payments } from '#contracts/payments'
import { type Input, type Outcome, ok } from '#kernel/contract'
import { money } from '#kernel/money'
import type { PaymentProvider } from '../../providers/payments/port.ts'
import type { Deps } from './deps.ts'
import { usesOf } from './gift-cards-store.ts'
import { failureSentence, toAttempt, toPayment } from './payment.ts'
import { settle } from './settle.ts'
import * as store from './store.ts'

type Ops = typeof payments.operations

/** What the checkout page is to know of a provider beside what its adapter says. */
const offers: Readonly<Record<string, { title: string; testTokens: readonly { token: string; title: string }[] }>> = {
  sandbox: {
    title: 'Card',
    testTokens: [
      { token: 'tok_ok', title: 'Pays' },
      { token: 'tok_declined', title: 'Is declined' },
      { token: 'tok_3ds', title: 'Asks for 3-D Secure' },
      { token: 'tok_slow', title: 'Pays after some seconds' },
      { token: 'tok_timeout_charged', title: 'Pays, but the answer is lost' },
      { token: 'tok_timeout_not_charged', title: 'Gets lost on the way' },
    ],
  },
}

/** How shoppers can pay. `origin` is that of the pages that show card fields. */
export function providers(deps: Deps, origin: string): Outcome<Ops['providers']> {
  return ok({
    items: [...deps.providers.values()].map((provider) => {
      const offer = offers[provider.name]
      return {
        name: provider.name,
        title: offer?.title ?? provider.name,
        fieldsUrl: fieldsUrlOf(provider, origin),
        testTokens: offer?.testTokens ?? [],
      }
    }),
  })
}

function fieldsUrlOf(provider: PaymentProvider, origin: string): string | null {
  const fields = provider.checkout({ origin })
  return fields.kind === 'frame' ? fields.frameUrl : null
}

export async function find(deps: Deps, { orderIds }: Input<Ops['find']>): Promise<Outcome<Ops['find']>> {
  const [payments, uses] = await Promise.all([store.readLatestOf(deps.db, orderIds), usesOf(deps.db, orderIds)])
  const usesByOrder = Map.groupBy(uses, ({ order_id }) => order_id)
  const paymentByOrder = new Map(payments.map((payment) => [payment.order_id, payment]))
  return ok({
    items: [...new Set([...paymentByOrder.keys(), ...usesByOrder.keys()])].flatMap(
      (orderId) => toPayment(paymentByOrder.get(orderId) ?? null, usesByOrder.get(orderId) ?? []) ?? [],
    ),
  })
}

/** The payment of an order that is known to have one. */
export async function knownPayment(deps: Deps, orderId: string): Promise<T.Static<typeof Payment>> {
  const found = await find(deps, { orderIds: [orderId] })
  const payment = found.ok ? found.value.items[0] : undefined
  if (!payment) throw new Error(`payments: order ${orderId} has no payment any more`)
  return payment as T.Static<typeof Payment>
}

export async function reconcile(deps: Deps, { orderId }: Input<Ops['reconcile']>): Promise<Outcome<Ops['reconcile']>> {
  const known = await settle(deps, orderId)
  return ok({ payment: known && toPayment(known.payment, known.uses) })
}

export async function attempts(deps: Deps, { orderId }: Input<Ops['attempts']>): Promise<Outcome<Ops['attempts']>> {
  const [payments, uses, operations] = await Promise.all([
    store.readAttempts(deps.db, orderId),
    usesOf(deps.db, [orderId]),
    store.readOperations(deps.db, orderId),
  ])
  return ok({
    payments: payments.map(toAttempt),
    giftCards: toPayment(null, uses)?.giftCards ?? [],
    operations: [
      ...payments.map((payment) => ({
        id: payment.id,
        kind: 'authorize',
        status: payment.status,
        amount: money(payment.amount, payment.currency),
        giftCards: money(0, payment.currency),
        at: payment.created_at,
        error: payment.failure === null ? null : failureSentence(payment.failure),
      })),
      ...operations.map(({ id, kind, status, amount, gift_cards, currency, created_at, error }) => ({
        id,
        kind,
        status,
        amount: money(amount, currency),
        giftCards: money(gift_cards, currency),
        at: created_at,
        error,
      })),
    ],
  })
}
