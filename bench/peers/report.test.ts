import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Found, Row } from './measure.ts'
import { linesOf, markdownOf, type Report, ratioOf, tableOf } from './report.ts'
import type { ShopName } from './visits.ts'

const row = (visit: Row['visit'], aSecond: number, ms: number): Row => ({
  visit,
  aSecond: { median: aSecond, least: aSecond, most: aSecond },
  shopMs: ms,
  postgresMs: ms / 2,
  clientMs: 1,
  statements: ms * 10,
  requests: 3,
  latency: { p50: ms, p95: ms, p99: ms, p999: ms, most: ms },
  failed: 0,
  failures: {},
})

const found = (name: ShopName, aSecond: number, ms: number, sold: number): Found => ({
  name,
  version: '1.2.3',
  configured: ['as its guide says'],
  beganAt: '2026-11-28T10:00:00Z',
  loadBefore: ms / 10,
  fillSeconds: 10,
  startMs: 1_000 * ms,
  memory: { idle: 100, afterLoad: 200 },
  rows: [row('detail', aSecond, ms), row('fewest', aSecond, ms)],
  rush: {
    units: 100,
    buyers: 400,
    sold,
    finished: true,
    seconds: 4,
    failures: sold < 400 ? { 'sold out': 400 - sold } : {},
  },
})

const report: Report = {
  machine: {
    processors: '2 × a processor',
    memoryMegabytes: 4_096,
    system: 'Linux 6',
    node: 'v26.10.0',
    postgres: '18.4',
    redis: null,
  },
  options: { products: 1_000, seed: 1, seconds: 5, rounds: 3, visitors: 16, buyers: 400 },
  shops: [found('stoa', 200, 2, 100), found('vendure', 10, 30, 400)],
}

const rowOf = (what: string): string[] | undefined => tableOf(report).find(([name]) => name?.startsWith(what))

test('a ratio above one says that Stoa is better, whichever way a figure counts', () => {
  assert.equal(ratioOf('more', 200, 10), 20)
  assert.equal(ratioOf('less', 2, 30), 15)
  assert.equal(ratioOf('less', 30, 2), 1 / 15)
  assert.equal(ratioOf('more', undefined, 10), null)
  assert.equal(ratioOf('more', 10, 0), null)
})

test('the table has each figure of each shop that was measured, with its ratio', () => {
  assert.deepEqual(tableOf(report)[0], ['', 'Stoa', 'Vendure', 'Stoa : Vendure'])
  assert.deepEqual(rowOf('product detail, over 400 products: a second'), [
    'product detail, over 400 products: a second',
    '200',
    '10.0',
    '20.0 ×',
  ])
  assert.deepEqual(rowOf('product detail, over 400 products: processor ms')?.slice(1), ['3.00', '45.0', '15.0 ×'])
  assert.deepEqual(rowOf('order, in the fewest requests: SQL')?.slice(1), ['20.0', '300', '15.0 ×'])
  assert.deepEqual(rowOf('second start')?.slice(1), ['2.00', '30.0', '15.0 ×'])
  assert.deepEqual(rowOf('sold of 100, when 400 come at once')?.slice(1), ['100', '400', ''])
})

test('a rush that was cut off is not told as what a shop has sold', () => {
  const [stoa, vendure] = report.shops as [Found, Found]
  const cut = { ...vendure, rush: { ...vendure.rush, sold: 0, finished: false } }
  const last = tableOf({ ...report, shops: [stoa, cut] }).at(-1)
  assert.deepEqual(last?.slice(1), ['100', '0, cut off', ''])
})

test('without Stoa there are figures and no ratios', () => {
  const alone = tableOf({ ...report, shops: report.shops.slice(1) })
  assert.deepEqual(alone[0], ['', 'Vendure'])
  assert.ok(alone.every((cells) => cells.length === 2))
})

test('circumstances, settings and failures are told with the figures', () => {
  for (const text of [markdownOf(report), linesOf(report).join('\n')]) {
    assert.match(text, /no Redis/)
    assert.match(text, /1,000 products, seed 1; 16 visitors at once, 3 rounds of 5 s each/)
    assert.match(text, /Load of the machine before: Stoa 0.2, Vendure 3.0/)
    assert.match(text, /Vendure 1.2.3: as its guide says\./)
    assert.match(text, /Stoa, rush: 100 of 400 .*300 × sold out/)
    assert.doesNotMatch(text, /undefined|NaN/)
  }
})
