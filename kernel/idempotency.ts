import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { currentCall } from './call.ts'
import type { Accepted, Refused } from './contract.ts'
import { type Database, databaseFacts, type Executor, inTransaction, later, sql, type Transaction } from './database.ts'
import { type GatherOptions, gather } from './gather.ts'
import { keyInProgress, keyReused } from './problem.ts'

type AnyOutcome = Accepted<unknown> | Refused

/**
 * The claim on an idempotency key, or what is known under it already.
 * - `claimed`: this call runs; nobody else does while the lease holds;
 * - `answered`: an earlier call ended, and this is its answer;
 * - `running`: an earlier call has not ended;
 * - `mismatch`: the key was used with another input.
 */
export type Claim =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'answered'; readonly outcome: AnyOutcome }
  | { readonly kind: 'running' }
  | { readonly kind: 'mismatch' }

/** Where answers are kept by key. `scope` is the operation and who asked, so nobody reads another's answer by a key. */
export type IdempotencyStore = {
  claim(scope: string, key: string, fingerprint: string): Promise<Claim>
  answer(scope: string, key: string, outcome: AnyOutcome): Promise<void>
  release(scope: string, key: string): Promise<void>
}

/** A call still running after this died with its process; the next one with the key drives it on. */
const leaseSeconds = 60

/** Keys are kept a day, as the draft standard and Stripe do; a job deletes older ones. */
export const keptHours = 24

/** The input's identity: same key and another fingerprint is a caller's mistake. The order of an object's keys says nothing. */
export const fingerprint = (input: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(input, (_, value: unknown) => (isObject(value) ? sorted(value) : value)))
    .digest('base64url')

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const sorted = (value: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))

/**
 * What is kept of an answer. It never signs anyone in, so cookies are left out; a refusal keeps the trace id that it was told
 * with, since a repeat is answered byte for byte.
 */
export function toKeep(outcome: AnyOutcome): AnyOutcome {
  if (outcome.ok) return { ok: true, value: outcome.value }
  const traceId = outcome.traceId ?? currentCall()?.traceId
  return { ok: false, refusal: outcome.refusal, ...(traceId ? { traceId } : {}) }
}

/** A kept answer as it was written. One that an earlier version kept as an object is read too, for its day. */
export const readKept = (kept: unknown): AnyOutcome =>
  (typeof kept === 'string' ? JSON.parse(kept) : kept) as AnyOutcome

type Claimed = { readonly scope: string; readonly key: string }
export type Wanted = Claimed & { readonly fingerprint: string }
type Answer = Claimed & { readonly outcome: AnyOutcome }

/** Keys in the service's own schema. Runs on a transaction too, where the claim must commit with the effect. */
export function idempotencyStore(db: Executor): IdempotencyStore {
  return {
    async claim(scope, key, print) {
      const [claim] = await claimAll(db, [{ scope, key, fingerprint: print }])
      return claim ?? { kind: 'running' }
    },
    async answer(scope, key, outcome) {
      await answerAll(db, [{ scope, key, outcome }])
    },
    release: (scope, key) => releaseAll(db, [{ scope, key }]),
  }
}

/** A statement of this many takes a few milliseconds; more that wait would wait for longer than a request is worth. */
const limits = { batchAtMost: 100, queueAtMost: 5_000 }

/** The same for the calls of a service, which claim and answer beside each other: each statement and its commit serve many. */
export function gatheredIdempotencyStore(db: Database): IdempotencyStore {
  const { service } = databaseFacts(db)
  const idOf = ({ scope, key }: Claimed): string => `${scope} ${key}`
  const claim = gather<Wanted, Claim>({
    ...limits,
    service,
    what: 'claim a key',
    idOf,
    run: (wanted) => claimAll(db, wanted),
  })
  const answer = gather<Answer, boolean>({
    ...limits,
    service,
    what: 'keep an answer',
    idOf,
    run: (answers) => answerAll(db, answers),
  })
  return {
    claim: (scope, key, print) => claim({ scope, key, fingerprint: print }),
    async answer(scope, key, outcome) {
      await answer({ scope, key, outcome: toKeep(outcome) })
    },
    release: (scope, key) => releaseAll(db, [{ scope, key }]),
  }
}

/** Claims keys, no two of them the same. Rows are written in key order: two calls that claim the same keys meet in one order. */
export async function claimAll(db: Executor, wanted: readonly Wanted[]): Promise<Claim[]> {
  const { rows } = await sql<{ claimed: boolean; known: string | null; outcome: unknown }>`
    with wanted as (
      select * from unnest(${wanted.map(({ scope }) => scope)}::text[], ${wanted.map(({ key }) => key)}::text[],
                           ${wanted.map(({ fingerprint }) => fingerprint)}::text[])
                    with ordinality as w (scope, key, fingerprint, n)),
    claimed as (
      insert into idempotency_keys as k (scope, key, fingerprint, lease_until)
      select scope, key, fingerprint, now() + make_interval(secs => ${leaseSeconds}) from wanted order by scope, key
      on conflict (scope, key) do update
        set fingerprint = excluded.fingerprint, outcome = null, lease_until = excluded.lease_until, created_at = now()
        where (k.outcome is null and k.lease_until < now() and k.fingerprint = excluded.fingerprint)
           or k.created_at < now() - make_interval(hours => ${keptHours})
      returning scope, key)
    select c.key is not null as claimed, k.fingerprint as known, k.outcome
    from wanted w left join claimed c using (scope, key) left join idempotency_keys k using (scope, key)
    order by w.n`.execute(db)
  return rows.map(({ claimed, known, outcome }, index): Claim => {
    if (claimed) return { kind: 'claimed' }
    // No row at all: the other call inserted after this statement's snapshot and still runs.
    if (known === null) return { kind: 'running' }
    if (known !== wanted[index]?.fingerprint) return { kind: 'mismatch' }
    return outcome === null ? { kind: 'running' } : { kind: 'answered', outcome: readKept(outcome) }
  })
}

/** Lets go of keys that were claimed and not answered. */
export async function releaseAll(db: Executor, keys: readonly Claimed[]): Promise<void> {
  await sql`
    delete from idempotency_keys k
    using unnest(${keys.map(({ scope }) => scope)}::text[], ${keys.map(({ key }) => key)}::text[]) as free (scope, key)
    where k.scope = free.scope and k.key = free.key and k.outcome is null`.execute(db)
}

/** Keeps answers, no two of them under the same key. @returns for each, in their order, false when the key was answered before */
export async function answerAll(db: Executor, answers: readonly Answer[]): Promise<boolean[]> {
  const { rows } = await keeping(answers).execute(db)
  return rows.map(({ kept }) => kept)
}

/** The same where a key that was answered before changes nothing. */
export const answerLater = (tx: Transaction, answers: readonly Answer[]): Promise<void> => later(tx, keeping(answers))

/** Each answer is kept as one text: jsonb would put an object's keys in an order of its own. */
const keeping = (answers: readonly Answer[]) => sql<{ kept: boolean }>`
  with answer as (
    select * from unnest(${answers.map(({ scope }) => scope)}::text[], ${answers.map(({ key }) => key)}::text[],
                         ${answers.map(({ outcome }) => JSON.stringify(toKeep(outcome)))}::text[])
                  with ordinality as a (scope, key, outcome, n)),
  kept as (
    update idempotency_keys k set outcome = to_jsonb(a.outcome) from answer a
    where k.scope = a.scope and k.key = a.key and k.outcome is null returning k.scope, k.key)
  select kept.key is not null as kept from answer left join kept using (scope, key) order by n`

// ---- The answer in the effect's own transaction ------------------------------------------------------------------

/** The key of the call in progress, and what came of claiming it: null as long as that is left to the call's effect. */
export type Claiming = Wanted & { claim: Claim | null }

const claims = new AsyncLocalStorage<Claiming | null>()

/** Runs `work` as the call with a key, or as one without. */
export const withClaim = <R>(claiming: Claiming | null, work: () => R): R => claims.run(claiming, work)

/** What a claim says that an earlier call was answered; null when it is ours. Throws a problem when that call still runs or was another. */
export function answerOf(claim: Claim): AnyOutcome | null {
  if (claim.kind === 'mismatch') throw keyReused()
  if (claim.kind === 'running') throw keyInProgress()
  return claim.kind === 'answered' ? claim.outcome : null
}

/**
 * Keeps the answer of the call in progress under its key, in the transaction of its effect. Whatever happens after the commit, a
 * repeat gets this answer; and of two who run the same call, since the first was taken for dead, one is turned away with
 * nothing done. A call without a key keeps nothing.
 */
export async function keepAnswer(tx: Transaction, outcome: Accepted<unknown>): Promise<void> {
  const claimed = claims.getStore()
  if (!claimed) return
  const [kept] = await answerAll(tx, [{ ...claimed, outcome }])
  if (!kept) throw keyInProgress()
}

/** Runs a write whose answer is known with it, both or neither; without a key it is the write alone. */
export async function withAnswer<O extends AnyOutcome | null>(
  db: Database,
  write: (db: Executor) => Promise<O>,
): Promise<O> {
  if (!claims.getStore()) return write(db)
  return inTransaction(db, async (tx) => {
    const outcome = await write(tx)
    if (outcome?.ok) await keepAnswer(tx, outcome)
    return outcome
  })
}

type Effect<Write, Saved> = {
  readonly write: Write
  readonly answer: (saved: Saved) => Accepted<unknown>
  readonly claiming: Claiming | null
}
type Done = { readonly claim: Claim; readonly outcome: Accepted<unknown> | null }
type WriteAll<Write, Saved> = (db: Executor, writes: readonly Write[]) => Promise<readonly (Saved | null)[]>
const ours: Claim = { kind: 'claimed' }

/**
 * A write that many calls want at the same moment (gather.ts), for operations that claim their keys with it (`with-effect`): of each
 * its claim, its effect and its answer are one commit, or nothing of it is there.
 * @param options.write writes them in one statement; null for what cannot be written as things are
 * @returns writes one, and returns what its call is to be answered: what `answer` makes of what was saved, or what an earlier call
 *   with its key was. Null when it could not be written; then its key is free. Throws a problem where the key is another call's
 */
export function gatheredEffect<Write, Saved>(
  db: Database,
  options: Omit<GatherOptions<Write, Saved>, 'run' | 'service'> & { readonly write: WriteAll<Write, Saved> },
) {
  const { write, idOf, ...rest } = options
  const effect = gather<Effect<Write, Saved>, Done>({
    ...rest,
    service: databaseFacts(db).service,
    // Of two calls with one key the second finds the answer of the first.
    idOf: ({ write: one, claiming }) => idOf?.(one) ?? (claiming ? `${claiming.scope} ${claiming.key}` : undefined),
    run: (effects) =>
      effects.some(({ claiming }) => claiming)
        ? inTransaction(db, (tx) => keyedEffects(tx, effects, write))
        : effectsOf(db, effects, write),
  })
  return async <O extends Accepted<unknown>>(one: Write, answer: (saved: Saved) => O): Promise<O | null> => {
    const call = claims.getStore()
    const claiming = call?.claim === null ? call : null
    const { claim, outcome } = await effect({ write: one, answer: answer as Effect<Write, Saved>['answer'], claiming })
    const known = answerOf(claim)
    if (claiming && (known || outcome)) claiming.claim = claim
    return (known ?? outcome) as O | null
  }
}

async function effectsOf<Write, Saved>(
  db: Executor,
  effects: readonly Effect<Write, Saved>[],
  write: WriteAll<Write, Saved>,
): Promise<Done[]> {
  const writes = effects.map((one) => one.write)
  const saved = writes.length === 0 ? [] : await write(db, writes)
  return effects.map(({ answer }, index) => {
    const one = saved[index] ?? null
    return { claim: ours, outcome: one === null ? null : answer(one) }
  })
}

async function keyedEffects<Write, Saved>(
  tx: Transaction,
  effects: readonly Effect<Write, Saved>[],
  write: WriteAll<Write, Saved>,
): Promise<Done[]> {
  const claimings = effects.flatMap(({ claiming }) => claiming ?? [])
  const claimed = await claimAll(tx, claimings)
  const claimOf = new Map(claimings.map((claiming, index) => [claiming, claimed[index]]))
  const claimOn = ({ claiming }: Effect<Write, Saved>): Claim => (claiming && claimOf.get(claiming)) ?? ours
  const free = effects.filter((one) => claimOn(one).kind === 'claimed')
  const done = new Map((await effectsOf(tx, free, write)).map((one, index) => [free[index], one]))

  const answers: Answer[] = []
  const vain: Claimed[] = []
  for (const [one, { outcome }] of done) {
    if (!one?.claiming) continue
    if (outcome) answers.push({ ...one.claiming, outcome })
    else vain.push(one.claiming)
  }
  if (vain.length > 0) await releaseAll(tx, vain)
  if (answers.length > 0) await answerLater(tx, answers)
  return effects.map((one) => done.get(one) ?? { claim: claimOn(one), outcome: null })
}
