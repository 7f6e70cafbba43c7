import type { DeclineReason } from '../port.ts'

/** What an issuer does when it is asked for money. */
export type Behavior = 'approve' | 'challenge' | 'challenge-then-decline' | 'processing' | DeclineReason

/** What we keep of a card: enough to recognize it, useless to anyone else. */
export type Card = { readonly brand: string; readonly last4: string }

export type TestCard = {
  readonly number: string
  readonly brand: Brand
  readonly behavior: Behavior
  readonly does: string
}

export type Brand = keyof typeof brandNames

const brandNames = { visa: 'Visa', mastercard: 'Mastercard', amex: 'American Express' }

/** As people write it. */
export const brandName = (brand: string | null): string =>
  (brand !== null && Object.entries(brandNames).find(([name]) => name === brand)?.[1]) || 'Card'

/** The only numbers that are accepted; most of them are known from other providers' test modes. */
export const testCards: readonly TestCard[] = [
  { number: '4242424242424242', brand: 'visa', behavior: 'approve', does: 'Payment succeeds' },
  { number: '5555555555554444', brand: 'mastercard', behavior: 'approve', does: 'Payment succeeds' },
  { number: '378282246310005', brand: 'amex', behavior: 'approve', does: 'Payment succeeds' },
  { number: '4000000000003220', brand: 'visa', behavior: 'challenge', does: 'Asks for 3-D Secure' },
  { number: '4000008400001629', brand: 'visa', behavior: 'challenge-then-decline', does: '3-D Secure, then declined' },
  { number: '4000000000000002', brand: 'visa', behavior: 'card-declined', does: 'Declined' },
  { number: '4000000000009995', brand: 'visa', behavior: 'insufficient-funds', does: 'Declined: insufficient funds' },
  { number: '4000000000000069', brand: 'visa', behavior: 'expired-card', does: 'Declined: expired card' },
  { number: '4000000000000127', brand: 'visa', behavior: 'incorrect-cvc', does: 'Declined: incorrect CVC' },
  { number: '4000000000000077', brand: 'visa', behavior: 'processing', does: 'The bank takes 5 seconds' },
]

export const findTestCard = (number: string): TestCard | undefined => testCards.find((card) => card.number === number)

/** A fixed token: how the issuer behaves, and what becomes of our answer the first time it is used with a key. */
export type FixedToken = {
  readonly behavior: Behavior
  readonly card: Card
  /** `lost-answer`: done, never answered. `lost-request`: not done, never answered. A repeat with the same key is answered. */
  readonly trouble?: 'lost-answer' | 'lost-request' | 'slow'
}

const visa: Card = { brand: 'visa', last4: '4242' }

/** Tokens that need no card and may be used any number of times. A map, since shoppers may send any word at all. */
const fixedTokens: ReadonlyMap<string, FixedToken> = new Map(
  Object.entries({
    tok_ok: { behavior: 'approve', card: visa },
    tok_declined: { behavior: 'card-declined', card: { brand: 'visa', last4: '0002' } },
    tok_3ds: { behavior: 'challenge', card: { brand: 'visa', last4: '3220' } },
    tok_processing: { behavior: 'processing', card: { brand: 'visa', last4: '0077' } },
    tok_slow: { behavior: 'approve', card: visa, trouble: 'slow' },
    tok_timeout_charged: { behavior: 'approve', card: visa, trouble: 'lost-answer' },
    tok_timeout_not_charged: { behavior: 'issuer-unavailable', card: visa, trouble: 'lost-request' },
  } as const),
)

export const findFixedToken = (token: string): FixedToken | undefined => fixedTokens.get(token)

/** A decline in words for the shopper who stands before our own page. */
export const declineMessages: Readonly<Record<DeclineReason, string>> = {
  'card-declined': 'Your card was declined. Try another card.',
  'insufficient-funds': 'Your card has insufficient funds. Try another card.',
  'expired-card': 'Your card has expired. Try another card.',
  'incorrect-cvc': 'The security code is not right. Check it and try again.',
  'authentication-failed': 'Your bank could not confirm it was you. Try again or use another card.',
  'token-invalid': 'Your card details are no longer valid. Enter them again.',
  'issuer-unavailable': 'Your bank did not answer. Try again.',
}

export type CardInput = {
  readonly number: string
  readonly expiry: string
  readonly cvc: string
}

export type CardProblem = { readonly field: keyof CardInput; readonly message: string }

/**
 * Reads what a shopper typed. Numbers other than the test cards are refused, so that nobody leaves a real one here.
 *
 * @param input number with or without spaces, expiry as `MM/YY` or `MM / YYYY`, and the security code
 * @param now for judging the expiry: a card is good to the end of its month
 */
export function readCard(
  input: CardInput,
  now: Date,
): { ok: true; behavior: Behavior; card: Card } | { ok: false; problems: CardProblem[] } {
  const problems: CardProblem[] = []
  const number = input.number.replace(/[\s-]/g, '')
  const known = findTestCard(number)
  if (!/^\d{12,19}$/.test(number)) problems.push({ field: 'number', message: 'Enter the card number.' })
  else if (!known) {
    problems.push({ field: 'number', message: 'This is a sandbox: use one of the test cards, never a real one.' })
  }

  const expiry = /^(0[1-9]|1[0-2])\s*\/?\s*(?:20)?(\d{2})$/.exec(input.expiry.trim())
  if (!expiry) problems.push({ field: 'expiry', message: 'Enter the expiry date as month and year, 04/31.' })
  else if (Date.UTC(2000 + Number(expiry[2]), Number(expiry[1])) <= now.getTime()) {
    problems.push({ field: 'expiry', message: 'This card has expired.' })
  }

  const digits = known?.brand === 'amex' ? 4 : 3
  if (!/^\d+$/.test(input.cvc) || input.cvc.length !== digits) {
    problems.push({ field: 'cvc', message: `Enter the security code, ${digits} digits.` })
  }
  if (problems.length > 0 || !known) return { ok: false, problems }
  return { ok: true, behavior: known.behavior, card: { brand: known.brand, last4: number.slice(-4) } }
}
