import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { freePorts } from './free-ports.ts'

test('ports are free, differ, and are none that a connection could take', async (t) => {
  const [first = 0] = await freePorts(1)
  const taken = createServer().listen(first + 1, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const ports = await freePorts(20)
  assert.equal(new Set([first, ...ports]).size, 21)
  assert.ok(!ports.includes(first + 1), 'the next one is taken')
  assert.ok(ports.every((port) => port >= 20_000 && port < 32_768))
})
