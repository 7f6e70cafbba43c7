import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Admission, createAdmission } from './admission.ts'
import { openTestEdge } from './test-edge.ts'

/** A door whose `/slow` answers when it is told to, and whose `/large` is more than a connection holds that nobody reads. */
async function openTestDoor(t: TestContext) {
  const admission: Admission = createAdmission()
  const mayAnswer = Promise.withResolvers<void>()
  const sockets: Socket[] = []
  // Before the door, which waits for its connections.
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const url = await openTestEdge(t, {
    admission,
    app: async (app) => {
      app.get('/slow', async () => {
        await mayAnswer.promise
        return 'slow'
      })
      app.get('/quick/:n', async (request) => `quick ${(request.params as { n: string }).n}`)
      app.get('/large', async () => Buffer.alloc(16 * 1_024 * 1_024, 'a'))
    },
  })
  return {
    admission,
    answer: () => mayAnswer.resolve(),
    /** Sends all requests at once on a connection of its own. */
    ask(...paths: string[]): Socket {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      sockets.push(socket.on('error', () => undefined))
      socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: shop\r\n\r\n`).join(''))
      return socket
    },
  }
}

const isRunning = async (admission: Admission, running: number): Promise<void> => {
  const until = performance.now() + 5_000
  while (admission.state().running !== running && performance.now() < until) await pause(5)
  assert.equal(admission.state().running, running)
}

test('requests that come on one connection without waiting have one seat, and are answered in their order', async (t) => {
  const { admission, answer, ask } = await openTestDoor(t)
  const paths = Array.from({ length: 12 }, (_, n) => `/quick/${n}`)
  const socket = ask('/slow', ...paths)
  let said = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await isRunning(admission, 1)
  await pause(50)
  assert.equal(admission.state().running, 1)
  answer()
  const until = performance.now() + 5_000
  while (!said.includes('quick 11') && performance.now() < until) await pause(5)
  assert.deepEqual(said.match(/(?:slow|quick \d+)(?=HTTP|$)/g), ['slow', ...paths.map((_, n) => `quick ${n}`)])
  await isRunning(admission, 0)
})

test('a connection on which more wait than any browser asks for is ended', async (t) => {
  const { admission, answer, ask } = await openTestDoor(t)
  const socket = ask('/slow', ...Array.from({ length: 17 }, (_, n) => `/quick/${n}`))
  socket.resume()
  await once(socket, 'close')
  answer()
  await isRunning(admission, 0)
})

test('who does not read an answer keeps no seat', async (t) => {
  const { admission, answer, ask } = await openTestDoor(t)
  const socket = ask('/slow', '/large', '/quick/1')
  socket.pause()
  await isRunning(admission, 1)
  answer()
  await isRunning(admission, 0)
  await pause(100)
  assert.equal(admission.state().running, 0)
  assert.equal(socket.destroyed, false)
})
