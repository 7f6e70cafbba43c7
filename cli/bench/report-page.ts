import { pageStyle, text } from '../chaos/report-page.ts'
import { chartStyle, costChart, latencyChart, limitChart } from './charts.ts'
import type { Goal, Report, Row } from './report.ts'

/** The report as one page that needs nothing beside it: no script, no font, no other file. */
export function reportPage(report: Report): string {
  const { machine, memory, order } = report
  const reached = report.goals.filter((goal) => goal.reached).length
  const facts: readonly [string, string][] = [
    ['catalog', `${report.catalog.products.toLocaleString('en')} products, seed ${report.catalog.seed}`],
    ['rounds', `${report.rounds} of ${report.secondsARound} s`],
    ['machine', `${machine.processors}, ${machine.memoryMegabytes} MB`],
    ['versions', `Node ${machine.node}, PostgreSQL ${machine.postgres}, ${machine.system}`],
    ['load before', machine.loadBefore.toFixed(1)],
    ['memory', `${memory.idle.toFixed(0)} MB idle, ${memory.peak.toFixed(0)} MB at most`],
    ['an order', `${order.statements.toFixed(1)} statements, ${order.commits.toFixed(1)} commits`],
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stoa, measured</title>
<style>${pageStyle}${chartStyle}</style>
</head>
<body>
<header>
<p class="over">stoa ${text(report.version)} · bench · ${text(report.beganAt.slice(0, 16).replace('T', ' '))} UTC</p>
<h1>${reached} of ${report.goals.length} figures reached</h1>
<dl class="facts">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${text(value)}</dd></div>`).join('')}</dl>
</header>
<main>
<section>
<h2>What was to be reached</h2>
<p>Shop, PostgreSQL and load share this machine’s processors.</p>
<div class="wide"><table><thead><tr><th>figure</th><th class="n">wanted</th><th class="n">found</th><th></th></tr></thead>
<tbody>${report.goals.map(goalRow).join('\n')}</tbody></table></div>
</section>
<section>
<h2>What each visit takes</h2>
<p>Closed loop: each visitor comes again as soon as there is an answer. Medians of the rounds, with the least and the most.</p>
${costChart(report.rows)}
${limitChart(report.rows)}
<div class="wide"><table><thead><tr><th>visit</th><th class="n">a second</th><th class="n">requests</th><th class="n">failed</th>
<th class="n">p50</th><th class="n">p95</th><th class="n">p99</th><th class="n">p99.9</th><th>limit</th><th class="n">of its rate</th><th class="n">of its processor time</th><th class="n">of node:http’s</th></tr></thead>
<tbody>${report.rows.map(visitRow).join('\n')}</tbody></table></div>
</section>
<section>
<h2>How long visitors wait</h2>
<p>Open loop: half as many as at most, or as many as have to be served, come by chance, and a late answer makes nobody come later.</p>
${latencyChart(report.rows)}
</section>
</main>
</body>
</html>
`
}

const goalRow = ({ what, wanted, found, reached }: Goal): string =>
  `<tr><td>${text(what)}</td><td class="n">${text(wanted)}</td><td class="n">${found}</td><td>${
    reached ? '<span class="holds">reached</span>' : '<span class="broken">not reached</span>'
  }</td></tr>`

function visitRow({ name, what, aSecond, requestsAVisit, failed, open, latency, limit }: Row): string {
  const { median, least, most } = aSecond
  const numbers = [
    `${median.toFixed(0)} <small>${least.toFixed(0)} … ${most.toFixed(0)}</small>`,
    requestsAVisit.toFixed(1),
    String(failed + open.failed),
    ...[latency.p50, latency.p95, latency.p99, latency.p999].map((ms) => `${ms.toFixed(1)} ms`),
  ]
  const ofLimit = limit
    ? `<td>${text(limit.name)}, ${limit.aSecond.median.toFixed(0)} a second</td><td class="n">${limit.ofRate.median.toFixed(2)}</td><td class="n">${limit.ofProcessor?.toFixed(2) ?? ''}</td><td class="n">${limit.ofNode?.ofProcessor.toFixed(2) ?? ''}</td>`
    : '<td></td><td></td><td></td><td></td>'
  return `<tr><th scope="row"><b>${name}</b><span>${text(what)}</span></th>${numbers.map((one) => `<td class="n">${one}</td>`).join('')}${ofLimit}</tr>`
}
