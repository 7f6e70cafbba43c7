import { Kysely, PostgresDialect, type PostgresPool } from 'kysely'
import pg from 'pg'
import { currentCall, serviceCall, withCall } from './call.ts'
import { type Database, databaseFacts, type Stale, sql } from './database.ts'
import type { Connection, Pool } from './pool.ts'
import { ProblemError } from './problem.ts'

/**
 * A copy of the database that follows, for reads that may be stale. Whether it is near enough is measured without trusting a clock:
 * the primary is asked how far its log has come, and the copy, after that, how far it has read. What it has read of what was written
 * at a moment makes it as old as that moment, at most. Whatever it cannot answer, the primary is asked.
 */
export type Replica = {
  readonly reads: Stale
  state(): ReplicaState
  close(): Promise<void>
}

export type ReplicaState = {
  /** Milliseconds since the moment up to which it is known to have everything; null before that was found out. */
  readonly behindMs: number | null
  /** Whether reads go to it now. */
  readonly isUsed: boolean
  /** Why they do not, as far as it is known. */
  readonly trouble: string | null
  /** Reads that it answered, and those that the primary answered in its place. */
  readonly answered: number
  readonly passedOn: number
}

/** Older than this it answers nothing: a shopper sees what staff changed within as many seconds. */
export const replicaBehindAtMostMs = 5_000
const judgeEveryMs = 500
/** A copy that says nothing for so long is not waited for: who asks has time left for the primary. */
const answerWithinMs = 1_000

export function openReplica(options: { service: string; pool: Pool; primary: Database }): Replica {
  const { service, pool, primary } = options
  /** When the primary's log had come how far, for moments at which the copy has not been seen yet. */
  let moments: { readonly at: number; readonly log: bigint }[] = []
  let knownSince: number | null = null
  let trouble: string | null = null
  let answered = 0
  let passedOn = 0

  const behindMs = (): number | null => (knownSince === null ? null : performance.now() - knownSince)
  const isUsed = (): boolean => trouble === null && (behindMs() ?? Number.POSITIVE_INFINITY) <= replicaBehindAtMostMs

  const judge = async (): Promise<void> => {
    const at = performance.now()
    const [now] = await ask<{ log: string }>(primary, sql`select pg_current_wal_lsn()::text as log`)
    if (now) moments.push({ at, log: placeInLog(now.log) })
    try {
      const [copy] = await ask<{ log: string | null }>(
        own,
        sql`select case when pg_is_in_recovery() then pg_last_wal_replay_lsn()::text end as log`,
      )
      if (!copy?.log) throw new Error('it is no standby of any primary')
      const read = placeInLog(copy.log)
      knownSince = moments.findLast(({ log }) => log <= read)?.at ?? knownSince
      trouble = null
    } catch (error) {
      trouble = (error as Error).message
    }
    moments = moments.filter((one) => one.at > (knownSince ?? 0) && at - one.at <= replicaBehindAtMostMs)
  }

  /** Each round begins after the last has ended, so that one that hangs is one. */
  let timer: NodeJS.Timeout
  let closed = false
  const round = (): Promise<void> =>
    withCall(serviceCall(service, { timeoutMs: answerWithinMs, importance: 'checkout' }), judge)
      .catch(() => undefined)
      .then(() => {
        if (!closed) timer = setTimeout(round, judgeEveryMs).unref()
      })

  const fromPrimary: Connection['query'] = async (text, values) => {
    passedOn += 1
    const connection = await databaseFacts(primary).pool.connect()
    return connection.query(text, values).finally(() => connection.release())
  }

  const query: Connection['query'] = async (text, values) => {
    if (!isUsed()) return fromPrimary(text, values)
    const call = currentCall() ?? serviceCall(service, { timeoutMs: answerWithinMs })
    const deadline = Math.min(call.deadline, Date.now() + answerWithinMs)
    try {
      const result = await withCall({ ...call, deadline }, async () => {
        const connection = await pool.connect()
        return connection.query(text, values).finally(() => connection.release())
      })
      answered += 1
      return result
    } catch (error) {
      // What it cannot do as a copy, such as a statement whose rows are being removed, says nothing of the next one.
      if (error instanceof ProblemError) trouble ??= error.problem.detail ?? error.problem.title
      else if (!(error instanceof pg.DatabaseError) || error.code === cannotWrite) throw error
      return fromPrimary(text, values)
    }
  }

  const own = databaseOn(pool)
  const reads = databaseOn({ ...pool, connect: async () => ({ query, release: () => undefined }) })
  void round()
  return {
    reads: reads as unknown as Stale,
    state: () => ({ behindMs: behindMs(), isUsed: isUsed(), trouble, answered, passedOn }),
    async close() {
      closed = true
      clearTimeout(timer)
      await pool.end()
    },
  }
}

/** Somebody wrote by what may only read: a bug, which no primary may hide. */
const cannotWrite = '25006'

const databaseOn = (pool: Pick<Pool, 'connect' | 'end' | 'options'>): Kysely<unknown> =>
  new Kysely<unknown>({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) })

async function ask<R>(db: Kysely<unknown>, question: ReturnType<typeof sql>): Promise<R[]> {
  return (await question.execute(db)).rows as R[]
}

/** A place in the log as PostgreSQL writes it, `16/B374D848`, as a number that grows. */
function placeInLog(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}
