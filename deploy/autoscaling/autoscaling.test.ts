import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { horizontalPodAutoscaler, type PodFigures, type ScalingPolicy } from './horizontal-pod-autoscaler.ts'
import { drawSale } from './picture.ts'
import { candidates, capacity, chart, rowOf, run } from './simulate.ts'

const policy: ScalingPolicy = {
  minReplicas: 1,
  maxReplicas: 100,
  targetCpuPercent: 100,
  targetInFlight: null,
  scaleUp: { percent: 900, pods: 4, periodSeconds: 15, stabilizationSeconds: 0 },
  scaleDown: { percent: 100, periodSeconds: 15, stabilizationSeconds: 0 },
}
const pods = (count: number, cpuPercent: number | null, inFlight = 0, ready = true): PodFigures[] =>
  Array.from({ length: count }, () => ({ ready, cpuPercent, inFlight: cpuPercent === null ? null : inFlight }))
const once = (figures: PodFigures[], changes: Partial<ScalingPolicy> = {}): number =>
  horizontalPodAutoscaler({ ...policy, ...changes }).decide(15, figures)

test('as documented: twice the target doubles, half of it halves, rounded up', () => {
  assert.equal(once(pods(4, 200)), 8)
  assert.equal(once(pods(4, 50)), 2)
  assert.equal(once(pods(3, 120)), 4)
})

test('as documented: what is within a tenth of the target changes nothing', () => {
  assert.equal(once(pods(10, 109)), 10)
  assert.equal(once(pods(10, 91)), 10)
  assert.equal(once(pods(10, 111)), 12)
})

test('as documented: a pod without figures is idle when it grows, and as busy as wanted when it shrinks', () => {
  assert.equal(once([...pods(4, 200), ...pods(4, null, 0, false)]), 8)
  assert.equal(once([...pods(4, 300), ...pods(2, null, 0, false)]), 12)
  assert.equal(once([...pods(4, 50), ...pods(4, null)]), 6)
})

test('the greater of two metrics wins, and the limits hold', () => {
  assert.equal(once(pods(2, 100, 30), { targetInFlight: 10 }), 6)
  assert.equal(once(pods(2, 900), { scaleUp: { ...policy.scaleUp, percent: 100, pods: 4 } }), 6)
  assert.equal(once(pods(2, 900), { maxReplicas: 5 }), 5)
  assert.equal(once(pods(2, 1), { minReplicas: 2 }), 2)
})

test('it shrinks to the highest that was wanted in the window, and only so fast', () => {
  const scaleDown = { percent: 20, periodSeconds: 60, stabilizationSeconds: 300 }
  const autoscaler = horizontalPodAutoscaler({ ...policy, scaleDown })
  assert.equal(autoscaler.decide(15, pods(20, 100)), 20)
  assert.equal(autoscaler.decide(30, pods(20, 10)), 20)
  assert.equal(autoscaler.decide(300, pods(20, 10)), 20)
  assert.equal(autoscaler.decide(330, pods(20, 10)), 16)
})

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
