import { createHmac, randomBytes } from 'node:crypto'
import { giftCardCodeLength } from '#contracts/payments'
import { findCardNumber } from '#kernel/card-number'

/** Crockford's alphabet: no I, L, O and U, so that nothing is mistaken when it is read aloud or from paper. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const groupLength = 4

export type GiftCardCodes = {
  /** A new code and the seed it is made of. */
  readonly issue: () => { readonly code: string; readonly seed: string }
  /** The code of a seed again, for the answer to a repeated request. */
  readonly ofSeed: (seed: string) => string
  /** By what a code is found, however it was typed; null when it can be no code. */
  readonly hash: (typed: string) => string | null
}

/**
 * A code's 20 characters are 100 bits: with the last four known to whoever sees an order, 80 are left to guess. (Magento's were
 * guessed since they came from a weak generator, CVE-2019-7855.)
 *
 * Codes are made of a random seed and a secret of the shop, and found by a keyed digest: the database alone, or a backup of it,
 * tells no code and lets nobody try any.
 */
export function giftCardCodes(secret: string): GiftCardCodes {
  const keyed = (purpose: string, text: string) => createHmac('sha256', secret).update(`${purpose} ${text}`).digest()
  const ofSeed = (seed: string): string => {
    const bytes = keyed('gift-card code', seed)
    // 256 is a multiple of 32, so each character is as likely as any other.
    const symbols = Array.from({ length: giftCardCodeLength }, (_, at) => alphabet[(bytes[at] ?? 0) % alphabet.length])
    return symbols.join('').replace(/.{4}(?=.)/g, '$&-')
  }
  return {
    ofSeed,
    issue() {
      for (;;) {
        const seed = randomBytes(16).toString('base64url')
        const code = ofSeed(seed)
        // One in a thousand million looks like a card number, which the edge refuses wherever it is typed.
        if (findCardNumber(code) === null) return { code, seed }
      }
    },
    hash(typed) {
      const code = readCode(typed)
      return code === null ? null : keyed('gift-card lookup', code).toString('base64url')
    },
  }
}

/** The last group of a code, to recognize the card by. */
export const last4Of = (code: string): string => code.slice(-groupLength)

/** A code as it is written, from however it was typed: in any case, with or without spaces and dashes, O for 0, I or L for 1. */
export function readCode(typed: string): string | null {
  const symbols = typed
    .toUpperCase()
    .replace(/[\s\p{Dash}]/gu, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1')
    .replaceAll('U', 'V')
  return symbols.length === giftCardCodeLength && [...symbols].every((one) => alphabet.includes(one)) ? symbols : null
}
