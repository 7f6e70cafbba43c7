import type T from 'typebox'
import { currentCall, newTraceId } from './call.ts'
import { type Database, databaseFacts, later, sql, type Transaction } from './database.ts'
import { type DeadLetterStore, outboxDeadLetters } from './dead-letters.ts'
import type { EventDeclaration, EventEnvelope } from './event.ts'
import { startSpan, type TraceContext, traceparentOf } from './tracing.ts'

/** An event owed to one subscriber. */
export type Delivery = { readonly subscriber: string; readonly event: EventEnvelope; readonly attempts: number }

/** As much of a delivery as a confirmation brings back. */
export type DeliveryMark = Pick<Delivery, 'subscriber' | 'attempts'> & {
  readonly event: Pick<EventEnvelope, 'id' | 'type' | 'subject'>
}

/** Why a delivery has not taken effect (yet). */
export type Failure = {
  readonly error: string
  /**
   * `failed`: the subscriber could not handle it, and may the next time. `unfit`: it never will. `unreached`: nobody was there
   * to judge it. `unconfirmed`: it was sent again, and nothing has come back.
   */
  readonly kind: 'failed' | 'unfit' | 'unreached' | 'unconfirmed'
}

export type Backlog = {
  readonly pending: number
  readonly dead: number
  /** Age of the oldest event that waits, in seconds; 0 when none does. */
  readonly oldestSeconds: number
}

/**
 * Where the relay finds what is owed. PostgreSQL services keep it in their outbox tables, catalog inside its
 * products' documents.
 */
export type EventSource = DeadLetterStore & {
  /** Deliveries that are claimed together, where it is not as many as others do. */
  readonly batchAtMost?: number
  /** Batches that are sent side by side while each is full, where it is not one after the other. */
  readonly batchesAtOnce?: number
  /** Takes up to `limit` deliveries that are due, for `leaseSeconds`; other copies do not see them meanwhile. */
  claim(limit: number, leaseSeconds: number): Promise<Delivery[]>
  /** The subscriber has committed the effect. */
  confirm(deliveries: readonly DeliveryMark[]): Promise<void>
  /** Tries again after `pauseSeconds`, or gives up where there is none. An answer to an earlier attempt changes nothing. */
  postpone(failures: readonly (Failure & { readonly delivery: DeliveryMark })[]): Promise<void>
  backlog(): Promise<Backlog>
}

/** With doubling pauses this is most of a day: long enough for a person to mend what is broken. */
const failuresAtMost = 20

/** The first pause and the longest, in seconds; each is twice the one before. */
const pauses = {
  failed: { first: 0.4, atMost: 3_600 },
  /** Whoever was away, a service or the broker, hears of everything soon after. */
  unreached: { first: 0.4, atMost: 30 },
  /** What lies in a broker for a subscriber that is away is put there again, since a broker may lose it. */
  unconfirmed: { first: 10, atMost: 60 },
} as const

/**
 * How long a delivery waits that was sent `attempts` times and failed `failures` times, with this one; null when it is given up.
 * For sources outside of PostgreSQL; the outbox has the same in SQL.
 */
export function pauseSeconds(kind: Failure['kind'], attempts: number, failures: number): number | null {
  if (kind === 'unfit' || (kind === 'failed' && failures >= failuresAtMost)) return null
  const { first, atMost } = pauses[kind]
  return Math.min(first * 2 ** ((kind === 'failed' ? failures : attempts) - 1), atMost)
}

/** What an event is about and says; `place` where it belongs to another trace than the call in progress. */
export type Published<Data> = {
  /** The id of the aggregate it is about. */
  readonly subject: string
  /** The aggregate's version after this change, so that handlers can tolerate any order. */
  readonly sequence: number
  readonly data: Data
  readonly place?: TraceContext
}

/** Lets an event leave with the transaction that caused it: it is sent if and only if this commits. */
export function publish<D extends T.TObject>(
  tx: Transaction,
  declaration: EventDeclaration<D>,
  event: Published<T.Static<D>>,
): Promise<void> {
  return publishAll(tx, declaration, [event])
}

/** The same for many events of one kind in one statement. */
export async function publishAll<D extends T.TObject>(
  tx: Transaction,
  declaration: EventDeclaration<D>,
  events: readonly Published<T.Static<D>>[],
): Promise<void> {
  if (events.length === 0) return
  const facts = databaseFacts(tx)
  const subscribers = facts.subscribersOf(declaration.type)
  const here = currentCall() ?? { traceId: newTraceId() }
  const places = events.map(({ place = here }) => {
    const attributes = messaging('publish', declaration.type)
    const span = startSpan(`publish ${declaration.type}`, { kind: 'producer', parent: place, attributes })
    return { place: span ?? place, end: () => span?.end() }
  })
  const written = later(
    tx,
    sql`
    with event as (
      insert into outbox (type, version, subject, sequence, data, trace_id, traceparent)
      select ${declaration.type}, ${declaration.version}, subject, sequence, data, trace_id, traceparent
      from unnest(${events.map(({ subject }) => subject)}::text[], ${events.map(({ sequence }) => sequence)}::bigint[],
                  ${events.map(({ data }) => JSON.stringify(data))}::jsonb[],
                  ${places.map(({ place }) => place.traceId)}::text[],
                  ${places.map(({ place }) => traceparentOf(place) ?? null)}::text[])
           with ordinality as given (subject, sequence, data, trace_id, traceparent, n) order by n
      returning id)
    insert into outbox_deliveries (event_id, subscriber)
    select event.id, subscriber from event, unnest(${subscribers}::text[]) as subscriber`,
  )
  await written.finally(() => {
    for (const { end } of places) end()
  })
  facts.onPublished()
}

/** What OpenTelemetry calls a message and its queue is an event and its type here. */
export const messaging = (operation: 'publish' | 'process', type: string) => ({
  'messaging.system': 'stoa',
  'messaging.operation.name': operation,
  'messaging.operation.type': operation === 'publish' ? 'send' : 'process',
  'messaging.destination.name': type,
})

/** The outbox of a PostgreSQL service, as the relay reads it. Never by a moving cursor: a late commit would be skipped. */
export function outboxSource(db: Database): EventSource {
  const { service } = databaseFacts(db)
  return {
    ...outboxDeadLetters(db, service),
    async claim(limit, leaseSeconds) {
      type Row = { subscriber: string; attempts: number; trace_id: string; traceparent: string | null }
      const { rows } = await sql<Omit<EventEnvelope, 'traceparent'> & Row>`
        with due as (
          select event_id, subscriber from outbox_deliveries
          where delivered_at is null and next_attempt_at <= now()
          order by next_attempt_at, event_id
          limit ${limit}
          for update skip locked),
        claimed as (
          update outbox_deliveries d
          set attempts = d.attempts + 1, next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
          from due where d.event_id = due.event_id and d.subscriber = due.subscriber
          returning d.event_id, d.subscriber, d.attempts)
        select o.id, o.type, o.subject, o.sequence, o.data, o.trace_id, o.traceparent, o.occurred_at as time, c.subscriber, c.attempts
        from claimed c join outbox o on o.id = c.event_id
        order by o.id`.execute(db)
      return rows.map(({ subscriber, attempts, trace_id, traceparent, ...event }) => ({
        subscriber,
        attempts,
        event: { ...event, source: service, traceId: trace_id, ...(traceparent ? { traceparent } : {}) },
      }))
    },
    async confirm(deliveries) {
      await sql`
        update outbox_deliveries d set delivered_at = coalesce(d.delivered_at, now()), last_error = null
        from (
          select * from unnest(${deliveries.map(({ event }) => event.id)}::uuid[],
                               ${deliveries.map((one) => one.subscriber)}::text[]) as one (event_id, subscriber)
          order by event_id, subscriber) as done
        where d.event_id = any (array[done.event_id]) and d.subscriber = any (array[done.subscriber])`.execute(db)
    },
    async postpone(failures) {
      const kinds = failures.map(({ kind }) => kind)
      const first = kinds.map((kind) => (kind === 'unfit' ? 0 : pauses[kind].first))
      const atMost = kinds.map((kind) => (kind === 'unfit' ? 0 : pauses[kind].atMost))
      // An answer to an earlier attempt says nothing of the one that is under way.
      await sql`
        with told as (
          select d.event_id, d.subscriber, t.error, t.first, t.at_most, t.counts, t.unfit,
                 d.failures + t.counts::int as failures
          from unnest(${failures.map(({ delivery }) => delivery.event.id)}::uuid[],
                      ${failures.map(({ delivery }) => delivery.subscriber)}::text[],
                      ${failures.map(({ delivery }) => delivery.attempts)}::int[],
                      ${failures.map(({ error }) => error)}::text[], ${first}::float8[], ${atMost}::float8[],
                      ${kinds.map((kind) => kind === 'failed')}::boolean[], ${kinds.map((kind) => kind === 'unfit')}::boolean[])
               as t (event_id, subscriber, attempts, error, first, at_most, counts, unfit)
          join outbox_deliveries d using (event_id, subscriber)
          where d.attempts = t.attempts and d.delivered_at is null
          order by d.event_id, d.subscriber for update of d),
        dead as (
          delete from outbox_deliveries d using told
          where d.event_id = told.event_id and d.subscriber = told.subscriber
            and (told.unfit or (told.counts and told.failures >= ${failuresAtMost}))
          returning d.event_id, d.subscriber, d.attempts, told.error),
        buried as (
          insert into dead_letters (event_id, subscriber, attempts, last_error)
          select event_id, subscriber, attempts, error from dead)
        update outbox_deliveries d
        set failures = told.failures, last_error = told.error,
            next_attempt_at = now() + make_interval(secs => least(
              told.first * 2 ^ least(case when told.counts then told.failures else d.attempts end - 1, 30), told.at_most))
        from told
        where d.event_id = told.event_id and d.subscriber = told.subscriber
          and not (told.unfit or (told.counts and told.failures >= ${failuresAtMost}))`.execute(db)
    },
    async backlog() {
      const { rows } = await sql<Backlog>`
        select count(*)::int as pending, (select count(*)::int from dead_letters) as dead,
               coalesce(extract(epoch from now() - min(o.occurred_at)), 0)::int as "oldestSeconds"
        from outbox_deliveries d join outbox o on o.id = d.event_id where d.delivered_at is null`.execute(db)
      return rows[0] ?? { pending: 0, dead: 0, oldestSeconds: 0 }
    },
  }
}
