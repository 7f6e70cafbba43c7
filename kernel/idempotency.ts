import { createHash } from 'node:crypto'
import type { Accepted, Refused } from './contract.ts'
import { type Executor, sql } from './database.ts'

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

/** The input's identity: same key and another fingerprint is a caller's mistake. */
export const fingerprint = (input: unknown): string =>
  createHash('sha256').update(JSON.stringify(input)).digest('base64url')

/** Keys in the service's own schema. Runs on a transaction too, where the claim must commit with the effect. */
export function idempotencyStore(db: Executor): IdempotencyStore {
  return {
    async claim(scope, key, print) {
      const { rows } = await sql<{ claimed: boolean; fingerprint: string; outcome: AnyOutcome | null }>`
        with claimed as (
          insert into idempotency_keys as k (scope, key, fingerprint, lease_until)
          values (${scope}, ${key}, ${print}, now() + make_interval(secs => ${leaseSeconds}))
          on conflict (scope, key) do update set lease_until = excluded.lease_until
            where k.outcome is null and k.lease_until < now() and k.fingerprint = excluded.fingerprint
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
      return row.outcome === null ? { kind: 'running' } : { kind: 'answered', outcome: row.outcome }
    },
    async answer(scope, key, outcome) {
      await sql`update idempotency_keys set outcome = ${JSON.stringify(outcome)}::jsonb
                where scope = ${scope} and key = ${key}`.execute(db)
    },
    async release(scope, key) {
      await sql`delete from idempotency_keys where scope = ${scope} and key = ${key} and outcome is null`.execute(db)
    },
  }
}
