import type T from 'typebox'
import type { DeepReadonly } from './contract.ts'
import { type Database, inTransaction, sql, type Transaction } from './database.ts'
import type { EventDeclaration, EventEnvelope } from './event.ts'

/** What a service does about an event of another. */
export type Subscription = {
  readonly event: EventDeclaration
  /** Handles the event once by effect; resolves when its effect has committed (now or at an earlier delivery). */
  readonly handle: (db: Database, event: EventEnvelope) => Promise<void>
}

type Heard<D extends T.TObject> = EventEnvelope<DeepReadonly<T.Static<D>>>

/** Handles an event with one transaction: the effect and the inbox row commit together. */
export function on<D extends T.TObject>(
  event: EventDeclaration<D>,
  apply: (tx: Transaction, event: Heard<D>) => Promise<void>,
): Subscription {
  return { event, handle: (db, heard) => once(db, heard, (tx) => apply(tx, heard as Heard<D>)) }
}

/**
 * Handles an event that needs other services first. `prepare` asks them, outside of any transaction and perhaps more
 * than once; `apply` writes what it found, once.
 */
export function onPrepared<D extends T.TObject, P>(
  event: EventDeclaration<D>,
  prepare: (event: Heard<D>) => Promise<P>,
  apply: (tx: Transaction, event: Heard<D>, prepared: P) => Promise<void>,
): Subscription {
  return {
    event,
    async handle(db, heard) {
      if (await alreadyHandled(db, heard.id)) return
      const prepared = await prepare(heard as Heard<D>)
      await once(db, heard, (tx) => apply(tx, heard as Heard<D>, prepared))
    },
  }
}

async function once(db: Database, event: EventEnvelope, effect: (tx: Transaction) => Promise<void>): Promise<void> {
  await inTransaction(db, async (tx) => {
    const { rows } = await sql`
      insert into inbox (event_id, type, source) values (${event.id}, ${event.type}, ${event.source})
      on conflict (event_id) do nothing returning event_id`.execute(tx)
    if (rows.length === 1) await effect(tx)
  })
}

async function alreadyHandled(db: Database, eventId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from inbox where event_id = ${eventId}`.execute(db)
  return rows.length === 1
}
