import type { IncomingMessage, ServerResponse } from 'node:http'
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
  /** Answers, or calls `letIn` at once or later; then `request.arrival` is the trace that it belongs to. */
  receive(request: IncomingMessage, response: ServerResponse, letIn: () => void): void
}

/** How addresses are understood, by the door and behind it. */
export const routing = { ignoreTrailingSlash: true, maxParamLength: 200 } as const

type Route = { readonly url: string; readonly config: FastifyContextConfig }

export function openDoor({
  admission,
  answers,
  shopName,
  metrics,
}: {
  admission: Admission
  answers: SharedAnswers
  shopName: string
  metrics: Metrics
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

  return {
    addRoute(method, url, config) {
      routes.on([method].flat() as findMyWay.HTTPMethod[], url, () => undefined, { url, config } satisfies Route)
    },
    receive(request, response, letIn) {
      const since = performance.now()
      // Where traces are recorded, they begin with a request.
      const sent = isRecording() ? null : answers.sendAtOnce(request, response)
      if (sent) return measured(request, sent.route, sent.status, since)

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
        if (key === undefined || isMaking) return turnAway(request, response, arrival.traceId, seconds)
        isMaking = true
        response.once('close', () => {
          isMaking = false
        })
        letIn()
      })
      response.once('close', () => {
        metrics.inFlight.dec({ door: 'public' })
        leave()
      })
    },
  }
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
