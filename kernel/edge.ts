import type { IncomingMessage } from 'node:http'
import { finished } from 'node:stream/promises'
import cookie from '@fastify/cookie'
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify'
import type { Logger } from 'pino'
import type { Admission } from './admission.ts'
import { openDoor, routing } from './door.ts'
import { type Readiness, readinessAnswer } from './health.ts'
import { ProblemError, problem } from './problem.ts'
import {
  handleError,
  type PublicApiOptions,
  parseQueryString,
  publicApi,
  sendProblem,
  unsupportedType,
} from './public-api.ts'
import { schemaController } from './schema-compilers.ts'
import type { Metrics } from './telemetry.ts'
import { placeNow } from './tracing.ts'

// Not imported: an import reads every export, and among those of node:http are some that load a whole client, of sixteen megabytes.
const { createServer } = process.getBuiltinModule('node:http')

/** A web application that lives beside the API: storefront, admin, API reference. */
export type EdgeApp = (app: FastifyInstance) => Promise<void>

/** The public door: the API of all services, the apps, health and metrics. */
export async function createEdge(
  options: PublicApiOptions & {
    apps: readonly EdgeApp[]
    openApi: () => unknown
    readiness: () => Promise<Readiness>
    admission: Admission
    shopName: string
    trustedProxies: readonly string[]
    metrics: Metrics
    log: Logger
    readWithinMs?: number
  },
): Promise<FastifyInstance> {
  const door = openDoor(options)
  const app = fastify({
    schemaController,
    // No default: a client could name any address in X-Forwarded-For, and be anyone to the rate limits.
    trustProxy: options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    routerOptions: { querystringParser: parseQueryString, ...routing },
    forceCloseConnections: 'idle',
    // While it closes, whoever still has a connection is answered as usual.
    return503OnClosing: false,
    serverFactory: (handle) => {
      // A client that sends slowly must not hold a connection for ever.
      const server = createServer({ requestTimeout: 30_000, keepAliveTimeout: 72_000 }, (request, response) =>
        door.receive(request, response, () => handle(request, response)),
      )
      // A body is asked for when its request is let in.
      server.on('checkContinue', (request, response) =>
        door.receive(request, response, () => {
          response.writeContinue()
          handle(request, response)
        }),
      )
      return server
    },
  })
  app.addHook('onRoute', ({ method, url, config = {} }) => door.addRoute(method, url, config))
  app.decorateRequest('traceId', '')
  app.decorateRequest('span', undefined)
  await app.register(cookie)
  app.addHook('onRequest', (request, reply, done) => {
    const { traceId, span } = request.raw.arrival ?? placeNow()
    request.traceId = traceId
    request.span = span
    reply.header('x-content-type-options', 'nosniff')
    done()
  })
  app.setErrorHandler(async (error, request, reply) => {
    if ((error as { code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE') await readOff(request.raw)
    return handleError(error, request, reply, options.log)
  })

  const config = { importance: null }
  app.get('/health/live', { config }, async () => ({ status: 'live' }))
  app.get('/health/ready', { config }, async (_, reply) => {
    const { status, answer } = readinessAnswer(await options.readiness())
    return reply.code(status).send(answer)
  })
  app.get('/metrics', { config }, async (_, reply) =>
    reply.type(options.metrics.registry.contentType).send(await options.metrics.registry.metrics()),
  )

  await app.register(async (api) => {
    addBodyParsers(api)
    let document: unknown
    api.get('/api/openapi.json', async () => {
      document ??= options.openApi()
      return document
    })
    publicApi(api, options)
    api.all('/api/*', async (request, reply) =>
      sendProblem(
        reply,
        new ProblemError(problem('not-found', 404, `There is no ${request.method} ${request.url.split('?')[0]}.`)),
      ),
    )
  })
  for (const one of options.apps) await app.register(one)
  return app
}

/** Bytes and milliseconds for which the rest of a body that is too large is still read. */
const readOffBytesAtMost = 32 * 1024 * 1024
const readOffMsAtMost = 5_000

/**
 * Reads a body to its end and drops it, within limits. Were the connection closed while the client still sends, most
 * clients would report a broken pipe and never see the answer that tells them why.
 */
async function readOff(body: IncomingMessage): Promise<void> {
  let bytes = 0
  const tooMuch = new AbortController()
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > readOffBytesAtMost) tooMuch.abort()
  })
  const signal = AbortSignal.any([tooMuch.signal, AbortSignal.timeout(readOffMsAtMost)])
  await finished(body, { writable: false, signal }).catch(() => undefined)
}

/**
 * JSON for all, and for the operations that declare it the body as it came: texts as texts, pictures as base64. Forms are
 * for the apps, never for the API.
 */
function addBodyParsers(api: FastifyInstance): void {
  api.removeAllContentTypeParsers()
  const parseJson = api.getDefaultJsonParser('error', 'error')
  const isRaw = (request: FastifyRequest, type: string): boolean =>
    request.routeOptions.config.rawContentTypes?.includes(type) ?? false
  api.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (isRaw(request, 'application/json')) done(null, body)
    else if (body === '') done(null, undefined)
    else parseJson(request, body as string, done)
  })
  api.addContentTypeParser('text/csv', { parseAs: 'string' }, (request, body, done) => {
    if (isRaw(request, 'text/csv')) done(null, body)
    else done(unsupportedType(request))
  })
  api.addContentTypeParser(/^image\//, { parseAs: 'buffer' }, (request, body, done) => {
    const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1)
    if (isRaw(request, type.trim().toLowerCase())) done(null, body.toString('base64'))
    else done(unsupportedType(request))
  })
}
