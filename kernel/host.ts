import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { type Admission, createAdmission } from './admission.ts'
import type { Actor } from './call.ts'
import { type Client, createClient, type Mesh } from './client.ts'
import { closable } from './closing.ts'
import type { Contract } from './contract.ts'
import { databaseFacts } from './database.ts'
import type { Databases } from './database-address.ts'
import type { Breaker, DependencyState } from './dependency.ts'
import { createEdge, type EdgeApp } from './edge.ts'
import type { EventEnvelope } from './event.ts'
import type { RunningService } from './execute.ts'
import { givingWay } from './give-way.ts'
import { hostContract, type ProcessHealth, processHealth, type Readiness } from './health.ts'
import { deadLetterDoor, hostService } from './host-service.ts'
import { internalApi } from './internal-api.ts'
import { startJobs } from './jobs.ts'
import { httpMesh, localMesh, strictMesh } from './mesh.ts'
import { checkMigrated, migrate, migrationSources } from './migrate.ts'
import type { NatsBus } from './nats-bus.ts'
import type { NatsOptions } from './nats-connection.ts'
import type { AskNews } from './news.ts'
import { watchProcess } from './process-metrics.ts'
import { createReceiver } from './receiver.ts'
import { type Deliver, type Relay, startRelay } from './relay.ts'
import type { AnyService, ShopFacts } from './service.ts'
import { type SharedAnswers, sharedAnswers } from './shared-answers.ts'
import { type ServiceOptions, type Started, startService, tell } from './start-service.ts'
import type { Metrics } from './telemetry.ts'

export type HostOptions = {
  /** All services of the shop, hosted here or not: subscriptions and routes come from their declarations. */
  readonly services: readonly AnyService[]
  /** The names of those that run in this process. */
  readonly hosted: ReadonlySet<string>
  readonly settings: Readonly<Record<string, unknown>>
  readonly shop: ShopFacts
  /**
   * PostgreSQL as its owner, who is only needed to migrate; services sign in as roles of their own. Asked when all is done that needs
   * none: it may still start.
   */
  readonly databases: () => Promise<Databases>
  /** Whether the start brings the databases to this version; absent: yes. Otherwise it refuses one that is behind. */
  readonly migrates?: boolean
  readonly dataFolder: string
  readonly secret: (name: string) => Promise<string>
  /** Asked when the databases are at this version. */
  readonly environment: () => Promise<ServiceOptions['environment']>
  /** The broker by which events reach services of other processes; null or absent: they are posted to them. */
  readonly nats?: NatsOptions | null
  /** Writes down who did something that belongs to no service. */
  readonly audit?: (clientOf: ClientOf) => (action: string, subject: string | null) => Promise<void>
  /** Where services of other processes answer. */
  readonly urlOf: (service: string) => string | undefined
  /** `strict` sends calls between services of this process through JSON, and some of them twice. */
  readonly shape: 'plain' | 'strict'
  /** Whether rate limits apply to callers on this machine too. */
  readonly limitLoopback: boolean
  readonly internal: { readonly host: string; readonly port: number }
  /** How long those whose connections are open are served at the stop, and told to use others; absent: not at all. */
  readonly drainMs?: number
  /** The public door, or null when another process has it. */
  readonly edge: null | {
    readonly host: string
    readonly port: number
    readonly trustedProxies: readonly string[]
    readonly openApi: () => unknown
    readonly apps: (clientOf: ClientOf, answers: SharedAnswers) => readonly EdgeApp[]
    readonly authenticate: (clientOf: ClientOf) => (credential: string) => Promise<Actor>
    /** Tells what is shown to everybody and has changed; absent: no answer is kept for longer than a second. */
    readonly news?: (clientOf: ClientOf) => AskNews
  }
  readonly log: Logger
  readonly metrics: Metrics
  /** Makes what has to be there before this process says that it is ready. Its services answer already. */
  readonly beforeReady?: (client: ClientOf) => Promise<void>
  /** Told what takes a while, for a person who waits. */
  readonly onProgress?: (step: string) => void
}

export type ClientOf = <C extends Contract>(contract: C) => Client<C>

export type Host = {
  readonly publicPort: number | null
  readonly internalPort: number
  readonly client: ClientOf
  /** Sends every event that is due and returns when none is left, here and in what those events caused. */
  settle(): Promise<void>
  /** Readiness off, running requests end, the relay drains, then everything closes. Within 25 s. */
  stop(): Promise<void>
}

/**
 * How many may knock while the process is busy with something else; the system may allow fewer. Whoever finds no room tries again after
 * one second, and then after three more. Node's 511 are fewer than come within the longest pauses of a rush.
 */
const backlog = 4_096

/** Longer than the pauses of an event that fails a few times. */
const settleWithinMs = 60_000

/** What a process asks for besides its services: to be answered by others, and to sign in to PostgreSQL as its services' roles. */
export const hostSecrets = { token: 'service-token', database: 'database' } as const

/** Starts the services named by `hosted`, their relays and jobs, the internal port and, if asked, the public door. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { log, metrics } = options
  const contracts: Contract[] = options.services.map((one) => one.contract)
  const running = new Map<string, RunningService>()
  const secret = await options.secret(hostSecrets.token)
  const onChange = (state: DependencyState): void => tell(log, state)
  const remote = httpMesh({ urlOf: options.urlOf, secret, caller: [...options.hosted].join(), onChange })
  const mesh: Mesh = (options.shape === 'strict' ? strictMesh : localMesh)(running, remote)
  const started: Started[] = []
  const breakers: Breaker[] = []
  const admission = createAdmission(() => started.map(({ db }) => (db ? databaseFacts(db).pool.leastWaitMs() : 0)))
  let stage: 'starting' | 'open' | 'stopping' = 'starting'
  const clientOf: ClientOf = (contract) => createClient(contract, 'edge', mesh, { forwardsAddress: true })
  const answers = sharedAnswers(options.edge?.news?.(clientOf))
  const troubles = toldWhenChanged(log, async () => (await Promise.all(started.map((one) => one.troubles()))).flat())
  const readiness = async (): Promise<Readiness> => {
    const reasons = stage === 'open' ? await troubles() : [`This process is ${stage}.`]
    return { ready: reasons.length === 0, reasons }
  }
  const edge = await makeEdge(options, contracts, mesh, clientOf, answers, readiness, admission)
  const closeEdge = edge && closable(edge)

  const databases = await options.databases()
  options.onProgress?.(options.migrates === false ? 'checking the databases' : 'migrating the databases')
  const hosted = options.services.filter((one) => options.hosted.has(one.contract.name))
  // The public door needs no way into the database, and may not have one.
  const keepsRows = hosted.some(({ connections }) => connections !== null)
  const databaseSecret = keepsRows ? await options.secret(hostSecrets.database) : ''
  await (options.migrates === false ? checkMigrated : migrate)({
    databases,
    secret: databaseSecret,
    services: migrationSources(hosted),
  })

  options.onProgress?.('starting the services')
  const giveWay = givingWay(admission.servesShoppers)
  const serviceOptions = { ...options, databases, environment: await options.environment(), giveWay }
  for (const result of await Promise.allSettled(
    hosted.map((one) => startService(one, serviceOptions, contracts, mesh, databaseSecret, breakers)),
  )) {
    if (result.status === 'rejected') throw result.reason
    started.push(result.value)
    running.set(result.value.definition.contract.name, result.value.running)
  }

  const receive = createReceiver(started, answers, log)
  const deliver: Deliver = (subscriber, events) =>
    running.has(subscriber)
      ? receive(
          subscriber,
          options.shape === 'strict' ? (JSON.parse(JSON.stringify([...events])) as EventEnvelope[]) : events,
        )
      : remote.deliver(contractOf(contracts, subscriber), events, Date.now() + 20_000)
  const bus = options.nats ? await openBus(options, options.nats, { token: secret, running, deliver, onChange }) : null
  const relays = new Map<string, Relay>()
  for (const one of started) {
    if (!one.events) continue
    const { name } = one.definition.contract
    bus?.hear(name, one.events)
    const relay = startRelay({ service: name, source: one.events, deliver, carrier: bus, log: one.log, giveWay })
    relays.set(name, relay)
    one.relay.wake = relay.wake
    if (one.db) databaseFacts(one.db).onPublished = relay.wake
  }
  const dependencies = (): DependencyState[] => [
    ...remote.states(),
    ...breakers.map((one) => one.state()),
    ...(bus ? [bus.state()] : []),
  ]
  const health = (): Promise<ProcessHealth> =>
    processHealth({
      services: started.map(({ definition, db, replica, events }) => ({
        name: definition.contract.name,
        db,
        replica: replica()?.state() ?? null,
        events,
      })),
      admission,
      breakers: dependencies,
    })
  const deadLetters = deadLetterDoor(started, remote.deadLetters)
  const internalServer = internalApi({
    services: running,
    receive,
    readiness,
    admission,
    health,
    deadLetters,
    secret,
    log,
    metrics,
  })
  const closeInternal = closable(internalServer)
  await internalServer.listen({ ...options.internal, backlog })
  const audit = options.audit?.(clientOf) ?? (async () => undefined)
  running.set(hostContract.name, hostService({ contracts, health, deadLetters, audit, remote, metrics }))
  // Beside each other: what has to be there may be a password that is hashed.
  await Promise.all([
    options.edge ? edge?.listen({ host: options.edge.host, port: options.edge.port, backlog }) : null,
    options.beforeReady?.(clientOf),
  ])
  const stopJobs = startJobs(started, admission, metrics)
  const stopWatching = watchProcess(metrics.registry, {
    databases: () => started.flatMap(({ definition, db }) => (db ? [{ service: definition.contract.name, db }] : [])),
    replicas: () =>
      started.flatMap(({ definition, replica }) => {
        const state = replica()?.state()
        return state ? [{ service: definition.contract.name, state }] : []
      }),
    admission,
    dependencies,
    readiness,
  })
  stage = 'open'
  // Not before: what an event needs of other services must be there.
  for (const { definition } of started)
    if (definition.contract.subscribes.length > 0) bus?.listen(definition.contract.name)

  const settle = async (): Promise<void> => {
    const deadline = Date.now() + settleWithinMs
    while (Date.now() < deadline) {
      const backlogs = await Promise.all(started.map(({ events }) => events?.backlog()))
      if (backlogs.every((backlog) => !backlog || backlog.pending === 0)) return
      for (const relay of relays.values()) relay.wake()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error('events did not settle')
  }

  const stop = async (): Promise<void> => {
    stage = 'stopping'
    await closeEdge?.(options.drainMs ?? 0)
    await stopJobs()
    stopWatching()
    await bus?.stopListening()
    await Promise.all([...relays.values()].map((relay) => relay.drain().catch(() => undefined)))
    await bus?.close()
    await closeInternal(options.drainMs ?? 0)
    await Promise.all(started.map(({ wiring }) => wiring.close?.()))
    await Promise.all(started.map(({ replica }) => replica()?.close()))
    await Promise.all(started.map(({ db }) => db?.destroy()))
    await remote.close()
    admission.close()
  }
  return { publicPort: portOf(edge), internalPort: portOf(internalServer) ?? 0, client: clientOf, settle, stop }
}

const portOf = (server: FastifyInstance | null): number | null => {
  const address = server?.server.address()
  return typeof address === 'object' && address ? address.port : null
}

/** Whoever asks is told each time, the log when it has changed. */
function toldWhenChanged(log: Logger, judge: () => Promise<readonly string[]>): () => Promise<readonly string[]> {
  let told = ''
  return async () => {
    const reasons = await judge()
    if (reasons.join() !== told) {
      if (reasons.length > 0) log.error({ reasons }, 'not ready')
      else log.warn('ready again')
      told = reasons.join()
    }
    return reasons
  }
}

/** The way to services of other processes, where there is a broker. What brokers need is loaded only then. */
async function openBus(
  { log }: HostOptions,
  nats: NatsOptions,
  by: {
    token: string
    running: ReadonlyMap<string, unknown>
    deliver: Deliver
    onChange: (state: DependencyState) => void
  },
): Promise<NatsBus> {
  const { openNatsBus } = await import('./nats-bus.ts')
  const { running, ...rest } = by
  const leadsTo = (subscriber: string): boolean => !running.has(subscriber)
  return openNatsBus({ ...rest, nats, log, leadsTo, name: `stoa ${[...running.keys()].join(' ')}` })
}

function contractOf(contracts: readonly Contract[], name: string): Contract {
  const found = contracts.find((one) => one.name === name)
  if (!found) throw new Error(`host: there is no service ${name}`)
  return found
}

async function makeEdge(
  options: HostOptions,
  contracts: readonly Contract[],
  mesh: Mesh,
  clientOf: ClientOf,
  answers: SharedAnswers,
  readiness: () => Promise<Readiness>,
  admission: Admission,
): Promise<FastifyInstance | null> {
  if (!options.edge) return null
  return createEdge({
    contracts: [...contracts, hostContract],
    mesh,
    authenticate: options.edge.authenticate(clientOf),
    publicUrl: options.shop.publicUrl,
    answers,
    apps: options.edge.apps(clientOf, answers),
    openApi: options.edge.openApi,
    readiness,
    admission,
    shopName: options.shop.name,
    trustedProxies: options.edge.trustedProxies,
    metrics: options.metrics,
    log: options.log,
  })
}
