import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Admission } from './admission.ts'
import { importances } from './call.ts'
import { type Database, databaseFacts } from './database.ts'
import type { DependencyState } from './dependency.ts'
import { type Gathered, gatherings } from './gather.ts'
import type { Readiness } from './health.ts'
import type { ReplicaState } from './replica.ts'

/** What of a process can be used up: utilization, saturation and errors of each (Gregg, The USE Method). Read when somebody asks. */
export function watchProcess(
  registry: Registry,
  seen: {
    readonly databases: () => readonly { readonly service: string; readonly db: Database }[]
    readonly replicas: () => readonly { readonly service: string; readonly state: ReplicaState }[]
    readonly admission: Admission
    readonly dependencies: () => readonly DependencyState[]
    readonly readiness: () => Promise<Readiness>
  },
): () => void {
  const registers = [registry]
  watchPools(registry, seen.databases)
  watchReplicas(registry, seen.replicas)
  watchAdmission(registry, seen.admission)
  new Gauge({
    name: 'stoa_ready',
    help: 'Whether the process takes requests: 1, or 0.',
    registers,
    async collect() {
      this.set((await seen.readiness()).ready ? 1 : 0)
    },
  })
  new Gauge({
    name: 'stoa_dependency_up',
    help: 'Whether what the process depends on is asked: 1, or 0 while its breaker is open and its fallback is used.',
    labelNames: ['kind', 'dependency'],
    registers,
    collect() {
      for (const { kind, name, state } of seen.dependencies())
        this.set({ kind, dependency: name }, state === 'open' ? 0 : 1)
    },
  })
  return watchGatherers(registry)
}

function watchPools(registry: Registry, databases: () => readonly { service: string; db: Database }[]): void {
  const registers = [registry]
  new Gauge({
    name: 'stoa_pool_connections',
    help: 'Database connections: open ones, those in use, and the ceiling.',
    labelNames: ['service', 'state'],
    registers,
    collect() {
      for (const { service, db } of databases()) {
        const { pool } = databaseFacts(db)
        this.set({ service, state: 'open' }, pool.totalCount)
        this.set({ service, state: 'used' }, pool.usedCount)
        this.set({ service, state: 'ceiling' }, pool.options.max ?? 0)
      }
    },
  })
  new Gauge({
    name: 'stoa_pool_waiting',
    help: 'Those who wait for a database connection.',
    labelNames: ['service'],
    registers,
    collect() {
      for (const { service, db } of databases()) this.set({ service }, databaseFacts(db).pool.waitingCount)
    },
  })
  new Gauge({
    name: 'stoa_database_up',
    help: 'Whether the database answers: 1, or 0 while it is silent.',
    labelNames: ['service'],
    registers,
    collect() {
      for (const { service, db } of databases()) this.set({ service }, databaseFacts(db).pool.silence ? 0 : 1)
    },
  })
}

function watchReplicas(registry: Registry, replicas: () => readonly { service: string; state: ReplicaState }[]): void {
  const registers = [registry]
  new Gauge({
    name: 'stoa_replica_behind_seconds',
    help: 'How old the copy of the database is at most; absent before that was found out.',
    labelNames: ['service'],
    registers,
    collect() {
      this.reset()
      for (const { service, state } of replicas())
        if (state.behindMs !== null) this.set({ service }, state.behindMs / 1_000)
    },
  })
  new Gauge({
    name: 'stoa_replica_up',
    help: 'Whether the copy of the database is read: 1, or 0 while it is away or too old and the database itself is.',
    labelNames: ['service'],
    registers,
    collect() {
      for (const { service, state } of replicas()) this.set({ service }, state.isUsed ? 1 : 0)
    },
  })
  new Counter({
    name: 'stoa_replica_reads_total',
    help: 'Reads that may be stale, by who answered them.',
    labelNames: ['service', 'by'],
    registers,
    collect() {
      this.reset()
      for (const { service, state } of replicas()) {
        this.inc({ service, by: 'replica' }, state.answered)
        this.inc({ service, by: 'primary' }, state.passedOn)
      }
    },
  })
}

function watchAdmission(registry: Registry, admission: Admission): void {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  gauge('stoa_admission_seats', 'Requests that may run beside each other now.', () => admission.state().seats)
  gauge('stoa_admission_running', 'Requests that run.', () => admission.state().running)
  gauge('stoa_admission_waiting', 'Requests that wait for a seat.', () => admission.state().waiting)
  gauge(
    'stoa_admission_delay_seconds',
    'How long requests wait for the event loop or a connection.',
    () => admission.state().delayMs / 1_000,
  )
  new Counter({
    name: 'stoa_admission_turned_away_total',
    help: 'Requests turned away, since more was asked than could be done.',
    labelNames: ['importance'],
    registers,
    collect() {
      const { turnedAway } = admission.state()
      this.reset()
      for (const importance of importances) this.inc({ importance }, turnedAway[importance])
    },
  })
}

function watchGatherers(registry: Registry): () => void {
  const labelNames = ['service', 'what'] as const
  const batches = new Histogram({
    name: 'stoa_gather_batch_requests',
    help: 'Requests that shared a statement.',
    labelNames,
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers: [registry],
  })
  const waiting = new Gauge({
    name: 'stoa_gather_waiting',
    help: 'Requests that waited behind the last statement of a gatherer.',
    labelNames,
    registers: [registry],
  })
  const listen = (message: unknown): void => {
    const { service, what, size, left } = message as Gathered
    batches.observe({ service, what }, size)
    waiting.set({ service, what }, left)
  }
  gatherings.subscribe(listen)
  return () => void gatherings.unsubscribe(listen)
}
