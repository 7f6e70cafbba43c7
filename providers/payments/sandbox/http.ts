import { createHash, timingSafeEqual } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type T from 'typebox'
import { ProblemError } from '#kernel/problem'
import { compileCheck } from '#kernel/validation'
import type { FaultKind, Misbehavior, Operation } from './behavior.ts'
import { type Answer, problem } from './operations.ts'

/** A silent answer is kept silent for a minute, which is longer than any sensible deadline. */
const silenceMs = 60_000
const slowMs = 3_000

/** Checks requests by their schemas; what they do not name is refused. */
export function useTypebox(server: FastifyInstance): void {
  server.setValidatorCompiler<T.TSchema>(({ schema, httpPart }) => {
    const check = compileCheck(schema, { coerce: httpPart !== 'body' })
    return (input: unknown) => {
      try {
        return { value: check(input) }
      } catch (error) {
        return { error: error as Error }
      }
    }
  })
}

/** What holds for every request: who may call, what a broken provider does, which headers leave, what a mistake gets. */
export function guard(server: FastifyInstance, secretKey: string, behavior: Misbehavior): void {
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer')
    // The route that was found, not the address as it was written: `/%761/payments` is `/v1/payments` too.
    const route = request.routeOptions.url ?? ''
    const isControl = route.startsWith('/test/')
    if (behavior.read().down && !isControl) return hangUp(request, reply)
    if ((isControl || route.startsWith('/v1/')) && !isBearer(request.headers.authorization, secretKey)) {
      return send(reply, problem(401, 'unauthenticated', 'The secret key is missing or wrong.'))
    }
  })
  server.setNotFoundHandler((_request, reply) => send(reply, problem(404, 'not-found', 'There is nothing here.')))
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof ProblemError) {
      return send(reply, { status: error.problem.status, body: JSON.stringify(error.problem) })
    }
    const status = error.statusCode ?? 500
    if (status < 500) return send(reply, problem(status, 'bad-request', error.message))
    server.log.error({ err: error }, 'sandbox: a request failed')
    return send(reply, internalError)
  })
}

/** Runs an operation and gives its answer back, or does to it what a test commanded. */
export type Answering = (
  operation: Operation,
  work: (request: FastifyRequest) => Promise<Answer>,
) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

export function answeringWith(behavior: Misbehavior, stopping: AbortSignal): Answering {
  const lose = async (request: FastifyRequest, reply: FastifyReply, kind: FaultKind): Promise<FastifyReply> => {
    if (kind.startsWith('error')) return send(reply, internalError)
    if (kind === 'rate-limited') {
      return send(reply.header('retry-after', '1'), problem(429, 'rate-limited', 'Too many requests.'))
    }
    reply.hijack()
    if (kind.startsWith('silent')) await silence(request, stopping)
    return hangUp(request, reply)
  }

  return (operation, work) => async (request, reply) => {
    const fault = behavior.take(operation)
    if (fault === 'rate-limited' || fault?.endsWith('-before')) return lose(request, reply, fault)
    const { trouble, ...answer } = await work(request)
    if (fault) return lose(request, reply, fault)
    if (trouble === 'lost-answer' || trouble === 'lost-request') return lose(request, reply, 'silent-after')
    const delayMs = behavior.read().answerDelayMs + (trouble === 'slow' ? slowMs : 0)
    if (delayMs > 0) await sleep(delayMs, undefined, { signal: stopping }).catch(() => {})
    return send(reply, answer)
  }
}

/** Until the caller gives up, this server stops, or a minute has passed. */
async function silence({ raw: { socket } }: FastifyRequest, stopping: AbortSignal): Promise<void> {
  const over = new AbortController()
  const end = () => over.abort()
  socket.once('close', end)
  stopping.addEventListener('abort', end)
  await sleep(silenceMs, undefined, { signal: over.signal }).catch(() => {})
  stopping.removeEventListener('abort', end)
}

function hangUp(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!reply.sent) reply.hijack()
  request.raw.socket.resetAndDestroy()
  return reply
}

export const send = (reply: FastifyReply, { status, body }: Answer): FastifyReply =>
  reply
    .code(status)
    .type(status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(body)

const internalError = problem(500, 'internal', 'Something went wrong on our side.')

function isBearer(authorization: string | undefined, secretKey: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${secretKey}`))
}
