import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { identity } from '#contracts/identity'
import type { PaymentSettings } from '#contracts/payments'
import { createClient } from '#kernel/client'
import { openDataFolder } from '#kernel/data-folder'
import type { Databases } from '#kernel/database-address'
import type { ClientOf } from '#kernel/host'
import { httpMesh } from '#kernel/mesh'
import { hostable, readEnvironment } from '../cli/environment.ts'
import { freePorts } from '../cli/free-ports.ts'
import { loadSettings } from '../cli/settings.ts'
import { openShop } from '../cli/shop.ts'
import { allServiceNames } from '../services/names.ts'
import { type Api, apiAt } from './api.ts'
import { testDatabase } from './database.ts'
import { startTestMongodb } from './mongodb.ts'
import { hasNats, startNats } from './nats.ts'
import { startPgBouncer } from './pgbouncer.ts'

export type Shape = 'one' | 'strict' | 'many'

/** A whole shop of its own, seen from outside, with what tests need to set it up and to look behind its walls. */
export type TestShop = {
  readonly shape: Shape
  readonly url: string
  readonly api: Api
  /** Calls services by their contracts, wherever they run. */
  readonly client: ClientOf
  readonly staffToken: string
  readonly databaseUrl: string
  /** Where each service's rows are. */
  readonly databases: Databases
  readonly dataFolder: string
  /** The environment in which an operator of this shop runs a command. */
  readonly environment: Record<string, string>
  readonly sandbox: { readonly url: string; readonly key: string }
  /** Ends the process or processes and removes the data. */
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '..')
/** Whom the staff's token belongs to. */
export const ownerAccount = { email: 'owner@shop.example', password: 'a staff password for tests' }

/** The shapes that journeys run in; `STOA_TEST_SHAPES=one` shortens the way while you work. */
export const shapes = (process.env.STOA_TEST_SHAPES ?? 'one,strict,many').split(',') as Shape[]

/**
 * Starts an empty shop in `shape`, through the same doors as `stoa start`. Events travel between many processes by NATS where
 * there is one.
 * @param options.http over HTTP all the same, as in a shop without a broker
 */
export async function startShop(
  shape: Shape,
  options: { http?: boolean; environment?: Record<string, string>; payments?: PaymentSettings } = {},
): Promise<TestShop> {
  const database = await testDatabase()
  const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-shop-'))
  const [port, sandboxPort] = (await freePorts(2)) as [number, number]
  const url = `http://127.0.0.1:${port}`
  const variables: Record<string, string> = {
    HOST: '127.0.0.1',
    PORT: String(port),
    STOA_PUBLIC_URL: url,
    STOA_SANDBOX_PORT: String(sandboxPort),
    STOA_DATA: dataFolder,
    DATABASE_URL: database.url,
    STOA_DEMO: 'off',
    STOA_ADMIN_EMAIL: ownerAccount.email,
    STOA_ADMIN_PASSWORD: ownerAccount.password,
    STOA_LOG: process.env.STOA_TEST_LOG ?? 'silent',
    ...(options.payments ? { STOA_CONFIG: await writeConfig(dataFolder, options.payments) } : {}),
    ...options.environment,
  }
  await using opening = new AsyncDisposableStack()
  opening.defer(() => rm(dataFolder, { recursive: true, force: true }))
  opening.defer(() => database.drop())
  if (shape === 'many' && options.http !== true && hasNats) {
    const nats = await startNats()
    opening.defer(() => nats.stop())
    variables.NATS_URL = nats.url
  }
  if (process.env.STOA_TEST_DATABASE === 'pgbouncer' && variables.DATABASE_URL === database.url) {
    const pooler = await startPgBouncer(database.url)
    opening.defer(() => pooler.stop())
    Object.assign(variables, { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: database.url })
  }
  if (process.env.STOA_TEST_CATALOG === 'mongodb' && !variables.MONGODB_URL) {
    const mongodb = await startTestMongodb()
    opening.defer(() => mongodb.stop())
    variables.MONGODB_URL = mongodb.database()
  }
  const started = shape === 'many' ? await startMany(variables) : await startOne(shape, variables)
  opening.defer(() => started.stop())
  const data = await openDataFolder(dataFolder)
  const api = apiAt(url)
  const staffToken = await signIn(api)
  const sandboxKey = await data.secret('sandbox-key')
  const opened = opening.move()
  return {
    shape,
    url,
    api,
    client: started.client,
    staffToken,
    databaseUrl: database.url,
    databases: readEnvironment(variables).databases,
    dataFolder,
    environment: { ...variables, ...started.urls },
    sandbox: { url: `http://127.0.0.1:${sandboxPort}`, key: `sk_sandbox_${sandboxKey}` },
    stop: () => opened.disposeAsync(),
  }
}

/** The shop's own choices, but for how it is paid. @returns where they are */
async function writeConfig(folder: string, payments: PaymentSettings): Promise<string> {
  const file = join(folder, 'config.mjs')
  const own = pathToFileURL(join(root, 'stoa.config.ts')).href
  await writeFile(
    file,
    `import shop from ${JSON.stringify(own)}\nexport default { ...shop, payments: ${JSON.stringify(payments)} }\n`,
  )
  return file
}

type Started = { readonly client: ClientOf; readonly urls: Record<string, string>; stop(): Promise<void> }

async function startOne(shape: Shape, variables: Record<string, string>): Promise<Started> {
  const environment = readEnvironment({ ...variables, STOA_SHAPE: shape === 'strict' ? 'strict' : 'plain' })
  const shop = await openShop(environment, () => loadSettings(root, environment.configFile), {
    edge: true,
    onProgress: () => undefined,
  })
  const owner = await shop.host.client(identity).ensureOwner({ ...ownerAccount, enforce: true })
  if (!owner.ok) throw new Error('test shop: no owner')
  return { client: shop.host.client, urls: {}, stop: shop.stop }
}

/** A process for each service and one for the public door, as an operator would start them. */
async function startMany(variables: Record<string, string>): Promise<Started> {
  const ports = await freePorts(hostable.length)
  const portOf = new Map(hostable.map((name, index) => [name, ports[index] as number]))
  const urls = Object.fromEntries(
    allServiceNames.map((name) => [`STOA_${name.toUpperCase()}_URL`, `http://127.0.0.1:${portOf.get(name)}`]),
  )
  const processes = hostable.map((name) =>
    spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), 'start', '--services', name], {
      env: { ...process.env, ...urls, ...variables, STOA_INTERNAL_PORT: String(portOf.get(name)) },
      stdio: ['ignore', 'ignore', process.env.STOA_TEST_LOG ? 'inherit' : 'pipe'],
    }),
  )
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map(endProcess))
  }
  try {
    await Promise.all(
      hostable.map((name, index) =>
        untilReady(name, `http://127.0.0.1:${portOf.get(name)}`, processes[index] as ChildProcess),
      ),
    )
  } catch (error) {
    await stop()
    throw error
  }
  const data = await openDataFolder(variables.STOA_DATA as string)
  const mesh = httpMesh({
    urlOf: (service) => `http://127.0.0.1:${portOf.get(service)}`,
    secret: await data.secret('service-token'),
  })
  return {
    client: (contract) => createClient(contract, 'test', mesh),
    urls,
    async stop() {
      await mesh.close()
      await stop()
    },
  }
}

/** Eleven processes on two busy cores take a while; a service that is not up by then is broken. */
const readyWithinMs = 120_000

async function untilReady(name: string, url: string, child: ChildProcess): Promise<void> {
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const deadline = Date.now() + readyWithinMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`${name} ended with status ${child.exitCode}: ${complaint}`)
    const ready = await fetch(`${url}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ready) return
    await pause(50)
  }
  throw new Error(`${name} was not ready within ${readyWithinMs} ms: ${complaint}`)
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 26_000)
  await exited
  clearTimeout(timer)
}

async function signIn(api: Api): Promise<string> {
  const ask = () => api('POST', '/api/auth/sign-in/email', ownerAccount)
  let answer = await ask()
  // The first one loads what signs in, for which a machine with much else to do may need longer than a caller waits.
  for (const until = Date.now() + readyWithinMs; answer.status === 503 && Date.now() < until; await pause(50))
    answer = await ask()
  if (answer.status !== 200) throw new Error(`test shop: staff cannot sign in: ${JSON.stringify(answer.body)}`)
  return answer.body.token
}
