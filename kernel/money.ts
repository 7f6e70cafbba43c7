import T from 'typebox'
import { Written } from './validation-words.ts'

export const CurrencyCode = Written('^[A-Z]{3}$', 'a code of three capital letters, such as EUR')

/** An amount in integer minor units (cents) and its ISO 4217 currency. */
export const Money = T.Object(
  {
    // Within the integers that JSON and JavaScript hold exactly: the fullest cart of the dearest goods stays below.
    amount: T.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
    currency: CurrencyCode,
  },
  { title: 'Money', description: 'An amount in integer minor units and its ISO 4217 currency.' },
)
export type Money = { readonly amount: number; readonly currency: string }

/** @param amount integer minor units. Throws on a fraction: a fraction of a cent is a bug, not a refusal. */
export function money(amount: number, currency: string): Money {
  return { amount: whole(amount), currency }
}

/** Past the safe integers sums go wrong without a word, and minus zero is unequal to zero where values are compared. */
function whole(amount: number): number {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`money: ${amount} is no integer of minor units`)
  return amount === 0 ? 0 : amount
}

/** The sum of amounts of one currency; `currency` names it for the empty sum. */
export function sum(currency: string, amounts: Iterable<Money>): Money {
  let total = 0
  for (const one of amounts) {
    if (one.currency !== currency) throw new RangeError(`money: cannot add ${one.currency} to ${currency}`)
    total = whole(total + one.amount)
  }
  return money(total, currency)
}

export const add = (a: Money, b: Money): Money => sum(a.currency, [a, b])
export const subtract = (a: Money, b: Money): Money => sum(a.currency, [a, money(-b.amount, b.currency)])
export const times = (one: Money, quantity: number): Money => money(one.amount * quantity, one.currency)

/** One million parts: a rate of 19 % is 190,000. Wide enough for 8.875 % and narrow enough for integers. */
export const partsPerMillion = 1_000_000

/**
 * `amount × numerator / denominator`, rounded half away from zero to whole minor units: the rounding that tax
 * authorities describe (for example HMRC VATREC12030, § 14 UStG practice) and shoppers check by hand.
 */
export function fraction(amount: number, numerator: number, denominator: number): number {
  const product = BigInt(amount) * BigInt(numerator)
  const divisor = BigInt(denominator)
  if (divisor <= 0n) throw new RangeError(`money: denominator ${denominator} is not positive`)
  const half = divisor / 2n + (divisor % 2n)
  const magnitude = product < 0n ? -product : product
  const quotient = magnitude / divisor + (magnitude % divisor >= half ? 1n : 0n)
  return whole(Number(product < 0n ? -quotient : quotient))
}

/** The tax to put on top of `net`, in minor units. */
export const taxOnTop = (net: number, ratePpm: number): number => fraction(net, ratePpm, partsPerMillion)

/** The tax contained in `gross`, in minor units. */
export const taxWithin = (gross: number, ratePpm: number): number => fraction(gross, ratePpm, partsPerMillion + ratePpm)

/**
 * Splits `total` in proportion to `weights` by largest remainder: the parts always sum to the total, none is off by
 * more than one minor unit, and equal remainders go to the earlier part. All weights zero means equal weights.
 */
export function allocate(total: number, weights: readonly number[]): number[] {
  if (weights.length === 0) {
    if (total !== 0) throw new RangeError(`money: ${total} cannot be split among nobody`)
    return []
  }
  if (weights.some((one) => one < 0 || !Number.isSafeInteger(one))) {
    throw new RangeError('money: weights must be integers of zero or more')
  }
  const weight = weights.reduce((all, one) => all + BigInt(one), 0n)
  if (weight === 0n)
    return allocate(
      total,
      weights.map(() => 1),
    )
  const sign = total < 0 ? -1 : 1
  const magnitude = BigInt(Math.abs(total))
  const parts = weights.map((one, index) => {
    const product = magnitude * BigInt(one)
    return { index, part: Number(product / weight), remainder: product % weight }
  })
  let left = Number(magnitude) - parts.reduce((all, { part }) => all + part, 0)
  const byRemainder = [...parts].sort((a, b) =>
    a.remainder === b.remainder ? a.index - b.index : a.remainder < b.remainder ? 1 : -1,
  )
  for (const entry of byRemainder) {
    if (left === 0) break
    entry.part += 1
    left -= 1
  }
  return parts.map(({ part }) => (part === 0 ? 0 : sign * part))
}

/**
 * Currencies whose minor unit is not a hundredth (ISO 4217, list one). The runtime's CLDR data will not do: it says how
 * prices are usually written, and gives the forint, the rupiah and others no digits, where ISO 4217 and payment
 * providers count two.
 */
const digitsOf: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
])

/** How many decimal digits a currency's minor unit has: 2 for EUR, 0 for JPY, 3 for KWD. */
export const minorUnitDigits = (currency: string): number => digitsOf.get(currency) ?? 2

/**
 * Parses a decimal such as `9.99` into minor units of `currency`, or null when it is no plain decimal, finer than the
 * currency's minor unit, or of more than 11 digits before the point.
 */
export function parseDecimal(text: string, currency: string): number | null {
  const match = /^(\d{1,11})(?:\.(\d+))?$/.exec(text.trim())
  if (!match) return null
  const digits = minorUnitDigits(currency)
  const decimals = (match[2] ?? '').replace(/0+$/, '')
  if (decimals.length > digits) return null
  return Number(`${match[1]}${decimals.padEnd(digits, '0')}`)
}

/** Minor units as a plain decimal, `9.99`: for files and machines. People get `formatMoney`. */
export function formatDecimal({ amount, currency }: Money): string {
  const digits = minorUnitDigits(currency)
  const text = Math.abs(amount)
    .toString()
    .padStart(digits + 1, '0')
  const sign = amount < 0 ? '-' : ''
  return digits === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

const formatters = new Map<string, Intl.NumberFormat>()

/** An amount as a person of `locale` reads it: `49,00 €`. */
export function formatMoney({ amount, currency }: Money, locale: string): string {
  const key = `${locale} ${currency}`
  let formatter = formatters.get(key)
  if (!formatter) {
    const digits = minorUnitDigits(currency)
    formatter = new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    })
    formatters.set(key, formatter)
  }
  return formatter.format(amount / 10 ** minorUnitDigits(currency))
}
