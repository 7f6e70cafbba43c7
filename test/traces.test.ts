import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SMTPServer } from 'smtp-server'
import { type ReceivedSpan, startCollector } from './collector.ts'
import { berlin, eventually, sell } from './goods.ts'
import { shapes, startShop } from './shop.ts'

/** As an operator sets them, for this process and for those that it starts. */
function configure(t: TestContext, variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) {
    process.env[name] = value
    t.after(() => delete process.env[name])
  }
}

async function startMailServer(t: TestContext): Promise<string> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _, done) => void stream.resume().on('end', () => done()),
  })
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.after(() => new Promise<void>((closed) => server.close(() => closed())))
  return `smtp://127.0.0.1:${(listener.address() as AddressInfo).port}`
}

const ofTrace = (spans: readonly ReceivedSpan[], traceId: string) => spans.filter((span) => span.traceId === traceId)

/** Which steps there are, where each runs: what every shape has in common. */
const stepsOf = (spans: readonly ReceivedSpan[]): Set<string> => new Set(spans.map(({ name }) => name))

for (const shape of shapes) {
  test(`${shape}: one trace leads from the browser's request to the mail, without a gap`, async (t) => {
    const collector = await startCollector()
    t.after(collector.stop)
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    }
    configure(t, variables)
    const shop = await startShop(shape, { environment: { ...variables, SMTP_URL: await startMailServer(t) } })
    let stopped = false
    t.after(() => (stopped ? undefined : shop.stop()))
    const { variantId } = await sell(shop, { handle: 'mug', onHand: 3 })
    const lines = [{ variantId, quantity: 1 }]
    const cart = await shop.api('POST', '/api/carts', { lines, email: 'ada@example.com', shippingAddress: berlin })
    assert.equal(cart.status, 201)

    const [traceId, browser] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
    const payment = { provider: 'sandbox', token: 'tok_ok' }
    const checkout = await shop.api(
      'POST',
      `/api/carts/${cart.body.id}/checkout`,
      { payment },
      {
        headers: { traceparent: `00-${traceId}-${browser}-01` },
      },
    )
    assert.equal(checkout.status, 201, JSON.stringify(checkout.body))

    const wanted = [
      'POST /api/carts/:cartId/checkout',
      'orders.checkout',
      'cart.snapshot',
      'inventory.reserve',
      'gathered hold stock',
      'payments.authorize',
      'sandbox authorize',
      'publish order.placed',
      'prepare order.placed',
      'process order.placed',
      'send mail',
      'commit',
    ]
    const missing = () => wanted.filter((name) => !stepsOf(ofTrace(collector.spans, traceId)).has(name))
    await eventually([], async () => missing(), 60_000)
    await shop.stop()
    stopped = true

    const trace = ofTrace(collector.spans, traceId)
    const known = new Set([browser, ...trace.map(({ spanId }) => spanId)])
    const orphans = trace.filter(({ parentSpanId }) => parentSpanId !== '' && !known.has(parentSpanId))
    assert.deepEqual(
      orphans.map(({ name }) => name),
      [],
    )
    const ways = (name: string): string[] =>
      trace.filter((span) => span.name === name).map((span) => wayTo(trace, span))
    for (const way of ways('send mail'))
      assert.match(way, /^POST .* > orders\.checkout > .*publish order\.placed > send mail$/)
    assert.match(ways('sandbox authorize').join(), /orders\.checkout > .*payments\.authorize > .*sandbox authorize/)
    const processes = new Set(trace.map((span) => span.process))
    const everyone = ['cart', 'edge', 'inventory', 'notifications', 'orders', 'payments'].map((name) => `stoa-${name}`)
    if (shape === 'many') for (const name of everyone) assert.ok(processes.has(name), name)
    else assert.deepEqual([...processes], ['stoa'])

    for (const secret of [
      'ada@example.com',
      'Lovelace',
      'Invalidenstra',
      cart.body.id,
      checkout.body.order.token,
      'tok_ok',
    ])
      assert.ok(!collector.text().includes(secret), secret)
  })
}

/** The names of what a span is a part of, from the first on. */
function wayTo(trace: readonly ReceivedSpan[], span: ReceivedSpan): string {
  const above = trace.find(({ spanId }) => spanId === span.parentSpanId)
  return above ? `${wayTo(trace, above)} > ${span.name}` : span.name
}
