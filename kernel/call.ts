import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'

/** Who is asking. The edge finds it out once; services are told and trust the edge and each other only. */
export type Actor =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'customer'; readonly customerId: string; readonly sessionId: string }
  | {
      readonly kind: 'staff'
      readonly staffId: string
      readonly sessionId: string
      readonly permissions: readonly string[]
    }
  | { readonly kind: 'service'; readonly name: string }

/** Whether somebody is staff with a permission. */
export const hasPermission = (actor: Actor, permission: string): boolean =>
  actor.kind === 'staff' && actor.permissions.includes(permission)

/**
 * How much the shop needs what is asked, the most needed first. When there is more to do than can be done, the last is
 * turned away first. It is decided once, where a request comes in, and whatever the request causes inherits it.
 */
export const importances = ['checkout', 'cart', 'account', 'browsing', 'background'] as const
export type Importance = (typeof importances)[number]

/** Where in a trace something is: the W3C id of the span that what comes next belongs to, and whether the trace is recorded. */
export type SpanRef = { readonly id: string; readonly sampled: boolean }

/** What travels with every call, in one process and across many. */
export type Call = {
  readonly actor: Actor
  /** W3C trace id, 32 hex digits: the same in every log line, event and problem that one request causes. */
  readonly traceId: string
  /** Absent where nobody traces. */
  readonly span?: SpanRef | undefined
  /** Epoch milliseconds after which nobody waits for the answer any more. */
  readonly deadline: number
  readonly importance: Importance
  readonly idempotencyKey: string | null
  /** The caller's network address as the edge saw it, for rate limits; null for calls that services start. */
  readonly address: string | null
  /** Set while a database transaction is open: no other service may be called then. */
  readonly transactionOf: string | null
}

const storage = new AsyncLocalStorage<Call>()

/** The call in progress, or null outside of one (start-up, timers). */
export const currentCall = (): Call | null => storage.getStore() ?? null

/** Runs `work` as part of `call`. */
export const withCall = <R>(call: Call, work: () => R): R => storage.run(call, work)

/** A call that a service starts by itself: a job, the relay, the command line. */
export function serviceCall(
  name: string,
  options: { timeoutMs: number; traceId?: string; span?: SpanRef | undefined; importance?: Importance },
): Call {
  return {
    actor: { kind: 'service', name },
    traceId: options.traceId ?? newTraceId(),
    span: options.span,
    deadline: Date.now() + options.timeoutMs,
    importance: options.importance ?? currentCall()?.importance ?? 'background',
    idempotencyKey: null,
    address: null,
    transactionOf: null,
  }
}

/** Random bytes for this many ids are asked for at once: one by one they are an eighth of what a kept answer costs. */
const traceIdsAtOnce = 256
const traceIdBytes = 16
let random = Buffer.alloc(0)
let used = 0

export function newTraceId(): string {
  if (used === random.length) {
    random = randomBytes(traceIdBytes * traceIdsAtOnce)
    used = 0
  }
  used += traceIdBytes
  return random.toString('hex', used - traceIdBytes, used)
}
