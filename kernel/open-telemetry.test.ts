import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { openTelemetry } from '#kernel/open-telemetry'
import { createLog } from '#kernel/telemetry'
import { startCollector } from '../test/collector.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = (sampled: boolean) => ({ traceId, span: { id: '00f067aa0ba902b7', sampled } })

/** The exporter reads the process' own variables. */
async function open(
  t: TestContext,
  url: string,
  variables: Record<string, string> = {},
  onLog?: (line: string) => void,
) {
  const all = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', ...variables }
  for (const [name, value] of Object.entries(all)) process.env[name] = value
  t.after(() => {
    for (const name of Object.keys(all)) delete process.env[name]
  })
  const log = createLog({ level: 'warn', redact: [], destination: { write: (line) => onLog?.(line) } })
  return openTelemetry({ variables: all, serviceName: 'stoa-test', version: '1.2.3', log })
}

test('a ratio of traces is recorded, and whole: what belongs to one that is recorded is, whatever the ratio', async (t) => {
  const collector = await startCollector()
  t.after(collector.stop)
  const tracer = await open(t, collector.url, {
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=renamed',
  })
  const unseen = tracer.start('own', { kind: 'server', parent: { traceId } })
  assert.deepEqual([unseen.traceId, unseen.span.sampled], [traceId, false])
  unseen.end()
  tracer.start('left out', { kind: 'server', parent: span(false) }).end()
  const seen = tracer.start('asked for', { kind: 'client', parent: span(true), attributes: { 'stoa.batch.size': 3 } })
  seen.fail('payments/declined')
  seen.end()
  await tracer.close()
  assert.deepEqual(
    collector.spans.map(({ name, parentSpanId, kind, attributes, process }) => ({
      name,
      parentSpanId,
      kind,
      attributes,
      process,
    })),
    [
      {
        name: 'asked for',
        parentSpanId: '00f067aa0ba902b7',
        kind: 3,
        attributes: { 'stoa.batch.size': 3, 'error.type': 'payments/declined' },
        process: 'renamed',
      },
    ],
  )
})

test('a trace that begins here has the id that its call has already', async (t) => {
  const collector = await startCollector()
  t.after(collector.stop)
  const tracer = await open(t, collector.url)
  tracer.start('first', { kind: 'server', parent: { traceId }, links: [span(true)] }).end()
  await tracer.close()
  const [first] = collector.spans
  assert.deepEqual([first?.traceId, first?.parentSpanId, first?.process], [traceId, '', 'stoa-test'])
  assert.deepEqual(
    first?.links.map((link) => link.spanId),
    ['00f067aa0ba902b7'],
  )
})

test('a collector that does not answer holds up no stop, and is complained about once', async (t) => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const tracer = await open(t, `http://127.0.0.1:${port}`)
  tracer.start('never told', { kind: 'server', parent: { traceId } }).end()
  const since = performance.now()
  await tracer.close()
  const tookMs = performance.now() - since
  assert.ok(tookMs > 2_500 && tookMs < 20_000, `${tookMs} ms`)

  const lines: string[] = []
  const nobody = await open(t, 'http://127.0.0.1:1', { OTEL_EXPORTER_OTLP_TIMEOUT: '200' }, (line) => lines.push(line))
  for (const name of ['one', 'two']) nobody.start(name, { kind: 'server', parent: { traceId } }).end()
  await nobody.close()
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).msg),
    ['traces cannot be sent'],
  )
})

test('variables that cannot be meant are refused in a line', async (t) => {
  const faults: [Record<string, string>, RegExp][] = [
    [{ OTEL_TRACES_SAMPLER: 'sometimes' }, /OTEL_TRACES_SAMPLER is "sometimes"/],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '10%' }, /OTEL_TRACES_SAMPLER_ARG is "10%"/],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"/],
    [{ OTEL_BSP_MAX_QUEUE_SIZE: 'many' }, /OTEL_BSP_MAX_QUEUE_SIZE is "many"/],
  ]
  for (const [variables, message] of faults) await assert.rejects(open(t, 'http://127.0.0.1:1', variables), { message })
})
