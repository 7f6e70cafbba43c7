import T from 'typebox'
import { anyone, command, contract, internal, query, staff } from '#kernel/contract'
import { Cursor, Limit, Nothing, Nullable, Page, Timestamp } from '#kernel/fields'
import { Id } from '#kernel/id'
import { verifyOperation } from '#kernel/invariants'
import { Money } from '#kernel/money'
import { type PersonalTag, personal } from '#kernel/personal'
import { lowerCaseName, Written } from '#kernel/validation-words'

export const ProviderName = Written('^[a-z][a-z0-9-]{0,39}$', lowerCaseName)

/** The part of `stoa.config.ts` that payments reads. */
export const PaymentSettings = T.Object({
  /** Providers offered to shoppers, in order. */
  providers: T.Array(T.Union([T.Literal('sandbox'), T.Literal('stripe'), T.Literal('manual')]), {
    minItems: 1,
    uniqueItems: true,
  }),
  /** When money is taken: with the order, or when goods leave. */
  capture: T.Union([T.Literal('at-once'), T.Literal('on-fulfillment')]),
  /** For the provider `manual`: an invoice, a bank transfer. */
  manual: T.Optional(
    T.Object({
      /** As the checkout offers it. */
      title: T.String({ minLength: 1, maxLength: 60 }),
      /** What to transfer and where to, for the order's page and a mail, which name amount and order number beside it. */
      instructions: T.String({ minLength: 1, maxLength: 2_000 }),
      /** How long the goods are kept for the money. */
      days: T.Integer({ minimum: 1, maximum: 60 }),
    }),
  ),
})
export type PaymentSettings = T.Static<typeof PaymentSettings>

/** A provider's one-time stand-in for card data, made by its own fields in the browser. */
export const PaymentToken = Written('^[A-Za-z0-9_-]+$', 'a token of the payment provider', {
  minLength: 1,
  maxLength: 255,
})

export const GiftCardId = Id('gift')
/** Gift cards an order: more than anyone has in the drawer, and each is a row to lock. */
export const giftCardsAtMost = 5
/** Minor units a card: ten thousand in most currencies. More is a slip of the keyboard, or somebody helping themselves. */
export const giftCardAmountAtMost = 1_000_000

/** Letters and digits of a gift card's code; spaces and dashes between them do not count. */
export const giftCardCodeLength = 20
/** However it was typed: what can be no code is as unknown as one that nobody has. */
export const GiftCardCode = T.String({ minLength: 1, maxLength: 60 })
export const Last4 = T.String({ description: 'The last four characters of a gift card’s code.' })

/**
 * `none`: no attempt yet; `processing`: the provider's answer is not known; `requires_action`: the shopper has to do
 * something; `authorized`, `captured`; `failed`: this attempt can no longer succeed; `voided`: given back before capture.
 */
export const PaymentStatus = T.Union([
  T.Literal('processing'),
  T.Literal('requires_action'),
  T.Literal('authorized'),
  T.Literal('captured'),
  T.Literal('failed'),
  T.Literal('voided'),
])

/** What a provider was asked for, and what became of it. */
export const Attempt = T.Object(
  {
    id: T.String(),
    orderId: T.String(),
    /** Null when gift cards paid it all: then there is no attempt, and the amounts are zero. */
    provider: Nullable(ProviderName),
    providerPaymentId: Nullable(T.String()),
    attempt: T.Integer(),
    status: PaymentStatus,
    amount: Money,
    authorized: Money,
    captured: Money,
    /** What can still be taken: nothing once a part was taken at a provider that captures once. An older version does not tell. */
    capturable: T.Optional(Money),
    refunded: Money,
    redirectUrl: Nullable(T.String()),
    clientSecret: Nullable(T.String()),
    /** Why it failed, as a shopper may read it. */
    failure: Nullable(T.String()),
    /** The same in a word for programs, such as `insufficient-funds`. */
    failureReason: Nullable(T.String()),
    authorizedUntil: Nullable(Timestamp),
    /** Until when a transfer is waited for; null where the shop's own limit holds. */
    payableUntil: Nullable(Timestamp),
    /** What the shopper has to do by hand, in plain text. */
    instructions: Nullable(T.String()),
    /** Brand and last digits, for staff and the confirmation. */
    card: Nullable(T.Object({ brand: T.String(), last4: T.String() })),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  { title: 'PaymentAttempt' },
)

/** What a gift card pays of an order, in the order of use. */
export const GiftCardTender = T.Object({ giftCardId: GiftCardId, last4: Last4, amount: Money, refunded: Money })

/** An order's payment as other services see it: the provider's part, beside what gift cards pay. */
export const Payment = T.Object({ ...Attempt.properties, giftCards: T.Array(GiftCardTender) }, { title: 'Payment' })

const aboutCard: PersonalTag = {
  kind: 'message',
  purpose: 'to know whom or what a gift card is for',
  basis: 'contract',
  retention: 'P10Y after the issue, as tax law asks for books',
}

export const GiftCard = T.Object(
  {
    id: GiftCardId,
    last4: Last4,
    /** As it was issued. */
    amount: Money,
    balance: Money,
    expiresAt: Nullable(Timestamp),
    disabled: T.Boolean(),
    note: Nullable(personal(aboutCard, T.String())),
    createdAt: Timestamp,
  },
  { title: 'GiftCard' },
)

const unknownGiftCard = { 'payments/unknown-gift-card': 404 } as const

const Decline = T.Object({ reason: T.String() })
/** A card that holds less than it was to pay, or may not pay any more. */
export const GiftCardShort = T.Object({ last4: Last4 })

/** The same as staff see it who have to talk to the provider. */
const AdminPayment = T.Object(
  {
    ...Attempt.properties,
    /** The provider's own last answer, whatever its form. There is no card number in it. */
    raw: T.Unknown(),
  },
  { title: 'AdminPayment' },
)

const AdminPayments = T.Object(
  {
    payments: T.Array(AdminPayment),
    giftCards: T.Array(GiftCardTender),
    operations: T.Array(
      T.Object({
        id: T.String(),
        /** The attempt it belongs to; null for what only gift cards got back. */
        paymentId: Nullable(T.String()),
        kind: T.String(),
        status: T.String(),
        /** A refund: what the provider gives back, and what gift cards get beside it. */
        amount: Money,
        giftCards: Money,
        at: Timestamp,
        /** A staff member's id, shopper, provider or system. */
        by: T.String(),
        reason: Nullable(T.String()),
        providerRefundId: Nullable(T.String()),
        error: Nullable(T.String()),
      }),
    ),
  },
  { title: 'AdminPayments' },
)

/** The bank no longer holds the money: nothing may leave for it. */
const Lapsed = T.Object({ authorizedUntil: Nullable(Timestamp) })

/** Staff are warned so many hours before an authorization lapses. */
export const lapseWarningHours = 48

/** The provider did not answer lately, so it was not asked. */
export const ProviderUnavailable = T.Object({ field: T.String(), retryAfterSeconds: T.Integer() })

const self = {
  name: 'payments',
  fallback:
    'Nothing is charged: checkout is refused with 503, or its order stays open until payments answers; past its time limit it keeps no stock. Browsing and carts go on.',
} as const

export const payments = contract(self, {
  providers: query('GET /payments/providers', {
    summary: 'How shoppers can pay, and where a provider’s own card fields are',
    access: anyone,
    importance: 'checkout',
    input: T.Object({}),
    output: T.Object({
      items: T.Array(
        T.Object({
          name: ProviderName,
          title: T.String(),
          /** Whether it answers now, as far as this process knows. */
          available: T.Boolean(),
          /** The provider's page with card fields, to be shown in a frame; it posts a token to the shop's page. */
          fieldsUrl: Nullable(T.String()),
          /** The provider's script that draws card fields, with the key and the origins it needs on the page. */
          script: Nullable(
            T.Object({
              url: T.String(),
              publicKey: T.String(),
              frameOrigins: T.Array(T.String()),
              connectOrigins: T.Array(T.String()),
              /** Whether the money is taken with the order, which some providers' fields have to know. */
              captureNow: T.Boolean(),
            }),
          ),
          /** Tokens for trying the shop out; empty for real providers. */
          testTokens: T.Array(T.Object({ token: T.String(), title: T.String() })),
        }),
      ),
    }),
  }),
  authorize: command(null, {
    summary:
      'Ask for an order’s money. One live attempt an order: while one is under way or done, its state is the answer, whatever the token',
    access: internal,
    idempotency: 'natural',
    timeoutMs: 20_000,
    input: T.Object({
      orderId: T.String(),
      /** What the provider is asked for; zero when gift cards pay it all. */
      amount: Money,
      /** What each gift card pays, in the order of use; taken in the transaction that begins the attempt, or all of it refused. */
      giftCards: T.Optional(
        T.Array(T.Object({ giftCardId: GiftCardId, amount: T.Integer({ minimum: 1 }) }), { maxItems: giftCardsAtMost }),
      ),
      provider: ProviderName,
      token: Nullable(PaymentToken),
      /** Where the provider sends the shopper back to. */
      returnUrl: T.String({ maxLength: 2_048 }),
    }),
    output: Payment,
    refusals: {
      'payments/declined': [402, Decline],
      'payments/unknown-provider': [422, T.Object({ field: T.String() })],
      'payments/token-required': [422, T.Object({ field: T.String() })],
      'payments/provider-unavailable': [503, ProviderUnavailable],
      /** The order's payment was canceled: nothing may be charged for it any more. */
      'payments/canceled': 409,
      'payments/gift-card-short': [409, GiftCardShort],
    },
  }),
  find: query(null, {
    summary: 'The latest payments of orders, as last known here; orders without an attempt are missing',
    access: internal,
    input: T.Object({ orderIds: T.Array(T.String(), { maxItems: 1_000 }) }),
    output: T.Object({ items: T.Array(Payment) }),
  }),
  reconcile: command(null, {
    summary: 'Ask the provider how an order’s payment stands, and record it; null when there is no attempt',
    access: internal,
    idempotency: 'natural',
    timeoutMs: 20_000,
    input: T.Object({ orderId: T.String() }),
    output: T.Object({ payment: Nullable(Payment) }),
  }),
  cancel: command(null, {
    summary:
      'Void whatever an order’s attempt may still become; refunds what was captured. A later authorize is refused',
    access: internal,
    idempotency: 'natural',
    timeoutMs: 20_000,
    input: T.Object({
      orderId: T.String(),
      reason: T.String({ maxLength: 200 }),
      /** Leaves money alone that turns out to be there: the answer's payment says so, and the order can still be placed. */
      onlyUnpaid: T.Optional(T.Boolean()),
    }),
    output: T.Object({
      /**
       * `done`: nothing is open. No money is held or taken any more, or, with `onlyUnpaid`, it is there for good.
       * `pending`: the provider has not answered, it will be asked again.
       */
      state: T.Union([T.Literal('done'), T.Literal('pending')]),
      payment: Nullable(Payment),
    }),
  }),
  reopen: command(null, {
    summary: 'Allow a new attempt for an order whose attempt failed',
    access: internal,
    idempotency: 'natural',
    input: T.Object({ orderId: T.String() }),
    output: Nothing,
    refusals: { 'payments/attempt-live': 409 },
  }),
  capture: command(null, {
    summary: 'Take authorized money, all or a part; one money operation at a time',
    access: internal,
    idempotency: 'required',
    timeoutMs: 20_000,
    input: T.Object({
      orderId: T.String(),
      /** Null takes all that is left. */
      amount: Nullable(Money),
      /** The amount is what leaves now. A provider that allows one capture takes all instead, or the rest would be lost. */
      forDispatch: T.Optional(T.Boolean()),
    }),
    output: Payment,
    refusals: {
      'payments/nothing-to-capture': 409,
      'payments/authorization-lapsed': [409, Lapsed],
      'payments/amount-too-large': [409, T.Object({ largest: Money })],
      'payments/operation-in-flight': 409,
      'payments/provider-refused': [409, Decline],
      'payments/outcome-unknown': 503,
    },
  }),
  receive: command(null, {
    summary: 'Staff saw an order’s money arrive: all of it, for an attempt of a provider where people look',
    access: internal,
    idempotency: 'natural',
    input: T.Object({ orderId: T.String(), amount: Nullable(Money) }),
    output: Payment,
    refusals: {
      'payments/not-by-hand': 409,
      'payments/nothing-awaited': 409,
      'payments/amount-differs': [409, T.Object({ due: Money })],
    },
  }),
  refund: command(null, {
    summary: 'Give captured money back, all or a part; one money operation at a time',
    access: internal,
    idempotency: 'required',
    timeoutMs: 20_000,
    input: T.Object({ orderId: T.String(), amount: Nullable(Money), reason: T.String({ maxLength: 200 }) }),
    output: T.Object({ refundId: T.String(), refunded: Money, payment: Payment }),
    refusals: {
      'payments/nothing-to-refund': 409,
      'payments/amount-too-large': [409, T.Object({ largest: Money })],
      'payments/operation-in-flight': 409,
      'payments/provider-refused': [409, Decline],
      'payments/outcome-unknown': 503,
    },
  }),
  webhook: command('POST /payments/webhooks/{provider}', {
    summary: 'A provider’s hint that something changed; its signature is checked, then the provider is asked',
    access: anyone,
    importance: 'checkout',
    idempotency: 'natural',
    raw: {
      contentTypes: ['application/json'],
      headers: ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'stripe-signature'],
      maxBytes: 256_000,
    },
    input: T.Object({
      provider: ProviderName,
      rawBody: T.String({ maxLength: 256_000 }),
      headers: T.Record(T.String(), T.String()),
    }),
    output: Nothing,
    refusals: { 'payments/unknown-provider': [422, T.Object({ field: T.String() })], 'payments/webhook-refused': 400 },
  }),
  attempts: query('GET /admin/payments/{orderId}', {
    summary: 'Every attempt, capture and refund of an order with the provider’s ids, for staff',
    access: staff('orders:read'),
    input: T.Object({ orderId: T.String() }),
    output: AdminPayments,
  }),
  askProvider: command('POST /admin/payments/{orderId}/reconcile', {
    summary: 'Ask the provider now how an order’s payment stands, and record what it says; for staff',
    access: staff('payments:reconcile'),
    idempotency: 'natural',
    timeoutMs: 20_000,
    input: T.Object({ orderId: T.String() }),
    output: AdminPayments,
    refusals: { 'payments/unknown-payment': 404, 'payments/provider-silent': 503 },
  }),
  lapsing: query(null, {
    summary: `Orders whose authorization lapses within ${lapseWarningHours} hours, or has lapsed, soonest first; not those that were canceled`,
    access: internal,
    input: T.Object({ cursor: Cursor, limit: T.Integer({ minimum: 1, maximum: 200 }) }),
    output: Page(T.Object({ orderId: T.String(), authorizedUntil: Timestamp })),
  }),
  askedFor: query(null, {
    summary: 'Orders that money was asked for, by id, so that those who keep orders can tell whether each exists',
    access: internal,
    input: T.Object({ after: T.String(), limit: T.Integer({ minimum: 1, maximum: 1_000 }) }),
    output: T.Object({ orderIds: T.Array(T.String()) }),
  }),
  giftCards: query('GET /admin/gift-cards', {
    summary: 'Gift cards, newest first; `last4` finds those whose code ends so',
    access: staff('gift-cards:read'),
    input: T.Object({
      last4: T.Optional(Written('^[0-9A-Za-z]{4}$', 'four letters or digits')),
      cursor: Cursor,
      limit: Limit(50),
    }),
    output: Page(GiftCard),
  }),
  giftCard: query('GET /admin/gift-cards/{giftCardId}', {
    summary: 'A gift card with what happened to it, newest first',
    access: staff('gift-cards:read'),
    input: T.Object({ giftCardId: GiftCardId }),
    output: T.Object({
      ...GiftCard.properties,
      movements: T.Array(
        T.Object({
          /** issue; use; return, when the order came to nothing; refund; adjust; disabled and enabled, which move nothing. */
          kind: T.String(),
          amount: Money,
          orderId: Nullable(T.String()),
          /** Of an adjustment. */
          reason: Nullable(personal(aboutCard, T.String())),
          at: Timestamp,
          by: T.String(),
        }),
      ),
    }),
    refusals: unknownGiftCard,
  }),
  issueGiftCard: command('POST /admin/gift-cards', {
    summary: 'Issue a gift card; its code is in this answer and nowhere else',
    access: staff('gift-cards:write'),
    idempotency: 'use-case',
    status: 201,
    input: T.Object({
      amount: T.Object({
        ...Money.properties,
        amount: T.Integer({ minimum: 1, maximum: giftCardAmountAtMost }),
      }),
      expiresAt: T.Optional(Nullable(Timestamp)),
      note: T.Optional(Nullable(personal(aboutCard, T.String({ minLength: 1, maxLength: 200 })))),
    }),
    output: T.Object({
      ...GiftCard.properties,
      code: T.String({ description: 'As it is written: five groups of four.' }),
    }),
  }),
  adjustGiftCard: command('POST /admin/gift-cards/{giftCardId}/adjustments', {
    summary: 'Add to what is left on a gift card, or take from it',
    access: staff('gift-cards:write'),
    idempotency: 'use-case',
    status: 201,
    input: T.Object({
      giftCardId: GiftCardId,
      /** Below zero to take. */
      amount: T.Object({
        ...Money.properties,
        amount: T.Integer({ minimum: -giftCardAmountAtMost, maximum: giftCardAmountAtMost }),
      }),
      reason: personal(aboutCard, T.String({ minLength: 1, maxLength: 200 })),
    }),
    output: GiftCard,
    refusals: { ...unknownGiftCard, 'payments/gift-card-short': [409, GiftCardShort] },
  }),
  updateGiftCard: command('PATCH /admin/gift-cards/{giftCardId}', {
    summary: 'Turn a gift card off, so that it pays nothing any more, or on again',
    access: staff('gift-cards:write'),
    input: T.Object({ giftCardId: GiftCardId, disabled: T.Boolean() }),
    output: GiftCard,
    refusals: unknownGiftCard,
  }),
  checkGiftCard: query(null, {
    summary: 'The gift card of a code, if it can pay in this currency now; every other code is equally unknown',
    access: internal,
    // Guesses, wherever they are typed and of whichever cart: only what was refused counts.
    limit: { max: 20, perSeconds: 60, counts: 'refused', exemptLoopback: false },
    input: T.Object({ code: GiftCardCode, currency: T.String() }),
    output: T.Object({ giftCardId: GiftCardId, last4: Last4 }),
    refusals: { 'payments/gift-card-not-usable': 422 },
  }),
  giftCardBalances: query(null, {
    summary:
      'What gift cards could pay in a currency now, for a cart that has them; those that can pay nothing are missing',
    access: internal,
    input: T.Object({ giftCardIds: T.Array(GiftCardId, { maxItems: giftCardsAtMost }), currency: T.String() }),
    output: T.Object({ items: T.Array(T.Object({ giftCardId: GiftCardId, balance: Money })) }),
  }),
  verify: verifyOperation(
    'I2, I4 and I7: one charge an order, refunded ≤ captured ≤ authorized, the ledger balances, no gift card below zero',
  ),
})
