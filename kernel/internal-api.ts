import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import type { Logger } from 'pino'
import type T from 'typebox'
import type { Admission } from './admission.ts'
import { type Call, type Importance, importances } from './call.ts'
import type { DeadLetterDoor } from './dead-letters.ts'
import type { EventEnvelope } from './event.ts'
import { execute, type RunningService } from './execute.ts'
import { type ProcessHealth, type Readiness, readinessAnswer } from './health.ts'
import { importanceHeader, sentVerdicts } from './mesh.ts'
import { notFound, overloaded, ProblemError, problem, serviceTokenRefused } from './problem.ts'
import type { Deliver } from './relay.ts'
import { schemaController } from './schema-compilers.ts'
import { tokenCheck } from './service-token.ts'
import type { Metrics } from './telemetry.ts'
import { readTraceparent, startSpan, type TraceContext } from './tracing.ts'
import { type Check, compileCheck } from './validation.ts'

/** Carries a whole catalog batch, or the largest picture in base64; the public API has its own, smaller, limits. */
const bodyBytesAtMost = 24 * 1024 * 1024

/** `leftMs` is the caller's time to the deadline; absent from callers of an older version, during a rollout. */
type CallBody = { readonly input: unknown; readonly call: Call; readonly leftMs?: number }

/**
 * The port by which services reach each other: calls, event batches, health, metrics. It listens on loopback unless told
 * otherwise and refuses whoever shows no valid token of a service of the shop.
 */
export function internalApi(options: {
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
}): FastifyInstance {
  const app = fastify({
    schemaController,
    bodyLimit: bodyBytesAtMost,
    forceCloseConnections: 'idle',
    // While it closes, whoever still has a connection is answered as usual.
    return503OnClosing: false,
  })
  const checkToken = tokenCheck(options.secret)
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
    closed.decorateRequest('place', null)
    closed.addHook('onRequest', (request, reply, done) => {
      request.place = beginTrace(request, reply)
      done()
    })
    closed.addHook('onRequest', (request, reply, done) => {
      options.metrics.inFlight.inc({ door: 'internal' })
      reply.raw.once('close', () => options.metrics.inFlight.dec({ door: 'internal' }))
      const importance = importanceOf(request.headers[importanceHeader])
      // Checkout was let in where it came in, and events have committed: neither is refused half-way.
      if (importance === 'checkout' || request.routeOptions.config.importance === null) return done()
      const leave = options.admission.enter(importance, done, (seconds) => done(overloaded(seconds)))
      reply.raw.once('close', leave)
    })
    closed.get('/health/process', { config: { importance: null } }, async () => options.health())
    closed.post<{ Params: { service: string }; Body: Parameters<DeadLetterDoor['list']>[1] }>(
      '/dead-letters/:service/list',
      ({ params, body }) => options.deadLetters.list(params.service, body),
    )
    closed.post<{ Params: { service: string }; Body: { eventId: string | null } }>(
      '/dead-letters/:service/replay',
      ({ params, body }) => options.deadLetters.replay(params.service, body.eventId),
    )
    closed.post<{ Params: { service: string; operation: string }; Body: CallBody }>(
      '/call/:service/:operation',
      async (request) => {
        const service = options.services.get(request.params.service)
        if (!service) throw notFound(`service ${request.params.service} in this process`)
        const { operation } = request.params
        const { input, call, leftMs } = request.body
        const deadline = leftMs === undefined ? call.deadline : Date.now() + leftMs
        const place = request.place ?? {}
        return execute(service, operation, checkInput(service, operation)(input), { ...call, ...place, deadline })
      },
    )
    closed.post<{ Params: { service: string }; Body: { events: EventEnvelope[] } }>(
      '/events/:service',
      async ({ params, body }) => sentVerdicts(await options.receive(params.service, body.events)),
    )
  })

  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof ProblemError) {
      return reply
        .code(error.problem.status)
        .send({ problem: error.problem, retryAfterSeconds: error.retryAfterSeconds })
    }
    const traceId = (request.body as { call?: Call } | undefined)?.call?.traceId
    options.log.error({ err: error, trace_id: traceId, url: request.url }, 'internal call failed')
    return reply.code(500).send({
      problem: problem('internal', 500, 'Something went wrong on our side.', { traceId }),
      retryAfterSeconds: null,
    })
  })
  return app
}

/** A relay sends one batch of events at a time, so they cannot come in masses. */
const importanceOf = (header: string | string[] | undefined): Importance =>
  importances.find((one) => one === header) ?? 'checkout'

/** The caller's place in its trace, and a span of it where this process records; null where the caller does not trace. */
function beginTrace(request: FastifyRequest, reply: FastifyReply): TraceContext | null {
  const given = readTraceparent(request.headers.traceparent)
  if (!given) return null
  const span = startSpan(`${request.method} ${request.url}`, {
    kind: 'server',
    parent: given,
    attributes: { 'http.request.method': request.method, 'http.route': request.routeOptions.url ?? '' },
  })
  if (!span) return given
  reply.raw.once('close', () => {
    span.set({ 'http.response.status_code': reply.statusCode })
    if (reply.statusCode >= 500) span.fail(String(reply.statusCode))
    span.end()
  })
  return { traceId: span.traceId, span: span.span }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a call from another process. */
    place: TraceContext | null
  }
}
