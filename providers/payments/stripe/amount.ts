import { type Money, minorUnitDigits, money } from '#kernel/money'

// Stripe counts in minor units, too, but not always in those of ISO 4217. https://docs.stripe.com/currencies

/** Currencies that Stripe counts in whole units. */
const zeroDecimal = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '))
/** Currencies that Stripe counts in thousandths, of which the last digit has to be zero. */
const threeDecimal = new Set('BHD JOD KWD OMR TND'.split(' '))
/** Of more digits Stripe takes none, in any currency. */
const largest = 99_999_999

/** All others in hundredths: also ISK and UGX, which have none any more. */
function stripeDigits(currency: string): number {
  if (zeroDecimal.has(currency)) return 0
  return threeDecimal.has(currency) ? 3 : 2
}

/** Multiplied or divided by a power of ten, never by a fraction, which binary numbers do not hold exactly. */
const shifted = (amount: number, digits: number): number =>
  digits >= 0 ? amount * 10 ** digits : amount / 10 ** -digits

/** An amount as Stripe counts it, or why it cannot be said to Stripe. */
export function toStripe({ amount, currency }: Money): number | { readonly refused: string } {
  const digits = stripeDigits(currency)
  const counted = shifted(amount, digits - minorUnitDigits(currency))
  if (!Number.isSafeInteger(counted)) return { refused: `Stripe counts ${currency} with ${digits} decimals.` }
  if (digits === 3 && counted % 10 !== 0) return { refused: `Stripe takes ${currency} in steps of 0.010.` }
  if (counted > largest) return { refused: `Stripe takes no more than ${largest} minor units of ${currency}.` }
  return counted
}

/** An amount that Stripe told, in the shop's minor units. A fraction of one, as a fee in ISK may have, is cut off. */
export function fromStripe(counted: number, stripeCurrency: string): Money {
  const currency = stripeCurrency.toUpperCase()
  return money(Math.trunc(shifted(counted, minorUnitDigits(currency) - stripeDigits(currency))), currency)
}
