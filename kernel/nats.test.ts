import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, nkeys } from '@nats-io/transport-node'
import type { NatsOptions } from '#kernel/nats-connection'
import { examineNats } from '#kernel/nats-stream'
import { tokenSigner } from '#kernel/service-token'
import { asOwner, startTestHost, type TestHost } from '../test/host.ts'
import { natsOptions, noNats, startNats, type TestNats } from '../test/nats.ts'
import { type Knobs, notes, notesServices, readers } from '../test/notes.ts'

// A process that writes and one that reads, a real NATS server between them, and all that may happen to it.

const skip = noNats
const withinMs = 90_000

type Pair = { readonly writer: TestHost; readonly nats: TestNats; startReader(): Promise<[TestHost, Knobs]> }

async function startWriter(t: TestContext, nats?: TestNats): Promise<Pair> {
  const broker = nats ?? (await startNats())
  const { services } = await notesServices()
  const writer = await startTestHost(services, { hosted: ['notes'], nats: broker.options })
  const readersHosts: TestHost[] = []
  t.after(async () => {
    await Promise.all(readersHosts.map((one) => one.stop()))
    await writer.stop()
    await broker.stop()
  })
  return {
    writer,
    nats: broker,
    async startReader() {
      const { services, knobs } = await notesServices()
      const reader = await startTestHost(services, { hosted: ['readers'], nats: broker.options, beside: writer })
      readersHosts.push(reader)
      return [reader, knobs]
    },
  }
}

async function startPair(t: TestContext) {
  const pair = await startWriter(t)
  const [reader, knobs] = await pair.startReader()
  return { ...pair, reader, knobs }
}

async function write(host: TestHost, texts: readonly string[]): Promise<void> {
  for (const text of texts) assert.ok((await host.client(notes).write({ text })).ok)
}

async function heard(host: TestHost): Promise<readonly string[]> {
  const outcome = await host.client(readers).heard({})
  assert.ok(outcome.ok)
  return outcome.value.texts.toSorted()
}

async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + withinMs; Date.now() < until; await pause(50)) if (await isSo()) return
  assert.fail(`${what} within ${withinMs} ms`)
}

const open = async (host: TestHost): Promise<number> => {
  const sql = 'select count(*)::int as open from notes.outbox_deliveries where delivered_at is null'
  return (await asOwner<{ open: number }>(host, sql))[0]?.open ?? -1
}

/** Looks into the broker as its operator does. */
async function asOperator<R>(
  nats: TestNats,
  work: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<R>,
): Promise<R> {
  const connection = await connect({ servers: nats.url.replace('nats://', '') })
  try {
    return await work(await jetstreamManager(connection))
  } finally {
    await connection.close()
  }
}

const named = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `note ${String(from + index).padStart(4, '0')}`)

test('an event travels by the stream, takes effect once, and is marked when its effect has committed', {
  skip,
}, async (t) => {
  const { writer, reader, nats, knobs } = await startPair(t)
  await write(writer, named(0, 250))
  await writer.settle()
  assert.deepEqual(await heard(reader), named(0, 250))
  assert.equal(knobs.deliveries.length, 250)
  const [first] = knobs.deliveries
  assert.deepEqual([first?.type, first?.source, first?.sequence], ['note.written', 'notes', 1])
  const stream = await asOperator(nats, (manager) => manager.streams.info('stoa-events'))
  assert.deepEqual(stream.config.subjects, ['stoa.events.*'])
  await eventually('the stream is empty', async () =>
    asOperator(nats, async (manager) => (await manager.streams.info('stoa-events')).state.messages === 0),
  )
})

test('what comes again changes nothing', { skip }, async (t) => {
  const { writer, reader } = await startPair(t)
  await write(writer, named(0, 30))
  await writer.settle()
  for (let round = 0; round < 3; round++) {
    await asOwner(writer, 'update notes.outbox_deliveries set delivered_at = null, next_attempt_at = now()')
    await writer.settle()
  }
  assert.deepEqual(await heard(reader), named(0, 30))
})

test('a stream that is deleted in use loses nothing, and is made again', { skip }, async (t) => {
  const { writer, reader, nats } = await startPair(t)
  const writing = write(writer, named(0, 400))
  for (let round = 0; round < 4; round++) {
    await pause(150)
    await asOperator(nats, (manager) => manager.streams.delete('stoa-events')).catch(() => undefined)
  }
  await writing
  await writer.settle()
  assert.deepEqual(await heard(reader), named(0, 400))
})

test('a broker that is killed and loses its folder loses nothing: what lay in it is sent again', {
  skip,
}, async (t) => {
  const { writer, nats, startReader } = await startWriter(t)
  // Taken by the broker, acknowledged, and with nobody there to read it.
  await write(writer, named(0, 120))
  await eventually('the broker has them', async () => {
    const sent = 'select count(*)::int as sent from notes.outbox_deliveries where attempts > 0'
    return (await asOwner<{ sent: number }>(writer, sent))[0]?.sent === 120
  })
  await nats.kill()
  await nats.wipe()
  await write(writer, named(120, 150))
  await nats.start()
  const [reader] = await startReader()
  await write(writer, named(150, 160))
  await writer.settle()
  assert.deepEqual(await heard(reader), named(0, 160))
})

test('while the broker stands still, writing goes on and health says so; then all arrives', { skip }, async (t) => {
  const { writer, reader, nats } = await startPair(t)
  await write(writer, ['before'])
  await writer.settle()
  nats.signal('SIGSTOP')
  try {
    await write(writer, named(0, 60))
    await eventually('the trouble is seen', async () => (await brokerState(writer)).state !== 'closed')
    const { fallback, lastError } = await brokerState(writer)
    assert.match(fallback, /outboxes/)
    assert.ok(lastError)
    assert.equal(await open(writer), 60)
    assert.deepEqual(await heard(reader), ['before'])
  } finally {
    nats.signal('SIGCONT')
  }
  await writer.settle()
  assert.deepEqual(await heard(reader), ['before', ...named(0, 60)])
  await eventually('it is well again', async () => (await brokerState(writer)).state === 'closed')
})

async function brokerState(host: TestHost): Promise<{ state: string; lastError: string | null; fallback: string }> {
  const token = await tokenSigner('test-secret-of-32-characters-or-so-service-token', 'test').for('notes')
  const answer = await fetch(`http://127.0.0.1:${host.internalPort}/health/process`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const { dependencies } = (await answer.json()) as {
    dependencies: { kind: string; state: string; lastError: string | null; fallback: string }[]
  }
  return dependencies.find(({ kind }) => kind === 'broker') ?? assert.fail('no broker among the dependencies')
}

test('a shop starts without its broker, and its events leave when that comes', { skip }, async (t) => {
  const nats = await startNats()
  await nats.kill()
  const { writer, startReader } = await startWriter(t, nats)
  const [reader] = await startReader()
  await write(writer, named(0, 5))
  assert.equal(await open(writer), 5)
  await nats.start()
  await writer.settle()
  assert.deepEqual(await heard(reader), named(0, 5))
})

test('a subscriber that is away for long finds everything, and nothing was given up meanwhile', { skip }, async (t) => {
  const { writer, startReader } = await startWriter(t)
  await write(writer, named(0, 12))
  // A day of it: sent again and again, and never answered.
  for (let turn = 0; turn < 25; turn++)
    await asOwner(writer, 'update notes.outbox_deliveries set attempts = attempts + 1, next_attempt_at = now()')
  await eventually('it was sent again', async () => {
    const waiting = `select count(*)::int as n from notes.outbox_deliveries where last_error = 'readers has not confirmed it yet'`
    return (await asOwner<{ n: number }>(writer, waiting))[0]?.n === 12
  })
  assert.deepEqual(await asOwner(writer, 'select 1 from notes.dead_letters'), [])
  const [reader] = await startReader()
  await writer.settle()
  assert.deepEqual(await heard(reader), named(0, 12))
})

test('copies of a subscriber share the work', { skip }, async (t) => {
  const { writer, startReader } = await startWriter(t)
  const [one, seenByOne] = await startReader()
  const [, seenByOther] = await startReader()
  // One after the other, so that each is a batch of its own.
  for (const text of named(0, 100)) {
    await write(writer, [text])
    await writer.settle()
  }
  assert.deepEqual(await heard(one), named(0, 100))
  for (const { deliveries } of [seenByOne, seenByOther])
    assert.ok(deliveries.length >= 10, `one of the copies had ${deliveries.length} of 100`)
})

test('what is not what it is declared to be is given up at once, with the reason, and the rest of its batch goes on', {
  skip,
}, async (t) => {
  const { writer, nats, startReader } = await startWriter(t)
  await nats.kill()
  await write(writer, ['first', 'faulty', 'poison', 'last'])
  await asOwner(writer, `update notes.outbox set data = '{"noteId": 7}' where data ->> 'text' = 'faulty'`)
  await nats.start()
  const [reader] = await startReader()
  await eventually('the rest is heard', async () => (await heard(reader)).length === 2)
  await asOwner(
    writer,
    'update notes.outbox_deliveries set failures = 19, next_attempt_at = now() where delivered_at is null',
  )
  await writer.settle()
  assert.deepEqual(await heard(reader), ['first', 'last'])
  const letters = await asOwner(writer, 'select last_error from notes.dead_letters order by died_at')
  assert.deepEqual(letters, [
    { last_error: 'It is not what note.written is declared to be: text is required; noteId must be a text.' },
    { last_error: 'cannot swallow this' },
  ])
})

test('a message that this shop has not signed is nobody’s event', { skip }, async (t) => {
  const { writer, reader, nats } = await startPair(t)
  await write(writer, ['ours'])
  await writer.settle()
  const connection = await connect({ servers: nats.url.replace('nats://', '') })
  const event = { id: '00000000-0000-7000-8000-000000000000', type: 'note.written', source: 'notes', subject: 'note_1' }
  const forged = {
    publisher: 'notes',
    deliveries: [{ event: { ...event, data: { noteId: '1', text: 'theirs' } }, attempts: 1 }],
  }
  await connection.request('stoa.events.readers', JSON.stringify(forged), { timeout: 5_000 })
  await connection.close()
  await write(writer, ['ours too'])
  await writer.settle()
  assert.deepEqual(await heard(reader), ['ours', 'ours too'])
})

test('two shops may share a broker', { skip }, async (t) => {
  const { writer, reader, nats } = await startPair(t)
  const { services } = await notesServices()
  const other = await startTestHost(services, {
    hosted: ['readers'],
    nats: { ...nats.options, prefix: 'other' },
  })
  t.after(() => other.stop())
  await write(writer, named(0, 20))
  await writer.settle()
  assert.deepEqual(await heard(reader), named(0, 20))
  assert.deepEqual(await heard(other), [])
})

const seedOf = (user: nkeys.KeyPair): string => Buffer.from(user.getSeed()).toString()

test('a look at the broker says what it is and what it holds, or why it cannot be used', { skip }, async (t) => {
  const broker = await startNats()
  assert.match(
    await examineNats(broker.options),
    /^127\.0\.0\.1:\d+, version 2\.[\d.]+; the first start makes the stream$/,
  )
  const { writer } = await startWriter(t, broker)
  await write(writer, ['for a reader that is away'])
  const deadline = Date.now() + withinMs
  let said = ''
  while (!said.includes('1 messages') && Date.now() < deadline) {
    said = await examineNats(broker.options)
    await pause(50)
  }
  assert.match(said, /; 1 messages under way, in one copy$/)
  await broker.kill()
  await assert.rejects(examineNats(broker.options), /connection refused/)
})

test('whoever NATS wants to see: user and password, token, nkey, and TLS with a certificate', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-nats-who-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const user = nkeys.createUser()
  const users = await file('nkey.conf', `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`)
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const san = 'subjectAltName=IP:127.0.0.1'
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', san, '-keyout', key, '-out', cert],
  ])
  assert.equal(made.status, 0, `openssl: ${made.stderr}`)
  const asked: [string[], (address: string) => NatsOptions][] = [
    [['--user', 'shop', '--pass', 'pa:ss@1'], (at) => natsOptions(`nats://shop:pa%3Ass%401@${at}`)],
    [['--user', 'shop', '--pass', 'word'], (at) => natsOptions(`nats://${at}`, { user: 'shop', password: 'word' })],
    [['--auth', 'a-token'], (at) => natsOptions(`nats://a-token@${at}`)],
    [['-c', users], (at) => natsOptions(`nats://${at}`, { nkey: join(folder, 'seed') })],
    [
      ['--tlsverify', '--tlscert', cert, '--tlskey', key, '--tlscacert', cert],
      (at) => natsOptions(`tls://${at}`, { authority: cert, certificate: cert, key }),
    ],
  ]
  await file('seed', `${seedOf(user)}\n`)
  const { services } = await notesServices()
  for (const [parameters, optionsAt] of asked) {
    const nats = await startNats(parameters)
    const address = nats.url.replace('nats://', '')
    const stranger = await startTestHost(services, { hosted: ['notes'], nats: natsOptions(`nats://${address}`) })
    const writer = await startTestHost(services, { hosted: ['notes'], nats: optionsAt(address) })
    const reader = await startTestHost(services, { hosted: ['readers'], nats: optionsAt(address), beside: writer })
    try {
      await write(writer, ['hello'])
      await writer.settle()
      assert.deepEqual(await heard(reader), ['hello'], parameters.join(' '))
      await eventually('a stranger is refused', async () => (await brokerState(stranger)).state !== 'closed')
    } finally {
      for (const one of [stranger, reader, writer, nats]) await one.stop()
    }
  }
})
