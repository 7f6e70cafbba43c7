import { newId } from '#kernel/id'
import type { PaymentProvider, ProviderPayment, Unknown } from '../../providers/payments/port.ts'
import { type Bank, findLagMs, openBank } from './bank.ts'
import type { Faults } from './faults.ts'
import type { Random } from './random.ts'
import { currentLife, outside, type Timeline, within } from './timeline.ts'
import type { Trace } from './trace.ts'

export type SimulatedProvider = {
  /** What the payments service of a process speaks to. */
  readonly adapter: () => PaymentProvider
  readonly bank: Bank
}

/** Callbacks are tried so often: a provider tries for days, but an end is an end. */
const callbackTries = 3
const callbackAgainMs = 30_000

/**
 * A payment provider that keeps the five rules of its port over a network that may lose each request and each answer. Its
 * callbacks come when they like, and the shopper at its challenge takes his time, or never comes.
 * @param callBack delivers a callback to the shop. @returns whether the shop says that it has it
 */
export function simulateProvider(options: {
  readonly timeline: Timeline
  readonly trace: Trace
  readonly faults: Faults
  readonly random: Random
  readonly captures: 'single' | 'multiple'
  readonly callBack: (rawBody: string) => Promise<boolean>
}): SimulatedProvider {
  const { timeline, trace, faults, random } = options
  const later = (delayMs: number, act: () => unknown): void => void timeline.after(delayMs, act, { life: outside })

  const sendCallback = (body: string, what: string, delayMs: number, triesLeft: number): void =>
    later(delayMs, async () => {
      trace.add(outside, `callback ${what}`, 'is sent')
      void within(outside, () => options.callBack(body)).then((isKept) => {
        if (!isKept && triesLeft > 1) sendCallback(body, what, callbackAgainMs, triesLeft - 1)
      })
    })

  const bank = openBank({
    now: timeline.now,
    captures: options.captures,
    onChange(payment) {
      const what = trace.short(`${payment.status} (${payment.orderId})`)
      trace.add(outside, `the provider: ${payment.attemptKey}`, whatIsBooked(payment))
      const { providerPaymentId, orderId } = payment
      // Some providers tell what became of it with the news, others only that there are some.
      const said = random.happens(0.5, `${what} is told whole`) ? payment : undefined
      const body = JSON.stringify({ eventId: newId('event'), providerPaymentId, orderId, said })
      for (const delayMs of faults.callbackCopiesMs(what)) sendCallback(body, what, delayMs, callbackTries)
    },
    onWaiting({ waits, paymentId }) {
      const question = `${waits} of payment ${bank.all().length}`
      const thinksMs = waits === 'bank' ? random.between(1_000, 20_000, question) : shopperMs(random, question)
      if (thinksMs !== null) later(thinksMs, () => bank.decide(paymentId, random.happens(0.75, `${question} agrees`)))
    },
  })

  /** A call to the provider: it may fail before anything is done, or after. The caller's deadline ends it at once. */
  const call = <R>(asked: string, signal: AbortSignal | undefined, work: () => R): Promise<R | Unknown> => {
    const what = trace.short(asked)
    const life = currentLife()
    const told = Promise.withResolvers<R | Unknown>()
    signal?.addEventListener('abort', () => told.resolve(unknown('timeout')), { once: true })
    const fails = faults.providerFails(what)
    timeline.after(
      faults.toProviderMs(what),
      () => {
        if (fails === 'before') {
          trace.add(outside, `provider: ${what}`, 'never arrives')
          return faults.choose(2, what) === 0 ? undefined : answer(unknown('connection'))
        }
        const result = work()
        trace.add(outside, `provider: ${what}`, (result as { outcome: string }).outcome)
        faults.mayCrash(life, `provider ${what}`)
        if (fails === null) answer(result)
        else trace.add(outside, `provider: the answer to ${what}`, 'is lost')
      },
      { life: outside },
    )
    const answer = (result: R | Unknown): void =>
      void timeline.after(faults.onTheWayMs(`answer of the provider to ${what}`), () => told.resolve(result), { life })
    return told.promise
  }

  const adapter = (): PaymentProvider => ({
    name: 'sandbox',
    capabilities: {
      capture: options.captures,
      hostedPage: false,
      keysRememberedMs: 24 * 3_600_000,
      findLagMs,
    },
    checkout: () => ({ kind: 'none' }),
    authorize: (request, { signal } = {}) =>
      call(`authorize (${request.orderId})`, signal, () => bank.authorize(request)),
    abandon: ({ orderId, attemptKey }, { signal } = {}) =>
      call(`abandon (${orderId})`, signal, () => bank.abandon(orderId, attemptKey)),
    find: ({ orderId }, { signal } = {}) =>
      call(`find (${orderId})`, signal, () => ({ outcome: 'found', payments: bank.paymentsOf(orderId) }) as const),
    retrieve: ({ providerPaymentId }, { signal } = {}) =>
      call(`retrieve ${providerPaymentId}`, signal, () => {
        const payment = bank.retrieve(providerPaymentId)
        return payment ? ({ outcome: 'found', payment } as const) : ({ outcome: 'missing' } as const)
      }),
    capture: ({ providerPaymentId, amount, key, final = false }, { signal } = {}) =>
      call(`capture ${providerPaymentId}`, signal, () => bank.capture(providerPaymentId, amount, key, final)),
    void: ({ providerPaymentId, key }, { signal } = {}) =>
      call(`void ${providerPaymentId}`, signal, () => bank.void(providerPaymentId, key)),
    refund: ({ providerPaymentId, amount, key }, { signal } = {}) =>
      call(`refund ${providerPaymentId}`, signal, () => bank.refund(providerPaymentId, amount, key)),
    webhook: async ({ rawBody }) => ({ outcome: 'verified', ...JSON.parse(Buffer.from(rawBody).toString()) }),
    list: async () => ({ outcome: 'listed', items: bank.all(), nextCursor: null }),
  })
  return { adapter, bank }
}

/** Most answer the challenge soon, some after the shop gave the order up, some never. */
function shopperMs(random: Random, question: string): number | null {
  const luck = random.share(`${question} hesitates`)
  if (luck < 0.6) return random.between(1_000, 30_000, question)
  return luck < 0.85 ? random.between(30_000, 15 * 60_000, question) : null
}

const whatIsBooked = ({ status, authorized, captured, refunded }: ProviderPayment): string =>
  `${status}, ${authorized.amount} authorized, ${captured.amount} captured, ${refunded.amount} refunded`

const unknown = (cause: Unknown['cause']): Unknown => ({ outcome: 'unknown', cause, detail: 'simulated' })
