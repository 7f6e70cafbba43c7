import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { newId } from '#kernel/id'
import type { Money } from '#kernel/money'
import type {
  AuthorizeRequest,
  AuthorizeResult,
  PaymentEvent,
  PaymentProvider,
  ProviderPayment,
  ShopperAction,
  WebhookRequest,
} from './port.ts'

/** A provider that a test may use, and what the test has to know to drive it. What is absent cannot be tried there. */
export type ProviderUnderTest = {
  readonly provider: PaymentProvider
  /** The same provider at an address where nobody listens. */
  readonly unreachable: PaymentProvider
  readonly currency: string
  readonly tokens: {
    readonly ok: string
    readonly declined: string
    readonly challenge?: string
    /** Charges, and does not answer within the adapter's deadline. */
    readonly lostAnswer?: string
    /** Does nothing, and does not answer either. */
    readonly lostRequest?: string
  }
  /** Does at the challenge what a shopper would. */
  readonly answerChallenge?: (action: ShopperAction, approve: boolean) => Promise<void>
  /** Gives a card on the provider's own page. */
  readonly giveCard?: (action: ShopperAction) => Promise<void>
  /** A callback about this payment, as it came in. */
  readonly callback?: (providerPaymentId: string) => Promise<WebhookRequest>
  /** From now on no callback arrives. */
  readonly loseCallbacks?: () => Promise<void>
  /** Signs a body as the provider would, or as somebody would who guesses at the secret. */
  readonly sign?: (rawBody: Uint8Array, how: { at: Date; secret: 'right' | 'wrong' }) => WebhookRequest
  stop(): Promise<void>
}

/** What every adapter must do (port.ts), tried on one. Call it at the top of a test file. */
export function providerSuite(name: string, start: () => Promise<ProviderUnderTest>): void {
  describe(`${name}: the payment provider port`, () => {
    let it: ProviderUnderTest
    before(async () => {
      it = await start()
    })
    after(() => it.stop())

    const money = (amount: number): Money => ({ amount, currency: it.currency })
    const attempt = (changes: Partial<AuthorizeRequest> = {}): AuthorizeRequest => ({
      orderId: newId('order'),
      attemptKey: newId('attempt'),
      amount: money(4_900),
      token: it.tokens.ok,
      captureNow: false,
      returnUrl: 'http://127.0.0.1/checkout/return',
      ...changes,
    })
    const authorized = async (changes: Partial<AuthorizeRequest> = {}): Promise<ProviderPayment> =>
      paymentOf(await it.provider.authorize(attempt(changes)), changes.captureNow ? 'captured' : 'authorized')
    const now = async ({ providerPaymentId }: ProviderPayment): Promise<ProviderPayment> => {
      const result = await it.provider.retrieve({ providerPaymentId })
      assert.equal(result.outcome, 'found')
      return result.outcome === 'found' ? result.payment : assert.fail()
    }
    const found = async (orderId: string): Promise<readonly ProviderPayment[]> => {
      const result = await it.provider.find({ orderId })
      return result.outcome === 'found' ? result.payments : assert.fail(result.detail)
    }

    test('authorize holds the money and says until when', async () => {
      const request = attempt()
      const payment = paymentOf(await it.provider.authorize(request), 'authorized')
      assert.equal(payment.orderId, request.orderId)
      assert.equal(payment.attemptKey, request.attemptKey)
      assert.deepEqual(sums(payment), { amount: 4_900, authorized: 4_900, captured: 0, refunded: 0 })
      assert.equal(payment.amount.currency, it.currency)
      assert.match(payment.card?.last4 ?? '', /^\d{4}$/)
      assert.ok(Date.parse(payment.authorizedUntil ?? '') > Date.now() + 24 * 3600_000)
      assert.deepEqual(sums(await now(payment)), sums(payment))
    })

    test('authorize with captureNow takes it at once', async () => {
      const payment = await authorized({ captureNow: true })
      assert.deepEqual(sums(payment), { amount: 4_900, authorized: 4_900, captured: 4_900, refunded: 0 })
    })

    test('the same key gives the same answer and one payment, also when asked at the same time', async () => {
      const request = attempt()
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => untilKnown(() => it.provider.authorize(request))),
      )
      answers.push(await it.provider.authorize(request))
      for (const answer of answers) assert.deepEqual(answer, answers[0])
      assert.equal((await found(request.orderId)).length, 1)
    })

    test('a key on another request is refused, and nothing is done', async () => {
      const request = attempt()
      await it.provider.authorize(request)
      const other = await it.provider.authorize({ ...request, amount: money(9_900) })
      assert.equal(other.outcome === 'refused' && other.reason, 'key-reused')
      assert.deepEqual((await found(request.orderId)).map(sums), [
        { amount: 4_900, authorized: 4_900, captured: 0, refunded: 0 },
      ])
    })

    test('a declined card holds nothing', async () => {
      const request = attempt({ token: it.tokens.declined })
      const result = await it.provider.authorize(request)
      assert.equal(result.outcome === 'declined' && result.reason, 'card-declined')
      for (const payment of await found(request.orderId)) {
        assert.equal(payment.status, 'declined')
        assert.deepEqual(sums(payment), { amount: 4_900, authorized: 0, captured: 0, refunded: 0 })
      }
    })

    test('an unknown token is declined as such', async () => {
      const result = await it.provider.authorize(attempt({ token: 'tok_of_nobody' }))
      assert.equal(result.outcome === 'declined' && result.reason, 'token-invalid')
    })

    for (const approve of [true, false]) {
      test(`a challenge that the shopper ${approve ? 'approves' : 'declines'}`, async (t) => {
        if (!it.tokens.challenge || !it.answerChallenge) return t.skip('cannot be tried with this provider')
        const result = await it.provider.authorize(attempt({ token: it.tokens.challenge }))
        const payment = paymentOf(result, 'requires_action')
        assert.deepEqual(sums(payment), { amount: 4_900, authorized: 0, captured: 0, refunded: 0 })
        await it.answerChallenge(result.outcome === 'requires_action' ? result.action : {}, approve)
        const after = await now(payment)
        assert.equal(after.status, approve ? 'authorized' : 'declined')
        assert.equal(after.authorized.amount, approve ? 4_900 : 0)
        assert.equal(after.declineReason, approve ? undefined : 'authentication-failed')
      })
    }

    test('without a token the provider asks for the card itself', async (t) => {
      if (!it.provider.capabilities.hostedPage || !it.giveCard) return t.skip('this provider has no such page')
      const { token: _, ...request } = attempt()
      const result = await it.provider.authorize(request)
      const payment = paymentOf(result, 'requires_action')
      await it.giveCard(result.outcome === 'requires_action' ? result.action : {})
      assert.equal((await now(payment)).status, 'authorized')
    })

    test('capture takes a part; what is left is released, or taken later where the provider can', async () => {
      const payment = await authorized()
      const { providerPaymentId } = payment
      const first = await it.provider.capture({ providerPaymentId, amount: money(4_000), key: newId('key') })
      assert.deepEqual(sums(paymentOf(first, 'captured')), {
        amount: 4_900,
        authorized: 4_900,
        captured: 4_000,
        refunded: 0,
      })
      const second = await it.provider.capture({
        providerPaymentId,
        amount: money(900),
        key: newId('key'),
        final: true,
      })
      if (it.provider.capabilities.capture === 'single') {
        assert.equal(second.outcome === 'refused' && second.reason, 'wrong-state')
        assert.equal((await now(payment)).captured.amount, 4_000)
      } else {
        assert.equal(paymentOf(second, 'captured').captured.amount, 4_900)
      }
    })

    test('capture of more than was authorized, in another currency, or of nothing known is refused', async () => {
      const payment = await authorized()
      const { providerPaymentId } = payment
      const tooMuch = await it.provider.capture({ providerPaymentId, amount: money(4_901), key: newId('key') })
      assert.equal(tooMuch.outcome === 'refused' && tooMuch.reason, 'exceeds-authorized')
      const foreign = await it.provider.capture({
        providerPaymentId,
        amount: { amount: 4_900, currency: 'JPY' },
        key: newId('key'),
      })
      assert.equal(foreign.outcome === 'refused' && foreign.reason, 'currency-mismatch')
      const nobody = await it.provider.capture({
        providerPaymentId: 'pay_none',
        amount: money(1),
        key: newId('key'),
      })
      assert.equal(nobody.outcome === 'refused' && nobody.reason, 'not-found')
      assert.deepEqual(sums(await now(payment)), sums(payment))
    })

    test('one capture key captures once', async () => {
      const { providerPaymentId } = await authorized()
      const request = { providerPaymentId, amount: money(4_900), key: newId('key') }
      const answers = await Promise.all([1, 2, 3].map(() => untilKnown(() => it.provider.capture(request))))
      for (const answer of answers) assert.deepEqual(answer, answers[0])
      assert.equal(paymentOf(await it.provider.capture(request), 'captured').captured.amount, 4_900)
    })

    test('void releases, once and for all', async () => {
      const payment = await authorized()
      const { providerPaymentId } = payment
      assert.equal(
        paymentOf(await it.provider.void({ providerPaymentId, key: newId('key') }), 'voided').status,
        'voided',
      )
      assert.equal((await it.provider.void({ providerPaymentId, key: newId('key') })).outcome, 'voided')
      const late = await it.provider.capture({ providerPaymentId, amount: money(4_900), key: newId('key') })
      assert.equal(late.outcome === 'refused' && late.reason, 'wrong-state')
      assert.deepEqual((await now(payment)).status, 'voided')
    })

    test('void of what was captured is refused', async () => {
      const payment = await authorized({ captureNow: true })
      const result = await it.provider.void({ providerPaymentId: payment.providerPaymentId, key: newId('key') })
      assert.equal(result.outcome === 'refused' && result.reason, 'captured')
      assert.equal((await now(payment)).status, 'captured')
    })

    test('refunds go in parts up to what was captured, each key once', async () => {
      const payment = await authorized({ captureNow: true })
      const { providerPaymentId } = payment
      const part = { providerPaymentId, amount: money(4_000), key: newId('key') }
      const once = await it.provider.refund(part)
      assert.deepEqual(await it.provider.refund(part), once)
      const tooMuch = await it.provider.refund({ providerPaymentId, amount: money(901), key: newId('key') })
      assert.equal(tooMuch.outcome === 'refused' && tooMuch.reason, 'exceeds-captured')
      const rest = { providerPaymentId, amount: money(900), key: newId('key') }
      assert.equal((await it.provider.refund(rest)).outcome, 'refunded')

      const after = await now(payment)
      assert.deepEqual(sums(after), { amount: 4_900, authorized: 4_900, captured: 4_900, refunded: 4_900 })
      assert.deepEqual(
        after.refunds.map(({ key, amount }) => ({ key, amount: amount.amount })),
        [
          { key: part.key, amount: 4_000 },
          { key: rest.key, amount: 900 },
        ],
      )
      assert.equal(once.outcome === 'refunded' && once.refundId, after.refunds[0]?.refundId)
    })

    test('two refunds at the same time never give back more than was captured', async () => {
      const payment = await authorized({ captureNow: true })
      const outcomes = await Promise.all(
        [1, 2, 3, 4].map(async () => {
          const { providerPaymentId } = payment
          return (await it.provider.refund({ providerPaymentId, amount: money(3_000), key: newId('key') })).outcome
        }),
      )
      assert.deepEqual(outcomes.sort(), ['refunded', 'refused', 'refused', 'refused'])
      assert.equal((await now(payment)).refunded.amount, 3_000)
    })

    test('a refund of what was not captured is refused', async () => {
      const { providerPaymentId } = await authorized()
      const result = await it.provider.refund({ providerPaymentId, amount: money(1), key: newId('key') })
      assert.equal(result.outcome === 'refused' && result.reason, 'wrong-state')
    })

    test('an answer that got lost is unknown; the order’s payments and the same key tell what happened', async (t) => {
      if (!it.tokens.lostAnswer) return t.skip('cannot be tried with this provider')
      const request = attempt({ token: it.tokens.lostAnswer })
      const result = await it.provider.authorize(request, { signal: AbortSignal.timeout(500) })
      assert.equal(result.outcome === 'unknown' && result.cause, 'timeout')
      const [payment, ...others] = await found(request.orderId)
      assert.equal(payment?.status, 'authorized')
      assert.equal(payment?.attemptKey, request.attemptKey)
      assert.equal(others.length, 0)
      assert.deepEqual(paymentOf(await it.provider.authorize(request), 'authorized'), payment)
      assert.equal((await found(request.orderId)).length, 1)
    })

    test('a request that got lost did nothing', async (t) => {
      if (!it.tokens.lostRequest) return t.skip('cannot be tried with this provider')
      const request = attempt({ token: it.tokens.lostRequest })
      const result = await it.provider.authorize(request, { signal: AbortSignal.timeout(500) })
      assert.equal(result.outcome === 'unknown' && result.cause, 'timeout')
      assert.deepEqual(await found(request.orderId), [])
    })

    test('an abandoned attempt takes no money when it comes late', async () => {
      const request = attempt()
      const { orderId, attemptKey } = request
      assert.equal((await it.provider.abandon({ orderId, attemptKey })).outcome, 'abandoned')
      const late = await it.provider.authorize(request)
      assert.equal(late.outcome === 'refused' && late.reason, 'attempt-abandoned')
      assert.deepEqual(await found(orderId), [])
      assert.equal((await it.provider.abandon({ orderId, attemptKey })).outcome, 'abandoned')
    })

    test('abandoning voids what was authorized, and is refused for what was captured', async () => {
      const held = await authorized()
      assert.equal((await it.provider.abandon(held)).outcome, 'abandoned')
      assert.equal((await now(held)).status, 'voided')
      const taken = await authorized({ captureNow: true })
      const result = await it.provider.abandon(taken)
      assert.equal(result.outcome === 'refused' && result.reason, 'captured')
      assert.equal((await now(taken)).status, 'captured')
    })

    test('an attempt and its abandonment at the same time end without money held', async () => {
      for (let round = 0; round < 10; round++) {
        const request = attempt()
        const [_, end] = await Promise.all([
          it.provider.authorize(request),
          untilKnown(() => it.provider.abandon(request)),
        ])
        assert.equal(end.outcome, 'abandoned')
        const held = (await found(request.orderId)).filter((payment) => payment.status === 'authorized')
        assert.deepEqual(held, [])
      }
    })

    test('a payment that nobody knows is missing', async () => {
      assert.deepEqual(await it.provider.retrieve({ providerPaymentId: 'pay_none' }), { outcome: 'missing' })
      assert.deepEqual(await found(newId('order')), [])
    })

    test('list walks every payment once, by cursor', async () => {
      const since = new Date(Date.now() - 60_000).toISOString()
      const made = await Promise.all([1, 2, 3].map(() => authorized()))
      const ids: string[] = []
      let cursor: string | undefined
      do {
        const page = await it.provider.list({ since, ...(cursor === undefined ? {} : { cursor }) })
        if (page.outcome !== 'listed') assert.fail(page.detail)
        ids.push(...page.items.map((payment) => payment.providerPaymentId))
        cursor = page.nextCursor ?? undefined
      } while (cursor !== undefined)
      for (const { providerPaymentId } of made) assert.equal(ids.filter((id) => id === providerPaymentId).length, 1)
      assert.equal(new Set(ids).size, ids.length)
    })

    test('a provider that is not there is unknown, whatever was asked', async () => {
      const payment = { providerPaymentId: 'pay_none', amount: money(1), key: newId('key') }
      const results = await Promise.all([
        it.unreachable.authorize(attempt()),
        it.unreachable.abandon(attempt()),
        it.unreachable.find({ orderId: 'order_none' }),
        it.unreachable.retrieve(payment),
        it.unreachable.capture(payment),
        it.unreachable.void(payment),
        it.unreachable.refund(payment),
        it.unreachable.list({ since: new Date().toISOString() }),
        ...(it.unreachable.events ? [it.unreachable.events({ since: new Date().toISOString() })] : []),
      ])
      for (const result of results) assert.equal(result.outcome === 'unknown' && result.cause, 'connection')
    })

    test('a caller who gives up gets unknown', async () => {
      const result = await it.provider.authorize(attempt(), { signal: AbortSignal.abort() })
      assert.equal(result.outcome === 'unknown' && result.cause, 'timeout')
    })

    test('a genuine callback names its payment', async (t) => {
      if (!it.callback) return t.skip('cannot be tried with this provider')
      const payment = await authorized()
      const result = await it.provider.webhook(await it.callback(payment.providerPaymentId))
      assert.equal(result.outcome, 'verified')
      if (result.outcome !== 'verified') return
      assert.equal(result.providerPaymentId, payment.providerPaymentId)
      assert.equal(result.orderId, payment.orderId)
      assert.ok(result.eventId.length > 0)
    })

    test('a forged, stale, altered, or unsigned callback is refused', async (t) => {
      if (!it.callback || !it.sign) return t.skip('cannot be tried with this provider')
      const genuine = await it.callback((await authorized()).providerPaymentId)
      const { rawBody } = genuine
      const verdict = async (request: WebhookRequest) => {
        const result = await it.provider.webhook(request)
        return result.outcome === 'refused' ? result.reason : result.outcome
      }
      const minutes = (count: number) => new Date(Date.now() + count * 60_000)
      assert.equal(await verdict(it.sign(rawBody, { at: minutes(0), secret: 'right' })), 'verified')
      assert.equal(await verdict(it.sign(rawBody, { at: minutes(0), secret: 'wrong' })), 'bad-signature')
      assert.equal(await verdict(it.sign(rawBody, { at: minutes(-6), secret: 'right' })), 'stale')
      assert.equal(await verdict(it.sign(rawBody, { at: minutes(6), secret: 'right' })), 'stale')
      const altered = Buffer.from(Buffer.from(rawBody).toString().replace('4900', '4901'))
      assert.notDeepEqual(altered, Buffer.from(rawBody))
      assert.equal(await verdict({ ...genuine, rawBody: altered }), 'bad-signature')
      assert.equal(await verdict({ rawBody, headers: {} }), 'malformed')
      const nothing = it.sign(Buffer.from('not json'), { at: minutes(0), secret: 'right' })
      assert.equal(await verdict(nothing), 'malformed')
    })

    // The last one: no callback comes any more.
    test('events tell what callbacks did not: each once, oldest first, and none of before', async (t) => {
      if (!it.provider.events) return t.skip('nothing happens at this provider by itself')
      const before = await authorized()
      await it.loseCallbacks?.()
      const since = new Date(Math.ceil(Date.now() / 1_000) * 1_000)
      await pause(since.getTime() - Date.now())
      const { providerPaymentId, orderId } = await authorized({ captureNow: true })
      await it.provider.refund({ providerPaymentId, amount: money(1_000), key: newId('key') })
      const told: PaymentEvent[] = []
      let cursor: string | undefined
      do {
        const request = { since: since.toISOString(), ...(cursor === undefined ? {} : { cursor }) }
        const page = await it.provider.events(request)
        if (page.outcome !== 'listed') assert.fail(page.detail)
        told.push(...page.items)
        cursor = page.nextCursor ?? undefined
      } while (cursor !== undefined)
      const own = told.filter((event) => event.providerPaymentId === providerPaymentId)
      assert.ok(own.length >= 2, JSON.stringify(told))
      for (const event of own) assert.ok(event.orderId === orderId || event.orderId === null)
      assert.equal(new Set(told.map(({ eventId }) => eventId)).size, told.length)
      const times = told.map(({ at }) => Date.parse(at))
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      )
      assert.ok(times.every((at) => at >= since.getTime()))
      assert.ok(told.every((event) => event.providerPaymentId !== before.providerPaymentId))
    })
  })
}

/** Five milliseconds apart: longer than any provider under test is at work on a request. */
const asksAtMost = 200
const pauseMs = 5

/** Asks again while nobody can tell, as the port's caller does: a provider may refuse a key while a request under it is at work. */
async function untilKnown<R extends { readonly outcome: string }>(ask: () => Promise<R>): Promise<R> {
  for (let asked = 1; ; asked++) {
    const result = await ask()
    if (result.outcome !== 'unknown' || asked === asksAtMost) return result
    await pause(pauseMs)
  }
}

function paymentOf(
  result: AuthorizeResult | { outcome: string; payment?: ProviderPayment },
  outcome: string,
): ProviderPayment {
  assert.equal(result.outcome, outcome)
  return ('payment' in result ? result.payment : undefined) ?? assert.fail('no payment in the answer')
}

const sums = ({ amount, authorized, captured, refunded }: ProviderPayment) => ({
  amount: amount.amount,
  authorized: authorized.amount,
  captured: captured.amount,
  refunded: refunded.amount,
})
