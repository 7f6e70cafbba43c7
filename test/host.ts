import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Actor } from '#kernel/call'
import { type Databases, oneDatabase } from '#kernel/database-address'
import { type ClientOf, type Host, type HostOptions, startHost } from '#kernel/host'
import type { NatsOptions } from '#kernel/nats-connection'
import type { AskNews } from '#kernel/news'
import type { AnyService } from '#kernel/service'
import { createLog, createMetrics } from '#kernel/telemetry'
import { testDatabase } from './database.ts'

export type TestHost = Host & {
  /** Base URL of the public API, such as http://127.0.0.1:41234; null when no edge was asked for. */
  readonly url: string | null
  /** PostgreSQL as the owner, for tests that look behind the walls. */
  readonly databaseUrl: string
  readonly dataFolder: string
}

/**
 * Hosts some services on a database and data folder of their own, for tests of a single service. Calls to services that
 * are not among them answer 503. `stop` removes everything.
 */
export async function startTestHost(
  services: readonly AnyService[],
  options: {
    settings?: Record<string, unknown>
    shape?: 'plain' | 'strict'
    edge?: boolean
    trustedProxies?: readonly string[]
    /** Where browsers find the shop: `https:` is behind TLS. */
    publicUrl?: string
    /** Who a credential belongs to, when identity is not hosted. */
    authenticate?: (credential: string) => Promise<Actor>
    /** What an edge asks for news, by which answers last; without it none does. */
    news?: AskNews
    environment?: Record<string, string>
    limitLoopback?: boolean
    drainMs?: number
    /** Gets each line of the log, which is silent else. */
    onLog?: (line: string) => void
    /** Those that run here, where it is not all: what they publish for others waits, or goes by `nats`. */
    hosted?: readonly string[]
    nats?: NatsOptions
    /** Other databases than the one of its own. */
    databases?: Databases
    /** Another copy: on the database and data folder of this host, which must be stopped last. */
    beside?: TestHost
  } = {},
): Promise<TestHost> {
  const { beside } = options
  // What was opened before a start that failed is closed, or the test's process never ends.
  await using opening = new AsyncDisposableStack()
  const dataFolder = beside?.dataFolder ?? (await mkdtemp(join(tmpdir(), 'stoa-test-')))
  if (!beside) opening.defer(() => rm(dataFolder, { recursive: true, force: true }))
  const database = beside ? { url: beside.databaseUrl, drop: async () => undefined } : await testDatabase()
  opening.defer(() => database.drop())
  const edge: HostOptions['edge'] = options.edge
    ? {
        host: '127.0.0.1',
        port: 0,
        trustedProxies: options.trustedProxies ?? [],
        openApi: () => ({}),
        apps: () => [],
        authenticate: (_: ClientOf) => options.authenticate ?? (async () => ({ kind: 'anonymous' })),
        ...(options.news ? { news: (_: ClientOf) => options.news as AskNews } : {}),
      }
    : null
  const host = await startHost({
    services,
    hosted: new Set(options.hosted ?? services.map((one) => one.contract.name)),
    nats: options.nats ?? null,
    settings: options.settings ?? {},
    shop: { name: 'Test shop', publicUrl: options.publicUrl ?? 'http://127.0.0.1', demo: true },
    databases: async () => options.databases ?? oneDatabase(database.url),
    dataFolder,
    secret: async (name) => `test-secret-of-32-characters-or-so-${name}`,
    environment: async () => options.environment ?? {},
    urlOf: () => undefined,
    shape: options.shape ?? 'plain',
    limitLoopback: options.limitLoopback ?? false,
    internal: { host: '127.0.0.1', port: 0 },
    drainMs: options.drainMs ?? 0,
    edge,
    log: options.onLog
      ? createLog({ level: 'info', redact: [], destination: { write: options.onLog } })
      : createLog({ level: process.env.STOA_TEST_LOG ?? 'silent', redact: [] }),
    metrics: createMetrics(),
  })
  opening.defer(() => host.stop())
  const opened = opening.move()
  return {
    ...host,
    url: host.publicPort === null ? null : `http://127.0.0.1:${host.publicPort}`,
    databaseUrl: database.url,
    dataFolder,
    stop: () => opened.disposeAsync(),
  }
}

/** Asks as the owner of the database, to look behind the walls. */
export async function asOwner<R extends pg.QueryResultRow>(
  { databaseUrl }: Pick<TestHost, 'databaseUrl'>,
  statement: string,
): Promise<R[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return (await client.query<R>(statement)).rows
  } finally {
    await client.end()
  }
}
