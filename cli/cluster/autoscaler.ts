import { setTimeout as pause } from 'node:timers/promises'
import policy from '../../deploy/helm/stoa/files/autoscaling.json' with { type: 'json' }
import { decideScaling, noMemory, type Replica, type Scaling, type ScalingMemory } from '../autoscale.ts'
import type { Copies } from '../copies.ts'
import { ConfigurationError } from '../environment.ts'
import type { CopyHealth, Observer } from './health.ts'
import { copiesAtMost } from './plan.ts'

/** As the chart's autoscaling, which counts in what a pod requests: in percent of the one core that a copy can use. */
const cpuTarget = policy.targetCpuPercent * policy.requestedCores
const behavior = policy.behavior as Scaling['behavior']

/** Reads `1-4`: from how many to how many copies of each part. @throws ConfigurationError */
export function readScaling(text: string): Scaling {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? []
  const [minReplicas, maxReplicas] = [Number(from), Number(to)]
  if (!(minReplicas >= 1 && maxReplicas >= minReplicas && maxReplicas <= copiesAtMost)) {
    throw new ConfigurationError([
      `--autoscale is "${text}", but must say from how many to how many copies, such as 1-4 (${copiesAtMost} at most)`,
    ])
  }
  return {
    minReplicas,
    maxReplicas,
    metrics: [
      { name: 'cpu', target: cpuTarget },
      { name: 'inFlight', target: policy.targetInFlight },
    ],
    behavior,
  }
}

/** As often as Kubernetes decides. */
const decideEveryMs = 15_000

/** Decides for each part how many copies there should be, and sees to it. @returns ends it */
export function startAutoscaler(options: {
  readonly scaling: Scaling
  readonly parts: readonly Copies[]
  readonly observer: Observer
  /** While somebody replaces copies, nothing is decided. */
  readonly isBusy: () => boolean
  readonly say: (line: string) => void
}): () => Promise<void> {
  const { observer, parts, say, scaling } = options
  const memories = new Map<Copies, ScalingMemory>()
  const stopping = new AbortController()

  const decide = (copies: Copies, rows: readonly CopyHealth[]): void => {
    const { replicas, reason, memory } = decideScaling(
      scaling,
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
