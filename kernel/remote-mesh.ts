import { setTimeout as pause } from 'node:timers/promises'
import { BrokenCircuitError } from 'cockatiel'
import type { Call } from './call.ts'
import type { SentCall } from './calls-together.ts'
import type { Mesh } from './client.ts'
import type { Contract, Operation, Outcome } from './contract.ts'
import type { DeadLetter, DeadLetterDoor, LetterPage } from './dead-letters.ts'
import { type Breaker, createBreaker, type DependencyState } from './dependency.ts'
import type { EventEnvelope } from './event.ts'
import type { ProcessHealth } from './health.ts'
import { unavailable } from './problem.ts'
import type { Verdict } from './relay.ts'
import type { TraceContext } from './tracing.ts'

export const mayRepeat = (operation: Operation, call: Call): boolean =>
  operation.kind === 'query' || operation.idempotency === 'natural' || call.idempotencyKey !== null

/** At one layer only, and few: retries multiply load exactly when there is too much of it. */
const attemptsAtMost = 4
const firstPauseMs = 40
/**
 * A part of the calls to a service may be retries, and some more after a quiet time: enough for a restart, and a service in
 * trouble is not asked four times as often (Google, Site Reliability Engineering, chapter 22: retry budgets).
 */
const retriesACall = 0.1
const retriesSaved = 20
/** After this many failures in a row the other side gets time to recover. */
const failuresToOpen = 20
const openMs = 1_000

/** Says how important a call is before its body is read. */
export const importanceHeader = 'x-stoa-importance'

/** The other side did not answer, or not in time: nobody can tell what it did. */
export class NoAnswer extends Error {}

/** A person waits, and a service that does not answer is named. */
const deadLettersMs = 4_000

/** What the other side has to know of a call before it reads it. */
export type Sent = Pick<Call, 'deadline' | 'importance'> &
  Partial<TraceContext> & {
    /** Whether the body is a `SentCall`, which may travel with others of the moment. */
    readonly isCall?: boolean
  }

/**
 * Sends a request to a service's internal port and answers with what came back; a GET without `body`. Throws `NoAnswer` when
 * nothing did.
 */
export type Ask = <R>(service: string, path: string, sent: Sent, body?: unknown) => Promise<R>

/** A service of another process, as seen from here. */
type Target = { readonly breaker: Breaker; retries: number }

/** Reaches services in other processes with deadline, a budget of retries and a circuit breaker each. */
export function remoteMesh(ask: Ask, onChange?: (state: DependencyState) => void): Mesh & Omit<Remote, 'close'> {
  const targets = new Map<string, Target>()

  const targetOf = (service: string, fallback: string): Target => {
    const known = targets.get(service)
    if (known) return known
    const isFailure = (error: unknown): boolean => error instanceof NoAnswer
    const breaker = createBreaker(
      { name: service, kind: 'service', fallback, failuresToOpen, openMs, isFailure },
      onChange,
    )
    const target = { breaker, retries: retriesSaved }
    targets.set(service, target)
    return target
  }

  const guarded = async <R>(
    target: Target,
    repeatable: boolean,
    deadline: number,
    send: () => Promise<R>,
  ): Promise<R> => {
    target.retries = Math.min(retriesSaved, target.retries + retriesACall)
    for (let attempt = 1; ; attempt++) {
      try {
        return await target.breaker.run(send)
      } catch (error) {
        if (!(error instanceof NoAnswer) && !(error instanceof BrokenCircuitError)) throw error
        const pauseMs = firstPauseMs * 2 ** attempt * (0.5 + Math.random())
        const mayTry = repeatable && attempt < attemptsAtMost && target.retries >= 1
        if (!mayTry || Date.now() + pauseMs > deadline) throw unavailable(error.message)
        target.retries -= 1
        await pause(pauseMs)
      }
    }
  }

  const mesh: Mesh = (contract, name, input, call) => {
    const operation = contract.operations[name]
    if (!operation) throw new Error(`contract: ${contract.name} has no operation "${name}"`)
    const path = `/call/${contract.name}/${name}`
    return guarded(targetOf(contract.name, contract.fallback), mayRepeat(operation, call), call.deadline, () =>
      ask<Outcome<Operation>>(
        contract.name,
        path,
        { ...call, isCall: true },
        // Two machines' clocks may be far apart: what travels is how much time is left.
        { operation: name, input, call, leftMs: call.deadline - Date.now() } satisfies SentCall,
      ),
    )
  }
  return Object.assign(mesh, {
    deliver: (subscriber: Contract, events: readonly EventEnvelope[], deadline: number) => {
      const { name, fallback } = subscriber
      const sent = { deadline, importance: 'checkout' } as const
      return guarded(targetOf(name, fallback), false, deadline, () =>
        ask<SentVerdicts>(name, `/events/${name}`, sent, { events }),
      ).then(({ verdicts, kinds }) =>
        verdicts.map((error, index): Verdict => (error === null ? null : { error, kind: kinds?.[index] ?? 'failed' })),
      )
    },
    health: (service: string, deadline: number) =>
      // Whom it is for is said for a balancer that has one address for all; calls and events say it in their path.
      ask<ProcessHealth>(service, `/health/process?service=${service}`, { deadline, importance: 'checkout' }),
    deadLetters: {
      list: (service: string, page: LetterPage) =>
        ask<DeadLetter[]>(
          service,
          `/dead-letters/${service}/list`,
          { deadline: Date.now() + deadLettersMs, importance: 'checkout' },
          page,
        ),
      replay: (service: string, eventId: string | null) =>
        ask<{ replayed: number }>(
          service,
          `/dead-letters/${service}/replay`,
          { deadline: Date.now() + deadLettersMs, importance: 'checkout' },
          { eventId },
        ),
    },
    states: () => [...targets.values()].map(({ breaker }) => breaker.state()),
  })
}

/** Why each event has no effect, or null; `kinds` is absent from subscribers of an older version, during a rollout. */
type SentVerdicts = {
  readonly verdicts: readonly (string | null)[]
  readonly kinds?: readonly (NonNullable<Verdict>['kind'] | null)[]
}

/** Verdicts as a publisher of an older version reads them too. */
export const sentVerdicts = (verdicts: readonly Verdict[]): SentVerdicts => ({
  verdicts: verdicts.map((one) => one?.error ?? null),
  kinds: verdicts.map((one) => one?.kind ?? null),
})

export type Remote = {
  deliver(subscriber: Contract, events: readonly EventEnvelope[], deadline: number): Promise<readonly Verdict[]>
  /** What the process of a service says of itself. Asked once, past the breaker: a person wants to know. */
  health(service: string, deadline: number): Promise<ProcessHealth>
  /** The dead letters of services in other processes. Asked once, as health is. */
  readonly deadLetters: DeadLetterDoor
  states(): DependencyState[]
  close(): Promise<void>
}
