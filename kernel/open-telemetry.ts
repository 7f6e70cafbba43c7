import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'
import { startError } from './data-folder.ts'
import type { TraceContext, Tracer } from './tracing.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** A process that leaves waits no longer for a collector that does not answer, in milliseconds. */
const flushWithinMs = 3_000
/** A collector that is away is complained about once in this time, in milliseconds. */
const complainEveryMs = 60_000

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const

/**
 * Records spans and sends them by OTLP over HTTP. Address, headers, compression, time limits, certificates and resource attributes are
 * read by the exporter and the resource themselves; sampler, batches and protocol here, as the specification names them
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
 * @param options.serviceName unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` says another
 */
export async function openTelemetry(options: {
  variables: Variables
  serviceName: string
  version: string
  log: Logger
}): Promise<Tracer> {
  const { variables } = options
  const complain = complainTo(options.log)
  const ids = traceIdsOfOurs()
  const provider = new TracerProvider({
    sampler: readSampler(variables),
    idGenerator: ids,
    resource: resourceFromAttributes({
      'service.name': options.serviceName,
      'service.namespace': 'stoa',
      'service.version': options.version,
      'service.instance.id': randomUUID(),
    }).merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor({ exporter: await openExporter(variables), ...readBatches(variables) })],
  })
  const tracer = provider.getTracer('stoa', options.version)
  return {
    start(name, { kind, attributes = {}, parent, links = [] }) {
      ids.next = parent.traceId
      const span = tracer.startSpan(
        name,
        { kind: kinds[kind], attributes, links: links.flatMap((link) => contextOf(link) ?? []).map(asLink) },
        inside(parent),
      )
      const { traceId, spanId, traceFlags } = span.spanContext()
      return {
        traceId,
        span: { id: spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 },
        set: (more) => void span.setAttributes(more),
        fail: (kind) => void span.setAttribute('error.type', kind).setStatus({ code: SpanStatusCode.ERROR }),
        end: () => span.end(),
      }
    },
    async close() {
      const tooLong = new AbortController()
      const flushed = provider.shutdown().catch((error: unknown) => complain(String(error)))
      await Promise.race([flushed, pause(flushWithinMs, undefined, { signal: tooLong.signal }).catch(() => undefined)])
      tooLong.abort()
    },
  }
}

/** A trace that begins here has the id that its call has already. */
function traceIdsOfOurs() {
  const random = new RandomIdGenerator()
  return {
    next: '',
    generateTraceId(): string {
      return this.next
    },
    generateSpanId: () => random.generateSpanId(),
  }
}

const contextOf = ({ traceId, span }: TraceContext): SpanContext | null =>
  span ? { traceId, spanId: span.id, traceFlags: span.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE } : null

const asLink = (context: SpanContext) => ({ context })

function inside(parent: TraceContext): Context {
  const context = contextOf(parent)
  return context ? trace.setSpanContext(ROOT_CONTEXT, { ...context, isRemote: true }) : ROOT_CONTEXT
}

function readSampler(variables: Variables): Sampler {
  const name = variables.OTEL_TRACES_SAMPLER?.trim() || 'parentbased_always_on'
  const [, basedOnParent, root] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? []
  if (!root) {
    throw startError(
      'telemetry-sampler',
      `OTEL_TRACES_SAMPLER is "${name}", but must be one of always_on, always_off, traceidratio, each also with parentbased_ before it.`,
    )
  }
  const samplers = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(readRatio(variables.OTEL_TRACES_SAMPLER_ARG)),
  }
  const sampler = samplers[root as keyof typeof samplers]()
  return basedOnParent ? new ParentBasedSampler({ root: sampler }) : sampler
}

function readRatio(given: string | undefined): number {
  const ratio = given?.trim() ? Number(given) : 1
  if (ratio >= 0 && ratio <= 1) return ratio
  throw startError('telemetry-sampler', `OTEL_TRACES_SAMPLER_ARG is "${given}", but must be a number from 0 to 1.`)
}

function readBatches(variables: Variables) {
  const number = (name: string, fallback: number): number => {
    const given = variables[name]?.trim()
    const value = given ? Number(given) : fallback
    if (Number.isInteger(value) && value > 0) return value
    throw startError('telemetry-batches', `${name} is "${given}", but must be a whole number above 0.`)
  }
  return {
    scheduledDelayMillis: number('OTEL_BSP_SCHEDULE_DELAY', 5_000),
    exportTimeoutMillis: number('OTEL_BSP_EXPORT_TIMEOUT', 30_000),
    maxQueueSize: number('OTEL_BSP_MAX_QUEUE_SIZE', 2_048),
    maxExportBatchSize: number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512),
  }
}

async function openExporter(variables: Variables): Promise<SpanExporter> {
  const protocol =
    variables.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL?.trim() ||
    variables.OTEL_EXPORTER_OTLP_PROTOCOL?.trim() ||
    'http/protobuf'
  if (protocol === 'http/protobuf')
    return new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter()
  if (protocol === 'http/json') return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter()
  throw startError(
    'telemetry-protocol',
    `OTEL_EXPORTER_OTLP_PROTOCOL is "${protocol}", but must be http/protobuf or http/json. Collectors take both on port 4318.`,
  )
}

/** What the exporter has to say, such as that nobody answers, in our log. */
function complainTo(log: Logger): (message: string) => void {
  let last = Number.NEGATIVE_INFINITY
  const complain = (message: string): void => {
    if (performance.now() - last < complainEveryMs) return
    last = performance.now()
    log.warn({ reason: message.slice(0, 500) }, 'traces cannot be sent')
  }
  const silent = (): void => undefined
  diag.setLogger(
    { error: complain, warn: complain, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  return complain
}
