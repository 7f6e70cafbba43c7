import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openLink } from './link.ts'

const ends: (() => unknown)[] = []
after(() => Promise.all(ends.map((end) => end())))

/** Answers each message with its name and the message. */
async function echo(name: string): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (message) => socket.write(`${name}:${message}`))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return (server.address() as AddressInfo).port
}

async function linkTo(...ports: number[]) {
  const link = await openLink(() => ports)
  ends.push(link.close)
  return link
}

/** A connection that says what came over it, and how it ended. */
async function dial(port: number) {
  const socket = connect(port, '127.0.0.1')
  let said = ''
  let ended: string | null = null
  socket.on('data', (chunk) => {
    said += chunk
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ended = error.code ?? 'error'
  })
  socket.on('close', () => {
    ended ??= 'closed'
  })
  ends.push(() => socket.destroy())
  await once(socket, 'connect').catch(() => undefined) // Reset at once, by a link that refuses.
  return {
    async ask(message: string, withinMs = 100): Promise<string> {
      said = ''
      socket.write(message)
      for (const until = Date.now() + withinMs; said === '' && ended === null && Date.now() < until; ) await pause(5)
      return ended ?? said
    },
    heard: async () => {
      await pause(100)
      return said
    },
  }
}

test('connections go in turn to those who take them', async () => {
  const closed = await echo('gone')
  const link = await linkTo(await echo('a'), await echo('b'))
  const answers = [await (await dial(link.port)).ask('1'), await (await dial(link.port)).ask('2')]
  assert.deepEqual(answers.sort(), ['a:1', 'b:2'])
  const broken = await linkTo(1, closed)
  assert.equal(await (await dial(broken.port)).ask('3'), 'gone:3')
})

test('what is held arrives when it is over', async () => {
  const link = await linkTo(await echo('a'))
  const caller = await dial(link.port)
  assert.equal(await caller.ask('1'), 'a:1')
  link.set('hold')
  assert.equal(await caller.ask('2'), '')
  link.set('pass')
  assert.equal(await caller.heard(), 'a:2')
})

test('what is lost stays dead, and only new connections live', async () => {
  const link = await linkTo(await echo('a'))
  const caller = await dial(link.port)
  await caller.ask('1')
  link.set('lost')
  assert.equal(await caller.ask('2'), '')
  link.set('pass')
  assert.equal(await caller.ask('3'), '')
  assert.equal(await (await dial(link.port)).ask('4'), 'a:4')
})

test('what is refused is reset, at once and as long as it lasts', async () => {
  const link = await linkTo(await echo('a'))
  const caller = await dial(link.port)
  await caller.ask('1')
  link.set('refuse')
  assert.equal(await caller.ask('2'), 'ECONNRESET')
  const next = await dial(link.port)
  assert.equal(await next.ask('3'), 'ECONNRESET')
  link.set('pass')
  assert.equal(await (await dial(link.port)).ask('4'), 'a:4')
})

test('some answers are cut off in the middle', async () => {
  const link = await linkTo(await echo('a'))
  link.set('cut-answers')
  const answers: string[] = []
  for (let count = 0; count < 24; count++) answers.push(await (await dial(link.port)).ask('12345678'))
  assert.equal(answers.filter((answer) => answer !== 'a:12345678').length, 2)
})
