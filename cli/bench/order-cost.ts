import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { allServiceNames } from '../../services/names.ts'
import { countsOf, postgresMs, processorMs } from './meter.ts'

/** What one order takes, under load, with everything that it causes: events, mails, and what listens to them. */
export type OrderCost = {
  readonly ordersASecond: number
  /** Processor milliseconds, of all processes of the shop and of PostgreSQL. */
  readonly shopMs: number
  readonly postgresMs: number
  readonly statements: number
  /** Of more than one statement: a `begin` and a `commit` each are among the statements. */
  readonly transactions: number
  /** Transactions that wrote: the others have no number and flush nothing. */
  readonly commits: number
  /** Of the write-ahead log, without the whole pages of which PostgreSQL writes one at a page's first change after a checkpoint. */
  readonly logBytes: number
  readonly rowsWritten: number
  readonly events: number
  /** An event is delivered to each that listens to it. */
  readonly deliveries: number
  readonly eventBytes: number
}

/** Whose cost is counted: a shop in one process, or in many. */
export type Counted = {
  readonly pids: readonly number[]
  readonly postmaster: number
  /** Signed in to the shop's database as its owner, where `pg_stat_statements` counts. */
  readonly database: pg.Client
}

const idleMs = 5_000

type Sell = () => Promise<{ readonly visits: number; readonly seconds: number }>

/**
 * Counts while `sell` sells and until nothing of it is under way. What the shop does by itself in that time, asked before, is taken off.
 * Vacuum, whose work comes all at once and in one of the two or in none, is not counted.
 * @param sell resolves to how many orders were placed, and in what time
 */
export async function costOfOrders(counted: Counted, sell: Sell): Promise<OrderCost> {
  const { database } = counted
  for (const name of inRushes) await database.query(`alter system set ${name} to off`)
  await database.query('select pg_reload_conf()')
  try {
    return await count(counted, sell)
  } finally {
    for (const name of inRushes) await database.query(`alter system reset ${name}`)
    await database.query('select pg_reload_conf()')
  }
}

/** What PostgreSQL does at moments of its own choice, and not with an order. */
const inRushes = ['autovacuum', 'full_page_writes']

async function count(counted: Counted, sell: Sell): Promise<OrderCost> {
  await untilDelivered(counted.database)
  const [beforeIdle, idleSince] = [await lookAt(counted), performance.now()]
  await pause(idleMs)
  const [before, since] = [await lookAt(counted), performance.now()]
  const idle = since - idleSince
  const { visits, seconds } = await sell()
  await untilDelivered(counted.database)
  const after = await lookAt(counted)
  const share = (performance.now() - since) / idle
  const anOrder = (name: keyof Look): number =>
    (after[name] - before[name] - (before[name] - beforeIdle[name]) * share) / visits
  return {
    ordersASecond: visits / seconds,
    shopMs: anOrder('shopMs'),
    postgresMs: anOrder('postgresMs'),
    statements: anOrder('statements'),
    transactions: anOrder('transactions'),
    commits: anOrder('commits'),
    logBytes: anOrder('logBytes'),
    rowsWritten: anOrder('rowsWritten'),
    events: anOrder('events'),
    deliveries: anOrder('deliveries'),
    eventBytes: anOrder('eventBytes'),
  }
}

type Look = Record<Exclude<keyof OrderCost, 'ordersASecond'>, number>

async function lookAt({ pids, postmaster, database }: Counted): Promise<Look> {
  const each = await Promise.all(pids.map(processorMs))
  const counts = await countsOf(database)
  const { rows } = await database.query<Record<'log' | 'written' | 'events' | 'deliveries' | 'bytes', string>>(
    `select (pg_current_wal_lsn() - '0/0')::text as log,
       (select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables) as written,
       events, deliveries, bytes
     from (select sum(events) as events, sum(deliveries) as deliveries, sum(bytes) as bytes from (${await outboxes(database)}) as each) as all_of_them`,
  )
  const [row] = rows
  return {
    ...counts,
    shopMs: each.reduce((sum, one) => sum + one, 0),
    postgresMs: await postgresMs(postmaster),
    logBytes: Number(row?.log),
    rowsWritten: Number(row?.written),
    events: Number(row?.events),
    deliveries: Number(row?.deliveries),
    eventBytes: Number(row?.bytes),
  }
}

async function outboxes(database: pg.Client): Promise<string> {
  const { rows } = await database.query<{ name: string }>(
    `select quote_ident(table_schema) as name from information_schema.tables
     where table_name = 'outbox_deliveries' and table_schema = any($1)`,
    [allServiceNames],
  )
  return rows
    .map(
      ({ name }) =>
        `select (select count(*) from ${name}.outbox) as events, (select count(*) from ${name}.outbox_deliveries) as deliveries,
           (select sum(octet_length(data::text)) from ${name}.outbox) as bytes,
           (select count(*) from ${name}.outbox_deliveries where delivered_at is null) as waiting`,
    )
    .join(' union all ')
}

const quietWithinMs = 120_000
/** PostgreSQL's processes tell their counts to the others so much later, at most. */
const countsLateMs = 1_500

/** Waits until no event is under way and nothing is vacuumed, and until PostgreSQL has counted what it did. */
async function untilDelivered(database: pg.Client): Promise<void> {
  const text = `select sum(waiting)::int + (select count(*) from pg_stat_activity where backend_type = 'autovacuum worker')::int as waiting
    from (${await outboxes(database)}) as each`
  for (const until = performance.now() + quietWithinMs; performance.now() < until; await pause(100)) {
    const { rows } = await database.query<{ waiting: number }>(text)
    if (rows[0]?.waiting === 0) return void (await pause(countsLateMs))
  }
  throw new Error('bench: events are under way and do not arrive')
}
