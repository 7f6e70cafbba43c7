import { digits, failuresOf, type Goal, importingLine, processorMsOf, type Report, type Row } from './report.ts'
import type { Curve } from './scale.ts'

/** The figures for a document: what stands in docs/performance.md is made by this. */
export function markdownOf(report: Report): string {
  const { machine, catalog, order, apart } = report
  return `Of ${report.beganAt.slice(0, 10)}, on ${machine.processors}, Node ${machine.node}, PostgreSQL ${machine.postgres}; ${catalog.products.toLocaleString('en')} products and ${catalog.orders.toLocaleString('en')} orders before, ${report.rounds} rounds of ${report.secondsARound} s;
load of the machine before: ${machine.loadBefore.toFixed(1)}.

| figure | wanted | found | |
|---|---|---|---|
${report.goals.map(goalRow).join('\n')}

An order under load: ${digits(order.statements)} statements, ${digits(order.commits)} commits that wrote; ${digits(processorMsOf(apart))} ms of processor time where each service is one of ${apart.processes} processes.

${importingLine(report.importing)}.

| visit | a second | shop ms | PostgreSQL ms | client ms | p99 when so many a second come | limit | of its rate | of its processor time | of \`node:http\`’s |
|---|---|---|---|---|---|---|---|---|---|
${report.rows.map(visitRow).join('\n')}
${failuresText(report.rows)}`
}

/** A list below the table; nothing where nothing failed. */
const failuresText = (rows: readonly Row[]): string =>
  failuresOf(rows)
    .map((line, n) => `${n === 0 ? '\n' : ''}- ${line}\n`)
    .join('')

const goalRow = ({ what, wanted, found, reached }: Goal): string =>
  `| ${what} | ${wanted} | ${found} | ${reached ? 'reached' : 'not reached'} |`

function visitRow({ name, aSecond, cost, open, limit }: Row): string {
  const cells = [
    name,
    digits(aSecond.median),
    ...[cost.shop, cost.postgres, cost.client].map(digits),
    `${digits(open.latency.p99)} ms, ${digits(open.aSecond)}`,
    limit?.name ?? '',
    limit?.ofRate.median.toFixed(2) ?? '',
    limit?.ofProcessor?.toFixed(2) ?? '',
    limit?.ofNode?.ofProcessor.toFixed(2) ?? '',
  ]
  return `| ${cells.join(' | ')} |`
}

export const scaleMarkdown = (curves: readonly Curve[]): string =>
  `| figure | by | values | exponent |
|---|---|---|---|
${curves
  .map(({ name, of, unit, points, exponent }) => {
    const values = points.map(({ size, value }) => `${size.toLocaleString('en')}: ${digits(value)}`)
    return `| ${name} | ${of} | ${values.join(', ')} ${unit} | ${exponent.toFixed(2)} |`
  })
  .join('\n')}
`
