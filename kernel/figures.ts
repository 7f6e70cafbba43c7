import { Gauge, type Registry } from 'prom-client'
import { type Database, sql } from './database.ts'
import type { Backlog, EventSource } from './outbox.ts'

export type Counted = { readonly labels: Readonly<Record<string, string>>; readonly value: number }

/**
 * Something of a service's data that is counted by SQL now and then, and shown at `/metrics`. One copy counts and all show it, so a sum
 * over copies means nothing: take the maximum. It has to be cheap on a shop with ten years of orders: what it reads has an index and an end.
 */
export type Figure = {
  /** By Prometheus' conventions, with the unit at its end. */
  readonly name: `stoa_${string}`
  readonly help: string
  /** Of few values each, never ids. `service` is added. */
  readonly labels: readonly string[]
  readonly count: (db: Database) => Promise<readonly Counted[]>
}

/** How often anything is counted, by whichever copy comes first, in seconds. */
const countEverySeconds = 60
/** How often a copy looks whether there is something newer to show, in milliseconds. */
export const lookEveryMs = 10_000

/** What every service with a schema owes others. */
const owed: readonly Figure[] = [
  {
    name: 'stoa_outbox_pending',
    help: 'Events not yet confirmed by a subscriber.',
    labels: ['subscriber'],
    count: async (db) => (await pending(db)).map(({ subscriber, count }) => ({ labels: { subscriber }, value: count })),
  },
  {
    name: 'stoa_outbox_oldest_seconds',
    help: 'Age of the oldest event that a subscriber has not confirmed.',
    labels: ['subscriber'],
    count: async (db) => (await pending(db)).map(({ subscriber, age }) => ({ labels: { subscriber }, value: age })),
  },
  {
    name: 'stoa_dead_letters',
    help: 'Events that were given up after too many attempts.',
    labels: ['subscriber'],
    count: async (db) => {
      const { rows } = await sql<{ subscriber: string; count: number }>`
        select subscriber, count(*)::int as count from dead_letters group by subscriber`.execute(db)
      return rows.map(({ subscriber, count }) => ({ labels: { subscriber }, value: count }))
    },
  },
  {
    name: 'stoa_months_ahead',
    help: 'Months from this one on for which a table that is parted by month has parts.',
    labels: ['table'],
    count: async (db) => (await months(db)).map(({ name, months }) => ({ labels: { table: name }, value: months })),
  },
  {
    name: 'stoa_rows_beyond_months',
    help: 'Rows of a table that is parted by month that belong to a month which nobody has made.',
    labels: ['table'],
    count: async (db) => (await months(db)).map(({ name, beyond }) => ({ labels: { table: name }, value: beyond })),
  },
]

async function months(db: Database) {
  const { rows } = await sql<{ name: string; months: number; beyond: number }>`select * from months_ahead()`.execute(db)
  return rows
}

async function pending(db: Database) {
  const { rows } = await sql<{ subscriber: string; count: number; age: number }>`
    select d.subscriber, count(*)::int as count, extract(epoch from now() - min(o.occurred_at))::float8 as age
    from outbox_deliveries d join outbox o on o.id = d.event_id
    where d.delivered_at is null group by d.subscriber`.execute(db)
  return rows
}

type Counts = Readonly<Record<string, readonly Counted[]>>

/** The figures of this process' services as gauges. */
export function createFigures(registry: Registry) {
  const latest = new Map<string, { counts: Counts; countedAt: number }>()
  const show = ({ name, help, labels }: Omit<Figure, 'count'>): void => {
    if (registry.getSingleMetric(name)) return
    new Gauge({
      name,
      help,
      labelNames: ['service', ...labels],
      registers: [registry],
      collect() {
        this.reset()
        for (const [service, { counts }] of latest)
          for (const one of counts[name] ?? []) this.set({ service, ...one.labels }, one.value)
      },
    })
  }
  for (const one of owed) show(one)
  new Gauge({
    name: 'stoa_figures_counted_timestamp_seconds',
    help: 'When what is counted of the data of a service was counted last.',
    labelNames: ['service'],
    registers: [registry],
    collect() {
      for (const [service, { countedAt }] of latest) this.set({ service }, countedAt)
    },
  })
  return {
    /** @returns a round of counting or of looking what another copy counted */
    of(service: string, db: Database | null, events: EventSource | null, own: readonly Figure[]): () => Promise<void> {
      for (const one of own) show(one)
      return async () => {
        if (db) latest.set(service, await countOrRead(db, [...owed, ...own]))
        else if (events)
          latest.set(service, { counts: backlogOf(await events.backlog()), countedAt: Date.now() / 1_000 })
      }
    },
  }
}

/** Of a source that does not tell its subscribers apart. */
const backlogOf = ({ pending, dead, oldestSeconds }: Backlog): Counts => ({
  stoa_outbox_pending: [{ labels: { subscriber: 'all' }, value: pending }],
  stoa_outbox_oldest_seconds: [{ labels: { subscriber: 'all' }, value: oldestSeconds }],
  stoa_dead_letters: [{ labels: { subscriber: 'all' }, value: dead }],
})

async function countOrRead(db: Database, figures: readonly Figure[]) {
  if (await isOurTurn(db)) {
    const counts: Record<string, readonly Counted[]> = {}
    for (const { name, count } of figures) counts[name] = await count(db)
    await sql`update figures set counts = ${JSON.stringify(counts)}::jsonb`.execute(db)
  }
  const { rows } = await sql<{ counts: Counts; counted_at: number }>`
    select counts, extract(epoch from counted_at)::float8 as counted_at from figures`.execute(db)
  return { counts: rows[0]?.counts ?? {}, countedAt: rows[0]?.counted_at ?? 0 }
}

/** Whether it is time, and nobody else counts already. */
async function isOurTurn(db: Database): Promise<boolean> {
  const { rows } = await sql`
    insert into figures (counted_at, counts) values (now(), '{}')
    on conflict (only_one) do update set counted_at = now()
    where figures.counted_at < now() - make_interval(secs => ${countEverySeconds})
    returning only_one`.execute(db)
  return rows.length > 0
}
