import type { Client } from './client.ts'

// What is asked of every shop, in its own ids, and what somebody who comes does there: the same to look at and to buy.

export type ShopName = 'stoa' | 'medusa' | 'vendure'

export const visitNames = ['detail', 'listing', 'category', 'search', 'by-steps', 'fewest', 'rush'] as const
export type VisitName = (typeof visitNames)[number]

export type Ware = {
  readonly variantId: string
  /** What one of it costs with shipping, in minor units: an order of another total does not count. */
  readonly total: number
}

export type Wares = {
  readonly handles: readonly string[]
  readonly variants: readonly Ware[]
  /** What more people want than there is. */
  readonly rush: Ware
  readonly categories: readonly string[]
  readonly words: readonly string[]
  /** What a storefront of that shop is configured with: its key, region, ways to ship. */
  readonly settings: Readonly<Record<string, string>>
}

/** Throws when the shop did not do what was asked, with the reason as its message. */
export type Visits = Readonly<Record<VisitName, (client: Client, wares: Wares, n: number) => Promise<void>>>

export const pageSize = 24

export const buyer = {
  email: 'ada@example.com',
  firstName: 'Ada',
  lastName: 'Lovelace',
  street: 'Street 1',
  city: 'Berlin',
  postalCode: '10115',
  country: 'DE',
} as const

export const nth = <V>(list: readonly V[], n: number): V => list[n % list.length] as V

/** An answer that is not what was asked for is worth nothing, however fast it came. */
export function expectThat(good: boolean, otherwise: string): void {
  if (!good) throw new Error(otherwise)
}
