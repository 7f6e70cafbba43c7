import type { Money } from '#kernel/money'

/**
 * What every payment provider adapter implements. Five rules hold for each of them; `provider-suite.ts` tests them.
 *
 * 1. **A refusal is not a time-out.** What the provider said is returned as it is said. When nobody can tell whether it
 *    did the work (no answer in time, connection lost, 5xx, 429, an answer that makes no sense), the outcome is
 *    `unknown`, never an exception, and the caller asks again: with the same key, or with `find`.
 * 2. **The same key gives the same answer** for `capabilities.keysRememberedMs`, and the work is done once. The answer
 *    is what was true when it was first given; `retrieve` says what is true now.
 * 3. **No retries inside.** The caller owns them, and the deadline: `signal` ends a call at once, as `unknown`.
 * 4. **No card number passes through.** A shopper's card becomes a token between the browser and the provider.
 * 5. **A callback is a hint.** `webhook` proves who sent it and names the payment; its state is asked with `retrieve`.
 *
 * All amounts are integer minor units with their currency; all times are RFC 3339 in UTC.
 */
export type PaymentProvider = {
  /** As in `{payment: {provider}}` at checkout and in `/api/payments/webhooks/{provider}`: lower case, stable for ever. */
  readonly name: string
  readonly capabilities: Capabilities

  /**
   * What the checkout page needs so that the shopper can give a card to the provider and to nobody else.
   *
   * @param page the origin of the page that shows the fields, such as `https://shop.example`
   */
  checkout(page: { readonly origin: string }): CheckoutFields

  /**
   * Asks for the money of one attempt at one order. Repeat it with the same `attemptKey` until the outcome is known; a
   * new key is a new attempt and may charge again.
   */
  authorize(request: AuthorizeRequest, call?: Call): Promise<AuthorizeResult>

  /**
   * Makes sure that an attempt whose outcome is not known can no longer take money: voids what it authorized and
   * refuses it if it arrives later. It is how an order expires with an attempt that was never answered. Refused as
   * `captured` when the money was taken: then it is for the caller to place the order or to refund.
   */
  abandon(request: AbandonRequest, call?: Call): Promise<AbandonResult>

  /** Every payment the provider knows for an order, oldest first. Mind `capabilities.findLagMs` before you trust an empty list. */
  find(request: FindRequest, call?: Call): Promise<FindResult>

  /** The payment as it is now. */
  retrieve(request: RetrieveRequest, call?: Call): Promise<RetrieveResult>

  /**
   * Takes what was authorized, or a part of it. Where `capabilities.capture` is `single`, the rest is released by the
   * first capture; where it is `multiple`, by the one that says `final`.
   */
  capture(request: CaptureRequest, call?: Call): Promise<CaptureResult>

  /** Releases an authorization, or ends a payment that still waits for the shopper. A payment that is void already answers `voided`. */
  void(request: VoidRequest, call?: Call): Promise<VoidResult>

  /** Gives back a captured amount, or a part of it; never more than was captured, however many refunds there are. */
  refund(request: MoneyRequest, call?: Call): Promise<RefundResult>

  /**
   * Notes that all of a payment's money is there; only where people see it arrive. Noting it again changes nothing.
   */
  receive?(request: ReceiveRequest, call?: Call): Promise<ReceiveResult>

  /** Verifies a callback over the bytes as they came. Nothing in it is to be believed but which payment to ask about. */
  webhook(request: WebhookRequest): Promise<WebhookResult>

  /** Every payment made since a time, oldest first, for comparing the books. Keep the cursor; it outlives restarts. */
  list(request: ListRequest, call?: Call): Promise<ListResult>

  /**
   * What happened to payments since a time, however long ago they were made, oldest first, under the ids of the callbacks that
   * tell of it: for those that were lost. What was delivered may be left out. Absent where nothing happens to a payment but by
   * this port.
   */
  events?(request: ListRequest, call?: Call): Promise<EventsResult>
}

/** Ends a call early; without it the adapter's own deadline holds. */
export type Call = { readonly signal?: AbortSignal }

export type Capabilities = {
  /** `single`: one capture a payment, at the first dispatch. `multiple`: one a fulfillment. */
  readonly capture: 'single' | 'multiple'
  /** Whether `authorize` without a token answers with a page of the provider's that asks for the card: the way without JavaScript. */
  readonly hostedPage: boolean
  /** For how long a key is remembered, in milliseconds. A repeat after that may charge again: use `find`. */
  readonly keysRememberedMs: number
  /** How long a new payment may be missing from `find`, in milliseconds. */
  readonly findLagMs: number
}

/** How the checkout page shows card fields, and the origins its Content-Security-Policy has to name for that. */
export type CheckoutFields =
  /** A page of the provider's for an iframe. It says what it does with `postMessage`; see the provider's documentation. */
  | { readonly kind: 'frame'; readonly frameUrl: string; readonly frameOrigin: string; readonly publicKey: string }
  /** A script of the provider's that draws its own frames. */
  | {
      readonly kind: 'script'
      readonly scriptUrl: string
      readonly frameOrigins: readonly string[]
      /** Where it talks to from the shop's page. */
      readonly connectOrigins: readonly string[]
      readonly publicKey: string
    }
  /** No card is asked: an invoice, a bank transfer. */
  | { readonly kind: 'none' }

export type AuthorizeRequest = {
  readonly orderId: string
  /** The idempotency key: order and number of the attempt, 1 to 200 characters. */
  readonly attemptKey: string
  readonly amount: Money
  /** From the card fields. Without one the provider asks the shopper on a page of its own, where it can. */
  readonly token?: string
  readonly captureNow: boolean
  /** Where the shopper comes back to from the provider's pages; `payment` and `result` are added to its query, as hints. */
  readonly returnUrl?: string
}

export type AbandonRequest = { readonly orderId: string; readonly attemptKey: string }
export type FindRequest = { readonly orderId: string }
export type RetrieveRequest = { readonly providerPaymentId: string }
export type VoidRequest = { readonly providerPaymentId: string; readonly key: string }
export type ReceiveRequest = { readonly providerPaymentId: string; readonly amount: Money }
export type ListRequest = { readonly since: string; readonly cursor?: string }
/** `key` is the idempotency key of this one movement of money. */
export type MoneyRequest = { readonly providerPaymentId: string; readonly amount: Money; readonly key: string }
export type CaptureRequest = MoneyRequest & { readonly final?: boolean }

/** What the shopper has to do: go to an address, or let the provider's script act with a secret. */
export type ShopperAction = { readonly redirectUrl?: string; readonly clientSecret?: string }

export type AuthorizeResult =
  | { readonly outcome: 'authorized'; readonly payment: ProviderPayment }
  | { readonly outcome: 'captured'; readonly payment: ProviderPayment }
  | { readonly outcome: 'requires_action'; readonly payment: ProviderPayment; readonly action: ShopperAction }
  | { readonly outcome: 'processing'; readonly payment: ProviderPayment }
  /** Final for this attempt: no money moved and none will. */
  | { readonly outcome: 'declined'; readonly reason: DeclineReason; readonly payment?: ProviderPayment }
  | Refused<'key-reused' | 'attempt-abandoned' | 'invalid-request'>
  | Unknown

export type AbandonResult = { readonly outcome: 'abandoned' } | Refused<'captured' | 'invalid-request'> | Unknown

export type FindResult = { readonly outcome: 'found'; readonly payments: readonly ProviderPayment[] } | Unknown

export type RetrieveResult =
  | { readonly outcome: 'found'; readonly payment: ProviderPayment }
  | { readonly outcome: 'missing' }
  | Unknown

export type CaptureResult =
  | { readonly outcome: 'captured'; readonly payment: ProviderPayment }
  | Refused<MoneyRefusal | 'exceeds-authorized' | 'authorization-lapsed'>
  | Unknown

export type VoidResult =
  | { readonly outcome: 'voided'; readonly payment: ProviderPayment }
  | Refused<MoneyRefusal | 'captured'>
  | Unknown

export type RefundResult =
  | {
      readonly outcome: 'refunded'
      readonly refundId: string
      /** `pending`: promised, and settled by a webhook later; it counts as refunded from now on. */
      readonly status: 'succeeded' | 'pending'
      readonly payment: ProviderPayment
    }
  | Refused<MoneyRefusal | 'exceeds-captured'>
  | Unknown

export type ReceiveResult =
  | { readonly outcome: 'received'; readonly payment: ProviderPayment }
  | Refused<MoneyRefusal | 'amount-mismatch'>
  | Unknown

export type ListResult =
  | { readonly outcome: 'listed'; readonly items: readonly ProviderPayment[]; readonly nextCursor: string | null }
  | Unknown

export type EventsResult =
  | { readonly outcome: 'listed'; readonly items: readonly PaymentEvent[]; readonly nextCursor: string | null }
  | Unknown

export type WebhookRequest = {
  readonly rawBody: Uint8Array
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What a callback tells. */
export type Told = {
  readonly eventId: string
  readonly providerPaymentId: string
  /** Null when the callback does not say, as with what was done in the provider's own dashboard. */
  readonly orderId: string | null
  /** What it says the payment was to be, where it says so: compared, never believed. */
  readonly amount?: Money
  /** How it says the payment stands, where it tells all of it: whoever knows that already has nothing to ask. Never believed. */
  readonly said?: ProviderPayment
}

/** The same, and when it happened by the provider's clock. */
export type PaymentEvent = Told & { readonly at: string }

export type WebhookResult =
  | ({ readonly outcome: 'verified' } & Told)
  /** Genuine, but not about a payment. */
  | { readonly outcome: 'ignored'; readonly eventId: string }
  /** `stale`: its time is more than five minutes from now, so it may be a replay. */
  | { readonly outcome: 'refused'; readonly reason: 'bad-signature' | 'stale' | 'malformed' }

/** The provider understood and said no; this request changed nothing. `detail` is for engineers, not for shoppers. */
export type Refused<Reason extends string> = {
  readonly outcome: 'refused'
  readonly reason: Reason
  readonly detail: string
}

/** `wrong-state`: for example a capture of a payment that is void. `key-reused`: the key belongs to another request. */
export type MoneyRefusal = 'not-found' | 'wrong-state' | 'currency-mismatch' | 'key-reused' | 'invalid-request'

/** Nobody can tell whether the provider did it. */
export type Unknown = {
  readonly outcome: 'unknown'
  readonly cause:
    | 'timeout'
    | 'connection'
    | 'server-error'
    | 'rate-limited'
    | 'unauthorized'
    | 'unreadable-answer'
    /** The provider is well, and at work on what was asked before, or cannot show it yet. */
    | 'in-progress'
  readonly detail: string
}

/** Told to the shopper as far as it helps; what the issuer suspects is never among it. */
export type DeclineReason =
  | 'card-declined'
  | 'insufficient-funds'
  | 'expired-card'
  | 'incorrect-cvc'
  | 'authentication-failed'
  /** Unknown, expired, or used before: the card has to be given again. */
  | 'token-invalid'
  | 'issuer-unavailable'

/**
 * - `requires_action`: waits for the shopper;
 * - `processing`: waits for a bank;
 * - `authorized`, `captured`: the money is held, or taken (refunds do not change the status);
 * - `declined`, `voided`, `expired`: over, with nothing held.
 */
export type ProviderPaymentStatus =
  | 'requires_action'
  | 'processing'
  | 'authorized'
  | 'captured'
  | 'declined'
  | 'voided'
  | 'expired'

/** A payment as the provider tells it. `refunded ≤ captured ≤ authorized`, and each is zero rather than absent. */
export type ProviderPayment = {
  readonly providerPaymentId: string
  readonly orderId: string
  readonly attemptKey: string
  readonly status: ProviderPaymentStatus
  /** What was asked for. */
  readonly amount: Money
  /** What the issuer granted, at its highest. */
  readonly authorized: Money
  readonly captured: Money
  readonly refunded: Money
  readonly refunds: readonly ProviderRefund[]
  /** What the provider keeps for itself of what it captured, once it says so; perhaps in another currency, that of the shop's account. */
  readonly fee?: Money
  readonly declineReason?: DeclineReason
  /** Until when money that has to be transferred is waited for; without it the shop's own, shorter limit holds. */
  readonly payableUntil?: string
  /** What the shopper has to do by hand, in plain text. */
  readonly instructions?: string
  /** When an authorization that nobody captured lapses. */
  readonly authorizedUntil?: string
  readonly card?: { readonly brand: string; readonly last4: string }
  readonly createdAt: string
  /** The provider's own answer, for staff who have to talk to it. Free of card numbers. */
  readonly raw: unknown
}

export type ProviderRefund = {
  readonly refundId: string
  readonly key: string
  readonly amount: Money
  readonly status: 'succeeded' | 'pending' | 'failed'
}
