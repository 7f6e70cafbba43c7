import T from 'typebox'
import { anyone, command, contract, internal, query, staff } from '#kernel/contract'
import { Cursor, Nothing, Nullable, Page, Timestamp } from '#kernel/fields'
import { verifyOperation } from '#kernel/invariants'
import { Money } from '#kernel/money'
import { lowerCaseName, Written } from '#kernel/validation-words'

export const ProviderName = Written('^[a-z][a-z0-9-]{0,39}$', lowerCaseName)

/** The part of `stoa.config.ts` that payments reads. */
export const PaymentSettings = T.Object({
  /** Providers offered to shoppers, in order. */
  providers: T.Array(T.Union([T.Literal('sandbox')]), { minItems: 1 }),
  /** When money is taken: with the order, or when goods leave. */
  capture: T.Union([T.Literal('at-once'), T.Literal('on-fulfillment')]),
})
export type PaymentSettings = T.Static<typeof PaymentSettings>

/** A provider's one-time stand-in for card data, made by its own fields in the browser. */
export const PaymentToken = Written('^[A-Za-z0-9_-]+$', 'a token of the payment provider', {
  minLength: 1,
  maxLength: 255,
})

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

/** An order's payment as other services see it. */
export const Payment = T.Object(
  {
    id: T.String(),
    orderId: T.String(),
    provider: ProviderName,
    providerPaymentId: Nullable(T.String()),
    attempt: T.Integer(),
    status: PaymentStatus,
    amount: Money,
    authorized: Money,
    captured: Money,
    refunded: Money,
    redirectUrl: Nullable(T.String()),
    clientSecret: Nullable(T.String()),
    /** Why it failed, as a shopper may read it. */
    failure: Nullable(T.String()),
    /** The same in a word for programs, such as `insufficient-funds`. */
    failureReason: Nullable(T.String()),
    authorizedUntil: Nullable(Timestamp),
    /** Brand and last digits, for staff and the confirmation. */
    card: Nullable(T.Object({ brand: T.String(), last4: T.String() })),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  { title: 'Payment' },
)

/** The same as staff see it who have to talk to the provider. */
const AdminPayment = T.Object(
  {
    ...Payment.properties,
    /** The provider's own last answer, whatever its form. There is no card number in it. */
    raw: T.Unknown(),
  },
  { title: 'AdminPayment' },
)

const AdminPayments = T.Object(
  {
    payments: T.Array(AdminPayment),
    operations: T.Array(
      T.Object({
        id: T.String(),
        paymentId: T.String(),
        kind: T.String(),
        status: T.String(),
        amount: Money,
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

const Decline = T.Object({ reason: T.String() })
/** The bank no longer holds the money: nothing may leave for it. */
const Lapsed = T.Object({ authorizedUntil: Nullable(Timestamp) })

/** Staff are warned so many hours before an authorization lapses. */
export const lapseWarningHours = 48

export const payments = contract('payments', {
  providers: query('GET /payments/providers', {
    summary: 'How shoppers can pay, and where a provider’s own card fields are',
    access: anyone,
    input: T.Object({}),
    output: T.Object({
      items: T.Array(
        T.Object({
          name: ProviderName,
          title: T.String(),
          /** The provider's page with card fields, to be shown in a frame; it posts a token to the shop's page. */
          fieldsUrl: Nullable(T.String()),
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
      amount: Money,
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
      /** The order's payment was canceled: nothing may be charged for it any more. */
      'payments/canceled': 409,
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
  verify: verifyOperation('I2 and I4: one charge an order, refunded ≤ captured ≤ authorized, the ledger balances'),
})
