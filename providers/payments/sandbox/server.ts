import formbody from '@fastify/formbody'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { gather } from '#kernel/gather'
import { schemaController } from '#kernel/schema-compilers'
import { paymentRoutes } from './api.ts'
import { misbehavior } from './behavior.ts'
import { controlRoutes } from './control.ts'
import { answeringWith, guard, useTypebox } from './http.ts'
import type { Deps } from './operations.ts'
import { pageRoutes } from './pages/routes.ts'
import { publicKeyOf } from './public-key.ts'
import * as store from './store.ts'
import { startCourier } from './webhooks.ts'

export type SandboxOptions = {
  /** PostgreSQL, as a role that may create the schema `sandbox_provider` or owns it. */
  readonly databaseUrl: string
  /** 0: any free one. */
  readonly port: number
  readonly host: string
  /** Bearer of the API and the control API; at least 24 characters. */
  readonly secretKey: string
  /** `whsec_…`: 24 to 64 random bytes in base64, as Standard Webhooks ask. */
  readonly webhookSecret: string
  /** Where events go, and whose pages may frame the card fields. Absent: as registered before (`PUT /v1/shop`). */
  readonly webhookUrl?: string
  readonly shopOrigins?: readonly string[]
  /** Where browsers reach this server, if not at host and port. */
  readonly publicUrl?: string
  /** Serves a public address. Without it only this machine's. */
  readonly demo?: boolean
  readonly log?: FastifyBaseLogger
}

export type SandboxProvider = {
  /** Where the server listens: for the shop's servers. */
  readonly url: string
  /** Where browsers reach it. */
  readonly publicUrl: string
  /** Says where the shop is, once that is known; remembered over restarts. */
  register(shop: store.Shop): Promise<void>
  stop(): Promise<void>
}

/** A payment provider has little to do, and the database belongs to a shop. */
const maxConnections = 4
/** As the services of a shop share their statements. */
const limits = { service: 'sandbox', batchAtMost: 64, queueAtMost: 2_000 }
/** The largest body is a payment with a long return address. */
const maxBodyBytes = 16_384

/**
 * Starts the sandbox provider: a payment provider that does all that a real one does, but with money. Its state is in
 * PostgreSQL, so a restart loses nothing.
 *
 * Throws, in one sentence, when it is asked to serve a public address and is no demo, when a secret is weak, when the
 * port is taken or the database does not answer.
 */
export async function startSandboxProvider(options: SandboxOptions): Promise<SandboxProvider> {
  checkSecrets(options)
  checkAddress(options)
  const server = fastify({
    schemaController,
    bodyLimit: maxBodyBytes,
    routerOptions: { maxParamLength: 200 },
    // Request lines would hold the secrets of payment pages.
    logController: new LogController({ disableRequestLogging: true }),
    ...(options.log ? { loggerInstance: options.log } : { logger: false }),
  })
  const stopping = new AbortController()
  const stop = async () => {
    stopping.abort()
    await server.close()
  }
  try {
    const { register, setPublicUrl } = await assemble(server, options, stopping.signal)
    const url = await server.listen({ port: options.port, host: options.host })
    const publicUrl = options.publicUrl?.replace(/\/+$/, '') ?? url
    setPublicUrl(publicUrl)
    return { url, publicUrl, register, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Puts the parts together; what it opens is closed with the server. */
async function assemble(server: FastifyInstance, options: SandboxOptions, stopping: AbortSignal) {
  const pool = store.openPool(options.databaseUrl, maxConnections)
  pool.on('error', (error) => server.log.warn({ err: error }, 'sandbox: an idle database connection broke'))
  // One that breaks in use fails its statement; without a listener it would end the process as well.
  pool.on('connect', (client) => client.on('error', () => undefined))
  server.addHook('onClose', () => pool.end())
  await store.createSchema(pool)

  if (options.webhookUrl !== undefined) {
    const origins = options.shopOrigins ?? [new URL(options.webhookUrl).origin]
    await store.writeShop(pool, { webhookUrl: options.webhookUrl, origins })
  }
  let shop = await store.readShop(pool)
  let publicUrl = ''
  const behavior = misbehavior()
  const deps: Deps = {
    pool,
    lookUp: gather({ ...limits, what: 'look up a payment', run: (wanted) => store.lookUp(pool, wanted) }),
    insertPayment: gather({
      ...limits,
      what: 'make a payment',
      idOf: ({ request }) => request.key,
      run: (payments) => store.insertPayments(pool, payments),
    }),
    pagesUrl: () => publicUrl,
    sending: () => behavior.read().webhooks,
    wake: () => courier.wake(),
  }
  const courier = startCourier(deps, {
    webhookSecret: options.webhookSecret,
    shop: () => shop,
    isDown: () => behavior.read().down,
    onError: (error) => server.log.error({ err: error }, 'sandbox: webhooks had to pause'),
  })
  // Closing goes backwards: the courier still needs the pool.
  server.addHook('onClose', () => courier.stop())
  const register = async (next: store.Shop): Promise<void> => {
    await store.writeShop(pool, next)
    shop = next
    courier.wake()
  }

  useTypebox(server)
  await server.register(formbody)
  guard(server, options.secretKey, behavior)
  paymentRoutes(server, deps, { answering: answeringWith(behavior, stopping), register })
  controlRoutes(server, deps, { misbehavior: behavior, courier })
  pageRoutes(server, deps, {
    publicKey: publicKeyOf(options.secretKey),
    shop: () => shop,
    password: isLoopback(addressOf(options)) ? null : options.secretKey,
  })
  const setPublicUrl = (url: string): void => {
    publicUrl = url
  }
  return { register, setPublicUrl }
}

function checkSecrets({ secretKey, webhookSecret }: SandboxOptions): void {
  if (secretKey.length < 24) throw new Error('sandbox: the secret key must have at least 24 characters')
  const bytes = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(webhookSecret)?.[1]
  const length = bytes ? Buffer.from(bytes, 'base64').length : 0
  if (length < 24 || length > 64) {
    throw new Error('sandbox: the webhook secret must be whsec_ and 24 to 64 bytes in base64')
  }
}

function checkAddress(options: SandboxOptions): void {
  const address = addressOf(options)
  if (options.demo || isLoopback(address)) return
  throw new Error(`sandbox: ${address} is a public address, and payments here are not real; allow it with demo`)
}

/** Where people would come to. A host such as 0.0.0.0 is everyone's, unless a public address says otherwise. */
const addressOf = ({ host, publicUrl }: SandboxOptions): string =>
  publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}`

function isLoopback(address: string): boolean {
  const host = URL.parse(address)?.hostname ?? ''
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
