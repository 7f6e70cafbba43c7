import { type Logger, pino } from 'pino'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { currentCall } from './call.ts'

/** Process-wide metrics in Prometheus' format, served at `/metrics`. */
export type Metrics = {
  readonly registry: Registry
  readonly requests: Histogram<'method' | 'route' | 'status'>
  readonly calls: Histogram<'service' | 'operation' | 'outcome'>
  readonly inFlight: Gauge<'door'>
  readonly failures: Counter<'service' | 'operation' | 'kind' | 'reason'>
  readonly replays: Counter<'service' | 'operation'>
  readonly events: Histogram<'service' | 'type' | 'outcome'>
  readonly refusedTokens: Counter<'fault'>
  readonly jobs: Histogram<'service' | 'job' | 'outcome'>
}

/** From a fast read to a stuck one, in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    requests: new Histogram({
      name: 'stoa_http_request_seconds',
      help: 'Public HTTP requests.',
      labelNames: ['method', 'route', 'status'],
      buckets,
      registers,
    }),
    calls: new Histogram({
      name: 'stoa_call_seconds',
      help: 'Calls of operations, as the service that answers sees them.',
      labelNames: ['service', 'operation', 'outcome'],
      buckets,
      registers,
    }),
    inFlight: new Gauge({
      name: 'stoa_requests_in_flight',
      help: 'Requests that run or wait to run: public ones, and those of other processes. Copies are added by it.',
      labelNames: ['door'],
      registers,
    }),
    failures: new Counter({
      name: 'stoa_call_failures_total',
      help: 'Calls that were refused or failed, by the kind of refusal, problem or error, and by its reason where it has one.',
      labelNames: ['service', 'operation', 'kind', 'reason'],
      registers,
    }),
    replays: new Counter({
      name: 'stoa_idempotency_replays_total',
      help: 'Calls that were answered as before, since their Idempotency-Key was known.',
      labelNames: ['service', 'operation'],
      registers,
    }),
    events: new Histogram({
      name: 'stoa_event_seconds',
      help: 'Batches of events, as the subscriber handles them; the count is of events.',
      labelNames: ['service', 'type', 'outcome'],
      buckets,
      registers,
    }),
    refusedTokens: new Counter({
      name: 'stoa_service_tokens_refused_total',
      help: 'Requests to the internal port without a valid token of a service of the shop.',
      labelNames: ['fault'],
      registers,
    }),
    jobs: new Histogram({
      name: 'stoa_job_seconds',
      help: 'Work that services do by themselves, again and again.',
      labelNames: ['service', 'job', 'outcome'],
      buckets,
      registers,
    }),
  }
}

/**
 * The process' log: JSON lines with trace and span of the call in progress, named as OpenTelemetry names them in logs. `redact` are field names that hold personal
 * data or secrets; they are replaced at any of the first three depths.
 */
export function createLog(options: {
  level: string
  redact: Iterable<string>
  destination?: { write(line: string): void }
}): Logger {
  const names = [...new Set([...options.redact, 'authorization', 'cookie', 'password', 'token', 'secret'])]
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: names.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
        censor: '[redacted]',
      },
      mixin: () => {
        const call = currentCall()
        if (!call) return {}
        return call.span ? { trace_id: call.traceId, span_id: call.span.id } : { trace_id: call.traceId }
      },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  )
}
