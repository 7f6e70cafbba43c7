import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { type TestDatabase, testDatabase } from '../../../test/database.ts'
import type { PaymentProvider, WebhookRequest } from '../port.ts'
import { sandboxProvider } from './adapter.ts'
import type { PresentedPayment } from './payment.ts'
import { type SandboxOptions, type SandboxProvider, startSandboxProvider } from './server.ts'

export const secretKey = 'sk_sandbox_for_tests_0123456789'
export const webhookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

/** Beyond the first retry, a second after a failure. */
const webhookWithinMs = 10_000

export type Received = WebhookRequest & {
  readonly path: string
  readonly body: { type: string; data: { paymentId: string } }
}

/** What the provider said: a payment, a list of them, or a problem, as the test expects. */
export type Said = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: PresentedPayment & {
    readonly items: PresentedPayment[]
    readonly type: string
    readonly errors: { readonly field: string; readonly message: string }[]
    readonly answers: number[]
    readonly sent: number
  }
}

/** A sandbox provider on a database of its own, and a shop's webhook endpoint that writes down what comes. */
export type TestShop = {
  readonly database: TestDatabase
  readonly server: SandboxProvider
  readonly provider: PaymentProvider
  readonly unreachable: PaymentProvider
  /** The shop's origin. */
  readonly origin: string
  /** In the order in which they came. */
  readonly received: Received[]
  /** What the endpoint answers from now on; 200 at first. */
  answer: (status: number) => void
  /** Waits until `count` webhooks of a payment came, and gives them. */
  webhooks(paymentId: string, count?: number): Promise<Received[]>
  /** A call to the provider's API or control API with the secret key. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Said>
  sign(rawBody: Uint8Array, how: { at: Date; secret: 'right' | 'wrong' }): WebhookRequest
  /** Stops the provider and starts it again, as a crash and a supervisor would. */
  restart(): Promise<void>
  stop(): Promise<void>
}

type Changes = Partial<Omit<SandboxOptions, 'webhookUrl'>> & { readonly webhookUrl?: string | null }

/** @param changes `webhookUrl: null` leaves the shop unknown to the provider */
export async function startTestShop({ webhookUrl, ...changes }: Changes = {}): Promise<TestShop> {
  const database = await testDatabase()
  const received: Received[] = []
  let status = 200
  let arrived = Promise.withResolvers<void>()
  const endpoint = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const rawBody = Buffer.concat(chunks)
    received.push({ path: request.url ?? '', rawBody, headers: request.headers, body: JSON.parse(rawBody.toString()) })
    response.writeHead(status, status === 307 ? { location: '/elsewhere' } : {}).end()
    arrived.resolve()
    arrived = Promise.withResolvers()
  })
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
  const address = endpoint.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const origin = `http://127.0.0.1:${address.port}`

  const options: SandboxOptions = {
    databaseUrl: database.url,
    port: 0,
    host: '127.0.0.1',
    secretKey,
    webhookSecret,
    ...(webhookUrl === null ? {} : { webhookUrl: webhookUrl ?? `${origin}/webhooks` }),
    ...changes,
  }
  let server = await startSandboxProvider(options)
  const port = Number(new URL(server.url).port)

  return {
    database,
    get server() {
      return server
    },
    provider: sandboxProvider({ url: server.url, secretKey, webhookSecret }),
    unreachable: sandboxProvider({ url: await freeAddress(), secretKey, webhookSecret }),
    origin,
    received,
    answer: (next) => {
      status = next
    },
    async webhooks(paymentId, count = 1) {
      const giveUp = AbortSignal.timeout(webhookWithinMs)
      for (;;) {
        const about = received.filter((one) => one.body.data.paymentId === paymentId)
        if (about.length >= count) return about
        if (giveUp.aborted) throw new Error(`${about.length} of ${count} webhooks came within ${webhookWithinMs} ms`)
        await Promise.race([arrived.promise, sleep(50)])
      }
    },
    async call(method, path, body, headers = {}) {
      const answer = await fetch(server.url + path, {
        method,
        headers: {
          authorization: `Bearer ${secretKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, headers: answer.headers, text, json: text ? JSON.parse(text) : undefined }
    },
    sign(rawBody, { at, secret }) {
      const key = secret === 'right' ? webhookSecret : `whsec_${Buffer.alloc(32, 8).toString('base64')}`
      const signature = new Webhook(key).sign('evt_signed', at, Buffer.from(rawBody))
      const timestamp = `${Math.floor(at.getTime() / 1000)}`
      return {
        rawBody,
        headers: { 'webhook-id': 'evt_signed', 'webhook-timestamp': timestamp, 'webhook-signature': signature },
      }
    },
    async restart() {
      await server.stop()
      server = await startSandboxProvider({ ...options, port })
    },
    async stop() {
      await server.stop()
      endpoint.closeAllConnections()
      await new Promise((resolve) => endpoint.close(resolve))
      await database.drop()
    },
  }
}

/** An address of this machine where nobody listens. */
async function freeAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

/** Posts a form of the provider's pages as a browser would, without following where it leads. */
export function submit(url: string, fields: Record<string, string>): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
}
