import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { fastifyCookie } from '@fastify/cookie'
import type { FastifyContextConfig } from 'fastify'
import findMyWay from 'find-my-way'
import type { Admission } from './admission.ts'
import { busyPage, busyPagePolicy } from './busy-page.ts'
import { newTraceId } from './call.ts'
import { overloadedProblem } from './problem.ts'
import type { SharedAnswers } from './shared-answers.ts'
import type { Metrics } from './telemetry.ts'
import { isRecording, readTraceparent, startSpan, type TraceContext } from './tracing.ts'

/**
 * What stands before the public door's framework: it sends what is kept, lets in, or turns away, with nothing made of a request but
 * what its address and its head say. So the shop has the more time for those whom it serves the more come.
 */
export type Door = {
  /** To be told of every route, before anybody comes. */
  addRoute(method: string | readonly string[], url: string, config: FastifyContextConfig): void
  /**
   * Answers, or calls `letIn` at once or later; then `request.arrival` is the trace that it belongs to. Of several requests that come on
   * one connection without waiting for answers, each has its turn when the one before it is answered.
   */
  receive(request: IncomingMessage, response: ServerResponse, letIn: () => void): void
}

/** How addresses are understood, by the door and behind it. */
export const routing = { ignoreTrailingSlash: true, maxParamLength: 200 } as const

/** More requests than this that wait for their turn on one connection are no browser's: it is ended, before they fill the memory. */
const queuedAtMost = 16
/** Nobody who reads an answer takes nothing of it for so long. */
const aMinute = 60_000

type Route = { readonly url: string; readonly config: FastifyContextConfig }

export function openDoor({
  admission,
  answers,
  shopName,
  metrics,
  readWithinMs = aMinute,
}: {
  admission: Admission
  answers: SharedAnswers
  shopName: string
  metrics: Metrics
  /** After so long without a byte of an answer taken, its connection is ended. */
  readWithinMs?: number
}): Door {
  const routes = findMyWay({ ...routing, defaultRoute: () => undefined })

  /** Whether something is made that is kept for all, for one who has no seat. */
  let isMaking = false

  const seriesOf = new Map<string, { observe(seconds: number): void }>()
  const measured = ({ method = 'GET' }: IncomingMessage, route: string, status: number, since: number): void => {
    const key = `${status} ${method} ${route}`
    const series = seriesOf.get(key) ?? metrics.requests.labels({ method, route, status: String(status) })
    seriesOf.set(key, series)
    series.observe((performance.now() - since) / 1_000)
  }

  const turnAway = (request: IncomingMessage, response: ServerResponse, traceId: string, seconds: number): void => {
    const headers = { 'x-content-type-options': 'nosniff', 'retry-after': String(seconds), 'cache-control': 'no-store' }
    const send = (type: string, body: string, more = {}): void => {
      const own = { 'content-type': type, 'content-length': Buffer.byteLength(body) }
      response.writeHead(503, { ...headers, ...own, ...more }).end(body)
    }
    if (request.url?.startsWith('/api/'))
      send('application/problem+json', JSON.stringify({ ...overloadedProblem, traceId }))
    else
      send('text/html; charset=utf-8', busyPage(shopName, seconds, request.method === 'GET'), {
        'content-security-policy': busyPagePolicy,
      })
  }

  const queued = new WeakMap<Socket, number>()
  /** Whether it is not its turn yet: it comes again when it is. */
  const isQueued = (request: IncomingMessage, response: ServerResponse, receive: () => void): boolean => {
    const { socket } = request
    // A response has the connection as long as it is its turn.
    if (response.socket || socket.destroyed) return false
    const before = queued.get(socket) ?? 0
    if (before === queuedAtMost) {
      socket.destroy()
      return true
    }
    queued.set(socket, before + 1)
    response.once('socket', () => {
      queued.set(socket, (queued.get(socket) ?? 1) - 1)
      receive()
    })
    return true
  }

  /** Ends a connection on which nobody reads the answer that is there. Node forgets this when all of it has left. */
  const awaitReader = ({ socket }: ServerResponse): void => void socket?.setTimeout(readWithinMs)

  const receive: Door['receive'] = (request, response, letIn) => {
    if (isQueued(request, response, () => receive(request, response, letIn))) return
    const since = performance.now()
    // Where traces are recorded, they begin with a request.
    const sent = isRecording() ? null : answers.sendAtOnce(request, response)
    if (sent) {
      awaitReader(response)
      return measured(request, sent.route, sent.status, since)
    }
    response.once('prefinish', () => awaitReader(response))

    const { method = 'GET', url = '/', headers } = request
    const route = routes.find(method as findMyWay.HTTPMethod, url)?.store as Route | null | undefined
    const { importance = 'browsing', sharedKey } = route?.config ?? {}
    const arrival = arrive(request, response, importance === null ? null : route?.url)
    request.arrival = arrival
    response.once('close', () => {
      if (response.writableFinished) measured(request, route?.url ?? 'unknown', response.statusCode, since)
    })
    const key = sharedKey?.({ url, cookies: fastifyCookie.parse(headers.cookie ?? '') })
    // To send what is kept costs no more than to send somebody away.
    if (importance === null || (key !== undefined && answers.isKept(key))) return letIn()
    metrics.inFlight.inc({ door: 'public' })
    // What a browser fetches ahead may never be looked at.
    const isAhead = importance === 'browsing' && headers['sec-purpose']?.includes('prefetch')
    const leave = admission.enter(isAhead ? 'background' : importance, letIn, (seconds) => {
      // Were nobody let in for what many ask for, all of them would be turned away. By chance it is for what is asked for most.
      if (key === undefined || isMaking) {
        turnAway(request, response, arrival.traceId, seconds)
        return 'turned away'
      }
      isMaking = true
      onceMade(response, () => {
        isMaking = false
      })
      letIn()
      return 'let in'
    })
    onceMade(response, () => {
      metrics.inFlight.dec({ door: 'public' })
      leave()
    })
  }

  return {
    addRoute(method, url, config) {
      routes.on([method].flat() as findMyWay.HTTPMethod[], url, () => undefined, { url, config } satisfies Route)
    },
    receive,
  }
}

/** When the answer is there, however long the caller takes to read it, or will never be. */
function onceMade(response: ServerResponse, act: () => void): void {
  let isDone = false
  const once = (): void => {
    if (isDone) return
    isDone = true
    act()
  }
  response.once('prefinish', once)
  response.once('close', once)
}

/**
 * The trace that the caller names, or a new one.
 * @param route absent where there is none at this address; null for what answers load balancers and collectors, and is not told
 */
function arrive(request: IncomingMessage, response: ServerResponse, route: string | null | undefined): TraceContext {
  const given = readTraceparent(request.headers.traceparent)
  const parent = given ?? { traceId: newTraceId() }
  const method = request.method ?? 'GET'
  const span =
    route === null
      ? null
      : startSpan(route ? `${method} ${route}` : method, {
          kind: 'server',
          parent,
          attributes: { 'http.request.method': method, ...(route ? { 'http.route': route } : {}) },
        })
  if (!span) return parent
  response.once('close', () => {
    span.set({ 'http.response.status_code': response.statusCode })
    // Who went away before the answer was there did not see the status.
    if (!response.writableFinished) span.fail('aborted')
    else if (response.statusCode >= 500) span.fail(String(response.statusCode))
    span.end()
  })
  return { traceId: parent.traceId, span: span.span }
}

declare module 'node:http' {
  interface IncomingMessage {
    /** Where what a request of the public door causes belongs in a trace. */
    arrival?: TraceContext
  }
}
