/** Amounts as the API has them: integer minor units. */
export type Money = { readonly amount: number; readonly currency: string }

/** Decimal digits of a currency's minor unit, from the browser's own tables. */
export const digitsOf = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2

export const show = ({ amount, currency }: Money): string =>
  // As decimal text, which the browser formats exactly at any size.
  new Intl.NumberFormat('en-GB', { style: 'currency', currency }).format(toInput({ amount, currency }) as `${number}`)

/** Minor units as a person edits them: 1990 → 19.90. */
export function toInput({ amount, currency }: Money): string {
  const digits = digitsOf(currency)
  if (digits === 0) return String(amount)
  const text = String(Math.abs(amount)).padStart(digits + 1, '0')
  return `${amount < 0 ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/**
 * What a person typed as minor units, by characters and never by floating point: 19.9 → 1990, 19,90 → 1990. Null when it
 * is no amount, or finer than the currency.
 */
export function fromInput(text: string, currency: string): number | null {
  const match = /^(\d{1,9})(?:[.,](\d+))?$/.exec(text.trim())
  if (!match) return null
  const digits = digitsOf(currency)
  const decimals = match[2] ?? ''
  if (decimals.length > digits) return null
  return Number(`${match[1]}${decimals.padEnd(digits, '0')}`)
}

/** A percentage as a person types it, in parts per million: 12.5 → 125000. Null unless more than 0 and at most 100. */
export function rateOf(text: string): number | null {
  const match = /^(\d{1,3})(?:[.,](\d{1,4}))?$/.exec(text.trim())
  if (!match) return null
  const rate = Number(`${match[1]}${(match[2] ?? '').padEnd(4, '0')}`)
  return rate > 0 && rate <= 1_000_000 ? rate : null
}
