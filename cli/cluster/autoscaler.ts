import { availableParallelism } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import policy from '../../deploy/helm/stoa/files/autoscaling.json' with { type: 'json' }
import { decideScaling, noMemory, type Replica, type Scaling, type ScalingMemory } from '../autoscale.ts'
import type { Copies } from '../copies.ts'
import { ConfigurationError } from '../environment.ts'
import type { CopyHealth, Observer } from './health.ts'
import { copiesAtMost } from './plan.ts'

const behavior = policy.behavior as Scaling['behavior']

/** What each part is scaled by, and how many copies of all parts together the machine has room for. */
export type MachineScaling = { readonly scaling: Scaling; readonly room: number }

/**
 * The chart's autoscaling, on one machine.
 * @param text `1-4`: from how many to how many copies of each part
 * @param cores what a copy requests of a core, as the chart's requests half of one: with less, the few cores of a laptop are as many copies
 *   as those of a cluster, each for as much less work. Where it is said, no more copies come than the machine has cores for, as in a cluster.
 * @throws ConfigurationError with every fault
 */
export function readScaling(text: string, cores?: string): MachineScaling {
  const faults: string[] = []
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? []
  const [minReplicas, maxReplicas] = [Number(from), Number(to)]
  if (!(minReplicas >= 1 && maxReplicas >= minReplicas && maxReplicas <= copiesAtMost))
    faults.push(
      `--autoscale is "${text}", but must say from how many to how many copies, such as 1-4 (${copiesAtMost} at most)`,
    )
  const requested = cores === undefined ? policy.requestedCores : /^(0\.\d+|1)$/.test(cores) ? Number(cores) : 0
  if (requested < leastCores)
    faults.push(`--cores is "${cores}", but must be what a copy requests of one core, from ${leastCores} to 1`)
  if (faults.length > 0) throw new ConfigurationError(faults)
  const metrics = [
    // The chart counts in percent of what a pod requests; here it is percent of the one core that a copy can use.
    { name: 'cpu', target: policy.targetCpuPercent * requested },
    { name: 'inFlight', target: (policy.targetInFlight * requested) / policy.requestedCores },
  ]
  return {
    scaling: { minReplicas, maxReplicas, metrics, behavior },
    room: cores === undefined ? Number.POSITIVE_INFINITY : Math.floor(availableParallelism() / requested),
  }
}

/** No copy more where there is no room; those that are there stay. */
export const withinRoom = ({ room, scaling }: MachineScaling, wanted: number, others: number): Scaling => ({
  ...scaling,
  maxReplicas: Math.min(scaling.maxReplicas, Math.max(wanted, room - others)),
})

/** A copy that does nothing uses a hundredth of a core or two: of less it would look busy. */
const leastCores = 0.05

/** As often as Kubernetes decides. */
const decideEveryMs = 15_000

/** Decides for each part how many copies there should be, and sees to it. @returns ends it */
export function startAutoscaler(options: {
  readonly scaling: MachineScaling
  readonly parts: readonly Copies[]
  readonly observer: Observer
  /** While somebody replaces copies, nothing is decided. */
  readonly isBusy: () => boolean
  readonly say: (line: string) => void
}): () => Promise<void> {
  const { observer, parts, say } = options
  const memories = new Map<Copies, ScalingMemory>()
  const stopping = new AbortController()

  const decide = (copies: Copies, rows: readonly CopyHealth[]): void => {
    const others = parts.reduce((sum, one) => sum + (one === copies ? 0 : one.wanted()), 0)
    const { replicas, reason, memory } = decideScaling(
      withinRoom(options.scaling, copies.wanted(), others),
      replicasOf(copies, rows),
      memories.get(copies) ?? noMemory,
      performance.now(),
    )
    memories.set(copies, memory)
    if (replicas === copies.wanted()) return
    say(`${copies.part.name}: ${copies.wanted()} → ${replicas} copies (${reason})`)
    // New copies are counted as not ready until they are; nobody has to wait for them here.
    copies.scale(replicas).catch((error: Error) => say(`${copies.part.name}: ${error.message}`))
  }

  const deciding = (async () => {
    for (;;) {
      await pause(decideEveryMs, undefined, stopping).catch(() => undefined)
      if (stopping.signal.aborted) return
      if (options.isBusy()) continue
      const rows = await observer.look().catch((error: Error) => void say(error.message))
      if (rows) for (const copies of parts) decide(copies, rows)
    }
  })()
  return () => {
    stopping.abort()
    return deciding
  }
}

/** One that has just died and is started again is one that is not ready. */
function replicasOf({ part, wanted }: Copies, rows: readonly CopyHealth[]): Replica[] {
  const own = rows.filter(({ name, state }) => name.startsWith(`${part.name}.`) && state !== 'leaving')
  const replicas = own.map(
    ({ state, cpu, inFlight }): Replica => ({ ready: state === 'ready', values: { cpu, inFlight } }),
  )
  const missing = Math.max(0, wanted() - replicas.length)
  return [...replicas, ...Array.from({ length: missing }, (): Replica => ({ ready: false, values: {} }))]
}
