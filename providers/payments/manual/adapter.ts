import type { Database } from '#kernel/database'
import { fromCursor, toCursor } from '#kernel/fields'
import { newId } from '#kernel/id'
import { type Money, money } from '#kernel/money'
import type {
  AuthorizeRequest,
  AuthorizeResult,
  CaptureResult,
  ListRequest,
  ListResult,
  MoneyRequest,
  PaymentProvider,
  ProviderPayment,
  ReceiveRequest,
  ReceiveResult,
  RefundResult,
  Refused,
  VoidRequest,
  VoidResult,
} from '../port.ts'
import * as store from './store.ts'

export type ManualOptions = {
  /** Where its tables are: the schema of the payments service, whose migrations make them. */
  readonly db: Database
  /** What the shopper is told to do. */
  readonly instructions: string
  /** How many days the money is waited for. */
  readonly days: number
}

/** It is written down in the shop's own database, so nothing is forgotten there and nothing comes late. */
const keysRememberedMs = Number.MAX_SAFE_INTEGER
const pageSize = 100

/**
 * The `manual` provider: an invoice or a bank transfer, where the shop's own people are the provider. They note what they saw
 * arrive and what they sent back; all else follows from that as from any provider's word.
 */
export function manualProvider(options: ManualOptions): PaymentProvider {
  const { db } = options
  return {
    name: 'manual',
    capabilities: { capture: 'single', hostedPage: false, keysRememberedMs, findLagMs: 0 },
    checkout: () => ({ kind: 'none' }),
    authorize: (request) => authorize(options, request),
    async abandon({ orderId, attemptKey }) {
      const row = await store.giveUp(db, { id: newId('transfer'), orderId, attemptKey })
      return row?.status === 'received'
        ? refused('captured', `The money for ${attemptKey} is there.`)
        : { outcome: 'abandoned' }
    },
    find: async ({ orderId }) => ({
      outcome: 'found',
      payments: (await store.readOfOrder(db, orderId)).map(toPayment),
    }),
    async retrieve({ providerPaymentId }) {
      const row = await store.readById(db, providerPaymentId)
      return row?.amount ? { outcome: 'found', payment: toPayment(row) } : { outcome: 'missing' }
    },
    capture: (request) => capture(db, request),
    void: (request) => cancel(db, request),
    refund: (request) => refund(db, request),
    receive: (request) => receive(db, request),
    // Nobody calls a shop about its own bank account.
    webhook: async () => ({ outcome: 'refused', reason: 'bad-signature' }),
    list: (request) => list(db, request),
  }
}

async function authorize(
  { db, days, instructions }: ManualOptions,
  { orderId, attemptKey, amount }: AuthorizeRequest,
): Promise<AuthorizeResult> {
  const attempt = { id: newId('transfer'), orderId, attemptKey, ...amount, days, instructions }
  const row = await store.insertAwaited(db, attempt)
  if (!row) throw new Error(`manual: ${attemptKey} was written and is gone`)
  if (row.amount === null) return refused('attempt-abandoned', `${attemptKey} was given up before.`)
  const isSame = row.order_id === orderId && row.amount === amount.amount && row.currency === amount.currency
  if (!isSame) return refused('key-reused', `${attemptKey} is about ${row.amount} ${row.currency} of ${row.order_id}.`)
  const payment = toPayment(row)
  if (row.status === 'received') return { outcome: 'captured', payment }
  return row.status === 'awaited'
    ? { outcome: 'processing', payment }
    : { outcome: 'declined', reason: 'card-declined', payment }
}

/** All of it was taken when it came; before that there is nothing to take. */
async function capture(db: Database, request: MoneyRequest): Promise<CaptureResult> {
  const known = await knownFor(db, request)
  if ('outcome' in known) return known
  return refused('wrong-state', `${request.providerPaymentId} is ${known.status}.`)
}

async function cancel(db: Database, { providerPaymentId }: VoidRequest): Promise<VoidResult> {
  const row = await store.giveUpById(db, providerPaymentId)
  if (!row?.amount) return refused('not-found', `There is no ${providerPaymentId}.`)
  if (row.status === 'received') return refused('captured', `The money for ${row.attempt_key} is there.`)
  return { outcome: 'voided', payment: toPayment(row) }
}

async function receive(db: Database, { providerPaymentId, amount }: ReceiveRequest): Promise<ReceiveResult> {
  const row = await store.markReceived(db, { id: providerPaymentId, ...amount })
  if (!row?.amount) return refused('not-found', `There is no ${providerPaymentId}.`)
  if (row.currency !== amount.currency) return refused('currency-mismatch', `${row.id} is in ${row.currency}.`)
  if (row.amount !== amount.amount) return refused('amount-mismatch', `${row.id} is about ${row.amount}.`)
  return row.status === 'received'
    ? { outcome: 'received', payment: toPayment(row) }
    : refused('wrong-state', `${row.id} was given up.`)
}

/** Notes that staff sent money back. */
async function refund(db: Database, request: MoneyRequest): Promise<RefundResult> {
  const { providerPaymentId, amount, key } = request
  const known = await knownFor(db, request)
  if ('outcome' in known) return known
  if (known.status !== 'received') return refused('wrong-state', `${providerPaymentId} is ${known.status}.`)
  await store.insertRefund(db, { id: newId('sent'), key, paymentId: providerPaymentId, amount: amount.amount })
  const now = (await store.readById(db, providerPaymentId)) ?? known
  const noted = now.refunds.find((one) => one.key === key)
  if (!noted) return refused('exceeds-captured', `Less than ${amount.amount} is left of ${providerPaymentId}.`)
  if (noted.amount !== amount.amount) return refused('key-reused', `${key} is about ${noted.amount}.`)
  return { outcome: 'refunded', refundId: noted.id, status: 'succeeded', payment: toPayment(now) }
}

async function knownFor(db: Database, { providerPaymentId, amount }: MoneyRequest) {
  const row = await store.readById(db, providerPaymentId)
  if (!row?.amount) return refused('not-found', `There is no ${providerPaymentId}.`)
  if (row.currency !== amount.currency) return refused('currency-mismatch', `${row.id} is in ${row.currency}.`)
  return row
}

async function list(db: Database, { since, cursor }: ListRequest): Promise<ListResult> {
  const after = cursor === undefined ? null : (fromCursor(cursor, 2) as [string, string] | null)
  const rows = await store.readSince(db, { since, after, limit: pageSize + 1 })
  const shown = rows.slice(0, pageSize)
  const last = shown.at(-1)
  return {
    outcome: 'listed',
    items: shown.map(toPayment),
    nextCursor: rows.length > pageSize && last ? toCursor([last.created_at, last.id]) : null,
  }
}

const statuses = { awaited: 'processing', received: 'captured', given_up: 'voided' } as const

function toPayment(row: store.ManualRow): ProviderPayment {
  const inCurrency = (amount: number): Money => money(amount, row.currency ?? '')
  const taken = row.status === 'received' ? (row.amount ?? 0) : 0
  return {
    providerPaymentId: row.id,
    orderId: row.order_id,
    attemptKey: row.attempt_key,
    status: statuses[row.status],
    amount: inCurrency(row.amount ?? 0),
    authorized: inCurrency(taken),
    captured: inCurrency(taken),
    refunded: inCurrency(row.refunds.reduce((sum, { amount }) => sum + amount, 0)),
    refunds: row.refunds.map(({ id, key, amount }) => ({
      refundId: id,
      key,
      amount: inCurrency(amount),
      status: 'succeeded',
    })),
    ...(row.payable_until ? { payableUntil: row.payable_until } : {}),
    ...(row.instructions ? { instructions: row.instructions } : {}),
    createdAt: row.created_at,
    raw: { id: row.id, status: row.status },
  }
}

const refused = <Reason extends string>(reason: Reason, detail: string): Refused<Reason> => ({
  outcome: 'refused',
  reason,
  detail,
})
