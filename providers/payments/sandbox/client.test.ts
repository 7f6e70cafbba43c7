import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { openClient } from './client.ts'

const servers: { close(): void }[] = []
after(() => {
  for (const server of servers) server.close()
})

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const clientOf = (url: string, timeoutMs = 5_000) => openClient({ url, secretKey: 'sk_test', timeoutMs })
const causeOf = async (client: ReturnType<typeof openClient>) => {
  const reply = await client.post('/v1/payments', { amount: 1 }, { key: 'k' })
  return reply.outcome === 'unknown' ? reply.cause : reply.outcome
}

test('a redirect is not followed: the key and the body go to no other address', async () => {
  let heard = 0
  const elsewhere = await listen((_, response) => {
    heard += 1
    response.end('{}')
  })
  const redirecting = await listen((_, response) => {
    response.writeHead(307, { location: elsewhere }).end()
  })
  assert.equal(await causeOf(clientOf(redirecting)), 'unreadable-answer')
  assert.equal(heard, 0)
})

test('whatever the network does is an unknown outcome with its cause', async () => {
  const closing = await listen((request) => void request.socket.destroy())
  assert.equal(await causeOf(clientOf(closing)), 'connection')
  assert.equal(await causeOf(clientOf('http://127.0.0.1:1')), 'connection')
  const silent = await listen(() => undefined)
  assert.equal(await causeOf(clientOf(silent, 100)), 'timeout')
  const gone = AbortSignal.abort()
  const reply = await clientOf(silent).get('/v1/payments/x', { signal: gone })
  assert.deepEqual([reply.outcome, 'cause' in reply && reply.cause], ['unknown', 'timeout'])
})
