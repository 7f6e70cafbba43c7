import { type Logger, pino } from 'pino'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { currentCall } from './call.ts'

/** Process-wide metrics in Prometheus' format, served at `/metrics`. */
export type Metrics = {
  readonly registry: Registry
  readonly requests: Histogram<'method' | 'route' | 'status'>
  readonly calls: Histogram<'service' | 'operation' | 'outcome'>
  readonly inFlight: Gauge<'door'>
  readonly outboxPending: Gauge<'service'>
  readonly outboxDead: Gauge<'service'>
  readonly outboxAge: Gauge<'service'>
  readonly poolConnections: Gauge<'service' | 'state'>
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
    outboxPending: new Gauge({
      name: 'stoa_outbox_pending',
      help: 'Events not yet confirmed.',
      labelNames: ['service'],
      registers,
    }),
    outboxDead: new Gauge({ name: 'stoa_outbox_dead', help: 'Events given up.', labelNames: ['service'], registers }),
    outboxAge: new Gauge({
      name: 'stoa_outbox_oldest_seconds',
      help: 'Age of the oldest event that is not yet confirmed; 0 when all are.',
      labelNames: ['service'],
      registers,
    }),
    poolConnections: new Gauge({
      name: 'stoa_pool_connections',
      help: 'Database connections.',
      labelNames: ['service', 'state'],
      registers,
    }),
  }
}

/**
 * The process' log: JSON lines with the trace id of the call in progress. `redact` are field names that hold personal
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
        return call ? { traceId: call.traceId } : {}
      },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  )
}
