import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { cart } from '#contracts/cart'
import type { catalog } from '#contracts/catalog'
import type { identity } from '#contracts/identity'
import type { orders } from '#contracts/orders'
import type { payments } from '#contracts/payments'
import type { pricing } from '#contracts/pricing'
import type { search } from '#contracts/search'
import type { shipping } from '#contracts/shipping'
import type { Actor } from '#kernel/call'
import type { Client } from '#kernel/client'
import type { ShopFacts } from '#kernel/service'
import type { SharedAnswers } from '#kernel/shared-answers'
import type { Built } from './build.ts'
import type { StorefrontSettings } from './settings.ts'
import type { Category, Frame, Market, Slots } from './views.ts'

/** What the routes need: the services by their contracts, and what was built at the start. */
export type Deps = {
  readonly catalog: Client<typeof catalog>
  readonly search: Client<typeof search>
  readonly pricing: Client<typeof pricing>
  readonly cart: Client<typeof cart>
  readonly orders: Client<typeof orders>
  readonly payments: Client<typeof payments>
  readonly shipping: Client<typeof shipping>
  readonly identity: Client<typeof identity>
  readonly shop: ShopFacts
  readonly settings: StorefrontSettings
  readonly authenticate: (credential: string) => Promise<Actor>
  /** Pages that are the same for many visitors, as they were sent. */
  readonly answers: SharedAnswers
  readonly log: Logger
  readonly built: Built
  readonly slots: Slots
  readonly markets: () => Promise<readonly Market[]>
  readonly categories: () => Promise<readonly Category[]>
  /** The last frame of each market, by its prefix. */
  readonly frames: Map<string, Frame>
  /** What can be drawn around a page when no service answers. */
  readonly emptyFrame: Frame
}

/**
 * Keeps an answer for `keptMs` milliseconds, and the last good one for as long as a new one cannot be had. For what every
 * page shows and nothing is decided by: names of markets and categories. It is the same object until it is another answer.
 */
export function remembered<V>(keptMs: number, ask: () => Promise<V>): () => Promise<V> {
  let value: { readonly is: V; readonly until: number } | null = null
  let asking: Promise<V> | null = null
  const renew = async (): Promise<V> => {
    try {
      const answer = await ask()
      const is = value && isDeepStrictEqual(value.is, answer) ? value.is : answer
      value = { is, until: Date.now() + keptMs }
      return is
    } catch (error) {
      if (value) return value.is
      throw error
    } finally {
      asking = null
    }
  }
  return async () => {
    if (value && value.until > Date.now()) return value.is
    asking ??= renew()
    return asking
  }
}
