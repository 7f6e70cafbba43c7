import { currentCall, newTraceId, type SpanRef, withCall } from './call.ts'

/**
 * Traces: which step of what one request caused took how long. Nothing is measured, and nothing of OpenTelemetry is loaded, until
 * somebody records (`open-telemetry.ts`). The trace id is ours in both cases: logs, problems and events have it without any tracing.
 *
 * Names and attributes follow OpenTelemetry's semantic conventions. They hold no personal data and no capabilities: routes and not
 * paths, statements' names and not their values, kinds of errors and not their messages.
 */
export type Attributes = Readonly<Record<string, string | number | boolean>>

/** A place in a trace; a call is one. */
export type TraceContext = { readonly traceId: string; readonly span?: SpanRef | undefined }

/** A step that is being measured. */
export type Span = {
  readonly traceId: string
  readonly span: SpanRef
  set(attributes: Attributes): void
  /** @param kind one of few, never a message */
  fail(kind: string): void
  end(): void
}

export type SpanOptions = {
  readonly kind: 'server' | 'client' | 'producer' | 'consumer' | 'internal'
  readonly attributes?: Attributes
  /** What it is a part of, where that is not the call in progress. */
  readonly parent?: TraceContext | undefined
  /** What else it is done for. */
  readonly links?: readonly TraceContext[]
}

/** Whoever records. */
export type Tracer = {
  start(name: string, options: SpanOptions & { readonly parent: TraceContext }): Span
  /** Sends what was recorded, within a bound, and records no more. */
  close(): Promise<void>
}

/** Whether OpenTelemetry's own variables ask for traces: they say where to send them, and nowhere that there shall be none. */
export function wantsTraces(variables: Readonly<Record<string, string | undefined>>): boolean {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own } = variables
  const isOff = variables.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || variables.OTEL_TRACES_EXPORTER === 'none'
  return !isOff && Boolean(all?.trim() || own?.trim())
}

/** Of the whole process, like the log. */
let tracer: Tracer | null = null

export const isRecording = (): boolean => tracer !== null

export const recordWith = (next: Tracer | null): void => {
  tracer = next
}

/** Where the call in progress is; outside of one, a trace of its own. */
export function placeNow(): TraceContext {
  const { traceId, span } = currentCall() ?? { traceId: newTraceId() }
  return { traceId, span }
}

/** Begins a step of the call in progress, or of a trace of its own outside of one. Null where nobody records. */
export function startSpan(name: string, options: SpanOptions): Span | null {
  if (!tracer) return null
  return tracer.start(name, { ...options, parent: options.parent ?? currentCall() ?? { traceId: newTraceId() } })
}

/** Begins a step that is only told as a part of a trace that is recorded: there are many of its kind, and it has no parts. */
export function startDetail(describe: () => readonly [name: string, options: SpanOptions]): Span | null {
  return currentCall()?.span?.sampled ? startSpan(...describe()) : null
}

/** Runs `work` as a step of its own, to which belongs what it calls. `work` gets null where nobody records. */
export async function inSpan<R>(
  name: string,
  options: SpanOptions,
  work: (span: Span | null) => Promise<R>,
): Promise<R> {
  const span = startSpan(name, options)
  if (!span) return within(options.parent, () => work(null))
  try {
    return await within(span, () => work(span))
  } catch (error) {
    span.fail(kindOf(error))
    throw error
  } finally {
    span.end()
  }
}

/** Runs `work` as part of the call in progress, but at another place of a trace. */
function within<R>(place: TraceContext | undefined, work: () => R): R {
  const call = currentCall()
  return call && place ? withCall({ ...call, traceId: place.traceId, span: place.span }, work) : work()
}

/** What kind of error it is: a problem's type, a system's code, or the class; of bounded variety. */
export function kindOf(error: unknown): string {
  const { problem, code, name } = error as { problem?: { type: string }; code?: unknown; name?: string }
  return problem?.type ?? (typeof code === 'string' ? code : (name ?? 'unknown'))
}

/** As a W3C `traceparent` header, or undefined where nobody traces: an id without a span would be a parent that does not exist. */
export function traceparentOf(place: TraceContext | null): string | undefined {
  return place?.span ? `00-${place.traceId}-${place.span.id}-${place.span.sampled ? '01' : '00'}` : undefined
}

/** The place that a `traceparent` names (W3C Trace Context, section 3.2), or null for one that is malformed. */
export function readTraceparent(header: unknown): (TraceContext & { readonly span: SpanRef }) | null {
  const [, version, traceId, id, flags] =
    typeof header === 'string' ? (/^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header) ?? []) : []
  if (!traceId || !id || !flags || version === 'ff' || /^0+$/.test(traceId) || /^0+$/.test(id)) return null
  return { traceId, span: { id, sampled: (Number.parseInt(flags, 16) & 1) === 1 } }
}
