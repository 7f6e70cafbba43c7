import type T from 'typebox'
import { readTraceparent, type TraceContext } from './tracing.ts'

/** A fact told to strangers: `order.placed`. Declared once, in the publisher's `events.ts`. */
export type EventDeclaration<D extends T.TObject = T.TObject> = {
  readonly type: string
  /** Raised when the meaning changes; new optional fields do not need it. */
  readonly version: number
  readonly data: D
}

/** Declares an event: `noun.past-verb`, ids and what cannot be asked later, no personal data beyond need. */
export function event<D extends T.TObject>(type: string, options: { version: number; data: D }): EventDeclaration<D> {
  if (!/^[a-z-]+\.[a-z-]+$/.test(type)) throw new Error(`event: "${type}" is not noun.past-verb`)
  return { type, ...options }
}

/**
 * An event under way: the CloudEvents 1.0 envelope, without what is the same for all (specversion, content type).
 * `subject` is the aggregate's id and `sequence` its version, so that handlers can tolerate any order.
 */
export type EventEnvelope<D = unknown> = {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly subject: string
  readonly sequence: number
  readonly time: string
  readonly traceId: string
  /** The step that published it, as W3C `traceparent` (CloudEvents: Distributed Tracing extension); absent where nobody traces. */
  readonly traceparent?: string | undefined
  readonly data: D
}

/** Where in its trace an event was published. */
export const placeOf = ({ traceId, traceparent }: EventEnvelope): TraceContext =>
  readTraceparent(traceparent) ?? { traceId }
