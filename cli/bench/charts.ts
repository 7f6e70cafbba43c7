import type { Row } from './report.ts'

// Plain SVG: a page that is mailed, attached and opened in ten years draws its charts without a script.

const width = 1_100
const labels = 190
const rowHeight = 26
const values = 170

const place = (value: number): string => value.toFixed(1)

/** A bar for each row, as long as its value, with what it says at its end. */
function bars(title: string, rows: readonly { name: string; parts: readonly number[]; text: string }[]): string {
  const most = Math.max(...rows.map(({ parts }) => parts.reduce((sum, one) => sum + one, 0)), 1e-9)
  const length = (value: number): number => (value / most) * (width - labels - values)
  const drawn = rows.map(({ name, parts, text }, n) => {
    const top = 30 + n * rowHeight
    let x = labels
    const pieces = parts.map((part, kind) => {
      const piece = `<rect class="part${kind}" x="${place(x)}" y="${top}" width="${place(length(part))}" height="${rowHeight - 9}"/>`
      x += length(part)
      return piece
    })
    return `<text class="name" x="${labels - 8}" y="${top + 13}">${name}</text>${pieces.join('')}<text x="${place(x + 7)}" y="${top + 13}">${text}</text>`
  })
  return `<div class="wide chart"><svg viewBox="0 0 ${width} ${38 + rows.length * rowHeight}" role="img" aria-label="${title}">
<text class="title" x="0" y="14">${title}</text>
${drawn.join('\n')}
</svg></div>`
}

export const costChart = (rows: readonly Row[]): string =>
  bars(
    'processor milliseconds a visit: shop, PostgreSQL, client',
    rows.map(({ name, cost }) => ({
      name,
      parts: [cost.shop, cost.postgres, cost.client],
      text: `${cost.shop.toFixed(2)} + ${cost.postgres.toFixed(2)} + ${cost.client.toFixed(2)}`,
    })),
  )

export const limitChart = (rows: readonly Row[]): string =>
  bars(
    'how much of its limit’s rate is reached',
    rows.flatMap(({ name, limit }) =>
      limit
        ? [
            {
              name,
              parts: [limit.ofRate.median],
              text: `${limit.ofRate.median.toFixed(2)} of ${limit.name}`,
            },
          ]
        : [],
    ),
  )

const latencies = ['p50', 'p95', 'p99', 'p999', 'most'] as const

/** One scale of powers of ten for all: each row from its median to its slowest. */
export function latencyChart(rows: readonly Row[]): string {
  const most = Math.max(10, ...rows.map(({ open }) => open.latency.most))
  const powers = Math.ceil(Math.log10(most)) + 1
  const x = (ms: number): number => labels + ((Math.log10(Math.max(0.1, ms)) + 1) / powers) * (width - labels - 40)
  const bottom = 30 + rows.length * rowHeight
  const scale = Array.from({ length: powers + 1 }, (_, n) => 10 ** (n - 1))
  const drawn = rows.map(({ name, open: { latency } }, n) => {
    const y = 30 + n * rowHeight + 9
    const dots = latencies.map(
      (one) =>
        `<circle class="${one}" cx="${place(x(latency[one]))}" cy="${y}" r="4"><title>${one} ${latency[one].toFixed(1)} ms</title></circle>`,
    )
    return `<text class="name" x="${labels - 8}" y="${y + 4}">${name}</text><path class="reach" d="M${place(x(latency.p50))} ${y}H${place(x(latency.most))}"/>${dots.join('')}`
  })
  return `<div class="wide chart"><svg viewBox="0 0 ${width} ${bottom + 22}" role="img" aria-label="Latency when visitors come by chance">
<text class="title" x="0" y="14">milliseconds from when a visit should have begun, when visitors come by chance: p50, p95, p99, p99.9, slowest</text>
${scale.map((ms) => `<path class="axis" d="M${place(x(ms))} 24V${bottom}"/><text class="tick" x="${place(x(ms))}" y="${bottom + 14}">${ms}</text>`).join('')}
${drawn.join('\n')}
</svg></div>`
}

export const chartStyle = `
.chart { padding: .75rem 1rem .5rem; margin-bottom: 1rem }
.chart svg { display: block; width: 100%; min-width: 48rem; height: auto }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft) }
svg .title { font-weight: 600 }
svg .name { text-anchor: end; fill: var(--ink) }
svg .tick { text-anchor: middle }
svg .axis, svg .reach { stroke: var(--line); fill: none }
svg .reach { stroke-width: 3 }
.part0, .p50 { fill: #2f7fb8 }
.part1, .p95 { fill: #c9791b }
.part2, .p99 { fill: #8a8f98 }
.p999 { fill: #b3261e }
.most { fill: var(--soft) }
`
