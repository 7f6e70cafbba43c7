import type { RawBuilder } from 'kysely'
import { type Accepted, ok } from './contract.ts'
import { type Database, inTransaction, sql } from './database.ts'
import { fromCursor, toCursor } from './fields.ts'
import { type InvariantCheck, violationsNamedAtMost } from './invariants.ts'
import { validationFailed } from './problem.ts'

/** A part of a service's verification. It is asked again from `next` until that is null. */
export type Part = (from: string | null) => Promise<{
  readonly checks: readonly InvariantCheck[]
  readonly next: string | null
}>

/** Runs the part, or the page of a part, that `cursor` stands for. */
export async function verifyPart(
  parts: readonly Part[],
  cursor: string | undefined,
): Promise<Accepted<{ readonly checks: readonly InvariantCheck[]; readonly nextCursor: string | null }>> {
  const [index, from] = cursor === undefined ? [0, ''] : (fromCursor(cursor, 2) ?? [])
  const part = typeof index === 'number' ? parts[index] : undefined
  if (typeof index !== 'number' || !part)
    throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this verification' }])
  const { checks, next } = await part(from === '' ? null : String(from))
  if (next !== null) return ok({ checks, nextCursor: toCursor([index, next]) })
  return ok({ checks, nextCursor: index + 1 < parts.length ? toCursor([index + 1, '']) : null })
}

/** A question that the database answers in one statement. */
export type Question = {
  /** Counts the rows that are judged. */
  readonly all: RawBuilder<unknown>
  /** Selects, as `said`, a sentence on each row that does not hold. */
  readonly wrong: RawBuilder<unknown>
}

/** It reads whole tables: on a large shop that takes its time, in milliseconds. */
const questionTimeoutMs = 570_000

/** A part that is one question over all rows. What it finds may fill a disk of the database, never this process. */
export const question =
  (db: Database, invariant: string, what: string, { all, wrong }: Question): Part =>
  async () => {
    const { rows } = await inTransaction(db, async (tx) => {
      await sql`select set_config('statement_timeout', ${String(questionTimeoutMs)}, true)`.execute(tx)
      return sql<Pick<InvariantCheck, 'checked' | 'violated' | 'violations'>>`
        with wrong as materialized (${wrong})
        select (${all}) as checked, (select count(*) from wrong) as violated,
               array(select said from wrong order by said limit ${violationsNamedAtMost}) as violations`.execute(tx)
    })
    const found = rows[0] ?? { checked: 0, violated: 0, violations: [] }
    return { checks: [{ invariant, what, ...found }], next: null }
  }

/** Counts what does not hold, and names as much of it as is named. */
export function newCheck(invariant: string, what: string) {
  const violations: string[] = []
  const check = { invariant, what, checked: 0, violated: 0, violations }
  return {
    judged(rows = 1): void {
      check.checked += rows
    },
    violated(said: string): void {
      check.violated += 1
      if (violations.length < violationsNamedAtMost) violations.push(said)
    },
    result: (): InvariantCheck => check,
  }
}
