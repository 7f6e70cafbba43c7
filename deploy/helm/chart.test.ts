import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { registry } from '../../services/registry.ts'
import { allowedCalls, chartFolder, faultsOf, noHelm, objectsOf, render, schemaFaults } from './test-chart.ts'

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

const refused: [what: string, file: string, values: object, says: RegExp][] = [
  [
    'more connections than PostgreSQL has',
    'values-large.yaml',
    { 'database.connections': 200 },
    /would open \d+ connections/,
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
