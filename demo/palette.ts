import type { Color } from './pictures/color.ts'

/** The shades that goods come in: what a swatch shows, and the family that a shopper filters by. */
export const palette = {
  Chalk: { hex: '#f1ece2', family: 'White' },
  Oat: { hex: '#dfd2bb', family: 'Beige' },
  Natural: { hex: '#d8b98a', family: 'Beige' },
  Clay: { hex: '#c4704f', family: 'Orange' },
  Rust: { hex: '#a8502f', family: 'Orange' },
  Amber: { hex: '#c98a3c', family: 'Orange' },
  Rose: { hex: '#d9a79c', family: 'Pink' },
  Tomato: { hex: '#cf4a33', family: 'Red' },
  Wine: { hex: '#6e2b36', family: 'Red' },
  Ochre: { hex: '#d19a3b', family: 'Yellow' },
  Beeswax: { hex: '#d9a441', family: 'Yellow' },
  Brass: { hex: '#c49a4a', family: 'Yellow' },
  Olive: { hex: '#77794a', family: 'Green' },
  Sage: { hex: '#a3b197', family: 'Green' },
  Pine: { hex: '#2f5148', family: 'Green' },
  'Green marble': { hex: '#3d6153', family: 'Green' },
  Sea: { hex: '#5d9aa0', family: 'Blue' },
  Sky: { hex: '#a9c5d6', family: 'Blue' },
  Ink: { hex: '#26344f', family: 'Blue' },
  Slate: { hex: '#5f6c78', family: 'Gray' },
  Smoke: { hex: '#8b8a86', family: 'Gray' },
  Steel: { hex: '#bfc3c4', family: 'Gray' },
  Clear: { hex: '#cfdedb', family: 'Clear' },
  Soot: { hex: '#34312f', family: 'Black' },
  Walnut: { hex: '#7a4e30', family: 'Brown' },
  Oak: { hex: '#c29b6b', family: 'Brown' },
  Travertine: { hex: '#e6dccb', family: 'Beige' },
} as const satisfies Record<string, { hex: Color; family: string }>

export type Shade = keyof typeof palette

/** The color of a shade, for pictures. */
export function hex(shade: Shade): Color {
  return palette[shade].hex
}

export function isShade(name: string): name is Shade {
  return name in palette
}
