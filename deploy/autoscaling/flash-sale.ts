import { decideScaling, noMemory, type Replica, type Scaling } from '../../cli/autoscale.ts'

/** What a pod can do and how long one takes to come, measured: see docs/scaling.md. */
export type Capacity = {
  /** Processor time of a request in its own process, and what it waits for others, in milliseconds. */
  readonly cpuMs: number
  readonly waitMs: number
  /** Cores that a pod requests: what utilization is a part of. It may use one. */
  readonly requestedCores: number
  /** Who would wait longer is turned away, in milliseconds: as kernel/admission.ts does. */
  readonly patienceMs: number
  /** From the decision until a pod is ready where a node has room, and where a node has to be made first, in seconds. */
  readonly podSeconds: number
  readonly nodeSeconds: number
  /** Pods for which there is room without another node. */
  readonly roomForPods: number
}

/** Requests a second over time. */
export type Trace = { readonly seconds: number; readonly rate: (second: number) => number }

/** How long each part of a sale takes, in seconds; it comes and goes by the same ramp. */
export type SaleShape = {
  readonly before: number
  readonly ramp: number
  readonly sale: number
  readonly after: number
}

/** Quiet for three minutes, more and more within one, for ten, and quiet again. */
const usualShape: SaleShape = { before: 180, ramp: 60, sale: 600, after: 900 }
/** As often as in a quiet minute. */
export const timesAsMany = 50

export const flashSale = (quietRate: number, { before, ramp, sale, after }: SaleShape = usualShape): Trace => ({
  seconds: before + ramp + sale + ramp + after,
  rate(second) {
    const end = before + ramp + sale
    if (second < before || second >= end + ramp) return quietRate
    const part = second < before + ramp ? (second - before) / ramp : second < end ? 1 : 1 - (second - end) / ramp
    return quietRate * (1 + (timesAsMany - 1) * part)
  },
})

/** Every five seconds. */
export type Sample = {
  readonly second: number
  readonly rate: number
  readonly pods: number
  readonly ready: number
  /** Of the cores of the ready pods, 0 to 1. */
  readonly utilization: number
  /** Of those who were served, in milliseconds. */
  readonly p99Ms: number
  readonly turnedAway: number
  readonly served: number
}

export type Outcome = {
  readonly samples: readonly Sample[]
  readonly turnedAwayPart: number
  /** For so long more than one in a hundred was turned away, or the p99 was beyond half a second. */
  readonly troubledSeconds: number
  readonly podHours: number
}

type Pod = { readonly readyAt: number; freeAt: number; busyMs: number }

const sampleSeconds = 5
/** The controller's period, and how old the figures are that it sees: one scrape. */
const lookSeconds = 15
const troubledMs = 500

/**
 * Runs a trace against pods that are one queue each (a process has one event loop), requests that come as they like (Poisson) to a pod
 * at random, as kube-proxy sends them, and an autoscaler. The same seed gives the same run.
 */
export function simulateSale(scaling: Scaling, capacity: Capacity, trace: Trace, seed = 1): Outcome {
  const random = mulberry32(seed)
  let memory = noMemory
  let pods: Pod[] = Array.from({ length: scaling.minReplicas }, () => newPod(0))
  const samples: Sample[] = []
  let latencies: number[] = []
  let [served, turnedAway, allServed, allTurnedAway, podSeconds] = [0, 0, 0, 0, 0]
  let busyBefore = new Map<Pod, number>()
  let sampledBusy = 0

  for (let second = 0; second < trace.seconds; second++) {
    const open = pods.filter(({ readyAt }) => readyAt <= second)
    const rate = trace.rate(second)
    for (let at = second * 1_000 + gap(random, rate); at < (second + 1) * 1_000; at += gap(random, rate)) {
      const pod = open[Math.floor(random() * open.length)] as Pod
      const wait = Math.max(0, pod.freeAt - at)
      if (wait > capacity.patienceMs) {
        turnedAway += 1
        continue
      }
      // Some requests are heavier than others: an exponential spread around the mean.
      const work = -Math.log(1 - random()) * capacity.cpuMs
      pod.freeAt = Math.max(pod.freeAt, at) + work
      pod.busyMs += work
      served += 1
      latencies.push(wait + work + capacity.waitMs)
    }
    podSeconds += pods.length
    const now = (second + 1) * 1_000
    if ((second + 1) % lookSeconds === 0) {
      const share = rate / Math.max(open.length, 1)
      const replicas = pods.map((pod) => replicaOf(pod, now, busyBefore.get(pod), share, capacity))
      const decision = decideScaling(scaling, replicas, memory, now)
      memory = decision.memory
      busyBefore = new Map(pods.map((pod) => [pod, doneMs(pod, now)]))
      pods = resize(pods, decision.replicas, second + 1, capacity)
    }
    if ((second + 1) % sampleSeconds === 0) {
      const busy = open.reduce((all, pod) => all + doneMs(pod, now), 0)
      const capacityMs = open.length * sampleSeconds * 1_000
      samples.push({
        second: second + 1,
        rate,
        pods: pods.length,
        ready: open.length,
        utilization: Math.min(1, Math.max(0, (busy - sampledBusy) / capacityMs)),
        p99Ms: percentile(latencies, 0.99),
        turnedAway,
        served,
      })
      sampledBusy = pods.filter(({ readyAt }) => readyAt <= second + 1).reduce((all, pod) => all + doneMs(pod, now), 0)
      allServed += served
      allTurnedAway += turnedAway
      latencies = []
      served = 0
      turnedAway = 0
    }
  }
  const troubled = samples.filter(
    (one) => one.p99Ms > troubledMs || one.turnedAway > 0.01 * (one.served + one.turnedAway),
  )
  return {
    samples,
    turnedAwayPart: allTurnedAway / (allServed + allTurnedAway),
    troubledSeconds: troubled.length * sampleSeconds,
    podHours: podSeconds / 3_600,
  }
}

const newPod = (readyAt: number): Pod => ({ readyAt, freeAt: readyAt * 1_000, busyMs: 0 })

/** What of its work a pod has done: the rest waits. */
const doneMs = (pod: Pod, now: number): number => pod.busyMs - Math.max(0, pod.freeAt - now)

function replicaOf(pod: Pod, now: number, before: number | undefined, rate: number, capacity: Capacity): Replica {
  const ready = pod.readyAt * 1_000 <= now
  if (!ready || before === undefined) return { ready, values: { cpu: null, inFlight: null } }
  const cores = (doneMs(pod, now) - before) / (lookSeconds * 1_000)
  // Those that wait for its processor, and those that wait for others (Little's law).
  const inFlight = Math.max(0, pod.freeAt - now) / capacity.cpuMs + (rate * capacity.waitMs) / 1_000
  return { ready, values: { cpu: (cores / capacity.requestedCores) * 100, inFlight } }
}

function resize(pods: Pod[], wanted: number, second: number, capacity: Capacity): Pod[] {
  if (wanted <= pods.length) return pods.slice(0, wanted)
  const more = Array.from({ length: wanted - pods.length }, (_, index) => {
    const hasRoom = pods.length + index < capacity.roomForPods
    return newPod(second + capacity.podSeconds + (hasRoom ? 0 : capacity.nodeSeconds))
  })
  return [...pods, ...more]
}

const gap = (random: () => number, rate: number): number => (-Math.log(1 - random()) * 1_000) / rate

function percentile(values: number[], part: number): number {
  if (values.length === 0) return 0
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

/** A small generator of good quality, so that a run can be repeated (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
