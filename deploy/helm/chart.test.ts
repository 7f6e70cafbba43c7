import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { registry } from '../../services/registry.ts'
import {
  allowedCalls,
  chartFolder,
  faultsOf,
  noHelm,
  objectsOf,
  type Rendered,
  render,
  schemaFaults,
} from './test-chart.ts'

const skip = noHelm

const installations: [name: string, file: string, values: object, objects: number][] = [
  ['a process for each service', 'values.yaml', {}, 49],
  ['small', 'values-small.yaml', {}, 8],
  ['a small demo', 'values-small.yaml', { demo: true }, 8],
  ['large', 'values-large.yaml', {}, 63],
  [
    'large, scaled by KEDA',
    'values-large.yaml',
    { 'autoscaling.keda': true, 'prometheus.address': 'http://prometheus.monitoring:9090' },
    63,
  ],
]

for (const [name, file, values, count] of installations) {
  test(`${name}: Kubernetes takes every object, and a shop can live with it`, { skip }, async () => {
    const text = await render(file, values)
    assert.equal(await schemaFaults(text), '')
    const objects = objectsOf(text)
    assert.equal(objects.length, count)
    assert.deepEqual(faultsOf(objects), [])
  })
}

/** Whom each service calls and tells, from its own declarations. */
const declared = registry.flatMap(({ contract, calls = [] }) => calls.map(({ name }) => `${contract.name} ${name}`))
const fromTheDoor = registry.map(({ contract }) => `edge ${contract.name}`)
const events = ['catalog search', 'pricing search', 'inventory search']

test('the network lets through what services declare, on both sides, and nothing else', { skip }, async () => {
  const overNats = allowedCalls(objectsOf(await render('values.yaml', { 'nats.secret': 'stoa-nats' })))
  assert.deepEqual(overNats.egress, [...new Set([...declared, ...fromTheDoor])].sort())
  assert.deepEqual(overNats.ingress, overNats.egress)
  assert.ok(!overNats.egress.includes('shipping payments'))

  const overHttp = allowedCalls(objectsOf(await render('values.yaml')))
  for (const pair of events) assert.ok(overHttp.egress.includes(pair), pair)
  assert.deepEqual(overHttp.ingress, overHttp.egress)
})

test('services that run together need no network between them', { skip }, async () => {
  const processes = {
    front: { services: ['edge', 'catalog', 'search', 'identity'] },
    selling: { services: ['cart', 'orders', 'payments', 'inventory', 'pricing', 'shipping'] },
    post: { services: ['notifications'] },
  }
  const text = await render('values.yaml', { processes })
  assert.equal(await schemaFaults(text), '')
  assert.deepEqual(allowedCalls(objectsOf(text)).egress, [
    'front post',
    'front selling',
    'post selling',
    'selling front',
    'selling post',
  ])
})

test('a process is given the secrets of its own services only', { skip }, async () => {
  const pods = objectsOf(await render('values-large.yaml')).filter(({ kind }) => kind === 'Deployment')
  const keysOf = (name: string): string[] => {
    const { volumes } = pods.find(({ metadata }) => metadata.name === `shop-stoa-${name}`)?.spec.template.spec ?? {}
    const keys = volumes.find((one: { name: string }) => one.name === 'keys')
    return keys.secret.items.map(({ key }: { key: string }) => key)
  }
  assert.deepEqual(keysOf('edge'), ['service-token'])
  assert.deepEqual(keysOf('orders'), ['database', 'order-token', 'service-token'])
})

/** The variables of one pod or job, each with what it says or what it refers to. */
function variablesOf(objects: readonly Rendered[], kind: string, name: string): Record<string, string> {
  const one = objects.find((each) => each.kind === kind && each.metadata.name === `shop-stoa-${name}`)
  type Variable = { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }
  const [container] = one?.spec.template.spec.containers ?? []
  return Object.fromEntries(
    (container.env as Variable[])
      .filter(({ name: each }) => each.includes('DATABASE'))
      .map(({ name: each, value, valueFrom }) => [
        each,
        value ?? `${valueFrom?.secretKeyRef.name}/${valueFrom?.secretKeyRef.key}`,
      ]),
  )
}

test('services may have databases of their own, a pooler and a copy: who needs which is told of it and let through', {
  skip,
}, async () => {
  const text = await render('values-large.yaml', {
    'database.direct': 'postgres://primary.example:5432/stoa',
    'database.replica': 'postgres://standby.example:5432/stoa',
    'database.services.orders': {
      address: 'postgres://orders.example:5433/stoa',
      owner: { secret: 'stoa-orders-database', key: 'url' },
      port: 5433,
    },
  })
  assert.equal(await schemaFaults(text), '')
  const objects = objectsOf(text)
  assert.deepEqual(faultsOf(objects), [])
  const shared = {
    DATABASE_URL: 'postgres://database.example:5432/stoa',
    DATABASE_DIRECT_URL: 'postgres://primary.example:5432/stoa',
    DATABASE_REPLICA_URL: 'postgres://standby.example:5432/stoa',
  }
  const orders = { STOA_ORDERS_DATABASE_URL: 'postgres://orders.example:5433/stoa' }
  assert.deepEqual(variablesOf(objects, 'Deployment', 'orders'), orders)
  assert.deepEqual(variablesOf(objects, 'Deployment', 'cart'), shared)
  assert.deepEqual(variablesOf(objects, 'Deployment', 'edge'), {})
  assert.deepEqual(variablesOf(objects, 'Job', 'migrate'), {
    DATABASE_URL: 'stoa-database/url',
    STOA_ORDERS_DATABASE_URL: 'stoa-orders-database/url',
  })
  const databasePorts = (name: string): number[] => {
    const policy = objects.find(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === `shop-stoa-${name}`,
    )
    const egress = (policy?.spec.egress ?? []) as { ports: { port: number }[] }[]
    return egress.flatMap(({ ports }) => ports.map(({ port }) => port)).filter((port) => port === 5432 || port === 5433)
  }
  assert.deepEqual([databasePorts('orders'), databasePorts('cart'), databasePorts('edge')], [[5433], [5432], []])
  assert.deepEqual(databasePorts('migrate'), [5432, 5433])
})

const refused: [what: string, file: string, values: object, says: RegExp][] = [
  [
    'more connections than PostgreSQL has',
    'values-large.yaml',
    { 'database.connections': 200 },
    /would open \d+ connections/,
  ],
  [
    'more connections than a service’s own PostgreSQL has',
    'values-large.yaml',
    { 'database.services.orders': { address: 'postgres://orders/stoa', owner: { secret: 'o' }, connections: 100 } },
    /would open 200 connections, and database\.services\.orders\.connections says that PostgreSQL gives 100/,
  ],
  [
    'a database of a service that keeps no rows',
    'values.yaml',
    { 'database.services.shipping': { address: 'postgres://shipping/stoa', owner: { secret: 's' } } },
    /database\.services\.shipping: no such service keeps rows/,
  ],
  ['two copies on one volume', 'values-small.yaml', { 'autoscaling.enabled': true }, /runs once/],
  ['a demo of many pods', 'values.yaml', { demo: true }, /a demo is one pod/],
  ['two copies of LMDB', 'values.yaml', { 'processes.catalog': { replicas: 2 } }, /need MongoDB/],
  ['a service that nobody hosts', 'values.yaml', { processes: { shop: { services: ['edge'] } } }, /nobody hosts cart/],
  ['an unknown service', 'values.yaml', { processes: { shop: { services: ['till'] } } }, /no service \\?"till/],
  ['no image', 'values.yaml', { image: { repository: '' } }, /image\/repository|image\.repository/],
  ['a value that nobody knows', 'values.yaml', { replicas: 4 }, /replicas/],
]
for (const [what, file, values, says] of refused) {
  test(`refused: ${what}`, { skip }, async () => {
    await assert.rejects(render(file, values), { message: says })
  })
}

/** A mistake that somebody may make in a template, and who finds it. */
const planted: [what: string, template: string, before: string, after: string, says: RegExp][] = [
  ['a field of no object', 'deployment', 'revisionHistoryLimit: 5', 'revisionHistory: 5', /revisionHistory/],
  ['a field of no extension', 'route', 'statusCode: 302', 'statuscode: 302', /statuscode/],
  ['a missing probe', 'deployment', 'livenessProbe:', 'startupProbe2:', /no livenessProbe|startupProbe2/],
  [
    'a grace too short',
    'deployment',
    'add $.Values.preStopSeconds 25 5',
    'add $.Values.preStopSeconds 5',
    /killed before/,
  ],
  ['a writable root', '_names', 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', /writable root/],
  ['a password in the open', 'deployment', 'value: 0.0.0.0', 'value: postgres://me:secret@host', /is no reference/],
  ['no budget', 'deployment', 'kind: PodDisruptionBudget', 'kind: ConfigMap', /no disruption budget/],
]
for (const [what, template, before, after, says] of planted) {
  test(`planted and found: ${what}`, { skip }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'stoa-chart-'))
    t.after(() => rm(folder, { recursive: true }))
    await cp(chartFolder, folder, { recursive: true })
    const path = join(folder, 'templates', `${template}.${template.startsWith('_') ? 'tpl' : 'yaml'}`)
    const source = await readFile(path, 'utf8')
    assert.ok(source.includes(before), before)
    await writeFile(
      path,
      source.replace(before, () => after),
    )
    const text = await render('values.yaml', {}, folder)
    assert.match([await schemaFaults(text), ...faultsOf(objectsOf(text))].join('\n'), says)
  })
}
