import type { pricing } from '#contracts/pricing'
import { type Outcome, ok } from '#kernel/contract'
import type { Database } from '#kernel/database'
import { violationsNamedAtMost } from '#kernel/invariants'
import { selectMiscountedCustomers, selectMiscountedPromotions } from './store.ts'

/** I7, as far as coupons go: limits are kept, and the counters say what the redemptions say. */
export async function verify({
  db,
}: {
  readonly db: Database
}): Promise<Outcome<(typeof pricing.operations)['verify']>> {
  const [promotions, customers] = await Promise.all([
    selectMiscountedPromotions(db, violationsNamedAtMost),
    selectMiscountedCustomers(db, violationsNamedAtMost),
  ])
  return ok({
    checks: [
      {
        invariant: 'I7',
        what: 'no promotion is used beyond its limit, and each use is an order’s',
        checked: promotions.checked,
        violations: promotions.wrong,
      },
      {
        invariant: 'I7',
        what: 'no customer used a promotion beyond the limit a customer',
        checked: customers.checked,
        violations: customers.wrong,
      },
    ],
  })
}
