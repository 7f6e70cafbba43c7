import type { Quote } from '#contracts/pricing'
import { allocate, formatMoney, fraction, money, partsPerMillion } from '#kernel/money'
import type { MarketSettings } from './markets.ts'

/** A promotion that may apply, as the store found it. */
export type Candidate = {
  readonly id: string
  readonly label: string
  /** As the merchant writes it; null applies by itself. */
  readonly code: string | null
  readonly kind: 'percentage' | 'fixed'
  readonly rate: number | null
  readonly amounts: Readonly<Record<string, number>>
  readonly minimums: Readonly<Record<string, number>>
  readonly categories: readonly string[]
  /** Judged by the database's clock and counters. */
  readonly standing: 'running' | 'stopped' | 'spent' | 'spent-by-customer'
}

export type DiscountableLine = {
  readonly id: string
  readonly variantId: string
  readonly categories: readonly string[]
  /** Unit price × quantity, in minor units. */
  readonly subtotal: number
}

export type Discounts = {
  /** Minor units off each line, in the order of the lines. */
  readonly perLine: readonly number[]
  readonly discounts: Quote['discounts']
  readonly coupons: Quote['coupons']
}

/**
 * Takes promotions off lines. First those that apply by themselves, then those with a code; in each group percentages
 * before fixed amounts, so that an amount is worth all of itself; then the older one first. Each takes from what the ones
 * before it left: a percentage of every matching line, rounded half away from zero a line; an amount shared among the
 * matching lines by what is left of them, to the last unit. So no line goes below zero.
 *
 * The order of the lines and of the codes makes no difference to any amount.
 * @param codes as the shopper typed them; each gets a verdict, and one that does not apply takes nothing off
 */
export function takeDiscounts(
  market: MarketSettings,
  lines: readonly DiscountableLine[],
  candidates: readonly Candidate[],
  codes: readonly string[],
): Discounts {
  const left = lines.map((line) => line.subtotal)
  const items = left.reduce((all, one) => all + one, 0)
  // Largest remainders are given in this order, whatever order the lines came in.
  const canonical = lines.map((_, index) => index).sort((a, b) => compare(sortKey(lines[a]), sortKey(lines[b])))
  const discounts: Quote['discounts'][number][] = []
  const reasons = new Map<string, string | null>()

  for (const promotion of [...candidates].sort(byOrderOfApplication)) {
    const matching = canonical.filter((index) => matches(promotion, lines[index]))
    let reason = reasonAgainst(market, promotion, matching.length, items)
    if (reason === null) {
      const taken = take(market, promotion, matching, left)
      if (taken > 0) {
        const amount = money(taken, market.currency)
        discounts.push({ promotionId: promotion.id, label: promotion.label, code: promotion.code, amount })
      } else reason = 'There is nothing left that it could take off.'
    }
    reasons.set(promotion.id, reason)
  }
  return {
    perLine: lines.map((line, index) => line.subtotal - (left[index] ?? 0)),
    discounts,
    coupons: verdicts(candidates, codes, reasons),
  }
}

const sortKey = (line: DiscountableLine | undefined): string => `${line?.variantId} ${line?.id}`
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function byOrderOfApplication(a: Candidate, b: Candidate): number {
  const rank = (one: Candidate): number => (one.code === null ? 0 : 2) + (one.kind === 'percentage' ? 0 : 1)
  return rank(a) - rank(b) || compare(a.id, b.id)
}

const matches = (promotion: Candidate, line: DiscountableLine | undefined): boolean =>
  promotion.categories.length === 0 || line?.categories.some((one) => promotion.categories.includes(one)) === true

/** Why a promotion does not apply, for a shopper; null when it does. */
function reasonAgainst(market: MarketSettings, promotion: Candidate, matching: number, items: number): string | null {
  if (promotion.standing === 'stopped') return 'It does not run now.'
  if (promotion.standing === 'spent') return 'It has been used up.'
  if (promotion.standing === 'spent-by-customer') return 'You have used it already.'
  if (promotion.kind === 'fixed' && promotion.amounts[market.code] === undefined) return 'It is not for this market.'
  if (matching === 0) return 'Nothing in the cart takes part in it.'
  const minimum = promotion.minimums[market.code] ?? 0
  if (items < minimum) return `It applies from ${formatMoney(money(minimum, market.currency), market.locale)} of goods.`
  return null
}

/** Lowers `left` of the matching lines by one promotion. @returns minor units taken */
function take(market: MarketSettings, promotion: Candidate, matching: readonly number[], left: number[]): number {
  const weights = matching.map((index) => left[index] ?? 0)
  const available = weights.reduce((all, one) => all + one, 0)
  const parts =
    promotion.kind === 'percentage'
      ? weights.map((weight) => fraction(weight, promotion.rate ?? 0, partsPerMillion))
      : allocate(Math.min(promotion.amounts[market.code] ?? 0, available), weights)
  for (const [position, index] of matching.entries()) left[index] = (left[index] ?? 0) - (parts[position] ?? 0)
  return parts.reduce((all, one) => all + one, 0)
}

/** One verdict a code, in the order typed; the same code in another case is the same code. */
function verdicts(
  candidates: readonly Candidate[],
  codes: readonly string[],
  reasons: ReadonlyMap<string, string | null>,
): Quote['coupons'] {
  const byCode = new Map(
    candidates.flatMap((one) => (one.code === null ? [] : [[one.code.toLowerCase(), one] as const])),
  )
  const typed = new Map(codes.map((code) => [code.toLowerCase(), code]))
  return [...typed].map(([key, code]) => {
    const promotion = byCode.get(key)
    if (!promotion) return { code, applied: false, reason: 'There is no such code.' }
    const reason = reasons.get(promotion.id) ?? null
    return { code: promotion.code ?? code, applied: reason === null, reason }
  })
}
