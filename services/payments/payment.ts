import type T from 'typebox'
import type { Attempt, Payment, PaymentStatus } from '#contracts/payments'
import { findCardNumber } from '#kernel/card-number'
import { timeOfJson } from '#kernel/database'
import { money } from '#kernel/money'
import type { DeclineReason } from '../../providers/payments/port.ts'
import type { UseRow } from './gift-cards-store.ts'

export type Status = T.Static<typeof PaymentStatus>

/** An attempt as it is stored. Amounts in minor units of `currency`. */
export type PaymentRow = {
  readonly id: string
  readonly order_id: string
  readonly attempt: number
  readonly attempt_key: string
  readonly provider: string
  readonly provider_payment_id: string | null
  readonly status: Status
  readonly currency: string
  readonly amount: number
  readonly authorized: number
  readonly captured: number
  readonly capturable: number
  readonly refunded: number
  readonly capture_now: boolean
  readonly token: string | null
  readonly return_url: string
  readonly redirect_url: string | null
  readonly client_secret: string | null
  readonly failure: string | null
  readonly card: { readonly brand: string; readonly last4: string } | null
  readonly authorized_until: string | null
  readonly payable_until: string | null
  readonly instructions: string | null
  readonly raw: unknown
  /** When the provider was last told to let it go. */
  readonly abandoned_at: string | null
  readonly version: number
  readonly created_at: string
  readonly updated_at: string
}

/** A capture, refund or void as it is stored. */
export type OperationRow = {
  readonly id: string
  /** Null for a refund of an order that gift cards paid alone. */
  readonly payment_id: string | null
  readonly order_id: string
  readonly kind: 'capture' | 'refund' | 'void'
  readonly status: 'pending' | 'succeeded' | 'failed'
  /** What the provider moves. */
  readonly amount: number
  /** Of a refund, what goes to gift cards beside it. */
  readonly gift_cards: number
  readonly currency: string
  readonly key: string | null
  readonly asked: string | null
  readonly reason: string | null
  readonly by: string
  readonly provider_refund_id: string | null
  /** Whether the provider's fee for it is booked; known where all of an order's operations are read. */
  readonly fee_booked?: boolean
  readonly error: string | null
  readonly created_at: string
}

/** What stands of an order's money beside its attempts. */
export type OrderMoneyRow = {
  readonly order_id: string
  readonly attempts: number
  readonly open: boolean
  readonly canceled: 'unpaid' | 'all' | null
  readonly look_at: string | null
  readonly looks: number
}

/** Whether the outcome is not known yet. */
export const isUnsettled = ({ status }: PaymentRow): boolean => status === 'processing' || status === 'requires_action'

/** Whether the attempt can no longer take money. */
export const isOver = ({ status }: Pick<PaymentRow, 'status'>): boolean => status === 'failed' || status === 'voided'

/** Why an attempt is over: what the provider said, or what became of it here. */
export type Failure =
  | DeclineReason
  | 'canceled'
  | 'expired'
  | 'authorization-lapsed'
  | 'invalid-request'
  | 'never-arrived'

/** As a shopper may read it. What the issuer suspects is never among it. */
const sentences: Readonly<Record<Failure, string>> = {
  'card-declined': 'The card was declined. Try another card.',
  'insufficient-funds': 'The card has insufficient funds. Try another card.',
  'expired-card': 'The card has expired. Try another card.',
  'incorrect-cvc': 'The security code is not right. Check it and try again.',
  'authentication-failed': 'The bank could not confirm it was you. Try again or use another card.',
  'token-invalid': 'The card details are no longer valid. Enter them again.',
  'issuer-unavailable': 'The bank did not answer. Try again.',
  canceled: 'The payment was canceled.',
  expired: 'The payment was not finished in time. Try again.',
  'authorization-lapsed': 'The bank no longer holds the money.',
  'invalid-request': 'The payment provider could not take the payment. Use another way to pay.',
  'never-arrived': 'The payment did not reach the provider. Try again.',
}

/** @param failure the stored word; one that this version does not know is a decline like any other */
export const failureSentence = (failure: string): string =>
  (sentences as Readonly<Record<string, string>>)[failure] ?? sentences['card-declined']

/** Adapters leave card data out. Should one fail to, its answer is not kept: a shop must never hold a card's number (PCI DSS). */
export function cardFree(raw: unknown): unknown {
  const at = findCardNumber(raw)
  return at === null ? raw : { withheld: `${at} looks like a card number` }
}

/** An attempt as staff see it. */
export function toAttempt(row: PaymentRow): T.Static<typeof Attempt> {
  const amount = (minorUnits: number) => money(minorUnits, row.currency)
  return {
    id: row.id,
    orderId: row.order_id,
    provider: row.provider,
    providerPaymentId: row.provider_payment_id,
    attempt: row.attempt,
    status: row.status,
    amount: amount(row.amount),
    authorized: amount(row.authorized),
    captured: amount(row.captured),
    capturable: amount(row.capturable),
    refunded: amount(row.refunded),
    redirectUrl: row.redirect_url,
    clientSecret: row.client_secret,
    failure: row.failure === null ? null : failureSentence(row.failure),
    failureReason: row.failure,
    authorizedUntil: row.authorized_until,
    card: row.card,
    payableUntil: row.payable_until,
    instructions: row.instructions,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/**
 * An order's payment as other services see it: its last attempt and what gift cards pay; null when neither is there. Cards that
 * pay alone were taken at once, so the money counts as captured; it is known by its order, as there is no attempt.
 * @param uses those that stand, in the order of use
 */
export function toPayment(row: PaymentRow | null, uses: readonly UseRow[]): T.Static<typeof Payment> | null {
  const [first] = uses
  const giftCards = uses.map(({ gift_card_id, last4, currency, amount, refunded }) => ({
    giftCardId: gift_card_id,
    last4,
    amount: money(amount, currency),
    refunded: money(refunded, currency),
  }))
  if (row) return { ...toAttempt(row), giftCards }
  if (!first) return null
  const nothing = money(0, first.currency)
  return {
    id: first.order_id,
    orderId: first.order_id,
    provider: null,
    providerPaymentId: null,
    attempt: first.attempt,
    status: 'captured',
    amount: nothing,
    authorized: nothing,
    captured: nothing,
    capturable: nothing,
    refunded: nothing,
    redirectUrl: null,
    clientSecret: null,
    failure: null,
    failureReason: null,
    authorizedUntil: null,
    payableUntil: null,
    instructions: null,
    card: null,
    createdAt: timeOfJson(first.created_at),
    updatedAt: timeOfJson(
      uses
        .map(({ updated_at }) => updated_at)
        .toSorted()
        .at(-1) ?? first.updated_at,
    ),
    giftCards,
  }
}

/** What gift cards paid and have not been given back, in minor units. */
export const leftOnCards = (uses: readonly UseRow[]): number =>
  uses.reduce((left, { amount, refunded }) => left + amount - refunded, 0)
