import type { Duplex } from 'node:stream'
import pg from 'pg'
import { oneDatabase } from '#kernel/database-address'
import { migrate } from '#kernel/migrate'
import type { OpenPool, Pool } from '#kernel/pool'
import type { AnyService } from '#kernel/service'
import { currentLife, type Event, type Life, type Timeline, within } from './timeline.ts'
import type { Trace } from './trace.ts'

/** The services' passwords are derived from it. */
export const databaseSecret = 'simulated-secret-of-32-characters'

// The real ones, taken before simulated time stands in their place.
const pause = setTimeout
const nextTurn = setImmediate
/** Longer than a statement takes that nothing stands in the way of; then PostgreSQL is asked what it waits for. */
const askAfterMs = 3
const shortly = () => new Promise((resolve) => pause(resolve, askAfterMs))

/** Runs after which the tables are made anew: what was deleted lies about, and makes each next run slower. */
const deletesAtMost = 100

const sessionSettings = [
  // Deadlocks are found by the simulation, at once.
  "deadlock_timeout = '1h'",
  // It is the processes of the shop that die here, never PostgreSQL.
  'synchronous_commit = off',
  // One plan a statement, whatever ran before: the order of rows must not depend on it.
  'plan_cache_mode = force_generic_plan',
  'jit = off',
  'max_parallel_workers_per_gather = 0',
]

/** PostgreSQL as the simulation uses it: many seeds run on one, with connections that are kept. */
export type SimulatedPostgres = {
  readonly url: string
  readonly owner: pg.Client
  /** Empties all tables. */
  reset(): Promise<void>
  lend(config: pg.PoolConfig): Promise<Session>
  giveBack(config: pg.PoolConfig, session: Session): void
  close(): Promise<void>
}

/** A connection of a service's role. */
type Session = {
  readonly client: pg.Client
  readonly stream: Duplex
  readonly processId: number
  /** What its statements take for the time, so that it is told only when the time has changed. */
  time: number
}

/**
 * Makes the tables of `services` in the empty database at `url`, and lets its SQL read simulated time: a function `now` in a
 * schema that the search path names before PostgreSQL's own answers with what the session was told.
 */
export async function preparePostgres(url: string, services: readonly AnyService[]): Promise<SimulatedPostgres> {
  const owner = new pg.Client({ connectionString: url })
  await owner.connect()
  await migrate({
    databases: oneDatabase(url),
    secret: databaseSecret,
    services: services.flatMap(({ contract, migrations }) =>
      migrations ? [{ service: contract.name, folder: migrations }] : [],
    ),
  })
  await owner.query(`
    create schema simulation;
    grant usage on schema simulation to public;
    create function simulation.now() returns timestamptz language sql stable parallel safe
      as $$ select current_setting('simulation.now')::timestamptz $$;
    create function simulation.clock_timestamp() returns timestamptz language sql stable parallel safe
      as $$ select current_setting('simulation.now')::timestamptz $$`)
  // Defaults are bound to a function when they are made.
  const { rows: defaults } = await owner.query<{ place: string; value: string }>(`
    select format('%I.%I alter column %I', n.nspname, c.relname, a.attname) as place, pg_get_expr(d.adbin, d.adrelid) as value
    from pg_attrdef d
    join pg_class c on c.oid = d.adrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    where pg_get_expr(d.adbin, d.adrelid) ~ '^(now|clock_timestamp)\\(\\)$'`)
  for (const { place, value } of defaults) await owner.query(`alter table ${place} set default simulation.${value}`)
  const { rows: tables } = await owner.query<{ name: string; hasRows: boolean }>(
    `
    select format('%I.%I', n.nspname, c.relname) as name, c.relkind = 'r' as "hasRows"
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname = any($1) order by 1`,
    [services.map(({ contract }) => contract.name)],
  )
  const names = tables.map(({ name }) => name)
  const { rows: databases } = await owner.query<{ name: string }>('select current_database() as name')
  for (const setting of sessionSettings)
    await owner.query(`alter database ${owner.escapeIdentifier(databases[0]?.name ?? '')} set ${setting}`)
  await owner.query(`
    create function simulation.empty() returns void language plpgsql set session_replication_role = replica as $$
    begin ${names.map((name) => `delete from ${name};`).join(' ')} end $$`)
  // What runs beside the schedule would be a second author of it.
  for (const { name, hasRows } of tables)
    if (hasRows) await owner.query(`alter table ${name} set (autovacuum_enabled = off)`)

  let resets = 0
  const idle = new Map<string, Session[]>()
  const all: Session[] = []
  return {
    url,
    owner,
    async reset() {
      resets += 1
      // Emptying small tables is much quicker than making new ones, until too much that was deleted lies about.
      const emptied =
        resets % deletesAtMost === 1
          ? `begin; set local session_replication_role = replica;
             truncate ${names.join(', ')} restart identity cascade; commit`
          : 'select simulation.empty()'
      await owner.query(emptied)
    },
    async lend(config) {
      const known = idle.get(config.connectionString ?? '')?.pop()
      if (known) return known
      const client = new pg.Client({
        ...config,
        connectionTimeoutMillis: 0,
        // The time and the statement travel together: see `send`.
        pipeline: true,
        // Statements end by simulated time, or not at all: see `Statements`.
        options: config.options
          ?.replace(',extensions', ',extensions,simulation,pg_catalog')
          .replaceAll(/(_timeout)=\w+/g, '$1=0'),
      })
      client.on('error', () => undefined)
      await client.connect()
      const { stream } = client.connection
      const session = { client, stream, processId: Number(Reflect.get(client, 'processID')), time: 0 }
      all.push(session)
      return session
    },
    giveBack(config, session) {
      const key = config.connectionString ?? ''
      idle.set(key, [...(idle.get(key) ?? []), session])
    },
    async close() {
      await Promise.all(all.map(({ client }) => client.end()))
      await owner.end()
    },
  }
}

type Result = { rows: unknown[]; rowCount: number | null; command: string }

/** A statement that was given to PostgreSQL and has not been answered to whoever asked. */
type Flight = {
  readonly session: Session
  readonly life: Life
  readonly what: string
  outcome: { readonly result: Result } | { readonly error: Error } | null
  /** Why it was ended by the simulation, as PostgreSQL would have said. */
  ended: { readonly code: string; readonly message: string } | null
  readonly landed: Promise<void>
  readonly tell: (outcome: NonNullable<Flight['outcome']>) => void
  lockTimeout: Event | null
}

/** How long a statement waits for a lock, as the kernel sets it for real. */
const lockTimeoutMs = 4_000
/** A service's share of connections in one process. */
const connectionsAtMost = 4

/** Statements are planned once a connection: a run has few kinds of them, and the next run has the same. */
const statementNames = new Map<string, string>()
function nameOf(statement: string): string {
  const name = statementNames.get(statement) ?? `statement_${statementNames.size}`
  statementNames.set(statement, name)
  return name
}

export type Statements = {
  /** A pool whose statements are events of the timeline. */
  readonly openPool: OpenPool
  /** How many statements so far may have changed something. */
  readonly written: () => number
  /** What PostgreSQL does once it notices that a process is gone: its transactions end without effect. */
  loseConnectionsOf(life: Life): Promise<void>
  /** Nothing of a run may be left to the next one. */
  end(): Promise<void>
}

/**
 * Lets one statement run at a time, in the order of the timeline. One that waits for a lock is left waiting while others go on,
 * which follows from the database's state alone, so that the same seed gives the same order again.
 * @param latencyMs how long a statement is on its way
 * @param rewrite what a planted bug makes of a statement
 */
export function simulateStatements(options: {
  readonly postgres: SimulatedPostgres
  readonly timeline: Timeline
  readonly trace: Trace
  readonly latencyMs: (what: string) => number
  readonly rewrite: (statement: string) => string
  /** Statements that a planted bug takes out of their transaction. */
  readonly leavesTransaction: (statement: string) => boolean
  /** Asked after each statement, before its answer is told. */
  readonly onAnswered: (life: Life, what: string) => void
}): Statements {
  const { postgres, timeline, trace } = options
  const flights: Flight[] = []
  let written = 0
  const lent = new Map<Session, { life: Life; config: pg.PoolConfig; inTransaction: boolean }>()

  const launch = (session: Session, life: Life, what: string, send: () => Promise<unknown>): Promise<Result> => {
    const told = Promise.withResolvers<Result>()
    const flight: Flight = {
      session,
      life,
      what,
      outcome: null,
      ended: null,
      landed: send().then(
        (result) => {
          flight.outcome = { result: result as Result }
        },
        (error: Error) => {
          flight.outcome = {
            error: flight.ended ? Object.assign(new Error(flight.ended.message), flight.ended) : error,
          }
        },
      ),
      tell: (outcome) => ('result' in outcome ? told.resolve(outcome.result) : told.reject(outcome.error)),
      lockTimeout: null,
    }
    flights.push(flight)
    return told.promise
  }

  /** Waits until each statement has landed or waits for a lock, then tells those that landed, in the order they started. */
  const land = async (): Promise<void> => {
    for (let circle = await anyUnderWay(); circle; circle = await anyUnderWay()) {
      // PostgreSQL ends one of those that wait for each other, after a while; here it is the last one, at once.
      const last = flights.filter(({ outcome }) => outcome === null).at(-1)
      if (last) await cancel(last, '40P01', 'deadlock detected')
    }
    for (const flight of flights.filter(({ outcome }) => outcome !== null)) {
      flights.splice(flights.indexOf(flight), 1)
      flight.lockTimeout?.cancel()
      const outcome = flight.outcome as NonNullable<Flight['outcome']>
      trace.add(flight.life, flight.what, 'result' in outcome ? sizeOf(outcome.result) : codeOf(outcome.error))
      if (!/: (begin|start)/.test(flight.what)) written += 1
      options.onAnswered(flight.life, flight.what)
      if (!flight.life.isOver) flight.tell(outcome)
    }
    for (const flight of flights) {
      if (flight.lockTimeout) continue
      trace.add(flight.life, flight.what, 'waits for a lock')
      const giveUp = async (): Promise<void> => {
        await cancel(flight, '55P03', 'canceling statement due to lock timeout')
        await land()
      }
      flight.lockTimeout = timeline.after(lockTimeoutMs, giveUp, { life: flight.life })
    }
  }

  const cancel = async (flight: Flight, code: string, message: string): Promise<void> => {
    flight.ended = { code, message }
    await postgres.owner.query('select pg_cancel_backend($1)', [flight.session.processId])
    await flight.landed
  }

  /** @returns once all statements have landed or wait for a lock: whether some of them wait for each other */
  const anyUnderWay = async (): Promise<boolean> => {
    for (;;) {
      const open = flights.filter(({ outcome }) => outcome === null)
      const started = open.find(({ lockTimeout }) => lockTimeout === null)
      if (open.length === 0) return false
      await (started ? Promise.race([started.landed, shortly()]) : new Promise((resolve) => nextTurn(resolve)))
      const still = open.filter(({ outcome }) => outcome === null)
      if (still.length === 0) continue
      const blockers = await blockersOf(still.map(({ session }) => session.processId))
      const moved = still.some(({ outcome, session }) => outcome !== null || !blockers.get(session.processId)?.length)
      if (!moved) return isCircle(blockers)
    }
  }

  const blockersOf = async (processIds: readonly number[]): Promise<Map<number, readonly number[]>> => {
    const { rows } = await postgres.owner.query<{ pid: number; blockers: number[] }>(
      'select pid, pg_blocking_pids(pid) as blockers from unnest($1::integer[]) as pid',
      [processIds],
    )
    return new Map(rows.map(({ pid, blockers }) => [pid, blockers]))
  }

  const openPool: OpenPool = ({ config }) => {
    const life = currentLife()
    let taken = 0
    const waiting: (() => void)[] = []
    const free = (): void => {
      const next = waiting.shift()
      if (next) next()
      else taken -= 1
    }
    const connect = async () => {
      if (taken >= connectionsAtMost) await new Promise<void>((resolve) => waiting.push(resolve))
      else taken += 1
      let session: Session | null = null
      const query = (text: string, values: readonly unknown[] = []): Promise<unknown> => {
        const statement = options.rewrite(text)
        const what = trace.nameOf(config.application_name ?? '', text, values)
        const asked = Promise.withResolvers<unknown>()
        timeline.after(
          options.latencyMs(what),
          async () => {
            session ??= await postgres.lend(config)
            const leaves = options.leavesTransaction(text)
            const its = leaves ? await postgres.lend(config) : session
            const loan = lent.get(its) ?? { life, config, inTransaction: false }
            lent.set(its, loan)
            const giveBack = (): void => {
              lent.delete(its)
              postgres.giveBack(config, its)
            }
            const begins = /^(begin|start transaction)/.test(text)
            const tellTime = !loan.inTransaction && its.time !== timeline.now()
            if (begins) loan.inTransaction = true
            if (/^(commit|rollback)/.test(text)) loan.inTransaction = false
            const send = (): Promise<unknown> => {
              if (!tellTime) return its.client.query({ name: nameOf(statement), text: statement, values: [...values] })
              its.time = timeline.now()
              // In one packet: half of a run is spent on sending them.
              its.stream.cork()
              void its.client.query(`set simulation.now = '${new Date(its.time).toISOString()}'`)
              const sent = its.client.query({ name: nameOf(statement), text: statement, values: [...values] })
              its.stream.uncork()
              return sent
            }
            const launched = launch(its, life, what, send)
            launched.then(asked.resolve, asked.reject)
            if (leaves) launched.then(giveBack, giveBack)
            await land()
          },
          { life },
        )
        return asked.promise
      }
      const release = (): void => {
        if (session) {
          lent.delete(session)
          postgres.giveBack(config, session)
        }
        session = null
        free()
      }
      return { query, release }
    }
    const idle = { options: {}, totalCount: 0, usedCount: 0, waitingCount: 0, silence: null, leastWaitMs: () => 0 }
    return { ...idle, connect, end: async () => undefined } as unknown as Pool
  }

  const loseConnectionsOf = async (life: Life): Promise<void> => {
    for (const [session, loan] of [...lent]) {
      if (loan.life !== life) continue
      const flight = flights.find((one) => one.session === session)
      if (flight) {
        await postgres.owner.query('select pg_cancel_backend($1)', [session.processId])
        await flight.landed
        flight.lockTimeout?.cancel()
        flights.splice(flights.indexOf(flight), 1)
      }
      lent.delete(session)
      await session.client.query('rollback')
      postgres.giveBack(loan.config, session)
    }
    await land()
  }

  return {
    openPool,
    written: () => written,
    loseConnectionsOf,
    async end() {
      for (const { life } of [...lent.values()]) {
        life.isOver = true
        await within(life, () => loseConnectionsOf(life))
      }
    },
  }
}

const isCircle = (blockers: ReadonlyMap<number, readonly number[]>): boolean => {
  const reaches = (from: number, seen: ReadonlySet<number>): boolean =>
    seen.has(from) || (blockers.get(from) ?? []).some((next) => reaches(next, new Set([...seen, from])))
  return [...blockers.keys()].some((pid) => reaches(pid, new Set()))
}

const sizeOf = ({ command, rowCount }: Result): string =>
  rowCount === null || rowCount === undefined ? (command ?? 'done').toLowerCase() : `${rowCount} rows`
const codeOf = (error: Error & { code?: string; constraint?: string }): string =>
  [error.code ?? error.message, error.constraint].filter(Boolean).join(' ')
