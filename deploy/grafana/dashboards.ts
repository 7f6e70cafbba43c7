import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The dashboards, as code. `node deploy/grafana/dashboards.ts` writes the files beside it that Grafana imports or is provisioned with. */

type Unit = 's' | 'short' | 'percentunit' | 'reqps' | 'bytes' | 'ops'
type Panel = {
  readonly title: string
  /** What to see in it. */
  readonly description: string
  readonly unit: Unit
  /** Expression by legend. */
  readonly lines: Readonly<Record<string, string>>
  readonly kind?: 'timeseries' | 'stat'
}

const rate = '[$__rate_interval]'
/** Every copy shows what one counted. */
const counted = (metric: string, by: string): string => `max by (${by}) (${metric})`
const quantile = (part: number, metric: string, by: string, selector = ''): string =>
  `histogram_quantile(${part}, sum by (le${by && `, ${by}`}) (rate(${metric}_bucket${selector}${rate})))`

const ofCheckout = '{service="orders", operation="checkout"}'
const ofService = '{service=~"$service"}'

const shop: readonly Panel[] = [
  {
    title: 'Orders an hour',
    description: 'Orders that were placed, as inventory heard of them.',
    unit: 'short',
    kind: 'stat',
    lines: {
      placed: 'sum(increase(stoa_event_seconds_count{service="inventory", type="order.placed", outcome="ok"}[1h]))',
    },
  },
  {
    title: 'Payments of unknown end',
    description: 'Shoppers who may have been charged. Runbook: payments-unknown.',
    unit: 'short',
    kind: 'stat',
    lines: { processing: 'max(stoa_payments_open{status="processing"})' },
  },
  {
    title: 'Checkouts',
    description: 'By outcome. A refusal is an answer, such as a declined card; an error is our fault.',
    unit: 'reqps',
    lines: {
      '{{outcome}}': `sum by (outcome) (rate(stoa_call_seconds_count${ofCheckout}${rate}))`,
    },
  },
  {
    title: 'Time of a checkout',
    description: 'Half, and all but one in a hundred, are faster.',
    unit: 's',
    lines: {
      'one in two': quantile(0.5, 'stoa_call_seconds', '', ofCheckout),
      '99 in 100': quantile(0.99, 'stoa_call_seconds', '', ofCheckout),
    },
  },
  {
    title: 'Declines by reason',
    description: 'One reason for all is the provider’s trouble; many of all kinds are stolen cards.',
    unit: 'reqps',
    lines: {
      '{{reason}}': `sum by (reason) (rate(stoa_call_failures_total{kind="payments/declined", service="payments"}${rate}))`,
    },
  },
  {
    title: 'Why checkouts are refused',
    description: 'By kind of refusal: sold out, price changed, declined.',
    unit: 'reqps',
    lines: { '{{kind}}': `sum by (kind) (rate(stoa_call_failures_total${ofCheckout}${rate}))` },
  },
  {
    title: 'Orders under way',
    description: 'By state.',
    unit: 'short',
    lines: { '{{state}}': counted('stoa_orders_open', 'state') },
  },
  {
    title: 'What became of the last hour’s orders',
    description: 'By state.',
    unit: 'short',
    lines: { '{{state}}': counted('stoa_orders_last_hour', 'state') },
  },
  {
    title: 'Stock',
    description: 'Held is for orders that are being paid; allocated for those that are.',
    unit: 'short',
    lines: { '{{state}}': counted('stoa_stock_units', 'state') },
  },
  {
    title: 'What should be zero',
    description: 'Orders that stand still, stock that is held too long, mails that were given up.',
    unit: 'short',
    lines: {
      'orders overdue': 'max(stoa_orders_overdue)',
      'stock held too long': 'max(stoa_orders_holding_too_long)',
      'mails given up': 'max(stoa_mails{state="failed"})',
    },
  },
]

const services: readonly Panel[] = [
  {
    title: 'Rate',
    description: 'Calls a second, as the service that answers sees them.',
    unit: 'reqps',
    lines: {
      '{{service}}.{{operation}}': `sum by (service, operation) (rate(stoa_call_seconds_count${ofService}${rate}))`,
    },
  },
  {
    title: 'Errors',
    description: 'Calls that failed; refusals are not among them.',
    unit: 'reqps',
    lines: {
      '{{service}}.{{operation}}': `sum by (service, operation) (rate(stoa_call_seconds_count{service=~"$service", outcome="error"}${rate}))`,
    },
  },
  {
    title: 'Duration',
    description: '99 calls of 100 are faster.',
    unit: 's',
    lines: {
      '{{service}}.{{operation}}': quantile(0.99, 'stoa_call_seconds', 'service, operation', ofService),
    },
  },
  {
    title: 'Refusals and errors by kind',
    description: 'What callers are told.',
    unit: 'reqps',
    lines: { '{{kind}} {{reason}}': `sum by (kind, reason) (rate(stoa_call_failures_total${ofService}${rate}))` },
  },
  {
    title: 'Public requests',
    description: 'By status.',
    unit: 'reqps',
    lines: { '{{status}}': `sum by (status) (rate(stoa_http_request_seconds_count${rate}))` },
  },
  {
    title: 'Time of public requests',
    description: '99 of 100 are faster, by route.',
    unit: 's',
    lines: { '{{route}}': quantile(0.99, 'stoa_http_request_seconds', 'route') },
  },
  {
    title: 'Repeated requests',
    description: 'Answered as before, by their Idempotency-Key.',
    unit: 'reqps',
    lines: {
      '{{service}}.{{operation}}': `sum by (service, operation) (rate(stoa_idempotency_replays_total${ofService}${rate}))`,
    },
  },
  {
    title: 'Refused at the internal port',
    description: 'Without a valid token of a service. Runbook: strangers-call.',
    unit: 'reqps',
    lines: { '{{fault}}': `sum by (fault) (rate(stoa_service_tokens_refused_total${rate}))` },
  },
]

const resources: readonly Panel[] = [
  {
    title: 'Ready',
    description: 'Processes that take requests.',
    unit: 'short',
    kind: 'stat',
    lines: { ready: 'sum(stoa_ready)' },
  },
  {
    title: 'Dependencies that are not asked',
    description: 'Their fallback is used. Runbook: dependency-down.',
    unit: 'short',
    kind: 'stat',
    lines: { '{{dependency}}': 'min by (dependency) (stoa_dependency_up) == 0' },
  },
  {
    title: 'Connections in use',
    description: 'Part of the ceiling.',
    unit: 'percentunit',
    lines: {
      '{{service}} {{instance}}':
        'stoa_pool_connections{state="used"} / ignoring (state) stoa_pool_connections{state="ceiling"}',
    },
  },
  {
    title: 'Waiting for a connection',
    description: 'Should be zero but for moments. Runbook: pool-exhausted.',
    unit: 'short',
    lines: { '{{service}} {{instance}}': 'stoa_pool_waiting' },
  },
  {
    title: 'Seats',
    description: 'Requests that run and that wait, and how many may run. Seats shrink when everything is late.',
    unit: 'short',
    lines: {
      'seats {{instance}}': 'stoa_admission_seats',
      'running {{instance}}': 'stoa_admission_running',
      'waiting {{instance}}': 'stoa_admission_waiting',
    },
  },
  {
    title: 'Turned away',
    description: 'By importance; checkout comes last.',
    unit: 'reqps',
    lines: { '{{importance}}': `sum by (importance) (rate(stoa_admission_turned_away_total${rate}))` },
  },
  {
    title: 'Late',
    description: 'How late the event loop is, and what requests wait for it or for a connection.',
    unit: 's',
    lines: {
      'event loop {{instance}}': 'nodejs_eventloop_lag_p99_seconds',
      'requests {{instance}}': 'stoa_admission_delay_seconds',
    },
  },
  {
    title: 'Requests that share a statement',
    description: 'On average, by what gathers them. More under load is well: they share a commit.',
    unit: 'short',
    lines: {
      '{{what}}': `sum by (what) (rate(stoa_gather_batch_requests_sum${rate})) / sum by (what) (rate(stoa_gather_batch_requests_count${rate}))`,
    },
  },
  {
    title: 'Processor',
    description: 'Of one core.',
    unit: 'percentunit',
    lines: { '{{instance}}': `rate(process_cpu_seconds_total${rate})` },
  },
  {
    title: 'Memory',
    description: 'Of the process, and of it what JavaScript’s heap uses.',
    unit: 'bytes',
    lines: { '{{instance}}': 'process_resident_memory_bytes', 'heap {{instance}}': 'nodejs_heap_size_used_bytes' },
  },
]

const events: readonly Panel[] = [
  {
    title: 'Age of the oldest event that was not confirmed',
    description: 'By subscriber. Runbook: events-late.',
    unit: 's',
    lines: { '{{service}} → {{subscriber}}': counted('stoa_outbox_oldest_seconds', 'service, subscriber') },
  },
  {
    title: 'Events under way',
    description: 'Not yet confirmed by a subscriber.',
    unit: 'short',
    lines: { '{{service}} → {{subscriber}}': counted('stoa_outbox_pending', 'service, subscriber') },
  },
  {
    title: 'Dead letters',
    description: 'Given up. Runbook: dead-letters.',
    unit: 'short',
    lines: { '{{service}} → {{subscriber}}': counted('stoa_dead_letters', 'service, subscriber') },
  },
  {
    title: 'Events handled',
    description: 'By type and subscriber.',
    unit: 'ops',
    lines: {
      '{{type}} in {{service}}': `sum by (service, type) (rate(stoa_event_seconds_count{outcome="ok"}${rate}))`,
    },
  },
  {
    title: 'Events that could not be handled',
    description: 'They come again.',
    unit: 'ops',
    lines: {
      '{{type}} in {{service}}': `sum by (service, type) (rate(stoa_event_seconds_count{outcome="error"}${rate}))`,
    },
  },
  {
    title: 'Time of a batch',
    description: '99 of 100 are faster.',
    unit: 's',
    lines: { '{{type}} in {{service}}': quantile(0.99, 'stoa_event_seconds', 'service, type') },
  },
  {
    title: 'Jobs that failed',
    description: 'Runbook: job-fails.',
    unit: 'ops',
    lines: { '{{job}} of {{service}}': `sum by (service, job) (rate(stoa_job_seconds_count{outcome="error"}${rate}))` },
  },
  {
    title: 'Mails',
    description: 'Those that wait, and those of the last day that were given up.',
    unit: 'short',
    lines: { '{{state}}': counted('stoa_mails', 'state') },
  },
]

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
const datasource = { type: 'prometheus', uid: '${datasource}' }
const [columns, width, height] = [24, 12, 8]

const panelOf = ({ kind = 'timeseries', title, description, unit, lines }: Panel, index: number) => ({
  id: index + 1,
  type: kind,
  title,
  description,
  datasource,
  gridPos: { x: (index * width) % columns, y: Math.floor((index * width) / columns) * height, w: width, h: height },
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
  targets: Object.entries(lines).map(([legendFormat, expr], line) => ({
    refId: String.fromCharCode(65 + line),
    datasource,
    expr,
    legendFormat,
  })),
})

const service = {
  name: 'service',
  label: 'Service',
  type: 'query',
  datasource,
  query: 'label_values(stoa_call_seconds_count, service)',
  refresh: 2,
  multi: true,
  includeAll: true,
  allValue: '.*',
}

const dashboard = (uid: string, title: string, panels: readonly Panel[]) => ({
  uid: `stoa-${uid}`,
  title: `Stoa: ${title}`,
  tags: ['stoa'],
  schemaVersion: 41,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  templating: {
    list: [
      { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
      ...(panels === services ? [service] : []),
    ],
  },
  panels: panels.map(panelOf),
})

/** By the name of the file. */
export const dashboards = {
  'shop.json': dashboard('shop', 'the shop', shop),
  'services.json': dashboard('services', 'services', services),
  'resources.json': dashboard('resources', 'database and processes', resources),
  'events.json': dashboard('events', 'events, jobs and mails', events),
} as const

export const textOf = (one: object): string => `${JSON.stringify(one, null, 2)}\n`

if (import.meta.main) {
  for (const [name, one] of Object.entries(dashboards)) await writeFile(join(import.meta.dirname, name), textOf(one))
}
