import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { startTestHost, type TestHost } from '../test/host.ts'
import { noNats, startNats, type TestNats } from '../test/nats.ts'
import { notes, notesServices, readers } from '../test/notes.ts'

const skip = noNats

type Pair = { readonly writer: TestHost; readonly reader: TestHost; readonly nats: TestNats; readonly knobs: Awaited<ReturnType<typeof notesServices>>['knobs'] }

/** A process that writes and one that reads, and NATS between them. */
async function startPair(t: TestContext): Promise<Pair> {
  const nats = await startNats()
  const { services, knobs } = await notesServices()
  const writer = await startTestHost(services, { hosted: ['notes'], nats: nats.options })
  const reader = await startTestHost(services, { hosted: ['readers'], nats: nats.options, beside: writer })
  t.after(async () => {
    await reader.stop()
    await writer.stop()
    await nats.stop()
  })
  return { writer, reader, nats, knobs }
}

async function heard(host: TestHost): Promise<readonly string[]> {
  const outcome = await host.client(readers).heard({})
  assert.ok(outcome.ok)
  return outcome.value.texts
}

test('an event travels by the stream, takes effect once, and is marked when its effect has committed', { skip }, async (t) => {
  const { writer, reader, knobs } = await startPair(t)
  const written = await writer.client(notes).write({ text: 'hello' })
  assert.ok(written.ok)
  await writer.settle()
  assert.deepEqual(await heard(reader), ['hello'])
  assert.equal(knobs.deliveries.length, 1)
})
