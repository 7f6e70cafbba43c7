import assert from 'node:assert/strict'
import { test } from 'node:test'
import { currentCall, serviceCall, withCall } from '#kernel/call'
import { createLog } from '#kernel/telemetry'
import { inSpan, readTraceparent, recordWith, type SpanOptions, traceparentOf, wantsTraces } from '#kernel/tracing'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

test('a traceparent is read and written as W3C Trace Context says', () => {
  const header = `00-${traceId}-00f067aa0ba902b7-01`
  const place = readTraceparent(header)
  assert.deepEqual(place, { traceId, span: { id: '00f067aa0ba902b7', sampled: true } })
  assert.equal(traceparentOf(place), header)
  assert.equal(readTraceparent(`00-${traceId}-00f067aa0ba902b7-00`)?.span.sampled, false)
  const malformed = [
    undefined,
    '',
    `ff-${traceId}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${traceId}-00f067aa0ba902b7-01-more`,
    [header],
  ]
  for (const one of malformed) assert.equal(readTraceparent(one), null, String(one))
  assert.equal(traceparentOf({ traceId }), undefined, 'a trace without a span has no parent to name')
})

test('a log line has the trace and the span in which it was written, as the spans themselves have them', async (t) => {
  const lines: string[] = []
  const log = createLog({ level: 'info', redact: ['email'], destination: { write: (line) => lines.push(line) } })
  const started: { name: string; parent: string | undefined }[] = []
  let next = 0
  recordWith({
    start: (name: string, { parent }: SpanOptions) => {
      started.push({ name, parent: parent?.span?.id })
      const span = { id: String(++next).padStart(16, '0'), sampled: true }
      return { traceId: parent?.traceId ?? '', span, set: () => undefined, fail: () => undefined, end: () => undefined }
    },
    close: async () => undefined,
  })
  t.after(() => recordWith(null))
  await withCall(serviceCall('test', { timeoutMs: 1_000, traceId }), async () => {
    log.info({ email: 'ada@example.com' }, 'outside')
    await inSpan('outer', { kind: 'internal' }, () =>
      inSpan('inner', { kind: 'internal' }, async () => log.info('inside')),
    )
    assert.equal(currentCall()?.span, undefined)
  })
  assert.deepEqual(started, [
    { name: 'outer', parent: undefined },
    { name: 'inner', parent: '0000000000000001' },
  ])
  const [outside, inside] = lines.map((line) => JSON.parse(line))
  assert.equal(outside.trace_id, traceId)
  assert.ok(!('span_id' in outside))
  assert.deepEqual([outside.email, lines[0]?.includes('ada@')], ['[redacted]', false])
  assert.deepEqual([inside.trace_id, inside.span_id], [traceId, '0000000000000002'])
})

test('traces are wanted where OpenTelemetry’s variables say where to, and nowhere that there shall be none', () => {
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector:4318'
  assert.equal(wantsTraces({}), false)
  assert.equal(wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT }), true)
  assert.equal(wantsTraces({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }), true)
  assert.equal(wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' }), false)
  assert.equal(wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }), false)
})
