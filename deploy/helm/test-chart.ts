import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { stopWithinMs } from '../../cli/start.ts'
import { hasSchemas, schemaFolder } from './schemas.ts'

/** What a rendered object may have, as far as it is looked at. */
export type Rendered = {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> }
  // biome-ignore lint/suspicious/noExplicitAny: what is judged may have any shape, and the schemas judge that
  readonly spec?: any
}

export const chartFolder = join(import.meta.dirname, 'stoa')
const component = 'app.kubernetes.io/component'

const program = (name: string): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin')]
    .map((folder) => join(folder, name))
    .find(existsSync)

const helm = program('helm')
const kubeconform = program('kubeconform')
const schemas = await hasSchemas()
/** Why the chart cannot be judged here, or false. With `STOA_REQUIRE_PEERS=1`, as in CI, it throws instead. */
export const noHelm: string | false =
  helm && kubeconform && schemas ? false : 'helm, kubeconform or the schemas (node deploy/helm/schemas.ts) are missing'
if (noHelm && process.env.STOA_REQUIRE_PEERS === '1') throw new Error(noHelm)

/** What every installation has to say. */
const example = {
  image: { repository: 'registry.example/shop' },
  publicUrl: 'https://shop.example',
  'database.address': 'postgres://database.example:5432/stoa',
  'admin.email': 'owner@shop.example',
  'gateway.parents': [{ name: 'public', namespace: 'gateways' }],
}

/** The chart's objects as YAML. Rejects with what helm says. */
export async function render(valuesFile: string, values: object = {}, folder = chartFolder): Promise<string> {
  const json = (one: object): string[] =>
    Object.entries(one).flatMap(([k, v]) => ['--set-json', `${k}=${JSON.stringify(v)}`])
  const parameters = [
    'template',
    'shop',
    folder,
    '--values',
    join(folder, valuesFile),
    ...json(example),
    ...json(values),
  ]
  const { stdout } = await promisify(execFile)(helm ?? 'helm', parameters, { maxBuffer: 10_000_000 })
  return stdout
}

export const objectsOf = (text: string): Rendered[] =>
  parseAllDocuments(text).flatMap((document) => (document.toJS() ? [document.toJS() as Rendered] : []))

/** What Kubernetes' own schemas and those of its extensions find wrong. */
export async function schemaFaults(text: string): Promise<string> {
  const locations = ['kubernetes', 'extensions'].flatMap((folder) => [
    '-schema-location',
    join(schemaFolder, folder, '{{.ResourceKind}}{{.KindSuffix}}.json'),
  ])
  const child = spawn(kubeconform ?? 'kubeconform', ['-strict', '-kubernetes-version', '1.37.0', ...locations], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  child.stdin.end(text)
  const status = await new Promise((done) => child.once('close', done))
  return said.trim() || (status === 0 ? '' : `exit status ${status}`)
}

/** What a cluster would bear and a shop would not: one line a fault. */
export function faultsOf(objects: readonly Rendered[]): string[] {
  const faults: string[] = []
  const of = (kind: string): Rendered[] => objects.filter((one) => one.kind === kind)
  const say = (one: Rendered, condition: unknown, what: string): void => {
    if (!condition) faults.push(`${one.kind} ${one.metadata.name}: ${what}`)
  }
  for (const one of [...of('Deployment'), ...of('Job'), ...of('CronJob')]) {
    const pod = (one.kind === 'CronJob' ? one.spec.jobTemplate.spec : one.spec).template.spec
    const [container] = pod.containers
    const security = container.securityContext
    say(one, pod.securityContext?.runAsNonRoot === true && pod.securityContext.runAsUser > 0, 'runs as root')
    say(one, pod.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'no seccomp profile')
    say(one, pod.automountServiceAccountToken === false, 'a token of the cluster is mounted')
    say(one, security?.readOnlyRootFilesystem === true, 'writable root file system')
    say(one, security?.allowPrivilegeEscalation === false, 'privileges may grow')
    say(one, security?.capabilities?.drop?.includes('ALL'), 'capabilities are kept')
    say(one, container.resources?.requests?.cpu && container.resources.requests.memory, 'requests no resources')
    say(one, container.resources?.limits?.memory, 'memory without a limit')
    for (const { name, value } of container.env)
      say(
        one,
        value === undefined ||
          !/SECRET|PASSWORD|_KEY$|:\/\/[^/]*:[^/]*@/.test(`${name}=${value}`.replace('STOA_SECRETS=', '')),
        `${name} is no reference`,
      )
  }
  for (const one of of('Deployment')) {
    const pod = one.spec.template.spec
    const [container] = pod.containers
    const name = one.metadata.labels?.[component]
    const selects = (labels: Record<string, string> | undefined): boolean =>
      labels?.[component] === name &&
      Object.entries(labels ?? {}).every(([k, v]) => one.spec.template.metadata.labels[k] === v)
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
      say(one, container[probe]?.httpGet, `no ${probe}`)
    say(one, container.readinessProbe?.httpGet.path === '/health/ready', 'readiness asks something else')
    say(one, container.livenessProbe?.httpGet.path === '/health/live', 'liveness depends on others')
    const pause = container.lifecycle?.preStop?.sleep?.seconds ?? 0
    say(one, pause >= 5, 'stops before others have heard of it')
    say(one, pod.terminationGracePeriodSeconds > pause + stopWithinMs / 1_000, 'is killed before it has stopped')
    say(
      one,
      pod.topologySpreadConstraints?.some(
        (each: { topologyKey: string }) => each.topologyKey === 'topology.kubernetes.io/zone',
      ),
      'is not spread',
    )
    say(
      one,
      of('PodDisruptionBudget').some(({ spec }) => selects(spec.selector.matchLabels)),
      'no disruption budget',
    )
    say(
      one,
      of('NetworkPolicy').some(({ spec }) => selects(spec.podSelector.matchLabels)),
      'no network policy',
    )
    say(
      one,
      of('Service').some(({ spec }) => selects(spec.selector)),
      'no service',
    )
  }
  return faults
}

/** Who may call whom between the shop's pods, as the policies say it on both sides: `caller callee`. */
export function allowedCalls(objects: readonly Rendered[]): { egress: string[]; ingress: string[] } {
  const policies = objects.filter(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.labels?.[component])
  const peers = (rules: { [side: string]: unknown }[], side: string): string[] =>
    rules
      .flatMap((rule) => (rule[side] ?? []) as { podSelector?: { matchLabels: Record<string, string> } }[])
      .flatMap(({ podSelector }) => podSelector?.matchLabels[component] ?? [])
  const pairs = (side: 'egress' | 'ingress'): string[] =>
    policies
      .flatMap(({ metadata, spec }) => {
        const self = metadata.labels?.[component]
        return peers(spec[side] ?? [], side === 'egress' ? 'to' : 'from').map((peer) =>
          side === 'egress' ? `${self} ${peer}` : `${peer} ${self}`,
        )
      })
      .sort()
  return { egress: pairs('egress'), ingress: pairs('ingress') }
}
