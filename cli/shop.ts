import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { openDataFolder, startError } from '#kernel/data-folder'
import { type Databases, databaseOf, inDatabase, oneDatabase } from '#kernel/database-address'
import { startEmbeddedPostgres } from '#kernel/embedded-postgres'
import type { Host, HostOptions } from '#kernel/host'
import type { ShopSettings } from '../services/settings.ts'
import { keepingRows, withoutDatabase } from './database-environment.ts'
import type { Environment } from './environment.ts'
import { checkPaymentProviders } from './payment-providers.ts'

/** A shop, or a part of one, running in this process. */
export type Shop = {
  readonly host: Host
  readonly publicUrl: string
  readonly sandboxUrl: string | null
  /** Whether this start made the databases. */
  readonly firstStart: boolean
  readonly databases: Databases
  readonly secret: (name: string) => Promise<string>
  stop(): Promise<void>
}

export type Progress = (step: string) => void

/** Long enough for a busy caller's next request, short enough for somebody who pressed Ctrl-C. */
const drainMs = 1_000

/** Where commands find a shop that runs on this machine: `<data>/running.json`, for its owner only. */
export type RunningShop = {
  readonly pid: number
  readonly publicUrl: string
  readonly internalUrl: string
  /** As their owner, for `stoa verify`. */
  readonly databases: Databases
}

type ShopOptions = Pick<HostOptions, 'beforeReady'> & { readonly edge: boolean; readonly onProgress: Progress }

/**
 * Starts what `environment` names by what `settings` (read meanwhile) say: data folder, embedded PostgreSQL unless `DATABASE_URL` or the services’ own are set, the sandbox
 * provider where payments run, the services, and the public door. Throws errors whose message is one clear line.
 */
export async function openShop(
  environment: Environment,
  settings: () => Promise<ShopSettings>,
  options: ShopOptions,
): Promise<Shop> {
  const stops: (() => Promise<unknown>)[] = []
  const starting: Promise<unknown>[] = []
  const stop = async (): Promise<void> => {
    // What still starts when something else fails is stopped as well.
    await Promise.allSettled(starting)
    for (const one of stops.splice(0).reverse()) await one()
  }
  const beside: Beside = (start) => {
    const one = start.then((part) => {
      if (part) stops.push(part.stop)
      return part
    })
    starting.push(one.catch(() => undefined))
    return one
  }
  try {
    return await open(environment, settings, options, { stops, beside, stop })
  } catch (error) {
    await stop()
    throw error
  }
}

type Part = { readonly stop: () => Promise<unknown> } | null
/** What starts while the rest goes on, and is stopped with the shop. */
type Beside = <P extends Part>(start: Promise<P>) => Promise<P>

async function open(
  environment: Environment,
  read: () => Promise<ShopSettings>,
  options: ShopOptions,
  { stops, beside, stop }: { stops: (() => Promise<unknown>)[]; beside: Beside; stop: () => Promise<void> },
): Promise<Shop> {
  const hasEdge = options.edge && environment.services.has('edge')
  if (hasEdge) await refuseTakenPort(environment.host, environment.port)
  const data = await openDataFolder(environment.dataFolder, environment.secretsFolder)
  const whole = environment.urls.size === 0 && environment.meshUrl === null
  if (whole) {
    const lock = await data.lock()
    stops.push(() => lock.release())
  }

  if (environment.mongodbUrl && environment.services.has('catalog')) {
    const { reachCatalog } = await import('../services/catalog-move.ts')
    await reachCatalog(environment.mongodbUrl)
  }
  // The modules load while PostgreSQL starts, and not before it is on its way: loading leaves no room for anything else.
  const launched = Promise.withResolvers<void>()
  if (withoutDatabase(environment.databases, environment.services).length === 0) launched.resolve()
  const starting = beside(
    openDatabases(environment, data.path, options.onProgress, { onLaunched: launched.resolve }).finally(
      launched.resolve,
    ),
  )
  const databases = async (): Promise<Databases> => (await starting).databases
  await launched.promise
  const { settings, modules, registry, sandboxSecrets, edgeApps } = await loadModules(read, hasEdge)
  const publicUrl = publicUrlOf(environment)
  const log = modules.createLog({
    level: environment.logLevel,
    redact: modules.personalFields(registry.map(({ contract }) => contract.operations)),
  })
  stops.push(await modules.recordTraces(environment, log))
  for (const warning of await checkPaymentProviders(environment, settings, publicUrl)) log.warn(warning)
  const opening = beside(openSandbox(environment, settings, databases, publicUrl, data.secret, sandboxSecrets))

  const shopFacts = { name: settings.name, publicUrl, demo: environment.demo }
  const host = await modules.startHost({
    services: registry,
    hosted: environment.services,
    // What shoppers are told of stock is shown by catalog and known by inventory, which tells when it becomes so.
    settings: { ...settings, catalog: { lowStock: settings.inventory.lowStock } },
    shop: shopFacts,
    databases,
    nats: environment.nats,
    migrates: environment.migratesAtStart,
    dataFolder: data.path,
    secret: data.secret,
    environment: async () => {
      const sandbox = await opening
      const urls = sandbox ? { STOA_SANDBOX_URL: sandbox.url, STOA_SANDBOX_PUBLIC_URL: sandbox.publicUrl } : {}
      return { ...environment.variables, ...urls }
    },
    audit: (clientOf) => async (action, subject) => {
      const { identity } = await import('#contracts/identity')
      await clientOf(identity).writeDown({ action, subject })
    },
    urlOf: (service) => environment.urls.get(service) ?? environment.meshUrl ?? undefined,
    shape: environment.shape,
    limitLoopback: environment.limitLoopback,
    internal: environment.internal,
    drainMs,
    edge: edgeApps
      ? {
          host: environment.host,
          port: environment.port,
          trustedProxies: environment.trustedProxies,
          openApi: () => edgeApps.openApi(registry.map(({ contract }) => contract)),
          apps: (clientOf, answers) =>
            edgeApps.edgeApps({
              clientOf,
              answers,
              shop: shopFacts,
              settings,
              authenticate: edgeApps.authenticateBy(clientOf),
              log,
            }),
          authenticate: edgeApps.authenticateBy,
          news: edgeApps.newsBy,
        }
      : null,
    log,
    metrics: modules.createMetrics(),
    onProgress: options.onProgress,
    ...(options.beforeReady ? { beforeReady: options.beforeReady } : {}),
  })
  stops.push(host.stop)
  const [database, sandbox] = await Promise.all([starting, opening])

  const running: RunningShop = {
    pid: process.pid,
    publicUrl,
    internalUrl: `http://127.0.0.1:${host.internalPort}`,
    databases: database.databases,
  }
  if (whole) stops.push(await announceRunning(data.path, running))
  return {
    host,
    publicUrl,
    sandboxUrl: sandbox?.publicUrl ?? null,
    firstStart: database.firstStart,
    databases: database.databases,
    secret: data.secret,
    stop,
  }
}

/** Where browsers find the shop: as it was told, or else on this machine. */
export function publicUrlOf({ host, port, publicUrl }: Environment): string {
  return publicUrl ?? `http://${host === '0.0.0.0' ? 'localhost' : host.replace('127.0.0.1', 'localhost')}:${port}`
}

/** What only a shop that really starts needs. */
async function loadModules(read: () => Promise<ShopSettings>, hasEdge: boolean) {
  const settings = await read()
  const [host, telemetry, traces, personal, registry, edgeApps] = await Promise.all([
    import('#kernel/host'),
    import('#kernel/telemetry'),
    import('./traces.ts'),
    import('#kernel/personal'),
    import('../services/registry.ts'),
    hasEdge ? import('./edge-apps.ts') : null,
    // Only so that it is there when the database is.
    settings.payments.providers.includes('sandbox') ? import('../providers/payments/sandbox/server.ts') : null,
  ])
  return {
    settings,
    modules: { ...host, ...telemetry, ...personal, recordTraces: traces.recordTraces },
    ...registry,
    edgeApps,
  }
}

/** Says at once, and not after a database has started, that the port is taken. */
export async function refuseTakenPort(host: string, port: number): Promise<void> {
  if (port === 0) return
  await new Promise<void>((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? startError(
              'port-taken',
              `Port ${port} on ${host} is taken by another program. Stop it, or name another with PORT.`,
            )
          : startError(
              'port-refused',
              `Port ${port} on ${host} cannot be used (${error.code ?? error.message}). Name another with PORT.`,
            ),
      ),
    )
    probe.listen(port, host, () => probe.close(() => resolve()))
  })
}

/**
 * The databases that the environment names, and an embedded one for what has none there.
 * @param more PostgreSQL's settings for an embedded one, and who is told when it is on its way
 */
export async function openDatabases(
  environment: Environment,
  dataFolder: string,
  onProgress: Progress,
  { settings = {}, onLaunched }: { settings?: Record<string, number>; onLaunched?: () => void } = {},
): Promise<{ databases: Databases; firstStart: boolean; stop: () => Promise<void> }> {
  const { databases, services, migratesAtStart } = environment
  // Who does not migrate signs in as its services do, when their schemas are checked.
  if (migratesAtStart) for (const [names, url] of databasesOf(databases, services)) await checkDatabase(url, names)
  if (withoutDatabase(databases, services).length === 0)
    return { databases, firstStart: false, stop: async () => undefined }
  const postgres = await startEmbeddedPostgres({
    dataFolder,
    onProgress,
    settings,
    ...(onLaunched ? { onLaunched } : {}),
  })
  await createDatabase(postgres.url, 'stoa')
  const { shared } = oneDatabase(inDatabase(postgres.url, 'stoa'))
  return { databases: { ...databases, shared }, firstStart: postgres.firstStart, stop: () => postgres.stop() }
}

/** Each named database that `parts` need, with the variables that name it. */
export function databasesOf({ shared, own }: Databases, parts: Iterable<string>): [variables: string, url: string][] {
  const variables = new Map<string, Set<string>>()
  for (const part of parts) {
    const address = keepingRows.includes(part) ? (own[part] ?? shared) : null
    if (!address) continue
    const prefix = own[part] ? `STOA_${part.toUpperCase()}_` : ''
    for (const [url, kind] of [
      [address.url, 'DATABASE_URL'],
      [address.directUrl, 'DATABASE_DIRECT_URL'],
    ] as const)
      if (kind === 'DATABASE_URL' || url !== address.url)
        variables.set(url, (variables.get(url) ?? new Set()).add(prefix + kind))
  }
  return [...variables].map(([url, names]) => [[...names].join(', '), url])
}

export async function createDatabase(serverUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name])
    if (!rowCount) await client.query(`create database ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}

/** @param variables which name it, for whoever has to mend it */
export async function checkDatabase(databaseUrl: string, variables: string): Promise<void> {
  const { host, pathname } = new URL(databaseUrl)
  const where = `The database ${pathname.slice(1)} at ${host || 'the local socket'}`
  // Two attempts: while the modules of a start are loaded, a timer can be late by seconds, and then ends what is just answered.
  const version = await readVersion(databaseUrl)
    .catch(() => readVersion(databaseUrl))
    .catch((error: NodeJS.ErrnoException) => {
      throw startError(
        'database-unreachable',
        `${where} does not answer (${error.message || error.code}). Check ${variables}.`,
      )
    })
  if (version < oldestPostgres) {
    throw startError(
      'database-too-old',
      `${where} is PostgreSQL ${Math.floor(version / 10_000)}; Stoa needs 18 or newer.`,
    )
  }
}

/** 18.0, as `server_version_num` says it: the first with `uuidv7()`. */
const oldestPostgres = 180_000

async function readVersion(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    const { rows } = await client.query<{ version: number }>(
      `select current_setting('server_version_num')::int as version`,
    )
    return rows[0]?.version ?? 0
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** The sandbox provider runs where it is named, or else where payments run and `STOA_SANDBOX_URL` does not say where it is. */
async function openSandbox(
  environment: Environment,
  settings: ShopSettings,
  databases: () => Promise<Databases>,
  publicUrl: string,
  secret: (name: string) => Promise<string>,
  names: { key: string; webhook: string },
): Promise<{ url: string; publicUrl: string; stop: () => Promise<void> } | null> {
  const besidePayments = environment.services.has('payments') && !environment.sandbox.url
  if (!settings.payments.providers.includes('sandbox')) return null
  if (!besidePayments && !environment.services.has('sandbox')) return null
  const { startSandboxProvider } = await import('../providers/payments/sandbox/server.ts')
  const preferred = environment.sandbox.port ?? (environment.port === 0 ? 0 : environment.port + 1)
  // It makes its own tables, as its owner.
  const { directUrl } = databaseOf(await databases(), 'sandbox')
  const start = async (port: number) =>
    startSandboxProvider({
      databaseUrl: directUrl,
      host: environment.host,
      port,
      secretKey: `sk_sandbox_${await secret(names.key)}`,
      webhookSecret: `whsec_${Buffer.from(await secret(names.webhook)).toString('base64')}`,
      webhookUrl: `${publicUrl}/api/payments/webhooks/sandbox`,
      shopOrigins: shopOrigins(publicUrl),
      demo: environment.demo,
    })
  try {
    return await start(preferred)
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    if (taken && environment.sandbox.port === null) return start(0)
    throw taken
      ? startError(
          'port-taken',
          `Port ${preferred} is taken by another program. Name another for the sandbox provider with STOA_SANDBOX_PORT.`,
        )
      : error
  }
}

/** A laptop's shop is opened as localhost or as 127.0.0.1; both are the shop. */
function shopOrigins(publicUrl: string): string[] {
  const url = new URL(publicUrl)
  if (url.hostname !== 'localhost' && url.hostname !== '127.0.0.1') return [url.origin]
  return ['localhost', '127.0.0.1'].map((name) => `${url.protocol}//${name}${url.port ? `:${url.port}` : ''}`)
}

/** Tells commands where the shop is. @returns takes it back */
export async function announceRunning(dataFolder: string, running: RunningShop): Promise<() => Promise<void>> {
  const file = join(dataFolder, 'running.json')
  await writeFile(file, JSON.stringify(running), { mode: 0o600 })
  return () => rm(file, { force: true })
}

/** The shop that runs on this data folder now, or null. */
export async function findRunningShop(dataFolder: string): Promise<RunningShop | null> {
  try {
    const running = JSON.parse(await readFile(join(dataFolder, 'running.json'), 'utf8')) as RunningShop
    const answer = await fetch(`${running.internalUrl}/health/live`, { signal: AbortSignal.timeout(2_000) })
    return answer.ok ? running : null
  } catch {
    return null
  }
}
