import { currentCall } from './call.ts'
import { callsTogether, type Leaving, type SentCall } from './calls-together.ts'
import type { Mesh } from './client.ts'
import type { Contract, Operation, Outcome } from './contract.ts'
import type { DependencyState } from './dependency.ts'
import { type Answer, openExchanges, type Request, wholeAnswer } from './exchange.ts'
import { execute, type RunningService } from './execute.ts'
import { overloadedType, type Problem, ProblemError, serviceTokenType, unavailable } from './problem.ts'
import { type Ask, importanceHeader, mayRepeat, NoAnswer, type Remote, remoteMesh, type Sent } from './remote-mesh.ts'
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
  const exchanges = openExchanges(options.idleAtMostMs ?? idleAtMostMs)
  const signer = tokenSigner(options.secret, options.caller ?? 'stoa')

  const urls = new Map<string, URL>()
  const urlOf = (service: string): URL => {
    const base = options.urlOf(service)
    if (!base) throw unavailable(`The ${service} service has no address here.`)
    const url = urls.get(base) ?? new URL(base)
    urls.set(base, url)
    return url
  }

  const requestOf = async (service: string, path: string, body: string | null, headers = {}): Promise<Request> => ({
    origin: urlOf(service).origin,
    path,
    method: body === null ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${await signer.for(service)}`,
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body,
  })

  const sendAlone = async (service: string, leaving: Leaving<string | null>): Promise<Answer> => {
    const { path, text, deadline, importance, traceparent } = leaving
    const headers = { [importanceHeader]: importance, ...(traceparent ? { traceparent } : {}) }
    const once = (): Promise<Answer> =>
      wholeAnswer((to) => exchanges.send(service, requestOf(service, path, text, headers), to), deadline).catch(
        (error: Error) => {
          throw noAnswer(service, error.message)
        },
      )
    const answer = await once()
    return learnClock(signer, service, answer) ? once() : answer
  }

  const sendCall = callsTogether({
    alone: sendAlone,
    post: (service, path, body, to) => exchanges.send(service, requestOf(service, path, body), to),
    isHeardAgain: (service, answer) => learnClock(signer, service, answer),
    noAnswer,
  })

  const ask: Ask = async <R>(service: string, path: string, sent: Sent, body?: unknown): Promise<R> => {
    const url = urlOf(service)
    const method = body === undefined ? 'GET' : 'POST'
    const answer = await inSpan(
      `${method} ${path}`,
      { kind: 'client', parent: placeOf(sent), attributes: { 'http.request.method': method, ...addressOf(url) } },
      async (span) => {
        if (sent.deadline <= Date.now()) throw unavailable(`No time was left to ask ${service}.`)
        const traceparent = traceparentOf(span ?? placeOf(sent) ?? currentCall())
        const leaving = { path, deadline: sent.deadline, importance: sent.importance, traceparent }
        const { status, value } = await (sent.isCall
          ? sendCall(service, { ...leaving, text: JSON.stringify({ ...(body as SentCall), traceparent }) })
          : sendAlone(service, { ...leaving, text: body === undefined ? null : JSON.stringify(body) }))
        span?.set({ 'http.response.status_code': status })
        if (status >= 400) span?.fail(String(status))
        return { status, value }
      },
    )
    if (answer.status === 200) return answer.value as R
    throw refusalIn(service, answer)
  }

  return Object.assign(remoteMesh(ask, options.onChange), { close: exchanges.close })
}

const noAnswer = (service: string, why: string): NoAnswer => new NoAnswer(`${service} did not answer: ${why}`)

/** Why there is no outcome. */
function refusalIn(service: string, { status, value }: Answer): Error {
  const { problem, retryAfterSeconds } = value as { problem?: Problem; retryAfterSeconds: number | null }
  // Not the shopper's 401: two parts of the shop do not have the same secret.
  if (problem?.type === serviceTokenType) return new Error(`mesh: ${service} refuses this shop's service token`)
  // What is not in our words comes from a server that closes, or from something in between.
  if (!problem) return noAnswer(service, String(status))
  // Whoever turns people away is well, and does not want to be asked again at once.
  if (status === 503 && problem.type !== overloadedType) return new NoAnswer(problem.detail ?? problem.title)
  return new ProblemError(problem, retryAfterSeconds)
}

const placeOf = ({ traceId, span }: Sent): TraceContext | undefined => (traceId ? { traceId, span } : undefined)

const addressOf = ({ hostname, port, protocol }: URL) => ({
  'server.address': hostname,
  'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
})

/** Whether a token was refused over a clock that is far from ours; then nothing was done, and the next one is signed for that clock. */
function learnClock(signer: TokenSigner, service: string, { value }: Answer): boolean {
  const problem = (value as { problem?: Problem } | null)?.problem
  if (problem?.type !== serviceTokenType || typeof problem.now !== 'number') return false
  signer.learnClock(service, problem.now)
  return true
}
