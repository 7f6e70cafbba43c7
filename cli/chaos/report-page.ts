import type { Finding } from './fault.ts'
import type { Report } from './report.ts'
import { chartStyle, roundChart, timelineChart } from './report-charts.ts'
import { failuresOf, type Round } from './rounds.ts'

/** The report as one page that needs nothing beside it: no script, no font, no other file. */
export function reportPage(report: Report): string {
  const done = report.rounds.filter(({ skipped }) => skipped === null)
  const orders = done.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  const facts: readonly [string, string][] = [
    [
      'faults',
      `${done.length}${done.length < report.rounds.length ? `, ${report.rounds.length - done.length} skipped` : ''}`,
    ],
    ['orders acknowledged', orders.toLocaleString('en')],
    ['checks', `${done.reduce((sum, { checks }) => sum + checks.length, 0) + report.last.checks.length}`],
    ['seed', String(report.seed)],
    ['load', `${report.rate} buyers a second`],
    ['took', `${Math.floor(report.seconds / 60)} min ${report.seconds % 60} s`],
    ['machine', report.machine],
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stoa under faults: ${report.holds ? 'everything held' : 'not everything held'}</title>
<style>${pageStyle}${chartStyle}</style>
</head>
<body>
<header>
<p class="over">stoa ${text(report.version)} · chaos · ${text(report.beganAt.slice(0, 16).replace('T', ' '))} UTC</p>
<h1 class="${report.holds ? 'holds' : 'broken'}">${report.holds ? 'Everything held' : 'Not everything held'}</h1>
<dl class="facts">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${text(value)}</dd></div>`).join('')}</dl>
</header>
<main>
<section>
<h2>The run</h2>
<p>What buyers saw, second by second. Shaded: a fault was there; point at it for its name.</p>
${timelineChart(report)}
</section>
<section>
<h2>Fault by fault</h2>
<p>“Back after” is from a fault’s end to the first order of somebody who came while it was there. Failed requests got no answer or
a 5xx; buyers asked again. “Held too long” is the longest that an unpaid order kept stock past its time limit.</p>
<div class="wide"><table>
<thead><tr><th>fault</th><th>second by second</th><th class="n">orders</th><th class="n">while it lasted</th><th class="n">refused</th><th class="n">failed requests</th>
<th class="n">restarts</th><th class="n">back after</th><th class="n">held too long</th><th>judgement</th></tr></thead>
<tbody>${report.rounds.map((round, index) => row(report, round, index + 1)).join('\n')}</tbody>
</table></div>
</section>
<section>
<h2>At the end</h2>
<p>Once more over everything, when each order that waited was paid or had expired.</p>
${report.last.broken.length > 0 ? `<ul class="broken">${report.last.broken.map((one) => `<li>${text(one)}</li>`).join('')}</ul>` : ''}
<div class="wide"><table>
<thead><tr><th></th><th>invariant</th><th class="n">checked</th><th>judgement</th></tr></thead>
<tbody>${report.last.checks.map(checkRow).join('\n')}</tbody>
</table></div>
</section>
</main>
</body>
</html>
`
}

function row(report: Report, round: Round, number: number): string {
  const name = `<th scope="row"><b>${number} ${text(round.fault)}</b><span>${text(round.what)}</span><span class="rows">${text(round.rows.join(' '))}</span></th>`
  if (round.skipped !== null)
    return `<tr class="skipped">${name}<td colspan="9">skipped: ${text(round.skipped)}</td></tr>`
  const numbers = [
    round.acknowledged,
    round.soldMeanwhile,
    round.refused,
    `<span title="${text(failuresOf(round))}">${round.failedRequests} <small>of ${round.requests}</small></span>`,
    round.restarts,
    round.backAfterMs === null ? 'never' : inSeconds(round.backAfterMs),
    inSeconds(round.heldTooLongMs),
  ]
  const judgement =
    round.broken.length === 0
      ? `<span class="holds">${round.checks.length} checks hold</span>`
      : `<span class="broken">${round.broken.length} broken</span><ul>${round.broken.map((one) => `<li>${text(one)}</li>`).join('')}</ul>`
  const notes =
    round.notes.length > 0 ? `<small title="${text(notesOf(round))}">${round.notes.length} notes</small>` : ''
  return `<tr>${name}<td>${roundChart(report, round)}</td>${numbers.map((one) => `<td class="n">${one}</td>`).join('')}<td>${judgement} ${notes}</td></tr>`
}

const notesOf = ({ notes, beganAt }: Round): string =>
  notes.map((one) => `${inSeconds(one.at - beganAt)} ${one.text}`).join('\n')

const checkRow = ({ invariant, what, checked, violations }: Finding): string =>
  `<tr><td>${text(invariant)}</td><td>${text(what)}</td><td class="n">${checked.toLocaleString('en')}</td><td>${
    violations.length === 0
      ? '<span class="holds">holds</span>'
      : `<span class="broken">${violations.length} broken</span>`
  }</td></tr>`

const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

export const text = (value: string): string => value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

export const pageStyle = `
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #23211c; --soft: #6d685e; --line: #dfdacd; --good: #2c7a4b; --bad: #b3261e; --card: #fff }
@media (prefers-color-scheme: dark) { :root { --paper: #171613; --ink: #ece8df; --soft: #a09a8d; --line: #37342d; --good: #6cc28d; --bad: #f2877e; --card: #1f1d19 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 84rem; padding: 2.5rem 1.5rem 4rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 2.4rem; line-height: 1.15; margin: 0; font-weight: 650; letter-spacing: -.02em }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem }
p { margin: 0 0 1rem; color: var(--soft); max-width: 62rem }
.over { margin-bottom: .25rem; font-size: .85rem }
.holds { color: var(--good) }
.broken { color: var(--bad) }
.facts { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; margin: 1.25rem 0 0 }
.facts dt { font-size: .78rem; color: var(--soft) }
.facts dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px }
table { border-collapse: collapse; width: 100%; font-size: .88rem }
th, td { padding: .55rem .75rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line) }
thead th { border-top: 0; font-weight: 500; color: var(--soft); white-space: nowrap }
tbody th { font-weight: 400; min-width: 17rem }
tbody th span { display: block; color: var(--soft); font-size: .82rem; line-height: 1.35 }
tbody th .rows { font-variant-numeric: tabular-nums; opacity: .8 }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
small { color: var(--soft) }
td ul { margin: .25rem 0 0; padding-left: 1rem; max-width: 30rem; overflow-wrap: anywhere }
.skipped { color: var(--soft) }
`
