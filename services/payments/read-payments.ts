import type T from 'typebox'
import { lapseWarningHours, type Payment, type payments } from '#contracts/payments'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { fromCursor, toCursor } from '#kernel/fields'
import { money } from '#kernel/money'
import { validationFailed } from '#kernel/problem'
import type { CheckoutFields } from '../../providers/payments/port.ts'
import { type Deps, providerOf, withinDeadline } from './deps.ts'
import { usesOf } from './gift-cards-store.ts'
import * as operationsStore from './operations-store.ts'
import { cardFree, failureSentence, toAttempt, toPayment } from './payment.ts'
import { settle } from './settle.ts'
import * as store from './store.ts'

type Ops = typeof payments.operations

/** What the checkout page is to know of a provider beside what its adapter and the shop's settings say. */
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
  stripe: { title: 'Card', testTokens: [] },
}

/** How shoppers can pay. `origin` is that of the pages that show card fields. */
export function providers(deps: Deps, origin: string): Outcome<Ops['providers']> {
  return ok({
    items: [...deps.providers.values()].map((provider) => {
      const offer = offers[provider.name]
      const fields = provider.checkout({ origin })
      return {
        name: provider.name,
        title: deps.titles[provider.name] ?? offer?.title ?? provider.name,
        available: !provider.isInTrouble,
        fieldsUrl: fields.kind === 'frame' ? fields.frameUrl : null,
        script: fields.kind === 'script' ? { ...scriptOf(fields), captureNow: deps.captureAtOnce } : null,
        testTokens: offer?.testTokens ?? [],
      }
    }),
  })
}

const scriptOf = ({
  scriptUrl,
  publicKey,
  frameOrigins,
  connectOrigins,
}: Extract<CheckoutFields, { kind: 'script' }>) => ({
  url: scriptUrl,
  publicKey,
  frameOrigins: [...frameOrigins],
  connectOrigins: [...connectOrigins],
})

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
  return ok(await allOf(deps, orderId))
}

/**
 * Asks the provider at somebody's request. What it says of each attempt is shown, and what is news is recorded as the
 * reconciler would.
 */
export async function askProvider(
  deps: Deps,
  { orderId }: Input<Ops['askProvider']>,
): Promise<Outcome<Ops['askProvider']>> {
  const latest = await store.readLatest(deps.db, orderId)
  if (!latest) return refuse('payments/unknown-payment', 'No money was asked for this order.')
  const provider = providerOf(deps, latest.provider)
  const found = await provider.find({ orderId }, withinDeadline(provider))
  if (found.outcome === 'unknown') {
    const { cause, detail } = found
    deps.log.warn({ orderId, provider: provider.name, cause, detail }, 'the provider did not say how a payment stands')
    return refuse('payments/provider-silent', `${provider.name} does not answer now (${cause}). Ask again later.`)
  }
  await settle(deps, orderId)
  const said = new Map(found.payments.map(({ attemptKey, raw }) => [attemptKey, cardFree(raw)]))
  return ok(await allOf(deps, orderId, said))
}

/** @param said what the provider just answered, by attempt; else its last answer that was news */
async function allOf(deps: Deps, orderId: string, said: ReadonlyMap<string, unknown> = new Map()) {
  const [payments, uses, operations] = await Promise.all([
    store.readAttempts(deps.db, orderId),
    usesOf(deps.db, [orderId]),
    operationsStore.readOperations(deps.db, orderId),
  ])
  return {
    payments: payments.map((row) => ({ ...toAttempt(row), raw: said.get(row.attempt_key) ?? row.raw })),
    giftCards: toPayment(null, uses)?.giftCards ?? [],
    operations: [
      ...payments.map((payment) => ({
        id: payment.id,
        paymentId: payment.id,
        kind: 'authorize',
        status: payment.status,
        amount: money(payment.amount, payment.currency),
        giftCards: money(0, payment.currency),
        at: payment.created_at,
        by: 'shopper',
        reason: null,
        providerRefundId: null,
        error: payment.failure === null ? null : failureSentence(payment.failure),
      })),
      ...operations.map((one) => ({
        id: one.id,
        paymentId: one.payment_id,
        kind: one.kind,
        status: one.status,
        amount: money(one.amount, one.currency),
        giftCards: money(one.gift_cards, one.currency),
        at: one.created_at,
        by: one.by,
        reason: one.reason,
        providerRefundId: one.provider_refund_id,
        error: one.error,
      })),
    ],
  }
}

/** Orders whose money will not be there for long: it has to be taken, or the goods cannot leave. */
export async function lapsing(deps: Deps, { cursor, limit }: Input<Ops['lapsing']>): Promise<Outcome<Ops['lapsing']>> {
  const after = cursor === undefined ? null : readPlace(cursor)
  if (cursor !== undefined && after === null)
    throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this list' }])
  const rows = await store.pageOfLapsing(deps.db, { withinHours: lapseWarningHours, after, limit: limit + 1 })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return ok({
    items: page.map((row) => ({ orderId: row.order_id, authorizedUntil: row.authorized_until })),
    nextCursor: rows.length > limit && last ? toCursor([last.at, last.id]) : null,
  })
}

function readPlace(cursor: string): [string, string] | null {
  const [at, id] = fromCursor(cursor, 2) ?? []
  return typeof at === 'string' && typeof id === 'string' && !Number.isNaN(Date.parse(at)) ? [at, id] : null
}
