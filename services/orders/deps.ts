import type { Logger } from 'pino'
import type { cart } from '#contracts/cart'
import type { inventory } from '#contracts/inventory'
import type { OrderSettings } from '#contracts/orders'
import type { payments } from '#contracts/payments'
import type { pricing } from '#contracts/pricing'
import { currentCall } from '#kernel/call'
import type { Client } from '#kernel/client'
import type { Database, Stale } from '#kernel/database'
import type { Breaker } from '#kernel/dependency'
import type { Decision } from './decide-order.ts'
import type { Driven } from './lease.ts'
import type { StoredOrder } from './order.ts'
import type { TokenOf } from './order-token.ts'
import type { Beginning, Known, Leased, Request } from './store.ts'

export type Deps = {
  readonly db: Database
  readonly stale: Stale
  readonly log: Logger
  readonly cart: Client<typeof cart>
  readonly inventory: Client<typeof inventory>
  readonly pricing: Client<typeof pricing>
  readonly payments: Client<typeof payments>
  /** Whether payments answer who asks about an order that nobody drives. */
  readonly asking: Breaker
  readonly settings: OrderSettings
  /** Origin of the shop's public pages. */
  readonly publicUrl: string
  readonly tokenOf: TokenOf
  /** What many requests want at the same moment, each answered from a statement or a transaction that they share. */
  readonly findCheckout: (asked: { readonly request: Request; readonly cartId: string }) => Promise<Known>
  readonly readOrder: (orderId: string) => Promise<StoredOrder | null>
  readonly begin: (beginning: Beginning) => Promise<Leased | null>
  readonly decide: (decision: Decision) => Promise<Driven>
  /** Told of each place where a crash would leave something half done; see `points`. */
  readonly reached: (point: Point, orderId: string) => Promise<void>
}

/** Where the process may die with something half done, in the order in which an order passes them. */
export const points = [
  'order-inserted',
  'stock-reserved',
  'coupons-redeemed',
  'money-asked',
  'order-decided',
  'attempt-closed',
  'stock-released',
  'coupons-returned',
  'money-returned',
] as const
export type Point = (typeof points)[number]

/** Who acts, for an order's time line: a staff member's id, `shopper`, or `system` for the shop itself. */
export function whoActs(): string {
  const actor = currentCall()?.actor
  if (actor?.kind === 'staff') return actor.staffId
  return actor?.kind === 'customer' || actor?.kind === 'anonymous' ? 'shopper' : 'system'
}
