import { setTimeout as pause } from 'node:timers/promises'
import { type Call, withCall } from './call.ts'
import type { Accepted, Contract, Operation, Outcome, RateLimit, Refusal, Refused } from './contract.ts'
import {
  answerOf,
  type Claim,
  type Claiming,
  fingerprint,
  type IdempotencyStore,
  type Wanted,
  withClaim,
} from './idempotency.ts'
import { rateLimited } from './problem.ts'
import { networkOf, type Place, type RateLimiter } from './rate-limit.ts'
import type { AnyHandler } from './service.ts'
import type { Metrics } from './telemetry.ts'
import { inSpan, kindOf, type Span } from './tracing.ts'

/** A service running in this process, as the kernel drives it. */
export type RunningService = {
  readonly contract: Contract
  readonly handlers: Readonly<Record<string, AnyHandler>>
  readonly idempotency: IdempotencyStore | null
  readonly limiter: RateLimiter | null
  readonly limitLoopback: boolean
  readonly metrics: Metrics
}

/** Runs one operation: rate limit, then idempotency key, then the use case. Input has been checked already. */
export async function execute(
  service: RunningService,
  name: string,
  input: unknown,
  call: Call,
): Promise<Outcome<Operation>> {
  const operation = service.contract.operations[name]
  const handler = service.handlers[name]
  if (!operation || !handler) throw new Error(`service: ${service.contract.name} has no operation "${name}"`)
  const stop = service.metrics.calls.startTimer({ service: service.contract.name, operation: name })
  try {
    const outcome = await withCall({ ...call, transactionOf: null }, () =>
      inSpan(`${service.contract.name}.${name}`, operationSpan(service, name), async (span) =>
        told(span, await limited(service, name, operation, handler, input, call)),
      ),
    )
    stop({ outcome: outcome.ok ? 'ok' : 'refused' })
    if (!outcome.ok) count(service, name, outcome.refusal.type, outcome.refusal.data)
    return outcome
  } catch (error) {
    stop({ outcome: 'error' })
    count(service, name, kindOf(error), null)
    throw error
  }
}

/**
 * A refusal's `reason` is a word for programs, such as why a card was declined. Words, and not many: one that is neither is not
 * told, or a label would have no end.
 */
const reasonPattern = /^[a-z][a-z0-9_-]{0,39}$/
const reasonsAtMost = 50
const reasons = new Set<string>()

function count({ contract, metrics }: RunningService, operation: string, kind: string, data: unknown): void {
  const given = (data as { reason?: unknown } | null | undefined)?.reason
  const isWord = typeof given === 'string' && reasonPattern.test(given)
  if (isWord && reasons.size < reasonsAtMost) reasons.add(given)
  const reason = isWord ? (reasons.has(given) ? given : 'other') : ''
  metrics.failures.inc({ service: contract.name, operation, kind: kind.replace('/problems/', ''), reason })
}

const operationSpan = ({ contract }: RunningService, name: string) =>
  ({ kind: 'internal', attributes: { 'stoa.service': contract.name, 'stoa.operation': name } }) as const

/** A refusal is an answer, and no error of the step that gave it. */
function told<O extends Outcome<Operation>>(span: Span | null, outcome: O): O {
  span?.set(outcome.ok ? { 'stoa.outcome': 'ok' } : { 'stoa.outcome': 'refused', 'stoa.refusal': outcome.refusal.type })
  return outcome
}

async function limited(
  service: RunningService,
  name: string,
  operation: Operation,
  handler: AnyHandler,
  input: unknown,
  call: Call,
): Promise<Outcome<Operation>> {
  const { limiter } = service
  if (!limiter || call.address === null) return keyed(service, name, operation, handler, input, call)
  const isExempt = !service.limitLoopback && isLoopback(call.address)
  const counted: { limit: RateLimit; place: Place }[] = []
  for (const limit of operation.limits) {
    if (
      (isExempt && limit.exemptLoopback) ||
      (limit.field && (input as Record<string, unknown>)[limit.field] === undefined)
    )
      continue
    counted.push({
      limit,
      place: await takePlace(limiter, `${limit.bucket ?? name} ${networkOf(call.address)}`, limit),
    })
  }
  let outcome: Outcome<Operation> | null = null
  try {
    outcome = await keyed(service, name, operation, handler, input, call)
    return outcome
  } finally {
    for (const { limit, place } of counted) if (!counts(limit, outcome)) await limiter.giveBack(place)
  }
}

/** Between tries, in milliseconds; twice as long each time. */
const firstPauseMs = 100
const triesAtMost = 5

/**
 * Guesses are counted before it is known whether they are any, or those sent at the same moment would all pass. Where there is no
 * room left, it is tried again for a moment: many who send at once from one address may all be right, and give their places back.
 */
async function takePlace(limiter: RateLimiter, bucket: string, limit: RateLimit): Promise<Place> {
  for (let attempt = 1; ; attempt++) {
    const place = await limiter.count(bucket, limit.max, limit.perSeconds)
    if (place.waitSeconds === null) return place
    if (limit.counts === 'all' || attempt === triesAtMost) throw rateLimited(place.waitSeconds)
    await limiter.giveBack(place)
    await pause(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random()))
  }
}

/** Whether an outcome (null: it failed, which was nobody's guess) stays counted. */
function counts(limit: RateLimit, outcome: Outcome<Operation> | null): boolean {
  if (limit.counts === 'all') return true
  if (!outcome || outcome.ok) return false
  return limit.counts === 'refused' || limit.counts.includes(outcome.refusal.type)
}

const isLoopback = (address: string | null): boolean =>
  address !== null && (address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.'))

async function keyed(
  service: RunningService,
  name: string,
  operation: Operation,
  handler: AnyHandler,
  input: unknown,
  call: Call,
): Promise<Outcome<Operation>> {
  const key = call.idempotencyKey
  const store = service.idempotency
  if (operation.kind === 'query') return handler(input, call)
  if (key === null || store === null || !isKeptByKernel(operation)) return withClaim(null, () => handler(input, call))

  const wanted = { scope: idempotencyScope(name, operation, input, call), key, fingerprint: fingerprint(input) }
  const run = operation.idempotency === 'with-effect' ? claimedWithEffect : claimedFirst
  return run({
    wanted,
    store,
    work: (claiming) => withClaim(claiming, () => handler(input, call)),
    replayed: (claim) => {
      if (claim.kind === 'answered') service.metrics.replays.inc({ service: service.contract.name, operation: name })
      return answerOf(claim) as Outcome<Operation> | null
    },
    isTemporary: (outcome) => isTemporary(operation, outcome),
  })
}

type KeyedCall = {
  readonly wanted: Wanted
  readonly store: IdempotencyStore
  readonly work: (claiming: Claiming) => Promise<Outcome<Operation>>
  /** What an earlier call with the key was answered, or null when the claim is ours; throws where that is no answer. */
  readonly replayed: (claim: Claim) => Outcome<Operation> | null
  /** "Not now" is no answer to keep: the same request has to be possible again, under the same key. */
  readonly isTemporary: (outcome: Outcome<Operation>) => boolean
}

async function claimedFirst({ wanted, store, work, replayed, isTemporary }: KeyedCall): Promise<Outcome<Operation>> {
  const { scope, key } = wanted
  const known = replayed(await store.claim(scope, key, wanted.fingerprint))
  if (known) return known
  try {
    const outcome = await work({ ...wanted, claim: { kind: 'claimed' } })
    await (isTemporary(outcome) ? store.release(scope, key) : store.answer(scope, key, outcome))
    return outcome
  } catch (error) {
    await store.release(scope, key)
    throw error
  }
}

/** What has no effect with which the key would have been claimed, as a refusal, claims it by itself when it is known. */
async function claimedWithEffect({
  wanted,
  store,
  work,
  replayed,
  isTemporary,
}: KeyedCall): Promise<Outcome<Operation>> {
  const { scope, key } = wanted
  const claiming: Claiming = { ...wanted, claim: null }
  const outcome = await work(claiming)
  if (isTemporary(outcome)) return outcome
  if (claiming.claim) return replayed(claiming.claim) ?? outcome
  const known = replayed(await store.claim(scope, key, wanted.fingerprint))
  if (known) return known
  await store.answer(scope, key, outcome)
  return outcome
}

/** Whether an outcome is "not now": it is told, and not kept as the answer to a key. */
export function isTemporary(operation: Operation, outcome: Accepted<unknown> | Refused<Refusal>): boolean {
  if (outcome.ok) return false
  const declared = operation.refusals[outcome.refusal.type]
  return (typeof declared === 'number' ? declared : (declared?.[0] ?? 0)) >= 500
}

/** Answers of every POST are kept, also of one that may be repeated without a key; never one that is a secret. */
function isKeptByKernel({ idempotency, route }: Operation): boolean {
  if (idempotency === 'use-case' || idempotency === 'unkept') return false
  return idempotency !== 'natural' || route?.method === 'POST'
}

/** A key belongs to an operation and to who asked: the actor, or whoever knows the capability in the path. */
export function idempotencyScope(name: string, operation: Operation, input: unknown, call: Call): string {
  const { actor } = call
  const who =
    actor.kind === 'customer'
      ? actor.customerId
      : actor.kind === 'staff'
        ? actor.staffId
        : actor.kind === 'service'
          ? actor.name
          : 'anonymous'
  const capabilities = operation.access.flatMap((one) =>
    one.kind === 'capability' ? [(input as Record<string, unknown>)[one.field]] : [],
  )
  // Somebody who shows nothing is at least not who sends the same key from elsewhere, and must not be shown their cart.
  const isAnybody = actor.kind === 'anonymous' && capabilities.length === 0
  return [name, who, ...(isAnybody && call.address !== null ? [call.address] : capabilities)].join(' ')
}
