import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { currentCall } from './call.ts'
import type { Accepted, Refused } from './contract.ts'
import { type Database, type Executor, inTransaction, sql, type Transaction } from './database.ts'
import { keyInProgress } from './problem.ts'

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

/** Keys in the service's own schema. Runs on a transaction too, where the claim must commit with the effect. */
export function idempotencyStore(db: Executor): IdempotencyStore {
  return {
    async claim(scope, key, print) {
      const { rows } = await sql<{ claimed: boolean; fingerprint: string; outcome: unknown }>`
        with claimed as (
          insert into idempotency_keys as k (scope, key, fingerprint, lease_until)
          values (${scope}, ${key}, ${print}, now() + make_interval(secs => ${leaseSeconds}))
          on conflict (scope, key) do update
            set fingerprint = excluded.fingerprint, outcome = null, lease_until = excluded.lease_until, created_at = now()
            where (k.outcome is null and k.lease_until < now() and k.fingerprint = excluded.fingerprint)
               or k.created_at < now() - make_interval(hours => ${keptHours})
          returning fingerprint)
        select true as claimed, fingerprint, null::jsonb as outcome from claimed
        union all
        select false, fingerprint, outcome from idempotency_keys
        where scope = ${scope} and key = ${key} and not exists (select 1 from claimed)`.execute(db)
      const row = rows[0]
      // No row at all: the other call inserted after this statement's snapshot and still runs.
      if (!row) return { kind: 'running' }
      if (row.claimed) return { kind: 'claimed' }
      if (row.fingerprint !== print) return { kind: 'mismatch' }
      return row.outcome === null ? { kind: 'running' } : { kind: 'answered', outcome: readKept(row.outcome) }
    },
    async answer(scope, key, outcome) {
      await writeAnswer(db, { scope, key }, outcome)
    },
    async release(scope, key) {
      await sql`delete from idempotency_keys where scope = ${scope} and key = ${key} and outcome is null`.execute(db)
    },
  }
}

/** Kept as one text: jsonb would put an object's keys in an order of its own. @returns false when it was answered before */
async function writeAnswer(db: Executor, { scope, key }: Claimed, outcome: AnyOutcome): Promise<boolean> {
  const { rows } = await sql`
    update idempotency_keys set outcome = to_jsonb(${JSON.stringify(toKeep(outcome))}::text)
    where scope = ${scope} and key = ${key} and outcome is null returning key`.execute(db)
  return rows.length === 1
}

// ---- The answer in the effect's own transaction ------------------------------------------------------------------

type Claimed = { readonly scope: string; readonly key: string }

const claims = new AsyncLocalStorage<Claimed | null>()

/** Runs `work` as the call that claimed a key, or as one that claimed none. */
export const withClaim = <R>(claimed: Claimed | null, work: () => R): R => claims.run(claimed, work)

/**
 * Keeps the answer of the call in progress under its key, in the transaction of its effect. Whatever happens after the commit, a
 * repeat gets this answer; and of two who run the same call, since the first was taken for dead, one is turned away with
 * nothing done. A call without a key keeps nothing.
 */
export async function keepAnswer(tx: Transaction, outcome: Accepted<unknown>): Promise<void> {
  const claimed = claims.getStore()
  if (claimed && !(await writeAnswer(tx, claimed, outcome))) throw keyInProgress()
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
