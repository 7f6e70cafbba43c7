import T from 'typebox'
import type { Sending } from './store.ts'

export const operations = ['create', 'capture', 'void', 'refund', 'abandon', 'read'] as const
export type Operation = (typeof operations)[number]

/**
 * What happens to an answer. `-before`: nothing was done; `-after`: it was done, and the caller cannot know.
 * `silent` keeps the connection open without an answer, `reset` closes it.
 */
export const faultKinds = [
  'error-before',
  'error-after',
  'silent-before',
  'silent-after',
  'reset-before',
  'reset-after',
  'rate-limited',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** A minute is longer than any sensible deadline. */
const maxDelayMs = 60_000
/** An hour late is as late as a test wants to know. */
const maxWebhookDelayMs = 3_600_000
const maxCopies = 50
const maxFaults = 10

/** The body of `PUT /test/behavior`. What is left out is as usual, so `{}` ends all trouble. */
export const BehaviorInput = T.Object({
  /** Every connection is reset and no webhook leaves; `/test` still answers. */
  down: T.Optional(T.Boolean()),
  /** How much later every answer comes. The work is done at once. */
  answerDelayMs: T.Optional(T.Integer({ minimum: 0, maximum: maxDelayMs })),
  faults: T.Optional(
    T.Array(
      T.Object({
        kind: T.Enum([...faultKinds]),
        operations: T.Optional(T.Array(T.Enum([...operations]), { maxItems: operations.length })),
        /** How many requests it meets; null or absent: all of them, until told otherwise. */
        times: T.Optional(T.Union([T.Integer({ minimum: 1, maximum: 1_000_000 }), T.Null()])),
      }),
      { maxItems: maxFaults },
    ),
  ),
  webhooks: T.Optional(
    T.Object({
      copies: T.Optional(T.Integer({ minimum: 1, maximum: maxCopies })),
      delayMs: T.Optional(T.Integer({ minimum: 0, maximum: maxWebhookDelayMs })),
      /** Each copy is late by a random part of this, so they arrive in any order. */
      shuffleMs: T.Optional(T.Integer({ minimum: 0, maximum: maxWebhookDelayMs })),
      drop: T.Optional(T.Boolean()),
    }),
  ),
})
export type BehaviorInput = T.Static<typeof BehaviorInput>

type Fault = { readonly kind: FaultKind; readonly operations: readonly Operation[]; readonly times: number | null }

export type Behavior = {
  readonly down: boolean
  readonly answerDelayMs: number
  readonly faults: readonly Fault[]
  readonly webhooks: Sending
}

/**
 * How the provider misbehaves, as tests command it. It is a fault of this process, held by it alone: a restart ends it.
 */
export type Misbehavior = {
  read(): Behavior
  set(input: BehaviorInput): Behavior
  /** The fault that this request meets, if any; it is used up by that. */
  take(operation: Operation): FaultKind | null
}

export function misbehavior(): Misbehavior {
  let behavior = complete({})
  return {
    read: () => behavior,
    set(input) {
      behavior = complete(input)
      return behavior
    },
    take(operation) {
      const fault = behavior.faults.find((one) => one.operations.includes(operation))
      if (!fault) return null
      const left = fault.times === null ? [fault] : fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : []
      behavior = { ...behavior, faults: behavior.faults.flatMap((one) => (one === fault ? left : [one])) }
      return fault.kind
    },
  }
}

function complete(input: BehaviorInput): Behavior {
  return {
    down: input.down ?? false,
    answerDelayMs: input.answerDelayMs ?? 0,
    faults: (input.faults ?? []).map((fault) => ({
      kind: fault.kind,
      operations: fault.operations ?? operations,
      times: fault.times ?? null,
    })),
    webhooks: {
      copies: input.webhooks?.copies ?? 1,
      delayMs: input.webhooks?.delayMs ?? 0,
      shuffleMs: input.webhooks?.shuffleMs ?? 0,
      drop: input.webhooks?.drop ?? false,
    },
  }
}
