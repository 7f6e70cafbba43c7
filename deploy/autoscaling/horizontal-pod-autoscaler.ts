/**
 * The decision of Kubernetes' HorizontalPodAutoscaler, as its documentation gives the algorithm
 * (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/, algorithm details and configurable scaling behavior):
 * for each metric `ceil(replicas × value ÷ target)`, unless within a tenth of the target; pods without figures, and pods that are not
 * ready, pull towards no change; the greatest metric wins; then stabilization and the limits of speed.
 */

/** The chart's own parameters: `deploy/helm/stoa/files/autoscaling.json`. */
export type ScalingPolicy = {
  readonly minReplicas: number
  readonly maxReplicas: number
  /** Of the requested processor time. */
  readonly targetCpuPercent: number
  /** Requests a pod that run or wait; null: not looked at. */
  readonly targetInFlight: number | null
  readonly scaleUp: SpeedLimit & { readonly pods: number }
  readonly scaleDown: SpeedLimit
}
type SpeedLimit = { readonly percent: number; readonly periodSeconds: number; readonly stabilizationSeconds: number }

/** What is known of a pod; null figures: none have arrived yet. */
export type PodFigures = {
  readonly ready: boolean
  readonly cpuPercent: number | null
  readonly inFlight: number | null
}

/** As the controller manager's default: a value so near to the target changes nothing. */
const tolerance = 0.1

export type Autoscaler = {
  /** @param atSeconds of a clock that only goes forward @returns how many pods there should be */
  decide(atSeconds: number, pods: readonly PodFigures[]): number
}

export function horizontalPodAutoscaler(policy: ScalingPolicy): Autoscaler {
  /** What was recommended, and how many there were, at each look. */
  const history: { readonly at: number; readonly desired: number; readonly replicas: number }[] = []
  return {
    decide(at, pods) {
      const replicas = pods.length
      const wanted = [wantedBy(pods, 'cpuPercent', policy.targetCpuPercent)]
      if (policy.targetInFlight !== null) wanted.push(wantedBy(pods, 'inFlight', policy.targetInFlight))
      const desired = Math.max(...wanted)
      history.push({ at, desired, replicas })
      const since = (seconds: number) => history.filter((one) => one.at > at - seconds)
      const { scaleUp, scaleDown } = policy
      const lowest = Math.min(...since(Math.max(scaleUp.stabilizationSeconds, 1)).map((one) => one.desired))
      const highest = Math.max(...since(Math.max(scaleDown.stabilizationSeconds, 1)).map((one) => one.desired))
      let next = replicas
      if (lowest > replicas) {
        // Counted from how many there were when the period began, and the faster of the two policies holds.
        const before = Math.min(...since(scaleUp.periodSeconds).map((one) => one.replicas))
        next = Math.min(lowest, Math.max(Math.ceil(before * (1 + scaleUp.percent / 100)), before + scaleUp.pods))
      } else if (highest < replicas) {
        const before = Math.max(...since(scaleDown.periodSeconds).map((one) => one.replicas))
        next = Math.max(highest, Math.floor(before * (1 - scaleDown.percent / 100)))
      }
      return Math.min(policy.maxReplicas, Math.max(policy.minReplicas, next))
    },
  }
}

function wantedBy(pods: readonly PodFigures[], metric: 'cpuPercent' | 'inFlight', target: number): number {
  const known = pods.filter((pod) => pod.ready && pod[metric] !== null)
  if (known.length === 0) return pods.length
  const sum = known.reduce((all, pod) => all + (pod[metric] ?? 0), 0)
  const ratio = sum / known.length / target
  if (known.length === pods.length) return isNear(ratio) ? pods.length : Math.ceil(ratio * pods.length)
  // Growing, a pod that says nothing is taken for idle; shrinking, for one that is just as busy as wanted.
  const unknown = pods.length - known.length
  const careful = (sum + (ratio < 1 ? unknown * target : 0)) / pods.length / target
  const turned = (ratio > 1 && careful < 1) || (ratio < 1 && careful > 1)
  return isNear(careful) || turned ? pods.length : Math.ceil(careful * pods.length)
}

const isNear = (ratio: number): boolean => Math.abs(ratio - 1) <= tolerance
