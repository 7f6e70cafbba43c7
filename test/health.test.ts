import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allServiceNames } from '../services/names.ts'
import { hasNats } from './nats.ts'
import { shapes, startShop } from './shop.ts'

type Process = {
  services: string[]
  admission: { seats: number; turnedAway: Record<string, number> }
  dependencies: { name: string; kind: string; state: string; fallback: string }[]
  events: { service: string; pending: number; oldestSeconds: number; dead: number }[]
}

for (const shape of shapes) {
  test(`${shape}: staff see every process, what it depends on, and what is done without`, async (t) => {
    const shop = await startShop(shape)
    t.after(() => shop.stop())
    await shop.api('GET', '/api/products')
    const answer = await shop.api('GET', '/api/admin/health', undefined, { token: shop.staffToken })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    const { processes, silent } = answer.body as { processes: Process[]; silent: string[] }
    assert.deepEqual(silent, [])
    assert.deepEqual(processes.flatMap(({ services }) => services).sort(), [...allServiceNames].sort())
    assert.equal(processes.length, shape === 'many' ? allServiceNames.length + 1 : 1)
    const known = processes.flatMap(({ dependencies }) => dependencies)
    for (const one of known) assert.ok(one.state === 'closed' && one.fallback.length > 20, JSON.stringify(one))
    const names = new Set(known.map(({ kind, name }) => `${kind} ${name}`))
    for (const name of ['database database of orders', 'provider sandbox', 'provider mail server'])
      assert.ok(names.has(name), name)
    assert.equal(names.has('service search'), shape === 'many')
    assert.ok(processes.every(({ admission }) => admission.seats >= 32 && admission.turnedAway.checkout === 0))
    assert.equal(names.has('broker NATS broker'), shape === 'many' && hasNats)
    const outboxes = processes.flatMap(({ events }) => events)
    assert.equal(new Set(outboxes.map(({ service }) => service)).size, outboxes.length)
    assert.ok(outboxes.some(({ service }) => service === 'catalog') && outboxes.every(({ dead }) => dead === 0))
    assert.equal((await shop.api('GET', '/api/admin/health')).status, 401)
  })
}
