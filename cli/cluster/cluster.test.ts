import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { hostable } from '../environment.ts'
import { readScaling, withinRoom } from './autoscaler.ts'
import { configurationOf } from './balancer.ts'
import { planOf } from './plan.ts'

const folder = await mkdtemp(join(tmpdir(), 'stoa-cluster-'))
after(() => rm(folder, { recursive: true, force: true }))

/** @returns what it complains of, where it ends with 1 */
const complaintOf = (parameters: readonly string[], environment: Record<string, string> = {}): Promise<string> =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, '..', 'stoa.ts'), 'cluster', ...parameters], {
    env: { PATH: '/nowhere', STOA_DATA: join(folder, 'data'), PORT: '0', ...environment },
  }).then(
    () => assert.fail('it should have been refused'),
    (error: { code: number; stderr: string }) => {
      assert.equal(error.code, 1)
      return error.stderr
    },
  )

test('without HAProxy it says what to install, and starts nothing', async () => {
  assert.match(
    await complaintOf([]),
    /^stoa: HAProxy is not installed, .* Install it \(Debian: apt install haproxy; macOS: brew install haproxy\), or .*\n$/,
  )
  assert.equal(existsSync(join(folder, 'data', 'postgres')), false)
})

test('a command to a cluster that does not run is told so, and one that is none how it is used', async () => {
  assert.equal(
    await complaintOf(['status']),
    `stoa: No cluster runs on ${join(folder, 'data')}: start one with "stoa cluster", or name its data folder with STOA_DATA.\n`,
  )
  const usage =
    'stoa: usage: stoa cluster [start | status | scale SERVICE=N … | restart [SERVICE …] | deploy FOLDER [SERVICE …] | stop]\n'
  for (const wrong of [['dance'], ['status', 'orders'], ['scale'], ['scale', 'orders'], ['deploy']])
    assert.equal(await complaintOf(wrong), usage, wrong.join(' '))
  assert.equal(
    await complaintOf(['scale', 'orders=0', 'warehouse=2']),
    `stoa: The configuration has 2 faults:\n  - scale is "orders=0", but copies are a whole number from 1 to 16\n  - scale names "warehouse"; services are ${hostable.join(', ')}\n`,
  )
})

test('addresses of services that would run elsewhere, and a scaling that is none, are refused', async () => {
  assert.match(
    await complaintOf([], { STOA_ORDERS_URL: 'http://127.0.0.1:1' }),
    /^stoa: stoa cluster runs every service/,
  )
  for (const wrong of ['4', '0-2', '4-2', '1-17'])
    assert.match(
      await complaintOf(['start', '--autoscale', wrong]),
      /^stoa: --autoscale is ".*", but must say from how many/,
    )
})

test('copies that request less of a core are scaled by less, and no more come than the machine has cores for', () => {
  const targets = (cores?: string) => readScaling('2-8', cores).scaling.metrics
  assert.deepEqual(targets(), [
    { name: 'cpu', target: 50 },
    { name: 'inFlight', target: 12 },
  ])
  assert.deepEqual(targets('0.5'), targets())
  assert.deepEqual(targets('0.125'), [
    { name: 'cpu', target: 12.5 },
    { name: 'inFlight', target: 3 },
  ])
  assert.equal(readScaling('2-8').room, Number.POSITIVE_INFINITY)
  assert.equal(readScaling('2-8', '0.125').room, availableParallelism() * 8)
  const { scaling } = readScaling('2-8', '0.1')
  const most = (wanted: number, others: number) => withinRoom({ scaling, room: 20 }, wanted, others).maxReplicas
  assert.deepEqual([most(2, 10), most(2, 17), most(3, 18), most(2, 30)], [8, 3, 3, 2])
  for (const wrong of ['0', '0.04', '2', 'half'])
    assert.throws(() => readScaling('2-8', wrong), {
      faults: [`--cores is "${wrong}", but must be what a copy requests of one core, from 0.05 to 1`],
    })
})

test('groups and copies say which processes there are', () => {
  const shape = (groups?: string, copies?: string, sandbox = false) =>
    planOf({ groups, copies, sandbox }).map((part) => `${part.services.join('+')}×${part.copies}`)
  assert.deepEqual(shape(undefined, undefined, true), [
    'edge×1',
    'orders×1',
    'payments×1',
    'inventory×1',
    'catalog+search+pricing+cart×1',
    'identity+shipping+notifications×1',
    'sandbox×1',
  ])
  assert.deepEqual(shape('each', '2', true), [...hostable.map((name) => `${name}×2`), 'sandbox×1'])
  // Those that share processes are as many as the one that needs most.
  assert.deepEqual(shape(undefined, 'edge=2,cart=3,search=4').slice(0, 5), [
    'edge×2',
    'orders×1',
    'payments×1',
    'inventory×1',
    'catalog+search+pricing+cart×4',
  ])
  assert.throws(() => shape('edge+orders,orders,warehouse', '2,orders=x'), {
    faults: [
      '--groups names orders twice',
      `--groups names "warehouse"; services are ${hostable.join(', ')}`,
      '--groups puts services beside edge, but the public door has processes of its own: it is scaled by who comes',
      '--groups leaves out identity, catalog, search, pricing, inventory, cart, payments, shipping, notifications',
      '--copies is "orders=x", but copies are a whole number from 1 to 16',
    ],
  })
})

test('the balancer sends again only what was not sent at all, and to each service its own copies', () => {
  const parts = planOf({ groups: undefined, copies: undefined, sandbox: true })
  const place = {
    parts,
    host: '127.0.0.1',
    publicPort: 3_000,
    meshPort: 3_900,
    sandboxPort: 3_001,
    folder: '/data/cluster',
  }
  const text = configurationOf(place)
  assert.deepEqual(text.match(/retry-on .*/g), ['retry-on conn-failure'])
  assert.deepEqual(text.match(/use_backend .*/g), [
    'use_backend orders if { var(req.service) -m str orders }',
    'use_backend payments if { var(req.service) -m str payments }',
    'use_backend inventory if { var(req.service) -m str inventory }',
    'use_backend catalog if { var(req.service) -m str catalog search pricing cart }',
    'use_backend identity if { var(req.service) -m str identity shipping notifications }',
  ])
  assert.deepEqual(text.match(/bind .*/g), ['bind 127.0.0.1:3000', 'bind 127.0.0.1:3001', 'bind 127.0.0.1:3900'])
})
