import type { Amounts, CategoryHandle } from './demo-shop.ts'

export type DemoPromotion = {
  readonly handle: string
  readonly title: string
  /** What the shopper types in; a promotion without a code applies by itself. */
  readonly code?: string
  readonly gives:
    | { readonly kind: 'percentage'; readonly percent: number }
    | { readonly kind: 'amount'; readonly amount: Amounts }
  /** Goods of this category only; without it the whole order. */
  readonly category?: CategoryHandle
  /** The least that the goods in the order must come to. */
  readonly minimum?: Amounts
  readonly limits: { readonly perCustomer?: number; readonly total?: number }
}

export const demoPromotions: readonly DemoPromotion[] = [
  {
    handle: 'welcome',
    title: 'Welcome: 10 % off your first order',
    code: 'WELCOME10',
    gives: { kind: 'percentage', percent: 10 },
    limits: { perCustomer: 1 },
  },
  {
    handle: 'fifteen-off-a-hundred',
    title: '15 off when you spend 100',
    code: 'ARCADE15',
    gives: { kind: 'amount', amount: { EUR: 1500, USD: 1500 } },
    minimum: { EUR: 10000, USD: 10000 },
    limits: { perCustomer: 1, total: 500 },
  },
  {
    handle: 'potting-season',
    title: 'Potting season: 15 % off the garden',
    gives: { kind: 'percentage', percent: 15 },
    category: 'garden',
    limits: {},
  },
]
