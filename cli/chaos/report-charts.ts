import type { Report, Second } from './report.ts'
import type { Round } from './rounds.ts'

// Plain SVG: a page that is mailed, attached and opened in ten years draws its charts without a script.

type Band = {
  readonly title: string
  readonly top: number
  readonly height: number
  readonly ceiling: number
  readonly unit: string
  readonly scale: (value: number) => number
}

const width = 1_200
const left = 68
const bottom = 22

/** Three bands over one time: orders, latency, failures; each fault a shade across them. */
export function timelineChart({ timeline, rounds }: Report): string {
  const orders = band(
    'orders a second',
    0,
    110,
    most(timeline, ({ orders: one }) => one),
    '',
  )
  const latency = logBand(
    'latency, ms: median and 99th percentile',
    140,
    130,
    most(timeline, ({ p99 }) => p99 ?? 0),
  )
  const failed = band(
    'failed requests a second',
    300,
    80,
    most(timeline, (one) => one.failed),
    '',
  )
  const bands = [orders, latency, failed]
  const height = failed.top + failed.height + 18
  const x = (second: number): number => left + (second * (width - left)) / Math.max(1, timeline.length)
  const origin = timeline[0]?.at ?? 0
  const shades = rounds
    .filter(({ skipped }) => skipped === null)
    .map((round, index) => shade(round, index, (at) => x((at - origin) / 1_000), height))
  return `<div class="wide chart"><svg viewBox="0 0 ${width} ${height + bottom}" role="img" aria-label="Orders, latency and failures over time">
${shades.join('')}
${bands.map(frame).join('')}
${bars(timeline, orders, ({ orders: one }) => one, x, 'orders')}
${line(timeline, latency, ({ p99 }) => p99, x, 'p99')}
${line(timeline, latency, ({ p50 }) => p50, x, 'p50')}
${bars(timeline, failed, (one) => one.failed, x, 'failed')}
${ticks(timeline.length, x, height)}
</svg></div>`
}

const miniWidth = 240
const miniHeight = 46

/** One round by itself: orders upwards, failures over them, the fault as a shade. */
export function roundChart({ timeline }: Report, round: Round): string {
  const from = round.beganAt - 4_000
  const seconds = timeline.filter(({ at }) => at >= from && at <= round.endedAt)
  const lasts = Math.max(1, round.endedAt - from)
  const x = (at: number): number => ((at - from) * miniWidth) / lasts
  const mini: Band = band(
    '',
    2,
    miniHeight - 4,
    Math.max(
      3,
      most(seconds, (one) => Math.max(one.orders, one.failed)),
    ),
    '',
  )
  const own = (value: (one: Second) => number, kind: string): string =>
    bars(seconds, mini, value, (index) => x(seconds[index]?.at ?? round.endedAt), kind)
  const healedAt = Math.max(round.healedAt, round.beganAt + 1_000)
  return `<svg class="mini" viewBox="0 0 ${miniWidth} ${miniHeight}" role="img" aria-label="Orders and failures around this fault">
<rect class="shade" x="${n(x(round.beganAt))}" width="${n(x(healedAt) - x(round.beganAt))}" y="0" height="${miniHeight}"/>
${own((one) => one.orders, 'orders')}${own((one) => one.failed, 'failed')}</svg>`
}

function band(title: string, top: number, height: number, largest: number, unit: string): Band {
  const ceiling = Math.max(1, largest)
  return { title, top: top + 16, height, ceiling, unit, scale: (value) => Math.min(1, value / ceiling) }
}

/** From a millisecond on: a shop that is well and one that is not differ by powers of ten. */
function logBand(title: string, top: number, height: number, largest: number): Band {
  const ceiling = 10 ** Math.ceil(Math.log10(Math.max(10, largest)))
  const scale = (value: number): number => Math.min(1, Math.log10(Math.max(1, value)) / Math.log10(ceiling))
  return { title, top: top + 16, height, ceiling, unit: ' ms', scale }
}

const most = (seconds: readonly Second[], value: (one: Second) => number): number =>
  seconds.reduce((largest, one) => Math.max(largest, value(one)), 0)

const n = (value: number): string => value.toFixed(1)

const yOf = ({ top, height, scale }: Band, value: number): number => top + height * (1 - scale(value))

function frame(one: Band): string {
  const { title, top, height, ceiling, unit } = one
  return `<text class="title" x="${left}" y="${top - 5}">${title}</text>
<line class="axis" x1="${left}" x2="${width}" y1="${top + height}" y2="${top + height}"/>
<text class="value" x="${left - 6}" y="${top + 9}">${ceiling.toLocaleString('en')}${unit}</text>
<text class="value" x="${left - 6}" y="${top + height}">${unit ? '1 ms' : '0'}</text>`
}

function bars(
  seconds: readonly Second[],
  one: Band,
  value: (second: Second) => number,
  x: (index: number) => number,
  kind: string,
): string {
  const floor = one.top + one.height
  const path = seconds.map((second, index) => {
    const height = one.height * one.scale(value(second))
    const wide = Math.max(0.6, x(index + 1) - x(index) - 0.3)
    return height > 0 ? `M${n(x(index))} ${n(floor)}v${n(-height)}h${n(wide)}v${n(height)}z` : ''
  })
  return `<path class="${kind}" d="${path.join('')}"/>`
}

/** Seconds without an answer leave a gap. */
function line(
  seconds: readonly Second[],
  one: Band,
  value: (second: Second) => number | null,
  x: (index: number) => number,
  kind: string,
): string {
  let isOpen = false
  const path = seconds.map((second, index) => {
    const found = value(second)
    const move = isOpen ? 'L' : 'M'
    isOpen = found !== null
    return found === null ? '' : `${move}${n(x(index))} ${n(yOf(one, found))}`
  })
  return `<path class="${kind}" d="${path.join('')}"/>`
}

function shade(round: Round, index: number, x: (at: number) => number, height: number): string {
  const from = x(round.beganAt)
  const to = x(Math.max(round.healedAt, round.beganAt + 1_000))
  const verdict = round.broken.length === 0 ? 'holds' : `${round.broken.length} broken`
  return `<g class="span${round.broken.length > 0 ? ' bad' : ''}"><title>${round.fault}: ${round.what.replaceAll('&', '&amp;').replaceAll('<', '&lt;')} (${verdict})</title>
<rect class="shade" x="${n(from)}" width="${n(Math.max(1.5, to - from))}" y="0" height="${height}"/>
<text class="number" x="${n((from + to) / 2)}" y="${height + 9}">${index + 1}</text></g>`
}

function ticks(seconds: number, x: (second: number) => number, height: number): string {
  const step = [30, 60, 120, 300, 600, 1_800].find((one) => seconds / one <= 14) ?? 3_600
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step)
    .map(
      (second) =>
        `<text class="tick" x="${n(x(second))}" y="${height + bottom - 1}">${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')}</text>`,
    )
    .join('')
}

export const chartStyle = `
.chart { padding: .75rem 1rem .25rem }
.chart svg { display: block; width: 100%; min-width: 60rem; height: auto }
.mini { display: block; width: 15rem; height: 2.9rem }
svg text { font: 10px system-ui, sans-serif; fill: var(--soft) }
svg .title { font-size: 11px }
svg .value { text-anchor: end; font-variant-numeric: tabular-nums }
svg .number { text-anchor: middle; font-size: 8px }
svg .axis { stroke: var(--line) }
.shade { fill: #c98a1b; opacity: .16 }
.bad .shade { fill: var(--bad); opacity: .28 }
.span:hover .shade { opacity: .4 }
.orders { fill: #2f7fb8 }
.failed { fill: var(--bad); opacity: .75 }
.p50 { fill: none; stroke: #2f7fb8; stroke-width: 1.4 }
.p99 { fill: none; stroke: #c9791b; stroke-width: 1.1 }
@media (prefers-color-scheme: dark) { .orders { fill: #64a8dc } .p50 { stroke: #64a8dc } .p99 { stroke: #e3a04e } }
`
