import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { type Admission, createAdmission } from './admission.ts'
import { type Actor, serviceCall, withCall } from './call.ts'
import { type Client, createClient, type Mesh } from './client.ts'
import { type Contract, ok } from './contract.ts'
import { type Database, databaseFacts, openDatabase, openServicePool, withoutCopy } from './database.ts'
import { type Databases, databaseOf, isPooled } from './database-address.ts'
import { type DeadLetterDoor, listDeadLetters, replayDeadLetters } from './dead-letters.ts'
import { type Breaker, createBreaker, type DependencyState } from './dependency.ts'
import { createEdge, type EdgeApp } from './edge.ts'
import { type EventEnvelope, placeOf } from './event.ts'
import type { RunningService } from './execute.ts'
import { hostContract, type ProcessHealth, processHealth, type Readiness, shopHealth } from './health.ts'
import { gatheredIdempotencyStore } from './idempotency.ts'
import { handleFitting, type Subscription, Unfit } from './inbox.ts'
import { internalApi } from './internal-api.ts'
import { startJobs } from './jobs.ts'
import { httpMesh, localMesh, strictMesh } from './mesh.ts'
import { checkMigrated, migrate, migrationSources, serviceUrl } from './migrate.ts'
import type { NatsBus } from './nats-bus.ts'
import type { NatsOptions } from './nats-connection.ts'
import type { AskNews } from './news.ts'
import { type EventSource, outboxSource } from './outbox.ts'
import type { OpenPool } from './pool.ts'
import { notFound } from './problem.ts'
import { watchProcess } from './process-metrics.ts'
import { rateLimiter } from './rate-limit.ts'
import { databaseReadiness } from './readiness.ts'
import { type Deliver, type Relay, startRelay, type Verdict } from './relay.ts'
import type { Remote } from './remote-mesh.ts'
import { openReplica, type Replica } from './replica.ts'
import type { AnyHandler, AnyService, Handlers, ShopFacts, Wiring } from './service.ts'
import { type SharedAnswers, sharedAnswers } from './shared-answers.ts'
import type { Metrics } from './telemetry.ts'

type ServiceEnvironment = Readonly<Record<string, string | undefined>>

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
  readonly environment: () => Promise<ServiceEnvironment>
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

/** Longer than the pauses of an event that fails a few times. */
const settleWithinMs = 60_000

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
  const serviceOptions = { ...options, databases, environment: await options.environment() }
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
    const relay = startRelay({ service: name, source: one.events, deliver, carrier: bus, log: one.log })
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
  await internalServer.listen({ host: options.internal.host, port: options.internal.port })
  const audit = options.audit?.(clientOf) ?? (async () => undefined)
  running.set(hostContract.name, hostService({ contracts, health, deadLetters, audit, remote, metrics }))
  await Promise.all([
    options.edge ? edge?.listen({ host: options.edge.host, port: options.edge.port }) : null,
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
    await closeServer(edge, options.drainMs ?? 0)
    await stopJobs()
    stopWatching()
    await bus?.stopListening()
    await Promise.all([...relays.values()].map((relay) => relay.drain().catch(() => undefined)))
    await bus?.close()
    await closeServer(internalServer, options.drainMs ?? 0)
    await Promise.all(started.map(({ wiring }) => wiring.close?.()))
    await Promise.all(started.map(({ replica }) => replica()?.close()))
    await Promise.all(started.map(({ db }) => db?.destroy()))
    await remote.close()
    admission.close()
  }
  return { publicPort: portOf(edge), internalPort: portOf(internalServer) ?? 0, client: clientOf, settle, stop }
}

/**
 * Closes idle connections last: a request may be on its way on one that is idle here. Whoever asks meanwhile is answered and told to
 * come back on another connection. One whose request was running when the server closed stays open for a next one: nobody may
 * wait for that.
 */
async function closeServer(server: FastifyInstance | null, drainMs: number): Promise<void> {
  if (!server) return
  const http = server.server
  http.prependListener('request', (_, response) => response.setHeader('connection', 'close'))
  const connections = (): Promise<number> => new Promise((done) => http.getConnections((_, count) => done(count ?? 0)))
  const until = performance.now() + drainMs
  while (performance.now() < until && (await connections()) > 0) await pause(20)
  const sweep = setInterval(() => http.closeIdleConnections(), 50)
  await server.close().finally(() => clearInterval(sweep))
}

const portOf = (server: FastifyInstance | null): number | null => {
  const address = server?.server.address()
  return typeof address === 'object' && address ? address.port : null
}

/** What a service's start takes of the host's options. */
export type ServiceOptions = Pick<
  HostOptions,
  'settings' | 'shop' | 'dataFolder' | 'secret' | 'limitLoopback' | 'log' | 'metrics'
> & { readonly databases: Databases; readonly environment: ServiceEnvironment; readonly openPool?: OpenPool }

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
function tell(log: Logger, { name, kind, state, lastError, fallback }: DependencyState): void {
  if (state === 'open') log.error({ name, kind, error: lastError, fallback }, 'a dependency is in trouble')
  else log.warn({ name, kind }, state === 'closed' ? 'a dependency answers again' : 'a dependency is tried')
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

/** The host's own operations. They ask the processes of all services, so any may be asked; staff ask where the public door is. */
const hostService = (by: {
  contracts: readonly Contract[]
  health: () => Promise<ProcessHealth>
  deadLetters: DeadLetterDoor
  audit: (action: string, subject: string | null) => Promise<void>
  remote: Remote
  metrics: Metrics
}): RunningService => {
  const names = by.contracts.map(({ name }) => name)
  const handlers: Handlers<typeof hostContract> = {
    health: async (_, { deadline }) =>
      ok(
        await shopHealth(await by.health(), names, (service) =>
          by.remote.health(service, Math.min(deadline, Date.now() + healthMs)),
        ),
      ),
    deadLetters: (input) => listDeadLetters(by.deadLetters, names, input),
    replayDeadLetters: async (input) => {
      // First, so that nothing is done of which nobody knows who did it.
      await by.audit(`dead-letters-replayed:${input.service ?? 'all'}`, input.eventId ?? null)
      return replayDeadLetters(by.deadLetters, names, input)
    },
  }
  return {
    contract: hostContract,
    handlers: handlers as unknown as RunningService['handlers'],
    idempotency: null,
    limiter: null,
    limitLoopback: false,
    metrics: by.metrics,
  }
}

/** Dead letters of services that are here, and through it those of the others. */
function deadLetterDoor(started: readonly Started[], elsewhere: DeadLetterDoor): DeadLetterDoor {
  const found = (service: string) => started.find(({ definition }) => definition.contract.name === service)
  return {
    async list(service, { after, limit }) {
      const one = found(service)
      if (!one) return elsewhere.list(service, { after, limit })
      return (await one.events?.deadLetters(after, limit)) ?? []
    },
    async replay(service, eventId) {
      const one = found(service)
      if (!one) return elsewhere.replay(service, eventId)
      const replayed = (await one.events?.replay(eventId)) ?? 0
      if (replayed > 0) one.relay.wake()
      return { replayed }
    },
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

/** A process that says nothing in this time is one that does not answer, in milliseconds. */
const healthMs = 2_000

function contractOf(contracts: readonly Contract[], name: string): Contract {
  const found = contracts.find((one) => one.name === name)
  if (!found) throw new Error(`host: there is no service ${name}`)
  return found
}

const subscribersOf = (contracts: readonly Contract[], type: string): string[] =>
  contracts.filter((one) => one.subscribes.some((event) => event.type === type)).map((one) => one.name)

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

/** Hands events to the subscriptions of services in this process, and says of each whether its effect has committed. */
export function createReceiver(started: readonly Started[], answers: SharedAnswers, log: Logger): Deliver {
  return async (service, heard) => {
    const one = started.find(({ definition }) => definition.contract.name === service)
    if (!one?.db) throw notFound(`service ${service} in this process`)
    const { db } = one
    const verdicts = new Map<string, Verdict>()
    // The same event may be in a batch twice, when several were put together on the way.
    const events = [...new Map(heard.map((event) => [event.id, event])).values()]
    for (const [type, group] of Map.groupBy(events, (event) => event.type)) {
      // What has committed has to take effect, and its money and stock wait for it.
      const place = group[0] ? placeOf(group[0]) : {}
      const call = serviceCall(service, { timeoutMs: 20_000, ...place, importance: 'checkout' })
      const since = performance.now()
      const subscription = one.wiring.subscriptions?.find((each: Subscription) => each.event.type === type)
      const handled = subscription
        ? await withCall(call, () => handleFitting(db, subscription, group))
        : group.map(() => new Error(`${service} does not handle ${type}`))
      for (const [index, { id, traceId }] of group.entries()) {
        const error = handled[index] ?? null
        verdicts.set(id, error && { error: error.message, kind: error instanceof Unfit ? 'unfit' : 'failed' })
        const outcome = error === null ? 'ok' : 'error'
        one.running.metrics.events.observe({ service, type, outcome }, (performance.now() - since) / 1_000)
        if (error) log.error({ err: error, service, event: type, id, trace_id: traceId }, 'event handler failed')
      }
    }
    // What it shows to everybody may have changed.
    if (Object.values(one.definition.contract.operations as Contract['operations']).some(({ shared }) => shared))
      answers.hear()
    return heard.map(({ id }) => verdicts.get(id) ?? null)
  }
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
