import T from 'typebox'
import { type Database, sql } from './database.ts'
import { Timestamp } from './fields.ts'

/** An event that one subscriber never handled, and why. Nobody tries it again until somebody says so. */
export const DeadLetter = T.Object(
  {
    eventId: T.String({ format: 'uuid' }),
    type: T.String(),
    subject: T.String({ description: 'The id of what the event is about.' }),
    publisher: T.String(),
    subscriber: T.String(),
    attempts: T.Integer(),
    error: T.String({ description: 'Why it was given up.' }),
    occurredAt: Timestamp,
    diedAt: Timestamp,
  },
  { title: 'DeadLetter' },
)
export type DeadLetter = T.Static<typeof DeadLetter>

/** Where a list of dead letters goes on: after this one. */
export type LetterPlace = Pick<DeadLetter, 'diedAt' | 'eventId' | 'subscriber'>

export type DeadLetterStore = {
  /** The last that was given up first. */
  deadLetters(after: LetterPlace | null, limit: number): Promise<DeadLetter[]>
  /** Owes them to their subscribers again, as if they were new: those of an event, or all. @returns how many */
  replay(eventId: string | null): Promise<number>
}

/** The dead letters of a service that keeps its events in PostgreSQL. */
export function outboxDeadLetters(db: Database, publisher: string): DeadLetterStore {
  return {
    async deadLetters(after, limit) {
      const { rows } = await sql<DeadLetter>`
        select d.event_id as "eventId", o.type, o.subject, ${publisher}::text as publisher, d.subscriber, d.attempts,
               d.last_error as error, o.occurred_at as "occurredAt", d.died_at as "diedAt"
        from dead_letters d join outbox o on o.id = d.event_id
        where ${after === null} or (d.died_at, d.event_id, d.subscriber)
              < (${after?.diedAt ?? null}::timestamptz, ${after?.eventId ?? null}::uuid, ${after?.subscriber ?? null})
        order by d.died_at desc, d.event_id desc, d.subscriber desc limit ${limit}`.execute(db)
      return rows
    },
    async replay(eventId) {
      const { rows } = await sql`
        with risen as (
          delete from dead_letters where ${eventId === null} or event_id = ${eventId}::uuid returning event_id, subscriber)
        insert into outbox_deliveries (event_id, subscriber) select event_id, subscriber from risen
        returning event_id`.execute(db)
      return rows.length
    },
  }
}
