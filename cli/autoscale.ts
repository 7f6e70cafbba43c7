/**
 * How many copies there should be: the algorithm of Kubernetes' HorizontalPodAutoscaler (autoscaling/v2), as its documentation
 * words it (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/). The fields have the names they have there, so
 * that what is tried here on one machine is what a chart says.
 */
export type Scaling = {
  readonly minReplicas: number
  readonly maxReplicas: number
  /** Each on average over the copies; the one that asks for most is followed. */
  readonly metrics: readonly { readonly name: string; readonly target: number }[]
  readonly behavior: { readonly scaleUp: ScalingRules; readonly scaleDown: ScalingRules }
}

export type ScalingRules = {
  /** Of the recommendations in this time the most careful one is followed. */
  readonly stabilizationWindowSeconds: number
  readonly selectPolicy: 'Max' | 'Min' | 'Disabled'
  readonly policies: readonly ScalingPolicy[]
}

/** At most so many copies, or so many percent of them, within the period. */
type ScalingPolicy = {
  readonly type: 'Pods' | 'Percent'
  readonly value: number
  readonly periodSeconds: number
}

/** A copy as it is now; a value is null where it has not been measured yet. Copies that leave are not told of. */
export type Replica = { readonly ready: boolean; readonly values: Readonly<Record<string, number | null>> }

/** What has to be known of before. Times are milliseconds of one clock. */
export type ScalingMemory = {
  readonly recommendations: readonly { readonly at: number; readonly replicas: number }[]
  readonly changes: readonly { readonly at: number; readonly by: number }[]
}

export type ScalingDecision = {
  readonly replicas: number
  /** By which metric, or what kept it from following. */
  readonly reason: string
  readonly memory: ScalingMemory
}

export const noMemory: ScalingMemory = { recommendations: [], changes: [] }

/** A ratio so near to one is left alone. */
const tolerance = 0.1

/** The documented defaults: up at once, doubled or four more in 15 s, whichever is more; down after five minutes. */
export const usualBehavior: Scaling['behavior'] = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Percent', value: 100, periodSeconds: 15 },
      { type: 'Pods', value: 4, periodSeconds: 15 },
    ],
  },
  scaleDown: {
    stabilizationWindowSeconds: 300,
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  },
}

/** Decides anew; to be asked every 15 s, as Kubernetes does. Reads no clock and keeps nothing: `memory` goes in and comes out. */
export function decideScaling(
  scaling: Scaling,
  replicas: readonly Replica[],
  memory: ScalingMemory,
  now: number,
): ScalingDecision {
  const current = replicas.length
  if (current === 0) return { replicas: 0, reason: 'scaled to zero by hand', memory }
  const { proposed, reason } = propose(scaling, replicas)
  const known = memory.recommendations.length > 0 ? memory.recommendations : [{ at: now, replicas: current }]
  const stable = stabilize(scaling, current, proposed, known, now)
  const limited = limit(scaling, current, stable, memory.changes, now)
  const said =
    limited === proposed
      ? reason
      : `${reason}, ${stable === proposed ? 'limited by bounds and policies' : 'held by the stabilization window'}`
  const { scaleUp, scaleDown } = scaling.behavior
  const windowMs = 1_000 * Math.max(scaleUp.stabilizationWindowSeconds, scaleDown.stabilizationWindowSeconds)
  const periodMs = 1_000 * Math.max(...[...scaleUp.policies, ...scaleDown.policies].map((one) => one.periodSeconds), 0)
  return {
    replicas: limited,
    reason: said,
    memory: {
      recommendations: [...known, { at: now, replicas: proposed }].filter(({ at }) => at >= now - windowMs),
      changes: [...memory.changes, ...(limited === current ? [] : [{ at: now, by: limited - current }])].filter(
        ({ at }) => at >= now - periodMs,
      ),
    },
  }
}

/** The most that a metric asks for. One that nobody could read keeps the others from scaling down, not from scaling up. */
function propose(scaling: Scaling, replicas: readonly Replica[]): { proposed: number; reason: string } {
  const current = replicas.length
  const proposals = scaling.metrics.map(({ name, target }) => ({ name, replicas: byMetric(replicas, name, target) }))
  const known = proposals.flatMap((one) => (one.replicas === null ? [] : [{ ...one, replicas: one.replicas }]))
  const most = known.toSorted((a, b) => b.replicas - a.replicas)[0]
  if (!most) return { proposed: current, reason: 'no metric could be read' }
  if (known.length < proposals.length && most.replicas < current)
    return { proposed: current, reason: 'not scaled down while a metric cannot be read' }
  return { proposed: most.replicas, reason: most.name }
}

/** desired = ceil(current × value / target), careful with copies that are not ready or were not measured. */
function byMetric(replicas: readonly Replica[], name: string, target: number): number | null {
  const current = replicas.length
  const measuredOf = (one: Replica): number | null => one.values[name] ?? null
  const measured = replicas.filter((one) => one.ready && measuredOf(one) !== null)
  if (measured.length === 0) return null
  const sum = measured.reduce((all, one) => all + (measuredOf(one) ?? 0), 0)
  const ratio = sum / measured.length / target
  const unready = replicas.filter((one) => !one.ready).length
  const missing = current - measured.length - unready
  if (unready === 0 && missing === 0) return isNear(ratio) ? current : upwards(ratio * current)
  // On the way up, copies that say nothing or are not ready yet are taken to do nothing; on the way down, those that say
  // nothing are taken to do all that they should.
  const assumed = ratio > 1 ? 0 : missing * target
  const counted = measured.length + missing + (ratio > 1 ? unready : 0)
  const careful = (sum + assumed) / counted / target
  if (isNear(careful) || ratio > 1 !== careful > 1) return current
  const desired = upwards(careful * counted)
  return careful < 1 === desired < current ? desired : current
}

const isNear = (ratio: number): boolean => Math.abs(ratio - 1) <= tolerance + Number.EPSILON

/** Rounds up what a fraction is over, and not what a computer's fractions are. */
const upwards = (replicas: number): number => Math.ceil(Number(replicas.toFixed(9)))

function stabilize(
  { behavior }: Scaling,
  current: number,
  proposed: number,
  recommendations: ScalingMemory['recommendations'],
  now: number,
): number {
  const within = (seconds: number): number[] =>
    recommendations.filter(({ at }) => at > now - seconds * 1_000).map((one) => one.replicas)
  const up = Math.min(proposed, ...within(behavior.scaleUp.stabilizationWindowSeconds))
  const down = Math.max(proposed, ...within(behavior.scaleDown.stabilizationWindowSeconds))
  return Math.min(Math.max(current, up), down)
}

/** Within the bounds, and not faster than the policies allow. */
function limit(
  { behavior, minReplicas, maxReplicas }: Scaling,
  current: number,
  wanted: number,
  changes: ScalingMemory['changes'],
  now: number,
): number {
  const atStart = (seconds: number): number =>
    current - changes.filter(({ at }) => at > now - seconds * 1_000).reduce((sum, { by }) => sum + by, 0)
  const reachable = ({ policies, selectPolicy }: ScalingRules, sign: 1 | -1): number => {
    if (selectPolicy === 'Disabled') return current
    const ends = policies.map(({ type, value, periodSeconds }) => {
      const from = atStart(periodSeconds)
      if (type === 'Pods') return from + sign * value
      return sign === 1 ? Math.ceil(from * (1 + value / 100)) : Math.floor(from * (1 - value / 100))
    })
    const furthest = (selectPolicy === 'Max') === (sign === 1) ? Math.max(...ends) : Math.min(...ends)
    return sign === 1 ? Math.max(current, furthest) : Math.min(current, furthest)
  }
  if (current > maxReplicas) return maxReplicas
  if (current < minReplicas) return minReplicas
  return wanted > current
    ? Math.min(wanted, maxReplicas, reachable(behavior.scaleUp, 1))
    : Math.max(wanted, minReplicas, reachable(behavior.scaleDown, -1))
}
