/**
 * A spreadsheet runs a cell that begins like this as a formula, also one that came from a customer or a supplier. An
 * apostrophe in front makes it text. Cells that begin with apostrophes and such a character get one more, so that taking
 * one away always gives back what was there.
 * Source: OWASP, CSV Injection.
 */
const dangerous = /^'*[=+\-@\t\r]/
const escaped = /^'+[=+\-@\t\r]/

export const escapeCell = (text: string): string => (dangerous.test(text) ? `'${text}` : text)

export const unescapeCell = (text: string): string => (escaped.test(text) ? text.slice(1) : text)

/** SKUs and barcodes: spreadsheets keep their leading zeros only behind an apostrophe, so files have it there too. */
export const escapeCode = (text: string): string => (/^['=+\-@\t\r]/.test(text) ? `'${text}` : text)

export const unescapeCode = (text: string): string => (text.startsWith("'") ? text.slice(1) : text)
