import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideScaling, noMemory, type Replica, type Scaling, usualBehavior } from './autoscale.ts'

// The worked examples of the documentation of Kubernetes' autoscaler, and its rules one by one.

const scaling = (changed: Partial<Scaling> = {}): Scaling => ({
  minReplicas: 1,
  maxReplicas: 100,
  metrics: [{ name: 'cpu', target: 100 }],
  behavior: usualBehavior,
  ...changed,
})
const rules = (changed: Partial<Scaling['behavior']['scaleDown']>): Scaling['behavior'] => ({
  scaleUp: usualBehavior.scaleUp,
  scaleDown: { ...usualBehavior.scaleDown, stabilizationWindowSeconds: 0, ...changed },
})
const copies = (count: number, cpu: number | null, ready = true): Replica[] =>
  Array.from({ length: count }, () => ({ ready, values: { cpu } }))
const decide = (replicas: readonly Replica[], given = scaling()): number =>
  decideScaling(given, replicas, noMemory, 0).replicas
/** Down at once: what the metric asks for, unhindered. */
const atOnce = scaling({ behavior: rules({}) })

test('"if the current metric value is 200m and the desired value is 100m, the number of replicas will be doubled"', () => {
  assert.equal(decide(copies(3, 200)), 6)
})

test('"if the current value is instead 50m, you will halve the number of replicas"', () => {
  assert.equal(decide(copies(4, 50), atOnce), 2)
})

test('"the control plane skips any scaling action if the ratio is sufficiently close to 1.0", by default within 0.1', () => {
  assert.equal(decide(copies(10, 110)), 10)
  assert.equal(decide(copies(10, 111)), 12)
  assert.equal(decide(copies(10, 90), atOnce), 10)
  assert.equal(decide(copies(10, 89), atOnce), 9)
})

test('a fraction of a copy is a whole one, but a computer’s fraction of a copy is none', () => {
  assert.equal(decide(copies(3, 120)), 4)
  assert.equal(decide(copies(10, 70), scaling({ ...atOnce, metrics: [{ name: 'cpu', target: 50 }] })), 14)
})

test('copies that are not ready yet dampen the way up, as they are taken to use nothing', () => {
  // Three at 200 want six; with three that are just coming they are enough.
  assert.equal(decide([...copies(3, 200), ...copies(3, null, false)]), 6)
  assert.equal(decide([...copies(3, 300), ...copies(3, null, false)]), 9)
  // With so many coming the ratio would say "down": nothing is done.
  assert.equal(decide([...copies(2, 200), ...copies(6, null, false)]), 8)
  // What they use while they start says nothing.
  assert.equal(decide([...copies(3, 90), ...copies(1, 900, false)]), 4)
})

test('copies without a measurement use all they should on the way down, and nothing on the way up', () => {
  assert.equal(decide([...copies(2, 20), ...copies(2, null)], atOnce), 3)
  assert.equal(decide([...copies(2, 300), ...copies(2, null)]), 6)
  assert.equal(decide([...copies(2, 210), ...copies(2, null)]), 4)
})

test('several metrics: the one that asks for most is followed; one that cannot be read prevents only the way down', () => {
  const two = scaling({
    ...atOnce,
    metrics: [
      { name: 'cpu', target: 100 },
      { name: 'in-flight', target: 20 },
    ],
  })
  const measured = (cpu: number | null, inFlight: number | null): Replica[] =>
    Array.from({ length: 2 }, () => ({ ready: true, values: { cpu, 'in-flight': inFlight } }))
  assert.equal(decide(measured(150, 60), two), 6)
  assert.equal(decide(measured(20, 5), two), 1)
  assert.equal(decide(measured(20, null), two), 2)
  assert.equal(decide(measured(200, null), two), 4)
  assert.equal(decide(measured(null, null), two), 2)
})

test('up: doubled or four more within 15 s, whichever is more', () => {
  assert.equal(decide(copies(1, 2_000)), 5)
  assert.equal(decide(copies(8, 2_000)), 16)
  const first = decideScaling(scaling(), copies(1, 2_000), noMemory, 0)
  const soon = decideScaling(scaling(), copies(5, 2_000), first.memory, 10_000)
  assert.equal(soon.replicas, 5, 'four came less than 15 s ago')
  assert.equal(decideScaling(scaling(), copies(5, 2_000), soon.memory, 15_000).replicas, 10)
})

test('"80 replicas … to 10 …: during the first minute 8 replicas … in the next iteration 7.2, rounded up to 8"', () => {
  const tenPercent = scaling({
    minReplicas: 10,
    behavior: rules({
      policies: [
        { type: 'Percent', value: 10, periodSeconds: 60 },
        { type: 'Pods', value: 4, periodSeconds: 60 },
      ],
    }),
  })
  let memory = noMemory
  let count = 80
  const seen = [80]
  for (let minute = 0; minute < 12; minute++) {
    const decision = decideScaling(tenPercent, copies(count, 1), memory, minute * 60_000)
    memory = decision.memory
    count = decision.replicas
    seen.push(count)
  }
  assert.deepEqual(seen.slice(0, 3), [80, 72, 64])
  // "When the number of replicas falls below 40 the second policy is applied: 4 are removed at a time."
  const below = seen.filter((one) => one < 40)
  assert.deepEqual(below.slice(0, 3), [below[0], (below[0] ?? 0) - 4, (below[0] ?? 0) - 8])
})

test('down: the highest recommendation of the last five minutes holds', () => {
  let memory = noMemory
  const at = (seconds: number, cpu: number) => {
    const decision = decideScaling(scaling(), copies(4, cpu), memory, seconds * 1_000)
    memory = decision.memory
    return decision
  }
  assert.equal(at(0, 100).replicas, 4)
  const held = at(15, 25)
  assert.deepEqual([held.replicas, held.reason], [4, 'cpu, held by the stabilization window'])
  assert.equal(at(200, 75).replicas, 4)
  assert.equal(at(310, 25).replicas, 3, 'three were wanted at 200 s')
  assert.equal(at(505, 25).replicas, 1)
})

test('within the bounds; "Disabled" stays', () => {
  assert.equal(decide(copies(3, 900), scaling({ maxReplicas: 4 })), 4)
  assert.equal(decide(copies(3, 1), scaling({ ...atOnce, minReplicas: 2 })), 2)
  assert.equal(decide(copies(6, 100), scaling({ maxReplicas: 4 })), 4)
  assert.equal(decide(copies(1, 100), scaling({ minReplicas: 2 })), 2)
  assert.equal(decide(copies(3, 1), scaling({ behavior: rules({ selectPolicy: 'Disabled' }) })), 3)
  assert.equal(decide([]), 0)
})
