import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as reserve } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import Stripe from 'stripe'
import { money } from '#kernel/money'
import type { PaymentProvider } from '../port.ts'
import { stripeProvider } from './adapter.ts'
import { apiVersion } from './client.ts'

/**
 * Stripe's own stand-in (https://github.com/stripe/stripe-mock) knows no life of a payment, but checks each request against the
 * description of the API: a parameter that Stripe does not know, or a value that it does not take, is refused. Its answers are
 * samples, and have the shape of real ones.
 */
const program = ['stripe-mock', join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin', 'stripe-mock')].find(
  (one) => spawnSync(one, ['-version']).status === 0,
)
if (!program && process.env.STOA_REQUIRE_PEERS === '1')
  throw new Error('stripe-mock is not installed: go install github.com/stripe/stripe-mock@v0.203.0')
const skip = !program && 'stripe-mock is not installed (go install github.com/stripe/stripe-mock@v0.203.0)'

type Seen = { readonly request: string; readonly status: number; readonly body: string; readonly version: string }

describe('what the adapter sends, judged by stripe-mock', { skip }, () => {
  let mock: ChildProcess
  let between: Server
  let provider: PaymentProvider
  let url: string
  const seen: Seen[] = []
  before(async () => {
    const port = await freePort()
    // It opens a second port for TLS in any case, which must not be that of another run.
    const addresses = ['-http-addr', `127.0.0.1:${port}`, '-https-addr', `127.0.0.1:${await freePort()}`]
    mock = spawn(program ?? '', addresses, { stdio: 'ignore' })
    await untilAnswers(`http://127.0.0.1:${port}/`)
    between = await listenBetween(`http://127.0.0.1:${port}`, seen)
    url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`
    provider = stripeProvider({
      secretKey: 'sk_test_123',
      publishableKey: 'pk_test_123',
      webhookSecrets: ['whsec_test'],
      apiUrl: url,
    })
  })
  after(async () => {
    between?.close()
    mock?.kill()
  })

  /** Every request that `work` sends, all of them accepted. */
  const accepted = async (work: () => Promise<unknown>): Promise<string[]> => {
    seen.length = 0
    await work()
    for (const { request, status, body, version } of seen) {
      assert.equal(status, 200, `${request}: ${body}`)
      assert.equal(version, apiVersion)
    }
    return seen.map(({ request }) => request)
  }
  const id = 'pi_123'
  const eur = (amount: number) => money(amount, 'EUR')

  test('the mock refuses what Stripe does not know', async () => {
    const answer = await fetch(`${url}/v1/payment_intents`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_123', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'amount=100&currency=eur&capture_methods=manual',
    })
    assert.equal(answer.status, 400)
  })

  for (const captureNow of [true, false]) {
    test(`authorize, with ${captureNow ? 'automatic' : 'manual'} capture`, async () => {
      const requests = await accepted(async () => {
        const result = await provider.authorize({
          orderId: 'order_1',
          attemptKey: 'order_1-1',
          amount: eur(4_900),
          token: 'ctoken_123',
          captureNow,
          returnUrl: 'https://shop.example/orders/order_1?token=x',
        })
        assert.notEqual(result.outcome === 'unknown' && result.detail, 'The answer is no PaymentIntent.')
      })
      assert.equal(requests[0], 'POST /v1/payment_intents')
    })
  }

  test('retrieve and find read the answers', async () => {
    const requests = await accepted(async () => {
      assert.equal((await provider.retrieve({ providerPaymentId: id })).outcome, 'found')
      assert.equal((await provider.find({ orderId: "order_'1" })).outcome, 'found')
    })
    assert.equal(requests[0], `GET /v1/payment_intents/${id}`)
    assert.ok(requests.includes('GET /v1/payment_intents/search'))
  })

  test('list', async () => {
    assert.deepEqual(
      await accepted(async () => {
        const page = await provider.list({ since: new Date(Date.now() - 60_000).toISOString() })
        assert.equal(page.outcome, 'listed')
      }),
      ['GET /v1/payment_intents'],
    )
  })

  test('events', async () => {
    assert.deepEqual(
      await accepted(async () => {
        const page = await provider.events?.({ since: new Date(Date.now() - 60_000).toISOString() })
        assert.equal(page?.outcome, 'listed')
      }),
      ['GET /v1/events'],
    )
  })

  test('capture, void and refund', async () => {
    const currency = await currencyOf(provider, id)
    const requests = await accepted(async () => {
      await provider.capture({ providerPaymentId: id, amount: money(50, currency), key: 'capture_1' })
      await provider.void({ providerPaymentId: id, key: 'void_1' })
      await provider.refund({ providerPaymentId: id, amount: money(50, currency), key: 'refund_1' })
    })
    const writes = requests.filter((request) => request.startsWith('POST'))
    assert.deepEqual(writes, [
      `POST /v1/payment_intents/${id}/capture`,
      `POST /v1/payment_intents/${id}/cancel`,
      'POST /v1/refunds',
    ])
  })

  test('abandon', async () => {
    const requests = await accepted(() => provider.abandon({ orderId: 'order_1', attemptKey: 'order_1-1' }))
    assert.equal(requests[0], 'POST /v1/payment_intents')
    assert.match(requests[1] ?? '', /^POST \/v1\/payment_intents\/pi_\w+\/cancel$/)
  })
})

test('the pinned version of the API is the one that the SDK describes', () => {
  assert.equal(Stripe.API_VERSION, apiVersion)
})

async function currencyOf(provider: PaymentProvider, providerPaymentId: string): Promise<string> {
  const found = await provider.retrieve({ providerPaymentId })
  return found.outcome === 'found' ? found.payment.amount.currency : assert.fail(JSON.stringify(found))
}

async function freePort(): Promise<number> {
  const server = reserve().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Longer than a program of 30 MB takes to start on a busy machine. */
const startsWithinMs = 20_000

async function untilAnswers(address: string): Promise<void> {
  for (const deadline = Date.now() + startsWithinMs; Date.now() < deadline; await pause(50)) {
    if (
      await fetch(address).then(
        () => true,
        () => false,
      )
    )
      return
  }
  throw new Error(`${address} does not answer`)
}

/** Stands between the adapter and the mock, and notes what goes by. */
async function listenBetween(target: string, seen: Seen[]): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const path = request.url ?? '/'
    const answer = await fetch(target + path, {
      method: request.method ?? 'GET',
      headers: Object.fromEntries(
        Object.entries(request.headers).filter(
          (one): one is [string, string] =>
            typeof one[1] === 'string' && !/^(host|connection|content-length|transfer-encoding)$/.test(one[0]),
        ),
      ),
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    })
    const body = await answer.text()
    seen.push({
      request: `${request.method} ${path.split('?')[0]}`,
      status: answer.status,
      body,
      version: String(request.headers['stripe-version']),
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
