import type { Logger } from 'pino'
import { createClient, type Mesh } from './client.ts'
import type { Contract } from './contract.ts'
import { type Database, openDatabase, openServicePool, withoutCopy } from './database.ts'
import { type Databases, databaseOf, isPooled } from './database-address.ts'
import { type Breaker, createBreaker, type DependencyState } from './dependency.ts'
import type { RunningService } from './execute.ts'
import { alone, type GiveWay } from './give-way.ts'
import type { HostOptions } from './host.ts'
import { gatheredIdempotencyStore } from './idempotency.ts'
import { serviceUrl } from './migrate.ts'
import { type EventSource, outboxSource } from './outbox.ts'
import type { OpenPool } from './pool.ts'
import { rateLimiter } from './rate-limit.ts'
import { databaseReadiness } from './readiness.ts'
import { openReplica, type Replica } from './replica.ts'
import type { AnyHandler, AnyService, Wiring } from './service.ts'

export type Started = {
  readonly definition: AnyService
  readonly running: RunningService
  readonly wiring: Wiring<Contract>
  readonly db: Database | null
  /** The copy of it, once something was read there. */
  readonly replica: () => Replica | null
  readonly events: EventSource | null
  /** Does nothing until the relay runs: what was written before is found at its first look. */
  readonly relay: { wake: () => void }
  /** Why it can serve nobody now. */
  readonly troubles: () => Promise<readonly string[]>
  readonly log: Logger
}

type ServiceEnvironment = Readonly<Record<string, string | undefined>>

/** What a service's start takes of the host's options. */
export type ServiceOptions = Pick<
  HostOptions,
  'settings' | 'shop' | 'dataFolder' | 'secret' | 'limitLoopback' | 'log' | 'metrics'
> & {
  readonly databases: Databases
  readonly environment: ServiceEnvironment
  readonly openPool?: OpenPool
  readonly giveWay?: GiveWay
}

export async function startService(
  definition: AnyService,
  options: ServiceOptions,
  contracts: readonly Contract[],
  mesh: Mesh,
  databaseSecret: string,
  breakers: Breaker[],
): Promise<Started> {
  const contract: Contract = definition.contract
  const { name } = contract
  const log = options.log.child({ service: name })
  const address = definition.connections === null ? null : databaseOf(options.databases, name)
  const db =
    definition.connections === null || address === null
      ? null
      : openDatabase({
          service: name,
          url: serviceUrl(address.url, databaseSecret, name),
          isPooled: isPooled(address),
          connections: definition.connections,
          subscribersOf: (type) => subscribersOf(contracts, type),
          onSilence: (silence) =>
            silence
              ? log.error({ error: silence.error }, 'the database fell silent')
              : log.warn('the database answers again'),
          ...(options.openPool ? { openPool: options.openPool } : {}),
        })
  let replica: Replica | null = null
  const relay: Started['relay'] = { wake: () => undefined }
  const wiring: Wiring<Contract> = await definition.start({
    get db() {
      if (!db) throw new Error(`service: ${name} declared no database`)
      return db
    },
    get stale() {
      if (!db) throw new Error(`service: ${name} declared no database`)
      if (!address?.replicaUrl) return withoutCopy(db)
      if (replica) return replica.reads
      // Another server: its connections are not among those of the database itself.
      const pool = openServicePool({
        service: name,
        url: serviceUrl(address.replicaUrl, databaseSecret, name),
        isPooled: isPooled(address),
        connections: definition.connections ?? 0,
      })
      replica = openReplica({ service: name, pool, primary: db })
      return replica.reads
    },
    client: <C extends Contract>(other: C) => {
      if (!definition.calls?.includes(other))
        throw new Error(`service: ${name} did not declare that it calls ${other.name}`)
      return createClient(other, name, mesh)
    },
    log,
    giveWay: options.giveWay ?? alone,
    breaker(declared) {
      const breaker = createBreaker({ kind: 'provider', ...declared }, (state) => tell(log, state))
      breakers.push(breaker)
      return breaker
    },
    settings: options.settings[name],
    shop: options.shop,
    dataFolder: options.dataFolder,
    secret: async (secret) => {
      if (!definition.secrets?.includes(secret))
        throw new Error(`service: ${name} did not declare the secret ${secret}`)
      return options.secret(secret)
    },
    environment: options.environment,
    subscribersOf: (type) => subscribersOf(contracts, type),
    wakeRelay: () => relay.wake(),
  })
  checkWiring(contract, wiring)
  const judge = db && definition.migrations ? databaseReadiness(db, definition.migrations) : async () => []
  return {
    definition,
    db,
    replica: () => replica,
    wiring,
    relay,
    log,
    troubles: async () => [...(await judge()), (await wiring.trouble?.()) ?? []].flat(),
    events: wiring.events ?? (db ? outboxSource(db) : null),
    running: {
      contract,
      handlers: wiring.operations as unknown as Record<string, AnyHandler>,
      idempotency: wiring.idempotency ?? (db ? gatheredIdempotencyStore(db) : null),
      limiter: db ? rateLimiter(db) : null,
      limitLoopback: options.limitLoopback,
      metrics: options.metrics,
    },
  }
}

/** What is not asked any more, and what is asked again, in the log of whoever is on call. */
export function tell(log: Logger, { name, kind, state, lastError, fallback }: DependencyState): void {
  if (state === 'open') log.error({ name, kind, error: lastError, fallback }, 'a dependency is in trouble')
  else log.warn({ name, kind }, state === 'closed' ? 'a dependency answers again' : 'a dependency is tried')
}

/** A contract that promises what its service does not do, or the other way round, does not start. */
function checkWiring(contract: Contract, wiring: Wiring<Contract>): void {
  const missing = Object.keys(contract.operations).filter((name) => !(name in wiring.operations))
  if (missing.length > 0) throw new Error(`service: ${contract.name} does not implement ${missing.join(', ')}`)
  const declared = contract.subscribes.map((event) => event.type).sort()
  const handled = (wiring.subscriptions ?? []).map((one) => one.event.type).sort()
  if (declared.join() !== handled.join()) {
    throw new Error(`service: ${contract.name} subscribes to [${declared.join()}] but handles [${handled.join()}]`)
  }
}

const subscribersOf = (contracts: readonly Contract[], type: string): string[] =>
  contracts.filter((one) => one.subscribes.some((event) => event.type === type)).map((one) => one.name)
