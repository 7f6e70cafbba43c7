import pg from 'pg'
import { payments } from '#contracts/payments'
import type { Actor } from '#kernel/call'
import type { Client } from '#kernel/client'
import type { AnyService } from '#kernel/service'
import type { PaymentProvider } from '../../providers/payments/port.ts'
import { sandboxProvider } from '../../providers/payments/sandbox/adapter.ts'
import { type SandboxProvider, startSandboxProvider } from '../../providers/payments/sandbox/server.ts'
import { testDatabase } from '../../test/database.ts'
import { startTestHost, type TestHost } from '../../test/host.ts'
import type { Point } from './deps.ts'
import { paymentsService } from './service.ts'

const secretKey = 'sk_sandbox_for_tests_0123456789'
const webhookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

/** The sandbox provider on a database of its own, with the secret key at hand. */
export type TestSandbox = {
  readonly server: SandboxProvider
  /** Of its database, as the owner. */
  readonly databaseUrl: string
  /** A call to the provider's API or control API. */
  call(method: string, path: string, body?: unknown): Promise<Response>
  /** How the provider misbehaves from now on; `{}` ends it. */
  behave(behavior: unknown): Promise<void>
  /** What the provider itself knows of an order's payments. */
  paymentsOf(orderId: string): Promise<ProviderView[]>
  /** The shopper's answer to the 3-D Secure challenge at `url`. */
  challenge(url: string, decision: 'approve' | 'decline' | 'abandon'): Promise<void>
  /** Sends a payment's last event again, genuine or not. @returns the shop's status to each copy */
  resend(paymentId: string, as?: 'genuine' | 'forged' | 'stale' | 'altered', copies?: number): Promise<number[]>
  adapter(timeoutMs?: number): ReturnType<typeof sandboxProvider>
  stop(): Promise<void>
}

export type ProviderView = {
  readonly id: string
  readonly status: string
  readonly captured: { readonly amount: number }
  readonly refunded: { readonly amount: number }
}

/** Longer than an answer takes on a machine with other things to do; what is never answered costs a test this much. */
const adapterTimeoutMs = 1_500

export async function startTestSandbox(): Promise<TestSandbox> {
  const database = await testDatabase()
  const server = await startSandboxProvider({
    databaseUrl: database.url,
    port: 0,
    host: '127.0.0.1',
    secretKey,
    webhookSecret,
  })
  const call = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(server.url + path, {
      method,
      headers: {
        authorization: `Bearer ${secretKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const told = async (response: Response): Promise<unknown> => {
    if (!response.ok) throw new Error(`the sandbox answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
  return {
    server,
    databaseUrl: database.url,
    call,
    behave: async (behavior) => void (await told(await call('PUT', '/test/behavior', behavior))),
    paymentsOf: async (orderId) =>
      ((await told(await call('GET', `/v1/payments?orderId=${orderId}`))) as { items: ProviderView[] }).items,
    async challenge(url, decision) {
      const answer = await fetch(url, {
        method: 'POST',
        body: new URLSearchParams({ decision }),
        redirect: 'manual',
      })
      if (answer.status !== 303) throw new Error(`the challenge answered ${answer.status}`)
    },
    resend: async (paymentId, as = 'genuine', copies = 1) =>
      ((await told(await call('POST', '/test/webhooks/send', { paymentId, as, copies }))) as { answers: number[] })
        .answers,
    adapter: (timeoutMs = adapterTimeoutMs) =>
      sandboxProvider({ url: server.url, secretKey, webhookSecret, timeoutMs }),
    async stop() {
      await server.stop()
      await database.drop()
    },
  }
}

export type TestPayments = {
  readonly host: TestHost
  readonly payments: Client<typeof payments>
  readonly sandbox: TestSandbox
  /** Rows as the owner of the database sees them. */
  rows<R>(statement: string, values?: readonly unknown[]): Promise<R[]>
  /** The types of the events of an order, in the order in which they were published. */
  events(orderId: string): Promise<string[]>
  stop(): Promise<void>
}

/** The payments service with the sandbox provider, whose callbacks reach it by its public door. */
export async function startTestPayments(
  options: {
    capture?: 'at-once' | 'on-fulfillment'
    shape?: 'plain' | 'strict'
    reached?: (point: Point, orderId: string) => Promise<void>
    neighbors?: readonly AnyService[]
    authenticate?: (credential: string) => Promise<Actor>
    /** What stands between the service and the provider. */
    between?: (adapter: PaymentProvider) => PaymentProvider
  } = {},
): Promise<TestPayments> {
  await using opening = new AsyncDisposableStack()
  const sandbox = await startTestSandbox()
  opening.defer(() => sandbox.stop())
  const { between = (adapter) => adapter } = options
  const service = paymentsService(async () => [between(sandbox.adapter())], options.reached)
  const host = await startTestHost([service, ...(options.neighbors ?? [])], {
    settings: { payments: { providers: ['sandbox'], capture: options.capture ?? 'on-fulfillment' } },
    shape: options.shape ?? 'plain',
    edge: true,
    ...(options.authenticate ? { authenticate: options.authenticate } : {}),
  })
  opening.defer(() => host.stop())
  await sandbox.server.register({
    webhookUrl: `${host.url}/api/payments/webhooks/sandbox`,
    origins: [host.url ?? ''],
  })
  const owner = new pg.Pool({ connectionString: host.databaseUrl, max: 2 })
  owner.on('error', () => undefined)
  opening.defer(() => owner.end())
  const opened = opening.move()
  const rows = async <R>(statement: string, values: readonly unknown[] = []): Promise<R[]> =>
    (await owner.query(statement, [...values])).rows as R[]
  return {
    host,
    payments: host.client(payments),
    sandbox,
    rows,
    events: async (orderId) =>
      (
        await rows<{ type: string }>(
          "select type from payments.outbox where data->>'orderId' = $1 order by occurred_at, sequence, id",
          [orderId],
        )
      ).map(({ type }) => type),
    stop: () => opened.disposeAsync(),
  }
}

/** Waits until `probe` gives something true, or throws with what it gave last. For what jobs and callbacks bring about. */
export async function until<V>(probe: () => Promise<V>, holds: (value: V) => boolean, withinMs = 60_000): Promise<V> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const value = await probe()
    if (holds(value)) return value
    if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
