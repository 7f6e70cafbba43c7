import type { DeadLetter, LetterPlace } from '#kernel/dead-letters'
import type { EventEnvelope } from '#kernel/event'

/** An event that was given up, as a store keeps it. */
type GivenUp = {
  readonly event: EventEnvelope
  readonly subscriber: string
  readonly attempts: number
  /** Absent in what an older version gave up. */
  readonly diedAt?: string | undefined
  readonly error: string | null
}

/** What staff see of it. Times have six digits of a second, as those of PostgreSQL. */
function letterOf({ event, subscriber, attempts, diedAt, error }: GivenUp): DeadLetter {
  const { id: eventId, type, subject, source: publisher, time: occurredAt } = event
  const at = (diedAt ?? occurredAt).replace(/(\.\d{3})Z$/, '$1000Z')
  return { eventId, type, subject, publisher, subscriber, attempts, error: error ?? '', occurredAt, diedAt: at }
}

/** A page of those that were given up, the last first. */
export function lettersAfter(all: readonly GivenUp[], after: LetterPlace | null, limit: number): DeadLetter[] {
  const place = ({ diedAt, eventId, subscriber }: LetterPlace): string => `${diedAt} ${eventId} ${subscriber}`
  return all
    .map(letterOf)
    .filter((one) => after === null || place(one) < place(after))
    .sort((a, b) => (place(a) < place(b) ? 1 : -1))
    .slice(0, limit)
}
