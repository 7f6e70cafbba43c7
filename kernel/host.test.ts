import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { oneDatabase } from '#kernel/database-address'
import { startHost } from '#kernel/host'
import { createLog, createMetrics } from '#kernel/telemetry'

/** A host without any service, at its steps. */
async function emptyHost(t: TestContext): Promise<{ port: number; steps: readonly string[] }> {
  const steps: string[] = []
  const host = await startHost({
    services: [],
    hosted: new Set(),
    settings: {},
    shop: { name: 'Test shop', publicUrl: 'http://127.0.0.1', demo: true },
    databases: async () => {
      steps.push('databases')
      return oneDatabase('postgres://nobody-is-asked/stoa')
    },
    dataFolder: '.',
    secret: async () => 'a secret of at least thirty-two characters',
    environment: async () => {
      steps.push('environment')
      return {}
    },
    urlOf: () => undefined,
    shape: 'plain',
    limitLoopback: false,
    internal: { host: '127.0.0.1', port: 0 },
    edge: {
      host: '127.0.0.1',
      port: 0,
      trustedProxies: [],
      openApi: () => ({}),
      apps: () => [
        async () => {
          steps.push('door')
        },
      ],
      authenticate: () => async () => ({ kind: 'anonymous' }),
    },
    log: createLog({ level: 'silent', redact: [] }),
    metrics: createMetrics(),
    beforeReady: async () => {
      steps.push('before ready')
    },
  })
  t.after(() => host.stop())
  return { port: host.publicPort ?? 0, steps }
}

test('the public door is made while the databases still start, and what needs them starts after', async (t) => {
  const { port, steps } = await emptyHost(t)
  assert.deepEqual(steps, ['door', 'databases', 'environment', 'before ready'])
  assert.equal((await fetch(`http://127.0.0.1:${port}/health/ready`)).status, 200)
})

const roomOfSystem = async (): Promise<number> =>
  Number(await readFile('/proc/sys/net/core/somaxconn', 'utf8').catch(() => '0'))

test('a thousand who knock while the process is busy all find room to wait', async (t) => {
  const knocking = 1_000
  if ((await roomOfSystem()) < knocking) return t.skip('this system lets fewer wait')
  const { port } = await emptyHost(t)
  const connected = new Int32Array(new SharedArrayBuffer(4))
  const crowd = new Worker(
    `const { workerData: { port, connected, knocking } } = require('node:worker_threads')
     for (let n = 0; n < knocking; n++) {
       const socket = require('node:net').connect(port, '127.0.0.1', () => {
         if (Atomics.add(connected, 0, 1) + 1 === knocking) Atomics.notify(connected, 0)
       })
       socket.on('error', () => undefined)
     }`,
    { eval: true, workerData: { port, connected, knocking } },
  )
  await once(crowd, 'online')
  // Nothing is accepted meanwhile, so that who found no room finds none later.
  const until = performance.now() + 5_000
  while (Atomics.load(connected, 0) < knocking && performance.now() < until)
    Atomics.wait(connected, 0, Atomics.load(connected, 0), 20)
  assert.equal(Atomics.load(connected, 0), knocking)
  await crowd.terminate()
})
