import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Report } from './report.ts'
import { runIn } from './test-run.ts'

const program = join(import.meta.dirname, '..', 'stoa.ts')

const bench = (folder: string, ...parameters: string[]) =>
  runIn(folder, program, 'bench', '--out', join(folder, 'out'), ...parameters)

test('a run measures a shop of its own, judges it, and leaves nothing but its report', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const only = ['detail', 'three-requests', 'hot-item', 'admin-orders-deep', 'admin-orders-search']
  const { status, said } = await bench(
    folder,
    '--quick',
    '--products',
    '200',
    '--orders',
    '3000',
    '--only',
    only.join(),
  )
  assert.equal(status, 0, said)
  // The compiler's and Node's own caches may lie there; what a shop keeps may not.
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('stoa-')),
    [],
  )
  const report = JSON.parse(await readFile(join(folder, 'out', 'bench-report.json'), 'utf8')) as Report
  assert.deepEqual(
    report.rows.map(({ name }) => name),
    only,
  )
  for (const { name, aSecond, cost, latency, open, limit, failures } of report.rows) {
    // On a machine that stands still for a moment some are turned away, and of those who come by the clock some not begun.
    assert.deepEqual(
      Object.keys(failures).filter((what) => !what.startsWith('503') && !what.startsWith('not begun')),
      [],
      name,
    )
    assert.ok(aSecond.median > 0 && cost.shop > 0 && cost.client > 0, name)
    assert.ok(latency.p50 > 0 && latency.p50 <= latency.p99 && latency.p99 <= latency.most, name)
    assert.ok(open.latency.p50 > 0 && limit && limit.ofRate.median > 0, name)
  }
  for (const cost of [report.order, report.apart]) {
    // One of the shop, in which `order.placed` goes to at least inventory, cart and notifications.
    assert.ok(cost.events >= 1 && cost.deliveries > cost.events && cost.eventBytes > 100, JSON.stringify(cost))
    assert.ok(
      cost.statements > 1 &&
        cost.commits > 0.2 &&
        cost.logBytes > 5_000 &&
        cost.logBytes < 500_000 &&
        cost.rowsWritten > 10,
    )
    assert.ok(cost.ordersASecond > 0 && cost.shopMs > 1 && cost.postgresMs > 1, JSON.stringify(cost))
  }
  assert.ok(report.holds.aSecond > 0 && report.holds.p50 > 0 && report.holds.p50 <= report.holds.p99)
  assert.equal(report.apart.processes, 11)
  const { alone, meanwhile, productsASecond } = report.importing
  assert.ok(alone.p50 > 0 && alone.p50 <= alone.p99 && meanwhile.p50 <= meanwhile.p99)
  // So few products may all be there before the first buyer comes.
  assert.ok(productsASecond >= 0)
  const { rush } = report
  assert.deepEqual(
    { units: rush.units, buyers: rush.buyers, gone: rush.placed + rush.left },
    { units: 40, buyers: 200, gone: 40 },
  )
  assert.ok(rush.placed > 0 && rush.left >= 0)
  assert.deepEqual(
    report.goals.find(({ what }) => what.startsWith('oversold')),
    { what: 'oversold, when 200 want 40', wanted: '≤ 0', found: '0.00', reached: true },
  )
  for (const { what, found } of report.goals) assert.ok(said.includes(`${what}: ${found}`), what)
  const page = await readFile(join(folder, 'out', 'bench-report.html'), 'utf8')
  assert.equal(page.match(/<svg/g)?.length, 3)
  assert.doesNotMatch(page, /NaN|undefined|<script/)
})

test('a command line that cannot be is answered with every fault of it, and nothing is started', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const { status, said } = await bench(folder, '--products', '7', '--only', 'detail,nothing')
  assert.equal(status, 1)
  assert.match(said, /--products is "7", but must be a whole number from 200 to 2000000/)
  assert.match(said, /there is no scenario "nothing"/)
  assert.deepEqual(await readdir(folder), [])
})
