import type {
  Call,
  FindRequest,
  FindResult,
  ListRequest,
  ListResult,
  ProviderPayment,
  RetrieveRequest,
  RetrieveResult,
  Unknown,
} from '../port.ts'
import { type Client, detailOf, isUnknown, notYet, unreadable } from './client.ts'
import {
  canceledBecause,
  expansions,
  type Intent,
  intentIn,
  isOpenDecline,
  metadataKeys,
  pageSize,
  toPayment,
  within,
} from './intent.ts'

export async function read(client: Client, id: string, call?: Call): Promise<Intent | Unknown | null> {
  const reply = await client.send((stripe) => stripe.paymentIntents.retrieve(id, { expand: [...expansions] }), call)
  if (isUnknown(reply)) return reply
  if (reply.outcome === 'stated')
    return reply.error.code === 'resource_missing' ? null : unreadable(detailOf(reply.error))
  const intent = intentIn(reply.value)
  return isUnknown(intent) ? intent : withAllRefunds(client, intent, call)
}

/** A charge tells its last ten refunds; the others have to be asked for. */
async function withAllRefunds(client: Client, intent: Intent, call?: Call): Promise<Intent | Unknown> {
  if (!intent.latest_charge?.refunds?.has_more) return intent
  const reply = await client.send((stripe) => stripe.refunds.list({ payment_intent: intent.id, limit: pageSize }), call)
  if (isUnknown(reply)) return reply
  if (reply.outcome === 'stated') return unreadable(detailOf(reply.error))
  const { data, has_more } = reply.value
  if (has_more) return unreadable(`${intent.id} has more than ${pageSize} refunds.`)
  return intentIn({ ...intent, latest_charge: { ...intent.latest_charge, refunds: { data, has_more } } })
}

export async function readClosed(client: Client, id: string, call?: Call): Promise<ProviderPayment | Unknown | null> {
  const intent = await read(client, id, call)
  return intent === null || isUnknown(intent) ? intent : closed(client, intent, call)
}

export async function retrieve(client: Client, request: RetrieveRequest, call?: Call): Promise<RetrieveResult> {
  const payment = await readClosed(client, request.providerPaymentId, call)
  if (payment === null) return { outcome: 'missing' }
  return isUnknown(payment) ? payment : { outcome: 'found', payment }
}

export async function find(client: Client, { orderId }: FindRequest, call?: Call): Promise<FindResult> {
  const known = await search(client, orderId, call)
  if (isUnknown(known)) return known
  const payments: ProviderPayment[] = []
  for (const intent of known) {
    if (intent.metadata[metadataKeys.abandoned] !== undefined) continue
    // What the search says may be a minute old.
    const payment = await readClosed(client, intent.id, call)
    if (payment !== null && isUnknown(payment)) return payment
    if (payment) payments.push(payment)
  }
  return { outcome: 'found', payments }
}

/** All that was made for an order, oldest first; an order has a few attempts at most. */
export async function search(client: Client, orderId: string, call?: Call): Promise<readonly Intent[] | Unknown> {
  const quoted = orderId.replace(/[\\"']/g, '\\$&')
  const query = `metadata['${metadataKeys.order}']:'${quoted}'`
  const reply = await client.send(
    (stripe) => stripe.paymentIntents.search({ query, limit: pageSize, expand: within('data') }),
    call,
  )
  if (isUnknown(reply)) return reply
  if (reply.outcome === 'stated') return unreadable(detailOf(reply.error))
  return intentsIn(reply.value.data)
}

function intentsIn(page: readonly unknown[]): Intent[] | Unknown {
  const intents: Intent[] = []
  for (const one of page) {
    const intent = intentIn(one)
    if (isUnknown(intent)) return intent
    intents.push(intent)
  }
  return intents.sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))
}

/** Seconds of payments asked for at first. Where they do not fit onto a page, an eighth of it, down to a second; after none, eight times. */
const firstWindow = 86_400
/** More payments in one second are not from this shop. */
const pagesASecond = 10

/**
 * Stripe lists the newest first, so the time is walked in windows that fit onto a page. The cursor is the second where the next one
 * begins.
 */
export async function list(client: Client, { since, cursor }: ListRequest, call?: Call): Promise<ListResult> {
  let from = cursor === undefined ? Math.floor(Date.parse(since) / 1_000) : Number(cursor)
  const now = Math.floor(Date.now() / 1_000)
  for (let width = firstWindow; ; ) {
    const until = Math.min(from + width, now + 1)
    const page = await listWindow(client, from, until, until - from <= 1 ? pagesASecond : 1, call)
    if (isUnknown(page)) return page
    if (page === 'more') {
      width = Math.max(1, Math.floor(width / 8))
      continue
    }
    // Years before the shop began are passed over in some steps.
    if (page.length === 0 && until <= now) {
      from = until
      width *= 8
      continue
    }
    const payments: ProviderPayment[] = []
    for (const intent of page) {
      // The account may sell in other ways, too.
      if (intent.metadata[metadataKeys.attempt] === undefined) continue
      const payment = toPayment(intent)
      if (isUnknown(payment)) return payment
      payments.push(payment)
    }
    return { outcome: 'listed', items: payments, nextCursor: until > now ? null : String(until) }
  }
}

/** What was made from one second to another, oldest first, or that it does not fit. */
async function listWindow(client: Client, from: number, until: number, pages: number, call?: Call) {
  const found: unknown[] = []
  let after: string | undefined
  for (let page = 1; page <= pages; page++) {
    const reply = await client.send(
      (stripe) =>
        stripe.paymentIntents.list({
          created: { gte: from, lt: until },
          limit: pageSize,
          expand: within('data'),
          ...(after === undefined ? {} : { starting_after: after }),
        }),
      call,
    )
    if (isUnknown(reply)) return reply
    if (reply.outcome === 'stated') return unreadable(detailOf(reply.error))
    found.push(...reply.value.data)
    if (!reply.value.has_more) return intentsIn(found)
    after = reply.value.data.at(-1)?.id
  }
  return pages === 1 ? ('more' as const) : unreadable(`More than ${pages * pageSize} payments in the second ${from}.`)
}

// --- for good --------------------------------------------------------------------------------------------------------

/**
 * Cancels an intent, if Stripe lets it be canceled. Without a key: to cancel twice is to cancel once, and a key would answer for a day
 * as it did at first, also when the bank was still at work then.
 * @returns the payment as it is then, or null when Stripe does not know it
 */
export async function cancelIntent(
  client: Client,
  id: string,
  why: keyof typeof canceledBecause,
  call?: Call,
): Promise<ProviderPayment | Unknown | null> {
  const reply = await client.send(
    (stripe) =>
      stripe.paymentIntents.cancel(id, { cancellation_reason: canceledBecause[why], expand: [...expansions] }),
    call,
  )
  if (isUnknown(reply)) return reply
  if (reply.outcome === 'answer') {
    const intent = intentIn(reply.value)
    return isUnknown(intent) ? intent : toPayment(intent)
  }
  // Over already, or on its way: its state says which.
  const intent = await read(client, id, call)
  if (intent === null || isUnknown(intent)) return intent
  return isOpenDecline(intent) ? unreadable(`Stripe did not cancel ${id}: ${detailOf(reply.error)}`) : toPayment(intent)
}

/** The same, until it is over: canceled, or the money was taken. While a bank is at work nobody can tell. */
export async function end(
  client: Client,
  id: string,
  why: keyof typeof canceledBecause,
  call?: Call,
): Promise<ProviderPayment | Unknown> {
  const payment = await cancelIntent(client, id, why, call)
  if (payment === null) return unreadable(`Stripe has lost ${id}.`)
  if (isUnknown(payment)) return payment
  const isOver = ['captured', 'declined', 'voided', 'expired'].includes(payment.status)
  return isOver ? payment : notYet(`${id} is ${payment.status} and cannot be canceled now.`)
}

/**
 * A payment as the port tells it, for good. A declined PaymentIntent waits for another card, which whoever holds its client secret
 * could give to it; the port's `declined` is final, so it is ended first.
 */
export async function closed(client: Client, intent: Intent, call?: Call): Promise<ProviderPayment | Unknown> {
  const payment = toPayment(intent)
  if (!isOpenDecline(intent) || isUnknown(payment)) return payment
  const ended = await end(client, intent.id, 'declined', call)
  if (isUnknown(ended)) return ended
  // Why it was declined was clearer before.
  return ended.status === 'declined' ? payment : ended
}
