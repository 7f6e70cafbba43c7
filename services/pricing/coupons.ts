import type { pricing } from '#contracts/pricing'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { Database } from '#kernel/database'
import type { CustomerDigest } from './customer.ts'
import type { Markets } from './markets.ts'
import { type RedeemRequest, type RedeemVerdict, selectCandidates, unredeem } from './store.ts'

type Deps = {
  readonly db: Database
  readonly markets: Markets
  readonly digestOf: CustomerDigest
  /** Judges a redemption together with those of other orders that wait. */
  readonly useUp: (request: RedeemRequest) => Promise<RedeemVerdict>
}
type CheckCoupon = (typeof pricing.operations)['checkCoupon']
type Redeem = (typeof pricing.operations)['redeem']
type Unredeem = (typeof pricing.operations)['unredeem']

/**
 * Whether a code can be put into a cart of this market now. One that does not run (yet, any more, or here) is as unknown
 * as one that never was, so that nobody can find out campaigns to come; whether the goods fulfill its conditions is for
 * the quote to say.
 */
export async function checkCoupon(
  { db, markets, digestOf }: Deps,
  input: Input<CheckCoupon>,
): Promise<Outcome<CheckCoupon>> {
  const found = await selectCandidates(db, { codes: [input.code], customer: digestOf(input.customerKey) })
  const promotion = found.find((one) => one.code !== null)
  const isHere = promotion?.kind === 'percentage' || promotion?.amounts[input.market] !== undefined
  if (!promotion?.code || promotion.standing === 'stopped' || !isHere || !markets.find(input.market).ok) {
    return refuse('pricing/unknown-coupon', `There is no coupon "${input.code}".`, { code: input.code })
  }
  const { code, standing } = promotion
  if (standing === 'spent') return refuse('pricing/coupon-spent', `${code} has been used up.`, { code })
  if (standing === 'spent-by-customer')
    return refuse('pricing/coupon-spent', `You have used ${code} already.`, { code })
  return ok({ code })
}

/** Uses an order's promotions up, all or none. A promotion that ended since the quote is kept: the price was promised. */
export async function redeem({ digestOf, useUp }: Deps, input: Input<Redeem>): Promise<Outcome<Redeem>> {
  const { orderId, promotionIds } = input
  if (promotionIds.length === 0) return ok({})
  const { verdict, promotionId, code } = await useUp({ orderId, promotionIds, customer: digestOf(input.customerKey) })
  if (verdict === 'redeemed') return ok({})
  if (verdict === 'undone') {
    return refuse('pricing/redemption-undone', `The coupons of ${orderId} were given back before.`)
  }
  const spent = code ?? promotionId ?? ''
  return refuse('pricing/coupon-spent', `${spent} has been used up.`, { code: spent })
}

/** Gives an order's promotions back. */
export async function giveBack({ db }: Deps, input: Input<Unredeem>): Promise<Outcome<Unredeem>> {
  await unredeem(db, input.orderId)
  return ok({})
}
