import { type Asked, rush, shippingAmount } from './catalog.ts'
import type { Wares } from './visits.ts'

/** What the same things are called in one of the shops. */
export type Ids = {
  /** Of variants, by SKU. */
  readonly variants: ReadonlyMap<string, string>
  /** Of categories, by title. */
  readonly categories: ReadonlyMap<string, string>
  readonly settings: Wares['settings']
}

/** Throws when a shop lacks anything that is asked for. */
export const waresOf = ({ handles, bought, categories, words }: Asked, ids: Ids): Wares => ({
  handles,
  variants: bought.map(({ sku, total }) => ({ variantId: found(ids.variants, sku), total })),
  rush: { variantId: found(ids.variants, rush.sku), total: rush.amount + shippingAmount },
  categories: categories.map((title) => found(ids.categories, title)),
  words,
  settings: ids.settings,
})

function found(ids: ReadonlyMap<string, string>, name: string): string {
  const id = ids.get(name)
  if (id === undefined) throw new Error(`the shop has no ${name}`)
  return id
}
