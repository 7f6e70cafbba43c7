import T from 'typebox'
import { type Input, type Outcome, ok } from './contract.ts'
import { type Database, sql } from './database.ts'
import { fromCursor, Timestamp, toCursor } from './fields.ts'
import type { hostContract } from './health.ts'
import { validationFailed } from './problem.ts'

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

/** Where a list of dead letters goes on: after this one. Times have six digits of a second, so that they sort as texts. */
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
               d.last_error as error, o.occurred_at as "occurredAt",
               to_char(d.died_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "diedAt"
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

export type LetterPage = { readonly after: LetterPlace | null; readonly limit: number }

/** The dead letters of any service by name, in this process or in another. Throws when its process does not answer. */
export type DeadLetterDoor = {
  list(service: string, page: LetterPage): Promise<DeadLetter[]>
  replay(service: string, eventId: string | null): Promise<{ replayed: number }>
}

type Operations = (typeof hostContract)['operations']

const pageLength = 50

/** The letters of all services as one list, the last given up first. */
export async function listDeadLetters(
  door: DeadLetterDoor,
  services: readonly string[],
  { cursor, limit = pageLength }: Input<Operations['deadLetters']>,
): Promise<Outcome<Operations['deadLetters']>> {
  const place = cursor === undefined ? null : fromCursor(cursor, 3)
  if (cursor !== undefined && place === null)
    throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this list' }])
  const after = place && { diedAt: String(place[0]), eventId: String(place[1]), subscriber: String(place[2]) }
  const answers = await askAll(services, (service) => door.list(service, { after, limit: limit + 1 }))
  const letters = answers.values.flat().sort((a, b) => (sortKey(a) < sortKey(b) ? 1 : -1))
  const items = letters.slice(0, limit)
  const last = items.at(-1)
  const nextCursor = letters.length > limit && last ? toCursor([last.diedAt, last.eventId, last.subscriber]) : null
  return ok({ items, nextCursor, silent: answers.silent })
}

/** Owes what was given up to its subscribers again. What they have handled meanwhile, their inboxes know. */
export async function replayDeadLetters(
  door: DeadLetterDoor,
  services: readonly string[],
  { eventId, service }: Input<Operations['replayDeadLetters']>,
): Promise<Outcome<Operations['replayDeadLetters']>> {
  const asked = service === undefined ? services : services.filter((name) => name === service)
  const { silent } = await askAll(asked, (name) => door.replay(name, eventId ?? null))
  return ok({ silent })
}

const sortKey = ({ diedAt, eventId, subscriber }: LetterPlace): string => `${diedAt} ${eventId} ${subscriber}`

async function askAll<V>(
  services: readonly string[],
  ask: (service: string) => Promise<V>,
): Promise<{ values: V[]; silent: string[] }> {
  const answers = await Promise.allSettled(services.map(ask))
  return {
    values: answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    silent: services.filter((_, index) => answers[index]?.status === 'rejected'),
  }
}
