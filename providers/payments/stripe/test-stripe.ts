import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import qs from 'qs'
import Stripe from 'stripe'
import type { PaymentProvider, WebhookRequest } from '../port.ts'
import { stripeProvider } from './adapter.ts'
import { type Account, type Body, openAccount, StripeRefusal } from './test-stripe-account.ts'

// A stand-in for Stripe that knows the life of a payment, which stripe-mock does not: idempotency keys, the statuses of
// PaymentIntents, refunds, and signed events, as Stripe documents them. Real Stripe is not reached by any test.

export const secretKey = 'sk_test_of_the_shop'
export const webhookSecret = 'whsec_of_the_endpoint'

/** How Stripe behaves from now on, until it is told otherwise. */
export type Trouble = {
  /** Answers every write with this, before or after it did what was asked. */
  readonly status?: 429 | 500
  readonly afterwards?: boolean
  /** Seconds that the search is behind. */
  readonly searchLag?: number
}

export type TestStripe = {
  readonly url: string
  readonly account: Account
  behave(trouble: Trouble): void
  /** A day has passed. */
  forgetKeys(): void
  adapter(changes?: Partial<Parameters<typeof stripeProvider>[0]>): PaymentProvider
  /** The shopper's answer to the bank's question, as the browser's script brings it. */
  answerChallenge(clientSecret: string, approve: boolean): void
  /** The event as Stripe would send it. */
  signed(event: Stripe.Event | object, how?: { at?: Date; secret?: string }): WebhookRequest & { readonly text: string }
  stop(): Promise<void>
}

/** Two requests under one key meet, as on a real network, and the second is told so. */
const workMs = 5

export async function startTestStripe(): Promise<TestStripe> {
  const account = openAccount()
  let trouble: Trouble = {}
  const keys = new Map<string, { readonly print: string; answer: Answer | null }>()
  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => response.destroy(error as Error))
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const url = new URL(request.url ?? '/', 'http://stripe')
    const body = qs.parse(request.method === 'GET' ? url.search.slice(1) : text) as Body
    if (request.headers.authorization !== `Bearer ${secretKey}`)
      return send(response, problem(401, { type: 'invalid_request_error' }))
    if (request.method === 'GET')
      return send(
        response,
        answer(() => look(account, url.pathname, body, trouble)),
      )

    const print = `${url.pathname} ${text}`
    const key = String(request.headers['idempotency-key'] ?? randomUUID())
    const known = keys.get(key)
    if (known && known.print !== print) return send(response, problem(400, { type: 'idempotency_error' }))
    if (known?.answer === null)
      return send(response, problem(409, { type: 'idempotency_error', code: 'idempotency_key_in_use' }))
    if (known?.answer) return send(response, known.answer)
    if (trouble.status && !trouble.afterwards) return send(response, problem(trouble.status, { type: 'api_error' }))
    if (body.confirmation_token === 'ctoken_lost_request') return

    const entry: { print: string; answer: Answer | null } = { print, answer: null }
    keys.set(key, entry)
    await pause(workMs)
    entry.answer = answer(() => write(account, url.pathname, body))
    if (trouble.status && trouble.afterwards) entry.answer = problem(trouble.status, { type: 'api_error' })
    if (body.confirmation_token !== 'ctoken_lost_answer' || known) send(response, entry.answer)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { webhooks } = new Stripe(secretKey)
  return {
    url,
    account,
    behave: (next) => {
      trouble = next
    },
    forgetKeys: () => keys.clear(),
    adapter: (changes = {}) =>
      stripeProvider({
        secretKey,
        publishableKey: 'pk_test_of_the_shop',
        webhookSecrets: [webhookSecret],
        apiUrl: url,
        ...changes,
      }),
    answerChallenge: (clientSecret, approve) => account.answerChallenge(clientSecret, approve),
    signed(event, { at = new Date(), secret = webhookSecret } = {}) {
      const text = event instanceof Uint8Array ? Buffer.from(event).toString() : JSON.stringify(event)
      const timestamp = Math.floor(at.getTime() / 1_000)
      const signature = webhooks.generateTestHeaderString({ payload: text, secret, timestamp })
      return { text, rawBody: Buffer.from(text), headers: { 'stripe-signature': signature } }
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type Answer = { readonly status: number; readonly text: string }

const send = (response: ServerResponse, { status, text }: Answer): void =>
  void response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_test' }).end(text)

const problem = (status: number, error: object): Answer => ({ status, text: JSON.stringify({ error }) })

function answer(work: () => object): Answer {
  try {
    return { status: 200, text: JSON.stringify(work()) }
  } catch (error) {
    if (error instanceof StripeRefusal) return problem(error.status, error.error)
    throw error
  }
}

function write(account: Account, path: string, body: Body): object {
  if (path === '/v1/payment_intents') return account.create(body)
  if (path === '/v1/refunds') return account.refund(body)
  const [, id = '', verb] = /^\/v1\/payment_intents\/(\w+)\/(\w+)$/.exec(path) ?? []
  if (verb === 'capture') return account.capture(id, body)
  if (verb === 'cancel') return account.cancel(id, String(body.cancellation_reason))
  throw new StripeRefusal(404, { type: 'invalid_request_error', message: `no such path ${path}` })
}

function look(account: Account, path: string, body: Body, { searchLag = 0 }: Trouble): object {
  if (path === '/v1/refunds') return newestFirst(account.refundsOf(String(body.payment_intent)), body)
  if (path === '/v1/events') {
    const types = new Set(Object.values(body.types as Body))
    return newestFirst(account.events.filter((event) => types.has(event.type) && isIn(body, event)).reverse(), body)
  }
  const newest = account.all().reverse()
  if (path === '/v1/payment_intents/search') {
    const order = /'([^']+)'$/.exec(String(body.query))?.[1]
    const until = Date.now() - searchLag * 1_000
    return newestFirst(
      newest.filter(({ metadata, madeAt }) => metadata.stoa_order === order && madeAt <= until),
      body,
    )
  }
  if (path === '/v1/payment_intents') {
    return newestFirst(
      newest.filter((intent) => isIn(body, intent)),
      body,
    )
  }
  return account.shown(path.split('/').at(-1) ?? '')
}

function isIn(body: Body, { created }: { readonly created: number }): boolean {
  const { gte, lt } = body.created as { gte: string; lt: string }
  return created >= Number(gte) && created < Number(lt)
}

/** As Stripe lists: the newest first, up to `limit`, after `starting_after`. */
function newestFirst(newest: readonly { readonly id: string }[], body: Body): object {
  const start = newest.findIndex(({ id }) => id === body.starting_after) + 1
  const data = newest.slice(start, start + Number(body.limit))
  return { object: 'list', data, has_more: newest.length > start + data.length }
}
