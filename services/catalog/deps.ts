import type { Logger } from 'pino'
import type { inventory } from '#contracts/inventory'
import type { pricing } from '#contracts/pricing'
import type { Client } from '#kernel/client'
import type { GiveWay } from '#kernel/give-way'
import type { CatalogStore } from './store/port.ts'

/** What the use cases of catalog stand on. */
export type Deps = {
  readonly store: CatalogStore
  readonly pricing: Client<typeof pricing>
  readonly inventory: Client<typeof inventory>
  /** The services that must hear of an event type. */
  readonly subscribersOf: (eventType: string) => readonly string[]
  /** Called after an event was written. */
  readonly wakeRelay: () => void
  /** Origin of the shop, for the addresses of its pictures in an export. */
  readonly publicUrl: string
  /** From this many units down shoppers are told how many are left. */
  readonly lowStock: number
  readonly giveWay: GiveWay
  readonly log: Logger
}
