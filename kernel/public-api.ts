import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { parse as parseQuery } from 'qs'
import { type Actor, type Call, hasPermission, type Importance, type SpanRef, withCall } from './call.ts'
import { findCardNumber } from './card-number.ts'
import type { Mesh } from './client.ts'
import { type Access, type Contract, type Operation, type Outcome, pathFields, type SetCookie } from './contract.ts'
import { forbidden, ProblemError, problem, refusalError, unauthenticated, validationFailed } from './problem.ts'
import { lazySerializer } from './schema-compilers.ts'
import type { SharedAnswer, SharedAnswers } from './shared-answers.ts'
import { compileCheck, splitSchema } from './validation.ts'

export type PublicApiOptions = {
  readonly contracts: readonly Contract[]
  readonly mesh: Mesh
  /** Who a session credential (cookie or bearer token) belongs to; anonymous when to nobody. */
  readonly authenticate: (credential: string) => Promise<Actor>
  readonly publicUrl: string
  readonly answers: SharedAnswers
  readonly log: Logger
}

/** A form or a JSON document of a person; files come in parts. */
export const bodyBytesAtMost = 1024 * 1024

/** Query strings: `filter[color]=red` is nested once; more depth or more values than any page needs are refused. */
export function parseQueryString(text: string): Record<string, unknown> {
  return parseQuery(text, {
    depth: 1,
    parameterLimit: 100,
    arrayLimit: 50,
    plainObjects: true,
    strictDepth: false,
  }) as Record<string, unknown>
}

/** Adds every operation that has a route to `app`, under `/api`. */
export function publicApi(app: FastifyInstance, options: PublicApiOptions): void {
  for (const contract of options.contracts) {
    for (const [name, operation] of Object.entries(contract.operations)) {
      if (operation.route) addRoute(app, contract, name, operation, options)
    }
  }
}

function addRoute(
  app: FastifyInstance,
  contract: Contract,
  name: string,
  operation: Operation,
  options: PublicApiOptions,
): void {
  if (!operation.route) return
  const { method, path } = operation.route
  const { named, rest } = splitSchema(operation.input, pathFields(operation.route))
  const fromQuery = method === 'GET' || method === 'DELETE'
  const checkPath = compileCheck(named, { coerce: true })
  const checkRest = compileCheck(rest, { coerce: fromQuery })

  const readInput = (request: FastifyRequest): Record<string, unknown> => {
    const params = checkPath(request.params)
    if (operation.raw) {
      const headers = Object.fromEntries(
        operation.raw.headers.map((header) => [header, String(request.headers[header] ?? '')]),
      )
      return { ...params, ...checkRest({ rawBody: request.body ?? '', headers }) }
    }
    if (!fromQuery) {
      for (const field of Object.keys(request.query as object))
        throw validationFailed([{ field, message: 'is not a known parameter' }])
    }
    const given = (fromQuery ? request.query : request.body) ?? {}
    const at = findCardNumber(given)
    if (at !== null) throw cardNumberRefused(at)
    return { ...params, ...(checkRest(given) as object) }
  }

  const serialize = lazySerializer({ schema: operation.output })
  const url = `/api${path.replaceAll(/\{(\w+)\}/g, ':$1')}`
  const answerTo =
    (input: Record<string, unknown>) =>
    (outcome: Outcome<Operation>): SharedAnswer | null => {
      if (!outcome.ok) return null
      const about = operation.about?.(input as never, outcome.value as never) ?? null
      return { body: serialize(outcome.value), headers: sharedHeaders, about, route: url }
    }

  const anonymousCall = (request: FastifyRequest): Call => ({
    actor: { kind: 'anonymous' },
    traceId: request.traceId,
    span: request.span,
    deadline: Date.now() + operation.timeoutMs,
    importance: operation.importance,
    idempotencyKey: null,
    address: request.ip,
    transactionOf: null,
  })
  const renew = async (request: FastifyRequest): Promise<void> => {
    const input = readInput(request)
    const ask = () => options.mesh(contract, name, input, anonymousCall(request))
    await options.answers.once(request.url, ask, answerTo(input))
  }

  app.route({
    method,
    url,
    schema: { response: { [operation.status]: operation.output } },
    bodyLimit: operation.raw?.maxBytes ?? bodyBytesAtMost,
    config: {
      rawContentTypes: operation.raw?.contentTypes ?? [],
      importance: operation.importance,
      ...(operation.shared ? { sharedKey: ({ url }) => url } : {}),
    },
    onRequest: async (request, reply) => {
      if (operation.shared && (await options.answers.send(request, reply, request.url, () => renew(request))))
        return reply
      // Files are large: nobody who may not send one makes the shop read it.
      if (operation.raw) authorize(operation.access, await authenticateRequest(request, options), request)
    },
    handler: async (request, reply) => {
      const anonymous = anonymousCall(request)
      const actor = await withCall(anonymous, () => authenticateRequest(request, options))
      authorize(operation.access, actor, request)
      const input = readInput(request)
      const call: Call = { ...anonymous, actor, idempotencyKey: readIdempotencyKey(request, operation) }
      const ask = () => options.mesh(contract, name, input, call)
      const outcome = operation.shared ? await options.answers.once(request.url, ask, answerTo(input)) : await ask()
      if (operation.kind === 'command' && actor.kind === 'staff') options.answers.forget()
      if (!outcome.ok) return sendProblem(reply, refusalError(operation, outcome.refusal), outcome.traceId)
      if (operation.shared && (await options.answers.send(request, reply, request.url))) return reply
      for (const cookie of outcome.cookies ?? []) setCookie(reply, options.publicUrl, cookie)
      if (!operation.shared) reply.header('cache-control', 'no-store')
      return operation.status === 204 ? reply.code(204).send() : reply.code(operation.status).send(outcome.value)
    },
  })
}

/** Any cache may keep it and has to ask whether it still holds. */
const sharedHeaders = {
  'content-type': 'application/json; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'cache-control': 'public, max-age=0, must-revalidate',
}

const cardNumberRefused = (field: string): ProblemError =>
  new ProblemError(
    problem(
      'card-number-refused',
      422,
      `${field}: looks like a card number. Card numbers are typed into the payment provider's own fields only.`,
      {
        errors: [{ field, message: 'looks like a card number' }],
      },
    ),
  )

/** The session cookie's full name: `__Host-` binds it to this host over TLS; plain HTTP on a laptop cannot have that. */
export const sessionCookieName = (publicUrl: string): string =>
  publicUrl.startsWith('https:') ? '__Host-stoa-session' : 'stoa-session'

export function setCookie(reply: FastifyReply, publicUrl: string, cookie: SetCookie): void {
  reply.setCookie(sessionCookieName(publicUrl), cookie.value, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: publicUrl.startsWith('https:'),
    maxAge: cookie.maxAgeSeconds,
  })
}

/** Finds out who asks. A cookie on a request that changes something counts only when it comes from the shop's own pages. */
export async function authenticateRequest(
  request: FastifyRequest,
  options: Pick<PublicApiOptions, 'authenticate' | 'publicUrl'>,
): Promise<Actor> {
  const header = request.headers.authorization
  if (header !== undefined) {
    const token = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(header)?.[1]
    if (!token) throw unauthenticated()
    const actor = await options.authenticate(token)
    if (actor.kind === 'anonymous') throw unauthenticated()
    return actor
  }
  const cookie = request.cookies[sessionCookieName(options.publicUrl)]
  if (!cookie) return { kind: 'anonymous' }
  refuseCrossOrigin(request)
  return options.authenticate(cookie)
}

/**
 * Cross-site request forgery, judged as Go's `http.CrossOriginProtection` does: `Sec-Fetch-Site` where the browser sends it,
 * else `Origin` against `Host`. A request with neither does not come from a browser that forms could be posted from.
 */
export function refuseCrossOrigin(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return
  const site = request.headers['sec-fetch-site']
  const { origin } = request.headers
  const sameOrigin =
    site !== undefined
      ? site === 'same-origin' || site === 'none'
      : origin === undefined || (URL.canParse(origin) && new URL(origin).host === request.host)
  if (!sameOrigin) throw forbidden('This request came from another site. Send it from the shop itself.')
}

function authorize(access: readonly Access[], actor: Actor, request: FastifyRequest): void {
  if (access.some((one) => permits(one, actor, request))) return
  if (actor.kind === 'anonymous') throw unauthenticated()
  const needed = access.flatMap((one) => (one.kind === 'staff' ? [one.permission] : []))
  throw forbidden(needed.length > 0 ? `This needs the permission ${needed.join(' or ')}.` : 'This is not for you.')
}

function permits(access: Access, actor: Actor, request: FastifyRequest): boolean {
  if (access.kind === 'anyone') return true
  if (access.kind === 'customer') return actor.kind === 'customer'
  if (access.kind === 'staff') return hasPermission(actor, access.permission)
  if (access.kind === 'capability') {
    const { [access.field]: inPath } = request.params as Record<string, unknown>
    const { [access.field]: inQuery } = request.query as Record<string, unknown>
    return [inPath, inQuery].some((value) => typeof value === 'string' && value !== '')
  }
  return false
}

/** Long enough for a UUID with a prefix, short enough to index. */
const keyPattern = /^[\x21-\x7e]{1,200}$/

function readIdempotencyKey(request: FastifyRequest, operation: Operation): string | null {
  const key = request.headers['idempotency-key']
  if (key === undefined) {
    if (operation.idempotency === 'required' || operation.idempotency === 'use-case') {
      throw new ProblemError(
        problem(
          'idempotency-key-required',
          400,
          'Send an Idempotency-Key header: a new random value for each thing to be done.',
        ),
      )
    }
    return null
  }
  if (typeof key !== 'string' || !keyPattern.test(key)) {
    throw new ProblemError(
      problem('idempotency-key-malformed', 400, 'An Idempotency-Key has 1 to 200 visible ASCII characters.'),
    )
  }
  return key
}

/** @param traceId of the request that the problem was told first; this request's own unless it is a repeat */
export function sendProblem(reply: FastifyReply, error: ProblemError, traceId = reply.request.traceId): FastifyReply {
  if (error.retryAfterSeconds !== null) reply.header('retry-after', String(error.retryAfterSeconds))
  const body = { ...error.problem, traceId }
  // Serialized here: a problem is no declared response shape of the operation that failed.
  return reply
    .code(error.problem.status)
    .type('application/problem+json')
    .serializer((value: unknown) => JSON.stringify(value))
    .send(body)
}

/** What the operation takes instead of the body's type. */
export function unsupportedType(request: FastifyRequest): ProblemError {
  const taken = request.routeOptions.config.rawContentTypes ?? []
  const types = taken.length > 0 ? taken.join(', ') : 'application/json'
  return new ProblemError(problem('unsupported-media-type', 415, `Send the body as ${types}.`))
}

/** Turns whatever went wrong into a problem; what nobody declared is a 500 that tells only its trace id. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  if (error instanceof ProblemError) return sendProblem(reply, error)
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string }
  const known: Record<string, [string, number, string]> = {
    FST_ERR_CTP_BODY_TOO_LARGE: [
      'body-too-large',
      413,
      `A body has at most ${request.routeOptions.bodyLimit ?? bodyBytesAtMost} bytes here.`,
    ],
    FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed-json', 400, 'The body is empty.'],
    FST_ERR_CTP_INVALID_JSON_BODY: ['malformed-json', 400, 'The body is not valid JSON.'],
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return sendProblem(reply, unsupportedType(request))
  const fault = known[code ?? '']
  if (fault) return sendProblem(reply, new ProblemError(problem(...fault)))
  if (error instanceof SyntaxError || (statusCode === 400 && code?.startsWith('FST_'))) {
    return sendProblem(
      reply,
      new ProblemError(problem('malformed-request', 400, message ?? 'The request is malformed.')),
    )
  }
  log.error(
    { err: error, trace_id: request.traceId, method: request.method, route: request.routeOptions.url },
    'request failed',
  )
  return sendProblem(
    reply,
    new ProblemError(
      problem('internal', 500, 'Something went wrong on our side. Quote the trace id when you tell us.'),
    ),
  )
}

declare module 'fastify' {
  interface FastifyRequest {
    traceId: string
    /** What the request's own steps belong to. */
    span: SpanRef | undefined
  }
  interface FastifyContextConfig {
    /** Bodies of these types reach the operation as text. */
    rawContentTypes?: readonly string[]
    /** How much the shop needs this route, `browsing` where it does not say; null for what is always answered. */
    importance?: Importance | null
    /** Where the answer to a request is kept, if it may be one that is the same for everybody. */
    sharedKey?: (request: { url: string; cookies: Readonly<Record<string, string | undefined>> }) => string
  }
}
