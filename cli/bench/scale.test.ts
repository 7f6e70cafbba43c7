import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { handleOf, productRows } from './catalog.ts'
import { familyMs, processorMs } from './meter.ts'
import { exponentOf } from './scale.ts'
import { drawScale } from './scale-picture.ts'

const points = (grows: (size: number) => number) =>
  [1_000, 10_000, 100_000].map((size) => ({ size, value: grows(size) }))

test('a curve says how fast it grows, by its last step', () => {
  assert.equal(exponentOf(points(() => 7)), 0)
  assert.equal(exponentOf(points((size) => size * 0.003)).toFixed(6), '1.000000')
  assert.equal(exponentOf(points((size) => size * Math.log2(size))).toFixed(2), '1.10')
  assert.equal(exponentOf(points((size) => size ** 2)).toFixed(6), '2.000000')
})

test('the picture has each curve, also one that begins with nothing', () => {
  const curve = { name: 'cart', of: 'promotions', unit: 'ms', exponent: 0.5 } as const
  const svg = drawScale([
    {
      ...curve,
      points: [
        { size: 0, value: 2 },
        { size: 1_000, value: 13 },
      ],
    },
    { ...curve, name: 'import', of: 'products', unit: 's', points: points((size) => size / 1_000) },
  ])
  assert.equal(svg.match(/<polyline/g)?.length, 2)
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
})

test('product n is the same in every catalog of a seed, and another in that of another seed', () => {
  const columns = 17
  for (let n = 0; n < 300; n++) {
    const rows = productRows(1, n)
    assert.deepEqual(productRows(1, n), rows)
    assert.ok(rows.every((row) => row.length === columns && row[0] === handleOf(n)))
    // A variant is told from others by what is chosen.
    assert.equal(new Set(rows.map((row) => `${row[7]}/${row[9]}`)).size, rows.length)
  }
  assert.notDeepEqual(productRows(2, 0), productRows(1, 0))
})

test('a family’s processor time is that of those who live and of those who have ended', async (t) => {
  const busyMs = 300
  const busy = `for (const since = process.cpuUsage(); process.cpuUsage(since).user < ${busyMs}_000;);`
  const program = `
    const { execFileSync, spawn } = require('node:child_process')
    execFileSync(process.execPath, ['-e', ${JSON.stringify(busy)}])
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(`${busy} console.log('done'); setTimeout(() => {}, 60_000)`)}])
    child.stdout.pipe(process.stdout)
    process.on('SIGTERM', () => { child.kill(); process.exit() })`
  const parent = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => parent.kill())
  await once(parent.stdout, 'data')
  const { pid } = parent as { pid: number }
  assert.ok((await processorMs(pid)) < busyMs)
  const family = await familyMs(pid)
  assert.ok(family >= 2 * busyMs - 20, `${family}`)
})
