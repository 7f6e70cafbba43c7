import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyService } from '#kernel/service'
import { asOwner, startTestHost, type TestHost } from '../test/host.ts'
import { notes, notesServices, readers } from '../test/notes.ts'

async function heard(host: TestHost): Promise<readonly string[]> {
  const outcome = await host.client(readers).heard({})
  assert.ok(outcome.ok)
  return outcome.value.texts
}

for (const shape of ['plain', 'strict'] as const) {
  test(`${shape}: an event takes effect once, however often its handler fails`, async (t) => {
    const { services, knobs } = await notesServices()
    const host = await startTestHost(services, { shape })
    t.after(() => host.stop())
    knobs.failReaders = 3
    const written = await host.client(notes).write({ text: 'hello' })
    assert.ok(written.ok)
    await host.settle()
    assert.deepEqual(await heard(host), ['hello'])
    assert.equal(knobs.deliveries.length, 4)
    const [first] = knobs.deliveries
    assert.deepEqual(
      [first?.type, first?.source, first?.subject, first?.sequence, first?.data],
      ['note.written', 'notes', written.value.id, 1, { noteId: written.value.id, text: 'hello' }],
    )
  })
}

test('a refused transaction tells nobody', async (t) => {
  const { services, knobs } = await notesServices()
  const host = await startTestHost(services)
  t.after(() => host.stop())
  const refused = await host.client(notes).write({ text: 'rude' })
  assert.equal(refused.ok, false)
  await host.settle()
  assert.deepEqual(await heard(host), [])
  assert.equal(knobs.deliveries.length, 0)
})

test('an event delivered twice changes nothing the second time', async (t) => {
  const { services } = await notesServices()
  const host = await startTestHost(services)
  t.after(() => host.stop())
  await host.client(notes).write({ text: 'again' })
  await host.settle()
  await asOwner(host, 'update notes.outbox_deliveries set delivered_at = null, next_attempt_at = now()')
  await host.settle()
  assert.deepEqual(await heard(host), ['again'])
})

test('a poison message ends among the dead letters, and others pass it', async (t) => {
  const { services } = await notesServices()
  const host = await startTestHost(services)
  t.after(() => host.stop())
  await host.client(notes).write({ text: 'poison' })
  await host.client(notes).write({ text: 'bread' })
  const deadline = Date.now() + 10_000
  while (!(await heard(host)).includes('bread') && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20))
  await asOwner(
    host,
    'update notes.outbox_deliveries set failures = 19, next_attempt_at = now() where delivered_at is null',
  )
  await host.settle()
  assert.deepEqual(await heard(host), ['bread'])
  const letters = await asOwner(host, 'select subscriber, last_error from notes.dead_letters')
  assert.deepEqual(letters, [{ subscriber: 'readers', last_error: 'cannot swallow this' }])
})

test('events that arrive together take effect in one transaction, and one that cannot be handled holds up no other', async (t) => {
  const { services, knobs } = await notesServices()
  const host = await startTestHost(services)
  t.after(() => host.stop())
  for (const text of ['a', 'b', 'c', 'd']) await host.client(notes).write({ text })
  await host.settle()
  const again = async (where: string) => {
    await asOwner(host, `delete from readers.heard; delete from readers.inbox`)
    await asOwner(host, `update notes.outbox set data = jsonb_set(data, '{text}', '"poison"') where ${where}`)
    await asOwner(host, 'update notes.outbox_deliveries set delivered_at = null, attempts = 0, next_attempt_at = now()')
    knobs.deliveries.length = 0
    const deadline = Date.now() + 10_000
    while ((await waiting(host)) > 1 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
    const rows = await asOwner<{ at: string; texts: string[] }>(
      host,
      'select xmin::text as at, array_agg(text order by text) as texts from readers.heard group by xmin::text order by min(n)',
    )
    return rows.map(({ texts }) => texts)
  }
  assert.deepEqual(await again('false'), [['a', 'b', 'c', 'd']])
  assert.deepEqual(await again(`data ->> 'text' = 'b'`), [['a'], ['c'], ['d']])
})

const waiting = async (host: TestHost): Promise<number> => {
  const sql = 'select count(*)::int as waiting from notes.outbox_deliveries where delivered_at is null and attempts < 2'
  return (await asOwner<{ waiting: number }>(host, sql))[0]?.waiting ?? 0
}

test('a service whose subscriptions are not what its contract says does not start', async () => {
  const { services } = await notesServices()
  const deaf = services.map((one) =>
    one.contract.name === 'readers'
      ? {
          ...one,
          start: async (host: Parameters<AnyService['start']>[0]) => ({
            ...(await one.start(host)),
            subscriptions: [],
          }),
        }
      : one,
  )
  await assert.rejects(startTestHost(deaf), /readers subscribes to \[note\.written\] but handles \[\]/)
})
