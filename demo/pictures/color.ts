/** Colors are `#rrggbb`. All shading happens in OKLab, where equal steps look equal, so a dark mug and a pale one
 *  get the same amount of light. Formulas: Björn Ottosson, "A perceptual color space for image processing" (2020). */
export type Color = `#${string}`

type Lab = readonly [lightness: number, a: number, b: number]

function toLab(color: Color): Lab {
  const channel = (at: number) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  const [red, green, blue] = [channel(1), channel(3), channel(5)]
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

function fromLab([lightness, a, b]: Lab): Color {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  const channels = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]
  const hex = channels.map((value) => {
    const clamped = Math.min(1, Math.max(0, value))
    const encoded = clamped <= 0.0031308 ? clamped * 12.92 : 1.055 * clamped ** (1 / 2.4) - 0.055
    return Math.round(encoded * 255)
      .toString(16)
      .padStart(2, '0')
  })
  return `#${hex.join('')}`
}

/** The lightness of a color as the eye sees it, 0 (black) to 1 (white). */
export function lightness(color: Color): number {
  return toLab(color)[0]
}

/** Blends two colors: 0 gives `from`, 1 gives `to`. */
export function mix(from: Color, to: Color, share: number): Color {
  const [a, b] = [toLab(from), toLab(to)]
  return fromLab([a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share])
}

/** The same hue in more light (0 to 1: how far towards a warm white). */
export function lit(color: Color, amount: number): Color {
  const [l, a, b] = toLab(color)
  return fromLab([l + (0.988 - l) * amount, a * (1 - amount * 0.6), b * (1 - amount * 0.5) + 0.006 * amount])
}

/** The same hue in shade (0 to 1: how far towards black). Shade keeps its color, and the nearer the color is to grey
 *  the more of the room's warm brown it takes, or white clay would look like plastic. */
export function shaded(color: Color, amount: number): Color {
  const [l, a, b] = toLab(color)
  const greyness = Math.max(0, 1 - Math.hypot(a, b) / 0.08)
  return fromLab([
    l * (1 - amount),
    a * (1 - amount * 0.3) + 0.018 * amount * greyness * l,
    b * (1 - amount * 0.4) + 0.05 * amount * greyness * l,
  ])
}

/** Whether a thing in this color would be lost on a pale wall. */
export function isPale(color: Color): boolean {
  return lightness(color) > 0.86
}
