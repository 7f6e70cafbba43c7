import { type FastifyInstance, fastify } from 'fastify'
import type { Logger } from 'pino'
import type T from 'typebox'
import type { Admission } from './admission.ts'
import { type Call, type Importance, importances } from './call.ts'
import {
  type AnswerText,
  answerTogether,
  callBytesTakenAtMost,
  callsTakenAtMost,
  type SentCall,
} from './calls-together.ts'
import type { Operation, Outcome } from './contract.ts'
import type { DeadLetterDoor } from './dead-letters.ts'
import type { EventEnvelope } from './event.ts'
import { execute, type RunningService } from './execute.ts'
import { type ProcessHealth, type Readiness, readinessAnswer } from './health.ts'
import {
  notFound,
  overloaded,
  ProblemError,
  problem,
  serviceTokenRefused,
  unavailable,
  validationFailed,
} from './problem.ts'
import type { Deliver } from './relay.ts'
import { importanceHeader, sentVerdicts } from './remote-mesh.ts'
import { schemaController } from './schema-compilers.ts'
import { tokenCheck } from './service-token.ts'
import type { Metrics } from './telemetry.ts'
import { readTraceparent, type Span, startSpan, type TraceContext } from './tracing.ts'
import { type Check, compileCheck } from './validation.ts'

/** Carries a whole catalog batch, or the largest picture in base64; the public API has its own, smaller, limits. */
const bodyBytesAtMost = 24 * 1024 * 1024

type InternalApiOptions = {
  services: ReadonlyMap<string, RunningService>
  receive: Deliver
  readiness: () => Promise<Readiness>
  admission: Admission
  health: () => Promise<ProcessHealth>
  deadLetters: DeadLetterDoor
  /** The shop's secret that signs what services show each other. */
  secret: string
  log: Logger
  metrics: Metrics
}

/**
 * The port by which services reach each other: calls, event batches, health, metrics. It listens on loopback unless told
 * otherwise and refuses whoever shows no valid token of a service of the shop.
 */
export function internalApi(options: InternalApiOptions): FastifyInstance {
  const app = fastify({
    schemaController,
    bodyLimit: bodyBytesAtMost,
    forceCloseConnections: 'idle',
    // While it closes, whoever still has a connection is answered as usual.
    return503OnClosing: false,
  })
  const checkToken = tokenCheck(options.secret)
  const run = callRunner(options.services)

  app.get('/health/live', async () => ({ status: 'live' }))
  app.get('/health/ready', async (_, reply) => {
    const { status, answer } = readinessAnswer(await options.readiness())
    return reply.code(status).send(answer)
  })
  app.get('/metrics', async (_, reply) =>
    reply.type(options.metrics.registry.contentType).send(await options.metrics.registry.metrics()),
  )

  app.register(async (closed) => {
    closed.addHook<{ Params: { service?: string } }>('onRequest', async (request) => {
      const { service } = request.params
      const fault = await checkToken(request.headers.authorization, service ? [service] : [...options.services.keys()])
      if (fault === null) return
      options.metrics.refusedTokens.inc({ fault })
      options.log.warn(
        { fault, address: request.ip, url: request.url },
        'a call without a valid service token was refused',
      )
      throw serviceTokenRefused(Date.now())
    })
    closed.post<{ Params: { service: string }; Body: { calls: readonly SentCall[] } }>(
      '/calls/:service',
      { bodyLimit: callBytesTakenAtMost },
      async ({ params, body }, reply) => {
        const { length } = body.calls
        if (length < 1 || length > callsTakenAtMost)
          throw validationFailed([{ field: 'calls', message: `must be 1 to ${callsTakenAtMost}` }])
        const leaves: (() => void)[] = []
        reply.raw.once('close', () => {
          for (const leave of leaves) leave()
        })
        reply.hijack()
        answerTogether(reply.raw, body.calls, (sent) => answerOne(options, run, params.service, sent, leaves))
      },
    )
    closed.register(async (alone) => answersAlone(alone, options, run))
  })

  app.setErrorHandler((error: Error, request, reply) => {
    const traceId = (request.body as { call?: Call } | undefined)?.call?.traceId
    const { status, ...value } = refusalOf(error, options.log, request.url, traceId)
    return reply.code(status).send(value)
  })
  return app
}

/** What comes one in a request. */
function answersAlone(app: FastifyInstance, options: InternalApiOptions, run: RunCall): void {
  app.decorateRequest('place', null)
  app.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? ''
    const { place, span } = beginTrace(request.headers.traceparent, request.method, request.url, route)
    request.place = place
    if (span) reply.raw.once('close', () => endTrace(span, reply.statusCode))
    done()
  })
  app.addHook('onRequest', (request, reply, done) => {
    const isSeated = request.routeOptions.config.importance === null
    const importance = isSeated ? 'checkout' : importanceOf(request.headers[importanceHeader])
    reply.raw.once('close', letIn(options, importance, done))
  })
  app.get('/health/process', { config: { importance: null } }, async () => options.health())
  app.post<{ Params: { service: string }; Body: Parameters<DeadLetterDoor['list']>[1] }>(
    '/dead-letters/:service/list',
    ({ params, body }) => options.deadLetters.list(params.service, body),
  )
  app.post<{ Params: { service: string }; Body: { eventId: string | null } }>(
    '/dead-letters/:service/replay',
    ({ params, body }) => options.deadLetters.replay(params.service, body.eventId),
  )
  app.post<{ Params: { service: string; operation: string }; Body: SentCall }>(
    '/call/:service/:operation',
    async ({ params, body, place }) =>
      run(params.service, { ...body, operation: params.operation }, place, deadlineOf(body)),
  )
  app.post<{ Params: { service: string }; Body: { events: EventEnvelope[] } }>(
    '/events/:service',
    async ({ params, body }) => sentVerdicts(await options.receive(params.service, body.events)),
  )
}

type RunCall = (
  service: string,
  sent: SentCall,
  place: TraceContext | null,
  deadline: number,
) => Promise<Outcome<Operation>>

function callRunner(services: ReadonlyMap<string, RunningService>): RunCall {
  const checks = new Map<string, Check<T.TObject>>()
  const checkInput = (service: RunningService, name: string): Check<T.TObject> => {
    const key = `${service.contract.name}.${name}`
    const known = checks.get(key)
    if (known) return known
    const operation = service.contract.operations[name]
    if (!operation) throw new ProblemError(notFound(`operation ${key}`).problem)
    const check = compileCheck(operation.input, { coerce: false })
    checks.set(key, check)
    return check
  }
  return async (name, { operation, input, call }, place, deadline) => {
    const service = services.get(name)
    if (!service) throw notFound(`service ${name} in this process`)
    return execute(service, operation, checkInput(service, operation)(input), { ...call, ...place, deadline })
  }
}

/** One of several calls in a request, which is let in, seen and judged as if it had come by itself. */
async function answerOne(
  options: InternalApiOptions,
  run: RunCall,
  service: string,
  sent: SentCall,
  leaves: (() => void)[],
): Promise<AnswerText> {
  const deadline = deadlineOf(sent)
  const url = `/call/${service}/${sent.operation}`
  const { place, span } = beginTrace(sent.traceparent, 'POST', url, '/call/:service/:operation')
  let leave = (): void => undefined
  let status = 200
  try {
    await new Promise<void>((seated, refused) => {
      leave = letIn(options, sent.call.importance, (refusal) => (refusal ? refused(refusal) : seated()))
      leaves.push(leave)
    })
    // Its caller has gone, and only the others are waited for.
    if (deadline <= Date.now()) throw unavailable('The time of the call was over before its turn.')
    return { status, text: JSON.stringify(await run(service, sent, place, deadline)) }
  } catch (error) {
    const { status: given, ...value } = refusalOf(error as Error, options.log, url, sent.call.traceId)
    status = given
    return { status, text: JSON.stringify(value) }
  } finally {
    leave()
    if (span) endTrace(span, status)
  }
}

const deadlineOf = ({ call, leftMs }: SentCall): number => (leftMs === undefined ? call.deadline : Date.now() + leftMs)

/** A relay sends one batch of events at a time, so they cannot come in masses. */
const importanceOf = (header: string | string[] | undefined): Importance =>
  importances.find((one) => one === header) ?? 'checkout'

/**
 * Seats who comes, or refuses them, and counts them until they leave. Checkout was let in where it came in, and events have
 * committed: neither is refused half-way.
 */
function letIn(
  { admission, metrics }: InternalApiOptions,
  importance: Importance,
  done: (refusal?: Error) => void,
): () => void {
  metrics.inFlight.inc({ door: 'internal' })
  let isHere = true
  const refuse = (seconds: number): 'turned away' => {
    done(overloaded(seconds))
    return 'turned away'
  }
  const leaveSeat = importance === 'checkout' ? null : admission.enter(importance, done, refuse)
  if (importance === 'checkout') done()
  return () => {
    if (!isHere) return
    isHere = false
    metrics.inFlight.dec({ door: 'internal' })
    leaveSeat?.()
  }
}

/** What whoever asked is told when it went wrong; of what is no problem of ours only that, and the log the rest. */
function refusalOf(error: Error, log: Logger, url: string, traceId: string | undefined) {
  if (error instanceof ProblemError) {
    return { status: error.problem.status, problem: error.problem, retryAfterSeconds: error.retryAfterSeconds }
  }
  const isTooLarge = (error as { code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE'
  if (!isTooLarge) log.error({ err: error, trace_id: traceId, url }, 'internal call failed')
  const told = isTooLarge
    ? problem('too-large', 413, error.message, { traceId })
    : problem('internal', 500, 'Something went wrong on our side.', { traceId })
  return { status: told.status, problem: told, retryAfterSeconds: null }
}

/** The caller's place in its trace, and a span of it where this process records; null where the caller does not trace. */
function beginTrace(
  traceparent: string | string[] | undefined,
  method: string,
  url: string,
  route: string,
): { readonly place: TraceContext | null; readonly span: Span | null } {
  const given = readTraceparent(traceparent)
  const span =
    given &&
    startSpan(`${method} ${url}`, {
      kind: 'server',
      parent: given,
      attributes: { 'http.request.method': method, 'http.route': route },
    })
  return { place: span ? { traceId: span.traceId, span: span.span } : given, span }
}

function endTrace(span: Span, status: number): void {
  span.set({ 'http.response.status_code': status })
  if (status >= 500) span.fail(String(status))
  span.end()
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a call from another process. */
    place: TraceContext | null
  }
}
