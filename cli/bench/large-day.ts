import type { OrderCost } from './order-cost.ts'
import { digits, type Report } from './report.ts'

/** Shopify's peak of 2025, over all of its shops: orders a second, and requests a second at the edge. */
const peak = { orders: 740, requests: 8_200_000 }
/** Of a hundred requests, those that a content network does not answer. */
const throughNetwork = 1 / 100
/** What of a core a process is planned for: the rest is for the minute in which others are not there yet. */
const workingPoint = 0.5

/** What was measured of an order, and what a very large day would ask by it: the tables of docs/scaling.md. */
export function largeDayMarkdown(report: Report): string {
  const { apart, beganAt, machine, order, rounds, secondsARound } = report
  const pageMs = report.rows.find(({ name }) => name === 'page-warm')?.cost.shop
  return `Of ${beganAt.slice(0, 10)}, on ${machine.processors}, Node ${machine.node}, PostgreSQL ${machine.postgres}, ${rounds * secondsARound} s of selling each.

| an order | all services in one process | ${apart.processes} processes |
|---|---|---|
${costRows(order, apart).join('\n')}${
  pageMs === undefined
    ? ''
    : `
| processor time of a page of the listing that is kept | ${digits(pageMs)} ms | |`
}

| part | arithmetic | it needs |
|---|---|---|
${needs(apart, pageMs).join('\n')}
`
}

const kilobytes = (bytes: number): string => `${digits(bytes / 1_000)} KB`

function costRows(one: OrderCost, many: OrderCost): string[] {
  const row = (what: string, text: (cost: OrderCost) => string): string => `| ${what} | ${text(one)} | ${text(many)} |`
  return [
    row('processor time of the shop', ({ shopMs }) => `${digits(shopMs)} ms`),
    row('processor time of PostgreSQL', ({ postgresMs }) => `${digits(postgresMs)} ms`),
    row('statements', ({ statements }) => digits(statements)),
    row('commits that write', ({ commits }) => digits(commits)),
    row('write-ahead log', ({ logBytes }) => kilobytes(logBytes)),
    row('rows written', ({ rowsWritten }) => digits(rowsWritten)),
    row('events, and deliveries of them', ({ events, deliveries }) => `${digits(events)}, ${digits(deliveries)}`),
    row('data of events', ({ eventBytes }) => kilobytes(eventBytes)),
    row('orders a second, on this machine with the load beside', ({ ordersASecond }) => digits(ordersASecond)),
  ]
}

/** A day is planned for services apart, which are dearer than all in one process. */
function needs(cost: OrderCost, pageMs: number | undefined): string[] {
  const times = (value: number): number => peak.orders * value
  const cores = (ms: number): string => digits(times(ms) / 1_000)
  const whole = (value: number): string => Math.ceil(value).toLocaleString('en')
  const processes = (ms: number, aSecond: number): string => whole((aSecond * ms) / 1_000 / workingPoint)
  const orders = peak.orders
  return [
    `| services, for orders | ${orders} × ${digits(cost.shopMs)} ms | ${cores(cost.shopMs)} cores busy, ${processes(cost.shopMs, orders)} processes at half a core each |`,
    `| PostgreSQL, processor | ${orders} × ${digits(cost.postgresMs)} ms | ${cores(cost.postgresMs)} cores busy, over all servers |`,
    `| PostgreSQL, commits | ${orders} × ${digits(cost.commits)} | ${whole(times(cost.commits))} a second, in groups |`,
    `| PostgreSQL, log | ${orders} × ${kilobytes(cost.logBytes)} | ${digits(times(cost.logBytes) / 1e6)} MB a second to disk and to each copy, ${digits((times(cost.logBytes) * 86_400) / 1e12)} TB a day if it lasted one |`,
    `| NATS | ${orders} × ${digits(cost.deliveries)} deliveries | ${whole(times(cost.deliveries))} messages and ${digits((times(cost.eventBytes) * cost.deliveries) / cost.events / 1e6)} MB a second |`,
    ...(pageMs === undefined
      ? []
      : [
          `| pages without a cache before them | ${(peak.requests / 1e6).toFixed(1)} M × ${digits(pageMs)} ms | ${whole((peak.requests * pageMs) / 1_000)} cores busy: nobody should do this |`,
          `| pages, 99 of 100 from a content network | ${whole(peak.requests * throughNetwork)} × ${digits(pageMs)} ms | ${digits((peak.requests * throughNetwork * pageMs) / 1_000)} cores busy, ${processes(pageMs, peak.requests * throughNetwork)} processes at half a core |`,
        ]),
  ]
}
