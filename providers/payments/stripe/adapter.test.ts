import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { money } from '#kernel/money'
import type { AuthorizeRequest, PaymentProvider, ProviderPayment } from '../port.ts'
import { providerSuite } from '../provider-suite.ts'
import { startTestStripe, type TestStripe } from './test-stripe.ts'

providerSuite('stripe', async () => {
  const stripe = await startTestStripe()
  const provider = stripe.adapter()
  return {
    provider,
    unreachable: stripe.adapter({ apiUrl: 'http://127.0.0.1:1' }),
    currency: 'EUR',
    tokens: {
      ok: 'ctoken_ok',
      declined: 'ctoken_declined',
      challenge: 'ctoken_3ds',
      lostAnswer: 'ctoken_lost_answer',
      lostRequest: 'ctoken_lost_request',
    },
    answerChallenge: async ({ clientSecret }, approve) =>
      stripe.answerChallenge(clientSecret ?? assert.fail('no client secret'), approve),
    callback: async (providerPaymentId) => {
      const event = stripe.account.events.find(({ data }) => (data.object as { id: string }).id === providerPaymentId)
      return stripe.signed(event ?? assert.fail())
    },
    sign: (rawBody, { at, secret }) =>
      stripe.signed(rawBody, { at, ...(secret === 'right' ? {} : { secret: 'whsec_guessed' }) }),
    stop: stripe.stop,
  }
})

describe('stripe: what is its own', () => {
  let stripe: TestStripe
  let provider: PaymentProvider
  before(async () => {
    stripe = await startTestStripe()
    provider = stripe.adapter()
  })
  after(() => stripe?.stop())

  const attempt = (changes: Partial<AuthorizeRequest> = {}): AuthorizeRequest => {
    const orderId = newId('order')
    const amount = money(4_900, 'EUR')
    return { orderId, attemptKey: `${orderId}-1`, amount, token: 'ctoken_ok', captureNow: true, ...changes }
  }
  const taken = async (changes: Partial<AuthorizeRequest> = {}): Promise<ProviderPayment> => {
    const result = await provider.authorize(attempt(changes))
    return result.outcome === 'captured' ? result.payment : assert.fail(JSON.stringify(result))
  }

  test('what the issuer suspects is told as a plain decline; what helps is told', async () => {
    const reasons = []
    for (const token of ['ctoken_stolen', 'ctoken_poor', 'ctoken_nobody']) {
      const result = await provider.authorize(attempt({ token }))
      reasons.push(result.outcome === 'declined' ? result.reason : result.outcome)
      // Staff may read it, in the provider's own answer.
      assert.doesNotMatch(JSON.stringify({ ...result, payment: null }), /stolen/)
    }
    assert.deepEqual(reasons, ['card-declined', 'insufficient-funds', 'token-invalid'])
  })

  test('a declined payment is ended: its client secret confirms it with no other card', async () => {
    for (const token of ['ctoken_declined', 'ctoken_3ds']) {
      const request = attempt({ token })
      const result = await provider.authorize(request)
      const [intent] = stripe.account.all().filter(({ metadata }) => metadata.stoa_order === request.orderId)
      assert.ok(intent)
      if (result.outcome === 'requires_action') {
        stripe.answerChallenge(intent.client_secret, false)
        const found = await provider.retrieve({ providerPaymentId: intent.id })
        assert.equal(found.outcome === 'found' && found.payment.declineReason, 'authentication-failed')
      }
      assert.equal(stripe.account.confirmAgain(intent.client_secret), false, token)
      assert.equal(stripe.account.shown(intent.id).status, 'canceled')
      const again = await provider.retrieve({ providerPaymentId: intent.id })
      assert.equal(again.outcome === 'found' && again.payment.status, 'declined')
    }
  })

  test('a refused attempt is told as such again under its key, after it was ended', async () => {
    const request = attempt({ token: 'ctoken_poor' })
    const outcomes = [await provider.authorize(request), await provider.authorize(request)]
    for (const result of outcomes) assert.equal(result.outcome === 'declined' && result.reason, 'insufficient-funds')
  })

  test('429 and 500 are unknown, before and after the work; the key does it once', async () => {
    for (const trouble of [{ status: 429 }, { status: 500 }] as const) {
      const request = attempt()
      stripe.behave(trouble)
      const result = await provider.authorize(request)
      stripe.behave({})
      const cause = trouble.status === 429 ? 'rate-limited' : 'server-error'
      assert.equal(result.outcome === 'unknown' && result.cause, cause)
      assert.equal((await provider.authorize(request)).outcome, 'captured')
    }
    const request = attempt()
    stripe.behave({ status: 500, afterwards: true })
    assert.equal((await provider.authorize(request)).outcome, 'unknown')
    stripe.behave({})
    // Stripe answers a key for ever as it did at first, also with 500: only asking for the order tells.
    assert.equal((await provider.authorize(request)).outcome, 'unknown')
    const found = await provider.find({ orderId: request.orderId })
    assert.deepEqual(found.outcome === 'found' && found.payments.map(({ status }) => status), ['captured'])
  })

  test('a capture and a refund that were answered with 500 are found on the payment, and made once', async () => {
    const held = await provider.authorize(attempt({ captureNow: false }))
    const { providerPaymentId } = held.outcome === 'authorized' ? held.payment : assert.fail()
    stripe.behave({ status: 500, afterwards: true })
    const taking = { providerPaymentId, amount: money(4_900, 'EUR'), key: newId('capture') }
    const giving = { providerPaymentId, amount: money(900, 'EUR'), key: newId('refund') }
    assert.equal((await provider.capture(taking)).outcome, 'captured')
    assert.equal((await provider.refund(giving)).outcome, 'unknown')
    stripe.behave({})
    assert.equal((await provider.capture(taking)).outcome, 'captured')
    assert.equal((await provider.refund(giving)).outcome, 'refunded')
    // Not even when Stripe has forgotten the key.
    stripe.forgetKeys()
    assert.equal((await provider.refund(giving)).outcome, 'refunded')
    const other = await provider.refund({ ...giving, amount: money(901, 'EUR') })
    assert.equal(other.outcome === 'refused' && other.reason, 'key-reused')
    assert.equal(stripe.account.refundsOf(providerPaymentId).length, 1)
    // One that did nothing is unknown, and nothing is said of another's capture.
    const second = await provider.authorize(attempt({ captureNow: false }))
    const { providerPaymentId: open } = second.outcome === 'authorized' ? second.payment : assert.fail()
    stripe.behave({ status: 500 })
    const lost = await provider.capture({ ...taking, providerPaymentId: open, key: newId('capture') })
    stripe.behave({})
    assert.equal(lost.outcome, 'unknown')
    assert.equal(stripe.account.shown(open).status, 'requires_capture')
  })

  test('while a bank is at work an attempt is not given up: it may take money yet', async () => {
    const request = attempt({ token: 'ctoken_slow' })
    assert.equal((await provider.authorize(request)).outcome, 'processing')
    assert.equal((await provider.abandon(request)).outcome, 'unknown')
    const [intent] = stripe.account.all().filter(({ metadata }) => metadata.stoa_order === request.orderId)
    const providerPaymentId = intent?.id ?? ''
    const voided = await provider.void({ providerPaymentId, key: newId('void') })
    assert.equal(voided.outcome === 'refused' && voided.reason, 'wrong-state')
    stripe.account.finish(providerPaymentId)
    const end = await provider.abandon(request)
    assert.equal(end.outcome === 'refused' && end.reason, 'captured')
  })

  test('an attempt that the search does not show yet is not given up by guess', async () => {
    const request = attempt({ captureNow: false })
    await provider.authorize(request)
    stripe.behave({ searchLag: 60 })
    assert.equal((await provider.abandon(request)).outcome, 'unknown')
    stripe.behave({})
    assert.equal((await provider.abandon(request)).outcome, 'abandoned')
    const found = await provider.find(request)
    assert.deepEqual(found.outcome === 'found' && found.payments.map(({ status }) => status), ['voided'])
  })

  test('years in which nothing was paid are passed over in one page', async () => {
    const { providerPaymentId } = await taken()
    const page = await provider.list({ since: '1970-01-01T00:00:00.000Z' })
    const ids = page.outcome === 'listed' ? page.items.map((payment) => payment.providerPaymentId) : []
    assert.ok(ids.includes(providerPaymentId))
  })

  test('a client secret goes to the shopper and into no record', async () => {
    const result = await provider.authorize(attempt({ token: 'ctoken_3ds' }))
    assert.ok(result.outcome === 'requires_action' && result.action.clientSecret)
    assert.doesNotMatch(JSON.stringify(result.payment), /_secret_/)
  })

  test('a refund that is pending counts at once; one that failed does not', async () => {
    const { providerPaymentId } = await taken()
    stripe.account.course.refunds = 'pending'
    const refund = await provider.refund({ providerPaymentId, amount: money(1_900, 'EUR'), key: newId('refund') })
    stripe.account.course.refunds = 'failed'
    const failed = await provider.refund({ providerPaymentId, amount: money(100, 'EUR'), key: newId('refund') })
    stripe.account.course.refunds = 'succeeded'
    assert.equal(refund.outcome === 'refunded' && refund.status, 'pending')
    assert.equal(refund.outcome === 'refunded' && refund.payment.refunded.amount, 1_900)
    assert.equal(failed.outcome === 'refused' && failed.reason, 'wrong-state')

    if (refund.outcome === 'refunded') stripe.account.failRefund(refund.refundId)
    const now = await provider.retrieve({ providerPaymentId })
    assert.deepEqual(
      now.outcome === 'found' && [now.payment.refunded.amount, now.payment.refunds.map((one) => one.status)],
      [0, ['failed', 'failed']],
    )
  })

  test('more refunds than a charge tells of are all counted', async () => {
    const { providerPaymentId } = await taken()
    for (let count = 1; count <= 12; count++)
      await provider.refund({ providerPaymentId, amount: money(100, 'EUR'), key: newId('refund') })
    const now = await provider.retrieve({ providerPaymentId })
    assert.equal(now.outcome === 'found' && now.payment.refunded.amount, 1_200)
  })

  test('the fee is told once Stripe has counted it, in the currency of the account', async () => {
    const { account } = stripe
    assert.deepEqual((await taken()).fee, money(99, 'EUR'))
    account.course.feesCome = 'later'
    const { providerPaymentId, fee } = await taken()
    assert.equal(fee, undefined)
    account.course.feeCurrency = 'usd'
    account.settleFee(providerPaymentId)
    Object.assign(account.course, { feesCome: 'at-once', feeCurrency: '' })
    const now = await provider.retrieve({ providerPaymentId })
    assert.deepEqual(now.outcome === 'found' && now.payment.fee, money(99, 'USD'))
  })

  test('an authorization that nobody captured in time is expired, and its capture is refused as lapsed', async () => {
    const result = await provider.authorize(attempt({ captureNow: false }))
    const { providerPaymentId } = result.outcome === 'authorized' ? result.payment : assert.fail()
    stripe.account.expire(providerPaymentId)
    const now = await provider.retrieve({ providerPaymentId })
    assert.equal(now.outcome === 'found' && now.payment.status, 'expired')
    const late = await provider.capture({ providerPaymentId, amount: money(4_900, 'EUR'), key: newId('capture') })
    assert.equal(late.outcome === 'refused' && late.reason, 'authorization-lapsed')
  })

  test('amounts that Stripe cannot count are refused before anybody is asked', async () => {
    const before = stripe.account.all().length
    for (const amount of [money(4_905, 'KWD'), money(100_000_000, 'EUR')]) {
      const result = await provider.authorize(attempt({ amount }))
      assert.equal(result.outcome === 'refused' && result.reason, 'invalid-request')
    }
    assert.equal(stripe.account.all().length, before)
    const krona = await taken({ amount: money(500, 'ISK') })
    assert.deepEqual(krona.captured, money(500, 'ISK'))
    assert.equal(stripe.account.shown(krona.providerPaymentId).amount, 50_000)
  })

  test('two secrets are live while one replaces the other; the other mode’s events are not for this shop', async () => {
    const event = stripe.account.events.find(({ type }) => type === 'payment_intent.succeeded') ?? assert.fail()
    const rotating = stripe.adapter({ webhookSecrets: ['whsec_new', 'whsec_old'] })
    const verdicts = []
    for (const secret of ['whsec_new', 'whsec_old', 'whsec_older'])
      verdicts.push((await rotating.webhook(stripe.signed(event, { secret }))).outcome)
    assert.deepEqual(verdicts, ['verified', 'verified', 'refused'])
    assert.equal((await provider.webhook(stripe.signed({ ...event, livemode: true }))).outcome, 'ignored')
    assert.equal(
      (await provider.webhook(stripe.signed({ ...event, data: { object: { id: 'cus_1', object: 'customer' } } })))
        .outcome,
      'ignored',
    )
  })
})
