import { join } from 'node:path'
import { count, levelOf, type Staff } from './goods.ts'
import { type Bench, drive } from './measure-row.ts'
import { costOfOrders, type OrderCost } from './order-cost.ts'
import { environmentOf, untilQuiet } from './own-shop.ts'
import type { Report } from './report.ts'
import { scenarios } from './scenarios.ts'
import { holdInOneProcess } from './workers.ts'

// What is found out of orders beside how many there are.

/** As many beside each other as when the most is looked for, so that what they share is shared. */
export const buyersCounted = scenarios.find(({ name }) => name === 'three-requests')?.atOnce ?? 1

/** What an order costs in the shop of one process, over as long as all rounds of a scenario take. */
export async function countAnOrder(bench: Bench): Promise<OrderCost> {
  const { database, options, shop } = bench
  await untilQuiet(shop.pid)
  return costOfOrders({ pids: [shop.pid], postmaster: shop.postmaster, database }, () =>
    drive(bench, 'three-requests', { atOnce: buyersCounted }, options.seconds * options.rounds),
  )
}

const holdersAtOnce = 128

/** How often one variant can be held, by callers in one process. */
export async function holdOne({ goods, shop, options }: Bench, staff: Staff): Promise<Report['holds']> {
  const dataFolder = join(options.dataFolder, 'holds')
  const variables = {
    ...environmentOf(dataFolder, 0),
    DATABASE_URL: shop.databaseUrl,
    STOA_SECRETS: join(options.dataFolder, 'secrets'),
    STOA_MIGRATE: 'off',
  }
  const before = await levelOf(goods.hot, staff)
  await count(goods.hot, before.onHand - before.available + 1_000_000, staff)
  const { held, refused, seconds, p50, p99 } = await holdInOneProcess(
    { variables, variantId: goods.hot, seconds: options.seconds, atOnce: holdersAtOnce },
    options.ending,
  )
  if (refused > 0) throw new Error(`bench: ${refused} holds were refused of what is there`)
  return { aSecond: held / seconds, p50, p99 }
}

const rushUnits = 40
const rushBuyers = 200

/** Five times as many buyers as there are units, all at once. */
export async function sellOut(bench: Bench, staff: Staff): Promise<Report['rush']> {
  const { hot } = bench.goods
  const before = await levelOf(hot, staff)
  await count(hot, before.onHand - before.available + rushUnits, staff)
  const { visits } = await drive(bench, 'hot-item', { atOnce: 32 }, 60, rushBuyers)
  const { available } = await levelOf(hot, staff)
  return { units: rushUnits, buyers: rushBuyers, placed: visits, left: available }
}
