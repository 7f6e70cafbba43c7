import type Stripe from 'stripe'
import type {
  Call,
  EventsResult,
  FindRequest,
  FindResult,
  ListRequest,
  ListResult,
  PaymentEvent,
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
import { read as readEvent } from './webhook.ts'

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

export async function list(client: Client, request: ListRequest, call?: Call): Promise<ListResult> {
  const listed = await oldestFirst(
    client,
    request,
    (stripe, page) => stripe.paymentIntents.list({ ...page, expand: within('data') }),
    call,
  )
  if (isUnknown(listed)) return listed
  const intents = intentsIn(listed.found)
  if (isUnknown(intents)) return intents
  const items: ProviderPayment[] = []
  for (const intent of intents) {
    // The account may sell in other ways, too.
    if (intent.metadata[metadataKeys.attempt] === undefined) continue
    const payment = toPayment(intent)
    if (isUnknown(payment)) return payment
    items.push(payment)
  }
  return { outcome: 'listed', items, nextCursor: listed.nextCursor }
}

/** What a payment here may have changed by; the same as the webhook is to send (docs/payments.md). */
const eventTypes = [
  'payment_intent.succeeded',
  'payment_intent.amount_capturable_updated',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'payment_intent.processing',
  'charge.captured',
  'charge.updated',
  'charge.refunded',
  'refund.created',
  'refund.updated',
  'refund.failed',
]

/** Stripe keeps events for 30 days. https://docs.stripe.com/api/events */
export async function events(
  client: Client,
  livemode: boolean,
  request: ListRequest,
  call?: Call,
): Promise<EventsResult> {
  const listed = await oldestFirst(
    client,
    request,
    (stripe, page) => stripe.events.list({ ...page, types: eventTypes }),
    call,
  )
  if (isUnknown(listed)) return listed
  const items: PaymentEvent[] = []
  for (const event of listed.found.reverse()) {
    const told = readEvent(event, livemode)
    if (told.outcome === 'verified') items.push({ ...told, at: new Date(event.created * 1_000).toISOString() })
  }
  return { outcome: 'listed', items, nextCursor: listed.nextCursor }
}

/** Seconds asked for at first. Where they do not fit onto a page, an eighth of it, down to a second; after none, eight times. */
const firstWindow = 86_400
/** More in one second is not from this shop. */
const pagesASecond = 10

type Window = { readonly created: { readonly gte: number; readonly lt: number }; readonly limit: number }
/** A page of one of Stripe's lists. */
type Ask<V> = (
  stripe: Stripe,
  page: Window & { readonly starting_after?: string },
) => Promise<{ readonly data: readonly V[]; readonly has_more: boolean }>

/**
 * Stripe lists the newest first, so the time is walked in windows that fit onto a page. The cursor is the second where the next one
 * begins. @returns what is in the next window that is not empty, newest first
 */
async function oldestFirst<V extends { readonly id: string }>(
  client: Client,
  { since, cursor }: ListRequest,
  ask: Ask<V>,
  call?: Call,
): Promise<{ readonly found: V[]; readonly nextCursor: string | null } | Unknown> {
  let from = cursor === undefined ? Math.floor(Date.parse(since) / 1_000) : Number(cursor)
  const now = Math.floor(Date.now() / 1_000)
  for (let width = firstWindow; ; ) {
    const until = Math.min(from + width, now + 1)
    const found = await listWindow(client, from, until, until - from <= 1 ? pagesASecond : 1, ask, call)
    if (found === 'more') {
      width = Math.max(1, Math.floor(width / 8))
      continue
    }
    if (isUnknown(found)) return found
    // Years before the shop began are passed over in some steps.
    if (found.length === 0 && until <= now) {
      from = until
      width *= 8
      continue
    }
    return { found, nextCursor: until > now ? null : String(until) }
  }
}

/** What was made from one second to another, newest first, or that it does not fit. */
async function listWindow<V extends { readonly id: string }>(
  client: Client,
  from: number,
  until: number,
  pages: number,
  ask: Ask<V>,
  call?: Call,
): Promise<V[] | 'more' | Unknown> {
  const found: V[] = []
  for (let page = 1; page <= pages; page++) {
    const last = found.at(-1)
    const asked = {
      created: { gte: from, lt: until },
      limit: pageSize,
      ...(last === undefined ? {} : { starting_after: last.id }),
    }
    const reply = await client.send((stripe) => ask(stripe, asked), call)
    if (isUnknown(reply)) return reply
    if (reply.outcome === 'stated') return unreadable(detailOf(reply.error))
    found.push(...reply.value.data)
    if (!reply.value.has_more) return found
  }
  return pages === 1 ? 'more' : unreadable(`More than ${pages * pageSize} in the second ${from}.`)
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
