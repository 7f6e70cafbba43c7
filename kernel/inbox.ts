import type T from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { DeepReadonly } from './contract.ts'
import { type Database, inTransaction, sql, type Transaction } from './database.ts'
import { type EventDeclaration, type EventEnvelope, placeOf } from './event.ts'
import { messaging } from './outbox.ts'
import { inSpan, startSpan } from './tracing.ts'
import { inWords } from './validation-words.ts'

/** For each event of a batch: null when its effect has committed (now or at an earlier delivery), else why it has not. */
export type Verdicts = readonly (Error | null)[]

/** What a service does about an event of another. */
export type Subscription = {
  readonly event: EventDeclaration
  /** Handles events of its type, each once by effect. */
  readonly handle: (db: Database, events: readonly EventEnvelope[]) => Promise<Verdicts>
}

/** An event that its subscriber can never handle: trying again is of no use. */
export class Unfit extends Error {}

/** Hands over what fits its declaration; what does not is unfit, and holds up no other. */
export async function handleFitting(
  db: Database,
  { event, handle }: Subscription,
  events: readonly EventEnvelope[],
): Promise<Verdicts> {
  const unfit = new Map(events.map(({ id, data }) => [id, unfitness(event, data)]))
  const fitting = events.filter(({ id }) => unfit.get(id) === null)
  const handled = fitting.length > 0 ? await handle(db, fitting) : []
  const verdicts = new Map(fitting.map(({ id }, index) => [id, handled[index] ?? null]))
  return events.map(({ id }) => unfit.get(id) ?? verdicts.get(id) ?? null)
}

const validators = new WeakMap<EventDeclaration, Validator>()
/** What is told of data that does not fit: enough to find the fault. */
const faultsAtMost = 5

/** Null when data is what its declaration says. It may say more: its publisher may be of a newer version. */
function unfitness(declaration: EventDeclaration, data: unknown): Unfit | null {
  let validator = validators.get(declaration)
  if (!validator) {
    validator = Compile(declaration.data)
    validators.set(declaration, validator)
  }
  if (validator.Check(data)) return null
  const faults = inWords(validator.Errors(data)).slice(0, faultsAtMost)
  const told = faults.map(({ field, message }) => `${field || 'data'} ${message}`).join('; ')
  return new Unfit(`It is not what ${declaration.type} is declared to be: ${told}.`)
}

type Heard<D extends T.TObject> = EventEnvelope<DeepReadonly<T.Static<D>>>

/** Handles an event with a transaction: the effect and the inbox row commit together. */
export function on<D extends T.TObject>(
  event: EventDeclaration<D>,
  apply: (tx: Transaction, event: Heard<D>) => Promise<void>,
): Subscription {
  return subscription(event, (tx, events) => eachInItsTrace(events, (one) => apply(tx, one)))
}

/** The same for an effect that one statement has for many events. */
export function onAll<D extends T.TObject>(
  event: EventDeclaration<D>,
  apply: (tx: Transaction, events: readonly Heard<D>[]) => Promise<void>,
): Subscription {
  return subscription(event, (tx, events) => allInTheirTraces('process', events, () => apply(tx, events)))
}

const subscription = <D extends T.TObject>(
  event: EventDeclaration<D>,
  apply: (tx: Transaction, events: readonly Heard<D>[]) => Promise<void>,
): Subscription => ({
  event,
  handle: (db, heard) => together(heard, (events) => once(db, events as readonly Heard<D>[], apply)),
})

/**
 * Handles events that need other services first. `prepare` asks them, outside of any transaction and perhaps more than once, and
 * answers for each event in their order; `apply` writes what it found, once.
 */
export function onAllPrepared<D extends T.TObject, P>(
  event: EventDeclaration<D>,
  prepare: (events: readonly Heard<D>[]) => Promise<readonly P[]>,
  apply: Apply<D, P>,
): Subscription {
  const handle = async (db: Database, heard: readonly Heard<D>[]): Promise<void> => {
    const known = await handledBefore(db, heard)
    const unknown = heard.filter(({ id }) => !known.has(id))
    const found = await allInTheirTraces('prepare', unknown, () => prepare(unknown))
    const prepared = new Map(unknown.map(({ id }, index) => [id, found[index] as P]))
    await once(db, heard, (tx, fresh) => {
      const ready = fresh.map((one) => ({ event: one, prepared: prepared.get(one.id) as P }))
      return allInTheirTraces('process', fresh, () => apply(tx, ready))
    })
  }
  return { event, handle: (db, heard) => together(heard, (events) => handle(db, events as readonly Heard<D>[])) }
}

type Apply<D extends T.TObject, P> = (
  tx: Transaction,
  heard: readonly { readonly event: Heard<D>; readonly prepared: P }[],
) => Promise<void>

type Phase = 'prepare' | 'process'

async function eachInItsTrace<E extends EventEnvelope>(
  events: readonly E[],
  work: (event: E) => Promise<void>,
): Promise<void> {
  for (const event of events) await inItsTrace('process', event, () => work(event))
}

/** What an event causes belongs to the trace of what caused it. */
const inItsTrace = <R>(phase: Phase, event: EventEnvelope, work: () => Promise<R>): Promise<R> =>
  inSpan(`${phase} ${event.type}`, heardAs(event), work)

/** Each trace is told of its event, though all share what is done; its parts are told in the first one's. */
async function allInTheirTraces<R>(phase: Phase, events: readonly EventEnvelope[], work: () => Promise<R>): Promise<R> {
  const [first, ...others] = events
  if (!first) return work()
  const spans = others.map((one) => startSpan(`${phase} ${one.type}`, heardAs(one)))
  try {
    return await inItsTrace(phase, first, work)
  } finally {
    for (const span of spans) span?.end()
  }
}

const heardAs = (event: EventEnvelope) =>
  ({
    kind: 'consumer',
    parent: placeOf(event),
    attributes: { ...messaging('process', event.type), 'messaging.message.id': event.id },
  }) as const

/** All events share a transaction and its commit. If it fails, each runs by itself, so that a bad one holds up no other. */
async function together(
  events: readonly EventEnvelope[],
  handle: (events: readonly EventEnvelope[]) => Promise<void>,
): Promise<Verdicts> {
  try {
    await handle(events)
    return events.map(() => null)
  } catch (error) {
    if (events.length === 1) return [error instanceof Error ? error : new Error(String(error))]
  }
  const verdicts: (Error | null)[] = []
  for (const event of events) verdicts.push(...(await together([event], handle)))
  return verdicts
}

async function once<E extends EventEnvelope>(
  db: Database,
  events: readonly E[],
  effect: (tx: Transaction, events: readonly E[]) => Promise<void>,
): Promise<void> {
  // By what they are about: two copies that handle batches at once lock in one order.
  const sorted = events.toSorted((a, b) => (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0))
  await inTransaction(db, async (tx) => {
    const { rows } = await sql<{ event_id: string }>`
      insert into inbox (event_id, type, source)
      select * from unnest(${sorted.map(({ id }) => id)}::uuid[], ${sorted.map(({ type }) => type)}::text[],
                           ${sorted.map(({ source }) => source)}::text[]) as heard (event_id, type, source) order by event_id
      on conflict (event_id) do nothing returning event_id`.execute(tx)
    const fresh = new Set(rows.map(({ event_id }) => event_id))
    if (fresh.size > 0)
      await effect(
        tx,
        sorted.filter(({ id }) => fresh.has(id)),
      )
  })
}

async function handledBefore(db: Database, events: readonly EventEnvelope[]): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ event_id: string }>`
    select event_id from inbox where event_id = any(${events.map(({ id }) => id)}::uuid[])`.execute(db)
  return new Set(rows.map(({ event_id }) => event_id))
}
