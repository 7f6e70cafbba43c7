/** Text that could hold a payment card's number: 13 to 19 digits, perhaps in groups, not part of a longer word. */
const candidate = /(?<![\w+])\d(?:[ -]?\d){12,18}(?![\w])/g

/** First digits of the card networks in use (ISO/IEC 7812): Visa, Mastercard, Amex, Discover, Diners, JCB, UnionPay, Maestro. */
const issuer = /^(?:4|5[0-9]|2[2-7]|3[0-9]|6)/

/** Fields that hold long numbers by nature; goods' numbers share the check digit's odds, not the meaning. */
const exempt = new Set(['barcode', 'sku', 'rawBody'])

/**
 * Finds the first field in which somebody typed a card number. Shops must never receive one (PCI DSS SAQ A), so the
 * edge refuses the request before anything is logged or stored.
 * @returns the field's path, or null
 */
export function findCardNumber(value: unknown, path = ''): string | null {
  if (typeof value === 'string') return holdsCardNumber(value) ? path : null
  if (typeof value !== 'object' || value === null) return null
  for (const [key, inner] of Object.entries(value)) {
    if (exempt.has(key)) continue
    const found = findCardNumber(inner, path ? `${path}/${key}` : key)
    if (found !== null) return found
  }
  return null
}

function holdsCardNumber(text: string): boolean {
  if (text.length < 13) return false
  for (const [match] of text.matchAll(candidate)) {
    const digits = match.replace(/\D/g, '')
    if (issuer.test(digits) && passesLuhn(digits)) return true
  }
  return false
}

/** ISO/IEC 7812-1 annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index])
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
