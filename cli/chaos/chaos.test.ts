import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { points as orderPoints } from '../../services/orders/deps.ts'
import { points as paymentPoints } from '../../services/payments/deps.ts'
import { openEnding } from '../ending.ts'
import { faults } from './all-faults.ts'
import { audit } from './audit.ts'
import { together } from './fault.ts'
import { crashPlaces } from './faults/kills.ts'
import { fewParts } from './proving-ground.ts'
import { seeded } from './random.ts'
import { makeReport, tableOf, timelineOf, writeReport } from './report.ts'
import { type Round, runRound } from './rounds.ts'
import { openTheater, type Theater } from './theater.ts'

const root = join(import.meta.dirname, '..', '..')

describe('a short round', () => {
  let theater: Theater
  let folder: string
  const rounds: Round[] = []
  const ending = openEnding((error) => assert.fail(error))
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stoa-chaos-test-'))
    const options = {
      parts: fewParts,
      seed: 7,
      seconds: 2,
      rate: 4,
      folder,
      smallDisk: false,
      withBroker: false,
      ending,
    }
    theater = await openTheater({ ...options, onProgress: () => undefined })
  })
  after(async () => {
    await ending.end()
    await rm(folder, { recursive: true, force: true })
  })

  test('orders killed, the database killed, and a provider that charges and answers 500: every promise is kept', async () => {
    const names = ['kill-orders', 'postgres-killed', 'provider-500-after-charging']
    const chosen = faults.filter(({ name }) => names.includes(name))
    const round = await runRound(theater, together(chosen), () => undefined)
    rounds.push(round)
    assert.deepEqual(round.broken, [])
    assert.equal(round.skipped, null)
    assert.ok(round.acknowledged > 0, 'somebody bought something')
    assert.ok(round.restarts > 0, 'a process was killed and started again')
    assert.ok(round.checks.filter(({ checked }) => checked > 0).length > 20, 'there was something to judge')
  })

  test('what was acknowledged and is not kept is found, by whom it was promised', async () => {
    const { journal, ground } = theater
    const [order] = journal.purchases.flatMap((one) => (one.order?.status === 'placed' ? [one.order] : []))
    assert.ok(order)
    const wrong = async (): Promise<string[]> =>
      (await audit(theater, journal.purchases)).flatMap(({ invariant, violations }) =>
        violations.some((one) => one.includes(order.number) || one.includes(order.id)) ? [invariant] : [],
      )
    assert.deepEqual(await wrong(), [])

    await ground.database.query('update orders.orders set total = total + 1, shipping = shipping + 1 where id = $1', [
      order.id,
    ])
    assert.deepEqual(await wrong(), ['I2', 'J1', 'J3'], 'a total that is no longer what was said')
    await ground.database.query('update orders.orders set total = total - 1, shipping = shipping - 1 where id = $1', [
      order.id,
    ])

    const charged = `insert into sandbox_provider.payments select (jsonb_populate_record(p, jsonb_build_object(
      'id', 'pay_' || left(md5(p.id), 26), 'attempt_key', p.attempt_key || '-again', 'card_token', null))).*
      from sandbox_provider.payments p where order_id = $1`
    await ground.database.query(charged, [order.id])
    assert.deepEqual(await wrong(), ['J3'], 'a second charge that only the provider knows of')
  })

  test('the report says so to people and to programs', async () => {
    const last = { checks: [], broken: [] }
    const report = makeReport({
      seed: 7,
      rate: 4,
      beganAt: rounds[0]?.beganAt ?? 0,
      rounds,
      last,
      samples: theater.http.samples,
    })
    await writeReport(report, folder)
    const json = JSON.parse(await readFile(join(folder, 'chaos-report.json'), 'utf8'))
    assert.equal(json.holds, true)
    assert.deepEqual(
      json.rounds.map(({ fault }: Round) => fault),
      rounds.map(({ fault }) => fault),
    )
    const page = await readFile(join(folder, 'chaos-report.html'), 'utf8')
    assert.match(page, /<h1 class="holds">Everything held<\/h1>/)
    assert.doesNotMatch(page, /<script|https?:\/\/(?!127)/)
    assert.match(tableOf(rounds).join('\n'), /^fault .*\nkill-orders\S+ +\d+ .* \d+ hold$/m)
    const journal = (await readFile(join(folder, 'journal.jsonl'), 'utf8')).trim().split('\n')
    assert.ok(journal.every((line) => JSON.parse(line).kind))
  })
})

test('Ctrl-C ends all that was started and leaves nothing behind', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-chaos-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'temporary'))
  const parameters = [join(root, 'cli', 'stoa.ts'), 'chaos', '--out', join(folder, 'report')]
  const run = spawn(process.execPath, parameters, {
    env: { ...process.env, TMPDIR: join(folder, 'temporary') },
    stdio: 'ignore',
  })
  const ended = once(run, 'exit')
  for (const until = Date.now() + 60_000; (await processesOf(folder)) < 10 && Date.now() < until; ) await pause(100)
  run.kill('SIGINT')
  assert.deepEqual(await ended, [130, null])
  assert.equal(await processesOf(folder), 0)
  assert.deepEqual(await readdir(join(folder, 'temporary')), [])
})

/** Processes of a shop whose data is in `folder`. */
async function processesOf(folder: string): Promise<number> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const own = await Promise.all(
    names.map((name) =>
      readFile(`/proc/${name}/environ`, 'utf8').then(
        (text) => text.includes(`STOA_DATA=${folder}`),
        () => false,
      ),
    ),
  )
  return own.filter(Boolean).length
}

test('places to crash at are those that the services pass', () => {
  const own = (service: keyof typeof crashPlaces) => crashPlaces[service].filter((one) => one !== 'events-delivered')
  assert.deepEqual(own('orders'), [...orderPoints])
  assert.deepEqual(own('payments'), [...paymentPoints])
})

test('the guide lists every fault, and every row of the list is a fault’s or is said not to be covered', async () => {
  const guide = await readFile(join(root, 'docs', 'chaos.md'), 'utf8')
  for (const { name, rows } of faults) {
    assert.match(guide, new RegExp(`^\\| \`${RegExp.escape(name)}\` \\| ${rows.join(' ')} \\|`, 'm'), name)
  }
  const covered = new Set(faults.flatMap(({ rows }) => rows))
  const [, notCovered = ''] = guide.split('## What is not covered')
  for (let row = 1; row <= 33; row++) {
    const isSaid = new RegExp(`\\bF${row}\\b`).test(notCovered)
    assert.ok(covered.has(`F${row}`) || isSaid, `F${row}`)
  }
})

test('a command line with faults is refused with one line for each', async () => {
  const run = (...parameters: string[]) =>
    promisify(execFile)(process.execPath, [join(root, 'cli', 'stoa.ts'), 'chaos', ...parameters]).then(
      () => '',
      (error: { stderr: string }) => error.stderr,
    )
  assert.equal(
    await run('--fault', 'kill-nobody'),
    'stoa: there is no fault "kill-nobody"; "stoa chaos --list" names them\n',
  )
  assert.equal(
    await run('--rate', 'fast', '--seconds', '0'),
    'stoa: The configuration has 2 faults:\n  - --seconds is "0", but must be a number from 1 to 3600\n  - --rate is "fast", but must be a number from 0.1 to 200\n',
  )
})

test('the same seed draws the same chances, and each part its own', () => {
  const draws = (seed: number, part: string) => Array.from({ length: 5 }, seeded(seed).of(part).next)
  assert.deepEqual(draws(7, 'buyers'), draws(7, 'buyers'))
  assert.notDeepEqual(draws(7, 'buyers'), draws(8, 'buyers'))
  assert.notDeepEqual(draws(7, 'buyers'), draws(7, 'clerks'))
})

test('a second of the time line counts what was answered in it', () => {
  const sample = (at: number, ms: number, status: number, what = 'checkout') => ({ at, ms, status, what })
  const timeline = timelineOf(
    [sample(0, 10, 201), sample(0, 30, 402), sample(900, 200, 201), sample(1_000, 5, 503), sample(0, 1, 200, 'audit')],
    0,
  )
  assert.deepEqual(timeline, [
    { at: 0, orders: 1, requests: 2, failed: 0, p50: 10, p99: 30 },
    { at: 1_000, orders: 1, requests: 2, failed: 1, p50: 200, p99: 200 },
  ])
})
