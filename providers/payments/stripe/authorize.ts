import type Stripe from 'stripe'
import type {
  AbandonRequest,
  AbandonResult,
  AuthorizeRequest,
  AuthorizeResult,
  Call,
  ProviderPayment,
} from '../port.ts'
import { toStripe } from './amount.ts'
import { type Client, detailOf, isUnknown, notYet, refused, unreadable } from './client.ts'
import { declineReasonOf, expansions, type Intent, intentIn, metadataKeys } from './intent.ts'
import { closed, end, readClosed, search } from './read.ts'

/** Asks for the money of an attempt by one request, which makes the PaymentIntent and confirms it with the token of the card fields. */
export async function authorize(client: Client, request: AuthorizeRequest, call?: Call): Promise<AuthorizeResult> {
  const { attemptKey, orderId, amount, token, captureNow, returnUrl } = request
  const counted = toStripe(amount)
  if (typeof counted !== 'number') return refused('invalid-request', counted.refused)
  if (token === undefined) return refused('invalid-request', 'Stripe wants a confirmation token.')
  const reply = await client.send(
    (stripe) =>
      stripe.paymentIntents.create(
        {
          amount: counted,
          currency: amount.currency.toLowerCase(),
          // Cards, and the wallets that carry one: their money is promised or refused at once.
          allowed_payment_method_types: ['card'],
          capture_method: captureNow ? 'automatic' : 'manual',
          confirmation_token: token,
          confirm: true,
          metadata: { [metadataKeys.order]: orderId, [metadataKeys.attempt]: attemptKey },
          ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
          expand: [...expansions],
        },
        { idempotencyKey: attemptKey },
      ),
    call,
  )
  if (isUnknown(reply)) return reply
  if (reply.outcome === 'stated') return notAuthorized(client, request, reply.error, call)
  const intent = intentIn(reply.value)
  if (isUnknown(intent)) return intent
  const payment = await closed(client, intent, call)
  return isUnknown(payment) ? payment : outcomeOf(payment, intent)
}

function outcomeOf(payment: ProviderPayment, { client_secret }: Intent): AuthorizeResult {
  switch (payment.status) {
    case 'authorized':
    case 'captured':
    case 'processing':
      return { outcome: payment.status, payment }
    case 'requires_action':
      return client_secret === null
        ? unreadable('The shopper has to act, and there is no client secret.')
        : { outcome: 'requires_action', payment, action: { clientSecret: client_secret } }
    default:
      return { outcome: 'declined', reason: payment.declineReason ?? 'card-declined', payment }
  }
}

async function notAuthorized(
  client: Client,
  { orderId, attemptKey }: AuthorizeRequest,
  error: Stripe.errors.StripeError,
  call?: Call,
): Promise<AuthorizeResult> {
  if (error.type === 'StripeIdempotencyError') {
    const known = await search(client, orderId, call)
    if (isUnknown(known)) return known
    const isGivenUp = known.some(({ metadata }) => metadata[metadataKeys.abandoned] === attemptKey)
    return refused(isGivenUp ? 'attempt-abandoned' : 'key-reused', detailOf(error))
  }
  const made = error.payment_intent?.id
  if (error.type === 'StripeCardError') {
    const reason = declineReasonOf(error)
    if (made === undefined) return { outcome: 'declined', reason }
    const payment = await readClosed(client, made, call)
    if (isUnknown(payment)) return payment
    // The same key is answered as it was at first, also when the payment went on since.
    return payment?.status === 'declined' || payment === null
      ? { outcome: 'declined', reason, ...(payment ? { payment: { ...payment, declineReason: reason } } : {}) }
      : unreadable(`Stripe declined ${made}, which is ${payment.status}.`)
  }
  // Nobody may confirm later what this request has left behind.
  if (made !== undefined) {
    const ended = await end(client, made, 'declined', call)
    if (isUnknown(ended)) return ended
  }
  return error.param?.startsWith('confirmation_token')
    ? { outcome: 'declined', reason: 'token-invalid' }
    : refused('invalid-request', detailOf(error))
}

/**
 * Makes sure that the key of an attempt is used up: Stripe refuses the same key with another request, so whatever comes under it
 * later takes no money. When the key was used already, what it made is ended instead.
 */
export async function abandon(
  client: Client,
  { orderId, attemptKey }: AbandonRequest,
  call?: Call,
): Promise<AbandonResult> {
  const occupied = await client.send(
    (stripe) =>
      stripe.paymentIntents.create(
        {
          // Never confirmed and canceled at once: the least that Stripe takes, so that nobody takes it for a sale.
          amount: 100,
          currency: 'eur',
          allowed_payment_method_types: ['card'],
          description: 'An attempt that was given up before Stripe had heard of it.',
          metadata: { [metadataKeys.order]: orderId, [metadataKeys.abandoned]: attemptKey },
          expand: [...expansions],
        },
        { idempotencyKey: attemptKey },
      ),
    call,
  )
  if (isUnknown(occupied)) return occupied
  if (occupied.outcome === 'answer') {
    const ended = await end(client, occupied.value.id, 'voided', call)
    return isUnknown(ended) ? ended : { outcome: 'abandoned' }
  }
  if (occupied.error.type !== 'StripeIdempotencyError') return refused('invalid-request', detailOf(occupied.error))
  const known = await search(client, orderId, call)
  if (isUnknown(known)) return known
  const intent = known.find(({ metadata }) => metadata[metadataKeys.attempt] === attemptKey)
  if (!intent) return notYet('Stripe knows the key, and its search does not find the payment yet.')
  const ended = await end(client, intent.id, 'voided', call)
  if (isUnknown(ended)) return ended
  return ended.status === 'captured' ? refused('captured', `${intent.id} was captured.`) : { outcome: 'abandoned' }
}
