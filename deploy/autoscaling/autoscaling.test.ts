import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { drawSale } from './picture.ts'
import { candidates, capacity, chart, rowOf, run } from './simulate.ts'

test('the table and the picture in docs/scaling.md are what the simulation says', { timeout: 120_000 }, async () => {
  const docs = join(import.meta.dirname, '../../docs')
  const document = await readFile(join(docs, 'scaling.md'), 'utf8')
  const outcomes = candidates.map(([name, one, pods]) => ({ name, outcome: run(one, pods) }))
  for (const { name, outcome } of outcomes) assert.ok(document.includes(rowOf(name, outcome)), rowOf(name, outcome))
  const [kubernetes, , own] = outcomes.map(({ outcome }) => outcome)
  assert.ok(
    kubernetes && own && own.turnedAwayPart < kubernetes.turnedAwayPart / 5,
    'the chart’s parameters earn their place',
  )
  assert.equal(await readFile(join(docs, 'images/flash-sale.svg'), 'utf8'), drawSale(run(chart).samples, capacity))
})
