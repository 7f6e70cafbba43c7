import { createHash } from 'node:crypto'
import { newId } from '#kernel/id'
import type { Money } from '#kernel/money'
import { problem as kernelProblem } from '#kernel/problem'
import { type Behavior, type Card, type FixedToken, findFixedToken } from './cards.ts'
import {
  canMove,
  captured,
  challenged,
  type Instrument,
  isDue,
  movedByTime,
  newPayment,
  type Order,
  type Payment,
  present,
  type Refund,
  refunded,
  voided,
  withCard,
} from './payment.ts'
import * as store from './store.ts'

export type Deps = {
  readonly pool: store.Pool
  /** What payments that are made at the same moment share a statement for. */
  readonly lookUp: (wanted: store.Wanted) => Promise<store.Known>
  readonly insertPayment: (payment: store.NewPayment) => Promise<boolean>
  /** Where a shopper's browser reaches our pages, without a slash at the end. */
  readonly pagesUrl: () => string
  /** How events are to be sent just now. */
  readonly sending: () => store.Sending
  /** Says that something may have come due. */
  readonly wake: () => void
}

/** What goes back over HTTP. `trouble`: the answer gets lost, or is late. */
export type Answer = {
  readonly status: number
  readonly body: string
  readonly trouble?: FixedToken['trouble']
}

export type Keyed = { readonly key: string; readonly fingerprint: string }

/** The key with a digest of what it stands for, so that a key on another request is noticed. */
export function keyed(key: string, operation: string, input: unknown): Keyed {
  return {
    key,
    fingerprint: createHash('sha256')
      .update(JSON.stringify([operation, input]))
      .digest('base64url'),
  }
}

/** A problem after RFC 9457, as everything that is refused here. */
export const problem = (status: number, name: string, detail: string, extensions = {}): Answer => ({
  status,
  body: JSON.stringify(kernelProblem(name, status, detail, extensions)),
})

const noPayment = problem(404, 'not-found', 'There is no such payment.')

/** A key may be taken between our look and our write, so we look again; twice is enough, as the key is then there to read. */
const maxLooks = 3

/** Makes a payment: authorizes, and captures where asked, what a token stands for; without a token it waits for a card. */
export async function createPayment(deps: Deps, request: Keyed, order: Order, token?: string): Promise<Answer> {
  const fixed = token === undefined ? undefined : findFixedToken(token)
  for (let look = 1; look <= maxLooks; look++) {
    const cardToken = token === undefined || fixed ? null : token
    const known = await deps.lookUp({ key: request.key, cardToken })
    if (known.remembered && known.remembered.status !== null) return replay(request, known.remembered)
    if (fixed?.trouble === 'lost-request' && (await store.loseRequest(deps.pool, request))) {
      return { status: 504, body: '', trouble: 'lost-request' }
    }

    const payment = newPayment(order, instrumentOf(token, known.token), known.now)
    const body = JSON.stringify(present(payment, [], deps.pagesUrl()))
    const inserting = deps.insertPayment({
      payment,
      request: { ...request, status: 201, body },
      event: eventOf(payment, [], known.now),
      sending: deps.sending(),
    })
    // Whoever paid with the card token first is found by the next look.
    const inserted = await inserting.catch((error) => {
      if (!store.isTokenSpent(error)) throw error
      return false
    })
    if (inserted) {
      deps.wake()
      return { status: 201, body, ...(fixed && fixed.trouble !== 'lost-request' ? { trouble: fixed.trouble } : {}) }
    }
  }
  return problem(503, 'unavailable', 'Another request with this key is under way.')
}

function instrumentOf(token: string | undefined, found: store.CardToken | null): Instrument | null {
  if (token === undefined) return null
  const fixed = findFixedToken(token)
  if (fixed) return { behavior: fixed.behavior, card: fixed.card, cardToken: null }
  if (!found || found.spent || found.expired) return { behavior: 'token-invalid', card: null, cardToken: null }
  return { behavior: found.behavior, card: { brand: found.brand, last4: found.last4 }, cardToken: token }
}

/** Takes what was authorized or a part of it; the rest is released. */
export function capturePayment(deps: Deps, request: Keyed, id: string, amount: Money): Promise<Answer> {
  return change(deps, request, id, (payment, now) => {
    if (payment.status === 'expired' && payment.authorized > 0) {
      return problem(409, 'authorization-lapsed', 'The authorization has lapsed.')
    }
    if (payment.status !== 'authorized') return wrongState(payment, 'captured')
    if (amount.currency !== payment.currency) return wrongCurrency(payment)
    if (amount.amount > payment.authorized) {
      return problem(409, 'exceeds-authorized', `No more than ${payment.authorized} was authorized.`)
    }
    return { payment: captured(payment, amount.amount, now) }
  })
}

/** Releases what is held, or ends a payment that waits. Voiding twice is fine. */
export function voidPayment(deps: Deps, request: Keyed, id: string): Promise<Answer> {
  return change(deps, request, id, (payment, now) => {
    if (payment.status === 'voided') return { payment }
    if (payment.status === 'captured') return problem(409, 'captured', 'The payment was captured: refund it.')
    return canMove(payment, 'voided') ? { payment: voided(payment, now) } : wrongState(payment, 'voided')
  })
}

/** Gives back a part or all of what was captured. */
export function refundPayment(deps: Deps, request: Keyed, id: string, amount: Money): Promise<Answer> {
  return change(deps, request, id, (payment, now) => {
    if (payment.status !== 'captured') return wrongState(payment, 'refunded')
    if (amount.currency !== payment.currency) return wrongCurrency(payment)
    const left = payment.captured - payment.refunded
    if (amount.amount > left) return problem(409, 'exceeds-captured', `No more than ${left} is left to refund.`)
    const refund = { id: newId('re'), paymentId: id, key: request.key, amount: amount.amount, createdAt: now }
    return { payment: refunded(payment, amount.amount, now), refund }
  })
}

/** Ends whatever an attempt began, and refuses the attempt if it comes later. */
export async function abandonAttempt(deps: Deps, { orderId, key }: { orderId: string; key: string }): Promise<Answer> {
  const answer = await store.inTransaction(deps.pool, async (tx) => {
    const tombstone = problem(409, 'attempt-abandoned', 'This attempt was abandoned before it arrived.')
    // Waits for a request with this key that is just being done; what it made is then found below.
    await store.remember(tx, { key, fingerprint: abandonedFingerprint, ...tombstone })
    for (const id of await store.attemptIds(tx, { orderId, key })) {
      const locked = await store.lockPayment(tx, id)
      if (locked?.payment.status === 'captured') return problem(409, 'captured', 'The payment was captured: refund it.')
      if (locked && canMove(locked.payment, 'voided'))
        await save(deps, tx, { ...locked, payment: voided(locked.payment, locked.now) })
    }
    return { status: 200, body: JSON.stringify({ abandoned: true }) }
  })
  deps.wake()
  return answer
}

/** Stands for every request: whatever comes under an abandoned key is told so. */
const abandonedFingerprint = '*'

/** The shopper typed a card on our page. @returns null when the payment no longer waits for one */
export function giveCard(deps: Deps, id: string, behavior: Behavior, card: Card): Promise<Payment | null> {
  return advance(deps, id, (payment, now) =>
    payment.status === 'requires_card' ? withCard(payment, behavior, card, now) : null,
  )
}

/** The shopper answered the challenge. @returns null when the payment no longer waits for that */
export function answerChallenge(deps: Deps, id: string, approved: boolean): Promise<Payment | null> {
  return advance(deps, id, (payment, now) =>
    payment.status === 'requires_challenge' ? challenged(payment, approved, now) : null,
  )
}

/** The shopper gave up on our card page. @returns null when the payment no longer waits */
export function cancelByShopper(deps: Deps, id: string): Promise<Payment | null> {
  return advance(deps, id, (payment, now) => (payment.status === 'requires_card' ? voided(payment, now) : null))
}

/** Lets time do its work on a payment. @returns null when it was not due */
export function letTimePass(deps: Deps, id: string): Promise<Payment | null> {
  return advance(deps, id, () => null)
}

/** Takes a step with a payment, unless time took one before. @returns null when neither did */
async function advance(
  deps: Deps,
  id: string,
  step: (payment: Payment, now: Date) => Payment | null,
): Promise<Payment | null> {
  const moved = await store.inTransaction(deps.pool, async (tx) => {
    const locked = await store.lockPayment(tx, id)
    if (!locked) return null
    const { payment, now } = locked
    const next = isDue(payment, now) ? movedByTime(payment, now) : step(payment, now)
    if (next) await save(deps, tx, { ...locked, payment: next })
    return next
  })
  if (moved) deps.wake()
  return moved
}

type Decision = Answer | { readonly payment: Payment; readonly refund?: Refund }

class KeyTaken extends Error {}

async function change(
  deps: Deps,
  request: Keyed,
  id: string,
  decide: (payment: Payment, now: Date) => Decision,
): Promise<Answer> {
  for (let look = 1; look <= maxLooks; look++) {
    try {
      const answer = await store.inTransaction(deps.pool, (tx) => changeOnce(deps, tx, request, id, decide))
      deps.wake()
      return answer
    } catch (error) {
      if (!(error instanceof KeyTaken)) throw error
    }
  }
  return problem(503, 'unavailable', 'Another request with this key is under way.')
}

async function changeOnce(
  deps: Deps,
  tx: store.Tx,
  request: Keyed,
  id: string,
  decide: (payment: Payment, now: Date) => Decision,
): Promise<Answer> {
  // The lock comes first: of two requests with one key the second then finds the answer of the first.
  const locked = await store.lockPayment(tx, id)
  const known = await store.remembered(tx, request.key)
  if (known) return replay(request, known)
  if (!locked) return noPayment

  const { now } = locked
  const overdue = isDue(locked.payment, now)
  const before = overdue ? movedByTime(locked.payment, now) : locked.payment
  if (overdue) await save(deps, tx, { ...locked, payment: before })

  const decision = decide(before, now)
  const answer = 'payment' in decision ? await applied(deps, tx, { ...locked, payment: before }, decision) : decision
  if (!(await store.remember(tx, { ...request, ...answer }))) throw new KeyTaken()
  return answer
}

async function applied(
  deps: Deps,
  tx: store.Tx,
  before: store.Locked,
  { payment, refund }: { payment: Payment; refund?: Refund },
): Promise<Answer> {
  const refunds = refund ? [...before.refunds, refund] : before.refunds
  if (refund) await store.insertRefund(tx, refund)
  if (payment !== before.payment) await save(deps, tx, { ...before, payment, refunds }, refund)
  return { status: 200, body: JSON.stringify(present(payment, refunds, deps.pagesUrl())) }
}

async function save(deps: Deps, tx: store.Tx, { payment, refunds, now }: store.Locked, refund?: Refund): Promise<void> {
  await store.updatePayment(tx, payment)
  const event = eventOf(payment, refunds, now, refund)
  if (event) await store.tell(tx, payment.id, event, deps.sending())
}

/** What the shop is told. The body is a hint: which payment to ask about, unless it is known that it stands as is told here. */
function eventOf(payment: Payment, refunds: readonly Refund[], now: Date, refund?: Refund): store.Event | null {
  if (payment.status === 'requires_card') return null
  const name = payment.status === 'requires_challenge' ? 'requires_action' : payment.status
  const type = refund ? 'refund.succeeded' : `payment.${name}`
  const data = {
    paymentId: payment.id,
    orderId: payment.orderId,
    status: payment.status,
    currency: payment.currency,
    amount: payment.amount,
    captured: payment.captured,
    refunded: payment.refunded,
    ...(refund ? { refundId: refund.id } : {}),
    // Without the address of the shopper's page, which would open it.
    payment: { ...present(payment, refunds, ''), redirectUrl: undefined },
  }
  return { id: newId('evt'), type, body: JSON.stringify({ type, timestamp: now.toISOString(), data }) }
}

function replay(request: Keyed, known: store.Remembered): Answer {
  const same = known.fingerprint === request.fingerprint || known.fingerprint === abandonedFingerprint
  return same && known.status !== null && known.body !== null
    ? { status: known.status, body: known.body }
    : problem(409, 'key-reused', 'This Idempotency-Key was used for another request.')
}

const wrongState = (payment: Payment, verb: string): Answer =>
  problem(409, 'wrong-state', `A payment that is ${payment.status} cannot be ${verb}.`)

const wrongCurrency = (payment: Payment): Answer =>
  problem(409, 'currency-mismatch', `The payment is in ${payment.currency}.`)
