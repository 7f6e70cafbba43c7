import T from 'typebox'
import { type PersonalTag, personal } from './personal.ts'
import { Filled, Written } from './validation-words.ts'

/** A two-letter ISO 3166-1 country code. */
export const CountryCode = Written('^[A-Z]{2}$', 'a code of two capital letters, such as DE', {
  description: 'ISO 3166-1 alpha-2.',
})

/** Linear in its length, so that no crafted address can stall the process (Solidus CVE-2021-43805). */
const emailPattern = '^[^\\s@<>()",;:\\\\]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){1,8}$'

const forOrder = (kind: PersonalTag['kind']): PersonalTag => ({
  kind,
  purpose: 'to fulfill and document the order',
  basis: 'contract',
  retention: 'P10Y after the order, as tax law asks for invoices; P30D for a cart that was left',
})

export const Email = personal(
  forOrder('email'),
  Written(emailPattern, 'an e-mail address, such as name@example.com', { maxLength: 254 }),
)

/** Where goods or an invoice go. */
export const Address = T.Object(
  {
    name: personal(forOrder('name'), Filled(120)),
    company: T.Optional(personal(forOrder('name'), Filled(120))),
    line1: personal(forOrder('address'), Filled(200)),
    line2: T.Optional(personal(forOrder('address'), Filled(200))),
    city: personal(forOrder('address'), Filled(120)),
    region: T.Optional(
      T.String({
        minLength: 1,
        maxLength: 60,
        description:
          'State or province, on which the tax may depend. Of the United States, Canada and Australia its code or its name, kept as the code: California as CA. Without one the tax is what the market says of the whole country.',
      }),
    ),
    postalCode: personal(
      forOrder('address'),
      Written('^[A-Za-z0-9][A-Za-z0-9 -]*$', 'letters, digits, spaces and dashes', { minLength: 1, maxLength: 16 }),
    ),
    country: CountryCode,
    phone: T.Optional(
      personal(forOrder('phone'), Written('^\\+?[0-9 ()./-]{5,24}$', 'a phone number, such as +49 30 123456')),
    ),
  },
  { title: 'Address' },
)
export type Address = T.Static<typeof Address>

/** At most what one page can show; deeper is reached by the cursor at the same cost. */
export const Limit = (fallback: number): T.TOptional<T.TInteger> =>
  T.Optional(T.Integer({ minimum: 1, maximum: 100, default: fallback }))

/** An opaque place in a list. */
export const Cursor = T.Optional(T.String({ minLength: 1, maxLength: 400 }))

/** A page of a list, by keyset: never an offset, never a count. */
export const Page = <S extends T.TSchema>(item: S) =>
  T.Object({ items: T.Array(item), nextCursor: Nullable(T.String()) })

export const Nullable = <S extends T.TSchema>(schema: S) => T.Union([schema, T.Null()])

export const Timestamp = T.String({ description: 'RFC 3339, UTC.' })

/** What a command answers that has nothing to tell. */
export const Nothing = T.Object({})

/** Whether PostgreSQL takes it: NUL and halves of surrogate pairs are no text to it. */
export const isText = (value: string): boolean => !value.includes('\0') && value.isWellFormed()

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Makes a cursor of the sort key of a page's last row. */
export const toCursor = (key: readonly (string | number)[]): string => encode(key)

/** Reads a cursor back, or null when it is none of ours: `length` values, strings and numbers. */
export function fromCursor(cursor: string, length: number): (string | number)[] | null {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (!Array.isArray(key) || key.length !== length) return null
    return key.every((part) => (typeof part === 'string' ? isText(part) : typeof part === 'number')) ? key : null
  } catch {
    return null
  }
}
