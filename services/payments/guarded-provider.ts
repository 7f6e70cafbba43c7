import { BrokenCircuitError } from 'cockatiel'
import type { Breaker } from '#kernel/dependency'
import { inSpan } from '#kernel/tracing'
import type { PaymentProvider, Unknown } from '../../providers/payments/port.ts'

/** A provider that is not asked while it is known to be in trouble. */
export type GuardedProvider = PaymentProvider & {
  readonly isInTrouble: boolean
  /** Until it is asked again. */
  readonly retryAfterSeconds: number
}

/** What is done without a provider, as staff are told. */
export const providerFallback =
  'New payments with it are refused with 503, other ways to pay stay offered. What was begun stays open and is asked about until it answers.'
/** Shoppers whose payments are lost on the way one after the other do not stop all the others. */
export const failuresToOpen = 8
/** Between two looks whether it is back: soon enough for a shop that sells, rare enough for a provider that starts. */
export const openMs = 5_000

/** Carries what nobody can tell through the breaker, which counts errors. */
class Trouble extends Error {
  readonly unknown: Unknown
  constructor(unknown: Unknown) {
    super(`${unknown.cause}: ${unknown.detail}`)
    this.unknown = unknown
  }
}

export const isTrouble = (error: unknown): boolean => error instanceof Trouble

/** Every call to the provider through one breaker. What is not asked is `unknown`, like all that is not answered. */
export function guardedProvider(provider: PaymentProvider, breaker: Breaker): GuardedProvider {
  const { receive, events } = provider
  const ask = async <R extends { readonly outcome: string }>(
    what: keyof PaymentProvider,
    call: () => Promise<R | Unknown>,
  ): Promise<R | Unknown> => {
    if (breaker.isOpen) return notAsked
    try {
      return await breaker.run(async () => {
        const result = await inSpan(`${provider.name} ${what}`, { kind: 'client' }, async (span) => {
          const told = await call()
          span?.set({ 'stoa.provider': provider.name, 'stoa.provider.outcome': told.outcome })
          if (isUnknown(told)) span?.fail(told.cause)
          return told
        })
        // What is under way is an answer of a provider that is well.
        if (isUnknown(result) && result.cause !== 'in-progress') throw new Trouble(result)
        return result
      })
    } catch (error) {
      if (error instanceof Trouble) return error.unknown
      if (error instanceof BrokenCircuitError) return notAsked
      throw error
    }
  }
  return {
    name: provider.name,
    capabilities: provider.capabilities,
    get isInTrouble() {
      return breaker.isOpen
    },
    get retryAfterSeconds() {
      return breaker.retryAfterSeconds
    },
    checkout: (page) => provider.checkout(page),
    webhook: (request) => provider.webhook(request),
    authorize: (request, call) => ask('authorize', () => provider.authorize(request, call)),
    abandon: (request, call) => ask('abandon', () => provider.abandon(request, call)),
    find: (request, call) => ask('find', () => provider.find(request, call)),
    retrieve: (request, call) => ask('retrieve', () => provider.retrieve(request, call)),
    capture: (request, call) => ask('capture', () => provider.capture(request, call)),
    void: (request, call) => ask('void', () => provider.void(request, call)),
    refund: (request, call) => ask('refund', () => provider.refund(request, call)),
    list: (request, call) => ask('list', () => provider.list(request, call)),
    // Not counted: a key that may not read events says nothing about payments.
    ...(events ? { events: async (request, call) => (breaker.isOpen ? notAsked : events(request, call)) } : {}),
    ...(receive ? { receive: (request, call) => ask('receive', () => receive(request, call)) } : {}),
  }
}

const isUnknown = (result: { readonly outcome: string }): result is Unknown => result.outcome === 'unknown'

const notAsked: Unknown = {
  outcome: 'unknown',
  cause: 'connection',
  detail: 'not asked: the provider did not answer lately',
}
