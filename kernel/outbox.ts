import type T from 'typebox'
import { currentCall, newTraceId } from './call.ts'
import { type Database, databaseFacts, sql, type Transaction } from './database.ts'
import type { EventDeclaration, EventEnvelope } from './event.ts'

/** An event owed to one subscriber. */
export type Delivery = { readonly subscriber: string; readonly event: EventEnvelope; readonly attempts: number }

/**
 * Where the relay finds what is owed. PostgreSQL services keep it in their outbox tables, catalog inside its
 * products' documents.
 */
export type EventSource = {
  /** Takes up to `limit` deliveries that are due, for `leaseSeconds`; other copies do not see them meanwhile. */
  claim(limit: number, leaseSeconds: number): Promise<Delivery[]>
  /** The subscriber has committed the effect. */
  confirm(deliveries: readonly Delivery[]): Promise<void>
  /** The subscriber failed: try again later, or give up after `attemptsAtMost`. */
  postpone(failures: readonly { readonly delivery: Delivery; readonly error: string }[]): Promise<void>
  /** How many deliveries wait, and how many were given up. */
  backlog(): Promise<{ pending: number; dead: number }>
}

/** With doubling pauses this is most of a day: long enough for a person to mend what is broken. */
const attemptsAtMost = 20
const pauseAtMostSeconds = 3_600

/** What an event is about and says; `traceId` where it belongs to another trace than the call in progress. */
export type Published<Data> = {
  /** The id of the aggregate it is about. */
  readonly subject: string
  /** The aggregate's version after this change, so that handlers can tolerate any order. */
  readonly sequence: number
  readonly data: Data
  readonly traceId?: string
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
  const traceId = currentCall()?.traceId ?? newTraceId()
  await sql`
    with event as (
      insert into outbox (type, version, subject, sequence, data, trace_id)
      select ${declaration.type}, ${declaration.version}, subject, sequence, data, trace_id
      from unnest(${events.map(({ subject }) => subject)}::text[], ${events.map(({ sequence }) => sequence)}::bigint[],
                  ${events.map(({ data }) => JSON.stringify(data))}::jsonb[],
                  ${events.map((one) => one.traceId ?? traceId)}::text[])
           with ordinality as given (subject, sequence, data, trace_id, n) order by n
      returning id)
    insert into outbox_deliveries (event_id, subscriber)
    select event.id, subscriber from event, unnest(${subscribers}::text[]) as subscriber`.execute(tx)
  facts.onPublished()
}

/** The outbox of a PostgreSQL service, as the relay reads it. Never by a moving cursor: a late commit would be skipped. */
export function outboxSource(db: Database): EventSource {
  const { service } = databaseFacts(db)
  return {
    async claim(limit, leaseSeconds) {
      const { rows } = await sql<EventEnvelope & { subscriber: string; attempts: number; trace_id: string }>`
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
        select o.id, o.type, o.subject, o.sequence, o.data, o.trace_id, o.occurred_at as time, c.subscriber, c.attempts
        from claimed c join outbox o on o.id = c.event_id
        order by o.id`.execute(db)
      return rows.map(({ subscriber, attempts, trace_id, ...event }) => ({
        subscriber,
        attempts,
        event: { ...event, source: service, traceId: trace_id },
      }))
    },
    async confirm(deliveries) {
      await sql`
        update outbox_deliveries d set delivered_at = now(), last_error = null
        from unnest(${deliveries.map(({ event }) => event.id)}::uuid[], ${deliveries.map((one) => one.subscriber)}::text[])
             as done (event_id, subscriber)
        where d.event_id = done.event_id and d.subscriber = done.subscriber`.execute(db)
    },
    async postpone(failures) {
      for (const { delivery, error } of failures) {
        const pauseSeconds = Math.min(0.2 * 2 ** delivery.attempts, pauseAtMostSeconds)
        await (delivery.attempts < attemptsAtMost
          ? sql`update outbox_deliveries set next_attempt_at = now() + make_interval(secs => ${pauseSeconds}), last_error = ${error}
                where event_id = ${delivery.event.id} and subscriber = ${delivery.subscriber}`
          : sql`with dead as (
                  delete from outbox_deliveries
                  where event_id = ${delivery.event.id} and subscriber = ${delivery.subscriber} and delivered_at is null
                  returning event_id, subscriber, attempts)
                insert into dead_letters (event_id, subscriber, attempts, last_error)
                select event_id, subscriber, attempts, ${error} from dead`
        ).execute(db)
      }
    },
    async backlog() {
      const { rows } = await sql<{ pending: number; dead: number }>`
        select (select count(*)::int from outbox_deliveries where delivered_at is null) as pending,
               (select count(*)::int from dead_letters) as dead`.execute(db)
      return rows[0] ?? { pending: 0, dead: 0 }
    },
  }
}
