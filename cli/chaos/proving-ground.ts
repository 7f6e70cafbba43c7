import { mkdir } from 'node:fs/promises'
import pg from 'pg'
import { createClient } from '#kernel/client'
import { openDataFolder } from '#kernel/data-folder'
import { startEmbeddedPostgres } from '#kernel/embedded-postgres'
import type { ClientOf } from '#kernel/host'
import { httpMesh } from '#kernel/mesh'
import { allServiceNames } from '../../services/names.ts'
import { sandboxSecrets } from '../../services/registry.ts'
import type { Part } from '../copies.ts'
import type { Ending } from '../ending.ts'
import { type NatsServer, natsServerProgram, startNatsServer } from '../nats-server.ts'
import { createDatabase } from '../shop.ts'
import { type Link, openLink } from './link.ts'
import { openGroup, type ProcessGroup } from './processes.ts'
import { postmasterOf } from './system.ts'

/**
 * A shop of many processes that is there to be broken: each part in processes of its own, with a switch in every wire between
 * them and to PostgreSQL.
 */
export type ProvingGround = {
  readonly url: string
  readonly groups: readonly ProcessGroup[]
  /** The processes that host a service, `edge` or `sandbox`. */
  group(service: string): ProcessGroup
  /** The wire between a service's processes and PostgreSQL. */
  databaseLink(service: string): Link
  readonly postgres: { readonly port: number; pid(): Promise<number> }
  /** Carries the shop's events; null where they go from process to process. */
  readonly broker: NatsServer | null
  /** PostgreSQL as its owner, past all wires: for who looks behind the walls. */
  readonly database: pg.Pool
  readonly databaseUrl: string
  readonly dataFolder: string
  readonly provider: { readonly url: string; readonly key: string; readonly webhookSecret: string }
  /** Lets `work` call services by their contracts, over connections that no fault has touched. */
  ask<R>(work: (client: ClientOf) => Promise<R>): Promise<R>
  readonly staff: { readonly email: string; readonly password: string }
}

const internal = 'STOA_INTERNAL_PORT'

/**
 * What takes part in selling is apart and in two copies where two copies could step on each other; what does not shares
 * processes, or two cores would be busy with starting them.
 */
export const allParts: readonly Part[] = [
  { name: 'orders', services: ['orders'], copies: 2, portVariable: internal },
  { name: 'payments', services: ['payments'], copies: 2, portVariable: internal },
  { name: 'inventory', services: ['inventory'], copies: 2, portVariable: internal },
  { name: 'pricing', services: ['pricing'], copies: 1, portVariable: internal },
  { name: 'cart', services: ['cart'], copies: 1, portVariable: internal },
  { name: 'catalog', services: ['catalog'], copies: 1, portVariable: internal },
  { name: 'search', services: ['search'], copies: 1, portVariable: internal },
  { name: 'notifications', services: ['notifications'], copies: 1, portVariable: internal },
  { name: 'identity', services: ['identity', 'shipping'], copies: 1, portVariable: internal },
  { name: 'edge', services: ['edge'], copies: 1, portVariable: 'PORT' },
  { name: 'sandbox', services: ['sandbox'], copies: 1, portVariable: 'STOA_SANDBOX_PORT' },
]

const staff = { email: 'owner@chaos.example', password: 'a staff password for chaos' }

/** The same in fewer processes, for a round that has to be short. */
export const fewParts: readonly Part[] = [
  { name: 'orders', services: ['orders'], copies: 2, portVariable: internal },
  { name: 'money', services: ['payments', 'inventory', 'pricing'], copies: 1, portVariable: internal },
  {
    name: 'goods',
    services: ['cart', 'catalog', 'search', 'notifications', 'shipping', 'identity'],
    copies: 1,
    portVariable: internal,
  },
  { name: 'edge', services: ['edge'], copies: 1, portVariable: 'PORT' },
  { name: 'sandbox', services: ['sandbox'], copies: 1, portVariable: 'STOA_SANDBOX_PORT' },
]

/**
 * Starts the shop on `dataFolder`, with what its processes say in `logFolder`. What has to be ended is added to
 * `ending`.
 */
export async function openProvingGround({
  dataFolder,
  logFolder,
  onProgress,
  ending,
  ...options
}: {
  parts: readonly Part[]
  /** Whether events go by NATS. */
  withBroker: boolean
  dataFolder: string
  logFolder: string
  onProgress: (step: string) => void
  ending: Ending
}): Promise<ProvingGround> {
  await mkdir(logFolder, { recursive: true })
  onProgress('starting PostgreSQL')
  const data = await openDataFolder(dataFolder)
  const postgres = await startEmbeddedPostgres({ dataFolder: data.path, onProgress })
  ending.add(postgres.stop)
  await createDatabase(postgres.url, 'stoa')
  const databaseUrl = overTcp(postgres.url, postgres.port)
  const database = new pg.Pool({
    connectionString: databaseUrl,
    max: 4,
    application_name: 'chaos',
    connectionTimeoutMillis: 5_000,
  })
  database.on('error', () => undefined)
  ending.add(() => database.end())

  onProgress('starting the shop’s processes')
  const groups = await Promise.all(options.parts.map((part) => openGroup(part, logFolder)))
  const group = (service: string): ProcessGroup => {
    const found = groups.find(({ part }) => part.services.includes(service))
    if (!found) throw new Error(`chaos: nothing hosts ${service}`)
    return found
  }
  const urlOf = (service: string): string => `http://127.0.0.1:${group(service).link.port}`
  const links = new Map<string, Link>()
  for (const { part } of groups) links.set(part.name, await openLink(() => [postgres.port]))
  ending.add(() => Promise.all([...links.values()].map((link) => link.close())))
  // All at once, and none before all have been told: each waits for others that still run.
  ending.add(() => Promise.all(groups.map((one) => one.stop())))

  const program = options.withBroker ? natsServerProgram() : null
  // Beside the disk that a fault may fill: a broker runs on a machine of its own.
  const broker = program === null ? null : await startNatsServer(program, `${data.path}-broker`)
  if (broker) ending.add(broker.stop)

  const environment: Record<string, string> = {
    ...(broker ? { NATS_URL: broker.url } : {}),
    HOST: '127.0.0.1',
    STOA_PUBLIC_URL: urlOf('edge'),
    STOA_SANDBOX_URL: urlOf('sandbox'),
    STOA_SANDBOX_PUBLIC_URL: urlOf('sandbox'),
    STOA_DATA: data.path,
    STOA_DEMO: 'off',
    STOA_ADMIN_EMAIL: staff.email,
    STOA_ADMIN_PASSWORD: staff.password,
    STOA_LOG: 'warn',
    ...Object.fromEntries(allServiceNames.map((name) => [`STOA_${name.toUpperCase()}_URL`, urlOf(name)])),
  }
  for (const one of groups) {
    const { port } = links.get(one.part.name) as Link
    await one.start({ ...environment, DATABASE_URL: overTcp(databaseUrl, port) })
  }
  await Promise.all(groups.map((one) => one.untilReady()))

  const secret = await data.secret('service-token')
  return {
    url: urlOf('edge'),
    groups,
    group,
    databaseLink: (service) => links.get(group(service).part.name) as Link,
    postgres: { port: postgres.port, pid: () => postmasterOf(data.path) },
    broker,
    database,
    databaseUrl,
    dataFolder: data.path,
    provider: {
      url: urlOf('sandbox'),
      key: `sk_sandbox_${await data.secret(sandboxSecrets.key)}`,
      webhookSecret: `whsec_${Buffer.from(await data.secret(sandboxSecrets.webhook)).toString('base64')}`,
    },
    async ask(work) {
      const mesh = httpMesh({ urlOf, secret })
      return work((contract) => createClient(contract, 'chaos', mesh)).finally(mesh.close)
    },
    staff,
  }
}

/** The shop's database by TCP, for a Unix socket has no wire to put a switch in. */
function overTcp(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl)
  url.searchParams.delete('host')
  url.pathname = '/stoa'
  url.port = String(port)
  return url.href
}
