import type { Admission } from './admission.ts'
import { serviceCall, withCall } from './call.ts'
import { type Database, sql } from './database.ts'
import { createFigures, lookEveryMs } from './figures.ts'
import { keptHours } from './idempotency.ts'
import type { Job } from './service.ts'
import type { Started } from './start-service.ts'
import type { Metrics } from './telemetry.ts'
import { inSpan } from './tracing.ts'

/** How long delivered events are kept for `stoa verify`, and a day more for the inboxes that must know them. */
const keptDays = 7

/** Months for which tables that are parted by month have parts in advance: as long as a job may fail before anybody notices. */
const monthsAhead = 3

/** Runs every service's jobs, and the kernel's own housekeeping in each schema. */
export function startJobs(started: readonly Started[], admission: Admission, metrics: Metrics): () => Promise<void> {
  const figures = createFigures(metrics.registry)
  const stops = started.flatMap((one) => {
    const own = one.wiring.jobs ?? []
    const kernel: Job[] = []
    if (one.db) kernel.push({ name: 'housekeeping', everyMs: 10 * 60_000, run: () => housekeeping(one.db as Database) })
    const count = figures.of(one.definition.contract.name, one.db, one.events, one.wiring.figures ?? [])
    kernel.push({ name: 'figures', everyMs: lookEveryMs, run: count })
    return [...own, ...kernel].map((job) => startJob(one, job, admission, metrics))
  })
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}

function startJob(one: Started, job: Job, admission: Admission, metrics: Metrics): () => Promise<void> {
  const { importance = 'background' } = job
  let timer: NodeJS.Timeout
  let current: Promise<void> = Promise.resolve()
  const stopping = new AbortController()
  const schedule = (): void => {
    // Copies started together must not all do the same thing at the same moment.
    timer = setTimeout(
      () => {
        // What an order waits for is done whoever else is there.
        if (importance !== 'checkout' && !admission.hasSeat(importance)) return schedule()
        const timeoutMs = Math.max(job.everyMs, 30_000)
        const service = one.definition.contract.name
        const call = serviceCall(service, { timeoutMs, importance })
        const attributes = { 'stoa.service': service, 'stoa.job': job.name }
        const took = metrics.jobs.startTimer({ service, job: job.name })
        current = withCall(call, () =>
          inSpan(`job ${job.name}`, { kind: 'internal', attributes }, () => job.run(stopping.signal)),
        )
          .then(() => void took({ outcome: 'ok' }))
          .catch((error: unknown) => {
            took({ outcome: 'error' })
            one.log.error({ err: error, job: job.name }, 'job failed, will run again')
          })
          .then(() => {
            if (!stopping.signal.aborted) schedule()
          })
      },
      job.everyMs * (0.9 + 0.2 * Math.random()),
    )
    timer.unref()
  }
  schedule()
  return async () => {
    stopping.abort()
    clearTimeout(timer)
    await current
  }
}

async function housekeeping(db: Database): Promise<void> {
  await sql`delete from idempotency_keys where created_at < now() - make_interval(hours => ${keptHours})`.execute(db)
  await sql`delete from rate_limits where window_start < now() - interval '1 day'`.execute(db)
  await sql`delete from outbox o where occurred_at < now() - make_interval(days => ${keptDays})
            and not exists (select 1 from outbox_deliveries d where d.event_id = o.id and d.delivered_at is null)
            and not exists (select 1 from dead_letters d where d.event_id = o.id)`.execute(db)
  await sql`delete from inbox where handled_at < now() - make_interval(days => ${keptDays + 1})`.execute(db)
  await sql`select make_months(${monthsAhead})`.execute(db)
}
