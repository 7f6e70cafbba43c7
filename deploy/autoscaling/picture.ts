import type { Capacity, Sample } from './flash-sale.ts'

const [width, height, left, gap] = [860, 120, 70, 34]

type Panel = {
  readonly title: string
  readonly value: (one: Sample) => number
  readonly format: (value: number) => string
}

/** The run of a sale as a picture: requests, pods, utilization, p99 and who was turned away, over time. */
export function drawSale(
  samples: readonly Sample[],
  { requestedCores }: Pick<Capacity, 'requestedCores'>,
  title = 'A flash sale, simulated: from quiet to fifty times as much in one minute',
): string {
  const panels: Panel[] = [
    { title: 'requests a second', value: ({ rate }) => rate, format: (one) => Math.round(one).toLocaleString('en') },
    { title: 'pods that are ready', value: ({ ready }) => ready, format: String },
    {
      title: `utilization of the ${requestedCores} cores that a pod requests`,
      value: ({ utilization }) => (utilization / requestedCores) * 100,
      format: (one) => `${Math.round(one)} %`,
    },
    { title: 'p99 of those who were served', value: ({ p99Ms }) => p99Ms, format: (one) => `${Math.round(one)} ms` },
    {
      title: 'turned away',
      value: ({ turnedAway, served }) => (turnedAway / Math.max(1, turnedAway + served)) * 100,
      format: (one) => `${one.toFixed(1)} %`,
    },
  ]
  const end = samples.at(-1)?.second ?? 1
  const x = (second: number): number => left + (second / end) * (width - left - 20)
  const drawn = panels.map(({ title, value, format }, index) => {
    const top = 24 + index * (height + gap)
    const most = Math.max(...samples.map(value), 1e-9)
    const y = (one: number): number => top + height - (one / most) * height
    const points = samples.map((one) => `${x(one.second).toFixed(1)},${y(value(one)).toFixed(1)}`).join(' ')
    return [
      `<text x="${left}" y="${top - 8}" font-weight="600">${title}</text>`,
      `<text x="${left - 8}" y="${top + 10}" text-anchor="end">${format(most)}</text>`,
      `<path d="M${left} ${top + height}H${width - 20}M${left} ${top}H${width - 20}" stroke="#8884"/>`,
      `<polyline points="${points}" fill="none" stroke="#2563eb" stroke-width="1.5"/>`,
    ].join('\n')
  })
  const bottom = 24 + panels.length * (height + gap) - gap
  const apart = end > 900 ? 5 : 1
  const minutes = Array.from({ length: Math.floor(end / 60 / apart) + 1 }, (_, index) => index * apart)
  const ticks = minutes.map(
    (one) => `<text x="${x(one * 60)}" y="${bottom + 18}" text-anchor="middle">${one} min</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 28}" font-family="system-ui, sans-serif" font-size="12" fill="#6b7280">
<title>${title}</title>
${[...drawn, ...ticks].join('\n')}
</svg>
`
}
