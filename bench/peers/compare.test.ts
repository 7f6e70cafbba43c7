import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runIn } from '../../cli/bench/test-run.ts'
import type { Report } from './report.ts'

// With Stoa alone, as CI installs no peers: the catalog, the visits, the meters and the report are the same for all three.

const program = join(import.meta.dirname, 'compare.ts')

const compare = (folder: string, ...parameters: string[]) =>
  runIn(folder, program, '--out', join(folder, 'out'), ...parameters)

test('every visit is a good one in a shop of its own, a rush sells what there is, and nothing is left but the report', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'peers-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const parameters = ['--only', 'stoa', '--products', '1000', '--seconds', '1', '--rounds', '1', '--buyers', '120']
  const { status, said } = await compare(folder, ...parameters)
  assert.equal(status, 0, said)
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('stoa-')),
    [],
  )
  const report = JSON.parse(await readFile(join(folder, 'out', 'peers.json'), 'utf8')) as Report
  const [stoa] = report.shops
  assert.ok(stoa && report.shops.length === 1)
  assert.deepEqual(
    stoa.rows.map(({ visit, requests, failures }) => [visit, Math.round(requests), notTurnedAway(failures)]),
    [
      ['detail', 1, []],
      ['listing', 1, []],
      ['category', 1, []],
      ['search', 1, []],
      ['by-steps', 8, []],
      ['fewest', 3, []],
    ],
  )
  for (const { visit, aSecond, clientMs, latency } of stoa.rows)
    assert.ok(aSecond.median > 0 && clientMs > 0 && latency.p50 > 0, visit)
  // Kept answers take less than what a busy machine adds or takes off.
  for (const { statements, shopMs, postgresMs } of stoa.rows.slice(-2))
    assert.ok(statements > 1 && shopMs > 0 && postgresMs > 0)
  assert.ok(stoa.startMs > 0 && stoa.memory.idle > 0)
  assert.deepEqual([stoa.rush.units, stoa.rush.buyers], [100, 120])
  assert.ok(stoa.rush.sold <= 100 && stoa.rush.sold >= 100 - turnedAway(stoa.rush.failures), said)
})

/** On a machine that is busy with other things a shop may turn some away. */
const isTurnedAway = (what: string): boolean => /^(503|429) /.test(what)
const notTurnedAway = (failures: Readonly<Record<string, number>>): string[] =>
  Object.keys(failures).filter((what) => !isTurnedAway(what))
const turnedAway = (failures: Readonly<Record<string, number>>): number =>
  Object.entries(failures).reduce((sum, [what, n]) => sum + (isTurnedAway(what) ? n : 0), 0)

test('a command line that cannot be is answered with its fault, and nothing is started', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'peers-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const many = await compare(folder, '--products', '7')
  assert.deepEqual([many.status, many.said], [1, '--products is "7", but must be a whole number from 100 to 100000\n'])
  const other = await compare(folder, '--only', 'stoa,shopify')
  assert.deepEqual([other.status, other.said], [1, 'there is no "shopify"; there are stoa, medusa, vendure\n'])
  assert.deepEqual(await readdir(folder), [])
})
