import pg from 'pg'
import { type Call, currentCall } from './call.ts'
import { laterMark, pipelineOf } from './pipeline.ts'
import { type ProblemError, unavailable } from './problem.ts'
import { statementTimeoutMs } from './session-settings.ts'
import { type Attributes, startDetail } from './tracing.ts'

/**
 * A service's connections, with three promises that `pg.Pool` does not make:
 *
 * - **A reserve.** Some connections are taken by checkout and by what it causes only, so that browsing and reports that hold
 *   all others stop no order.
 * - **Deadlines.** Nobody waits for a connection or for a statement longer than their call lasts. A statement that was given up
 *   takes its connection with it: nobody knows what still comes on it.
 * - **An end to silence.** A database that stopped answering (not refused, not closed: stopped) is found out within seconds, and
 *   from then on everybody is told so at once, until it answers again.
 */
export type Pool = {
  connect(): Promise<Connection>
  end(): Promise<void>
  /** Kysely asks for them, to open a connection beside the pool. */
  readonly options: pg.PoolOptions
  readonly totalCount: number
  /** Connections that somebody has. */
  readonly usedCount: number
  readonly waitingCount: number
  /** Milliseconds that everybody but checkout waited at least for a connection since this was asked last. */
  leastWaitMs(): number
  readonly silence: Silence | null
}

/** Since when and how the database does not answer. */
export type Silence = { readonly since: number; readonly error: string }

/** As much of a connection as Kysely's dialect uses. */
export type Connection = {
  query(text: string, values: readonly unknown[]): Promise<pg.QueryResult>
  release(discard?: boolean): void
}

export type PoolOptions = {
  readonly config: pg.ClientConfig & pg.PoolConfig
  readonly connections: number
  /** Of the connections, those that only checkout may take. */
  readonly reserved: number
  /** Told when the database falls silent, and with null when it answers again. */
  readonly onSilence?: (silence: Silence | null) => void
}

/** Opens a pool: this one, or one that a simulation puts between the services and PostgreSQL. */
export type OpenPool = (options: PoolOptions) => Pool

/** How late somebody may learn that their time is over. */
const sweepMs = 100
/** Without any answer for so long while somebody waits for one, the database is asked whether it still lives. */
const suspiciousAfterMs = 3_000
/** Longer than a machine takes that is short of everything. */
const probeTimeoutMs = 3_000
const probeEveryMs = 500
/** What ends a transaction is sent however late it is, and gets this long at least. */
const endingMs = 1_000
/** For statements that belong to no call: the operator's own. Longer would only hold a connection that is dead. */
const withoutCallMs = 60_000

/** Somebody who waits, as long as it is among those that are pending. */
type Pending = { readonly deadline: number; readonly reject: (error: unknown) => void }
type Waiting = Pending & { readonly isReserved: boolean; readonly since: number; readonly take: () => void }

const deadlineOf = (call: Call | null): number => call?.deadline ?? Date.now() + withoutCallMs

const noTime = (): ProblemError => unavailable('The database did not answer in time.')
const noAnswer = (): ProblemError => unavailable('The database does not answer. Try again in a moment.', 2)

export function openPool(options: PoolOptions): Pool {
  const { connections, reserved } = options
  const pool = new pg.Pool({ ...options.config, max: connections, pipeline: true })
  // A connection that breaks while idle is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => undefined)
  // One that breaks in use fails its statement, or the next; without a listener it would end the process as well.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const queues: Record<'reserved' | 'ordinary', Waiting[]> = { reserved: [], ordinary: [] }
  const pending = new Set<Pending>()
  let taken = 0
  let ordinaryTaken = 0
  let leastWait: number | null = null
  let sweeper: NodeJS.Timeout | null = null
  let answeredAt = 0
  let probing = false
  let silence: Silence | null = null

  const mayTake = (isReserved: boolean): boolean =>
    taken < connections && (isReserved || ordinaryTaken < connections - reserved)

  const take = (isReserved: boolean, waitedMs: number): void => {
    taken += 1
    if (isReserved) return
    ordinaryTaken += 1
    leastWait = Math.min(leastWait ?? waitedMs, waitedMs)
  }

  const giveBack = (isReserved: boolean): void => {
    taken -= 1
    if (!isReserved) ordinaryTaken -= 1
    for (const queue of [queues.reserved, queues.ordinary]) {
      for (let next = queue[0]; next && mayTake(next.isReserved); next = queue[0]) {
        queue.shift()
        pending.delete(next)
        take(next.isReserved, performance.now() - next.since)
        next.take()
      }
    }
  }

  /** Runs until nobody waits any more. */
  const watch = (): void => {
    if (pending.size === 1) answeredAt = performance.now()
    sweeper ??= setInterval(sweep, sweepMs).unref()
  }

  const giveUp = (one: Pending, error: ProblemError): void => {
    pending.delete(one)
    for (const queue of [queues.reserved, queues.ordinary]) {
      const place = queue.indexOf(one as Waiting)
      if (place >= 0) queue.splice(place, 1)
    }
    one.reject(error)
  }

  const sweep = (): void => {
    const now = Date.now()
    for (const one of pending) if (now > one.deadline) giveUp(one, noTime())
    if (silence || (pending.size > 0 && performance.now() - answeredAt > suspiciousAfterMs)) void probe()
    if (pending.size > 0 || silence) return
    if (sweeper) clearInterval(sweeper)
    sweeper = null
  }

  /** Whatever is heard from it proves that it lives. */
  const hear = (): void => {
    answeredAt = performance.now()
    if (!silence) return
    silence = null
    options.onSilence?.(null)
  }

  /** Asks on a connection of its own. What waits for a connection is sent away when there is no answer; statements that run keep their time. */
  const probe = async (): Promise<void> => {
    if (probing) return
    probing = true
    const heardBefore = answeredAt
    const error = await answersWithin(options.config, probeTimeoutMs)
    if (error === null) {
      hear()
    } else if (!silence && answeredAt === heardBefore) {
      silence = { since: Date.now(), error }
      options.onSilence?.(silence)
    }
    if (silence) for (const one of [...queues.reserved, ...queues.ordinary]) giveUp(one, noAnswer())
    setTimeout(() => {
      probing = false
    }, probeEveryMs).unref()
  }

  /** Rejects when `deadline` passes first. `late` gets what comes after that. */
  const within = <R>(work: Promise<R>, deadline: number, late: (result: R) => void): Promise<R> => {
    const { promise, resolve, reject } = Promise.withResolvers<R>()
    const one: Pending = { deadline, reject }
    pending.add(one)
    watch()
    work.then(
      (result) => {
        hear()
        if (pending.delete(one)) resolve(result)
        else late(result)
      },
      (error: unknown) => {
        if (error instanceof pg.DatabaseError) hear()
        pending.delete(one)
        reject(error)
      },
    )
    return promise
  }

  const wait = (isReserved: boolean, deadline: number): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const one = { isReserved, deadline, since: performance.now(), take: resolve, reject }
    queues[isReserved ? 'reserved' : 'ordinary'].push(one)
    pending.add(one)
    watch()
    return promise
  }

  const connect = async (): Promise<Connection> => {
    const call = currentCall()
    const deadline = deadlineOf(call)
    if (Date.now() > deadline) throw noTime()
    if (silence) throw noAnswer()
    // Without a call there is nobody to prefer: a start, a command of the operator's.
    const isReserved = call === null || call.importance === 'checkout'
    if (mayTake(isReserved)) take(isReserved, 0)
    else await wait(isReserved, deadline)
    try {
      return connection(await within(pool.connect(), deadline, (late) => late.release()), isReserved)
    } catch (error) {
      giveBack(isReserved)
      throw asProblem(error)
    }
  }

  const connection = (client: pg.PoolClient, isReserved: boolean): Connection => {
    let broken = false
    const pipeline = pipelineOf(client, (text) => startDetail(() => statementSpan(text, options.config)))

    const send = async (text: string, values: readonly unknown[], leftMs: number): Promise<pg.QueryResult> => {
      try {
        return await within(pipeline.send(text, values), Date.now() + leftMs, () => undefined)
      } catch (error) {
        broken ||= !(error instanceof pg.DatabaseError)
        throw asProblem(error)
      }
    }

    return {
      async query(text, values) {
        if (broken) throw noTime()
        const isEnding = text === 'commit' || text === 'rollback'
        const leftMs = Math.max(isEnding ? endingMs : 0, deadlineOf(currentCall()) - Date.now())
        if (leftMs <= 0) throw noTime()
        if (text === 'begin') pipeline.begin(beginWithin(leftMs))
        else if (text.endsWith(laterMark)) pipeline.hold(text, values)
        else if (!isEnding || pipeline.leavesWith(text)) return send(text, values, leftMs)
        return unasked
      },
      release(discard = false) {
        client.release(discard || broken)
        giveBack(isReserved)
      },
    }
  }

  return {
    connect,
    async end() {
      await pool.end()
      if (sweeper) clearInterval(sweeper)
    },
    options: pool.options,
    get totalCount() {
      return pool.totalCount
    },
    get usedCount() {
      return taken
    },
    get waitingCount() {
      return queues.reserved.length + queues.ordinary.length
    },
    leastWaitMs() {
      const oldest = queues.ordinary[0]
      const least = leastWait ?? (oldest ? performance.now() - oldest.since : 0)
      leastWait = null
      return least
    },
    get silence() {
      return silence
    },
  }
}

/** Told by what it does and to which table, as in `insert outbox`; never by its values. */
function statementSpan(text: string, { application_name: application = '' }: pg.ClientConfig) {
  const [operation = 'statement'] = /^\s*\w+/.exec(text) ?? []
  const verb = operation.trim().toLowerCase()
  const table = /\b(?:insert\s+into|update|delete\s+from|from)\s+([a-z_]+)/i.exec(text)?.[1]
  const summary = table ? `${verb} ${table}` : verb
  const attributes: Attributes = {
    'db.system.name': 'postgresql',
    'db.namespace': application.replace(/^stoa-/, ''),
    'db.operation.name': verb,
    'db.query.summary': summary,
  }
  return [summary, { kind: 'client', attributes }] as const
}

/** The answer to what is not sent, or not yet. */
const unasked: pg.QueryResult = { command: '', rowCount: null, oid: 0, rows: [], fields: [] }

/** A transaction whose caller leaves before the usual limit ends by then in the database too: in one round trip with its begin. */
function beginWithin(leftMs: number): string {
  return leftMs < statementTimeoutMs ? `begin; set local statement_timeout = ${Math.ceil(leftMs)}` : 'begin'
}

/** SQLSTATEs that say nothing of the statement, only that it cannot be run now. */
const cannotNow = /^(08|53|57|55P03)/

/** What means "not now" as the problem that it is; everything else as it came. */
function asProblem(error: unknown): unknown {
  const { code } = error as { code?: string }
  const isOurs = error instanceof pg.DatabaseError
  const isConnection =
    !isOurs && error instanceof Error && (code !== undefined || /connect|terminated/i.test(error.message))
  if (!(isOurs ? cannotNow.test(code ?? '') : isConnection)) return error
  const problem = unavailable('The database cannot do this now. Try again.')
  problem.cause = error
  return problem
}

async function answersWithin(config: pg.ClientConfig, timeoutMs: number): Promise<string | null> {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return null
  } catch (error) {
    return (error as Error).message
  } finally {
    client.end().catch(() => undefined)
  }
}
