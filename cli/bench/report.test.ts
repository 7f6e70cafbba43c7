import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goalsOf, linesOf, missedOf, type Report, type Row, spreadOf } from './report.ts'
import { markdownOf } from './report-markdown.ts'
import { scenarios } from './scenarios.ts'

const latency = { p50: 5, p95: 8, p99: 12, p999: 14, most: 15 }

const rows: readonly Row[] = scenarios.map(({ name, what }) => ({
  name,
  what,
  aSecond: spreadOf([300]),
  cost: { shop: 2, postgres: 1, client: 1 },
  requestsAVisit: 1,
  failed: 0,
  failures: {},
  latency,
  open: { aSecond: 250, failed: 0, latency },
  limit: null,
}))

/** Rows of which one is another. */
const but = (name: Row['name'], change: Partial<Row['open']>, failures: Row['failures'] = {}): Row[] =>
  rows.map((row) => (row.name === name ? { ...row, failures, open: { ...row.open, ...change } } : row))

function reportOf(all: readonly Row[], catalog: Partial<Report['catalog']> = {}): Report {
  const order = {
    ordersASecond: 250,
    statements: 30,
    transactions: 3,
    commits: 3,
    shopMs: 2,
    postgresMs: 1,
    logBytes: 10_000,
    rowsWritten: 20,
    events: 2,
    deliveries: 4,
    eventBytes: 500,
  }
  const report = {
    version: '0.0.0',
    beganAt: '2026-01-01T00:00:00.000Z',
    machine: {
      processors: '2 × some',
      memoryMegabytes: 8_000,
      node: 'v26',
      postgres: '18',
      system: 'linux',
      loadBefore: 0,
    },
    catalog: { products: 1_000, orders: 0, seed: 1, ...catalog },
    rounds: 1,
    secondsARound: 1,
    firstStartMs: 1_000,
    secondStartMs: 500,
    import: { seconds: 1, productsASecond: 5_000, peakMegabytes: 200 },
    memory: { idle: 100, afterLoad: 200, peak: 300 },
    order,
    holds: { aSecond: 20_000, p50: 1, p99: 2 },
    apart: { ...order, processes: 11 },
    rush: { units: 40, buyers: 200, placed: 40, left: 0 },
    importing: {
      aSecond: 100,
      alone: { p50: 20, p99: 40, failed: 0 },
      meanwhile: { p50: 30, p99: 90, failed: 2 },
      productsASecond: 1_000,
    },
    rows: all,
  }
  return { ...report, goals: goalsOf(report) }
}

const goalsNamed = (report: Report, pattern: RegExp) => report.goals.filter(({ what }) => pattern.test(what))

test('a shop that turns buyers away has not reached what it was to reach, however soon it answers the others', () => {
  const wanted = 'guest checkout in three requests, turned away or failed while 250 a second come'
  const goal = (report: Report) => report.goals.find(({ what }) => what === wanted)
  assert.deepEqual(goal(reportOf(rows)), { what: wanted, wanted: '≤ 0', found: '0.00', reached: true })
  const sheds = reportOf(but('three-requests', { failed: 1 }))
  assert.deepEqual(goal(sheds), { what: wanted, wanted: '≤ 0', found: '1.00', reached: false })
})

test('a run names each goal that it missed, and one that is quick misses none', () => {
  const orders = rows.filter(({ name }) => name === 'three-requests')
  const slow = orders.map((row) => ({ ...row, aSecond: spreadOf([200]) }))
  assert.deepEqual(missedOf(reportOf(orders), false), [])
  assert.deepEqual(missedOf(reportOf(slow), false), [
    'guest checkout in three requests, orders a second: 200 (wanted ≥ 250)',
  ])
  assert.deepEqual(missedOf(reportOf(slow), true), [])
})

test('what failed is told to who reads the lines, and to who reads the document', () => {
  const report = reportOf(but('three-requests', { failed: 3 }, { '503 too-busy': 2, 'not begun: 5000 waited': 1 }))
  const told = 'three-requests: 3 failed: 2 × 503 too-busy, 1 × not begun: 5000 waited'
  assert.ok(linesOf(report).includes(told))
  assert.ok(markdownOf(report).endsWith(`|\n\n- ${told}\n`), markdownOf(report))
  assert.ok(markdownOf(reportOf(rows)).endsWith('|\n'))
})

test('what buyers wait during an import is told beside what they wait without', () => {
  const told =
    '100 orders a second in three requests, p50 / p99: 20.0 / 40.0 ms; while 1000 products a second are imported: 30.0 / 90.0 ms, 2 failed'
  assert.ok(linesOf(reportOf(rows)).includes(told))
  assert.ok(markdownOf(reportOf(rows)).includes(`\n${told}.\n`))
})

const searches = /searches|filtered listings/
const lists = /^staff: /

test('searches are judged in a catalog of 100,000 products, and staff’s lists with a million orders', () => {
  for (const [small, pattern] of [
    [{ products: 99_999 }, searches],
    [{ orders: 999_999 }, lists],
  ] as const)
    assert.deepEqual(goalsNamed(reportOf(rows, small), pattern), [])
  const large = reportOf(rows, { products: 100_000, orders: 1_000_000 })
  const told = (pattern: RegExp) => goalsNamed(large, pattern).map(({ wanted, reached }) => `${wanted} ${reached}`)
  assert.deepEqual(told(searches), Array(3).fill('≤ 20 true'))
  assert.deepEqual(
    told(lists),
    Array(scenarios.filter(({ name }) => name.startsWith('admin-')).length).fill('≤ 50 true'),
  )
})

test('a list that takes too long is not reached, nor one that was not answered to all', () => {
  const judged = (name: Row['name'], change: Partial<Row['open']>) =>
    goalsNamed(reportOf(but(name, change), { products: 100_000, orders: 1_000_000 }), /searches|filtered|staff/).filter(
      ({ reached }) => !reached,
    )
  const slow = { latency: { ...latency, p99: 51 } }
  assert.deepEqual(judged('admin-orders-search', slow), [
    {
      what: 'staff: orders by an e-mail address, p99 in milliseconds while 250 a second come',
      wanted: '≤ 50',
      found: '51.0',
      reached: false,
    },
  ])
  assert.deepEqual(
    judged('search', { failed: 2 }).map(({ found }) => found),
    ['12.0, 2 failed'],
  )
})
