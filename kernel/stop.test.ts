import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { startTestHost } from '../test/host.ts'
import { notesServices } from '../test/notes.ts'

test('while it stops, a host answers those whose connections are open, and sends them elsewhere', async (t) => {
  const { services } = await notesServices()
  const host = await startTestHost(services, { edge: true, drainMs: 1_000 })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const ask = async (): Promise<{ status: number | undefined; connection: string | undefined }> => {
    const [answer] = (await once(get(`${host.url}/api/notes`, { agent }), 'response')) as [IncomingMessage]
    await Array.fromAsync(answer)
    return { status: answer.statusCode, connection: answer.headers.connection }
  }
  assert.deepEqual(await ask(), { status: 200, connection: 'keep-alive' })
  const since = performance.now()
  const stopped = host.stop()
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.deepEqual(await ask(), { status: 200, connection: 'close' })
  await stopped
  assert.ok(performance.now() - since < 900, 'nobody was left to wait for')
  await assert.rejects(ask(), { code: 'ECONNREFUSED' })
})
