import assert from 'node:assert/strict'
import { pricing } from '#contracts/pricing'
import type { Client } from '#kernel/client'
import type { Input } from '#kernel/contract'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { pricingService } from './service.ts'
import { america, europe } from './test-markets.ts'

type Promotion = Input<(typeof pricing.operations)['createPromotion']>

export const percentage = {
  label: 'A tenth off',
  kind: 'percentage',
  rate: 100_000,
  amounts: {},
  minimums: {},
  categories: [],
  startsAt: null,
  endsAt: null,
  usageLimit: null,
  usageLimitPerCustomer: null,
  active: true,
} as const
export const fixed = { ...percentage, label: 'Five off', kind: 'fixed', rate: null, amounts: { eu: 500 } } as const

export type Promotions = {
  readonly host: TestHost
  readonly shop: Client<typeof pricing>
  /** Creates a promotion, a tenth off of everything, and answers with its id. */
  create(code: string | null, given?: Partial<Promotion>): Promise<string>
  /** `redeemed`, or the refusal. */
  redeem(
    orderId: string,
    promotionIds: readonly string[],
    customerKey?: string | null,
  ): Promise<'redeemed' | { readonly type: string; readonly detail: string; readonly data: unknown }>
}

/** Pricing with two markets and staff at its door. Every call goes over JSON, and the ones that may be repeated are. */
export async function startPromotions(): Promise<Promotions> {
  const host = await startTestHost([pricingService], {
    settings: { pricing: { markets: [europe, america] } },
    shape: 'strict',
    edge: true,
    authenticate: async () => ({
      kind: 'staff',
      staffId: 'staff_1',
      sessionId: 'session_1',
      permissions: ['pricing:read', 'pricing:write'],
    }),
  })
  const shop = host.client(pricing)
  return {
    host,
    shop,
    async create(code, given) {
      const outcome = await shop.createPromotion({ ...percentage, ...given, code })
      assert.ok(outcome.ok)
      return outcome.value.id
    },
    async redeem(orderId, promotionIds, customerKey = null) {
      const outcome = await shop.redeem({ orderId, promotionIds, customerKey })
      return outcome.ok ? 'redeemed' : outcome.refusal
    },
  }
}
