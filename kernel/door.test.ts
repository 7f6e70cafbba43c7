import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Admission, createAdmission } from './admission.ts'
import { openTestEdge } from './test-edge.ts'

/** A door whose `/slow` answers when it is told to, and whose `/large` is more than a connection holds that nobody reads. */
async function openTestDoor(t: TestContext, options: { readonly readWithinMs?: number } = {}) {
  const admission: Admission = createAdmission()
  const mayAnswer = Promise.withResolvers<void>()
  const sockets: Socket[] = []
  // Before the door, which waits for its connections.
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const url = await openTestEdge(t, {
    ...options,
    admission,
    app: async (app) => {
      app.get('/slow', async () => {
        await mayAnswer.promise
        return 'slow'
      })
      app.get('/quick/:n', async (request) => `quick ${(request.params as { n: string }).n}`)
      app.post('/sent', async (request) => `sent ${JSON.stringify(request.body)}`)
      app.get('/large', async () => Buffer.alloc(16 * 1_024 * 1_024, 'a'))
    },
  })
  const say = (text: string): Socket => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    sockets.push(socket.on('error', () => undefined))
    socket.write(text)
    return socket
  }
  return {
    admission,
    answer: () => mayAnswer.resolve(),
    /** Sends a text on a connection of its own. */
    say,
    /** Sends all requests at once on a connection of its own. */
    ask: (...paths: string[]): Socket =>
      say(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: shop\r\n\r\n`).join('')),
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

test('a connection is ended on which nobody reads', async (t) => {
  const { ask } = await openTestDoor(t, { readWithinMs: 200 })
  const since = performance.now()
  const socket = ask('/large')
  socket.pause()
  // It is seen by who writes: a paused reader hears of nothing.
  while (!socket.destroyed && performance.now() - since < 5_000) {
    await pause(50)
    socket.write('GET /quick/1 HTTP/1.1\r\nhost: shop\r\n\r\n')
  }
  assert.ok(socket.destroyed)
  const idle = ask('/quick/1')
  await once(idle, 'data')
  await pause(500)
  assert.equal(idle.readyState, 'open', 'who has read all is not meant')
})

test('a body is asked for when there is a seat for its request, and not before', async (t) => {
  const { admission, answer, ask, say } = await openTestDoor(t)
  const head =
    'POST /sent HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n'
  const sender = say(head).setEncoding('utf8')
  assert.equal((await once(sender, 'data'))[0], 'HTTP/1.1 100 Continue\r\n\r\n')
  sender.write('{"is": 1}')
  assert.match((await once(sender, 'data'))[0], /^HTTP\/1.1 200 .*sent {"is":1}$/s)

  // More than may browse and wait.
  const others = Array.from({ length: 300 }, () => ask('/slow'))
  const until = performance.now() + 5_000
  while (admission.state().turnedAway.browsing === 0 && performance.now() < until) await pause(5)
  const refused = say(head).setEncoding('utf8')
  assert.match((await once(refused, 'data'))[0], /^HTTP\/1.1 503 /)
  answer()
  for (const other of others) other.destroy()
})
