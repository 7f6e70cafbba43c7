import { serviceCall, withCall } from './call.ts'
import { type Database, databaseFacts, sql } from './database.ts'
import { type MigrationFile, migrationsOf } from './migrate.ts'

/** Whoever asks is a load balancer, which asks again soon, in milliseconds. */
const answerWithinMs = 1_000

/**
 * Judges whether a service's database is what its code needs: it answers, the schema is not older than the code, nobody took away
 * what the code needs, and the unique indexes that hold its invariants are there and valid. A schema that is newer is fine: migrations
 * widen first, and one that narrows says so. Other indexes only make it fast: without one, a slow shop is better than none.
 * @returns why the service can serve nobody now, each in a sentence; nothing when it can
 * @param folder of the service's migrations
 */
export function databaseReadiness(db: Database, folder: string): () => Promise<readonly string[]> {
  const { service } = databaseFacts(db)
  let needed: Promise<Needed> | null = null
  return async () => {
    const call = serviceCall(service, { timeoutMs: answerWithinMs, importance: 'checkout' })
    needed ??= migrationsOf(folder).then(neededBy)
    try {
      const state = await withCall(call, () => readState(db))
      return state ? judge(service, await needed, state) : [`The database has no schema of ${service}.`]
    } catch {
      return [`The database of ${service} does not answer.`]
    }
  }
}

type Needed = { readonly migrations: readonly string[]; readonly uniqueIndexes: readonly string[] }
type State = { readonly applied: readonly { name: string; narrows: boolean }[]; readonly valid: readonly string[] }

/** The schema's state in one round trip; null when there is none. */
async function readState(db: Database): Promise<State | null> {
  const ask = sql<State>`
    select (select coalesce(jsonb_agg(jsonb_build_object('name', name, 'narrows', narrows)), '[]') from applied_migrations) as applied,
           (select coalesce(jsonb_agg(c.relname), '[]') from pg_index i join pg_class c on c.oid = i.indexrelid
            where c.relnamespace = current_schema()::regnamespace and i.indisunique and i.indisvalid) as valid`
  const { rows } = await ask.execute(db).catch((error: { code?: string }) => {
    // Undefined table: of a database that was made anew, or brought back from before this version.
    if (error.code === '42P01') return { rows: [] }
    throw error
  })
  return rows[0] ?? null
}

function judge(service: string, needed: Needed, { applied, valid }: State): readonly string[] {
  const known = new Set(needed.migrations)
  const names = new Set(applied.map(({ name }) => name))
  return [
    ...needed.migrations
      .filter((name) => !names.has(name))
      .map((name) => `The database of ${service} lacks ${name}: run "stoa migrate".`),
    ...applied
      .filter(({ name, narrows }) => narrows && !known.has(name))
      .map(({ name }) => `${name} took away what this version of ${service} needs: update it.`),
    ...needed.uniqueIndexes
      .filter((name) => !valid.includes(name))
      .map((name) => `The database of ${service} lacks the index ${name}, or it is invalid.`),
  ]
}

/** The unique indexes that the files create by name and do not drop again. */
function neededBy(files: readonly MigrationFile[]): Needed {
  const uniqueIndexes = new Set<string>()
  const statement =
    /^\s*(?:create\s+unique\s+index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?(\w+)|drop\s+index\s+(?:concurrently\s+)?(?:if\s+exists\s+)?(\w+))/gim
  for (const { text } of files) {
    for (const [, created, dropped] of text.matchAll(statement)) {
      if (created) uniqueIndexes.add(created)
      if (dropped) uniqueIndexes.delete(dropped)
    }
  }
  return { migrations: files.map(({ name }) => name), uniqueIndexes: [...uniqueIndexes] }
}
