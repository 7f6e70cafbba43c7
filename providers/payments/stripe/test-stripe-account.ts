import { randomBytes } from 'node:crypto'

/** What a form says, in the nested way that Stripe writes forms. */
export type Body = { readonly [field: string]: string | Body | undefined }

/** A no that Stripe states, with the `error` of its body. */
export class StripeRefusal extends Error {
  readonly status: number
  readonly error: object
  constructor(status: number, error: object) {
    super(JSON.stringify(error))
    this.status = status
    this.error = error
  }
}

type Refund = {
  id: string
  object: 'refund'
  amount: number
  currency: string
  status: 'succeeded' | 'pending' | 'failed'
  failure_reason?: string
  payment_intent: string
  metadata: Record<string, string>
}

export type Charge = {
  id: string
  object: 'charge'
  amount: number
  amount_captured: number
  captured: boolean
  failure_code: string | null
  outcome: { type: string; reason: string | null }
  payment_intent: string
  metadata: Record<string, string>
  balance_transaction: { id: string; fee: number; currency: string } | null
  refunds: { data: Refund[]; has_more: boolean }
  payment_method_details: { card: { brand: string; last4: string; capture_before?: number } }
}

export type Intent = {
  id: string
  object: 'payment_intent'
  status: string
  amount: number
  amount_received: number
  currency: string
  capture_method: string
  created: number
  /** In milliseconds, for what the search does not see yet. */
  madeAt: number
  livemode: boolean
  metadata: Record<string, string>
  client_secret: string
  cancellation_reason: string | null
  last_payment_error: { type: string; code: string; decline_code?: string } | null
  latest_charge: Charge | null
}

export type Event = {
  readonly id: string
  readonly object: 'event'
  readonly type: string
  readonly created: number
  readonly livemode: boolean
  readonly data: { readonly object: object }
}

/** What a card does, by the confirmation token that stands for it. */
const cards: Readonly<Record<string, 'pays' | 'asks' | 'waits' | { code: string; decline_code?: string }>> = {
  ctoken_ok: 'pays',
  ctoken_lost_answer: 'pays',
  ctoken_3ds: 'asks',
  ctoken_slow: 'waits',
  ctoken_declined: { code: 'card_declined', decline_code: 'generic_decline' },
  ctoken_stolen: { code: 'card_declined', decline_code: 'stolen_card' },
  ctoken_poor: { code: 'card_declined', decline_code: 'insufficient_funds' },
}

const id = (prefix: string): string => `${prefix}_${randomBytes(9).toString('hex')}`
const hold = 7 * 24 * 3_600
/** 1.5 % and 25 cents. */
export const feeOf = (amount: number): number => Math.round(amount * 0.015) + 25

export type Account = ReturnType<typeof openAccount>

/** A merchant's account at Stripe: its payments, and the events that tell of them, oldest first. */
export function openAccount() {
  const intents = new Map<string, Intent>()
  const events: Event[] = []
  /** What happens to refunds and fees from now on. */
  const course = {
    refunds: 'succeeded' as Refund['status'],
    feesCome: 'at-once' as 'at-once' | 'later',
    feeCurrency: '',
  }

  const tell = (type: string, object: object): void => {
    const shown =
      'latest_charge' in object ? { ...object, latest_charge: (object as Intent).latest_charge?.id } : object
    const created = Math.floor(Date.now() / 1_000)
    const data = { object: structuredClone(shown) }
    events.push({ id: id('evt'), object: 'event', type, created, livemode: false, data })
  }
  const found = (intentId: string): Intent => {
    const intent = intents.get(intentId)
    if (!intent) throw new StripeRefusal(404, { type: 'invalid_request_error', code: 'resource_missing' })
    return intent
  }
  const refuseState = (intent: Intent): never => {
    const error = { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', payment_intent: intent }
    throw new StripeRefusal(400, error)
  }
  const copy = (intent: Intent): Intent => {
    const copied = structuredClone(intent)
    const { refunds } = copied.latest_charge ?? {}
    if (refunds) Object.assign(refunds, { data: refunds.data.slice(0, 10), has_more: refunds.data.length > 10 })
    return copied
  }
  /** As an answer tells it: a charge shows its last ten refunds. */
  const shown = (intentId: string): Intent => copy(found(intentId))

  function charge(intent: Intent, failure: { code: string; decline_code?: string } | null): Charge {
    const made: Charge = {
      id: id('ch'),
      object: 'charge',
      amount: intent.amount,
      amount_captured: 0,
      captured: false,
      failure_code: failure?.code ?? null,
      outcome: { type: failure ? 'issuer_declined' : 'authorized', reason: failure?.decline_code ?? null },
      payment_intent: intent.id,
      metadata: { ...intent.metadata },
      balance_transaction: null,
      refunds: { data: [], has_more: false },
      payment_method_details: {
        card: { brand: 'visa', last4: '4242', ...(failure ? {} : { capture_before: intent.created + hold }) },
      },
    }
    intent.latest_charge = made
    return made
  }
  function countFee(intent: Intent): void {
    if (!intent.latest_charge) return
    const currency = course.feeCurrency || intent.currency
    intent.latest_charge.balance_transaction = { id: id('txn'), fee: feeOf(intent.amount_received), currency }
  }
  function take(intent: Intent, amount: number): void {
    const made = intent.latest_charge ?? charge(intent, null)
    Object.assign(made, { captured: true, amount_captured: amount })
    Object.assign(intent, { status: 'succeeded', amount_received: amount })
    if (course.feesCome === 'at-once') countFee(intent)
    tell('charge.captured', made)
    tell('payment_intent.succeeded', intent)
  }
  function pay(intent: Intent): void {
    charge(intent, null)
    if (intent.capture_method === 'automatic') take(intent, intent.amount)
    else {
      intent.status = 'requires_capture'
      tell('payment_intent.amount_capturable_updated', intent)
    }
  }
  function decline(intent: Intent, error: { code: string; decline_code?: string }): void {
    Object.assign(intent, { status: 'requires_payment_method', last_payment_error: { type: 'card_error', ...error } })
    tell('payment_intent.payment_failed', intent)
  }

  return {
    events,
    course,
    shown,
    all: (): Intent[] => [...intents.values()].map(copy),
    refundsOf: (name: string): readonly Refund[] => found(name).latest_charge?.refunds.data ?? [],

    create(body: Body): Intent {
      const token = body.confirmation_token as string | undefined
      const card = token === undefined ? undefined : cards[token]
      if (token !== undefined && card === undefined) {
        const param = 'confirmation_token'
        throw new StripeRefusal(400, { type: 'invalid_request_error', code: 'resource_missing', param })
      }
      const name = id('pi')
      const intent: Intent = {
        id: name,
        object: 'payment_intent',
        status: 'requires_payment_method',
        amount: Number(body.amount),
        amount_received: 0,
        currency: String(body.currency),
        capture_method: String(body.capture_method),
        created: Math.floor(Date.now() / 1_000),
        madeAt: Date.now(),
        livemode: false,
        metadata: { ...(body.metadata as Record<string, string>) },
        client_secret: `${name}_secret_${randomBytes(9).toString('hex')}`,
        cancellation_reason: null,
        last_payment_error: null,
        latest_charge: null,
      }
      intents.set(name, intent)
      tell('payment_intent.created', intent)
      if (card === undefined) return shown(name)
      if (card === 'pays') pay(intent)
      else if (card === 'waits') intent.status = 'processing'
      else if (card === 'asks') {
        intent.status = 'requires_action'
        tell('payment_intent.requires_action', intent)
      } else {
        charge(intent, card)
        decline(intent, card)
        throw new StripeRefusal(402, { type: 'card_error', ...card, payment_intent: shown(name) })
      }
      return shown(name)
    },

    answerChallenge(clientSecret: string, approve: boolean): void {
      const intent = [...intents.values()].find((one) => one.client_secret === clientSecret)
      if (intent?.status !== 'requires_action') throw new Error(`nothing is asked for ${clientSecret}`)
      if (approve) pay(intent)
      else decline(intent, { code: 'payment_intent_authentication_failure' })
    },

    /** The bank has answered. */
    finish(name: string): void {
      pay(found(name))
    },

    /** What whoever holds the client secret of a declined payment may try: another card, from a browser of their own. */
    confirmAgain(clientSecret: string): boolean {
      const intent = [...intents.values()].find((one) => one.client_secret === clientSecret)
      if (intent?.status !== 'requires_payment_method') return false
      pay(intent)
      return true
    },

    capture(name: string, body: Body): Intent {
      const intent = found(name)
      if (intent.status !== 'requires_capture') refuseState(intent)
      const amount = Number(body.amount_to_capture)
      if (amount > intent.amount)
        throw new StripeRefusal(400, { type: 'invalid_request_error', code: 'amount_too_large' })
      take(intent, amount)
      return shown(name)
    },

    cancel(name: string, reason: string): Intent {
      const intent = found(name)
      if (['succeeded', 'canceled', 'processing'].includes(intent.status)) refuseState(intent)
      Object.assign(intent, { status: 'canceled', cancellation_reason: reason })
      tell('payment_intent.canceled', intent)
      return shown(name)
    },

    refund(body: Body): Refund {
      const intent = found(String(body.payment_intent))
      const made = intent.latest_charge
      if (!made || intent.status !== 'succeeded') return refuseState(intent)
      const amount = Number(body.amount)
      const back = made.refunds.data
        .filter(({ status }) => status !== 'failed')
        .reduce((sum, refund) => sum + refund.amount, 0)
      if (amount > intent.amount_received - back) throw new StripeRefusal(400, { type: 'invalid_request_error' })
      const refund: Refund = {
        id: id('re'),
        object: 'refund',
        amount,
        currency: intent.currency,
        status: course.refunds,
        payment_intent: intent.id,
        metadata: { ...(body.metadata as Record<string, string> | undefined) },
      }
      made.refunds.data.unshift(refund)
      tell('charge.refunded', made)
      tell('refund.created', refund)
      return structuredClone(refund)
    },

    /** A refund comes back days later: the shopper's bank did not take it. */
    failRefund(name: string): void {
      const refund = [...intents.values()]
        .flatMap(({ latest_charge }) => latest_charge?.refunds.data ?? [])
        .find((one) => one.id === name)
      if (!refund) throw new Error(`no refund ${name}`)
      Object.assign(refund, { status: 'failed', failure_reason: 'lost_or_stolen_card' })
      tell('refund.failed', refund)
    },

    /** Stripe has counted its fee, a while after the charge. */
    settleFee(name: string): void {
      const intent = found(name)
      countFee(intent)
      tell('charge.updated', intent.latest_charge ?? {})
    },

    /** What nobody captured in time. */
    expire(name: string): void {
      const intent = found(name)
      Object.assign(intent, { status: 'canceled', cancellation_reason: 'expired' })
      tell('payment_intent.canceled', intent)
    },

    /** Money that is not what was asked for: as if somebody had changed it on the way. */
    alter(name: string, changes: Partial<Intent>): void {
      Object.assign(found(name), changes)
    },
  }
}
