import type { Curve } from './scale.ts'

const [panelWidth, panelHeight, left, gap, columns] = [250, 130, 62, 60, 3]

/** Curves over logarithms of both: what grows as fast as its size climbs at the angle of the dashed line. */
export function drawScale(curves: readonly Curve[]): string {
  const rows = Math.ceil(curves.length / columns)
  const [width, height] = [columns * (panelWidth + left + 24), rows * (panelHeight + gap) + 10]
  const panels = curves.map((curve, n) => {
    const x = left + (n % columns) * (panelWidth + left + 24)
    const y = 30 + Math.floor(n / columns) * (panelHeight + gap)
    return `<g transform="translate(${x} ${y})">${panel(curve)}</g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" fill="#6b7280">
<title>How work grows with products, lines in a cart, promotions and copies</title>
${panels.join('\n')}
</svg>
`
}

function panel({ name, of, unit, points, exponent }: Curve): string {
  // Nothing has no logarithm, and stands one step before the first.
  const sizes = points.map(({ size }) => Math.log10(Math.max(1, size)))
  const values = points.map(({ value }) => Math.log10(Math.max(0.001, value)))
  const across = Math.max(1e-9, (sizes.at(-1) ?? 1) - (sizes[0] ?? 0))
  const low = Math.min(...values) - 0.1
  const up = Math.max(across, Math.max(...values) - low)
  const x = (size: number): number => ((size - (sizes[0] ?? 0)) / across) * panelWidth
  const y = (value: number): number => panelHeight - ((value - low) / up) * panelHeight
  const path = points.map((_, n) => `${x(sizes[n] as number).toFixed(1)},${y(values[n] as number).toFixed(1)}`)
  const linear = `M0 ${y(values[0] as number).toFixed(1)}L${panelWidth} ${y((values[0] as number) + across).toFixed(1)}`
  const dots = points.map(
    ({ size, value }, n) =>
      `<circle cx="${path[n]?.replace(',', '" cy="')}" r="3" fill="#2563eb"><title>${size}: ${value.toPrecision(3)} ${unit}</title></circle>`,
  )
  return [
    `<text x="0" y="-8" font-weight="600">${name}: exponent ${exponent.toFixed(2)}</text>`,
    `<path d="M0 0V${panelHeight}H${panelWidth}" fill="none" stroke="#8886"/><path d="${linear}" stroke="#8888" stroke-dasharray="4 4"/>`,
    `<polyline points="${path.join(' ')}" fill="none" stroke="#2563eb" stroke-width="1.5"/>${dots.join('')}`,
    ...points.map(
      ({ size, value }, n) =>
        `<text x="${x(sizes[n] as number).toFixed(1)}" y="${panelHeight + 14}" text-anchor="middle">${size.toLocaleString('en')}</text>` +
        (n === 0 || n === points.length - 1
          ? `<text x="-6" y="${(y(values[n] as number) + 4).toFixed(1)}" text-anchor="end">${value.toPrecision(3)} ${unit}</text>`
          : ''),
    ),
    `<text x="${panelWidth / 2}" y="${panelHeight + 28}" text-anchor="middle">${of}</text>`,
  ].join('\n')
}
