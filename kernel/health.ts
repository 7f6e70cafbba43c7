import T from 'typebox'
import type { Admission } from './admission.ts'
import { importances } from './call.ts'
import { command, contract, query, staff } from './contract.ts'
import { type Database, databaseFacts } from './database.ts'
import { DeadLetter } from './dead-letters.ts'
import { DependencyState } from './dependency.ts'
import { Nullable, Timestamp } from './fields.ts'
import type { EventSource } from './outbox.ts'
import type { ReplicaState } from './replica.ts'

/** What a process says of itself. */
export const ProcessHealth = T.Object(
  {
    services: T.Array(T.String()),
    admission: T.Object({
      seats: T.Integer({ description: 'Requests that may run beside each other now, checkout aside.' }),
      running: T.Integer(),
      waiting: T.Integer(),
      delayMs: T.Integer({ description: 'How long requests wait for the event loop or a connection.' }),
      turnedAway: T.Object(Object.fromEntries(importances.map((one) => [one, T.Integer()])), {
        description: 'Requests turned away since the process started, by importance.',
      }),
      lastTurnedAwayAt: Nullable(Timestamp),
    }),
    dependencies: T.Array(DependencyState),
    // Processes of an older version do not say, during a rollout.
    events: T.Optional(
      T.Array(
        T.Object({
          service: T.String(),
          pending: T.Integer({ description: 'Deliveries that no subscriber has confirmed yet.' }),
          oldestSeconds: T.Integer({ description: 'Age of the oldest of them; 0 when there is none.' }),
          dead: T.Integer({ description: 'Deliveries that were given up.' }),
        }),
        { description: 'The outboxes of the services of this process, but for those that do not answer.' },
      ),
    ),
  },
  { title: 'ProcessHealth' },
)
export type ProcessHealth = T.Static<typeof ProcessHealth>

const ShopHealth = T.Object({
  processes: T.Array(ProcessHealth),
  /** Services whose process did not answer. */
  silent: T.Array(T.String()),
})

/** The one operation that the host itself has, beside those of the services. It answers where the public door is. */
export const hostContract = contract('host', {
  health: query('GET /admin/health', {
    summary:
      'What each process of the shop depends on, how that is, what is done without it, and whom it turns away. Breakers and counts are each process’ own; of several copies behind one address, one answers',
    access: staff('health:read'),
    timeoutMs: 5_000,
    input: T.Object({}),
    output: ShopHealth,
  }),
  deadLetters: query('GET /admin/dead-letters', {
    summary: 'Events that a service could never handle, and why; the last given up first',
    access: staff('events:read'),
    timeoutMs: 5_000,
    input: T.Object({
      cursor: T.Optional(T.String({ maxLength: 300 })),
      limit: T.Optional(T.Integer({ minimum: 1, maximum: 100 })),
    }),
    output: T.Object({
      items: T.Array(DeadLetter),
      nextCursor: Nullable(T.String()),
      silent: T.Array(T.String(), { description: 'Services that did not answer: theirs are not among the items.' }),
    }),
  }),
  replayDeadLetters: command('POST /admin/dead-letters/replay', {
    summary: 'Owe events that were given up to their subscribers again, after what stood in their way is mended',
    access: staff('events:replay'),
    idempotency: 'natural',
    timeoutMs: 20_000,
    input: T.Object({
      eventId: T.Optional(T.String({ format: 'uuid', description: 'One event; without it all.' })),
      service: T.Optional(T.String({ maxLength: 60, description: 'Only those that this service published.' })),
    }),
    // Not how many: a repeat finds none, and its answer must be that of the first.
    output: T.Object({
      silent: T.Array(T.String(), { description: 'Services that did not answer: nothing of theirs was replayed.' }),
    }),
  }),
})

/** Whether a process can serve, and in a sentence each why not. */
export type Readiness = { readonly ready: boolean; readonly reasons: readonly string[] }

/** What `/health/ready` answers. */
export const readinessAnswer = ({ ready, reasons }: Readiness) =>
  ready ? { status: 200, answer: { status: 'ready' } } : { status: 503, answer: { status: 'not-ready', reasons } }

type Seen = {
  readonly services: readonly {
    readonly name: string
    readonly db: Database | null
    readonly replica: ReplicaState | null
    readonly events: Pick<EventSource, 'backlog'> | null
  }[]
  readonly admission: Admission
  /** Of what is outside of the shop and of services in other processes. */
  readonly breakers: () => readonly DependencyState[]
}

/** What this process says of itself. */
export async function processHealth({ services, admission, breakers }: Seen): Promise<ProcessHealth> {
  const outboxes = services.map(async ({ name, events }) => {
    const backlog = await events?.backlog().catch(() => null)
    return backlog ? [{ service: name, ...backlog }] : []
  })
  return {
    services: services.map(({ name }) => name),
    admission: admission.state(),
    dependencies: [
      ...services.flatMap(({ name, db }) => (db ? [databaseState(name, db)] : [])),
      ...services.flatMap(({ name, replica }) => (replica ? [copyState(name, replica)] : [])),
      ...breakers(),
    ],
    events: (await Promise.all(outboxes)).flat(),
  }
}

function databaseState(service: string, db: Database): DependencyState {
  const { silence } = databaseFacts(db).pool
  return {
    name: `database of ${service}`,
    kind: 'database',
    state: silence ? 'open' : 'closed',
    since: silence && new Date(silence.since).toISOString(),
    lastError: silence?.error ?? null,
    fallback:
      'What needs it is refused at once with 503 and Retry-After. It is asked twice a second whether it is back.',
  }
}

function copyState(service: string, { isUsed, behindMs, trouble }: ReplicaState): DependencyState {
  const behind = behindMs === null ? 'Nobody knows yet how old it is.' : `It is ${Math.round(behindMs / 1_000)} s old.`
  return {
    name: `replica of ${service}`,
    kind: 'database',
    state: isUsed ? 'closed' : 'open',
    since: isUsed || behindMs === null ? null : new Date(Date.now() - behindMs).toISOString(),
    lastError: isUsed ? null : (trouble ?? behind),
    fallback: 'What it would have been asked is asked of the database itself. It is looked at twice a second.',
  }
}

/** Asks the processes of all services that are not here, each once, and puts what they say beside our own. */
export async function shopHealth(
  own: ProcessHealth,
  services: readonly string[],
  ask: (service: string) => Promise<ProcessHealth>,
): Promise<T.Static<typeof ShopHealth>> {
  const elsewhere = services.filter((name) => !own.services.includes(name))
  const answers = await Promise.all(elsewhere.map((name) => ask(name).catch(() => name)))
  const processes = new Map([[own.services.join(), own]])
  for (const one of answers) if (typeof one !== 'string') processes.set(one.services.join(), one)
  return { processes: [...processes.values()], silent: answers.filter((one) => typeof one === 'string') }
}
