import type { payments } from '#contracts/payments'
import { type Input, type Outcome, ok } from '#kernel/contract'
import { money } from '#kernel/money'
import type { PaymentProvider } from '../../providers/payments/port.ts'
import type { Deps } from './deps.ts'
import { failureSentence, toPayment } from './payment.ts'
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
  return ok({ items: (await store.readLatestOf(deps.db, orderIds)).map(toPayment) })
}

export async function reconcile(deps: Deps, { orderId }: Input<Ops['reconcile']>): Promise<Outcome<Ops['reconcile']>> {
  const known = await settle(deps, orderId)
  return ok({ payment: known?.payment ? toPayment(known.payment) : null })
}

export async function attempts(deps: Deps, { orderId }: Input<Ops['attempts']>): Promise<Outcome<Ops['attempts']>> {
  const [payments, operations] = await Promise.all([
    store.readAttempts(deps.db, orderId),
    store.readOperations(deps.db, orderId),
  ])
  return ok({
    payments: payments.map(toPayment),
    operations: [
      ...payments.map((payment) => ({
        id: payment.id,
        kind: 'authorize',
        status: payment.status,
        amount: money(payment.amount, payment.currency),
        at: payment.created_at,
        error: payment.failure === null ? null : failureSentence(payment.failure),
      })),
      ...operations.map(({ id, kind, status, amount, currency, created_at, error }) => ({
        id,
        kind,
        status,
        amount: money(amount, currency),
        at: created_at,
        error,
      })),
    ],
  })
}
