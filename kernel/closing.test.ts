import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fastify } from 'fastify'
import { closable } from './closing.ts'

const largeBytes = 16 * 1_024 * 1_024

/** A server whose answer has been made, for somebody who has not begun to read it. */
async function answered(t: TestContext, readersHaveMs: number): Promise<{ reader: Socket; close: Promise<void> }> {
  const app = fastify({ forceCloseConnections: 'idle' })
  const made = Promise.withResolvers<void>()
  app.get('/large', async (_, reply) => {
    reply.raw.once('prefinish', made.resolve)
    return Buffer.alloc(largeBytes, 'a')
  })
  const close = closable(app, { readersHaveMs })
  const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
  const reader = connect(port, '127.0.0.1').on('error', () => undefined)
  t.after(() => reader.destroy())
  reader.pause()
  reader.write('GET /large HTTP/1.1\r\nhost: shop\r\n\r\n')
  await made.promise
  return { reader, close: close(0) }
}

test('a stop leaves who was answered the time to read it', async (t) => {
  const { reader, close } = await answered(t, 10_000)
  await pause(300)
  let bytes = 0
  reader.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  reader.resume()
  await once(reader, 'close')
  await close
  assert.ok(bytes > largeBytes, `${bytes} bytes`)
})

test('a stop does not wait for one who does not read', async (t) => {
  const { close } = await answered(t, 200)
  const since = performance.now()
  await close
  assert.ok(performance.now() - since < 2_000)
})
