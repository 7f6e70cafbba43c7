import { setTimeout as pause } from 'node:timers/promises'
import { BrokenCircuitError } from 'cockatiel'
import type { Agent } from 'undici'
import { type Call, currentCall } from './call.ts'
import type { Mesh } from './client.ts'
import type { Contract, Operation, Outcome } from './contract.ts'
import type { DeadLetter, DeadLetterDoor, LetterPage } from './dead-letters.ts'
import { type Breaker, createBreaker, type DependencyState } from './dependency.ts'
import type { EventEnvelope } from './event.ts'
import { execute, type RunningService } from './execute.ts'
import type { ProcessHealth } from './health.ts'
import { overloadedType, type Problem, ProblemError, serviceTokenType, unavailable } from './problem.ts'
import type { Verdict } from './relay.ts'
import { type TokenSigner, tokenSigner } from './service-token.ts'
import { inSpan, type TraceContext, traceparentOf } from './tracing.ts'
import { compileCheck } from './validation.ts'

/** Hands calls to services of this process as plain function calls: no copy, no second validation. */
export function localMesh(services: ReadonlyMap<string, RunningService>, elsewhere: Mesh): Mesh {
  return (contract, name, input, call) => {
    const service = services.get(contract.name)
    return service ? execute(service, name, input, call) : elsewhere(contract, name, input, call)
  }
}

/**
 * Like `localMesh`, but as hostile as a network: everything goes through JSON both ways and is checked against the
 * contract, and every other call that may be repeated is. What only works in one process does not work here.
 */
export function strictMesh(services: ReadonlyMap<string, RunningService>, elsewhere: Mesh): Mesh {
  let turn = 0
  return async (contract, name, input, call) => {
    const service = services.get(contract.name)
    const operation = contract.operations[name]
    if (!service || !operation) return elsewhere(contract, name, input, call)
    const send = async (): Promise<Outcome<Operation>> => {
      const received = compileCheck(operation.input, { coerce: false })(overJson(input))
      const outcome = overJson(await execute(service, name, received, overJson(call)))
      if (outcome.ok) checkOutput(contract, name, operation, outcome.value)
      else if (!(outcome.refusal.type in operation.refusals)) {
        throw new Error(
          `contract: ${contract.name}.${name} answered ${outcome.refusal.type}, which it does not declare`,
        )
      }
      return outcome
    }
    turn += 1
    // The answer to a repeat of what is kept nowhere may be another one.
    const isRepeated = operation.idempotency !== 'unkept' && mayRepeat(operation, call)
    if (isRepeated && turn % 2 === 0) await send().catch(() => undefined)
    return send()
  }
}

const overJson = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V

function checkOutput(contract: Contract, name: string, operation: Operation, value: unknown): void {
  try {
    compileCheck(operation.output, { coerce: false })(value)
  } catch (error) {
    throw new Error(
      `contract: the answer of ${contract.name}.${name} is not what it declares: ${(error as Error).message}`,
    )
  }
}

const mayRepeat = (operation: Operation, call: Call): boolean =>
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
type Sent = Pick<Call, 'deadline' | 'importance'> & Partial<TraceContext>

/**
 * Sends a request to a service's internal port and answers with what came back; a GET without `body`. Throws `NoAnswer` when
 * nothing did.
 */
export type Ask = <R>(service: string, path: string, sent: Sent, body?: unknown) => Promise<R>

/** A service of another process, as seen from here. */
type Target = { readonly breaker: Breaker; retries: number }

/** An idle connection may have died without a word, and fails the next call only at its deadline: none is kept for long. */
const idleAtMostMs = 10_000

/**
 * Reaches services in other processes over HTTP.
 * @param options.idleAtMostMs how long a connection is kept that nobody uses
 */
export function httpMesh(options: {
  urlOf: (service: string) => string | undefined
  /** The shop's secret that signs what services show each other. */
  secret: string
  /** Who calls, for the other side's log. */
  caller?: string
  onChange?: (state: DependencyState) => void
  idleAtMostMs?: number
}): Mesh & Remote {
  // Of each service's own, also where one address leads to all: a slow one may not take the connections to the others. None is
  // made before it is used: a shop in one process never calls over HTTP, and need not load what does.
  const agents = new Map<string, Agent>()
  const signer = tokenSigner(options.secret, options.caller ?? 'stoa')

  const send = async (service: string, url: URL, sent: Sent, traceparent: string | undefined, body: unknown) => {
    const leftMs = sent.deadline - Date.now()
    if (leftMs <= 0) throw unavailable(`No time was left to ask ${service}.`)
    const undici = await import('undici')
    const idleMs = options.idleAtMostMs ?? idleAtMostMs
    // The second one holds against what the other side would keep: without it, its word counts.
    const idle = { keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs }
    // How long an answer may take is said by each call's own deadline.
    const untimed = { headersTimeout: 0, bodyTimeout: 0 }
    const agent = agents.get(service) ?? new undici.Agent({ connections: 32, pipelining: 1, ...idle, ...untimed })
    agents.set(service, agent)
    return (
      undici
        .request(url, {
          method: body === undefined ? 'GET' : 'POST',
          dispatcher: agent,
          headers: {
            authorization: `Bearer ${await signer.for(service)}`,
            [importanceHeader]: sent.importance,
            ...(traceparent ? { traceparent } : {}),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          body: body === undefined ? null : JSON.stringify(body),
          signal: AbortSignal.timeout(leftMs),
        })
        // An answer that breaks off in the middle is none either.
        .then(async (answer) => ({ status: answer.statusCode, value: await answer.body.json() }))
        .catch((error: Error) => {
          throw new NoAnswer(`${service} did not answer: ${error.message}`, { cause: error })
        })
    )
  }

  const ask: Ask = async <R>(service: string, path: string, sent: Sent, body?: unknown): Promise<R> => {
    const base = options.urlOf(service)
    if (!base) throw unavailable(`The ${service} service has no address here.`)
    const url = new URL(path, base)
    const method = body === undefined ? 'GET' : 'POST'
    const { status, value } = await inSpan(
      `${method} ${path}`,
      { kind: 'client', parent: placeOf(sent), attributes: { 'http.request.method': method, ...addressOf(url) } },
      async (span) => {
        const traceparent = traceparentOf(span ?? placeOf(sent) ?? currentCall())
        const answer = await send(service, url, sent, traceparent, body)
        const isBehind = learnClock(signer, service, answer.value)
        const last = isBehind ? await send(service, url, sent, traceparent, body) : answer
        span?.set({ 'http.response.status_code': last.status })
        if (last.status >= 400) span?.fail(String(last.status))
        return last
      },
    )
    if (status === 200) return value as R
    const { problem, retryAfterSeconds } = value as { problem?: Problem; retryAfterSeconds: number | null }
    // Not the shopper's 401: two parts of the shop do not have the same secret.
    if (problem?.type === serviceTokenType) throw new Error(`mesh: ${service} refuses this shop's service token`)
    // What is not in our words comes from a server that closes, or from something in between.
    if (!problem) throw new NoAnswer(`${service} did not answer: ${status}`)
    // Whoever turns people away is well, and does not want to be asked again at once.
    if (status === 503 && problem.type !== overloadedType) throw new NoAnswer(problem.detail ?? problem.title)
    throw new ProblemError(problem, retryAfterSeconds)
  }

  return Object.assign(remoteMesh(ask, options.onChange), {
    close: async () => void (await Promise.all([...agents.values()].map((agent) => agent.close()))),
  })
}

const placeOf = ({ traceId, span }: Sent): TraceContext | undefined => (traceId ? { traceId, span } : undefined)

const addressOf = ({ hostname, port, protocol }: URL) => ({
  'server.address': hostname,
  'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
})

/** Whether a token was refused over a clock that is far from ours; then nothing was done, and the next one is signed for that clock. */
function learnClock(signer: TokenSigner, service: string, answer: unknown): boolean {
  const problem = (answer as { problem?: Problem } | null)?.problem
  if (problem?.type !== serviceTokenType || typeof problem.now !== 'number') return false
  signer.learnClock(service, problem.now)
  return true
}

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
      // Two machines' clocks may be far apart: what travels is how much time is left.
      ask<Outcome<Operation>>(contract.name, path, call, { input, call, leftMs: call.deadline - Date.now() }),
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
