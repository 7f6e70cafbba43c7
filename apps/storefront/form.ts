import { findCardNumber } from '#kernel/card-number'
import type { Input, Operation } from '#kernel/contract'
import { ProblemError } from '#kernel/problem'
import { regionCode } from '#kernel/regions'
import { type Check, compileCheck } from '#kernel/validation'
import type { Problems, Typed } from './views.ts'

/** Fields of the longest form with room to spare; more is no form of ours. */
const fieldsAtMost = 100

/** Reads `a=1&b=2` into an object without a prototype, the first of equal names winning. */
export function readForm(text: string): Typed {
  const form: Record<string, string> = Object.create(null)
  let count = 0
  for (const [name, value] of new URLSearchParams(text)) {
    count += 1
    if (count > fieldsAtMost) break
    if (!(name in form)) form[name] = value.trim()
  }
  return form
}

const checks = new WeakMap<Operation, Check<Operation['input']>>()

export type Read<V> = { readonly ok: true; readonly value: V } | { readonly ok: false; readonly problems: Problems }

/**
 * Checks what somebody typed by the rules of the operation it is for, as the API does, and says what is wrong so that a
 * person can mend it. Problems are named by the input's paths: `shippingAddress/line1`.
 * @param found what is wrong with it besides
 */
export function readInput<Op extends Operation>(
  operation: Op,
  candidate: unknown,
  found: Problems = {},
): Read<Input<Op>> {
  const card = findCardNumber(candidate)
  if (card !== null) {
    return {
      ok: false,
      problems: { [card]: 'This looks like a card number. Please type it into the card fields only.' },
    }
  }
  let check = checks.get(operation)
  if (!check) {
    check = compileCheck(operation.input, { coerce: false })
    checks.set(operation, check)
  }
  try {
    const value = check(candidate) as Input<Op>
    return Object.keys(found).length === 0 ? { ok: true, value } : { ok: false, problems: found }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    return { ok: false, problems: { ...problemsOf(error), ...found } }
  }
}

/** The fields that a validation problem names, in words for whoever filled them in. */
export function problemsOf(error: ProblemError): Problems {
  const errors = (error.problem.errors ?? []) as readonly { field: string; message: string }[]
  const problems: Record<string, string> = {}
  for (const { field } of errors) problems[field] ??= wordsFor(field)
  return errors.length > 0 ? problems : { '': error.problem.detail ?? error.problem.title }
}

const words: Readonly<Record<string, string>> = {
  email: 'Enter an e-mail address such as name@example.com.',
  name: 'Enter a name.',
  company: 'Enter at most 120 characters, or leave it empty.',
  line1: 'Enter street and house number.',
  line2: 'Enter at most 200 characters, or leave it empty.',
  city: 'Enter the city.',
  region: 'Enter the state or province in at most 60 characters.',
  postalCode: 'Enter the postal code in letters, digits and spaces.',
  country: 'Choose a country.',
  phone: 'Enter a phone number such as +49 30 123456, or leave it empty.',
  quantity: 'Enter a whole number from 1 to 10,000.',
  couponCodes: 'A coupon code has 3 to 40 letters and digits, and nothing else but dashes.',
  shippingMethod: 'Choose how it should be sent.',
  password: 'Use 15 to 256 characters.',
  token: 'This link is incomplete. Open it again from the mail.',
  variantId: 'Choose what you would like to have.',
}

function wordsFor(field: string): string {
  const name = field.split('/').findLast((part) => !/^\d+$/.test(part)) ?? ''
  return words[name] ?? 'Please check this.'
}

/** The address fields of a form, those left empty left out: what nobody typed is no text of length zero. */
export function readAddress(form: Typed, prefix: string): Record<string, string> {
  const address: Record<string, string> = {}
  for (const name of addressFields) {
    const value = form[prefix + name]
    if (value) address[name] = name === 'country' ? value.toUpperCase() : value
  }
  const region = regionCode(address.country, address.region)
  if (region) address.region = region
  return address
}

/** What is wrong with the state or province of an address; also that there is none, which services take, though nobody could tell the tax. */
export function regionProblem(address: Readonly<Record<string, string>>, prefix: string): Problems {
  return regionCode(address.country, address.region) === null
    ? { [`${prefix}region`]: 'Choose the state or province: the tax depends on it.' }
    : {}
}

/** An address as fields of a form. */
export function typedAddress(address: Readonly<Record<string, unknown>> | null, prefix: string): Typed {
  if (!address) return {}
  return Object.fromEntries(
    addressFields.flatMap((name) => (typeof address[name] === 'string' ? [[prefix + name, address[name]]] : [])),
  )
}

const addressFields = ['name', 'company', 'line1', 'line2', 'city', 'region', 'postalCode', 'country', 'phone'] as const

/** A whole number as typed, or NaN, which no schema lets pass. */
export const readQuantity = (text: string | undefined): number =>
  /^\d{1,6}$/.test(text ?? '') ? Number(text) : Number.NaN
