import { newCapability, newId } from '#kernel/id'
import type { DeclineReason } from '../port.ts'
import type { Behavior, Card } from './cards.ts'

/** A payment as it is stored. Amounts in minor units of `currency`. */
export type Payment = {
  readonly id: string
  readonly orderId: string
  readonly attemptKey: string
  readonly status: Status
  readonly currency: string
  readonly amount: number
  readonly authorized: number
  readonly captured: number
  readonly refunded: number
  readonly captureNow: boolean
  readonly returnUrl: string | null
  readonly pageSecret: string
  readonly hosted: boolean
  readonly cardTries: number
  readonly behavior: Behavior | null
  readonly brand: string | null
  readonly last4: string | null
  readonly declineReason: DeclineReason | null
  readonly cardToken: string | null
  readonly authorizedUntil: Date | null
  readonly movesAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type Refund = {
  readonly id: string
  readonly paymentId: string
  readonly key: string
  readonly amount: number
  readonly createdAt: Date
}

export type Status = keyof typeof moves

/** Every legal move. A declined shopper on our own page goes back to `requires_card`. */
export const moves = {
  requires_card: ['requires_challenge', 'processing', 'authorized', 'captured', 'declined', 'voided', 'expired'],
  requires_challenge: ['requires_card', 'authorized', 'captured', 'declined', 'voided', 'expired'],
  processing: ['authorized', 'captured', 'voided'],
  authorized: ['captured', 'voided', 'expired'],
  captured: [],
  declined: [],
  voided: [],
  expired: [],
} as const satisfies Record<string, readonly string[]>

/** A card authorization is good for seven days, as with most issuers. */
const authorizationMs = 7 * 24 * 3600_000
/** A shopper has an hour on our pages; after that the payment is over. */
const shopperMs = 3600_000
/** How long the bank of the processing card takes. */
const processingMs = 5_000
/** Cards that one shopper may try on our page before the payment is declined for good. */
const maxCardTries = 5

export type Order = {
  readonly orderId: string
  readonly attemptKey: string
  readonly amount: { readonly amount: number; readonly currency: string }
  readonly captureNow: boolean
  readonly returnUrl?: string
}

/** What a token stands for. No card: nobody knows the token. */
export type Instrument = { readonly behavior: Behavior; readonly card: Card | null; readonly cardToken: string | null }

/** A new payment: already decided when a token came with it, else waiting on our page for a card. */
export function newPayment(order: Order, instrument: Instrument | null, now: Date): Payment {
  const blank: Payment = {
    id: newId('pay'),
    orderId: order.orderId,
    attemptKey: order.attemptKey,
    status: 'requires_card',
    currency: order.amount.currency,
    amount: order.amount.amount,
    authorized: 0,
    captured: 0,
    refunded: 0,
    captureNow: order.captureNow,
    returnUrl: order.returnUrl ?? null,
    pageSecret: newCapability('page'),
    hosted: instrument === null,
    cardTries: 0,
    behavior: null,
    brand: null,
    last4: null,
    declineReason: null,
    cardToken: instrument?.cardToken ?? null,
    authorizedUntil: null,
    movesAt: later(now, shopperMs),
    createdAt: now,
    updatedAt: now,
  }
  return instrument ? withCard(blank, instrument.behavior, instrument.card, now) : blank
}

/** The shopper's card meets its issuer. */
export function withCard(payment: Payment, behavior: Behavior, card: Card | null, now: Date): Payment {
  const asked = {
    ...payment,
    behavior,
    brand: card?.brand ?? null,
    last4: card?.last4 ?? null,
    cardTries: payment.cardTries + 1,
    declineReason: null,
  }
  switch (behavior) {
    case 'approve':
      return granted(asked, now)
    case 'challenge':
    case 'challenge-then-decline':
      return moved(asked, 'requires_challenge', now, { movesAt: later(now, shopperMs) })
    case 'processing':
      return moved(asked, 'processing', now, { movesAt: later(now, processingMs) })
    default:
      return refusedByIssuer(asked, behavior, now)
  }
}

/** The shopper's answer to the 3-D Secure challenge. */
export function challenged(payment: Payment, approved: boolean, now: Date): Payment {
  if (!approved) return refusedByIssuer(payment, 'authentication-failed', now)
  return payment.behavior === 'challenge-then-decline'
    ? refusedByIssuer(payment, 'card-declined', now)
    : granted(payment, now)
}

export function voided(payment: Payment, now: Date): Payment {
  return moved(payment, 'voided', now, { movesAt: null })
}

export function captured(payment: Payment, amount: number, now: Date): Payment {
  return moved(payment, 'captured', now, { captured: amount, movesAt: null })
}

export function refunded(payment: Payment, amount: number, now: Date): Payment {
  return { ...payment, refunded: payment.refunded + amount, updatedAt: now }
}

/** What time does to a payment whose `movesAt` has come. */
export function movedByTime(payment: Payment, now: Date): Payment {
  return payment.status === 'processing' ? granted(payment, now) : moved(payment, 'expired', now, { movesAt: null })
}

export const isDue = (payment: Payment, now: Date): boolean => payment.movesAt !== null && payment.movesAt <= now

export const canMove = (payment: Payment, to: Status): boolean =>
  (moves[payment.status] as readonly string[]).includes(to)

function granted(payment: Payment, now: Date): Payment {
  const held = { ...payment, authorized: payment.amount, authorizedUntil: later(now, authorizationMs) }
  return payment.captureNow
    ? captured(held, payment.amount, now)
    : moved(held, 'authorized', now, { movesAt: held.authorizedUntil })
}

function refusedByIssuer(payment: Payment, declineReason: DeclineReason, now: Date): Payment {
  return payment.hosted && payment.cardTries < maxCardTries
    ? moved({ ...payment, declineReason }, 'requires_card', now, { movesAt: later(now, shopperMs) })
    : moved({ ...payment, declineReason }, 'declined', now, { movesAt: null })
}

function moved(payment: Payment, status: Status, now: Date, changes: Partial<Payment>): Payment {
  if (status !== payment.status && !canMove(payment, status)) {
    throw new Error(`sandbox: a payment cannot go from ${payment.status} to ${status}`)
  }
  return { ...payment, ...changes, status, updatedAt: now }
}

const later = (now: Date, ms: number): Date => new Date(now.getTime() + ms)

/** The payment as the API tells it. */
export function present(payment: Payment, refunds: readonly Refund[], pagesUrl: string) {
  const money = (amount: number) => ({ amount, currency: payment.currency })
  const waits = payment.status === 'requires_card' || payment.status === 'requires_challenge'
  return {
    id: payment.id,
    orderId: payment.orderId,
    attemptKey: payment.attemptKey,
    status: payment.status,
    amount: money(payment.amount),
    authorized: money(payment.authorized),
    captured: money(payment.captured),
    refunded: money(payment.refunded),
    refunds: refunds.map(({ id, key, amount, createdAt }) => ({
      id,
      key,
      amount: money(amount),
      createdAt: createdAt.toISOString(),
    })),
    captureNow: payment.captureNow,
    ...(payment.brand && payment.last4 ? { card: { brand: payment.brand, last4: payment.last4 } } : {}),
    ...(payment.declineReason ? { declineReason: payment.declineReason } : {}),
    ...(payment.status === 'authorized' && payment.authorizedUntil
      ? { authorizedUntil: payment.authorizedUntil.toISOString() }
      : {}),
    ...(waits ? { redirectUrl: pageUrl(payment, pagesUrl) } : {}),
    createdAt: payment.createdAt.toISOString(),
    updatedAt: payment.updatedAt.toISOString(),
  }
}

export type PresentedPayment = ReturnType<typeof present>

/** Where the shopper goes on: the card form or the challenge. */
export function pageUrl(payment: Payment, pagesUrl: string): string {
  const page = payment.status === 'requires_challenge' ? 'challenge' : 'pay'
  return `${pagesUrl}/${page}/${payment.id}/${payment.pageSecret}`
}
