import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneDatabase } from '#kernel/database-address'
import { startHost } from '#kernel/host'
import { createLog, createMetrics } from '#kernel/telemetry'

test('the public door is made while the databases still start, and what needs them starts after', async (t) => {
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
  assert.deepEqual(steps, ['door', 'databases', 'environment', 'before ready'])
  assert.equal((await fetch(`http://127.0.0.1:${host.publicPort}/health/ready`)).status, 200)
})
