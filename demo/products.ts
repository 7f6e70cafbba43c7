import type { CategoryHandle, DemoProduct } from './demo-shop.ts'
import { type ProductSheet, productOf } from './product-sheet.ts'
import { desk } from './products/desk.ts'
import { garden } from './products/garden.ts'
import { room } from './products/room.ts'
import { table } from './products/table.ts'
import { walking } from './products/walking.ts'
import { wardrobe } from './products/wardrobe.ts'

const sheets: readonly (readonly [CategoryHandle, readonly ProductSheet[]])[] = [
  ['table', table],
  ['room', room],
  ['desk', desk],
  ['garden', garden],
  ['walking', walking],
  ['wardrobe', wardrobe],
]

/** Everything the demo shop sells, category by category, with each variant and each picture spelled out. */
export const demoProducts: readonly DemoProduct[] = sheets.flatMap(([category, list]) =>
  list.map((sheet) => productOf(category, sheet)),
)
