import type { pricing } from '#contracts/pricing'
import type { Input, Outcome } from '#kernel/contract'
import type { Database } from '#kernel/database'
import { question, verifyPart } from '#kernel/verify'
import { miscountedCustomers, miscountedPromotions } from './store.ts'

type Verify = (typeof pricing.operations)['verify']

/** I7, as far as coupons go: limits are kept, and the counters say what the redemptions say. */
export const verify = ({ db }: { readonly db: Database }, { cursor }: Input<Verify>): Promise<Outcome<Verify>> =>
  verifyPart(
    [
      question(db, 'I7', 'no promotion is used beyond its limit, and each use is an order’s', miscountedPromotions),
      question(db, 'I7', 'no customer used a promotion beyond the limit a customer', miscountedCustomers),
    ],
    cursor,
  )
