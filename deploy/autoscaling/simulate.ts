import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Scaling, usualBehavior } from '../../cli/autoscale.ts'
import { say } from '../../cli/terminal.ts'
import policy from '../helm/stoa/files/autoscaling.json' with { type: 'json' }
import { type Capacity, flashSale, type Outcome, simulateSale } from './flash-sale.ts'
import { drawSale } from './picture.ts'

// `node deploy/autoscaling/simulate.ts`: a flash sale against the chart's parameters and against others, and a picture of it in
// docs/images. What was measured goes in here; docs/scaling.md says where it comes from.

/** A process that takes orders: a third of an order's 12.8 ms of processor time a request; the rest of its 30 ms it waits. */
export const capacity: Capacity = {
  cpuMs: 4.3,
  waitMs: 25,
  requestedCores: policy.requestedCores,
  patienceMs: 4_000,
  podSeconds: 8,
  nodeSeconds: 90,
  roomForPods: 100,
}
/** A third as many orders a second. */
export const quietRate = 100
const cpu = (target: number) => ({ name: 'cpu', target })
const inFlight = { name: 'inFlight', target: policy.targetInFlight }

/** So that the ceiling is not what is simulated. */
export const ceiling = { maxReplicas: 60 }

export const chart: Scaling = {
  ...policy,
  behavior: policy.behavior as Scaling['behavior'],
  metrics: [cpu(policy.targetCpuPercent), inFlight],
}

/** Kubernetes' own defaults: processor time only, at most double or four more in 15 s, all of the way down at once. */
const kubernetes: Scaling = { minReplicas: 2, maxReplicas: 60, metrics: [cpu(80)], behavior: usualBehavior }

export const candidates: readonly [name: string, scaling: Scaling, capacity?: Capacity][] = [
  ['Kubernetes’ defaults', kubernetes],
  ['the same, and requests in flight', { ...kubernetes, metrics: [cpu(80), inFlight] }],
  ['the chart', chart],
  ['the chart, from 3 pods on', { ...chart, minReplicas: 3 }],
  ['the chart, from 6 pods on', { ...chart, minReplicas: 6 }],
  ['the chart, raised to 20 before the sale', { ...chart, minReplicas: 20 }],
  ['the chart, where nodes have room for 10', chart, { ...capacity, roomForPods: 10 }],
]

export const run = (one: Scaling, pods: Capacity = capacity): Outcome =>
  simulateSale({ ...one, ...ceiling }, pods, flashSale(quietRate))

/** A row of the table in docs/scaling.md. */
export const rowOf = (name: string, { turnedAwayPart, troubledSeconds, samples, podHours }: Outcome): string =>
  `| ${name} | ${(turnedAwayPart * 100).toFixed(2)} % | ${troubledSeconds} s | ${Math.max(...samples.map(({ pods }) => pods))} | ${podHours.toFixed(1)} |`

if (import.meta.main) {
  const document = await readFile(join(import.meta.dirname, '../../docs/scaling.md'), 'utf8').catch(() => '')
  for (const [name, one, pods] of candidates) {
    const row = rowOf(name, run(one, pods))
    say(`${document.includes(row) ? ' ' : '≠'} ${row}`)
  }
  const images = join(import.meta.dirname, '../../docs/images')
  await mkdir(images, { recursive: true })
  await writeFile(join(images, 'flash-sale.svg'), drawSale(run(chart).samples, capacity))
}
