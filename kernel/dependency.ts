import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import T from 'typebox'
import { Nullable, Timestamp } from './fields.ts'

/** Something that can fail while we do not: how it is seen from one process, and what is done without it. */
export const DependencyState = T.Object(
  {
    name: T.String(),
    kind: T.Union([T.Literal('database'), T.Literal('service'), T.Literal('provider'), T.Literal('broker')]),
    /** `closed`: it answers; `open`: it is not asked; `half-open`: one request finds out. */
    state: T.Union([T.Literal('closed'), T.Literal('open'), T.Literal('half-open')]),
    since: Nullable(Timestamp),
    lastError: Nullable(T.String()),
    /** What happens while it is not asked. */
    fallback: T.String(),
  },
  { title: 'DependencyState' },
)
export type DependencyState = T.Static<typeof DependencyState>

export type BreakerOptions = {
  readonly name: string
  readonly kind: DependencyState['kind']
  readonly fallback: string
  /** Failures in a row after which it gets time to recover. */
  readonly failuresToOpen: number
  /** Milliseconds until one request may find out whether it has. */
  readonly openMs: number
  /** Whether an error says that it is in trouble; others are its answers, and count as such. */
  readonly isFailure: (error: unknown) => boolean
}

/** A circuit breaker with a declared fallback, whose state staff can see. It is of this process alone. */
export type Breaker = {
  /** Whether a call would be refused now, since it is known to fail. While one finds out, all others are. */
  readonly isOpen: boolean
  /** Seconds until it is asked again. */
  readonly retryAfterSeconds: number
  /** Throws cockatiel's `BrokenCircuitError` without a call while the breaker is open; waits for whoever is finding out. */
  run<R>(call: () => Promise<R>): Promise<R>
  state(): DependencyState
}

export function createBreaker(
  options: BreakerOptions,
  onChange: (state: DependencyState) => void = () => undefined,
): Breaker {
  const { name, kind, fallback, openMs } = options
  const policy = circuitBreaker(handleWhen(options.isFailure), {
    halfOpenAfter: openMs,
    breaker: new ConsecutiveBreaker(options.failuresToOpen),
  })
  let since: number | null = null
  let lastError: string | null = null
  const state = (): DependencyState => ({
    name,
    kind,
    state: policy.state === CircuitState.Closed ? 'closed' : policy.state === CircuitState.Open ? 'open' : 'half-open',
    since: since === null ? null : new Date(since).toISOString(),
    lastError,
    fallback,
  })
  policy.onFailure(({ reason, handled }) => {
    if (handled && 'error' in reason)
      lastError = reason.error instanceof Error ? reason.error.message : String(reason.error)
  })
  policy.onStateChange(() => {
    since = Date.now()
    onChange(state())
  })
  const leftMs = (): number => openMs - (Date.now() - (since ?? 0))
  return {
    get isOpen() {
      return policy.state === CircuitState.HalfOpen || (policy.state === CircuitState.Open && leftMs() > 0)
    },
    get retryAfterSeconds() {
      return Math.max(1, Math.ceil(leftMs() / 1_000))
    },
    run: (call) => policy.execute(call),
    state,
  }
}
