import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handleOf, productRows } from './catalog.ts'
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
