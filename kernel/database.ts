import {
  Kysely,
  type Transaction as KyselyTransaction,
  PostgresDialect,
  type PostgresPool,
  type RawBuilder,
  sql,
} from 'kysely'
import pg from 'pg'
import { currentCall, serviceCall, withCall } from './call.ts'
import type { Refused } from './contract.ts'
import { laterMark } from './pipeline.ts'
import { type OpenPool, openPool, type Pool, type Silence } from './pool.ts'
import { sessionSettings, statementTimeoutMs } from './session-settings.ts'

/**
 * A service's own PostgreSQL schema, reached as a role that can read nothing else. SQL is written with Kysely's `sql`
 * template in the service's `store.ts`: every value in it is a parameter.
 */
export type Database = Kysely<unknown>

/** An open transaction. `publish` and every store function that must be atomic with others ask for one. */
export type Transaction = KyselyTransaction<unknown>

/** What a statement runs on: inside a transaction or by itself. */
export type Executor = Database | Transaction

/**
 * Rows as they were a few seconds ago at most: of a copy, where the shop has one. What decides something is not read so, and what writes,
 * or opens a transaction, does not take it.
 */
export type Stale = { readonly [stale]: true; getExecutor(): ReturnType<Database['getExecutor']> }
declare const stale: unique symbol

/** Where there is no copy, the rows as they are. */
export const withoutCopy = (db: Database): Stale => db as unknown as Stale

/** What a statement that only reads, for somebody to look at, runs on. */
export type Reader = Executor | Stale

type DatabaseFacts = {
  readonly service: string
  readonly pool: Pool
  /** Who must hear of an event type, from the services' declarations. */
  readonly subscribersOf: (eventType: string) => readonly string[]
  onPublished: () => void
}

const factsOf = new WeakMap<object, DatabaseFacts>()

/** What the kernel knows of a database or of a transaction in it. */
export function databaseFacts(executor: Executor): DatabaseFacts {
  const facts = factsOf.get(executor)
  if (!facts) throw new Error('database: not opened by openDatabase, or not a transaction of inTransaction')
  return facts
}

// Times leave the database as RFC 3339 in UTC, whole numbers as numbers: what crosses a wall is data.
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format !== 'binary') {
      if (oid === pg.types.builtins.TIMESTAMPTZ)
        return (text: string) => `${text.slice(0, 10)}T${text.slice(11).replace('+00', 'Z')}`
      if (oid === pg.types.builtins.INT8) return parseSafeInteger
      if (oid === pg.types.builtins.DATE) return (text: string) => text
    }
    return pg.types.getTypeParser(oid, format as 'text')
  },
}

/** A time in JSON that the database made, as all others are: Z for +00:00. */
export const timeOfJson = (text: string): string => text.replace('+00:00', 'Z')

function parseSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`database: ${text} is beyond the safe integers`)
  return value
}

/** The part of a pool that only checkout and what it causes may take: two connections of six sell hundreds of orders a second. */
const reservedShare = 0.25

export type DatabaseOptions = {
  readonly service: string
  /** Signs in as the service's role. */
  readonly url: string
  /** Whether a pooler stands between, which takes no settings at the start of a connection: the role has them. */
  readonly isPooled?: boolean
  /** Ceiling of the pool; all pools of a process together stay at 60 or less. A quarter is for checkout only. */
  readonly connections: number
  readonly subscribersOf?: (eventType: string) => readonly string[]
  readonly onSilence?: (silence: Silence | null) => void
  readonly openPool?: OpenPool
}

/** Opens a service's pool. Connections are made at the first use. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = openServicePool(options)
  // Its type also asks for cursors, which nobody here opens.
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) })
  factsOf.set(db, {
    service: options.service,
    pool,
    subscribersOf: options.subscribersOf ?? (() => []),
    onPublished: () => undefined,
  })
  return db
}

/** Connections of a service, to its database or to a copy of it. */
export function openServicePool(options: DatabaseOptions): Pool {
  return (options.openPool ?? openPool)({
    connections: options.connections,
    reserved: Math.min(Math.ceil(options.connections * reservedShare), options.connections - 1),
    ...(options.onSilence ? { onSilence: options.onSilence } : {}),
    config: {
      connectionString: options.url,
      application_name: `stoa-${options.service}`,
      connectionTimeoutMillis: 8_000,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
      ...(options.isPooled ? {} : { options: startOptions(options.service) }),
      types,
    },
  })
}

/** A session's settings as a connection asks for them at its start. A space belongs to the value only with a backslash before it. */
const startOptions = (service: string): string =>
  Object.entries(sessionSettings(service))
    .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '')}`)
    .join(' ')

/** Marks the way a refusal takes out of a transaction: by throwing, so that it rolls back, and being caught outside. */
class Rollback extends Error {
  readonly refused: Refused
  constructor(refused: Refused) {
    super('rolled back by a refusal')
    this.refused = refused
  }
}

/** A serialization failure or deadlock is the database asking to try again; more than this is a bug. */
const attemptsAtMost = 3
const retryable = new Set(['40001', '40P01'])

/**
 * Runs `work` in one transaction. A returned refusal rolls it back and is returned; an error rolls it back and is thrown.
 * Calling another service or a provider inside throws: a network must never be waited for while rows are locked.
 */
export async function inTransaction<R>(db: Database, work: (tx: Transaction) => Promise<R>): Promise<R> {
  const facts = databaseFacts(db)
  const call = currentCall() ?? serviceCall(facts.service, { timeoutMs: statementTimeoutMs })
  if (call.transactionOf)
    throw new Error(`database: ${facts.service} opened a transaction inside one of ${call.transactionOf}`)
  for (let attempt = 1; ; attempt++) {
    let published = false
    try {
      const result = await withCall({ ...call, transactionOf: facts.service }, () =>
        db.transaction().execute(async (tx) => {
          factsOf.set(tx, {
            ...facts,
            onPublished: () => {
              published = true
            },
          })
          const returned = await work(tx)
          if (isRefused(returned)) throw new Rollback(returned)
          return returned
        }),
      )
      if (published) facts.onPublished()
      return result
    } catch (error) {
      if (error instanceof Rollback) return error.refused as R
      if (attempt < attemptsAtMost && retryable.has((error as { code?: string }).code ?? '')) continue
      throw error
    }
  }
}

/**
 * A write from which its transaction learns nothing: it leaves with the transaction's next statement or its commit, and costs no round
 * trip. What the database says against it is thrown there.
 */
export async function later(tx: Transaction, statement: RawBuilder<unknown>): Promise<void> {
  await sql`${statement} ${sql.raw(laterMark)}`.execute(tx)
}

function isRefused(value: unknown): value is Refused {
  return typeof value === 'object' && value !== null && (value as { ok?: unknown }).ok === false && 'refusal' in value
}

/** Throws when a transaction is open in the current call. */
export function refuseInsideTransaction(what: string): void {
  const open = currentCall()?.transactionOf
  if (open) throw new Error(`database: ${what} was called inside a transaction of ${open}`)
}

export { sql }
